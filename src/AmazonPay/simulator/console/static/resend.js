// Deliver a notification again: twice, late, altered, or an order's in the wrong order.

import { post } from "./api.js";
import { close, dialog } from "./dialogs.js";
import { button, el, toast } from "./dom.js";

async function send(line, how, said) {
  try {
    await post(`notifications/${line.messageId}/resend`, how);
    toast(said);
    close();
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

async function reversed(line) {
  try {
    const { messages } = await post("redeliver", { order: line.order });
    toast(`${messages.length} notifications go out again, the newest first.`);
    close();
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

export function openResend(line) {
  const ways = [
    ["Again", {}, "The same bytes once more: your shop must act once.", "resend-again"],
    ["Twice", { times: 2 }, "Two more, one after the other.", "resend-twice"],
    ["In an hour", { seconds: 3600 }, "Late, by the simulator's clock: move it to see it arrive.", "resend-late"],
    ["Altered", { altered: true }, "With a byte changed after signing: your shop must refuse it (403).", "resend-altered"],
  ];
  const choices = ways.map(([words, how, why, id]) => el("div", { class: "choice" },
    button(words, () => send(line, how, "It goes out."), { data: { testid: id } }), el("p", { class: "quiet" }, why)));
  if (line.order) {
    choices.push(el("div", { class: "choice" }, button("The whole order, newest first", () => reversed(line), { data: { testid: "resend-reversed" } }),
      el("p", { class: "quiet" }, "Out of order: your shop must not go back to an older state.")));
  }
  dialog(`Deliver the notification of row ${line.number} again`, choices);
}
