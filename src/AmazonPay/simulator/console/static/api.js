// The documented control calls below /_simulator/, with the cookie of this page.

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let onDoor = () => {};
export const whenLockedOut = (run) => { onDoor = run; };

async function call(method, noun, { query, body, raw } = {}) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  const options = { method, credentials: "same-origin", headers: {}, cache: "no-store" };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = raw ? body : JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/_simulator/${noun}${search}`, options);
  } catch {
    throw new Refused(0, "ConnectionLost", "The simulator does not answer.");
  }
  if (response.ok) return raw === "text" ? response.text() : response.json();
  const said = await response.json().catch(() => ({}));
  if (response.status === 401) onDoor();
  throw new Refused(response.status, said.reasonCode ?? "", said.message ?? `Status ${response.status}`);
}

export const get = (noun, query) => call("GET", noun, { query });
export const post = (noun, body = {}) => call("POST", noun, { body });
export const remove = (noun, body) => call("DELETE", noun, { body });
export const getText = (noun) => call("GET", noun, { raw: "text" });
export const postFile = (noun, text) => call("POST", noun, { body: text, raw: true });
