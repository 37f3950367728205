"""A person buys in a real browser: whole stories, from the shop's button to its end."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from AmazonPay import Client
from AmazonPay.simulator import Simulator, merchant
from AmazonPay.simulator.server import serving
from keys import KEY
from pages_shop import STORE, PagesShop
from simulated import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.process


class World:
    """A simulator with a clock, a shop, and a browser's tab."""

    def __init__(self, simulator: Simulator, clock: Clock, shop: PagesShop) -> None:
        self.simulator = simulator
        self.clock = clock
        self.shop = shop
        self.asked: set[str] = set()
        self.complaints: list[str] = []

    def watch(self, tab: Page) -> None:
        """Note what the tab asks for, and what the browser complains about."""
        tab.on("request", lambda one: self.asked.add(one.url))
        tab.on("pageerror", lambda one: self.complaints.append(str(one)))
        tab.on("console", lambda one: self.complaints.append(one.text))
        tab.on("dialog", lambda one: self.complaints.append(one.message))

    @property
    def session(self) -> dict[str, Any]:
        got: Any = self.shop.client.get_checkout_session(self.shop.session).json()
        return dict(got)

    def did(self) -> list[str]:
        rows = self.simulator.story(self.shop.session)
        return [str(row.facts["did"]) for row in rows if "did" in row.facts]

    def charge(self) -> dict[str, Any]:
        """Return the one charge that there is."""
        (charge,) = self.simulator.charges()
        return charge


@pytest.fixture
def world() -> Iterator[World]:
    clock = Clock()
    simulator = Simulator(
        [merchant("SANDBOX-A", KEY.public_key(), region="eu")], clock=clock
    )
    with (
        serving(simulator, tls=False) as served,
        Client("SANDBOX-A", KEY, "eu", endpoint_url=served.url) as client,
        PagesShop(client).open() as shop,
    ):
        yield World(simulator, clock, shop)


@pytest.fixture
def tab(browser: Browser, world: World) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    world.watch(page)
    yield page
    context.close()


def click_button(tab: Page, world: World) -> None:
    tab.goto(f"{world.shop.url}/cart")
    tab.get_by_test_id("amazon-pay-button").click()
    tab.wait_for_url("**/checkout/choose?**")


def review(tab: Page, card: str) -> None:
    """Choose a card, and come to the shop's review page."""
    tab.get_by_test_id(f"card-{card}").check()
    tab.get_by_test_id("continue").click()
    tab.wait_for_url("**/review?**")


def order(tab: Page) -> None:
    """Go from the review page to the page to pay on."""
    tab.click("#go")
    tab.wait_for_url("**/checkout/processing?**")


def test_a_person_buys_by_a_button_under_a_strict_policy(
    tab: Page, world: World
) -> None:
    click_button(tab, world)
    review(tab, "4444")
    expect(tab.locator("#card")).to_have_text("Mastercard ****4444 (Amazon Pay)")
    order(tab)
    expect(tab.get_by_test_id("price")).to_have_text("EUR 14.00")
    tab.get_by_test_id("pay").click()
    tab.wait_for_url("**/result?amazonCheckoutSessionId=*")
    expect(tab.locator("#status")).to_have_text("200")
    assert world.charge()["statusDetails"]["state"] == "Authorized"
    assert world.charge()["chargeAmount"]["amount"] == "14.00"
    assert world.did() == ["opened a session", "chose", "paid"]
    tab.go_back()
    expect(tab.get_by_test_id("ended")).to_be_visible()
    tab.reload()
    expect(tab.get_by_test_id("back")).to_be_visible()
    assert world.complaints == []
    assert {url.split("/")[2].split(":")[0] for url in world.asked} == {"localhost"}


