// The simulator's time: it is told each second, and moved by hand.

import { post } from "./api.js";
import { button, byId, span, toast, wholeTime } from "./dom.js";

let known = null;

export const now = () => {
  if (!known) return new Date();
  return new Date(known.at + (known.runs ? Date.now() - known.heard : 0));
};

export function setClock(clock) {
  known = { at: Date.parse(clock.now), heard: Date.now(), runs: clock.runs, next: clock.nextEvent && Date.parse(clock.nextEvent), lead: clock.lead, canMove: clock.canMove };
  tick();
  const why = known.canMove ? null : "this simulator has a clock of its caller's";
  for (const one of byId("moves").children) {
    one.disabled = Boolean(why) || (one.id === "next-event" && !known.next);
    one.title = why ?? "";
  }
}

function tick() {
  if (!known) return;
  byId("now").textContent = wholeTime(now());
  byId("now").dateTime = now().toISOString();
  const lead = known.lead ? `, ${span(known.lead * 1000)} ${known.lead < 0 ? "behind" : "ahead"}` : "";
  byId("lead").textContent = known.runs ? `runs${lead}` : "stands still";
  const next = byId("next-event");
  if (next) next.textContent = known.next ? `Next event: in ${span(Math.max(0, known.next - now()))}` : "No event is due";
}

async function move(by) {
  try {
    const { happened } = await post("clock", by);
    const changes = happened.filter((row) => row.kind === "state").length;
    toast(changes ? `Time has moved: ${changes} ${changes === 1 ? "state has" : "states have"} changed.` : "Time has moved; nothing was due.");
  } catch (refused) {
    toast(refused.message, "bad");
  }
}

export function startClock() {
  byId("moves").append(
    button("+30 s", () => move({ seconds: 30 }), { data: { testid: "move-30s" } }),
    button("+1 h", () => move({ hours: 1 })),
    button("+1 day", () => move({ days: 1 }), { data: { testid: "move-1d" } }),
    button("+7 days", () => move({ days: 7 })),
    button("Next event", () => move({ toNextEvent: true }), { id: "next-event", data: { testid: "next-event" } }));
  setInterval(tick, 1000);
}
