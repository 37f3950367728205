"""Buy Now: the pages ask the shop's page for its cart, and the shop finalizes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulated import LIVE_KEY_ID
from visitor import STORE, ButtonShop, Page, Visitor, session_of

ORIGIN = "https://shop.example"


def money(shop: ButtonShop, amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": shop.currency}


def cart(shop: ButtonShop, total: str = "25.00", **changed: Any) -> dict[str, Any]:
    """Write what a shop's page answers."""
    line = {
        "id": "tea",
        "title": "Green <b>tea</b>",
        "variantTitle": "100 g",
        "quantity": "2",
        "listPrice": money(shop, "10.00"),
        "totalListPrice": money(shop, "20.00"),
    }
    fast, slow = (
        {
            "id": name,
            "price": money(shop, price),
            "shippingMethod": {"shippingMethodName": name.title()},
            "isDefault": name == "slow",
        }
        for name, price in (("fast", "9.00"), ("slow", "5.00"))
    )
    made = {
        "lineItems": [line],
        "deliveryOptions": [fast, slow],
        "totalBaseAmount": money(shop, "20.00"),
        "totalShippingAmount": money(shop, "5.00"),
        "totalTaxAmount": money(shop, "0.00"),
        "totalChargeAmount": money(shop, total),
        **changed,
    }
    return {name: one for name, one in made.items() if one is not None}


def begun(
    shop: ButtonShop, payload: dict[str, Any] | None = None, **changed: Any
) -> tuple[Visitor, Page]:
    """Click a Buy Now button."""
    given = {
        "storeId": STORE,
        "paymentDetails": {"paymentIntent": "Authorize"},
        **(payload or {}),
    }
    view = {"viewType": "buyNowView", "origin_url": f"{ORIGIN}/tea?x=1"}
    return shop.clicked(given, **{**view, **changed})


def event(page: Page) -> tuple[str, dict[str, Any]]:
    """Tell which handler the page asks, and with what."""
    (told,) = [given for _, given in page.elements.tags if given.get("id") == "handler"]
    assert told["data-origin"] == ORIGIN
    return str(told["data-event"]), json.loads(str(told["data-details"]))


def answer(visitor: Visitor, page: Page, given: Any = None, **chosen: Any) -> Page:
    """Do what the page's script does with an answer; None is a choice without one."""
    fields: dict[str, Any] = {}
    for tag, one in page.elements.tags:
        if tag == "input" and (one["type"] == "hidden" or "checked" in one):
            fields[str(one["name"])] = one["value"]
    if given is not None:
        fields["cart"] = given if isinstance(given, str) else json.dumps(given)
    return visitor.follow(visitor.post("/checkout/cart", {**fields, **chosen}))


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


# The cart -----------------------------------------------------------------------------