def test_a_person_changes_address_and_card_on_the_review_page(
    tab: Page, world: World
) -> None:
    click_button(tab, world)
    tab.get_by_test_id("buyer-2").click()
    tab.wait_for_url("**buyer=2")
    tab.get_by_test_id("address-2").check()
    review(tab, "1111")
    expect(tab.locator("#where")).to_have_text("千代田区")
    tab.click("#changeAddress")
    tab.wait_for_url("**/checkout/choose?**")
    tab.get_by_test_id("address-1").check()
    tab.get_by_test_id("continue").click()
    tab.wait_for_url("**/review?**")
    expect(tab.locator("#where")).to_have_text("60 Holborn Viaduct")
    tab.click("#changePayment")
    tab.wait_for_url("**/checkout/choose?**")
    review(tab, "0005")
    expect(tab.locator("#where")).to_have_text("60 Holborn Viaduct")
    expect(tab.locator("#card")).to_have_text("Amex ****0005 (Amazon Pay)")
    assert world.session["buyer"]["email"] == "test-buyer-2@example.com"
    assert world.complaints == []


def test_a_person_gives_up_on_the_page_to_pay_on(tab: Page, world: World) -> None:
    click_button(tab, world)
    review(tab, "1111")
    order(tab)
    tab.get_by_test_id("cancel").click()
    tab.wait_for_url("**/result?**")
    details = world.session["statusDetails"]
    assert (details["state"], details["reasonCode"]) == ("Canceled", "BuyerCanceled")
    expect(tab.locator("#status")).to_have_text("422")


def test_a_card_is_declined_and_the_shop_learns_it(tab: Page, world: World) -> None:
    click_button(tab, world)
    review(tab, "3434")
    order(tab)
    tab.get_by_test_id("pay").click()
    tab.wait_for_url("**/result?**")
    expect(tab.locator("#status")).to_have_text("422")
    assert world.session["statusDetails"]["reasonCode"] == "Declined"
    assert world.session["chargeId"] is None


@pytest.mark.parametrize(
    ("card", "end"), [("0701", "Authorized"), ("4354", "Declined")]
)
def test_a_payment_is_pending_and_then_decided(
    tab: Page, world: World, card: str, end: str
) -> None:
    world.shop.payment = {"canHandlePendingAuthorization": True}
    click_button(tab, world)
    review(tab, card)
    order(tab)
    tab.get_by_test_id("pay").click()
    tab.wait_for_url("**/result?**")
    expect(tab.locator("#status")).to_have_text("202")
    assert world.charge()["statusDetails"]["state"] == "AuthorizationInitiated"
    world.clock.move(seconds=31)
    assert world.charge()["statusDetails"]["state"] == end


# The page of a shop with Buy Now: what its handlers were told, and what they answer.
BUY_NOW = """(options) => {
  window.told = [];
  const price = (amount) => ({ amount, currencyCode: "EUR" });
  const cart = (details) => {
    window.told.push(details);
    const fast = details.deliveryOptions && details.deliveryOptions.id === "fast";
    const way = (id, isDefault, amount) => ({
      id, isDefault, price: price(amount), shippingMethod: { shippingMethodName: id },
    });
    return {
      lineItems: [{ id: "tea", title: "Green tea", quantity: "1",
        listPrice: price("9.00"), totalListPrice: price("9.00") }],
      deliveryOptions: [way("slow", true, "5.00"), way("fast", false, "9.00")],
      totalBaseAmount: price("9.00"), totalTaxAmount: price("0.00"),
      totalShippingAmount: price(fast ? "9.00" : "5.00"),
      totalChargeAmount: price(fast ? "18.00" : "14.00"),
    };
  };
  amazon.Pay.renderButton("#AmazonPayButton", {
    ...options,
    onInitCheckout: cart,
    onShippingAddressSelection: async (details) => cart(details),
    onDeliveryOptionSelection: cart,
    onCompleteCheckout: (details) => { window.told.push(details); },
    onCancel: () => { window.told.push("canceled"); },
  });
}"""


