"""Complete and Finalize: where the payment becomes real."""

from __future__ import annotations

from typing import Any

import pytest

from reference import orders
from reference.codes import ENDING_CARDS, GOOD_CARDS, PENDING_CARDS
from reference.limits import MONTHLY, OVERCHARGEABLE, PENDING_AUTHORIZATION
from simulated import RECURRING, Reply, Shop

NOT_OPEN = (422, "InvalidCheckoutSessionStatus")
CANCELED = (422, "CheckoutSessionCanceled")
AMOUNT = (409, "AmountMismatch")
CURRENCY = (400, "CurrencyMismatch")
MISSING = (400, "MissingParameterValue")
BAD_VALUE = (400, "InvalidParameterValue")
EXCLUDED = (400, "InvalidParameterCombination")
BAD_CODE = (400, "InvalidSandboxSimulationSpecified")
TOO_MUCH = (400, "TransactionAmountExceeded")

WALLET = {"chargePermissionType": "PaymentMethodOnFile"}


def complete(shop: Shop, session: str, **body: object) -> Reply:
    return shop.post(f"/checkoutSessions/{session}/complete", body)


def permission_of(shop: Shop, reply: Reply) -> Any:
    return shop.get(f"/chargePermissions/{reply.json['chargePermissionId']}").json


# Complete -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "charge", "permission"),
    [
        ("Confirm", None, ("Chargeable", None)),
        ("Authorize", ("Authorized", None), ("NonChargeable", "ChargeInProgress")),
        ("AuthorizeWithCapture", ("Captured", None), ("Closed", "AmazonClosed")),
    ],
)
def test_an_intent_makes_a_permission_and_its_charge(
    shop: Shop, intent: str, charge: object, permission: object
) -> None:
    reply = shop.complete(shop.paid(shop.session_body("50", intent)))
    assert (reply.status, reply.state) == (200, ("Completed", None))
    granted = reply.json["chargePermissionId"]
    assert shop.get(f"/chargePermissions/{granted}").state == permission
    if charge is None:
        assert reply.json["chargeId"] is None
    else:
        assert shop.get(f"/charges/{reply.json['chargeId']}").state == charge


def test_the_answer_is_null_but_for_ids_state_and_creation(shop: Shop) -> None:
    session = shop.paid()
    shop.clock.move(seconds=9)
    answer = shop.complete(session).json
    assert list(answer) == orders.CHECKOUT_SESSION
    assert {name for name, value in answer.items() if value is not None} == (
        orders.COMPLETED
    )
    assert answer["checkoutSessionId"] == session
    assert answer["creationTimestamp"] == "21000115T120000Z"
    assert answer["statusDetails"]["lastUpdatedTimestamp"] == "21000115T120009Z"


def test_ids_are_null_until_complete_although_the_buyer_has_paid(shop: Shop) -> None:
    session = shop.paid()
    before = shop.get(f"/checkoutSessions/{session}").json
    assert (before["chargePermissionId"], before["chargeId"]) == (None, None)
    done = shop.complete(session).json
    after = shop.get(f"/checkoutSessions/{session}").json
    for name in ("chargePermissionId", "chargeId"):
        assert after[name] == done[name]


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        ("50.01", "USD", AMOUNT),
        ("49.99", "USD", AMOUNT),
        ("50", "EUR", CURRENCY),
        ("0", "USD", BAD_VALUE),
        ("150000.01", "USD", TOO_MUCH),
    ],
)
def test_another_amount_than_the_sessions_is_refused_and_changes_nothing(
    shop: Shop, amount: str, currency: str, error: tuple[int, str]
) -> None:
    session = shop.paid()
    given = {"amount": amount, "currencyCode": currency}
    assert complete(shop, session, chargeAmount=given).error == error
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)
    assert shop.complete(session).status == 200


@pytest.mark.parametrize("amount", ["50", "50.0", "50.00", 50])
def test_the_same_amount_may_be_written_otherwise(shop: Shop, amount: object) -> None:
    assert shop.complete(shop.paid(), amount).status == 200


def test_the_amount_must_be_given(shop: Shop) -> None:
    assert complete(shop, shop.paid()).error == MISSING


def test_the_total_must_be_given_if_the_session_has_one_and_only_then(
    shop: Shop,
) -> None:
    total = shop.money("80")
    charge = {"chargeAmount": shop.money("50")}
    session = shop.paid(shop.session_body(totalOrderAmount=total))
    assert complete(shop, session, **charge).error == MISSING
    other = {"totalOrderAmount": shop.money("81")}
    assert complete(shop, session, **charge, **other).error == AMOUNT
    assert complete(shop, session, **charge, totalOrderAmount=total).status == 200
    without = shop.paid()
    assert complete(shop, without, **charge, totalOrderAmount=total).error == AMOUNT


