/* checkout.js of the simulator: what amazon.Pay does in Amazon's own script, as far as a
   shop can see it. Documented at amazon-pay-checkout/amazon-pay-script.html. */
(() => {
  "use strict";

  const home = new URL(document.currentScript.src).origin;
  const PLACEMENTS = ["Home", "Product", "Cart", "Checkout", "Other"];
  const PRODUCTS = ["PayAndShip", "PayOnly", "SignIn", "PayAndShipMultiAddress", "Donation"];
  const CURRENCIES = {
    USD: ["USD"],
    JPY: ["JPY"],
    EUR: ["AUD", "GBP", "DKK", "EUR", "HKD", "JPY", "NZD", "NOK", "ZAR", "SEK", "CHF", "USD"],
  };
  CURRENCIES.GBP = CURRENCIES.EUR;
  const LANGUAGES = {
    USD: ["en_US"],
    EUR: ["en_GB", "de_DE", "fr_FR", "it_IT", "es_ES"],
    GBP: ["en_GB", "de_DE", "fr_FR", "it_IT", "es_ES"],
    JPY: ["ja_JP"],
  };
  const COLORS = {
    Gold: ["#f5c542", "#e9b62b", "#1d1d1b", "#b58a12"],
    LightGray: ["#eceef0", "#dde0e4", "#1d1d1b", "#a9afb6"],
    DarkGray: ["#3b4048", "#2b2f36", "#ffffff", "#1c1f24"],
  };
  /* Of Buy Now; the first ones must be there. */
  const NEEDED_HANDLERS = ["onInitCheckout", "onCompleteCheckout", "onCancel"];
  const HANDLERS = [
    ...NEEDED_HANDLERS,
    "onShippingAddressSelection",
    "onDeliveryOptionSelection",
    "onMerchantManagedPaymentMethodSelection",
    "onGiftWrapOptionSelection",
    "onError",
  ];
  const UPGRADES = ["recurringUpgrade", "recurringUpdate"];

  /* Amazon's script throws texts, and shops compare them. */
  const refuse = (problem) => {
    throw `AmazonPay: ${problem}`;
  };
  const warn = (problem) => console.warn(`AmazonPay: ${problem}`);

  // Options --------------------------------------------------------------------------

  const needed = (options, names) => {
    for (const name of names) {
      if (!options[name]) refuse(`Missing parameter '${name}' in the options object.`);
    }
  };

  const oneOf = (options, name, allowed) => {
    if (options[name] !== undefined && !allowed.includes(options[name])) {
      refuse(
        `Invalid value '${options[name]}' for parameter '${name}'.` +
          ` Allowed values: ${allowed.join(", ")}.`,
      );
    }
  };

  /* An estimate that cannot be is left out, and said in the console unless it is quiet. */
  const estimate = (price, ledger, quiet) => {
    if (!price) return undefined;
    const amount = String(price.amount);
    const decimals = price.currencyCode === "JPY" ? "" : "(\\.\\d{1,2})?";
    const sound = new RegExp(`^\\d+${decimals}$`).test(amount) && Number(amount) > 0;
    if (sound && CURRENCIES[ledger].includes(price.currencyCode)) {
      return { amount, currencyCode: price.currencyCode };
    }
    if (!quiet) {
      const known = CURRENCIES[ledger].join(", ");
      warn(
        "Invalid value for parameter 'estimatedOrderAmount': it is left out. The amount is more" +
          ` than 0, with the decimals of its currency, which is one of ${known}.`,
      );
    }
    return undefined;
  };

  const environmentOf = (options, keyId) => {
    const prefix = /^(SANDBOX|LIVE)-/i.exec(keyId || "");
    const named = prefix && prefix[1].toUpperCase();
    if (typeof options.sandbox !== "boolean") return named || "LIVE";
    const chosen = options.sandbox ? "SANDBOX" : "LIVE";
    if (named && named !== chosen) {
      refuse(`The publicKeyId is for ${named}, but sandbox is ${options.sandbox}.`);
    }
    return chosen;
  };

  const signedConfig = (options, name) => {
    const given = options[name];
    const config = { ...given };
    config.publicKeyId = given.publicKeyId || options.publicKeyId;
    for (const field of ["payloadJSON", "signature", "publicKeyId"]) {
      if (!config[field]) refuse(`Missing field ${field} for ${name} parameter.`);
    }
    if (typeof config.payloadJSON !== "string") {
      refuse(`Field payloadJSON for ${name} parameter must be a string: the text that was signed.`);
    }
    config.mismatch = Boolean(
      options.publicKeyId && given.publicKeyId && options.publicKeyId !== given.publicKeyId,
    );
    return config;
  };

  const checked = (given) => {
    if (!given || typeof given !== "object") refuse("Missing options object.");
    const options = { ...given };
    needed(options, ["merchantId", "ledgerCurrency", "placement"]);
    oneOf(options, "ledgerCurrency", Object.keys(LANGUAGES));
    oneOf(options, "placement", PLACEMENTS);
    oneOf(options, "productType", PRODUCTS);
    options.productType = options.productType || "PayAndShip";
    const languages = LANGUAGES[options.ledgerCurrency];
    if (!languages.includes(options.checkoutLanguage)) {
      const preferred = navigator.language.replace("-", "_");
      options.checkoutLanguage = languages.includes(preferred) ? preferred : languages[0];
    }
    if (!COLORS[options.buttonColor]) options.buttonColor = "Gold";
    options.estimatedOrderAmount = estimate(options.estimatedOrderAmount, options.ledgerCurrency);
    if (buysNow(options)) {
      needed(options, NEEDED_HANDLERS);
      for (const name of HANDLERS) {
        if (options[name] && typeof options[name] !== "function") {
          refuse(`Invalid value for parameter '${name}': it must be a function.`);
        }
      }
    }
    return options;
  };

  const buysNow = (options) => HANDLERS.some((name) => options[name]);

  const configured = (options) =>
    Boolean(
      options.createCheckoutSessionConfig ||
        options.createCheckoutSession ||
        options.checkoutSessionConfig ||
        options.signInConfig,
    );

  // What a click sends ---------------------------------------------------------------

  /* Returns the fields that name the checkout, or a promise of them. */
  const fieldsOf = (options) => {
    if (options.productType === "SignIn") {
      if (!options.signInConfig) refuse("Missing parameter 'signInConfig' in the options object.");
      return signedFields(options, "signInConfig");
    }
    if (options.createCheckoutSessionConfig) {
      return signedFields(options, "createCheckoutSessionConfig");
    }
    if (options.checkoutSessionConfig) {
      return {
        checkoutSessionConfig: JSON.stringify(options.checkoutSessionConfig),
        publicKeyId: options.publicKeyId || "",
        environment: environmentOf(options, options.publicKeyId),
      };
    }
    if (options.createCheckoutSession) {
      return createdSession(options.createCheckoutSession).then((id) => ({
        amazonCheckoutSessionId: id,
        environment: environmentOf(options, options.publicKeyId),
      }));
    }
    return refuse("Missing parameter 'createCheckoutSessionConfig' in the options object.");
  };

  const signedFields = (options, name) => {
    const config = signedConfig(options, name);
    const fields = {
      payloadJSON: config.payloadJSON,
      signature: config.signature,
      publicKeyId: config.publicKeyId,
      publicKeyIdMismatch: String(config.mismatch),
      environment: environmentOf(options, config.publicKeyId),
    };
    if (config.algorithm) fields.algorithm = config.algorithm;
    return fields;
  };

  const createdSession = async (given) => {
    let source = typeof given === "function" ? await given() : given;
    if (typeof source === "string") return source;
    if (!source || !source.url) refuse("createCheckoutSession gives neither an id nor a url.");
    const answer = await fetch(source.url, { method: source.method || "POST" });
    if (!answer.ok) refuse(`${source.url} answered ${answer.status}.`);
    const body = await answer.json();
    const extract = source.extractAmazonCheckoutSessionId;
    const id =
      typeof extract === "function"
        ? extract(body)
        : (extract && body[extract]) || body.amazonCheckoutSessionId || body.checkoutSessionId;
    if (!id) refuse(`The answer of ${source.url} has no checkoutSessionId.`);
    return id;
  };

  const post = (fields, target) => {
    const form = document.createElement("form");
    form.method = "POST";
    if (target) form.target = target;
    form.action = `${home}/checkout/initiate`;
    form.hidden = true;
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.appendChild(field);
    }
    document.body.appendChild(form);
    form.submit();
    form.remove();
  };

  const start = (options) => {
    const common = {
      checkoutLanguage: options.checkoutLanguage,
      ledgerCurrency: options.ledgerCurrency,
      merchantId: options.merchantId,
      productType: options.productType,
      scopes: options.scopes ? [].concat(options.scopes).join(" ") : "",
      merchantDomain: location.hostname,
      origin_url: location.href,
      viewType: buysNow(options) ? "buyNowView" : "redirectView",
    };
    if (options.estimatedOrderAmount && options.productType !== "SignIn") {
      common.estimatedOrderAmount = JSON.stringify(options.estimatedOrderAmount);
    }
    const fields = fieldsOf(options);
    // A window opens in the click itself, or a browser blocks it.
    const target = buysNow(options) ? openWindow(options) : undefined;
    if (fields instanceof Promise) return fields.then((own) => post({ ...common, ...own }, target));
    return post({ ...common, ...fields }, target);
  };

  // Buy Now --------------------------------------------------------------------------

  const WINDOW = "amazonPayBuyNow";
  let stop = () => {};

  /* Opens Amazon Pay's window, and answers to it with the shop's handlers. */
  const openWindow = (options) => {
    stop();
    const opened = window.open("about:blank", WINDOW, "popup,width=520,height=800");
    if (!opened) refuse("The browser has blocked the window of Amazon Pay.");
    let watch;
    const listen = (message) => {
      const told = message.data;
      if (message.source !== opened || message.origin !== home) return;
      if (told && HANDLERS.includes(told.amazonPayEvent)) answer(told);
    };
    stop = () => {
      window.removeEventListener("message", listen);
      clearInterval(watch);
    };
    const answer = async ({ amazonPayEvent: name, number, details }) => {
      const last = name === "onCompleteCheckout" || name === "onCancel";
      const told = { amazonPayAnswer: number };
      try {
        const given = options[name] && (await options[name](details));
        const cart = given && (given.cartDetails || given);
        if (cart && !last) told.cart = JSON.stringify(cart);
      } catch (problem) {
        told.problem = String((problem && problem.message) || problem);
        if (options.onError) options.onError(problem);
      }
      if (last && told.problem === undefined) {
        stop();
        opened.close();
      } else {
        opened.postMessage(told, home);
      }
    };
    window.addEventListener("message", listen);
    watch = setInterval(() => {
      if (!opened.closed) return;
      stop();
      options.onCancel({});
    }, 500);
    return WINDOW;
  };

  /* A double click starts one checkout. */
  const once = (act) => {
    let running = false;
    return (...given) => {
      if (running) return;
      running = true;
      const again = () => setTimeout(() => (running = false), 1000);
      try {
        Promise.resolve(act(...given)).finally(again);
      } catch (problem) {
        running = false;
        throw problem;
      }
    };
  };

  // The button -----------------------------------------------------------------------

  const style = ([face, pressed, ink, line]) => `
    :host { display: inline-block; width: 100%; min-width: 150px; max-width: 320px; }
    button {
      width: 100%; min-height: 46px; padding: 6px 18px; box-sizing: border-box;
      display: flex; flex-wrap: wrap; gap: 0 10px; align-items: center; justify-content: center;
      border: 1px solid ${line}; border-radius: 10px; background: ${face}; color: ${ink};
      font: 600 17px/1.2 system-ui, sans-serif; cursor: pointer;
      box-shadow: 0 1px 2px rgb(0 0 0 / .14); transition: background .12s;
    }
    button:hover { background: ${pressed}; }
    button:active { transform: translateY(1px); box-shadow: none; }
    button:focus-visible { outline: 3px solid #2f6fde; outline-offset: 2px; }
    .tag {
      font-size: 11px; letter-spacing: .06em; text-transform: uppercase; padding: 2px 7px;
      border: 1px solid currentColor; border-radius: 99px;
    }
    .price { font-weight: 500; font-size: 14px; }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } }
  `;

  const shown = (price, language) =>
    new Intl.NumberFormat(language.replace("_", "-"), {
      style: "currency",
      currency: price.currencyCode,
    }).format(price.amount);

  const draw = (place, options) => {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style(COLORS[options.buttonColor]));
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.testid = "amazon-pay-button";
    const text = document.createElement("span");
    text.textContent = options.productType === "SignIn" ? "Sign in" : "Amazon Pay";
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.textContent = "test";
    const price = document.createElement("span");
    price.className = "price";
    button.append(text, tag, price);
    root.appendChild(button);
    place.replaceChildren(host);
    return { button, price };
  };

  const found = (selector) => {
    const place = typeof selector === "string" ? document.querySelector(selector) : selector;
    if (!place) refuse(`No element matches the selector '${selector}'.`);
    return place;
  };

  const renderButton = (selector, given) => {
    const options = checked(given);
    const decoupled = !configured(options);
    if (!decoupled) {
      if (options.productType === "SignIn") needed(options, ["signInConfig"]);
      for (const name of ["createCheckoutSessionConfig", "signInConfig"]) {
        if (options[name]) environmentOf(options, signedConfig(options, name).publicKeyId);
      }
    }
    const { button, price } = draw(found(selector), options);
    const show = () => {
      price.textContent = options.estimatedOrderAmount ? shown(options.estimatedOrderAmount, options.checkoutLanguage) : "";
    };
    show();
    const updateButtonInfo = (amount) => {
      const sound = estimate(amount, options.ledgerCurrency, true);
      if (sound) options.estimatedOrderAmount = sound;
      show();
    };
    if (!decoupled) {
      button.addEventListener("click", once(() => start(options)));
      return options.productType === "SignIn" ? undefined : { updateButtonInfo };
    }
    let onClick = () => {
      if (options.productType === "SignIn") refuse("Missing parameter 'signInConfig' in the options object.");
    };
    button.addEventListener("click", (event) => onClick(event));
    return {
      updateButtonInfo,
      onClick: (act) => {
        onClick = act;
      },
      initCheckout: once((more) => start(checked({ ...options, ...more }))),
    };
  };

  const initCheckout = once((given) => start(checked(given)));

  // After the button -----------------------------------------------------------------

  const change = (id, changeAction) => {
    const query = new URLSearchParams({
      amazonCheckoutSessionId: id,
      changeAction,
      viewType: "redirectView",
    });
    location.assign(`${home}/checkout/initiate_auth?${query}`);
  };

  const bindChangeAction = (selector, given) => {
    needed(given || {}, ["amazonCheckoutSessionId", "changeAction"]);
    oneOf(given, "changeAction", ["changeAddress", "changePayment"]);
    const place = found(selector);
    place.addEventListener("click", (event) => {
      event.preventDefault();
      change(given.amazonCheckoutSessionId, given.changeAction);
    });
  };

  /* Posts a signed payload that makes a checkout a recurring one, or changes one. */
  const bindUpgradeAction = (selector, given) => {
    const config = given || {};
    for (const field of ["payloadJSON", "signature", "publicKeyId", "upgradeAction"]) {
      if (!config[field]) refuse(`Missing field ${field} for bindUpgradeAction parameter.`);
    }
    oneOf(config, "upgradeAction", UPGRADES);
    if (typeof config.payloadJSON !== "string") {
      refuse("Field payloadJSON for bindUpgradeAction parameter must be a string: the text that was signed.");
    }
    let payload;
    try {
      payload = JSON.parse(config.payloadJSON);
    } catch {
      refuse("Field payloadJSON for bindUpgradeAction parameter is no JSON.");
    }
    needed(payload, ["merchantId"]);
    const environment = environmentOf({}, config.publicKeyId);
    const act = once(() =>
      post({
        merchantId: payload.merchantId,
        checkoutLanguage: payload.checkoutLanguage || "",
        ledgerCurrency: payload.ledgerCurrency || "",
        productType: payload.productType || "PayAndShip",
        payloadJSON: config.payloadJSON,
        signature: config.signature,
        publicKeyId: config.publicKeyId,
        upgradeAction: config.upgradeAction,
        environment,
        ...(config.algorithm ? { algorithm: config.algorithm } : {}),
        merchantDomain: location.hostname,
        origin_url: location.href,
        viewType: "redirectView",
      }),
    );
    found(selector).addEventListener("click", (event) => {
      event.preventDefault();
      act();
    });
  };

  /* Goes to the pages of a session as `changeAction` says. */
  const changing = (changeAction) => (given) => {
    needed(given || {}, ["amazonCheckoutSessionId"]);
    change(given.amazonCheckoutSessionId, changeAction);
  };

  const signout = (callback) => {
    const left = fetch(`${home}/checkout/signout`, { mode: "no-cors", credentials: "include" });
    return left.then(() => callback && callback());
  };

  window.amazon = window.amazon || {};
  window.amazon.Pay = {
    renderButton,
    renderJSButton: renderButton,
    initCheckout,
    bindChangeAction,
    signout,
    bindUpgradeAction,
    changePaymentMethod: changing("changePayment"),
    changeShippingAddress: changing("changeAddress"),
    changeAccount: changing("changeAccount"),
    switchAccount: changing("changeAccount"),
  };

  // Buttons that a page describes by attributes --------------------------------------

  const renderDescribed = () => {
    for (const place of document.querySelectorAll("div[data-amazonpay-merchant-id]")) {
      const data = (name) => place.getAttribute(`data-${name}`) ?? undefined;
      const options = {
        merchantId: data("amazonpay-merchant-id"),
        ledgerCurrency: data("ledger-currency"),
        checkoutLanguage: data("language"),
        productType: data("product-type"),
        placement: data("placement"),
        buttonColor: data("button-color"),
        publicKeyId: data("public-key-id"),
      };
      if (data("sandbox") !== undefined) options.sandbox = data("sandbox") === "true";
      if (data("amount") !== undefined) {
        options.estimatedOrderAmount = { amount: data("amount"), currencyCode: data("currency-code") };
      }
      const name = options.productType === "SignIn" ? "signInConfig" : "createCheckoutSessionConfig";
      options[name] = {
        payloadJSON: data("payload"),
        signature: data("signature"),
        algorithm: data("algorithm"),
      };
      renderButton(place, options);
    }
  };
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", renderDescribed);
  } else {
    renderDescribed();
  }
})();