def buy_now(tab: Page, world: World) -> Page:
    """Click the button; return the window of Amazon Pay with the shop's cart in it."""
    payload: Any = {"storeId": STORE, "paymentDetails": {"paymentIntent": "Authorize"}}
    button = world.shop.client.button(payload, merchant_id="A1", buy_now=True)
    tab.goto(f"{world.shop.url}/cart")
    tab.evaluate(BUY_NOW, button.config())
    with tab.expect_popup() as opened:
        tab.get_by_test_id("amazon-pay-button").click()
    window = opened.value
    world.watch(window)
    window.get_by_test_id("delivery-slow").wait_for()
    return window


def test_a_person_buys_now_on_the_shops_own_page(tab: Page, world: World) -> None:
    window = buy_now(tab, world)
    expect(window.get_by_test_id("price")).to_have_text("EUR 14.00")
    window.get_by_test_id("address-2").check()
    window.get_by_test_id("delivery-fast").check()
    window.get_by_text("Pay EUR 18.00").wait_for()
    expect(window.get_by_test_id("address-2")).to_be_checked()
    with window.expect_event("close"):
        window.get_by_test_id("pay").click()
    tab.wait_for_function("() => window.told.length === 4")
    told = tab.evaluate("() => window.told")
    assert [next(iter(one)) for one in told[:3]] == [
        *("shippingAddress", "shippingAddress", "deliveryOptions"),
    ]
    world.shop.session = told[3]["amazonCheckoutSessionId"]
    body: Any = {
        "chargeAmount": {"amount": "18.00", "currencyCode": "EUR"},
        "paymentIntent": "Authorize",
        "shippingAddress": told[3]["shippingAddress"],
    }
    world.shop.client.finalize_checkout_session(world.shop.session, body)
    assert world.charge()["chargeAmount"]["amount"] == "18.00"
    assert world.did() == ["opened a session", "chose", "paid"]
    assert world.complaints == []


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_a_person_leaves_buy_now(tab: Page, world: World, how: str) -> None:
    window = buy_now(tab, world)
    with window.expect_event("close"):
        if how == "close":
            window.close()
        else:
            window.get_by_test_id("cancel").click()
    tab.wait_for_function("() => window.told.includes('canceled')")
    assert world.simulator.charges() == []


def test_a_double_click_on_pay_pays_once(tab: Page, world: World) -> None:
    click_button(tab, world)
    review(tab, "1111")
    order(tab)
    tab.get_by_test_id("pay").dblclick()
    # The second click breaks off the way of the first one, which is no end of it.
    tab.wait_for_function("location.pathname.endsWith('/result')")
    assert world.did().count("paid") == 1
    assert world.charge()["statusDetails"]["state"] == "Authorized"


def test_a_wrong_signature_is_explained_on_the_page(tab: Page, world: World) -> None:
    click_button(tab, world)
    world.shop.altered = lambda html: html.replace("cart=7", "cart=8")
    tab.goto(f"{world.shop.url}/cart")
    tab.get_by_test_id("amazon-pay-button").click()
    tab.wait_for_url("**/checkout/initiate")
    expect(tab.get_by_test_id("error-code")).to_have_text("InvalidSignatureError")
    assert tab.locator("mark").all_inner_texts() == ["7", "8"]


# The script ---------------------------------------------------------------------------

