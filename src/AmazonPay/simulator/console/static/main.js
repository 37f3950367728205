// The console: what has happened, why, and what can be made to happen.

import * as address from "./address.js";
import { get, whenLockedOut } from "./api.js";
import { now, setClock, startClock } from "./clock.js";
import { drawDetail } from "./detail.js";
import { button, byId, el, rowCount, shortId, toast } from "./dom.js";
import { drawArmed, openFaults } from "./faults.js";
import { parse } from "./filter.js";
import { bindKeys, openKeys } from "./keys.js";
import { Lives } from "./life.js";
import { RowList } from "./list.js";
import { listen } from "./live.js";
import { drawOrders, labelOf, renewOrders } from "./orders.js";
import { openCopies, openReplay } from "./replay.js";
import { Story } from "./story.js";
import { openWorld } from "./world.js";

const shown = { view: "story", side: "row", ...Object.fromEntries(Object.entries(address.read()).filter(([, value]) => value)) };
const story = new Story();
const hits = new Map();
let found = { orders: [], withoutOrder: 0 };
let world = null;
let detail = null;
let unseen = 0;

const list = new RowList(byId("rows"), (number) => open(number), () => { if (list.isAtEnd) seen(); });
const lives = new Lives(byId("panel"), { now, open: (number) => open(number, { side: "row" }) });

// The list ---------------------------------------------------------------------------

function items() {
  const filter = parse(shown.q ?? "");
  const raw = shown.view === "raw";
  let rows = story.rows.filter((row) => filter.matches(row, hits));
  if (shown.order) rows = rows.filter((row) => (shown.order === "none" ? row.order === null : row.order === shown.order));
  if (raw) rows = rows.filter((row) => row.kind === "request");
  const labels = new Map(found.orders.map((one) => [one.order, labelOf(one)]));
  const count = rows.length;
  const quiet = new Map();
  if (!raw && !shown.q) rows = calm(rows, quiet);
  const item = (row) => ({
    id: row.number, row, raw, tie: story.ties.get(row.number), quiet: quiet.get(row.number),
    chip: shown.order || shown.view === "grouped" || !row.order ? null : labels.get(row.order) ?? shortId(row.order),
  });
  if (shown.view !== "grouped") return { count, listed: rows.map(item) };
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row.order)) groups.set(row.order, []);
    groups.get(row.order).push(row);
  }
  const listed = [...groups].flatMap(([order, members]) => [
    { id: `order ${order}`, words: order === null ? "Without an order" : `Order ${labels.get(order) ?? shortId(order)}` },
    ...members.map(item),
  ]);
  return { count, listed };
}

// A change of a state stands before its notification; that it sends none is said beside it.
function calm(rows, quiet) {
  const calmed = [];
  for (let place = 0; place < rows.length; place += 1) {
    const [one, next] = [rows[place], rows[place + 1]];
    const ofNext = one.kind === "notification" && next?.kind === "state" && next.about === one.about;
    if (!ofNext) calmed.push(one);
    else {
      calmed.push(next);
      if (one.sign === "○") quiet.set(next.number, one.note);
      else calmed.push(one);
      place += 1;
    }
  }
  return calmed;
}

function drawList(options) {
  const { listed, count } = items();
  list.show(listed, options);
  const empty = byId("empty");
  empty.hidden = listed.length > 0;
  empty.textContent = story.rows.length ? "No row fits the filter." : "Nothing has happened yet. Point your client’s endpoint_url at this address, and call it.";
  const most = world?.story.most;
  byId("foot").textContent = `${count.toLocaleString("en")} of ${rowCount(story.rows.length)}${most ? `; ${most.toLocaleString("en")} are kept, the oldest go first` : ""}`;
  for (const one of document.querySelectorAll("[data-view]")) one.setAttribute("aria-pressed", String(one.dataset.view === shown.view));
}

// New rows come in below: nothing moves under the pointer. A pill counts them.
function grow(came) {
  const follows = list.isAtEnd && !byId("rows").matches(":hover");
  drawList();
  if (follows) list.toEnd();
  else if (came > 0) {
    unseen += came;
    byId("pill").textContent = `+${unseen} new`;
    byId("pill").hidden = list.isAtEnd;
    byId("announce").textContent = `${unseen} new ${unseen === 1 ? "row" : "rows"}`;
  }
}

