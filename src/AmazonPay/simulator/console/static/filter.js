// What the filter says: words, and is: code: op: order: kind:, each with - before it for "not".

const IS = {
  call: (row) => row.kind === "request",
  refused: (row) => row.tone === "refused",
  broken: (row) => row.tone === "broken",
  bad: (row) => ["refused", "broken", "warned"].includes(row.tone),
  ok: (row) => row.kind === "request" && row.tone === "ok",
  fault: (row) => Boolean(row.fault) || row.kind === "provoked" || row.kind === "disarmed",
  replay: (row) => Boolean(row.replayed) || Boolean(row.replayOf),
  explained: (row) => Boolean(row.explained),
  state: (row) => row.kind === "state",
  buyer: (row) => ["buyer", "button", "issuer"].includes(row.kind),
  notification: (row) => row.kind === "notification",
  sent: (row) => row.kind === "notification" && row.sign === "←",
  clock: (row) => row.kind === "clock",
  loose: (row) => row.order === null,
};

export const KNOWN = Object.keys(IS).map((name) => `is:${name}`);

const FIELDS = {
  is: (row, value) => Boolean(IS[value]?.(row)),
  code: (row, value) => (value === "*" ? Boolean(row.code) : like(row.code, value)),
  op: (row, value) => like(row.operation, value),
  kind: (row, value) => row.kind === value,
  order: (row, value) => (value === "none" ? row.order === null : row.order === value),
  key: (row, value) => like(row.key, value),
  status: (row, value) => String(row.status ?? "").startsWith(value),
};

const like = (text, value) => (text ?? "").toLowerCase().includes(value.toLowerCase());

// Returns a test of rows, and the words that the server looks for in bodies.
export function parse(query) {
  const tests = [];
  const sought = [];
  for (const token of query.match(/"[^"]*"|\S+/g) ?? []) {
    const not = token.length > 1 && token.startsWith("-");
    const bare = not ? token.slice(1) : token;
    const found = /^(\w+):(.+)$/.exec(bare);
    if (found && Object.hasOwn(FIELDS, found[1])) {
      const [, name, value] = found;
      tests.push((row) => FIELDS[name](row, value) !== not);
      continue;
    }
    const word = bare.replaceAll('"', "");
    if (!word) continue;
    sought.push(word);
    tests.push((row, hits) => (mentions(row, word) || Boolean(hits.get(word)?.has(row.number))) !== not);
  }
  return { sought, matches: (row, hits) => tests.every((test) => test(row, hits)) };
}

function mentions(row, word) {
  return ["text", "about", "note", "target", "key", "message", "code", "order", "operation", "explained"]
    .some((name) => like(row[name], word)) || String(row.number) === word;
}