GOOD = {
    "merchantId": "A1",
    "ledgerCurrency": "EUR",
    "placement": "Cart",
    "publicKeyId": "SANDBOX-A",
    "createCheckoutSessionConfig": {"payloadJSON": "{}", "signature": "x"},
}
CONFIG = "createCheckoutSessionConfig"
TEXT = "the text that was signed"
MONEY = "USD, EUR, GBP, JPY"
PLACES = "Home, Product, Cart, Checkout, Other"
THROWN: list[tuple[dict[str, Any], str]] = [
    ({"merchantId": None}, "Missing parameter 'merchantId' in the options object."),
    (
        {"ledgerCurrency": None},
        "Missing parameter 'ledgerCurrency' in the options object.",
    ),
    ({"placement": None}, "Missing parameter 'placement' in the options object."),
    (
        {"placement": "Foot"},
        f"Invalid value 'Foot' for parameter 'placement'. Allowed values: {PLACES}.",
    ),
    (
        {"ledgerCurrency": "SEK"},
        f"Invalid value 'SEK' for parameter 'ledgerCurrency'. Allowed values: {MONEY}.",
    ),
    ({"sandbox": False}, "The publicKeyId is for SANDBOX, but sandbox is false."),
    (
        {"publicKeyId": "LIVE-A", "sandbox": True},
        "The publicKeyId is for LIVE, but sandbox is true.",
    ),
    (
        {CONFIG: {"payloadJSON": "{}"}},
        f"Missing field signature for {CONFIG} parameter.",
    ),
    (
        {CONFIG: {"signature": "x"}},
        f"Missing field payloadJSON for {CONFIG} parameter.",
    ),
    ({"publicKeyId": None}, f"Missing field publicKeyId for {CONFIG} parameter."),
    (
        {CONFIG: {"payloadJSON": {"a": 1}, "signature": "x"}},
        f"Field payloadJSON for {CONFIG} parameter must be a string: {TEXT}.",
    ),
    (
        {"productType": "SignIn"},
        "Missing parameter 'signInConfig' in the options object.",
    ),
    (
        {"onInitCheckout": True},
        "Missing parameter 'onCompleteCheckout' in the options object.",
    ),
    (
        {"onInitCheckout": 1, "onCompleteCheckout": 1},
        "Missing parameter 'onCancel' in the options object.",
    ),
    (
        {"onInitCheckout": 1, "onCompleteCheckout": 1, "onCancel": 1},
        "Invalid value for parameter 'onInitCheckout': it must be a function.",
    ),
]
UPGRADE = {
    "payloadJSON": '{"merchantId": "A1"}',
    "signature": "x",
    "publicKeyId": "SANDBOX-A",
    "upgradeAction": "recurringUpgrade",
}
ACTIONS = "recurringUpgrade, recurringUpdate"
NOT_UPGRADED: list[tuple[dict[str, Any], str]] = [
    *(
        ({name: None}, f"Missing field {name} for bindUpgradeAction parameter.")
        for name in UPGRADE
    ),
    (
        {"upgradeAction": "x"},
        f"Invalid value 'x' for parameter 'upgradeAction'. Allowed values: {ACTIONS}.",
    ),
    (
        {"payloadJSON": {"merchantId": "A1"}},
        f"Field payloadJSON for bindUpgradeAction parameter must be a string: {TEXT}.",
    ),
    (
        {"payloadJSON": "{"},
        "Field payloadJSON for bindUpgradeAction parameter is no JSON.",
    ),
    (
        {"payloadJSON": "{}"},
        "Missing parameter 'merchantId' in the options object.",
    ),
]


def test_the_script_refuses_wrong_options_as_amazons_does(
    tab: Page, world: World
) -> None:
    tab.goto(f"{world.shop.url}/cart")
    for changed, expected in THROWN:
        options = {k: v for k, v in {**GOOD, **changed}.items() if v is not None}
        thrown = tab.evaluate(
            "options => { try { amazon.Pay.renderButton('#AmazonPayButton', options) }"
            " catch (problem) { return problem } }",
            options,
        )
        assert thrown == f"AmazonPay: {expected}"

    for changed, expected in NOT_UPGRADED:
        options = {k: v for k, v in {**UPGRADE, **changed}.items() if v is not None}
        thrown = tab.evaluate(
            "options => { try { amazon.Pay.bindUpgradeAction('h1', options) }"
            " catch (problem) { return problem } }",
            options,
        )
        assert thrown == f"AmazonPay: {expected}"


WRONG_ESTIMATES = [
    {"amount": "0", "currencyCode": "EUR"},
    {"amount": "-1", "currencyCode": "EUR"},
    {"amount": "1.001", "currencyCode": "EUR"},
    {"amount": "1.5", "currencyCode": "JPY"},
    {"amount": "1", "currencyCode": "BRL"},
    {"amount": "one", "currencyCode": "EUR"},
    {"currencyCode": "EUR"},
]


