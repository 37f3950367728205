"""Checkout Sessions: create, get, update, and the ways in which they end."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from AmazonPay.simulator import Request, Settings, merchant
from keys import KEY
from reference import orders
from reference.codes import SESSION_ENDS
from reference.limits import SESSION_KEPT, SESSION_LIFE
from simulated import KEY_ID, Reply, Shop, reply_of

NOT_OPEN = (422, "InvalidCheckoutSessionStatus")
NOT_FOUND = (404, "ResourceNotFound")
BAD_VALUE = (400, "InvalidParameterValue")
MISSING = (400, "MissingParameterValue")
EXCLUDED = (400, "InvalidParameterCombination")
MISMATCH = (400, "CurrencyMismatch")

REVIEW = {"checkoutReviewReturnUrl": "https://shop.example/review"}
RESULT = {"checkoutResultReturnUrl": "https://shop.example/result"}
STORE = "amzn1.application-oa2-client.0123"
BARE: dict[str, Any] = {"webCheckoutDetails": REVIEW, "storeId": STORE}
MONTHLY = {"unit": "Month", "value": "1"}


def created(shop: Shop, body: object = BARE, **members: object) -> Any:
    assert isinstance(body, dict)
    return shop.post("/checkoutSessions", {**body, **members})


def got(shop: Shop, session: str) -> Any:
    return shop.get(f"/checkoutSessions/{session}").json


def updated(shop: Shop, session: str, **members: object) -> Reply:
    return shop.patch(f"/checkoutSessions/{session}", members)


def missing(answer: Any) -> list[str]:
    return [constraint["constraintId"] for constraint in answer["constraints"]]


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "USD"}


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "EUR"}


# A new session ------------------------------------------------------------------------


def test_a_new_session_is_open_and_knows_nothing_but_what_it_was_told(
    shop: Shop,
) -> None:
    reply = created(shop)
    session = reply.json["checkoutSessionId"]
    assert reply.status == 201
    assert reply.json == {
        "checkoutSessionId": session,
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": "https://shop.example/review",
            "checkoutResultReturnUrl": None,
            "amazonPayRedirectUrl": None,
            "checkoutCancelUrl": None,
        },
        "productType": None,
        "paymentDetails": {
            "paymentIntent": None,
            "canHandlePendingAuthorization": False,
            "chargeAmount": None,
            "totalOrderAmount": None,
            "softDescriptor": None,
            "presentmentCurrency": None,
            "allowOvercharge": None,
            "extendExpiration": None,
        },
        "chargePermissionType": "OneTime",
        "orderType": None,
        "recurringMetadata": None,
        "paymentMethodOnFileMetadata": None,
        "merchantDetails": None,
        "merchantMetadata": {
            "merchantReferenceId": None,
            "merchantStoreName": None,
            "noteToBuyer": None,
            "customInformation": None,
        },
        "supplementaryData": None,
        "buyer": None,
        "billingAddress": None,
        "paymentPreferences": [None],
        "statusDetails": {
            "state": "Open",
            "reasonCode": None,
            "reasonDescription": None,
            "lastUpdatedTimestamp": "21000115T120000Z",
        },
        "shippingAddress": None,
        "platformId": None,
        "chargePermissionId": None,
        "chargeId": None,
        "constraints": reply.json["constraints"],
        "creationTimestamp": "21000115T120000Z",
        "expirationTimestamp": "21000116T120000Z",
        "storeId": STORE,
        "providerMetadata": {"providerReferenceId": None},
        "releaseEnvironment": "Sandbox",
        "checkoutButtonText": None,
        "deliverySpecifications": None,
        "tokens": None,
    }


def test_members_come_in_amazons_order() -> None:
    answer = created(Shop()).json
    assert list(answer) == orders.CHECKOUT_SESSION
    assert list(answer["webCheckoutDetails"]) == orders.WEB_CHECKOUT_DETAILS
    assert list(answer["paymentDetails"]) == orders.PAYMENT_DETAILS
    assert list(answer["statusDetails"]) == orders.STATUS_DETAILS
    assert list(answer["merchantMetadata"]) == orders.MERCHANT_METADATA


def test_an_id_is_a_uuid_in_lower_case() -> None:
    session = created(Shop()).json["checkoutSessionId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", session)


def test_get_gives_what_create_gave(shop: Shop) -> None:
    reply = created(shop, shop.session_body())
    assert got(shop, reply.json["checkoutSessionId"]) == reply.json


def test_what_is_missing_is_listed_by_id_with_amazons_texts() -> None:
    constraints = created(Shop()).json["constraints"]
    assert [tuple(constraint.values()) for constraint in constraints[1:]] == [
        ("ChargeAmountNotSet", "chargeAmount is not set."),
        ("CheckoutResultReturnUrlNotSet", "checkoutResultReturnUrl is not set."),
        ("PaymentIntentNotSet", "paymentIntent is not set."),
    ]
    assert constraints[0]["constraintId"] == "BuyerNotAssociated"
    assert "Amazon Pay Button" in constraints[0]["description"]


def test_a_recurring_session_needs_a_frequency_and_an_amount_all_the_same(
    shop: Shop,
) -> None:
    answer = created(shop, chargePermissionType="Recurring").json
    assert missing(answer)[1:] == [
        "ChargeAmountNotSet",
        "CheckoutResultReturnUrlNotSet",
        "PaymentIntentNotSet",
        "RecurringFrequencyNotSet",
    ]
    session = answer["checkoutSessionId"]
    later = updated(shop, session, recurringMetadata={"frequency": MONTHLY})
    assert "RecurringFrequencyNotSet" not in missing(later.json)


def test_a_wallet_that_is_only_set_up_needs_no_amount_but_an_intent() -> None:
    wallet = {
        "chargePermissionType": "PaymentMethodOnFile",
        "paymentMethodOnFileMetadata": {"setupOnly": True},
    }
    assert missing(created(Shop(), **wallet).json)[1:] == [
        "CheckoutResultReturnUrlNotSet",
        "PaymentIntentNotSet",
    ]


def test_set_up_only_means_nothing_for_other_permissions() -> None:
    wallet = {"paymentMethodOnFileMetadata": {"setupOnly": True}}
    assert "ChargeAmountNotSet" in missing(created(Shop(), **wallet).json)


def test_a_session_echoes_what_it_was_told() -> None:
    members: dict[str, Any] = {
        "chargePermissionType": "Recurring",
        "recurringMetadata": {"frequency": {"unit": "Year", "value": 2}},
        "merchantMetadata": {"merchantReferenceId": "A-1"},
        "deliverySpecifications": {"specialRestrictions": ["RestrictPOBoxes"]},
        "platformId": "A1PLATFORM",
        "providerMetadata": {"providerReferenceId": "P-1"},
        "supplementaryData": "{}",
        "multiAddressesCheckoutMetadata": [
            {"addressId": "amzn1.address.A", "price": usd("1.5")}
        ],
    }
    answer = created(Shop(), **members).json
    assert {name: answer[name] for name in members} == {
        **members,
        "recurringMetadata": {
            "frequency": {"unit": "Year", "value": "2"},
            "amount": None,
        },
        "merchantMetadata": {
            "merchantReferenceId": "A-1",
            "merchantStoreName": None,
            "noteToBuyer": None,
            "customInformation": None,
        },
        "multiAddressesCheckoutMetadata": [
            {"addressId": "amzn1.address.A", "price": usd("1.50")}
        ],
    }


def test_the_presentment_currency_is_null_at_first_though_an_amount_is_set(
    shop: Shop,
) -> None:
    payment = created(shop, shop.session_body()).json["paymentDetails"]
    assert payment["presentmentCurrency"] is None


def test_a_review_page_is_needed_unless_the_buyer_pays_at_once(shop: Shop) -> None:
    at_once = {"checkoutMode": "ProcessOrder", **RESULT}
    assert created(shop, webCheckoutDetails=RESULT).error == MISSING
    assert created(shop, webCheckoutDetails=at_once).error == MISSING
    body = {**shop.session_body(), "webCheckoutDetails": at_once}
    assert created(shop, body).status == 201


def test_a_session_takes_no_simulation_code() -> None:
    reply = Shop().post("/checkoutSessions", BARE, code="Declined")
    assert reply.error == (400, "InvalidSandboxSimulationSpecified")


# Where the buyer is sent to -----------------------------------------------------------


def test_the_redirect_comes_as_soon_as_nothing_is_missing(shop: Shop) -> None:
    session = shop.open()
    assert got(shop, session)["webCheckoutDetails"]["amazonPayRedirectUrl"] is None
    shop.simulator.choose(session)
    answer = got(shop, session)
    assert answer["constraints"] == []
    url = answer["webCheckoutDetails"]["amazonPayRedirectUrl"]
    assert url.endswith(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert len(url) <= 256


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_redirect_leads_back_to_where_the_simulator_is_served(
    shop: Shop, scheme: str
) -> None:
    session = shop.open()
    shop.simulator.choose(session)
    path = f"/v2/checkoutSessions/{session}"
    asked = shop.signed("GET", path, b"", unsigned={"host": "localhost:8421"})
    request = Request(asked.method, asked.target, asked.headers, b"", scheme)
    web = reply_of(shop.simulator.handle(request)).json["webCheckoutDetails"]
    assert web["amazonPayRedirectUrl"].startswith(f"{scheme}://localhost:8421/")


# Updates ------------------------------------------------------------------------------


def test_an_update_keeps_what_it_leaves_out(shop: Shop) -> None:
    session = created(shop, merchantMetadata={"noteToBuyer": "Hi"}).json[
        "checkoutSessionId"
    ]
    updated(shop, session, webCheckoutDetails=RESULT)
    updated(shop, session, paymentDetails={"paymentIntent": "Authorize"})
    updated(shop, session, paymentDetails={"chargeAmount": usd("5")})
    updated(shop, session, merchantMetadata={"merchantReferenceId": "A-1"})
    answer = got(shop, session)
    assert answer["webCheckoutDetails"] == {
        "checkoutReviewReturnUrl": "https://shop.example/review",
        "checkoutResultReturnUrl": "https://shop.example/result",
        "amazonPayRedirectUrl": None,
        "checkoutCancelUrl": None,
    }
    assert answer["paymentDetails"]["paymentIntent"] == "Authorize"
    assert answer["paymentDetails"]["chargeAmount"] == usd("5.00")
    assert answer["merchantMetadata"]["noteToBuyer"] == "Hi"
    assert answer["merchantMetadata"]["merchantReferenceId"] == "A-1"
    assert missing(answer) == ["BuyerNotAssociated"]


def test_an_update_of_the_amount_sets_the_presentment_currency() -> None:
    shop = Shop("eu")
    session = created(shop).json["checkoutSessionId"]
    answer = updated(
        shop,
        session,
        paymentDetails={"chargeAmount": {"amount": "1", "currencyCode": "CHF"}},
    ).json
    assert answer["paymentDetails"]["presentmentCurrency"] == "CHF"


def test_an_update_may_repeat_until_the_buyer_has_paid(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.choose(session)
    for amount in ("1", "2", "3"):
        reply = updated(shop, session, paymentDetails={"chargeAmount": usd(amount)})
        assert reply.status == 200
    shop.simulator.pay(session)
    reply = updated(shop, session, paymentDetails={"chargeAmount": usd("4")})
    assert reply.error == NOT_OPEN


def test_an_update_sets_its_time(shop: Shop) -> None:
    session = shop.open()
    shop.clock.move(seconds=5)
    answer = updated(shop, session, platformId="P").json
    assert answer["statusDetails"]["lastUpdatedTimestamp"] == "21000115T120005Z"
    assert answer["creationTimestamp"] == "21000115T120000Z"


def test_an_update_makes_a_session_recurring(shop: Shop) -> None:
    session = shop.open()
    answer = updated(
        shop,
        session,
        chargePermissionType="Recurring",
        recurringMetadata={"frequency": MONTHLY, "amount": usd("30")},
    ).json
    assert answer["chargePermissionType"] == "Recurring"
    assert answer["recurringMetadata"] == {"frequency": MONTHLY, "amount": usd("30.00")}


def test_a_recurring_amount_of_null_takes_it_back_and_keeps_the_frequency(
    shop: Shop,
) -> None:
    session = shop.open()
    rhythm = {"frequency": MONTHLY, "amount": usd("30")}
    updated(shop, session, recurringMetadata=rhythm)
    answer = updated(shop, session, recurringMetadata={"amount": None}).json
    assert answer["recurringMetadata"] == {"frequency": MONTHLY, "amount": None}


@pytest.mark.parametrize(("value", "status"), [("0", 200), (0, 200), ("1", 400)])
def test_a_variable_frequency_has_the_value_0(
    shop: Shop, value: object, status: int
) -> None:
    frequency = {"unit": "Variable", "value": value}
    reply = updated(shop, shop.open(), recurringMetadata={"frequency": frequency})
    assert reply.status == status


def test_an_update_replaces_what_is_no_object(shop: Shop) -> None:
    session = shop.open()
    split = [{"addressId": "amzn1.address.A", "price": usd("3")}]
    answer = updated(
        shop,
        session,
        multiAddressesCheckoutMetadata=split,
        supplementaryData="x",
        providerMetadata={"providerReferenceId": "P-1"},
    ).json
    assert answer["multiAddressesCheckoutMetadata"][0]["price"] == usd("3.00")
    assert answer["supplementaryData"] == "x"
    assert answer["providerMetadata"] == {"providerReferenceId": "P-1"}


def test_a_refused_update_changes_nothing(shop: Shop) -> None:
    session = shop.open()
    before = got(shop, session)
    reply = updated(
        shop,
        session,
        platformId="P",
        paymentDetails={
            "paymentIntent": "AuthorizeWithCapture",
            "canHandlePendingAuthorization": True,
        },
    )
    assert reply.error == EXCLUDED
    assert got(shop, session) == before


# What does not go together ------------------------------------------------------------


@pytest.mark.parametrize(
    ("payment", "error"),
    [
        (
            {
                "paymentIntent": "AuthorizeWithCapture",
                "canHandlePendingAuthorization": True,
            },
            EXCLUDED,
        ),
        ({"paymentIntent": "Authorize", "softDescriptor": "Shop"}, EXCLUDED),
        ({"paymentIntent": "Confirm", "softDescriptor": "Shop"}, EXCLUDED),
        ({"chargeAmount": usd("2"), "totalOrderAmount": usd("1")}, BAD_VALUE),
        ({"chargeAmount": usd("150000.01")}, (400, "TransactionAmountExceeded")),
        ({"chargeAmount": usd("0")}, BAD_VALUE),
        ({"chargeAmount": eur("1")}, BAD_VALUE),
        ({"presentmentCurrency": "EUR"}, BAD_VALUE),
    ],
)
def test_payment_details_that_cannot_be_are_refused(
    shop: Shop, payment: object, error: tuple[int, str]
) -> None:
    assert created(shop, paymentDetails=payment).error == error
    session = created(shop).json["checkoutSessionId"]
    if "presentmentCurrency" not in str(payment):
        assert updated(shop, session, paymentDetails=payment).error == error


@pytest.mark.parametrize(
    "payment",
    [
        {"paymentIntent": "AuthorizeWithCapture", "softDescriptor": "x" * 16},
        {"softDescriptor": "Shop"},
        {"paymentIntent": "Authorize", "canHandlePendingAuthorization": True},
        {"paymentIntent": "Confirm", "canHandlePendingAuthorization": True},
        {"chargeAmount": usd("1"), "totalOrderAmount": usd("1")},
        {"chargeAmount": usd("150000")},
        {"presentmentCurrency": "USD", "chargeAmount": usd("1")},
    ],
)
def test_payment_details_that_can_be_are_taken(payment: object) -> None:
    assert created(Shop(), paymentDetails=payment).status == 201


@pytest.mark.parametrize(
    "payment",
    [
        {"chargeAmount": eur("1"), "totalOrderAmount": usd("2")},
        {"chargeAmount": eur("1"), "presentmentCurrency": "USD"},
    ],
)
def test_a_payment_is_in_one_currency(payment: object) -> None:
    assert created(Shop("eu"), paymentDetails=payment).error == MISMATCH


@pytest.mark.parametrize(("region", "status"), [("na", 400), ("jp", 400), ("eu", 201)])
def test_another_currency_than_the_ledgers_is_for_the_eu_and_uk(
    region: str, status: int
) -> None:
    payment = {"chargeAmount": {"amount": "1", "currencyCode": "NOK"}}
    assert created(Shop(region), paymentDetails=payment).status == status


def test_a_key_that_was_registered_for_no_region_takes_any_currency(shop: Shop) -> None:
    shop.simulator.merchants[KEY_ID] = merchant(KEY_ID, KEY.public_key())
    assert created(shop, paymentDetails={"chargeAmount": eur("1")}).status == 201


# Ends ---------------------------------------------------------------------------------


def test_a_session_lives_24_hours_to_the_second(shop: Shop) -> None:
    session = shop.open()
    shop.clock.now += SESSION_LIFE
    shop.clock.move(seconds=-1)
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)
    shop.clock.move(seconds=1)
    assert shop.get(f"/checkoutSessions/{session}").state == ("Canceled", "Expired")


def test_a_session_that_is_paid_and_not_completed_expires_like_any_other(
    shop: Shop,
) -> None:
    session = shop.paid()
    shop.clock.now += SESSION_LIFE
    assert shop.complete(session).error == NOT_OPEN
    assert shop.get(f"/checkoutSessions/{session}").state == ("Canceled", "Expired")


def test_a_completed_session_does_not_expire(shop: Shop) -> None:
    session = shop.buy().session
    shop.clock.now += SESSION_LIFE
    assert shop.get(f"/checkoutSessions/{session}").state == ("Completed", None)


def test_a_session_is_deleted_after_30_days(shop: Shop) -> None:
    session = shop.buy().session
    shop.clock.now += SESSION_KEPT
    assert shop.get(f"/checkoutSessions/{session}").status == 200
    shop.clock.move(seconds=1)
    reply = shop.get(f"/checkoutSessions/{session}")
    assert reply.error == NOT_FOUND
    assert f"'/v2/checkoutSessions/{session}'" in reply.json["message"]
    assert updated(shop, session).error == NOT_FOUND
    assert shop.complete(session).error == NOT_FOUND


@pytest.mark.parametrize("session", ["0", "x", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_or_malformed_id_is_not_found(shop: Shop, session: str) -> None:
    assert shop.get(f"/checkoutSessions/{session}").error == NOT_FOUND
    assert updated(shop, session).error == NOT_FOUND
    assert shop.complete(session).error == NOT_FOUND


@pytest.mark.parametrize("reason", SESSION_ENDS)
def test_a_simulated_end_leaves_its_reason(shop: Shop, reason: str) -> None:
    session = shop.paid()
    reply = shop.complete(session, code=reason)
    assert reply.error == (422, "CheckoutSessionCanceled")
    ended = shop.get(f"/checkoutSessions/{session}")
    assert ended.state == ("Canceled", reason)
    assert ended.json["statusDetails"]["reasonDescription"]
    assert shop.complete(session).error == (422, "CheckoutSessionCanceled")
    assert updated(shop, session).error == NOT_OPEN


def test_the_code_for_a_canceled_session_can_be_the_other_one() -> None:
    shop = Shop(settings=Settings(canceled_session_code="InvalidCheckoutSessionStatus"))
    session = shop.paid()
    assert shop.complete(session, code="Declined").error == NOT_OPEN
    ended = shop.get(f"/checkoutSessions/{session}")
    assert ended.state == ("Canceled", "Declined")


@pytest.mark.parametrize("how", ["completed", "canceled"])
def test_buyer_and_payment_are_told_while_a_session_is_open_only(how: str) -> None:
    shop = Shop("eu")
    session = shop.paid()
    before = got(shop, session)
    told = [
        "paymentDetails",
        "buyer",
        "billingAddress",
        "paymentPreferences",
        "shippingAddress",
    ]
    assert all(before[name] for name in told)
    shop.complete(session, code=None if how == "completed" else "Declined")
    after = got(shop, session)
    assert [after[name] for name in told] == [None] * 5
    assert after["webCheckoutDetails"]["amazonPayRedirectUrl"] is None
    assert after["constraints"] == []
    assert after["storeId"] == STORE


def test_several_addresses_are_json_in_strings_while_the_session_is_open(
    shop: Shop,
) -> None:
    session = shop.open()
    shop.simulator.choose(
        session,
        product_type="PayAndShipMultiAddress",
        shipping_addresses=[
            {"name": "A", "countryCode": "US"},
            {"name": "テスト", "countryCode": "JP"},
        ],
    )
    answer = got(shop, session)
    listed = answer["shippingAddressList"]
    assert answer["shippingAddress"] is None
    assert all(isinstance(one, str) for one in listed)
    read = [json.loads(one) for one in listed]
    assert [one["name"] for one in read] == ["A", "テスト"]
    assert list(read[0]) == [*orders.ADDRESS, "addressId"]
    assert all(one["addressId"].startswith("amzn1.address.") for one in read)
    shop.simulator.cancel(session)
    assert got(shop, session)["shippingAddressList"] is None
