// A list of many rows of which only the visible ones are elements.

import { clockTime, dayOf, el, shortId } from "./dom.js";

const SPARE = 8;

export class RowList {
  constructor(box, onSelect, onScroll) {
    this.box = box;
    this.items = [];
    this.selected = null;
    this.nodes = new Map();
    this.space = el("div", { class: "space", role: "presentation" });
    box.append(this.space);
    this.onSelect = onSelect;
    this.height = Number.parseInt(getComputedStyle(box).getPropertyValue("--row"), 10) || 48;
    box.addEventListener("scroll", () => { this.draw(); onScroll(); }, { passive: true });
    box.addEventListener("click", (event) => {
      const node = event.target.closest("[data-number]");
      if (node) onSelect(Number(node.dataset.number));
    });
    new ResizeObserver(() => this.draw()).observe(box);
  }

  get isAtEnd() {
    return this.box.scrollTop + this.box.clientHeight >= this.space.offsetHeight - this.height;
  }

  // Show other items. What is on top of the window stays there.
  show(items, { fresh = false } = {}) {
    const top = Math.floor(this.box.scrollTop / this.height);
    const anchor = this.items[top]?.id;
    const into = this.box.scrollTop - top * this.height;
    this.items = items;
    this.places = new Map(items.map((one, place) => [one.id, place]));
    for (const node of this.nodes.values()) node.remove();
    this.nodes.clear();
    this.space.style.height = `${items.length * this.height}px`;
    const place = this.places.get(anchor);
    if (!fresh && place !== undefined && place !== top) this.box.scrollTop = place * this.height + into;
    this.draw();
  }

  toEnd() {
    this.box.scrollTop = this.space.offsetHeight;
    this.draw();
  }

  select(number, { reveal = true } = {}) {
    this.selected = number;
    const place = this.places?.get(number);
    if (reveal && place !== undefined) {
      const top = place * this.height;
      const bottom = top + this.height - this.box.clientHeight;
      if (this.box.scrollTop > top) this.box.scrollTop = top;
      else if (this.box.scrollTop < bottom) this.box.scrollTop = bottom;
    }
    for (const [id, node] of this.nodes) node.setAttribute("aria-selected", String(id === number));
    this.draw();
    if (this.nodes.has(number)) this.box.setAttribute("aria-activedescendant", `row-${number}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // Move the selection by rows, over headings.
  move(by) {
    const rows = this.items.filter((one) => one.row);
    if (!rows.length) return;
    const at = rows.findIndex((one) => one.id === this.selected);
    const from = at < 0 ? rows.length : at;
    const to = Math.min(rows.length - 1, Math.max(0, from + by));
    this.onSelect(rows[to].id);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - SPARE);
    const last = Math.min(this.items.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + SPARE);
    const wanted = new Set();
    for (let place = first; place < last; place += 1) {
      const item = this.items[place];
      wanted.add(item.id);
      if (this.nodes.has(item.id)) continue;
      const node = item.row ? this.row(item, place) : heading(item);
      node.style.transform = `translateY(${place * this.height}px)`;
      this.nodes.set(item.id, node);
      this.space.append(node);
    }
    for (const [id, node] of this.nodes) {
      if (!wanted.has(id)) {
        node.remove();
        this.nodes.delete(id);
      }
    }
  }

  row(item, place) {
    const { row, tie, chip, raw, quiet } = item;
    const before = this.items[place - 1]?.row;
    const newDay = !before || before.at.slice(0, 8) !== row.at.slice(0, 8);
    const status = row.status !== undefined && row.status !== null
      ? el("span", { class: `status ${row.tone}` }, String(row.status)) : null;
    const second = raw
      ? [row.code ?? "", row.key ? `key ${row.key.slice(0, 8)}` : ""]
      : [row.code, row.note, row.explained && `▸ ${row.explained}`, tie && `same key as row ${tie}`, row.message, quiet && `○ no notification: ${quiet}`];
    return el("div", {
      class: `row ${row.tone} kind-${row.kind}`, role: "option", id: `row-${row.number}`,
      "aria-selected": String(row.number === this.selected), "aria-posinset": place + 1, "aria-setsize": this.items.length,
      data: { number: row.number, testid: `row-${row.number}` },
    },
    el("span", { class: "when" }, el("span", {}, clockTime(row.at)), newDay ? el("span", { class: "day" }, dayOf(row.at)) : null),
    el("span", { class: "sign", "aria-hidden": "true" }, row.sign),
    el("span", { class: "said" },
      el("span", { class: "first" },
        el("span", { class: "text" }, raw ? `${row.method} ${row.target}` : row.text),
        raw ? null : el("span", { class: "about" }, shortId(row.about))),
      el("span", { class: "second" }, second.filter(Boolean).join(" · "))),
    el("span", { class: "end" }, status, chip ? el("span", { class: "chip" }, chip) : null));
  }
}

function heading(item) {
  return el("div", { class: "row heading", role: "presentation" }, item.words);
}
