/* The page of Buy Now: it tells the shop's page what the buyer does, and sends the cart
   that comes back on to the simulator. Everything that it shows is made there. */
(() => {
  "use strict";

  const handler = document.getElementById("handler");
  const form = document.getElementById("choice");
  const status = document.getElementById("shop-status");
  const { event, origin, details } = handler.dataset;
  const shop = window.opener;

  const say = (text) => {
    status.textContent = text;
    status.hidden = false;
  };

  const send = (cart) => {
    if (cart !== undefined) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "cart";
      field.value = cart;
      form.append(field);
    }
    form.action = "/checkout/cart";
    form.submit();
  };

  if (form) {
    for (const field of form.querySelectorAll("[name=address], [name=delivery]")) {
      field.addEventListener("change", () => send());
    }
  }
  if (!event) return;
  if (!shop || shop.closed) {
    say("The shop's page is closed, and this order cannot go on. Close this window.");
    return;
  }

  const number = `${Date.now()}-${Math.random()}`;
  const late = setTimeout(() => say(`The shop's page has not answered to ${event}.`), 15000);
  window.addEventListener("message", (message) => {
    const told = message.data;
    if (message.source !== shop || message.origin !== origin) return;
    if (!told || told.amazonPayAnswer !== number) return;
    clearTimeout(late);
    if (told.problem !== undefined) {
      say(`The shop's page has failed in ${event}: ${told.problem}`);
    } else if (form) {
      send(told.cart || "");
    }
  });
  shop.postMessage({ amazonPayEvent: event, number, details: JSON.parse(details) }, origin);
})();
