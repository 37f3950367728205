"""Charges: create, capture, cancel, and what becomes of them by themselves."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from AmazonPay.simulator import Settings, Store
from reference import orders
from reference.codes import CHARGE_DECLINES
from reference.limits import (
    AUTHORIZATION_LIFE,
    CHARGES_PER_ONE_TIME_PERMISSION,
    LARGEST,
    PENDING_AUTHORIZATION,
    PROMPT_CAPTURE,
)
from simulated import LIVE_KEY_ID, RECURRING, Reply, Shop

NOT_FOUND = (404, "ResourceNotFound")
WRONG_STATE = (422, "InvalidChargeStatus")
NOT_CHARGEABLE = (422, "InvalidChargePermissionStatus")
TOO_MUCH = (400, "TransactionAmountExceeded")
CURRENCY = (400, "CurrencyMismatch")
BAD_VALUE = (400, "InvalidParameterValue")
BAD_CODE = (400, "InvalidSandboxSimulationSpecified")
EXCLUDED = (400, "InvalidParameterCombination")

WAITING: dict[str, Any] = {"canHandlePendingAuthorization": True}
NOW: dict[str, Any] = {"captureNow": True}


def confirmed(shop: Shop, amount: str = "50", **more: Any) -> str:
    return shop.buy(amount, "Confirm", more=more).permission


def charged(shop: Shop, permission: str, amount: str = "10", **more: Any) -> str:
    reply = shop.charge(permission, amount, **more)
    assert reply.status == 201, reply
    return str(reply.json["chargeId"])


def state(shop: Shop, charge: str) -> tuple[str, str | None]:
    return shop.get(f"/charges/{charge}").state


def canceled(shop: Shop, charge: str, **body: object) -> Reply:
    return shop.delete(f"/charges/{charge}/cancel", body)


# The object ---------------------------------------------------------------------------


def test_a_charge_shows_all_its_members_in_order(shop: Shop) -> None:
    permission = confirmed(shop)
    reply = shop.charge(permission, "14")
    charge = reply.json["chargeId"]
    assert list(reply.json) == orders.CHARGE
    assert reply.json == {
        "chargeId": charge,
        "chargeAmount": {"amount": "14.00", "currencyCode": "USD"},
        "chargePermissionId": permission,
        "captureAmount": None,
        "refundedAmount": None,
        "softDescriptor": None,
        "providerMetadata": {"providerReferenceId": None},
        "convertedAmount": None,
        "conversionRate": None,
        "channel": None,
        "chargeInitiator": None,
        "statusDetails": {
            "state": "Authorized",
            "reasonCode": None,
            "reasonDescription": None,
            "lastUpdatedTimestamp": "21000115T120000Z",
        },
        "creationTimestamp": "21000115T120000Z",
        "expirationTimestamp": "21000214T120000Z",
        "releaseEnvironment": "Sandbox",
        "merchantMetadata": dict.fromkeys(orders.MERCHANT_METADATA),
        "platformId": None,
        "webCheckoutDetails": None,
    }
    assert shop.get(f"/charges/{charge}").json == reply.json


def test_a_charge_echoes_what_it_was_told(shop: Shop) -> None:
    told: dict[str, Any] = {
        "channel": "PointOfSale",
        "chargeInitiator": "MITR",
        "providerMetadata": {"providerReferenceId": "P-1"},
        "platformId": "A1PLATFORM",
        "merchantMetadata": {
            "merchantReferenceId": "A-1",
            "merchantStoreName": "Shop",
            "noteToBuyer": "Hi",
            "customInformation": "x",
        },
    }
    web = {"checkoutResultReturnUrl": "https://shop.example/result"}
    permission = confirmed(shop, **RECURRING)
    answer = shop.charge(permission, "1", webCheckoutDetails=web, **told).json
    assert {name: answer[name] for name in told} == told
    assert answer["webCheckoutDetails"] == {**web, "amazonPayRedirectUrl": None}


def test_the_id_of_an_orders_charge_extends_the_permissions(shop: Shop) -> None:
    permission = confirmed(shop)
    charge = charged(shop, permission)
    assert re.fullmatch(rf"{permission}-C\d{{6}}", charge)


def test_each_recurring_charge_is_an_order_of_its_own(shop: Shop) -> None:
    permission = confirmed(shop, **RECURRING)
    charges = [charged(shop, permission) for _ in range(2)]
    assert len({charge[:19] for charge in charges}) == 2
    for charge in charges:
        assert re.fullmatch(r"S01-\d{7}-\d{7}-C\d{6}", charge)
        assert charge[4:19] not in permission


def test_an_unknown_id_is_not_found(shop: Shop) -> None:
    for charge in ("0", "S01-0000000-0000000-C000000"):
        assert shop.get(f"/charges/{charge}").error == NOT_FOUND
        assert shop.capture(charge, "1").error == NOT_FOUND
        assert canceled(shop, charge).error == NOT_FOUND
        assert shop.patch(f"/charges/{charge}", CANCEL_UPDATE).error == NOT_FOUND
    assert shop.charge("S01-0000000-0000000", "1").error == NOT_FOUND


def test_another_currency_than_the_ledgers_is_converted() -> None:
    shop = Shop("eu")
    price = {"amount": "100.01", "currencyCode": "CHF"}
    body = shop.session_body()
    body["paymentDetails"]["chargeAmount"] = price
    session = shop.paid(body)
    done = shop.post(f"/checkoutSessions/{session}/complete", {"chargeAmount": price})
    charge = shop.get(f"/charges/{done.json['chargeId']}").json
    assert charge["chargeAmount"] == price
    assert charge["conversionRate"] == "1.25"
    assert charge["convertedAmount"] == {"amount": "80.01", "currencyCode": "EUR"}


# Create -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "code", "expected"),
    [
        ({}, None, ("Authorized", None)),
        ({"captureNow": False}, None, ("Authorized", None)),
        (NOW, None, ("Captured", None)),
        (NOW, "CaptureInitiated", ("CaptureInitiated", None)),
        (WAITING, None, ("AuthorizationInitiated", None)),
        (WAITING, "PendingHardDeclined", ("AuthorizationInitiated", None)),
    ],
)
def test_a_new_charge_is_in_the_state_that_was_asked_for(
    shop: Shop, members: dict[str, Any], code: str | None, expected: object
) -> None:
    reply = shop.charge(confirmed(shop), "10", code=code, **members)
    assert (reply.status, reply.state) == (201, expected)


def test_capturing_at_once_shows_what_was_captured_and_refunded(shop: Shop) -> None:
    answer = shop.charge(confirmed(shop), "10", captureNow=True).json
    assert answer["captureAmount"] == shop.money("10.00")
    assert answer["refundedAmount"] == shop.money("0.00")


def test_nothing_is_captured_or_refunded_while_a_capture_is_under_way(
    shop: Shop,
) -> None:
    reply = shop.charge(confirmed(shop), "10", code="CaptureInitiated", **NOW)
    assert (reply.json["captureAmount"], reply.json["refundedAmount"]) == (None, None)
    shop.clock.move(seconds=30)
    later = shop.get(f"/charges/{reply.json['chargeId']}")
    assert later.state == ("Captured", None)
    assert later.json["captureAmount"] == shop.money("10.00")


@pytest.mark.parametrize(("currency", "most"), LARGEST.items())
def test_a_charge_has_a_maximum(currency: str, most: str) -> None:
    region = {"USD": "na", "JPY": "jp"}.get(currency, "eu")
    shop = Shop(region, ledger_currency=currency)
    permission = shop.buy("1", "Confirm", totalOrderAmount=shop.money(most)).permission
    assert shop.charge(permission, int(most) + 1).error == TOO_MUCH
    assert shop.charge(permission, most).status == 201


def test_above_the_limit_nothing_is_charged(shop: Shop) -> None:
    permission = confirmed(shop)
    assert shop.charge(permission, "50.01").error == TOO_MUCH
    charged(shop, permission, "20", captureNow=True)
    assert shop.charge(permission, "30.01").error == TOO_MUCH
    assert shop.charge(permission, "30").status == 201


def test_open_authorizations_leave_room_as_long_as_the_permission_is_chargeable(
    shop: Shop,
) -> None:
    permission = confirmed(shop)
    charged(shop, permission, "30")
    assert shop.charge(permission, "30").status == 201
    assert shop.charge(permission, "1").error == NOT_CHARGEABLE


def test_what_is_being_captured_leaves_no_room(shop: Shop) -> None:
    permission = confirmed(shop)
    charged(shop, permission, "20", captureNow=True, code="CaptureInitiated")
    assert shop.charge(permission, "30.01").error == TOO_MUCH
    assert shop.charge(permission, "30", captureNow=True).status == 201


def test_a_charge_is_in_the_currency_of_its_permission(shop: Shop) -> None:
    body = {
        "chargePermissionId": confirmed(shop),
        "chargeAmount": {"amount": "1", "currencyCode": "EUR"},
    }
    assert shop.post("/charges", body).error == CURRENCY


def test_an_order_takes_25_charges(shop: Shop) -> None:
    permission = confirmed(shop)
    for number in range(CHARGES_PER_ONE_TIME_PERMISSION):
        charge = charged(shop, permission, "1")
        if number % 2:
            canceled(shop, charge)
    assert shop.charge(permission, "1").error == (422, "TransactionCountExceeded")


def test_declines_are_no_charges_and_do_not_count() -> None:
    shop = Shop(settings=Settings(charges_per_permission=1))
    permission = confirmed(shop)
    for _ in range(3):
        assert shop.charge(permission, "1", code="SoftDeclined").status == 422
    assert shop.charge(permission, "1").status == 201


def test_a_recurring_permission_takes_more_than_25_charges() -> None:
    shop = Shop(settings=Settings(charges_per_permission=1))
    permission = confirmed(shop, **RECURRING)
    for _ in range(3):
        charged(shop, permission, "1")


@pytest.mark.parametrize(("code", "left"), CHARGE_DECLINES.items())
def test_a_decline_fails_the_call_and_tells_on_the_permission(
    shop: Shop, code: str, left: object
) -> None:
    permission = confirmed(shop)
    reply = shop.charge(permission, "10", code=code)
    assert reply.error == (422, code)
    after = shop.get(f"/chargePermissions/{permission}")
    assert after.state == left
    assert after.json["limits"]["amountBalance"] == shop.money("50.00")


def test_a_soft_decline_may_be_tried_again(shop: Shop) -> None:
    permission = confirmed(shop)
    shop.charge(permission, "10", code="SoftDeclined")
    assert shop.charge(permission, "10").status == 201


@pytest.mark.parametrize(
    ("code", "end"),
    [
        (None, ("Authorized", None)),
        ("PendingSoftDeclined", ("Declined", "SoftDeclined")),
        ("PendingHardDeclined", ("Declined", "HardDeclined")),
        ("PendingAmazonRejected", ("Declined", "AmazonRejected")),
    ],
)
def test_a_pending_charge_settles_after_30_seconds(
    shop: Shop, code: str | None, end: object
) -> None:
    charge = charged(shop, confirmed(shop), code=code, **WAITING)
    shop.clock.now += PENDING_AUTHORIZATION
    shop.clock.move(seconds=-1)
    assert state(shop, charge) == ("AuthorizationInitiated", None)
    shop.clock.move(seconds=1)
    assert state(shop, charge) == end


def test_the_codes_of_a_pending_charge_can_be_named_otherwise() -> None:
    shop = Shop(
        settings=Settings(pending_simulation_codes={"PendingX": "HardDeclined"})
    )
    permission = confirmed(shop)
    assert shop.charge(permission, "1", code="PendingHardDeclined").error == BAD_CODE
    charge = charged(shop, permission, code="PendingX", **WAITING)
    shop.clock.now += PENDING_AUTHORIZATION
    assert state(shop, charge) == ("Declined", "HardDeclined")


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("CaptureInitiated", {}),
        ("CaptureInitiated", WAITING),
        ("PendingHardDeclined", {}),
        ("PendingHardDeclined", NOW),
        ("BuyerCanceled", {}),
        ("AmazonClosed", {}),
        ("softdeclined", {}),
    ],
)
def test_a_code_that_does_not_fit_is_refused(
    shop: Shop, code: str, members: dict[str, Any]
) -> None:
    permission = confirmed(shop)
    assert shop.charge(permission, "10", code=code, **members).error == BAD_CODE
    assert shop.get(f"/chargePermissions/{permission}").state == ("Chargeable", None)


@pytest.mark.parametrize(
    "members", [{**NOW, **WAITING}, {"softDescriptor": "Shop"}, {"softDescriptor": ""}]
)
def test_what_excludes_each_other_is_refused(
    shop: Shop, members: dict[str, Any]
) -> None:
    assert shop.charge(confirmed(shop), "10", **members).error == EXCLUDED


def test_a_descriptor_is_shown_with_amazons_prefix(shop: Shop) -> None:
    longest = "x" * 16
    permission = confirmed(shop)
    reply = shop.charge(permission, "10", captureNow=True, softDescriptor=longest)
    assert reply.json["softDescriptor"] == f"AMZ*{longest}"
    too_long = f"{longest}x"
    refused = shop.charge(permission, "10", captureNow=True, softDescriptor=too_long)
    assert refused.error == BAD_VALUE


# Capture ------------------------------------------------------------------------------


def test_a_capture_takes_the_amount_once(shop: Shop) -> None:
    charge = shop.buy("50").charge
    reply = shop.capture(charge, "50")
    assert (reply.status, reply.state) == (200, ("Captured", None))
    assert reply.json["captureAmount"] == shop.money("50.00")
    assert reply.json["refundedAmount"] == shop.money("0.00")
    assert shop.capture(charge, "50").error == WRONG_STATE


def test_a_part_may_be_captured_and_not_a_cent_more_than_the_charge(shop: Shop) -> None:
    charge = shop.buy("50").charge
    assert shop.capture(charge, "50.01").error == TOO_MUCH
    reply = shop.capture(charge, "0.01")
    assert reply.json["captureAmount"] == shop.money("0.01")
    assert reply.json["chargeAmount"] == shop.money("50.00")


def test_captures_never_pass_the_limit_though_authorizations_may(shop: Shop) -> None:
    permission = confirmed(shop)
    first, second = (charged(shop, permission, "30") for _ in range(2))
    assert shop.capture(first, "30").status == 200
    assert shop.capture(second, "20.01").error == TOO_MUCH
    assert shop.capture(second, "20").status == 200
    assert shop.get(f"/chargePermissions/{permission}").state[0] == "Closed"


def test_captures_under_way_do_not_pass_the_limit_either(shop: Shop) -> None:
    permission = confirmed(shop)
    first, second = (charged(shop, permission, "30") for _ in range(2))
    assert shop.capture(first, "30", code="CaptureInitiated").status == 200
    assert shop.capture(second, "20.01").error == TOO_MUCH
    assert shop.capture(second, "20", code="CaptureInitiated").status == 200
    shop.clock.move(seconds=30)
    limits = shop.get(f"/chargePermissions/{permission}").json["limits"]
    assert limits["amountBalance"] == shop.money("0.00")


def test_what_was_charged_in_one_month_may_be_captured_in_the_next() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    permission = confirmed(shop, **RECURRING)
    first = charged(shop, permission, "1000")
    shop.clock.move(days=17)
    second = charged(shop, permission, "1000")
    assert shop.capture(first, "1000").status == 200
    assert shop.capture(second, "1000").status == 200


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [("1", "EUR", CURRENCY), ("0", "USD", BAD_VALUE), ("150000.01", "USD", TOO_MUCH)],
)
def test_an_amount_that_cannot_be_captured_leaves_the_charge(
    shop: Shop, amount: str, currency: str, error: tuple[int, str]
) -> None:
    charge = shop.buy().charge
    body = {"captureAmount": {"amount": amount, "currencyCode": currency}}
    assert shop.post(f"/charges/{charge}/capture", body).error == error
    assert state(shop, charge) == ("Authorized", None)


def test_a_capture_may_name_the_descriptor(shop: Shop) -> None:
    charge = shop.buy().charge
    body = {"captureAmount": shop.money("50"), "softDescriptor": "Shop"}
    reply = shop.post(f"/charges/{charge}/capture", body)
    assert reply.json["softDescriptor"] == "AMZ*Shop"


def test_until_the_seventh_day_a_capture_is_prompt_and_later_it_takes_time() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    first, second = shop.buy().charge, shop.buy().charge
    shop.clock.now += PROMPT_CAPTURE
    assert shop.capture(first, "50").state == ("Captured", None)
    shop.clock.move(seconds=1)
    reply = shop.capture(second, "50")
    assert (reply.status, reply.state) == (200, ("CaptureInitiated", None))
    assert shop.capture(second, "50").error == WRONG_STATE
    shop.clock.move(seconds=30)
    assert state(shop, second) == ("Captured", None)


def test_the_days_of_a_pending_charge_count_from_its_authorization() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    charge = charged(shop, confirmed(shop), **WAITING)
    shop.clock.now += PENDING_AUTHORIZATION + PROMPT_CAPTURE
    assert shop.capture(charge, "10").state == ("Captured", None)


def test_a_capture_under_way_can_be_simulated(shop: Shop) -> None:
    charge = shop.buy().charge
    assert shop.capture(charge, "50", code="CaptureInitiated").state == (
        "CaptureInitiated",
        None,
    )
    shop.clock.move(seconds=30)
    assert state(shop, charge) == ("Captured", None)


def test_a_rejected_capture_declines_the_charge_and_closes_the_permission(
    shop: Shop,
) -> None:
    bought = shop.buy()
    reply = shop.capture(bought.charge, "50", code="AmazonRejected")
    assert reply.error == (422, "AmazonRejected")
    after = shop.get(f"/charges/{bought.charge}")
    assert after.state == ("Declined", "AmazonRejected")
    assert after.json["captureAmount"] is None
    permission = shop.get(f"/chargePermissions/{bought.permission}")
    assert permission.state == ("Closed", "AmazonCanceled")
    assert permission.json["limits"]["amountBalance"] == shop.money("50.00")


@pytest.mark.parametrize("code", ["SoftDeclined", "HardDeclined", "x"])
def test_a_capture_takes_no_other_code(shop: Shop, code: str) -> None:
    charge = shop.buy().charge
    assert shop.capture(charge, "50", code=code).error == BAD_CODE
    assert state(shop, charge) == ("Authorized", None)


def test_of_two_captures_at_once_one_wins(tmp_path: Any) -> None:
    store = Store(tmp_path / "shop.db")
    shop = Shop(store=store)
    charge = shop.buy().charge
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: shop.capture(charge, "50"), range(2)))
    assert sorted(reply.status for reply in replies) == [200, 422]
    captures = [
        row
        for row in shop.simulator.story()
        if row.kind == "state" and row.facts["event"] == "capture"
    ]
    assert len(captures) == 1
    store.close()


# Cancel and expiry --------------------------------------------------------------------


@pytest.mark.parametrize("members", [{}, WAITING])
def test_a_charge_can_be_canceled_before_its_capture(
    shop: Shop, members: dict[str, Any]
) -> None:
    charge = charged(shop, confirmed(shop), **members)
    reply = canceled(shop, charge, cancellationReason="x" * 255)
    assert (reply.status, reply.state) == (200, ("Canceled", "MerchantCanceled"))
    shop.clock.now += PENDING_AUTHORIZATION
    assert state(shop, charge) == ("Canceled", "MerchantCanceled")
    assert canceled(shop, charge).error == WRONG_STATE
    assert shop.capture(charge, "1").error == WRONG_STATE


def test_the_reason_of_a_cancel_has_255_characters(shop: Shop) -> None:
    reply = canceled(shop, shop.buy().charge, cancellationReason="x" * 256)
    assert reply.error == BAD_VALUE


@pytest.mark.parametrize("code", [None, "CaptureInitiated"])
def test_once_a_capture_has_begun_nothing_is_canceled(
    shop: Shop, code: str | None
) -> None:
    charge = charged(shop, confirmed(shop), captureNow=True, code=code)
    assert canceled(shop, charge).error == WRONG_STATE


def test_a_live_authorization_lives_30_days_to_the_second() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    first, second = shop.buy().charge, shop.buy().charge
    shop.clock.now += AUTHORIZATION_LIFE
    shop.clock.move(seconds=-1)
    assert shop.capture(second, "50").state == ("CaptureInitiated", None)
    assert state(shop, first) == ("Authorized", None)
    shop.clock.move(seconds=1)
    assert state(shop, first) == ("Canceled", "ExpiredUnused")
    assert shop.capture(first, "50").error == WRONG_STATE
    shop.clock.move(seconds=29)
    assert state(shop, second) == ("Captured", None)


# Update -------------------------------------------------------------------------------

CANCEL_UPDATE = {"statusDetails": {"state": "Canceled", "reasonCode": "ExpiredUnused"}}


def test_a_merchant_updates_no_charge(shop: Shop) -> None:
    charge = shop.buy().charge
    reply = shop.patch(f"/charges/{charge}", CANCEL_UPDATE)
    assert reply.error == (405, "UnsupportedOperation")
    assert state(shop, charge) == ("Authorized", None)