def test_a_buyer_who_has_not_paid_is_waited_for(shop: Shop) -> None:
    session = shop.open()
    assert shop.complete(session).error == NOT_OPEN
    shop.simulator.choose(session)
    reply = shop.complete(session)
    assert reply.error == NOT_OPEN
    assert reply.json["message"].startswith(
        "You tried to call an operation on a Checkout Session th"
    )
    shop.simulator.pay(session)
    assert shop.complete(session).status == 200


def test_a_session_is_completed_once(shop: Shop) -> None:
    session = shop.paid()
    assert shop.complete(session).status == 200
    assert shop.complete(session).error == NOT_OPEN


def test_a_buyer_who_left_has_canceled_the_session(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.cancel(session)
    assert shop.complete(session).error == CANCELED
    ended = shop.get(f"/checkoutSessions/{session}")
    assert ended.state == ("Canceled", "BuyerCanceled")


# Cards and codes ----------------------------------------------------------------------

WAITING = {"canHandlePendingAuthorization": True}


@pytest.mark.parametrize("card", GOOD_CARDS)
def test_a_good_card_pays(shop: Shop, card: str) -> None:
    assert shop.get(f"/charges/{shop.buy(card=card).charge}").state[0] == "Authorized"


@pytest.mark.parametrize(("card", "reason"), ENDING_CARDS.items())
def test_a_card_that_does_not_pay_ends_the_session(
    shop: Shop, card: str, reason: str
) -> None:
    session = shop.paid(card=card)
    ended = shop.get(f"/checkoutSessions/{session}")
    assert ended.state == ("Canceled", reason)
    assert shop.complete(session).error == CANCELED


@pytest.mark.parametrize(("card", "end"), PENDING_CARDS.items())
def test_a_pending_card_answers_202_and_settles_after_30_seconds(
    shop: Shop, card: str, end: object
) -> None:
    body = shop.session_body("50", "Authorize", **WAITING)
    reply = shop.complete(shop.paid(body, card=card))
    assert (reply.status, reply.state) == (202, ("Completed", None))
    path = f"/charges/{reply.json['chargeId']}"
    assert shop.get(path).state == ("AuthorizationInitiated", None)
    shop.clock.now += PENDING_AUTHORIZATION
    shop.clock.move(seconds=-1)
    assert shop.get(path).state == ("AuthorizationInitiated", None)
    shop.clock.move(seconds=1)
    assert shop.get(path).state == end


def test_a_hard_decline_later_leaves_a_permission_that_cannot_be_charged(
    shop: Shop,
) -> None:
    bought = shop.buy(
        "50", "Authorize", card="4354", canHandlePendingAuthorization=True
    )
    shop.clock.now += PENDING_AUTHORIZATION
    permission = shop.get(f"/chargePermissions/{bought.permission}")
    assert permission.state == ("NonChargeable", "PaymentMethodInvalid")


def test_a_good_card_does_not_wait_though_the_merchant_would(shop: Shop) -> None:
    reply = shop.complete(shop.paid(shop.session_body("50", "Authorize", **WAITING)))
    assert reply.status == 200


def test_a_pending_authorization_can_be_simulated_where_the_merchant_waits(
    shop: Shop,
) -> None:
    body = shop.session_body("50", "Authorize", **WAITING)
    reply = shop.complete(shop.paid(body), code="AuthorizationInitiated")
    path = f"/charges/{reply.json['chargeId']}"
    assert (reply.status, shop.get(path).state[0]) == (202, "AuthorizationInitiated")
    shop.clock.now += PENDING_AUTHORIZATION
    assert shop.get(path).state == ("Authorized", None)


def test_a_code_beats_what_the_card_would_do(shop: Shop) -> None:
    body = shop.session_body("50", "Authorize", **WAITING)
    reply = shop.complete(shop.paid(body, card="4354"), code="AuthorizationInitiated")
    shop.clock.now += PENDING_AUTHORIZATION
    charge = shop.get(f"/charges/{reply.json['chargeId']}")
    assert charge.state == ("Authorized", None)


@pytest.mark.parametrize(
    ("intent", "waits", "code"),
    [
        ("Authorize", False, "AuthorizationInitiated"),
        ("Confirm", True, "AuthorizationInitiated"),
        ("Authorize", True, "HardDeclined"),
        ("Authorize", True, "declined"),
        ("Authorize", True, ""),
    ],
)
def test_a_code_that_does_not_fit_is_refused_and_changes_nothing(
    shop: Shop, intent: str, waits: bool, code: str
) -> None:
    body = shop.session_body("50", intent, canHandlePendingAuthorization=waits)
    session = shop.paid(body)
    assert shop.complete(session, code=code).error == BAD_CODE
    assert shop.complete(session).status == 200


# What is granted ----------------------------------------------------------------------


def test_a_total_is_the_limit_of_the_permission(shop: Shop) -> None:
    bought = shop.buy("50", totalOrderAmount=shop.money("80"))
    reply = shop.get(f"/chargePermissions/{bought.permission}")
    assert reply.state == ("Chargeable", None)
    assert reply.json["limits"] == {
        "amountLimit": shop.money("80.00"),
        "amountBalance": shop.money("80.00"),
    }


@pytest.mark.parametrize(("amount", "currency", "limit"), OVERCHARGEABLE)
def test_an_overcharge_lifts_the_limit(amount: str, currency: str, limit: str) -> None:
    region = {"USD": "na", "JPY": "jp"}.get(currency, "eu")
    shop = Shop(region, ledger_currency=currency)
    bought = shop.buy(amount, allowOvercharge=True)
    reply = shop.get(f"/chargePermissions/{bought.permission}")
    assert reply.state == ("Chargeable", None)
    assert reply.json["limits"]["amountLimit"] == shop.money(limit)


@pytest.mark.parametrize(("kind", "region", "currency", "limit"), MONTHLY)
def test_a_permission_for_later_has_a_monthly_limit(
    kind: str, region: str, currency: str, limit: str
) -> None:
    shop = Shop(region)
    price = {"amount": "10", "currencyCode": currency}
    body = {
        **shop.session_body(),
        **RECURRING,
        "chargePermissionType": kind,
        "paymentDetails": {"paymentIntent": "Confirm", "chargeAmount": price},
    }
    permission = permission_of(
        shop, complete(shop, shop.paid(body), chargeAmount=price)
    )
    assert permission["chargePermissionType"] == kind
    assert permission["presentmentCurrency"] == currency
    whole = {"amount": limit, "currencyCode": currency}
    assert permission["limits"] == {"amountLimit": whole, "amountBalance": whole}


def test_a_first_charge_stays_within_the_month(shop: Shop) -> None:
    session = shop.paid({**shop.session_body("1000.01"), **RECURRING})
    assert shop.complete(session, "1000.01").error == TOO_MUCH
    assert shop.get(f"/checkoutSessions/{session}").state == ("Open", None)


def test_a_wallet_is_saved_if_the_buyer_consents(shop: Shop) -> None:
    bought = shop.buy(more=WALLET)
    permission = shop.get(f"/chargePermissions/{bought.permission}").json
    assert permission["chargePermissionType"] == "PaymentMethodOnFile"
    assert bought.permission.startswith("C01-")


def test_without_consent_a_wallet_is_a_permission_for_this_order(shop: Shop) -> None:
    session = shop.open({**shop.session_body(), **WALLET})
    shop.simulator.choose(session, consents=False)
    shop.simulator.pay(session)
    permission = permission_of(shop, shop.complete(session))
    assert permission["chargePermissionType"] == "OneTime"
    assert permission["chargePermissionId"].startswith("S01-")
    assert permission["limits"]["amountLimit"] == shop.money("50.00")


@pytest.mark.parametrize(
    ("payment", "currency"), [({}, "EUR"), ({"presentmentCurrency": "GBP"}, "GBP")]
)
def test_a_wallet_is_set_up_without_an_amount(
    payment: dict[str, str], currency: str
) -> None:
    shop = Shop("eu")
    body: dict[str, Any] = {
        **shop.session_body(),
        **WALLET,
        "paymentMethodOnFileMetadata": {"setupOnly": True},
        "paymentDetails": {"paymentIntent": "Confirm", **payment},
    }
    reply = complete(shop, shop.paid(body))
    assert (reply.status, reply.json["chargeId"]) == (200, None)
    permission = permission_of(shop, reply)
    assert permission["presentmentCurrency"] == currency
    assert permission["paymentMethodOnFileMetadata"] == {"setupOnly": True}
    again = shop.paid(body)
    assert complete(shop, again, chargeAmount=shop.money("1")).error == AMOUNT


def test_a_permission_takes_over_what_the_session_said(shop: Shop) -> None:
    words = {"merchantReferenceId": "A-1", "noteToBuyer": "Hi"}
    rhythm = {"frequency": {"unit": "Week", "value": "2"}, "amount": shop.money("5.00")}
    members = {
        "chargePermissionType": "Recurring",
        "merchantMetadata": words,
        "recurringMetadata": rhythm,
        "platformId": "A1PLATFORM",
    }
    bought = shop.buy(more=members)
    permission = shop.get(f"/chargePermissions/{bought.permission}").json
    unset = {"merchantStoreName": None, "customInformation": None}
    assert permission["merchantMetadata"] == {**words, **unset}
    assert permission["recurringMetadata"] == rhythm
    assert permission["platformId"] == "A1PLATFORM"


# Finalize -----------------------------------------------------------------------------


def finalize(shop: Shop, session: str, **members: object) -> Reply:
    known = shop.get(f"/checkoutSessions/{session}").json
    body = {
        "chargeAmount": shop.money("50"),
        "paymentIntent": "Authorize",
        "shippingAddress": known["shippingAddress"],
        **members,
    }
    given = {name: value for name, value in body.items() if value != "left out"}
    return shop.post(f"/checkoutSessions/{session}/finalize", given)


def test_finalize_completes_the_session_and_tells_its_ids(shop: Shop) -> None:
    reply = finalize(shop, shop.paid())
    assert (reply.status, reply.state) == (200, ("Completed", None))
    charge = shop.get(f"/charges/{reply.json['chargeId']}")
    assert charge.state == ("Authorized", None)
    assert charge.json["chargePermissionId"] == reply.json["chargePermissionId"]


def test_finalize_answers_with_cart_details_after_the_payments(shop: Shop) -> None:
    order = list(orders.CHECKOUT_SESSION)
    order.insert(order.index("paymentDetails") + 1, "cartDetails")
    order += ["paymentProcessingMetaData", "processorSpecifications"]
    order += ["disbursementDetails", "channelType"]
    assert list(finalize(shop, shop.paid()).json) == order


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"chargeAmount": {"amount": "51", "currencyCode": "USD"}}, AMOUNT),
        ({"chargeAmount": {"amount": "50", "currencyCode": "EUR"}}, CURRENCY),
        ({"totalOrderAmount": {"amount": "50", "currencyCode": "USD"}}, AMOUNT),
        ({"paymentIntent": "Confirm"}, BAD_VALUE),
        ({"paymentIntent": "left out"}, MISSING),
        ({"shippingAddress": None}, MISSING),
        ({"shippingAddress": "left out"}, MISSING),
        ({"shippingAddress": {}}, BAD_VALUE),
        ({"shippingAddress": {"name": "Test Buyer"}}, BAD_VALUE),
    ],
)
def test_what_differs_from_the_session_is_not_finalized(
    shop: Shop, members: dict[str, object], error: tuple[int, str]
) -> None:
    session = shop.paid()
    assert finalize(shop, session, **members).error == error
    assert finalize(shop, session).status == 200


