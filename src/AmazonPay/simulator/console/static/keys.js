// Keys: shown by "?", and off while somebody types.

import { dialog } from "./dialogs.js";
import { byId, el } from "./dom.js";

const HELP = [
  ["j  k  ↓  ↑", "next and previous row"], ["g  G", "first and last row"], ["Enter", "to the row's detail"],
  ["o", "objects of the row's order"], ["e", "explain: the row's detail"], ["v", "story or raw calls"], ["b", "by time or by order"],
  ["n", "show the new rows"], ["/", "filter"], ["r", "replay the row…"], ["c", "copy the row as…"], ["f", "arm a fault…"],
  ["Escape", "back to the list"], ["?", "these keys"],
];

export function openKeys() {
  dialog("Keys", [el("dl", { class: "keys" }, HELP.map(([key, what]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, what))))]);
}

export function bindKeys(acts) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "Escape" && event.target === byId("filter")) byId("rows").focus();
    if (typing || byId("dialog").open || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest?.("button, a, summary");
    if (onButton && ["Enter", " "].includes(event.key)) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
