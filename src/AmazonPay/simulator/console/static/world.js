// The whole world: reset, save, load.

import { getText, post, postFile } from "./api.js";
import { ask, close, dialog } from "./dialogs.js";
import { button, el, toast } from "./dom.js";

async function save() {
  try {
    const text = await getText("save");
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    el("a", { href: url, download: "amazonpay.world" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    close();
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

async function load(file) {
  try {
    await postFile("load", await file.text());
    toast(`The world of ${file.name} is loaded.`);
    close();
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

async function reset() {
  if (!(await ask("Forget everything?", "All orders, keys, faults and the story go; the clock goes back to its start. Save the world first, if you may want it again.", "Reset"))) return;
  try {
    await post("reset");
    toast("Everything is forgotten.");
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

export function openWorld({ keys, story, exchanges, version }) {
  const file = el("input", { type: "file", id: "world-file", data: { testid: "world-file" } });
  file.addEventListener("change", () => file.files[0] && load(file.files[0]));
  const rows = [
    ["Keys", keys.map((one) => `${one.publicKeyId} (${one.environments.join(" and ")}, ${one.region ?? "any region"}, account ${one.merchantId})`).join("; ")],
    ["Story", `${story.last} rows so far; at most ${story.most ?? "all"} are kept, the oldest go first`],
    ["On the wire", `headers of the last ${exchanges.rows} calls are kept in memory`],
    ["Version", version],
  ];
  dialog("The world", [
    el("dl", { class: "why" }, rows.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)))),
    el("p", {}, "A world is one file: ledger, clock, ids and story. It holds what shop and buyers have entered, and no key."),
    el("p", {}, el("label", { for: "world-file" }, "Load a saved world in the place of this one "), file),
  ], [button("Save the world", save, { class: "go", data: { testid: "save" } }), button("Reset…", reset, { class: "danger", data: { testid: "reset" } })]);
}
