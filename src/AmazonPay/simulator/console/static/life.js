// An object: its drawing, what comes next, what the shop may call, what can be made to happen.

import { get, post } from "./api.js";
import { diagram } from "./diagram.js";
import { button, clockTime, dayOf, el, parseTime, pretty, span, toast, words } from "./dom.js";
import { arm } from "./faults.js";

const NAMES = {
  checkoutSession: "Checkout session", chargePermission: "Charge permission", charge: "Charge",
  refund: "Refund", dispute: "Dispute", report: "Report",
};

export class Lives {
  constructor(box, { now, open }) {
    this.box = box;
    this.now = now;
    this.open = open;
    this.order = null;
    this.unfolded = new Set();
  }

  // Show the objects of an order, or one object alone.
  async show({ order, object }) {
    const listed = object && !object.order ? [object] : (await get("objects", { order: object?.order ?? order })).objects;
    const id = object?.id;
    if (this.shown !== `${order} ${id}`) this.unfolded.clear();
    this.shown = `${order} ${id}`;
    if (!this.unfolded.size && listed.length) this.unfolded.add(id ?? listed.at(-1).id);
    const cards = await Promise.all(listed.map((one) => this.card(one)));
    const focused = document.activeElement?.id;
    this.box.replaceChildren(...(cards.length ? cards : [el("p", { class: "quiet" }, "This order has no objects yet, or they were deleted.")]));
    if (focused) document.getElementById(focused)?.focus();
  }

  async card({ kind, id }) {
    if (!this.unfolded.has(id)) return this.fold(kind, id, null);
    try {
      return this.fold(kind, id, await get("object", { kind, id }));
    } catch (refused) {
      return el("p", { class: "quiet" }, `${NAMES[kind]} ${id}: ${refused.message}`);
    }
  }

  fold(kind, id, life) {
    const title = [el("span", { class: "title" }, NAMES[kind]), el("span", { class: "about" }, id),
      life ? el("span", { class: "badge" }, life.state) : null];
    const card = el("details", { class: "object", open: Boolean(life), data: { testid: `object-${kind}` } }, el("summary", {}, title));
    if (life) card.append(...this.inside(life));
    card.addEventListener("toggle", async () => {
      if (card.open === this.unfolded.has(id)) return;
      if (card.open) this.unfolded.add(id);
      else this.unfolded.delete(id);
      card.replaceWith(await this.card({ kind, id }));
    });
    return card;
  }

  inside(life) {
    return [el("div", { class: "drawing" }, diagram(life)), this.buyersPage(life), this.path(life), this.next(life), this.calls(life), this.acts(life),
      el("details", {}, el("summary", {}, "As the API shows it"), el("pre", { tabindex: "0" }, pretty(JSON.stringify(life.shown))))];
  }

  buyersPage({ kind, id, state }) {
    if (kind !== "checkoutSession" || state !== "Open") return "";
    return el("p", { class: "part" }, el("a", { href: `/checkout/choose?${new URLSearchParams({ amazonCheckoutSessionId: id })}`, target: "_blank", rel: "noopener" }, "Be the buyer: open the page on which they choose"));
  }

  path({ path }) {
    return part("So far", el("ol", { class: "steps" }, path.map((step) => el("li", {},
      button(`${dayOf(step.at)} ${clockTime(step.at)}`, () => this.open(step.number), { class: "link" }),
      ` ${step.after}${step.reason ? `, ${step.reason}` : ""} `, el("span", { class: "quiet" }, step.event)))));
  }

  next({ next }) {
    const now = this.now();
    const list = next.map((one) => el("li", {}, el("strong", {}, `in ${span(parseTime(one.at) - now)}`),
      ` ${one.to ? `it becomes ${one.to}: ` : ""}${one.event}`));
    return part("If nobody acts", list.length ? el("ul", {}, list) : el("p", { class: "quiet" }, "Nothing comes by itself."));
  }

  calls({ calls }) {
    return part("Your shop may", el("ul", { class: "calls" }, calls.map(({ operation, whyNot }) => el("li", { class: whyNot ? "off" : "" },
      el("span", { class: "mark", "aria-hidden": "true" }, whyNot ? "✗" : "✓"), ` ${words(operation)}`,
      whyNot ? el("span", { class: "quiet" }, `: ${whyNot}`) : null))));
  }

  acts(life) {
    const can = life.acts.filter((act) => act.by !== "shop" && act.by !== "follows");
    const buttons = can.map((act, number) => this.act(life, act, `act-${life.id}-${number}`));
    // What can be pressed comes first.
    buttons.sort((one, other) => Number(one.querySelector("button").disabled) - Number(other.querySelector("button").disabled));
    if (life.kind === "chargePermission") buttons.push(...this.nextCharge());
    if (life.kind === "charge") buttons.push(this.dispute(life));
    if (life.kind === "dispute") buttons.push(this.forBuyer(life));
    return part("Make it happen", el("ul", { class: "pushes" }, buttons));
  }

  act(life, act, id) {
    return el("li", {},
      button(act.words, () => this.push(life, act.event), {
        id, disabled: Boolean(act.whyNot), "aria-describedby": act.whyNot ? `${id}-why` : null,
        data: { testid: `push-${life.kind}-${act.event.replaceAll(" ", "-")}` },
      }),
      el("span", { class: "quiet", id: `${id}-why` }, act.whyNot ?? `${act.by}: ${act.event}`));
  }

  nextCharge() {
    return ["SoftDeclined", "HardDeclined"].map((outcome) => el("li", {},
      button(outcome === "SoftDeclined" ? "Soft-decline the next charge" : "Hard-decline the next charge",
        () => arm({ operation: "create_charge", outcome }), { id: `next-${outcome}` }),
      el("span", { class: "quiet" }, "arms a fault of create charge, once")));
  }

  dispute(life) {
    const why = life.state === "Captured" ? null : "only from Captured";
    return el("li", {},
      button("Dispute it", () => this.run(() => post(`charges/${life.id}/dispute`)), { id: `dispute-${life.id}`, disabled: Boolean(why), data: { testid: "push-dispute" } }),
      el("span", { class: "quiet" }, why ?? "bank: the buyer’s bank files a chargeback"));
  }

  forBuyer(life) {
    const event = "investigator decides";
    const { whyNot } = life.acts.find((act) => act.event === event);
    return el("li", {},
      button("Decide for the buyer", () => this.push(life, event, "BuyerWon"), { id: `buyer-won-${life.id}`, disabled: Boolean(whyNot) }),
      el("span", { class: "quiet" }, whyNot ?? "Amazon: investigator decides"));
  }

  push(life, event, resolution) {
    return this.run(() => post("push", { kind: life.kind, id: life.id, event, resolution }));
  }

  async run(act) {
    try {
      await act();
    } catch (refused) {
      toast(refused.message, "bad");
    }
  }
}

function part(title, content) {
  return el("section", { class: "part" }, el("h3", {}, title), content);
}
