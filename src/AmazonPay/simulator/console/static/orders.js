// The orders beside the story, newest first.

import { byId, el, rowCount, shortId } from "./dom.js";

export const money = (amount) => (amount ? `${amount.currencyCode} ${amount.amount}` : "");

export function labelOf(order) {
  return order.label || shortId(order.permission || order.order);
}

const BAD = new Set(["Declined", "Canceled", "NonChargeable"]);

function entries({ orders, withoutOrder }, chosen, choose) {
  const entry = (id, title, second, side, props = {}) => el("li", {},
    el("button", {
      type: "button", class: "order", "aria-current": chosen === id ? "true" : null,
      on: { click: () => choose(chosen === id ? "" : id) }, ...props,
    },
    el("span", { class: "title" }, title),
    el("span", { class: "amount" }, side),
    el("span", { class: "second" }, second)));
  const total = orders.reduce((sum, one) => sum + one.rows, withoutOrder);
  const list = [entry("", "Everything", rowCount(total), "", { data: { testid: "order-all" } })];
  for (const one of orders) {
    const last = one.states.at(-1);
    const state = last ? el("span", { class: `badge ${BAD.has(last.state) ? "bad" : "good"}` }, last.state) : "no session";
    const rows = rowCount(one.rows);
    list.push(entry(one.order, labelOf(one), [state, rows], money(one.amount), { data: { order: one.order } }));
  }
  if (withoutOrder) {
    list.push(entry("none", "Without an order", rowCount(withoutOrder), "", { data: { testid: "order-none" } }));
  }
  return list;
}

export function drawOrders(...given) {
  byId("orders").replaceChildren(...entries(...given));
}

// Renews what each entry says, and moves none: none comes, goes or changes its place.
export function renewOrders(...given) {
  const name = ({ dataset }) => dataset.order ?? dataset.testid;
  const fresh = new Map(entries(...given).map(({ firstChild }) => [name(firstChild), firstChild]));
  for (const old of byId("orders").querySelectorAll("button")) {
    const now = fresh.get(name(old));
    if (now) old.replaceChildren(...now.childNodes);
  }
}