def test_an_estimate_that_cannot_be_is_logged_and_left_out(
    tab: Page, world: World
) -> None:
    tab.goto(f"{world.shop.url}/cart")
    button = tab.get_by_test_id("amazon-pay-button")
    render = "options => void (window.one = amazon.Pay.renderButton('h1', options))"
    for price in WRONG_ESTIMATES:
        world.complaints.clear()
        tab.evaluate(render, {**GOOD, "estimatedOrderAmount": price})
        (said,) = world.complaints
        assert said.startswith(
            "AmazonPay: Invalid value for parameter 'estimatedOrderAmount'"
        )
        expect(button.first).not_to_contain_text("€")
    right = {"amount": "1234.50", "currencyCode": "EUR"}
    options = {**GOOD, "estimatedOrderAmount": right, "checkoutLanguage": "de_DE"}
    tab.evaluate(render, options)
    world.complaints.clear()
    # As in Amazon's script, an update that cannot be is silent.
    for price in WRONG_ESTIMATES:
        tab.evaluate("price => window.one.updateButtonInfo(price)", price)
    expect(button.first).to_contain_text("1.234,50")
    assert world.complaints == []


def test_an_upgrade_opens_a_recurring_checkout(tab: Page, world: World) -> None:
    payload: Any = {
        **world.shop.payload(),
        "chargePermissionType": "Recurring",
        "recurringMetadata": {
            "frequency": {"unit": "Month", "value": "1"},
            "amount": {"amount": "14.00", "currencyCode": "EUR"},
        },
    }
    text = json.dumps({"merchantId": "A1", **payload}, ensure_ascii=False)
    options = {
        **UPGRADE,
        "payloadJSON": text,
        "signature": world.shop.client.generate_button_signature(text),
    }
    tab.goto(f"{world.shop.url}/cart")
    tab.evaluate("options => amazon.Pay.bindUpgradeAction('h1', options)", options)
    tab.click("h1")
    tab.wait_for_url("**/checkout/choose?**")
    expect(tab.get_by_test_id("recurring")).to_contain_text("EUR 14.00 every month")
    review(tab, "1111")
    assert world.session["chargePermissionType"] == "Recurring"
    tab.evaluate(
        "id => amazon.Pay.changeAccount({amazonCheckoutSessionId: id})",
        world.shop.session,
    )
    tab.get_by_test_id("buyer-2").click()
    tab.wait_for_url("**buyer=2")
    review(tab, "1111")
    assert world.session["buyer"]["email"] == "test-buyer-2@example.com"
    assert world.complaints == []


def test_a_decoupled_button_starts_when_the_shop_says_so(
    tab: Page, world: World
) -> None:
    tab.goto(f"{world.shop.url}/cart")
    session = world.shop.client.create_checkout_session(
        {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": f"{world.shop.url}/review",
                "checkoutResultReturnUrl": f"{world.shop.url}/result",
            },
            "storeId": STORE,
        }
    ).json()["checkoutSessionId"]
    kept = {k: v for k, v in GOOD.items() if k != CONFIG}
    tab.evaluate(
        """([options, id]) => {
          const button = amazon.Pay.renderButton("#AmazonPayButton", options);
          button.updateButtonInfo({amount: "19.90", currencyCode: "EUR"});
          button.updateButtonInfo({amount: "-1", currencyCode: "EUR"});
          button.onClick(() => button.initCheckout({createCheckoutSession: () => id}));
        }""",
        [kept, session],
    )
    button = tab.get_by_test_id("amazon-pay-button")
    expect(button).to_contain_text("€19.90")
    button.click()
    tab.wait_for_url("**/checkout/choose?**")
    review(tab, "1111")
    assert world.shop.session == session


