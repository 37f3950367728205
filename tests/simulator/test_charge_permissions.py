"""Charge Permissions: limits, states, and what stays readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from AmazonPay.simulator import Settings
from reference import orders
from reference.limits import (
    AUTHORIZATION_LIFE,
    BUYER_DATA_LIFE,
    LONG_PERMISSION_MONTHS,
    ONE_TIME_PERMISSION_LIFE,
)
from simulated import LIVE_KEY_ID, RECURRING, Purchase, Reply, Shop

NOT_FOUND = (404, "ResourceNotFound")
WRONG_STATE = (422, "InvalidChargePermissionStatus")
NOT_MODIFIABLE = (422, "ChargePermissionNotModifiable")
MISSING = (400, "MissingParameterValue")

WALLET: dict[str, Any] = {"chargePermissionType": "PaymentMethodOnFile"}
LATER = pytest.mark.parametrize(
    "more", [RECURRING, WALLET], ids=["recurring", "wallet"]
)


def got(shop: Shop, permission: str) -> Any:
    return shop.get(f"/chargePermissions/{permission}").json


def state(shop: Shop, permission: str) -> tuple[str, str | None]:
    return shop.get(f"/chargePermissions/{permission}").state


def balance(shop: Shop, permission: str) -> str:
    return str(got(shop, permission)["limits"]["amountBalance"]["amount"])


def updated(shop: Shop, permission: str, **members: object) -> Reply:
    return shop.patch(f"/chargePermissions/{permission}", members)


def closed(
    shop: Shop, permission: str, *, code: str | None = None, **more: Any
) -> Reply:
    body = {"closureReason": "Done", **more}
    return shop.delete(f"/chargePermissions/{permission}/close", body, code=code)


def confirmed(shop: Shop, amount: str = "50", **more: Any) -> Purchase:
    return shop.buy(amount, "Confirm", more=more)


# The object ---------------------------------------------------------------------------


def test_a_permission_shows_the_order_the_buyer_and_what_is_left(shop: Shop) -> None:
    permission = confirmed(shop).permission
    answer = got(shop, permission)
    assert list(answer) == orders.CHARGE_PERMISSION
    assert list(answer["buyer"]) == orders.BUYER_DETAILS
    assert list(answer["shippingAddress"]) == orders.ADDRESS
    assert {**answer, "buyer": None, "shippingAddress": None} == {
        "chargePermissionId": permission,
        "chargePermissionReferenceId": None,
        "platformId": None,
        "buyer": None,
        "shippingAddress": None,
        "billingAddress": None,
        "paymentPreferences": [{"paymentDescriptor": "Visa ****1111 (Amazon Pay)"}],
        "statusDetails": {
            "state": "Chargeable",
            "reasons": None,
            "lastUpdatedTimestamp": "21000115T120000Z",
        },
        "creationTimestamp": "21000115T120000Z",
        "expirationTimestamp": "21000714T120000Z",
        "merchantMetadata": dict.fromkeys(orders.MERCHANT_METADATA),
        "releaseEnvironment": "Sandbox",
        "limits": {
            "amountLimit": {"amount": "50.00", "currencyCode": "USD"},
            "amountBalance": {"amount": "50.00", "currencyCode": "USD"},
        },
        "chargePermissionType": "OneTime",
        "recurringMetadata": {"frequency": None, "amount": None},
        "presentmentCurrency": "USD",
    }


def test_reasons_are_a_list_here(shop: Shop) -> None:
    permission = shop.buy().permission
    details = got(shop, permission)["statusDetails"]
    (reason,) = details["reasons"]
    assert details["state"] == "NonChargeable"
    assert reason["reasonCode"] == "ChargeInProgress"
    assert list(reason) == ["reasonCode", "reasonDescription"]


@pytest.mark.parametrize(
    ("region", "digits"), [("na", "01"), ("eu", "02"), ("jp", "03")]
)
@pytest.mark.parametrize(
    ("more", "letter"), [({}, "S"), (RECURRING, "C"), (WALLET, "C")]
)
def test_an_id_tells_the_region_and_one_order_from_many(
    region: str, digits: str, more: dict[str, Any], letter: str
) -> None:
    permission = confirmed(Shop(region), **more).permission
    assert re.fullmatch(rf"{letter}{digits}-\d{{7}}-\d{{7}}", permission)


def test_a_wallet_says_whether_it_was_only_set_up(shop: Shop) -> None:
    set_up: dict[str, Any] = {"paymentMethodOnFileMetadata": {"setupOnly": False}}
    answer = got(shop, confirmed(shop, **WALLET, **set_up).permission)
    assert list(answer)[-1] == "paymentMethodOnFileMetadata"
    assert answer["paymentMethodOnFileMetadata"] == {"setupOnly": False}


def test_an_unknown_id_is_not_found(shop: Shop) -> None:
    for permission in ("0", "S01-0000000-0000000"):
        assert shop.get(f"/chargePermissions/{permission}").error == NOT_FOUND
        assert updated(shop, permission).error == NOT_FOUND
        assert closed(shop, permission).error == NOT_FOUND


# The balance of an order --------------------------------------------------------------


def test_captures_lower_the_balance_and_open_authorizations_do_not(shop: Shop) -> None:
    permission = confirmed(shop).permission
    charge = shop.charge(permission, "20").json["chargeId"]
    assert balance(shop, permission) == "50.00"
    shop.capture(charge, "15")
    assert balance(shop, permission) == "35.00"
    shop.charge(permission, "5", captureNow=True)
    assert balance(shop, permission) == "30.00"


def test_a_refund_gives_nothing_back_to_the_balance(shop: Shop) -> None:
    permission = confirmed(shop).permission
    charge = shop.charge(permission, "20", captureNow=True).json["chargeId"]
    shop.refund(charge, "20")
    shop.clock.move(seconds=1)
    assert balance(shop, permission) == "30.00"


def test_a_capture_under_way_is_not_captured_yet(shop: Shop) -> None:
    permission = confirmed(shop).permission
    shop.charge(permission, "20", captureNow=True, code="CaptureInitiated")
    assert balance(shop, permission) == "50.00"
    shop.clock.move(seconds=30)
    assert balance(shop, permission) == "30.00"


def test_a_whole_capture_under_way_closes_nothing_before_it_succeeds(
    shop: Shop,
) -> None:
    permission = confirmed(shop).permission
    shop.charge(permission, "50", captureNow=True, code="CaptureInitiated")
    assert state(shop, permission) == ("NonChargeable", "ChargeInProgress")
    shop.clock.move(seconds=30)
    assert state(shop, permission) == ("Closed", "AmazonClosed")


def test_a_late_capture_of_a_part_holds_its_part_only() -> None:
    shop = Shop(key_id=LIVE_KEY_ID)
    bought = shop.buy("50")
    shop.clock.move(days=8)
    assert shop.capture(bought.charge, "20").state[0] == "CaptureInitiated"
    assert state(shop, bought.permission) == ("Chargeable", None)
    assert shop.charge(bought.permission, "30.01").error == (
        400,
        "TransactionAmountExceeded",
    )
    assert shop.charge(bought.permission, "30").status == 201


# The states of an order ---------------------------------------------------------------


def test_a_charge_of_the_whole_amount_blocks_until_it_ends(shop: Shop) -> None:
    permission = confirmed(shop).permission
    charge = shop.charge(permission, "50").json["chargeId"]
    assert state(shop, permission) == ("NonChargeable", "ChargeInProgress")
    assert shop.charge(permission, "1").error == WRONG_STATE
    shop.delete(f"/charges/{charge}/cancel", {})
    assert state(shop, permission) == ("Chargeable", None)
    assert balance(shop, permission) == "50.00"


def test_charges_that_use_it_up_together_block_together(shop: Shop) -> None:
    permission = confirmed(shop).permission
    charges = [shop.charge(permission, "20").json["chargeId"] for _ in range(3)]
    assert state(shop, permission) == ("NonChargeable", "ChargeInProgress")
    shop.delete(f"/charges/{charges[0]}/cancel", {})
    assert state(shop, permission) == ("Chargeable", None)


def test_a_charge_that_expires_frees_the_permission(shop: Shop) -> None:
    permission = shop.buy().permission
    shop.clock.now += AUTHORIZATION_LIFE
    assert state(shop, permission) == ("Chargeable", None)


def test_a_partial_capture_frees_the_rest(shop: Shop) -> None:
    bought = shop.buy("50")
    shop.capture(bought.charge, "49.99")
    assert state(shop, bought.permission) == ("Chargeable", None)
    assert shop.charge(bought.permission, "0.01", captureNow=True).status == 201
    assert state(shop, bought.permission) == ("Closed", "AmazonClosed")
    assert balance(shop, bought.permission) == "0.00"


def test_an_order_lives_180_days(shop: Shop) -> None:
    permission = confirmed(shop).permission
    shop.clock.now += ONE_TIME_PERMISSION_LIFE
    shop.clock.move(seconds=-1)
    assert state(shop, permission) == ("Chargeable", None)
    shop.clock.move(seconds=1)
    assert state(shop, permission) == ("Closed", "Expired")


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (datetime(2100, 1, 15, tzinfo=UTC), "21010215T000000Z"),
        (datetime(2100, 1, 31, tzinfo=UTC), "21010228T000000Z"),
        (datetime(2103, 1, 31, tzinfo=UTC), "21040229T000000Z"),
        (datetime(2100, 12, 1, tzinfo=UTC), "21020101T000000Z"),
    ],
)
def test_an_extended_order_lives_13_calendar_months(
    shop: Shop, day: datetime, end: str
) -> None:
    assert LONG_PERMISSION_MONTHS == 13
    shop.clock.now = day
    permission = shop.buy("50", "Confirm", extendExpiration=True).permission
    assert got(shop, permission)["expirationTimestamp"] == end
    shop.clock.now = datetime.strptime(end, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert state(shop, permission) == ("Closed", "Expired")


# Permissions for later ----------------------------------------------------------------


@LATER
def test_a_month_counts_what_was_charged_in_it(
    shop: Shop, more: dict[str, Any]
) -> None:
    permission = confirmed(shop, **more).permission
    whole = balance(shop, permission)
    charge = shop.charge(permission, "300").json["chargeId"]
    assert float(balance(shop, permission)) == float(whole) - 300
    shop.delete(f"/charges/{charge}/cancel", {})
    assert balance(shop, permission) == whole
    shop.charge(permission, "300", captureNow=True)
    shop.clock.now = datetime(2100, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert float(balance(shop, permission)) == float(whole) - 300
    shop.clock.move(seconds=1)
    assert balance(shop, permission) == whole


@LATER
def test_above_the_month_nothing_is_charged(shop: Shop, more: dict[str, Any]) -> None:
    permission = confirmed(shop, **more).permission
    limit = balance(shop, permission)
    assert shop.charge(permission, f"{limit[:-1]}1").error == (
        400,
        "PeriodicAmountExceeded",
    )
    assert shop.charge(permission, limit).status == 201
    assert shop.charge(permission, "0.01").error == (400, "PeriodicAmountExceeded")
    assert state(shop, permission) == ("Chargeable", None)


def test_a_recurring_permission_lives_13_months_from_the_last_charge(
    shop: Shop,
) -> None:
    permission = confirmed(shop, **RECURRING).permission
    assert got(shop, permission)["expirationTimestamp"] == "21010215T120000Z"
    shop.clock.move(days=100)
    assert shop.charge(permission, "1", code="SoftDeclined").status == 422
    assert got(shop, permission)["expirationTimestamp"] == "21010215T120000Z"
    shop.charge(permission, "1")
    later = got(shop, permission)["expirationTimestamp"]
    assert later == "21010525T120000Z"
    shop.clock.now = datetime(2101, 5, 25, 11, 59, 59, tzinfo=UTC)
    assert state(shop, permission) == ("Chargeable", None)
    shop.clock.move(seconds=1)
    assert state(shop, permission) == ("Closed", "Expired")


def test_a_wallet_does_not_expire(shop: Shop) -> None:
    permission = confirmed(shop, **WALLET).permission
    assert got(shop, permission)["expirationTimestamp"] is None
    shop.clock.move(days=1000)
    assert state(shop, permission) == ("Chargeable", None)


# What stays readable ------------------------------------------------------------------


def known(shop: Shop, permission: str) -> bool:
    """Whether the buyer is readable, wholly; or else not at all."""
    answer = got(shop, permission)
    told = [answer["buyer"], answer["shippingAddress"], answer["billingAddress"]]
    told.append(answer["paymentPreferences"][0]["paymentDescriptor"])
    assert len({one is None for one in told}) == 1
    return answer["buyer"] is not None


def test_the_buyer_of_an_order_is_known_for_30_days() -> None:
    shop = Shop("eu")
    permission = confirmed(shop).permission
    shop.clock.now += BUYER_DATA_LIFE
    assert known(shop, permission)
    shop.clock.move(seconds=1)
    assert not known(shop, permission)
    assert got(shop, permission)["limits"]["amountLimit"]["amount"] == "50.00"


def _merchant_closes(shop: Shop, permission: str) -> None:
    closed(shop, permission)


def _buyer_closes(shop: Shop, permission: str) -> None:
    shop.simulator.manage(permission, "close")


def _amazon_cancels(shop: Shop, permission: str) -> None:
    shop.charge(permission, "1", code="AmazonRejected")


@LATER
@pytest.mark.parametrize("close", [_merchant_closes, _buyer_closes, _amazon_cancels])
def test_the_buyer_of_later_charges_is_known_until_30_days_after_closing(
    more: dict[str, Any], close: Any
) -> None:
    shop = Shop("eu")
    permission = confirmed(shop, **more).permission
    shop.clock.move(days=200)
    assert known(shop, permission)
    close(shop, permission)
    assert state(shop, permission)[0] == "Closed"
    shop.clock.now += BUYER_DATA_LIFE
    assert known(shop, permission)
    shop.clock.move(seconds=1)
    assert not known(shop, permission)


# Update -------------------------------------------------------------------------------


def test_an_update_keeps_what_it_leaves_out_and_may_repeat(shop: Shop) -> None:
    permission = shop.buy(more={"merchantMetadata": {"noteToBuyer": "Hi"}}).permission
    shop.clock.move(seconds=5)
    updated(shop, permission, merchantMetadata={"merchantReferenceId": "A-1"})
    reply = updated(shop, permission, merchantMetadata={"merchantReferenceId": "A-2"})
    assert (reply.status, reply.state) == (200, ("NonChargeable", "ChargeInProgress"))
    assert reply.json["merchantMetadata"] == {
        "merchantReferenceId": "A-2",
        "merchantStoreName": None,
        "noteToBuyer": "Hi",
        "customInformation": None,
    }
    details = reply.json["statusDetails"]
    assert details["lastUpdatedTimestamp"] == "21000115T120005Z"
    assert got(shop, permission) == reply.json


def test_a_rhythm_can_be_updated(shop: Shop) -> None:
    permission = confirmed(shop, **RECURRING).permission
    rhythm = {"frequency": {"unit": "Week", "value": 2}, "amount": shop.money("9")}
    reply = updated(shop, permission, recurringMetadata=rhythm)
    assert reply.json["recurringMetadata"] == {
        "frequency": {"unit": "Week", "value": "2"},
        "amount": shop.money("9.00"),
    }


def test_in_the_eu_another_rhythm_needs_another_checkout() -> None:
    shop = Shop("eu")
    permission = confirmed(shop, **RECURRING).permission
    same = RECURRING["recurringMetadata"]
    assert updated(shop, permission, recurringMetadata=same).status == 200
    other = {"frequency": {"unit": "Week", "value": "1"}}
    assert updated(shop, permission, recurringMetadata=other).error == NOT_MODIFIABLE


def test_a_closed_order_takes_what_is_still_empty(shop: Shop) -> None:
    words: dict[str, Any] = {
        "merchantMetadata": {"noteToBuyer": "Hi", "merchantStoreName": ""}
    }
    permission = confirmed(shop, **words).permission
    closed(shop, permission)
    for member, error in (
        ("noteToBuyer", NOT_MODIFIABLE),
        ("merchantStoreName", None),
        ("customInformation", None),
        ("customInformation", NOT_MODIFIABLE),
    ):
        reply = updated(shop, permission, merchantMetadata={member: "x"})
        assert reply.status == 200 if error is None else reply.error == error
    rhythm = RECURRING["recurringMetadata"]
    assert updated(shop, permission, recurringMetadata=rhythm).error == NOT_MODIFIABLE


@LATER
def test_a_closed_permission_for_later_takes_nothing(
    shop: Shop, more: dict[str, Any]
) -> None:
    permission = confirmed(shop, **more).permission
    closed(shop, permission)
    reply = updated(shop, permission, merchantMetadata={"noteToBuyer": "x"})
    assert reply.error == NOT_MODIFIABLE


# Close --------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("more", [{}, RECURRING, WALLET])
def test_a_merchant_closes_a_permission_once(
    shop: Shop, blocked: bool, more: dict[str, Any]
) -> None:
    permission = confirmed(shop, **more).permission
    if blocked:
        shop.simulator.manage(permission, "deletePaymentMethod")
    reply = closed(shop, permission)
    assert (reply.status, reply.state) == (200, ("Closed", "MerchantClosed"))
    assert shop.charge(permission, "1").error == WRONG_STATE
    assert closed(shop, permission).error == WRONG_STATE


def test_a_reason_must_be_given(shop: Shop) -> None:
    path = f"/chargePermissions/{shop.buy().permission}/close"
    assert shop.delete(path, {}).error == MISSING
    assert shop.delete(path, {"closureReason": "x" * 256}).status == 400
    assert shop.delete(path, {"closureReason": "x" * 255}).status == 200


@pytest.mark.parametrize("asked", [{}, {"cancelPendingCharges": False}])
def test_open_charges_live_on_and_can_be_captured(
    shop: Shop, asked: dict[str, Any]
) -> None:
    bought = shop.buy("50")
    closed(shop, bought.permission, **asked)
    assert shop.get(f"/charges/{bought.charge}").state == ("Authorized", None)
    assert shop.capture(bought.charge, "50").status == 200
    assert state(shop, bought.permission) == ("Closed", "MerchantClosed")


def test_open_charges_are_canceled_if_that_is_asked(shop: Shop) -> None:
    permission = confirmed(shop, "100").permission
    done = shop.charge(permission, "10", captureNow=True)
    under_way = shop.charge(permission, "10", captureNow=True, code="CaptureInitiated")
    held = shop.charge(permission, "10")
    pending = shop.charge(permission, "10", canHandlePendingAuthorization=True)
    closed(shop, permission, cancelPendingCharges=True)
    states = [
        shop.get(f"/charges/{charge.json['chargeId']}").state
        for charge in (done, under_way, held, pending)
    ]
    canceled = ("Canceled", "ChargePermissionCanceled")
    assert states == [
        ("Captured", None),
        ("CaptureInitiated", None),
        canceled,
        canceled,
    ]
    shop.clock.move(seconds=30)
    last = shop.get(f"/charges/{pending.json['chargeId']}")
    assert last.state == canceled


def test_amazons_closing_can_be_simulated(shop: Shop) -> None:
    permission = confirmed(shop).permission
    assert closed(shop, permission, code="AmazonClosed").state == (
        "Closed",
        "AmazonClosed",
    )


@pytest.mark.parametrize("code", ["HardDeclined", "amazonclosed"])
def test_a_code_of_another_call_is_refused(shop: Shop, code: str) -> None:
    permission = confirmed(shop).permission
    assert closed(shop, permission, code=code).error == (
        400,
        "InvalidSandboxSimulationSpecified",
    )


# Declines -----------------------------------------------------------------------------


def test_a_hard_decline_waits_for_the_charge_that_blocks_the_permission() -> None:
    shop = Shop(settings=Settings())
    permission = confirmed(shop, "100").permission
    waiting = {"canHandlePendingAuthorization": True}
    declining = shop.charge(permission, "40", code="PendingHardDeclined", **waiting)
    blocking = shop.charge(permission, "100").json["chargeId"]
    shop.clock.move(seconds=30)
    declined = shop.get(f"/charges/{declining.json['chargeId']}")
    assert declined.state == ("Declined", "HardDeclined")
    assert state(shop, permission) == ("NonChargeable", "ChargeInProgress")
    shop.delete(f"/charges/{blocking}/cancel", {})
    assert state(shop, permission) == ("NonChargeable", "PaymentMethodInvalid")
    shop.simulator.manage(permission, "mendPaymentMethod")
    assert state(shop, permission) == ("Chargeable", None)
