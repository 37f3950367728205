// The rows that are known, kept up to date by the calls of the simulator.

import { get } from "./api.js";

const PAGE = 2000;

export class Story {
  constructor() {
    this.clear(0);
    this.most = 10_000;
  }

  clear(world) {
    this.world = world;
    this.rows = [];
    this.keys = new Map();
    this.ties = new Map();
    this.waiting = new Set();
  }

  get last() {
    return this.rows.at(-1)?.number ?? 0;
  }

  // Fetch what is new. Returns how many rows came, or -1 if the world is another one.
  async catchUp() {
    let came = 0;
    let isAnother = false;
    let more = true;
    while (more) {
      const again = [...this.waiting].slice(-200).join(",");
      const found = await get("rows", { after: this.last || "0", limit: PAGE, again });
      if (found.world !== this.world) {
        isAnother = true;
        this.clear(found.world);
        continue;
      }
      for (const row of found.again) this.change(row);
      for (const row of found.rows) this.add(row);
      came += found.rows.length;
      more = found.rows.length >= PAGE;
    }
    const above = this.rows.length - this.most;
    if (above > 0) this.rows.splice(0, above);
    return isAnother ? -1 : came;
  }

  add(row) {
    if (row.number <= this.last) return;
    this.rows.push(row);
    this.watch(row);
    if (!row.key) return;
    const name = `${row.owner} ${row.key}`;
    const first = this.keys.get(name);
    if (first === undefined) this.keys.set(name, row.number);
    else this.ties.set(row.number, first);
  }

  change(row) {
    const place = this.rows.findLastIndex((one) => one.number === row.number);
    if (place >= 0) this.rows[place] = row;
    this.watch(row);
  }

  watch(row) {
    if (row.waits) this.waiting.add(row.number);
    else this.waiting.delete(row.number);
  }
}
