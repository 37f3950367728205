"""What the buyer's pages offer, and what a choice or a change does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from visitor import ButtonShop, change, ready, session_of


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


# Choosing -----------------------------------------------------------------------------


def test_addresses_that_the_shop_excludes_are_off_with_the_reason(
    shop: ButtonShop,
) -> None:
    delivery = {
        "specialRestrictions": ["RestrictPOBoxes"],
        "addressRestrictions": {
            "type": "NotAllowed",
            "restrictions": {"US": {"statesOrRegions": ["AK"]}},
        },
    }
    _, page = shop.clicked(shop.payload(deliverySpecifications=delivery))
    assert {"address-2", "address-3"} <= page.off
    assert "the shop does not ship to PO boxes" in page.text
    assert "the shop does not ship to this place" in page.text
    assert "address-1" in page.chosen


def test_a_packstation_is_off_where_the_shop_excludes_it() -> None:
    shop = ButtonShop("eu")
    delivery = {"specialRestrictions": ["RestrictPackstations"]}
    _, page = shop.clicked(shop.payload(deliverySpecifications=delivery))
    assert "address-3" in page.off
    assert "the shop does not ship to Packstations" in page.text


def test_a_buyer_without_a_usable_address_cannot_go_on(shop: ButtonShop) -> None:
    only = {"type": "Allowed", "restrictions": {"FR": {}}}
    payload = shop.payload(deliverySpecifications={"addressRestrictions": only})
    visitor, page = shop.clicked(payload)
    assert "continue" in page.off
    assert "The shop ships to none of these addresses" in page.text
    forced = visitor.submit(page, "continue", address="1")
    assert forced.ids["error-code"]["text"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("payment", "off"),
    [
        ({}, {"card-1212"}),
        ({"paymentIntent": "Authorize"}, {"card-1212", "card-0701", "card-4354"}),
        (
            {"paymentIntent": "Authorize", "canHandlePendingAuthorization": True},
            {"card-1212"},
        ),
    ],
)
def test_cards_that_cannot_work_are_off(
    shop: ButtonShop, payment: dict[str, Any], off: set[str]
) -> None:
    payload = shop.payload(paymentDetails=payment) if payment else None
    _, page = shop.clicked(payload)
    assert {name for name in page.off if name.startswith("card-")} == off


def test_only_some_cards_pay_in_another_currency() -> None:
    shop = ButtonShop("eu")
    amount = {"amount": "5", "currencyCode": "SEK"}
    payload = shop.payload(paymentDetails={"chargeAmount": amount})
    _, page = shop.clicked(payload)
    assert {"card-0005", "card-9424", "card-0000"} <= page.off
    assert "not in another currency than the shop's" in page.text
    assert page.ids["price"]["text"] == "SEK 5.00"


def test_every_card_says_what_it_will_do(shop: ButtonShop) -> None:
    _, page = shop.clicked()
    for words in (
        "approved at once",
        "given up on the way: session Canceled, BuyerCanceled",
        "declined: session Canceled, Declined",
        "pending, approved after 30 s, if the session has paymentIntent Authorize and",
        "canHandlePendingAuthorization true",
        "pending, declined after 30 s (HardDeclined)",
    ):
        assert words in page.text


@pytest.mark.parametrize(
    ("region", "currency", "country", "price"),
    [
        ("na", None, "US", "USD 14.00"),
        ("eu", None, "DE", "EUR 14.00"),
        ("eu", "GBP", "GB", "GBP 14.00"),
        ("jp", None, "JP", "JPY 1,400"),
    ],
)
def test_buyers_are_at_home_in_the_region(
    region: str, currency: str | None, country: str, price: str
) -> None:
    shop = ButtonShop(region, ledger_currency=currency)
    visitor, page = shop.clicked(ready(shop))
    assert page.ids["price"]["text"] == price
    back = visitor.submit(page, "continue")
    assert shop.asked(session_of(back))["shippingAddress"]["countryCode"] == country


def test_another_buyer_has_other_addresses_and_is_remembered(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    other = visitor.get(f"/checkout/choose{page.ids['buyer-2']['href']}")
    back = visitor.submit(other, "continue")
    got = shop.asked(session_of(back))
    assert got["buyer"]["email"] == "test-buyer-2@example.com"
    assert got["shippingAddress"]["countryCode"] == "DE"
    assert visitor.cookie == "amazonpay_simulator_buyer=2"
    again = visitor.post("/checkout/initiate", shop.form())
    assert "buyer-2" in visitor.follow(again).chosen
    assert visitor.get("/checkout/signout").status == 204
    assert visitor.cookie == "amazonpay_simulator_buyer="
    last = visitor.post("/checkout/initiate", shop.form())
    assert "buyer-1" in visitor.follow(last).chosen


@pytest.mark.parametrize("number", ["0", "4", "999", "-1", "x", "²", ""])
def test_a_buyer_who_does_not_exist_is_the_first_one(
    shop: ButtonShop, number: str
) -> None:
    visitor, page = shop.clicked()
    back = visitor.submit(page, "continue", buyer=number, address=number)
    got = shop.asked(session_of(back))
    assert got["buyer"]["email"] == "test-buyer@example.com"
    assert got["shippingAddress"]["city"] == "Chicago"


def test_several_addresses_can_be_chosen(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(productType="PayAndShipMultiAddress")
    assert page.ids["address-1"]["type"] == "checkbox"
    back = visitor.submit(page, "continue", address=["1", "3"])
    session = session_of(back)
    listed = shop.asked(session)["shippingAddressList"]
    assert [re.findall(r'"city": "(\w+)"', one)[0] for one in listed] == [
        "Chicago",
        "Fairbanks",
    ]
    changed = visitor.follow(
        visitor.get(
            f"/checkout/initiate_auth?amazonCheckoutSessionId={session}"
            "&changeAction=changePayment"
        )
    )
    visitor.submit(changed, "continue", card="0005")
    assert change(visitor, session, "changeAddress").chosen == {
        *("address-1", "address-3"),
    }
    assert len(shop.asked(session)["shippingAddressList"]) == 2


# Changes ------------------------------------------------------------------------------


def test_a_change_of_address_keeps_the_card(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue", card="4444"))
    before = shop.asked(session)["buyer"]
    changing = change(visitor, session, "changeAddress")
    assert {name.partition("-")[0] for name in changing.ids} == {
        *("address", "continue", "cancel", "shop"),
    }
    assert changing.chosen == {"address-1"}
    back = visitor.submit(changing, "continue", address="2")
    assert back.location.startswith("https://shop.example/review?")
    got = shop.asked(session)
    assert got["shippingAddress"]["addressLine1"] == "PO Box 1234"
    assert "4444" in got["paymentPreferences"][0]["paymentDescriptor"]
    assert got["buyer"] == before


def test_a_change_of_card_keeps_the_address(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue", address="3"))
    changing = change(visitor, session, "changePayment")
    assert changing.chosen == {"card-1111"}
    visitor.submit(changing, "continue", card="0005")
    got = shop.asked(session)
    assert got["shippingAddress"]["city"] == "Fairbanks"
    assert "0005" in got["paymentPreferences"][0]["paymentDescriptor"]


def test_going_back_from_a_change_changes_nothing(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue"))
    before = shop.asked(session)
    changing = change(visitor, session, "changePayment")
    back = visitor.submit(changing, "cancel", card="0005")
    assert back.location.startswith("https://shop.example/review?")
    assert shop.asked(session) == before


@pytest.mark.parametrize("action", ["changeAddress", "changePayment"])
def test_a_change_before_there_is_a_choice_is_the_choice(
    shop: ButtonShop, action: str
) -> None:
    visitor, page = shop.clicked()
    changing = change(visitor, session_of(page), action)
    assert {"buyer-1", "address-1", "card-1111"} <= changing.chosen


def test_an_unknown_change_is_refused(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    sent = visitor.get(
        f"/checkout/initiate_auth?amazonCheckoutSessionId={session_of(page)}"
        "&changeAction=changeName"
    )
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"


def test_a_session_without_a_delivery_has_no_address_to_change(
    shop: ButtonShop,
) -> None:
    visitor, page = shop.clicked(productType="PayOnly")
    session = session_of(visitor.submit(page, "continue"))
    changing = change(visitor, session, "changeAddress")
    assert "address-1" not in changing.ids
    assert "card-1111" in changing.chosen