def test_the_page_asks_the_shop_for_its_cart_first(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    name, details = event(page)
    assert name == "onInitCheckout"
    assert details["shippingAddress"]["postalCode"]
    assert details["checkoutLanguage"] == "en_US"
    # Who the buyer is, and where exactly, is told when they have paid.
    assert "name" not in details["shippingAddress"]
    assert "addressLine1" not in details["shippingAddress"]
    assert "pay" in page.off
    assert "waits" in page.ids
    shown = answer(visitor, page, cart(shop))
    assert event(shown)[0] == ""
    assert "waits" not in shown.ids
    assert shown.ids["price"]["text"] == "USD 25.00"
    bought = " ".join(shown.ids["cart"]["text"].split())
    assert "Green <b>tea</b> 100 gUSD 20.00" in bought
    assert "DeliveryUSD 5.00 TaxUSD 0.00" in bought
    assert "delivery-slow" in shown.chosen
    assert "pay" not in shown.off


def test_a_script_of_its_own_is_all_that_the_page_may_run(shop: ButtonShop) -> None:
    _, page = begun(shop)
    policy = page.header("content-security-policy")
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert [given for tag, given in page.elements.tags if tag == "script"] == [
        {"src": "/checkout/buy_now.js"}
    ]
    _, other = shop.clicked()
    assert "script-src" not in other.header("content-security-policy")


def test_each_choice_asks_the_shop_again(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    moved = answer(visitor, page, address="2" if "address-2" not in page.off else "3")
    name, details = event(moved)
    assert name == "onShippingAddressSelection"
    assert list(details) == ["shippingAddress"]
    assert "pay" in moved.off
    settled = answer(visitor, moved, cart(shop, "26.00"))
    assert settled.ids["price"]["text"] == "USD 26.00"
    fast = answer(visitor, settled, delivery="fast")
    name, details = event(fast)
    assert name == "onDeliveryOptionSelection"
    assert details["deliveryOptions"]["id"] == "fast"
    done = answer(visitor, fast, cart(shop, "30.00"))
    assert event(done)[0] == ""
    assert {"delivery-fast"} <= done.chosen
    assert done.ids["price"]["text"] == "USD 30.00"


def test_a_handler_that_is_not_there_changes_nothing(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    fast = answer(visitor, answer(visitor, page, delivery="fast"), "")
    assert event(fast)[0] == ""
    assert "delivery-fast" in fast.chosen
    assert fast.ids["price"]["text"] == "USD 25.00"


def test_another_buyer_asks_the_shop_again(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    other = visitor.get(f"/checkout/choose{page.ids['buyer-2']['href']}")
    assert event(other)[0] == "onShippingAddressSelection"
    assert event(answer(visitor, other, cart(shop)))[0] == ""


def test_the_payload_may_have_the_first_cart(shop: ButtonShop) -> None:
    _, page = begun(shop, {"cartDetails": cart(shop), "scopes": ["name", "vatId"]})
    assert page.ids["price"]["text"] == "USD 25.00"
    assert event(page)[0] == "onInitCheckout"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"totalChargeAmount": None}, "MissingParameterValue"),
        ({"unknown": 1}, "UnrecognizedField"),
        ({"totalTaxAmount": {"amount": "x", "currencyCode": "USD"}}, "InvalidParam"),
        ({"deliveryOptions": []}, "MissingParameterValue"),
        (
            {"totalChargeAmount": {"amount": "1", "currencyCode": "EUR"}},
            "CurrencyMismatch",
        ),
        (
            {"totalChargeAmount": {"amount": "0", "currencyCode": "USD"}},
            "InvalidParameterValue",
        ),
    ],
    ids=["no total", "unknown member", "no amount", "no delivery", "currency", "zero"],
)
def test_a_cart_that_cannot_be_is_refused_once(
    shop: ButtonShop, changed: dict[str, Any], code: str
) -> None:
    visitor, page = begun(shop)
    refused = answer(visitor, page, cart(shop, **changed))
    assert code in refused.ids["problem"]["text"]
    assert "pay" in refused.off
    # Asked again, the shop's page would answer the same, for ever.
    assert event(refused)[0] == ""
    again = answer(visitor, refused)
    assert event(again)[0] == "onInitCheckout"


