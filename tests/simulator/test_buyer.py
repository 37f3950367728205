"""The buyer: what they choose, pay, cancel, and do in their account."""

from __future__ import annotations

from typing import Any

import pytest

from AmazonPay.simulator.wire.errors import APIRefusal
from reference import orders
from reference.codes import GOOD_CARDS, GOOD_CARDS_OF_JAPAN
from reference.places import ALWAYS_NEEDED, BOXES_KNOWN_IN, NEEDED, REFUSE_STATE
from simulated import RECURRING, Reply, Shop

FULL = {
    "name": "Susie Smith",
    "addressLine1": "10 Ditka Ave",
    "city": "Chicago",
    "stateOrRegion": "IL",
    "postalCode": "60602",
    "countryCode": "US",
    "phoneNumber": "0",
}
UNKNOWN_SESSION = "00000000-0000-4000-8000-000000000000"


def session_of(shop: Shop, **members: object) -> str:
    return shop.open({**shop.session_body(), **members})


def got(shop: Shop, session: str) -> Any:
    return shop.get(f"/checkoutSessions/{session}").json


# Choosing -----------------------------------------------------------------------------


def test_choosing_gives_the_session_a_buyer(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.choose(session)
    answer = got(shop, session)
    assert list(answer["buyer"]) == orders.BUYER_DETAILS
    assert answer["buyer"]["buyerId"].startswith("amzn1.account.")
    assert answer["buyer"]["primeMembershipTypes"] is None
    assert list(answer["shippingAddress"]) == orders.ADDRESS
    assert answer["productType"] == "PayAndShip"
    descriptor = "Visa ****1111 (Amazon Pay)"
    assert answer["paymentPreferences"] == [{"paymentDescriptor": descriptor}]


def test_a_buyer_may_choose_anew_and_stays_the_same_buyer(shop: Shop) -> None:
    session = shop.open()
    first = shop.simulator.choose(session)
    again = shop.simulator.choose(session, card="4444", product_type="PayOnly")
    assert again["buyer"] == first["buyer"]
    assert again["shippingAddress"] is None
    descriptor = "Mastercard ****4444 (Amazon Pay)"
    assert again["paymentPreferences"] == [{"paymentDescriptor": descriptor}]


def test_an_entered_address_is_shown_with_nulls_for_the_rest(shop: Shop) -> None:
    shown = shop.simulator.choose(shop.open(), shipping_address={"name": "A"})
    assert shown["shippingAddress"] == {**dict.fromkeys(orders.ADDRESS), "name": "A"}


@pytest.mark.parametrize(
    "address", [{"name": 1}, {"nme": "A"}, {"name": "x" * 51}, {"city": {"a": 1.5}}]
)
def test_an_address_that_is_none_is_refused(
    shop: Shop, address: dict[str, Any]
) -> None:
    with pytest.raises(APIRefusal):
        shop.simulator.choose(shop.open(), shipping_address=address)


@pytest.mark.parametrize(
    ("region", "product", "scopes", "bills"),
    [
        ("na", "PayAndShip", None, False),
        ("na", "PayAndShip", ["billingAddress"], True),
        ("na", "PayOnly", None, True),
        ("jp", "PayAndShip", ["name"], False),
        ("eu", "PayAndShip", None, True),
    ],
)
def test_the_billing_address_comes_by_scope_region_or_product(
    region: str, product: str, scopes: object, bills: bool
) -> None:
    shop = Shop(region)
    session = session_of(shop, **({} if scopes is None else {"scopes": scopes}))
    shown = shop.simulator.choose(session, product_type=product)
    assert (shown["billingAddress"] is not None) is bills


@pytest.mark.parametrize(
    ("scopes", "known"),
    [
        (["name"], {"name"}),
        (["email", "phoneNumber"], {"email", "phoneNumber"}),
        (["primeStatus"], set[str]()),
    ],
)
def test_scopes_hide_what_they_leave_out_from_session_and_permission(
    shop: Shop, scopes: list[str], known: set[str]
) -> None:
    session = shop.paid({**shop.session_body(), "scopes": scopes})
    before = got(shop, session)["buyer"]
    done = shop.complete(session).json
    after = shop.get(f"/chargePermissions/{done['chargePermissionId']}").json["buyer"]
    assert before == after
    assert {name for name, value in after.items() if value is not None} == (
        known | {"buyerId"}
    )


@pytest.mark.parametrize("region", ["na", "eu", "jp"])
def test_a_card_is_offered_where_amazon_offers_it(region: str) -> None:
    shop = Shop(region)
    for card in GOOD_CARDS:
        shop.simulator.choose(shop.open(), card=card)
    for card in GOOD_CARDS_OF_JAPAN:
        if region == "jp":
            shop.simulator.choose(shop.open(), card=card)
        else:
            with pytest.raises(APIRefusal, match="card is one of"):
                shop.simulator.choose(shop.open(), card=card)


def test_an_unknown_card_product_or_session_is_named(shop: Shop) -> None:
    session = shop.open()
    with pytest.raises(APIRefusal, match="card is one of 1111"):
        shop.simulator.choose(session, card="9999")
    with pytest.raises(APIRefusal, match="product type is one of PayAndShip"):
        shop.simulator.choose(session, product_type="SignIn")
    with pytest.raises(APIRefusal, match=UNKNOWN_SESSION):
        shop.simulator.choose(UNKNOWN_SESSION)


# Where an order may go ----------------------------------------------------------------


def specified(kind: str, **restrictions: object) -> dict[str, Any]:
    rules = {"type": kind, "restrictions": restrictions}
    return {"deliverySpecifications": {"addressRestrictions": rules}}


@pytest.mark.parametrize(
    ("members", "usable"),
    [
        ({}, True),
        (specified("Allowed", US={}), True),
        (specified("Allowed", JP={}), False),
        (specified("Allowed", US={"statesOrRegions": ["IL", "WA"]}), True),
        (specified("Allowed", US={"statesOrRegions": ["WA"]}), False),
        (specified("Allowed", US={"zipCodes": ["60602"]}), True),
        (specified("Allowed", US={"zipCodes": ["606*"]}), False),
        (
            specified("Allowed", US={"statesOrRegions": ["WA"], "zipCodes": ["60602"]}),
            True,
        ),
        (specified("NotAllowed", US={}), False),
        (specified("NotAllowed", JP={}), True),
        (specified("NotAllowed", US={"statesOrRegions": ["AK", "HI"]}), True),
        (specified("NotAllowed", US={"statesOrRegions": ["IL"]}), False),
        (specified("Allowed", US={"zipCodes": []}), False),
        ({"deliverySpecifications": {"specialRestrictions": []}}, True),
    ],
)
def test_address_restrictions_decide_what_a_buyer_can_choose(
    shop: Shop, members: dict[str, Any], usable: bool
) -> None:
    session = session_of(shop, **members)
    if usable:
        shop.simulator.choose(session, shipping_address=FULL)
    else:
        with pytest.raises(APIRefusal, match="addressRestrictions"):
            shop.simulator.choose(session, shipping_address=FULL)
        assert got(shop, session)["buyer"] is None


def test_restrictions_do_not_matter_where_nothing_is_shipped(shop: Shop) -> None:
    session = session_of(shop, **specified("Allowed", JP={}))
    shown = shop.simulator.choose(session, product_type="PayOnly")
    assert shown["buyer"] is not None


BOXES = {"RestrictPOBoxes": "P.O. Box 12", "RestrictPackstations": "Packstation 101"}


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_refused_where_amazon_knows_them(shop: Shop, name: str) -> None:
    countries = {*BOXES_KNOWN_IN["RestrictPOBoxes"], "JP"}
    refused: set[str] = set()
    for country in countries:
        members = {"deliverySpecifications": {"specialRestrictions": [name]}}
        address = {**FULL, "countryCode": country, "addressLine2": BOXES[name]}
        try:
            shop.simulator.choose(session_of(shop, **members), shipping_address=address)
        except APIRefusal:
            refused.add(country)
    assert refused == set(BOXES_KNOWN_IN[name])


# Paying at once -----------------------------------------------------------------------

AT_ONCE = {
    "webCheckoutDetails": {
        "checkoutMode": "ProcessOrder",
        "checkoutResultReturnUrl": "https://shop.example/result",
    }
}


def ordered(shop: Shop, details: object) -> Reply:
    body = {**shop.session_body(), **AT_ONCE, "addressDetails": details}
    return shop.post("/checkoutSessions", body)


def filled(country: str) -> dict[str, str]:
    members = [*ALWAYS_NEEDED, *NEEDED[country]]
    return {**dict.fromkeys(members, "1"), "countryCode": country}


@pytest.mark.parametrize("country", NEEDED)
def test_an_order_needs_the_address_members_of_its_country(
    shop: Shop, country: str
) -> None:
    assert ordered(shop, filled(country)).status == 201
    for member in filled(country):
        for empty in ({}, {member: "  "}):
            details = {k: v for k, v in filled(country).items() if k != member}
            reply = ordered(shop, {**details, **empty})
            assert reply.error == (400, "MissingParameterValue")
            assert member in reply.json["message"]


@pytest.mark.parametrize("country", REFUSE_STATE)
def test_some_countries_refuse_a_state(shop: Shop, country: str) -> None:
    details = {**filled("DE"), "countryCode": country}
    assert ordered(shop, details).status == 201
    refused = ordered(shop, {**details, "stateOrRegion": "X"})
    assert refused.error == (400, "InvalidParameterValue")


def test_an_order_goes_to_the_address_that_the_merchant_sent_along(shop: Shop) -> None:
    details = {
        **FULL,
        "name": "  Susie Smith ",
        "postalCode": " ec1a 1bb ",
        "countryCode": "us",
        "districtOrCounty": "Cook",
    }
    session = ordered(shop, details).json["checkoutSessionId"]
    shop.simulator.choose(session)
    assert got(shop, session)["shippingAddress"] == {
        **dict.fromkeys(orders.ADDRESS),
        **FULL,
        "district": "Cook",
        "postalCode": "EC1A 1BB",
    }


def test_an_order_that_is_shipped_needs_an_address_and_one_that_is_not_needs_none(
    shop: Shop,
) -> None:
    body = {**shop.session_body(), **AT_ONCE}
    session = shop.open(body)
    with pytest.raises(APIRefusal, match="'addressDetails' is required"):
        shop.simulator.choose(session)
    shop.simulator.choose(session, product_type="PayOnly")
    shop.simulator.pay(session)
    assert shop.complete(session).status == 200


def test_a_buyer_who_pays_at_once_chooses_no_other_address(shop: Shop) -> None:
    session = ordered(shop, FULL).json["checkoutSessionId"]
    with pytest.raises(APIRefusal, match="merchant gave the address"):
        shop.simulator.choose(session, shipping_address=FULL)


# Paying -------------------------------------------------------------------------------


def test_a_buyer_pays_when_nothing_is_missing(shop: Shop) -> None:
    session = shop.open()
    with pytest.raises(APIRefusal, match="BuyerNotAssociated"):
        shop.simulator.pay(session)
    shop.simulator.choose(session)
    shop.simulator.pay(session)
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)


