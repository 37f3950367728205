// All of one row, beside the list.

import { button, clockTime, dayOf, el, pretty, words } from "./dom.js";

export function drawDetail(detail, { open, showObject, actions }) {
  const { line } = detail;
  const parts = [head(detail, actions)];
  if (detail.attempts?.length > 1) parts.push(attempts(detail, open));
  if (line.kind === "request") {
    parts.push(story(detail, open));
    parts.push(signature(detail));
    parts.push(exchange("Request", detail.request, `${detail.request.method} ${detail.request.target}`, !isRefused(line)));
    parts.push(answer(detail));
  } else {
    parts.push(facts(detail));
  }
  if (detail.objects.length) {
    parts.push(section("Objects", el("div", { class: "links" }, detail.objects.map((one) =>
      button(`${one.kind} ${one.id}`, () => showObject(one), { class: "link" })))));
  }
  return parts;
}

const isRefused = (line) => line.tone === "refused";

function section(title, ...content) {
  return el("section", { class: "part" }, el("h3", {}, title), ...content);
}

function folded(title, isOpen, ...content) {
  return el("details", { class: "part", open: isOpen }, el("summary", {}, el("h3", {}, title)), ...content);
}

function head({ line, milliseconds, operation }, actions) {
  const status = line.status ? el("span", { class: `status ${line.tone}` }, String(line.status)) : null;
  const where = `Row ${line.number}, ${dayOf(line.at)} ${clockTime(line.at)}${milliseconds ? `, ${milliseconds} ms` : ""}`;
  return el("header", { class: "head" },
    el("p", { class: "quiet" }, where),
    el("h2", {}, el("span", { class: "sign", "aria-hidden": "true" }, line.sign), ` ${line.text} `, status),
    line.code ? el("p", { class: "code" }, line.code) : null,
    operation ? el("p", { class: "quiet" }, operation.summary, " ",
      el("a", { href: operation.page, target: "_blank", rel: "noreferrer noopener" }, "Amazon’s page")) : null,
    el("div", { class: "acts" }, actions));
}

function attempts({ attempts: numbers, line }, open) {
  return el("p", { class: "ties" }, "Same request or key: ", numbers.map((number) =>
    number === line.number ? el("strong", {}, `row ${number} `) : button(`row ${number}`, () => open(number), { class: "link" })));
}

function story({ what, effects }, open) {
  const said = what.map((one) => el("p", {}, one));
  const changed = effects.map((one) => el("li", {},
    button(`row ${one.number}`, () => open(one.number), { class: "link" }),
    ` ${one.object} ${one.before ? `${one.before} → ` : "is "}${one.after}${one.reason ? `, ${one.reason}` : ""}`));
  if (!said.length && !changed.length) said.push(el("p", {}, "It was answered, and nothing was changed."));
  return section("What happened", ...said, changed.length ? el("ul", { class: "effects" }, changed) : null);
}

function headers(pairs) {
  if (!pairs) return el("p", { class: "quiet" }, "Its headers are no longer kept: they stay in memory for the last calls only.");
  return el("dl", { class: "headers" }, pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function body(text) {
  if (!text) return el("p", { class: "quiet" }, "No body.");
  const shown = el("pre", { tabindex: "0" }, pretty(text));
  if (pretty(text) === text) return shown;
  const toggle = button("exact bytes", () => {
    const exact = toggle.getAttribute("aria-pressed") !== "true";
    toggle.setAttribute("aria-pressed", String(exact));
    shown.textContent = exact ? text : pretty(text);
  }, { class: "small", "aria-pressed": "false" });
  return el("div", { class: "body" }, toggle, shown);
}

function exchange(title, side, first, isOpen) {
  return folded(title, isOpen, el("p", { class: "wire" }, first), body(side.body),
    el("details", {}, el("summary", {}, "Headers"), headers(side.headers)));
}

function answer({ answer: side }) {
  if (!side.sent) return exchange("Answer", side, String(side.status), true);
  return el("div", {},
    folded("What your shop got", true, el("p", { class: "wire" }, `${side.sent.status}, ${side.sent.fault}`), body(side.sent.body)),
    exchange("What the call itself said", side, String(side.status), true));
}

// Signatures ---------------------------------------------------------------------------

function signature(detail) {
  const { signature: found, explanation } = detail;
  if (!found) {
    if (explanation) return section("Signature", explained(explanation));
    return null;
  }
  const why = found.explanation;
  if (found.holds) {
    const isOpen = false;
    return folded("Signature holds", isOpen, el("p", { class: "quiet" }, `${found.algorithm}, ${found.publicKeyId}. ${why.proof}`), lines(found));
  }
  return el("section", { class: "part refusal", "data-testid": "explanation" },
    el("h3", {}, "Why the signature was refused"), explained(why), bodies(found.body), lines(found));
}

export function explained(why) {
  const rows = [["Usual cause", why.cause], ["Fix", why.fix], ["How sure", why.proof]].filter(([, text]) => text);
  return el("div", {}, el("p", { class: "headline", "data-testid": "headline" }, why.headline),
    el("dl", { class: "why" }, rows.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)))));
}