def test_finalize_asks_for_the_supplementary_data_of_the_session(shop: Shop) -> None:
    session = shop.paid({**shop.session_body(), "supplementaryData": "x"})
    assert finalize(shop, session).error == BAD_VALUE
    assert finalize(shop, session, supplementaryData="y").error == BAD_VALUE
    assert finalize(shop, session, supplementaryData="x").status == 200


def test_without_shipping_finalize_asks_for_the_billing_address(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.choose(session, product_type="PayOnly")
    shop.simulator.pay(session)
    billing = shop.get(f"/checkoutSessions/{session}").json["billingAddress"]
    other = {**billing, "city": "Springfield"}
    assert finalize(shop, session).error == MISSING
    assert finalize(shop, session, billingAddress=other).error == BAD_VALUE
    assert finalize(shop, session, billingAddress=billing).status == 200


def test_finalize_does_not_wait_for_a_capture(shop: Shop) -> None:
    intent = "AuthorizeWithCapture"
    session = shop.paid(shop.session_body("50", intent))
    waiting = finalize(shop, session, paymentIntent=intent, **WAITING)
    assert waiting.error == EXCLUDED
    assert finalize(shop, session, paymentIntent=intent).status == 200


def test_a_session_that_is_not_ready_or_has_ended_is_not_finalized(shop: Shop) -> None:
    session = shop.open()
    shop.simulator.choose(session)
    assert finalize(shop, session).error == NOT_OPEN
    shop.simulator.pay(session)
    assert finalize(shop, session).status == 200
    ended = finalize(shop, session, shippingAddress={})
    assert ended.error == NOT_OPEN


def test_finalize_takes_no_simulation_code(shop: Shop) -> None:
    session = shop.paid()
    reply = shop.post(
        f"/checkoutSessions/{session}/finalize",
        {"chargeAmount": shop.money("50"), "paymentIntent": "Authorize"},
        code="Declined",
    )
    assert reply.error == BAD_CODE