def test_after_paying_a_buyer_neither_chooses_pays_nor_cancels(shop: Shop) -> None:
    session = shop.paid()
    for act in (shop.simulator.choose, shop.simulator.pay, shop.simulator.cancel):
        with pytest.raises(APIRefusal, match="Checkout Session"):
            act(session)


@pytest.mark.parametrize("card", ["0701", "4354"])
@pytest.mark.parametrize(
    "payment",
    [
        {},
        {"paymentIntent": "Confirm", "canHandlePendingAuthorization": True},
        {"paymentIntent": "AuthorizeWithCapture"},
    ],
)
def test_a_pending_card_needs_a_merchant_who_waits_for_an_authorization(
    shop: Shop, card: str, payment: dict[str, Any]
) -> None:
    session = shop.open(shop.session_body(**payment))
    shop.simulator.choose(session, card=card)
    with pytest.raises(APIRefusal, match=f"card {card} needs") as caught:
        shop.simulator.pay(session)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("card", "pays"),
    [("1111", True), ("4444", True), ("0005", False), ("9424", False), ("0000", False)],
)
def test_in_another_currency_visa_and_mastercard_pay(card: str, pays: bool) -> None:
    shop = Shop("eu")
    body = shop.session_body()
    price = {"amount": "50", "currencyCode": "CHF"}
    session = shop.open({**body, "paymentDetails": {**body["paymentDetails"]}})
    shop.simulator.choose(session, card=card)
    shop.patch(
        f"/checkoutSessions/{session}", {"paymentDetails": {"chargeAmount": price}}
    )
    if pays:
        shop.simulator.pay(session)
    else:
        with pytest.raises(APIRefusal, match="another currency"):
            shop.simulator.pay(session)