function seen() {
  unseen = 0;
  byId("pill").hidden = true;
}

function showNew() {
  list.toEnd();
  seen();
}

// Orders, detail, objects ---------------------------------------------------------------

let ordersWait = false;
function drawOrderList() {
  // No entry moves while the pointer is on the list.
  ordersWait = byId("orders").matches(":hover");
  (ordersWait ? renewOrders : drawOrders)(found, shown.order ?? "", chooseOrder);
}

function chooseOrder(order) {
  set({ order, ...(order && order !== "none" ? { side: "life", kind: "", id: "" } : {}) });
  drawOrders(found, shown.order ?? "", chooseOrder);
  byId("orders").querySelector("[aria-current=true]")?.focus();
  drawList({ fresh: true });
  list.toEnd();
  drawSide();
  if (order) tab("story");
}

let asked = 0;
async function open(number, options = {}) {
  set({ row: String(number), side: options.side ?? "row" });
  list.select(number);
  const turn = (asked += 1);
  await new Promise((go) => { setTimeout(go, 60); });
  if (turn !== asked) return;
  try {
    const got = await get("row", { number });
    if (turn === asked) detail = got;
  } catch (refused) {
    detail = null;
    toast(refused.message, "bad");
  }
  if (turn === asked) await drawSide();
  if (options.show !== false && narrow.matches) tab("side");
}

const row = () => story.rows.find((one) => String(one.number) === shown.row);

async function drawSide() {
  const panel = byId("panel");
  for (const one of document.querySelectorAll("[data-side]")) one.setAttribute("aria-pressed", String(one.dataset.side === shown.side));
  if (shown.side === "life") return drawLives();
  if (!detail || String(detail.line.number) !== shown.row) {
    panel.replaceChildren(el("p", { class: "quiet hint" }, "Choose a row: what happened, both sides of the wire, and the signature stand here."));
    return undefined;
  }
  const actions = detail.line.kind === "request" ? [
    button("Replay…", replay, { data: { testid: "replay" } }), button("Copy as…", copy, { data: { testid: "copy" } }),
  ] : resendActions(detail.line);
  panel.replaceChildren(...drawDetail(detail, { open, showObject, actions }).filter(Boolean));
  panel.scrollTop = 0;
  return undefined;
}

async function drawLives() {
  const object = shown.kind && shown.id ? { kind: shown.kind, id: shown.id, order: row()?.order ?? (shown.order && shown.order !== "none" ? shown.order : undefined) } : null;
  const order = object?.order ?? (shown.order && shown.order !== "none" ? shown.order : row()?.order);
  if (!order && !object) {
    byId("panel").replaceChildren(el("p", { class: "quiet hint" }, "Choose an order, or a row of one: its objects stand here, with all that can happen to them."));
    return;
  }
  try {
    await lives.show({ order, object });
  } catch (refused) {
    byId("panel").replaceChildren(el("p", { class: "quiet hint" }, refused.message));
  }
}

function showObject({ kind, id }) {
  set({ side: "life", kind, id });
  drawSide();
}

const replay = () => detail?.line.kind === "request" && openReplay(detail, (number) => jump(number));
const copy = () => detail?.line.kind === "request" && openCopies(detail.line.number);

async function jump(number) {
  await sync();
  if (!list.places.has(number)) {
    set({ q: "", order: "" });
    byId("filter").value = "";
    drawList();
  }
  await open(number);
}

function resendActions(line) {
  return line.messageId ? [button("Deliver again…", () => import("./resend.js").then((one) => one.openResend(line)), { data: { testid: "resend" } })] : [];
}

// The frame -----------------------------------------------------------------------------

const narrow = window.matchMedia("(max-width: 860px)");