// Make visible what cannot be seen, in the place where it matters.
const visible = (text) => text.replaceAll("\r", "␍").replaceAll("\n", "␊").replaceAll("\t", "␉");

function marked(text) {
  const shown = visible(text);
  if (!shown) return el("mark", {}, "end of text");
  const [first, ...rest] = shown;
  return [el("mark", {}, first === " " ? "␠" : first), rest.join("")];
}

function bodies(found) {
  if (!found) return null;
  const side = (name, text, size, hash) => el("div", {}, el("h4", {}, `${name}: ${size} bytes, SHA-256 ${hash.slice(0, 12)}…`),
    el("pre", { "data-testid": `body-${name}` }, visible(found.before), marked(text)));
  return el("div", { class: "bodies" }, el("p", { class: "quiet" }, `The bodies differ from byte ${found.offset} on.`),
    side("signed", found.signed, found.signedSize, found.signedHash), side("came", found.came, found.cameSize, found.cameHash));
}

function lines(found) {
  const rows = [];
  let equal = [];
  const flush = () => {
    if (equal.length > 4 && rows.length) rows.push(fold(equal));
    else rows.push(...equal.map((one) => pair(one)));
    equal = [];
  };
  let marks = 0;
  for (const one of found.lines) {
    if (one.at === null) equal.push(one);
    else {
      flush();
      marks += 1;
      rows.push(pair(one, marks === 1));
    }
  }
  flush();
  const sides = found.known
    ? [el("th", { scope: "col" }, "signed"), el("th", { scope: "col" }, "came")]
    : [el("th", { scope: "col", colspan: 2 }, "came; what was signed is not known")];
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `The ${found.of}` },
    el("table", { class: "lines", "data-testid": "canonical" },
      el("caption", {}, found.of), el("thead", {}, el("tr", {}, sides)), el("tbody", {}, rows)));
}

function fold(equal) {
  const row = el("tr", { class: "fold" }, el("td", { colspan: 2 }, button(`${equal.length} equal lines`, () => {
    row.replaceWith(...equal.map((one) => pair(one)));
  }, { class: "small" })));
  return row;
}

function pair(one, isFirst = false) {
  if (one.signed === null && one.at === null) return el("tr", {}, el("td", { colspan: 2 }, one.came || " "));
  if (one.at === null) return el("tr", {}, el("td", { colspan: 2, class: "same" }, one.came || " "));
  const cell = (text) => {
    if (text === null) return el("td", { class: "none" }, "–");
    return el("td", {}, text.slice(0, one.at), marked(text.slice(one.at)));
  };
  return el("tr", { class: isFirst ? "differs first" : "differs" }, cell(one.signed), cell(one.came));
}

// Everything else ----------------------------------------------------------------------

function facts({ facts: given, explanation, payload, line }) {
  const rows = Object.entries(given ?? {}).map(([name, value]) => el("div", {}, el("dt", {}, words(name)),
    el("dd", {}, typeof value === "string" ? value : JSON.stringify(value))));
  return el("div", {},
    explanation ? section("Why the signature was refused", explained(explanation), difference(explanation.difference)) : null,
    section(line.kind === "button" ? "The button" : "What happened", el("dl", { class: "why" }, rows)),
    payload ? folded("The payload that came", !explanation, body(payload)) : null);
}

function difference(found) {
  if (!found) return null;
  const side = (name, text) => el("div", {}, el("h4", {}, name), el("pre", {}, marked(text)));
  return el("div", { class: "bodies" }, el("p", { class: "quiet" }, `First difference at byte ${found.offset} of the ${found.part}.`),
    side("signed", found.signed), side("came", found.came));
}
