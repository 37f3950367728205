// One dialog at a time: the browser keeps the focus inside, and Escape closes it.

import { button, byId, el } from "./dom.js";

export function dialog(title, content, actions = []) {
  const box = byId("dialog");
  box.replaceChildren(el("h2", { id: "dialog-title" }, title), ...content,
    el("div", { class: "acts" }, ...actions, button("Close", close, { class: "leave" })));
  if (!box.open) box.showModal();
}

export const close = () => byId("dialog").close();

// Ask, and go on only after a yes.
export function ask(title, text, yes) {
  return new Promise((resolve) => {
    const box = byId("dialog");
    const answer = (value) => { resolve(value); close(); };
    dialog(title, [el("p", {}, text)], [button(yes, () => answer(true), { class: "go danger", data: { testid: "yes" } })]);
    box.addEventListener("close", () => resolve(false), { once: true });
  });
}
