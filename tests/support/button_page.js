// Read pages of buttons as a browser does, and tell what each would post.
//
// Standard input: a JSON list of pages. Standard output: a JSON list of objects with the
// options that renderButton got, those read from the attribute, and the form's body.
"use strict";
const vm = require("node:vm");

// What the HTML standard does to a form: line feeds become CR LF, then percent-encoding.
function posted(fields) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, String(value).replace(/\r\n|\r|\n/g, "\r\n"));
  }
  return form.toString();
}

// A script element ends at the first </script, and a comment hides what follows it.
function scripts(html) {
  return [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script/gi)]
    .filter((found) => !/src=/.test(found[1]))
    .map((found) => found[2]);
}

function attribute(html) {
  const found = /data-config='([^']*)'/.exec(html);
  return found ? JSON.parse(found[1]) : null;
}

function page(html) {
  let selector, options;
  const amazon = {
    Pay: {
      renderButton(where, given) {
        selector = where;
        options = given;
      },
    },
  };
  const own = { onInitCheckout: () => "handled" };
  const world = vm.createContext({ amazon, shopHandlers: own });
  world.window = world;
  for (const script of scripts(html)) {
    vm.runInContext(script, world);
  }
  const config = options.createCheckoutSessionConfig || options.signInConfig || {};
  const create = options.createCheckoutSession;
  return {
    selector,
    payload: config.payloadJSON,
    attribute: attribute(html),
    body: posted(config),
    session: typeof create === "function" ? create() : create || null,
    handled: options.onInitCheckout ? options.onInitCheckout() : null,
    options: JSON.parse(JSON.stringify(options)),
  };
}

let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk) => (text += chunk));
process.stdin.on("end", () => {
  process.stdout.write(JSON.stringify(JSON.parse(text).map(page)));
});
