// What is shown stands in the address: filter, order, view, row.

const NAMES = ["q", "order", "view", "row", "side", "kind", "id"];

export function read() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""]));
}

export function write(shown) {
  const given = Object.entries(shown).filter(([name, value]) => NAMES.includes(name) && value);
  const search = given.length ? `?${new URLSearchParams(given)}` : location.pathname;
  history.replaceState(null, "", search);
}