function tab(name) {
  document.body.dataset.tab = name;
  for (const one of byId("tabs").children) {
    if (one.dataset.show === name) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  list.draw();
}

function set(changed) {
  Object.assign(shown, changed);
  address.write({ ...shown, view: shown.view === "story" ? "" : shown.view, side: shown.side === "row" ? "" : shown.side });
}

function view(name) {
  set({ view: name });
  drawList({ fresh: true });
  if (shown.row) list.select(Number(shown.row));
  else list.toEnd();
}

let searching = null;
async function filterBy(text) {
  set({ q: text });
  drawList({ fresh: true });
  list.toEnd();
  clearTimeout(searching);
  const wanted = parse(text).sought.filter((word) => !hits.has(word));
  if (!wanted.length) return;
  searching = setTimeout(async () => {
    for (const word of wanted) hits.set(word, new Set((await get("search", { text: word })).rows));
    drawList();
  }, 200);
}

// Keeping up to date --------------------------------------------------------------------

let running = null;
let wanted = false;
function sync() {
  wanted = true;
  running ??= (async () => {
    try {
      while (wanted) {
        wanted = false;
        await catchUp();
        await new Promise((go) => { setTimeout(go, 200); });
      }
    } catch (refused) {
      if (refused.status !== 401 && refused.status !== 0) toast(refused.message, "bad");
    } finally {
      running = null;
    }
  })();
  return running;
}

let ordersAt = 0;
let ordersLater = null;
async function catchUp() {
  const first = story.world === 0;
  const came = await story.catchUp();
  // Many changes in a row: the orders need not be told at each of them.
  const isTime = came < 0 || Date.now() - ordersAt > 1000;
  if (isTime) ordersAt = Date.now();
  else if (came > 0) ordersLater ??= setTimeout(() => { ordersLater = null; sync(); }, 1000);
  [found, world] = await Promise.all([isTime ? get("orders") : found, get("console")]);
  story.most = (world.story.most ?? 1e9) + 1;
  setClock(world.clock);
  drawArmed(world.faults);
  drawOrderList();
  if (came < 0) {
    if (!first) {
      detail = null;
      set({ row: "", order: "", kind: "", id: "" });
    }
    seen();
    drawList({ fresh: true });
    list.toEnd();
    if (shown.row) open(Number(shown.row), { side: shown.side, show: false });
    else drawSide();
  } else {
    grow(came);
    if (shown.side === "life") await drawLives();
  }
  if (came !== 0) {
    hits.clear();
    if (shown.q) await filterAgain();
  }
}

async function filterAgain() {
  const { sought } = parse(shown.q);
  for (const word of sought) hits.set(word, new Set((await get("search", { text: word })).rows));
  if (sought.length) drawList();
}

function start() {
  whenLockedOut(() => {
    byId("door").hidden = false;
    if (new URLSearchParams(location.search).get("door") === "wrong") byId("door-why").textContent = "That is not the token of this run: each start prints a new one.";
  });
  startClock();
  byId("filter").value = shown.q ?? "";
  byId("filter").addEventListener("input", (event) => filterBy(event.target.value));
  byId("orders").addEventListener("mouseleave", () => ordersWait && drawOrderList());
  byId("pill").addEventListener("click", showNew);
  byId("open-faults").addEventListener("click", openFaults);
  byId("open-world").addEventListener("click", () => world && openWorld(world));
  byId("open-keys").addEventListener("click", openKeys);
  for (const one of document.querySelectorAll("[data-view]")) one.addEventListener("click", () => view(one.dataset.view));
  for (const one of document.querySelectorAll("[data-side]")) one.addEventListener("click", () => { set({ side: one.dataset.side, kind: "", id: "" }); drawSide(); });
  for (const one of byId("tabs").children) one.addEventListener("click", () => tab(one.dataset.show));
  const by = (count) => () => list.move(count);
  bindKeys({
    j: by(1), ArrowDown: by(1), k: by(-1), ArrowUp: by(-1), PageDown: by(12), PageUp: by(-12), g: by(-1e9), Home: by(-1e9), G: by(1e9), End: by(1e9),
    Enter: () => byId("panel").focus(), e: () => { set({ side: "row" }); drawSide(); }, o: () => { set({ side: "life", kind: "", id: "" }); drawSide(); },
    v: () => view(shown.view === "raw" ? "story" : "raw"), b: () => view(shown.view === "grouped" ? "story" : "grouped"),
    n: showNew, "/": () => byId("filter").focus(), r: replay, c: copy, f: openFaults, "?": openKeys, Escape: () => { tab("story"); byId("rows").focus(); },
  });
  listen(sync);
  sync();
}

start();
