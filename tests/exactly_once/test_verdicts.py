"""Why a verdict is what it is: the reasons of the decision tables, with values."""

from __future__ import annotations

from typing import Any

import pytest

from AmazonPay._once.classify import CallResult
from AmazonPay._once.entry import Entry
from AmazonPay._once.outcomes import Assessment, Observed
from AmazonPay._once.tables import assess

PRICE = {"amount": "10.00", "currencyCode": "USD"}
OTHER = {"amount": "10.01", "currencyCode": "USD"}
YEN = {"amount": "10", "currencyCode": "JPY"}
CHARGE = {"chargePermissionId": "S01", "chargeAmount": PRICE}
REFUND = {"chargeId": "S01-C1", "refundAmount": PRICE}


def entry(operation: str, **more: Any) -> Entry:
    given: dict[str, Any] = {
        "key": "k",
        "namespace": "shop",
        "order": "1",
        "operation": operation,
        "attempt": 1,
        "path": "/charges/S01-C1",
        "body": b"{}",
        "digest": "d",
        **more,
    }
    return Entry(**given)


def shown(state: str, reason: object = None, **more: Any) -> dict[str, Any]:
    return {"statusDetails": {"state": state, "reasonCode": reason}, **more}


def seen_charge(state: str, reason: object = None, **more: Any) -> Observed:
    return Observed(shown(state, reason, **{**CHARGE, **more}))


def test_a_refusal_that_contradicts_the_state_is_pending_with_its_code() -> None:
    said = CallResult("refused", "InvalidChargeStatus")
    verdict = assess(entry("capture_charge"), {}, seen_charge("Authorized"), said)
    assert verdict == Assessment("pending", "InvalidChargeStatus")


def test_a_created_charge_that_is_not_known_yet_is_still_to_be_sent() -> None:
    assert assess(entry("create_charge"), CHARGE, Observed(), None) is None


def test_a_create_whose_answer_was_lost_is_unknown_with_the_reason() -> None:
    said = CallResult("unknown", "TimedOut")
    verdict = assess(entry("create_charge"), CHARGE, Observed(), said)
    assert verdict == Assessment("unknown", "TimedOut")


def test_a_definite_no_keeps_its_reason() -> None:
    known = entry("create_charge", outcome="no", reason="HardDeclined")
    verdict = assess(known, CHARGE, Observed(), None)
    assert verdict == Assessment("no", "HardDeclined")


@pytest.mark.parametrize("operation", ["create_charge", "create_refund"])
def test_an_object_that_cannot_be_seen_is_unknown_with_the_reason(
    operation: str,
) -> None:
    made = entry(operation, object_id="x")
    verdict = assess(made, CHARGE | REFUND, Observed(reason="ResourceNotFound"), None)
    assert verdict == Assessment("unknown", "ResourceNotFound")


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"chargePermissionId": "S02"}, Assessment("unknown", "ObjectMismatch")),
        ({"chargeAmount": OTHER}, Assessment("moved", "AmountMismatch")),
        ({"chargeAmount": YEN}, Assessment("moved", "CurrencyMismatch")),
    ],
)
def test_a_charge_that_is_not_the_one_asked_for_is_named_as_such(
    more: dict[str, Any], verdict: Assessment
) -> None:
    made = entry("create_charge", object_id="S01-C1")
    assert assess(made, CHARGE, seen_charge("Authorized", **more), None) == verdict


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"chargeId": "S01-C2"}, Assessment("unknown", "ObjectMismatch")),
        ({"refundAmount": OTHER}, Assessment("moved", "AmountMismatch")),
        ({"refundAmount": YEN}, Assessment("moved", "CurrencyMismatch")),
    ],
)
def test_a_refund_that_is_not_the_one_asked_for_is_named_as_such(
    more: dict[str, Any], verdict: Assessment
) -> None:
    made = entry("create_refund", object_id="S01-R1")
    seen = Observed(shown("Refunded", **{**REFUND, **more}))
    assert assess(made, REFUND, seen, None) == verdict


def test_a_refund_that_was_declined_says_why() -> None:
    made = entry("create_refund", object_id="S01-R1")
    seen = Observed(shown("Declined", "AmazonRejected", **REFUND))
    assert assess(made, REFUND, seen, None) == Assessment("no", "AmazonRejected")


def test_a_created_charge_that_was_canceled_says_why() -> None:
    made = entry("create_charge", object_id="S01-C1")
    verdict = assess(made, CHARGE, seen_charge("Canceled", "ExpiredUnused"), None)
    assert verdict == Assessment("no", "ExpiredUnused")


def completed(charge: dict[str, Any] | None, reason: str | None = None) -> Observed:
    session = shown("Completed", checkoutSessionId="s1", chargeId="S01-C1")
    return Observed(session, reason, charge)


def test_a_completed_session_whose_charge_cannot_be_seen_is_unknown() -> None:
    asked = {"chargeAmount": PRICE}
    verdict = assess(
        entry("complete_checkout_session"), asked, completed(None, "TimedOut"), None
    )
    assert verdict == Assessment("unknown", "TimedOut")


def test_a_completed_session_whose_charge_was_declined_says_why() -> None:
    asked = {"chargeAmount": PRICE}
    charge = shown("Declined", "HardDeclined", chargeAmount=PRICE)
    verdict = assess(entry("complete_checkout_session"), asked, completed(charge), None)
    assert verdict == Assessment("no", "HardDeclined")


def test_a_session_that_was_canceled_says_why() -> None:
    seen = Observed(shown("Canceled", "BuyerCanceled"))
    verdict = assess(entry("complete_checkout_session"), {}, seen, None)
    assert verdict == Assessment("no", "BuyerCanceled")


def test_a_capture_of_a_canceled_charge_says_why() -> None:
    seen = seen_charge("Canceled", "MerchantCanceled")
    verdict = assess(entry("capture_charge"), {}, seen, None)
    assert verdict == Assessment("no", "MerchantCanceled")


def test_a_cancel_that_came_too_late_names_the_state() -> None:
    verdict = assess(entry("cancel_charge"), {}, seen_charge("Captured"), None)
    assert verdict == Assessment("moved", "Captured")


def test_a_cancel_that_worked_gives_the_charges_own_reason() -> None:
    seen = seen_charge("Canceled", "MerchantCanceled")
    verdict = assess(entry("cancel_charge"), {}, seen, None)
    assert verdict == Assessment("success", "MerchantCanceled")


def test_a_reason_that_is_no_text_is_none() -> None:
    verdict = assess(entry("cancel_charge"), {}, seen_charge("Canceled", 5), None)
    assert verdict == Assessment("success", None)
