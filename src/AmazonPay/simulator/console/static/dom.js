// Elements are made here, and text only ever becomes text.

export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    } else if (name === "class") node.setAttribute("class", value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  node.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

export const rowCount = (count) => `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;

export const byId = (id) => document.getElementById(id);

export function button(words, run, props = {}) {
  return el("button", { type: "button", on: { click: run }, ...props }, words);
}

// 20260101T120000Z, as the story writes it.
export function parseTime(at) {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(at ?? "");
  return found ? new Date(Date.UTC(found[1], found[2] - 1, found[3], found[4], found[5], found[6])) : null;
}

const DAY = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
const WHOLE = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export const clockTime = (at) => `${at.slice(9, 11)}:${at.slice(11, 13)}:${at.slice(13, 15)}`;
export const dayOf = (at) => DAY.format(parseTime(at) ?? new Date(0));
export const wholeTime = (date) => `${WHOLE.format(date).replaceAll(",", "")} UTC`;

export function span(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  let rest = seconds;
  const said = [];
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) said.push(`${count} ${unit}`);
  }
  return said.slice(0, 2).join(" ") || "0 s";
}

export const shortId = (id) => (id && id.length > 10 ? `…${id.slice(-7)}` : (id ?? ""));

export const words = (operation) => operation.replaceAll("_", " ");

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function toast(text, tone = "plain") {
  const one = el("p", { class: `toast ${tone}` }, text);
  byId("toasts").append(one);
  setTimeout(() => one.remove(), 6000);
}