def test_without_consent_there_is_no_wallet_to_set_up(shop: Shop) -> None:
    session = session_of(
        shop,
        chargePermissionType="PaymentMethodOnFile",
        paymentMethodOnFileMetadata={"setupOnly": True},
    )
    shop.simulator.choose(session, consents=False)
    with pytest.raises(APIRefusal, match="Without consent"):
        shop.simulator.pay(session)


# In their account ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "state"),
    [
        ("close", ("Closed", "BuyerClosed")),
        ("deletePaymentMethod", ("NonChargeable", "PaymentMethodDeleted")),
        ("deleteBillingAddress", ("NonChargeable", "BillingAddressDeleted")),
    ],
)
def test_a_buyer_ends_or_blocks_a_permission(
    shop: Shop, act: str, state: object
) -> None:
    permission = shop.buy(more=RECURRING).permission
    shown = shop.simulator.manage(permission, act)
    reply = shop.get(f"/chargePermissions/{permission}")
    assert reply.state == state
    assert reply.json == shown
    assert shop.charge(permission, "1").error == (422, "InvalidChargePermissionStatus")


def test_a_buyer_mends_the_payment_method_that_was_declined(shop: Shop) -> None:
    permission = shop.buy(more=RECURRING).permission
    shop.charge(permission, "1", code="HardDeclined")
    assert shop.charge(permission, "1").error == (422, "InvalidChargePermissionStatus")
    shop.simulator.manage(permission, "mendPaymentMethod")
    assert shop.charge(permission, "1").status == 201


def test_an_order_cannot_be_closed_by_the_buyer(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    with pytest.raises(APIRefusal, match="Charge Permission"):
        shop.simulator.manage(permission, "close")


def test_a_card_that_is_fine_is_not_mended(shop: Shop) -> None:
    held, free = shop.buy().permission, shop.buy("50", "Confirm").permission
    for permission in (held, free):
        with pytest.raises(APIRefusal, match="Charge Permission"):
            shop.simulator.manage(permission, "mendPaymentMethod")


def test_an_unknown_permission_or_act_is_named(shop: Shop) -> None:
    with pytest.raises(APIRefusal, match="S01-0000000-0000000"):
        shop.simulator.manage("S01-0000000-0000000", "close")
    with pytest.raises(APIRefusal, match="act is one of close"):
        shop.simulator.manage(shop.buy().permission, "burn")


def test_what_a_buyer_does_is_in_the_story_of_the_order(shop: Shop) -> None:
    bought = shop.buy(more=RECURRING)
    shop.simulator.manage(bought.permission, "close")
    rows = shop.simulator.story(bought.session)
    did = [row.facts["did"] for row in rows if row.kind == "buyer"]
    assert did == ["chose", "paid", "close"]