def test_a_refused_cart_leaves_the_one_before(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    free = cart(shop, "1.00", deliveryOptions=[])
    refused = answer(visitor, page, free)
    assert "MissingParameterValue" in refused.ids["problem"]["text"]
    assert refused.ids["price"]["text"] == "USD 25.00"
    again = answer(visitor, refused)
    assert "delivery-slow" in again.chosen
    assert again.ids["price"]["text"] == "USD 25.00"


def test_a_cart_with_two_defaults_or_without_json_is_refused(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    both = cart(shop)
    both["deliveryOptions"][0]["isDefault"] = True
    assert "Exactly one" in answer(visitor, page, both).ids["problem"]["text"]
    assert "JSON" in answer(visitor, page, "[").ids["problem"]["text"]


def test_what_is_not_shipped_needs_no_delivery(shop: ButtonShop) -> None:
    visitor, page = begun(shop, productType="PayOnly")
    assert "shippingAddress" not in event(page)[1]
    shown = answer(visitor, page, cart(shop, deliveryOptions=None))
    assert "pay" not in shown.off
    assert not [name for name in shown.ids if name.startswith("delivery")]


# Paying -------------------------------------------------------------------------------


def finalized(shop: ButtonShop, session: str, total: str = "25.00") -> Any:
    known = shop.asked(session)
    body = {
        "chargeAmount": shop.money(total),
        "paymentIntent": "Authorize",
        "shippingAddress": known["shippingAddress"],
    }
    return shop.post(f"/checkoutSessions/{session}/finalize", body)


def test_paying_tells_the_shop_and_its_server_finalizes(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    paid = visitor.follow(visitor.submit(page, "pay"))
    session = session_of(visitor.submit(page, "pay"))
    name, details = event(paid)
    assert name == "onCompleteCheckout"
    assert details["amazonCheckoutSessionId"] == session
    assert details["paymentDetails"]["chargeAmount"]["amount"] == "25.00"
    assert "back" not in paid.ids
    reply = finalized(shop, session)
    assert (reply.status, reply.state[0]) == (200, "Completed")
    assert [one["chargeAmount"]["amount"] for one in shop.simulator.charges()] == [
        "25.00"
    ]
    assert visitor.follow(visitor.submit(page, "pay")).ids["ended"]


def test_the_shop_cannot_finalize_another_amount(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    session = session_of(visitor.submit(page, "pay"))
    assert finalized(shop, session, "24.00").error == (409, "AmountMismatch")


def test_nobody_pays_a_price_that_the_shop_has_not_said(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    asked = visitor.follow(visitor.submit(page, "pay", delivery="fast"))
    assert event(asked)[0] == "onDeliveryOptionSelection"
    assert shop.asked(session_of(asked))["buyer"] is None


def test_canceling_tells_the_shop(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    left = visitor.follow(visitor.submit(page, "cancel"))
    assert event(left)[0] == "onCancel"
    session = session_of(visitor.submit(page, "cancel"))
    assert shop.asked(session)["statusDetails"]["reasonCode"] == "BuyerCanceled"


def test_a_decline_is_found_when_the_shop_finalizes(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    page = answer(visitor, page, cart(shop))
    paid = visitor.follow(visitor.submit(page, "pay", card="3434"))
    assert event(paid)[0] == "onCompleteCheckout"
    session = event(paid)[1]["amazonCheckoutSessionId"]
    assert finalized(shop, session).error == (422, "CheckoutSessionCanceled")


def test_in_live_a_declined_buyer_chooses_again() -> None:
    shop = ButtonShop(key_id=LIVE_KEY_ID)
    visitor, page = begun(shop, environment="LIVE")
    page = answer(visitor, page, cart(shop))
    declined = visitor.follow(visitor.submit(page, "pay", card="3434"))
    assert "declined" in declined.ids["problem"]["text"]
    paid = visitor.follow(visitor.submit(declined, "pay", card="1111"))
    assert event(paid)[0] == "onCompleteCheckout"


def test_what_the_payload_lacks_stands_in_the_way(shop: ButtonShop) -> None:
    visitor, page = begun(shop, {"paymentDetails": {}})
    shown = answer(visitor, page, cart(shop))
    assert "paymentIntent" in shown.ids["missing"]["text"]
    assert "pay" in shown.off


# Elsewhere ----------------------------------------------------------------------------


def test_the_pages_of_a_review_lead_to_that_of_buy_now(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    session = session_of(page)
    link = f"/checkout/processing?amazonCheckoutSessionId={session}"
    assert visitor.get(link).location.startswith("/checkout/choose?")
    fields = {"amazonCheckoutSessionId": session, "act": "pay"}
    posted = visitor.post("/checkout/processing", fields)
    assert posted.location.startswith("/checkout/choose?")


def test_a_session_of_the_shops_server_may_be_bought_now(shop: ButtonShop) -> None:
    body = shop.session_body()
    del body["webCheckoutDetails"]
    session = shop.open(body)
    view = {"viewType": "buyNowView", "origin_url": ORIGIN}
    form = shop.form(payloadJSON=None, amazonCheckoutSessionId=session, **view)
    visitor = shop.visitor()
    page = visitor.follow(visitor.post("/checkout/initiate", form))
    assert event(page)[0] == "onInitCheckout"


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://a", "https://", "https://[::1", "https://a b/"]
)
def test_a_button_on_no_page_is_refused(shop: ButtonShop, url: str) -> None:
    form = shop.form({"storeId": STORE}, viewType="buyNowView", origin_url=url)
    sent = shop.visitor().post("/checkout/initiate", form)
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"


def test_no_other_session_takes_a_cart(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    fields = {"amazonCheckoutSessionId": session_of(page), "cart": "{}"}
    assert visitor.post("/checkout/cart", fields).status == 404


def test_no_other_page_sends_a_cart(shop: ButtonShop) -> None:
    visitor, page = begun(shop)
    fields = {"amazonCheckoutSessionId": session_of(page), "cart": "{}"}
    sent = visitor.post("/checkout/cart", fields, origin="https://evil.example")
    assert sent.status == 401


def test_several_addresses_are_not_bought_now(shop: ButtonShop) -> None:
    view = {"viewType": "buyNowView", "origin_url": ORIGIN}
    form = shop.form({"storeId": STORE}, productType="PayAndShipMultiAddress", **view)
    sent = shop.visitor().post("/checkout/initiate", form)
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"
