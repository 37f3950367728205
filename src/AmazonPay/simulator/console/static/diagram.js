// The life of an object as a drawing: states in rows, arrows between them.

import { clockTime, svg } from "./dom.js";

const WIDE = 158;
const HIGH = 38;
const GAP = 20;
const DOWN = 74;
const TOP = 26;
const ASIDE = [-0.32, 0.24, -0.24];

export function diagram(life) {
  const ranks = [];
  for (const state of life.states) (ranks[state.rank] ??= []).push(state);
  const rows = ranks.filter(Boolean);
  const widest = Math.max(...rows.map((row) => row.length));
  const width = Math.max(2, widest) * (WIDE + GAP) + GAP + 56;
  const places = new Map();
  const alone = rows.filter((row) => row.length === 1).length;
  let single = 0;
  rows.forEach((row, number) => {
    // Lone states step aside, so that arrows pass beside them.
    const aside = row.length === 1 && alone > 2 ? ASIDE[single] * (width - WIDE) : 0;
    single += row.length === 1 ? 1 : 0;
    const used = row.length * WIDE + (row.length - 1) * GAP;
    row.forEach((state, at) => places.set(state.name, {
      x: (width - used) / 2 + aside + at * (WIDE + GAP), y: TOP + number * DOWN, rank: number,
    }));
  });
  const height = TOP + rows.length * DOWN - (DOWN - HIGH) + 12;
  const start = { x: middle(places.get(life.states[0].name)), y: 8 };
  const arrows = [...life.arrows].sort((a, b) => Number(a.walked) - Number(b.walked));
  const now = life.states.find((one) => one.now)?.name ?? "";
  return svg("svg", {
    viewBox: `0 0 ${width} ${height}`, class: "life", role: "img",
    "aria-label": `${life.kind}: it is ${now}; the list below says what can come next`,
    "data-testid": `life-${life.kind}`,
  },
  svg("defs", {}, marker("tip"), marker("tip-walked")),
  svg("circle", { class: "start", cx: start.x, cy: start.y, r: 4 }),
  arrows.map((arrow, number) => line(arrow, places, start, now, number)),
  life.states.map((state) => node(state, places.get(state.name))));
}

function marker(id) {
  return svg("marker", { id, class: id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerUnits: "userSpaceOnUse", markerWidth: 9, markerHeight: 9, orient: "auto-start-reverse" },
    svg("path", { d: "M0 0 8 4 0 8Z" }));
}

function line(arrow, places, start, now, number) {
  const to = places.get(arrow.to);
  const from = arrow.from === null ? null : places.get(arrow.from);
  const kind = ["arrow", arrow.walked ? "walked" : "", arrow.from === null ? "birth" : "", arrow.from === now ? "open" : ""];
  const title = arrow.events.map((one) => (one.reason ? `${one.event} (${one.reason})` : one.event)).join("; ");
  return svg("path", {
    class: kind.filter(Boolean).join(" "), d: from ? between(from, to, number) : birth(start, to),
    "marker-end": `url(#${arrow.walked ? "tip-walked" : "tip"})`, "data-from": arrow.from ?? "", "data-to": arrow.to,
  }, svg("title", {}, `${arrow.from ?? "new"} → ${arrow.to}: ${title}`));
}

const middle = (place) => place.x + WIDE / 2;

function birth(start, to) {
  if (to.rank === 0) return `M${start.x} ${start.y + 4} L${middle(to)} ${to.y}`;
  const x = middle(to);
  return `M${start.x} ${start.y} C${x} ${start.y} ${x + (x < start.x ? -50 : 50)} ${(start.y + to.y) / 2} ${x} ${to.y}`;
}

function between(from, to, number) {
  if (to.rank === from.rank) {
    const right = to.x > from.x;
    const y = from.y + (right ? HIGH / 3 : (HIGH * 2) / 3);
    const bend = right ? -16 : 16;
    const a = right ? from.x + WIDE : from.x;
    const b = right ? to.x : to.x + WIDE;
    return `M${a} ${y} C${(a + b) / 2} ${y + bend} ${(a + b) / 2} ${y + bend} ${b} ${y}`;
  }
  if (to.rank < from.rank) {
    const a = from.x + WIDE;
    const b = to.x + WIDE;
    const out = Math.max(a, b) + 26 + (number % 3) * 6;
    return `M${a} ${from.y + HIGH / 2} C${out} ${from.y + HIGH / 2} ${out} ${to.y + HIGH / 2} ${b} ${to.y + HIGH / 2}`;
  }
  const a = middle(from);
  const b = middle(to);
  const y = from.y + HIGH;
  const bend = (to.y - y) / 2;
  // Around the rows between, not through them.
  const side = to.rank - from.rank > 1 ? (b < a ? -40 : 40) : 0;
  return `M${a} ${y} C${a + side} ${y + bend} ${b} ${to.y - bend} ${b} ${to.y}`;
}

function node(state, place) {
  const kind = ["state", state.now ? "now" : "", state.at ? "been" : "", state.reachable ? "reachable" : ""];
  const label = state.at ? `${state.name}, since ${clockTime(state.at)}` : state.name;
  return svg("g", { class: kind.filter(Boolean).join(" "), "data-state": state.name, transform: `translate(${place.x} ${place.y})` },
    svg("title", {}, label),
    svg("rect", { width: WIDE, height: HIGH, rx: 9 }),
    svg("text", { x: WIDE / 2, y: state.at ? 16 : HIGH / 2 + 4, "text-anchor": "middle" }, state.name),
    state.at ? svg("text", { class: "at", x: WIDE / 2, y: 30, "text-anchor": "middle" }, clockTime(state.at)) : null);
}
