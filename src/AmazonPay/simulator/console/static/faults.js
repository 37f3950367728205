// Armed faults: what is armed stays in view, and can be disarmed one by one.

import { get, post, remove } from "./api.js";
import { button, byId, el, toast, words } from "./dom.js";
import { close, dialog } from "./dialogs.js";

const MOMENTS = {
  before: "before: the call is not carried out",
  after: "after: it is carried out, and its answer is lost",
  later: "later: what it begins ends so",
};

// The usual ones, by one click.
const QUICK = [
  ["Next create charge: done, answer lost", { operation: "create_charge", outcome: "504", when: "after" }],
  ["Next capture: done, answer lost", { operation: "capture_charge", outcome: "504", when: "after" }],
  ["Next complete: done, connection reset", { operation: "complete_checkout_session", outcome: "reset", when: "after" }],
  ["Next create charge: soft decline", { operation: "create_charge", outcome: "SoftDeclined", when: "before" }],
  ["Next create charge: 429", { operation: "create_charge", outcome: "TooManyRequests", when: "before" }],
  ["Next create session: 503", { operation: "create_checkout_session", outcome: "503", when: "before" }],
  ["Next get charge: 10 s late", { operation: "get_charge", outcome: "10 s late", when: "after" }],
];

export async function arm(fault) {
  try {
    await post("faults", fault);
    toast(`Armed: the next ${words(fault.operation)} meets ${fault.outcome}.`);
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

async function disarm(operation) {
  try {
    await remove("faults", operation ? { operation } : {});
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

function counted(faults) {
  const found = new Map();
  for (const one of faults) {
    const name = `${one.operation} ${one.outcome} ${one.when}`;
    const known = found.get(name) ?? { ...one, times: 0 };
    known.times += 1;
    found.set(name, known);
  }
  return [...found.values()];
}

export function drawArmed(faults) {
  const count = byId("fault-count");
  count.hidden = !faults.length;
  count.textContent = String(faults.length);
  const box = byId("armed");
  box.classList.toggle("some", faults.length > 0);
  if (!faults.length) {
    box.replaceChildren("✂ No fault is armed");
    return;
  }
  box.replaceChildren(el("strong", {}, "✂ Armed"), ...counted(faults).map((one) => el("span", { class: "fault" },
    `next ${one.times > 1 ? `${one.times} × ` : ""}${words(one.operation)}: ${one.outcome}, ${one.when} `,
    button("disarm", () => disarm(one.operation), { class: "small", "aria-label": `Disarm ${words(one.operation)}` }))),
  faults.length > 1 ? button("disarm all", () => disarm(), { class: "small" }) : null);
}

export async function openFaults() {
  const { operations } = await get("faultKinds");
  const choose = (name, label, options) => {
    const select = el("select", { id: `fault-${name}`, data: { testid: `fault-${name}` } }, options.map(([value, text]) => el("option", { value }, text)));
    return [el("label", { for: `fault-${name}` }, label), select];
  };
  const [operationLabel, operation] = choose("operation", "Call", Object.keys(operations).map((one) => [one, words(one)]));
  const [momentLabel, moment] = choose("when", "When", []);
  const [outcomeLabel, outcome] = choose("outcome", "What happens", []);
  const times = el("input", { id: "fault-times", type: "number", min: 1, max: 100, value: 1 });
  const moments = () => {
    const known = operations[operation.value];
    moment.replaceChildren(...Object.keys(known).filter((one) => known[one].length).map((one) => el("option", { value: one }, MOMENTS[one])));
    outcomes();
  };
  const outcomes = () => outcome.replaceChildren(...operations[operation.value][moment.value].map((one) => el("option", { value: one }, one)));
  operation.value = "create_charge";
  operation.addEventListener("change", moments);
  moment.addEventListener("change", outcomes);
  moments();
  const go = async () => {
    await arm({ operation: operation.value, outcome: outcome.value, when: moment.value, times: Number(times.value) });
    close();
  };
  dialog("Arm a fault", [
    el("p", { class: "quiet" }, "It meets the next call with a good signature, once, and each hit is a row of the story."),
    el("div", { class: "quick" }, QUICK.map(([text, fault]) => button(text, async () => { await arm(fault); close(); }, { class: "chip-button" }))),
    el("div", { class: "fields" }, operationLabel, operation, momentLabel, moment, outcomeLabel, outcome, el("label", { for: "fault-times" }, "How many calls"), times),
  ], [button("Arm", go, { class: "go", data: { testid: "arm" } })]);
}
