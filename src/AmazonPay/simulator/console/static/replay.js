// Replay with intent, and leave with code.

import { get, post } from "./api.js";
import { ask, close, dialog } from "./dialogs.js";
import { button, el, pretty, toast } from "./dom.js";

async function again(given, jump) {
  try {
    const done = await post("replay", given);
    close();
    toast(`Row ${done.number}: ${done.status}${done.replayed ? ", the stored answer of its key" : ""}.`);
    await jump(done.number);
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

export function openReplay(detail, jump) {
  const { number } = detail.line;
  if (!detail.request.headers) {
    dialog(`Replay row ${number}`, [el("p", {}, "Its headers are no longer kept, so it cannot be sent again: the last calls only can.")]);
    return;
  }
  const edited = el("textarea", { id: "replay-body", rows: 10, spellcheck: "false", data: { testid: "replay-body" } });
  edited.value = pretty(detail.request.body);
  const changed = el("details", { class: "part" }, el("summary", {}, "Edit the body"),
    el("div", { class: "beside" },
      el("div", {}, el("h3", {}, "as it came"), el("pre", {}, pretty(detail.request.body) || "no body")),
      el("div", {}, el("label", { for: "replay-body" }, "to send"), edited)),
    el("div", { class: "acts" },
      button("Same key, this body", () => again({ number, how: "changed", body: edited.value }, jump), { data: { testid: "replay-changed" } }),
      el("span", { class: "quiet" }, "must be refused, if the key was used")));
  const fresh = async () => {
    if (await ask("Send it with a new key?", "A new key is a new order to pay: what this call did is done a second time.", "Send with a new key")) {
      await again({ number, how: "newKey", body: edited.value === pretty(detail.request.body) ? undefined : edited.value }, jump);
    }
  };
  dialog(`Replay row ${number}: ${detail.line.text}`, [
    el("div", { class: "choice" }, button("Same bytes, same key", () => again({ number, how: "same" }, jump), { class: "go", data: { testid: "replay-same" } }),
      el("p", { class: "quiet" }, "The request as it was, with its own signature. It must be safe: a key that was used repeats its answer.")),
    changed,
    el("div", { class: "choice" }, button("New key…", fresh, { class: "danger", data: { testid: "replay-new" } }),
      el("p", { class: "quiet" }, "Would pay twice, so it asks first. A changed request cannot be signed here: its signature is not looked at, and the row says so.")),
  ]);
}

const FORMS = [["python", "Python, with our client"], ["curl", "curl"], ["pytest", "a pytest that fails"]];

export async function openCopies(number) {
  const shown = el("pre", { tabindex: "0", class: "code-block", data: { testid: "copied" } }, "");
  const note = el("p", { class: "quiet" });
  let text = "";
  const choose = async (form) => {
    try {
      const got = await get("copy", { number, form });
      text = got.text;
      shown.textContent = text;
      note.textContent = got.note;
      for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.form === form));
    } catch (refused) {
      toast(refused.message, "bad");
    }
  };
  const buttons = FORMS.map(([form, words]) => button(words, () => choose(form), { data: { form, testid: `copy-${form}` }, "aria-pressed": "false" }));
  const copyText = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied.");
    } catch {
      getSelection().selectAllChildren(shown);
      toast("Marked: press Ctrl+C.");
    }
  };
  dialog(`Copy row ${number}`, [el("div", { class: "views" }, buttons), note, shown], [button("Copy", copyText, { class: "go", data: { testid: "copy-text" } })]);
  await choose("python");
}