def test_other_buttons_of_the_script_lead_to_the_pages(tab: Page, world: World) -> None:
    kept = {k: v for k, v in GOOD.items() if k != CONFIG}
    tab.goto(f"{world.shop.url}/cart")
    tab.evaluate(
        "options => amazon.Pay.renderJSButton('#AmazonPayButton', options)",
        {**kept, "checkoutSessionConfig": world.shop.payload()},
    )
    tab.get_by_test_id("amazon-pay-button").click()
    tab.wait_for_url("**/checkout/choose?**")
    tab.get_by_test_id("buyer-3").click()
    tab.wait_for_url("**buyer=3")
    review(tab, "1111")
    assert world.session["buyer"]["name"].startswith("Zoë O'Neill")

    sign_in: Any = {"signInReturnUrl": f"{world.shop.url}/in", "storeId": STORE}
    button = world.shop.client.button(
        sign_in, merchant_id="A1", product_type="SignIn"
    ).config()
    tab.goto(f"{world.shop.url}/cart")
    tab.evaluate("options => amazon.Pay.initCheckout(options)", button)
    tab.wait_for_url("**/checkout/sign_in?**")
    expect(tab.get_by_test_id("buyer-3")).to_be_checked()
    tab.get_by_test_id("continue").click()
    tab.wait_for_url("**/in?buyerToken=**")

    tab.goto(f"{world.shop.url}/cart")
    tab.evaluate("() => amazon.Pay.signout()")
    tab.get_by_test_id("amazon-pay-button").click()
    tab.wait_for_url("**/checkout/choose?**")
    expect(tab.get_by_test_id("buyer-1")).to_have_attribute("aria-current", "true")
    assert world.complaints == []


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        ('{"checkoutSessionId": "ID"}', {}),
        ('{"amazonCheckoutSessionId": "ID", "checkoutSessionId": "no"}', {}),
        ('{"id": "ID"}', {"extractAmazonCheckoutSessionId": "id", "method": "GET"}),
    ],
)
def test_a_button_asks_the_shops_server_for_a_session(
    tab: Page, world: World, answer: str, more: dict[str, str]
) -> None:
    payload: Any = world.shop.payload()
    made: Any = world.shop.client.create_checkout_session(payload).json()
    session = made["checkoutSessionId"]
    methods: list[str] = []

    def create(route: Route) -> None:
        methods.append(route.request.method)
        route.fulfill(body=answer.replace("ID", session))

    tab.route("**/create", create)
    tab.goto(f"{world.shop.url}/cart")
    options = {k: v for k, v in GOOD.items() if k != CONFIG}
    tab.evaluate(
        "options => amazon.Pay.renderButton('#AmazonPayButton', options)",
        {**options, "createCheckoutSession": {"url": "/create", **more}},
    )
    tab.get_by_test_id("amazon-pay-button").dblclick()
    tab.wait_for_url(f"**/checkout/choose?amazonCheckoutSessionId={session}")
    assert methods == [more.get("method", "POST")]


def test_a_button_that_a_page_describes_by_attributes_is_rendered(
    tab: Page, world: World
) -> None:
    config = world.shop.client.button(world.shop.payload(), merchant_id="A1").config()
    signed = config[CONFIG]
    attributes = {
        "amazonpay-merchant-id": "A1",
        "ledger-currency": "EUR",
        "placement": "Cart",
        "public-key-id": "SANDBOX-A",
        "payload": signed["payloadJSON"],
        "signature": signed["signature"],
        "amount": "14.00",
        "currency-code": "EUR",
    }
    told = " ".join(f'data-{k}="{escape(v)}"' for k, v in attributes.items())
    world.shop.altered = lambda html: (
        f"<div {told}></div>{re.findall('<script[^>]*src.*?</script>', html)[0]}"
    )
    tab.goto(f"{world.shop.url}/cart")
    button = tab.get_by_test_id("amazon-pay-button")
    expect(button).to_contain_text("€14.00")
    button.click()
    tab.wait_for_url("**/checkout/choose?**")
    assert world.complaints == []
