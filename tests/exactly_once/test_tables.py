"""The decision tables row by row, with values: entry, view and result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay._once.classify import CallResult
from AmazonPay._once.outcomes import Assessment, Observed
from AmazonPay._once.tables import assess
from journals import intended

if TYPE_CHECKING:
    from AmazonPay._once.entry import Entry

PRICE = {"amount": "10.00", "currencyCode": "USD"}
OTHER = {"amount": "10.01", "currencyCode": "USD"}
ASKED = {
    "chargePermissionId": "S01",
    "chargeId": "C1",
    "chargeAmount": PRICE,
    "captureAmount": PRICE,
    "refundAmount": PRICE,
}


def entry(operation: str, **more: Any) -> Entry:
    paths = {
        "create_charge": "/charges",
        "create_refund": "/refunds",
        "complete_checkout_session": "/checkoutSessions/s1/complete",
        "finalize_checkout_session": "/checkoutSessions/s1/finalize",
        "capture_charge": "/charges/C1/capture",
        "cancel_charge": "/charges/C1/cancel",
        "close_charge_permission": "/chargePermissions/S01/close",
    }
    return intended(operation, paths[operation], **more)


def shown(state: str, reason: object = None, **more: Any) -> dict[str, Any]:
    return {"statusDetails": {"state": state, "reasonCode": reason}, **ASKED, **more}


def verdict(
    entry: Entry,
    view: dict[str, Any] | None = None,
    result: CallResult | None = None,
    *,
    asked: dict[str, Any] = ASKED,
    **observed: Any,
) -> Assessment | None:
    return assess(entry, asked, Observed(view, **observed), result)


SESSIONS = ["complete_checkout_session", "finalize_checkout_session"]
IN_THE_PATH = {
    "complete_checkout_session": "Open",
    "finalize_checkout_session": "Open",
    "capture_charge": "Authorized",
    "cancel_charge": "Authorized",
    "close_charge_permission": "Chargeable",
}


# An object that is as it was ----------------------------------------------------------


@pytest.mark.parametrize("operation", IN_THE_PATH)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("succeeded", "pending"),
        ("refused", "no"),
        ("not_processed", "unknown"),
        ("unknown", "pending"),
    ],
)
def test_an_unchanged_object_is_decided_by_the_call(
    operation: str, status: Any, outcome: str
) -> None:
    if operation in SESSIONS and status == "unknown":
        outcome = "unknown"
    said = CallResult(status, "Why")
    found = verdict(entry(operation), shown(IN_THE_PATH[operation]), said)
    assert found == Assessment(outcome, "Why")  # type: ignore[arg-type] # an outcome


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        *(
            (
                operation,
                [
                    "InvalidCheckoutSessionStatus",
                    "CheckoutSessionCanceled",
                    "ResourceNotFound",
                ],
            )
            for operation in SESSIONS
        ),
        ("capture_charge", ["InvalidChargeStatus", "ResourceNotFound"]),
        ("cancel_charge", ["InvalidChargeStatus", "ResourceNotFound"]),
        (
            "close_charge_permission",
            ["InvalidChargePermissionStatus", "ResourceNotFound"],
        ),
    ],
)
def test_a_refusal_that_contradicts_the_view_is_waited_out(
    operation: str, codes: list[str]
) -> None:
    view = shown(IN_THE_PATH[operation])
    for code in codes:
        found = verdict(entry(operation), view, CallResult("refused", code))
        assert found == Assessment("pending", code)
        doubt = verdict(entry(operation), view, CallResult("not_processed", code))
        assert doubt == Assessment("unknown", code)


@pytest.mark.parametrize("operation", IN_THE_PATH)
def test_an_object_in_a_state_of_the_future_proves_nothing(operation: str) -> None:
    found = verdict(entry(operation), shown("Teleported"), CallResult("succeeded"))
    assert found == Assessment("unknown", "UnknownState")


@pytest.mark.parametrize("operation", IN_THE_PATH)
def test_an_object_that_cannot_be_read_proves_nothing(operation: str) -> None:
    found = verdict(entry(operation), None, CallResult("succeeded"), reason="TimedOut")
    assert found == Assessment("unknown", "TimedOut")


@pytest.mark.parametrize(
    ("known", "view", "charge", "found"),
    [
        (
            entry("create_charge", object_id="C1"),
            shown("Canceled", "ExpiredUnused"),
            None,
            Assessment("no", "ExpiredUnused"),
        ),
        (
            entry("create_refund", object_id="R1"),
            shown("Declined", "AmazonRejected"),
            None,
            Assessment("no", "AmazonRejected"),
        ),
        (
            entry("complete_checkout_session"),
            shown("Completed"),
            shown("Declined", "HardDeclined"),
            Assessment("no", "HardDeclined"),
        ),
        (
            entry("complete_checkout_session"),
            shown("Canceled", "BuyerCanceled", chargeId=None),
            None,
            Assessment("no", "BuyerCanceled"),
        ),
        (
            entry("capture_charge"),
            shown("Canceled", "MerchantCanceled"),
            None,
            Assessment("no", "MerchantCanceled"),
        ),
        (
            entry("cancel_charge"),
            shown("Canceled", "MerchantCanceled"),
            None,
            Assessment("success", "MerchantCanceled"),
        ),
        (
            entry("cancel_charge"),
            shown("Canceled", 5),
            None,
            Assessment("success", None),
        ),
    ],
)
def test_an_object_that_ended_says_why(
    known: Entry,
    view: dict[str, Any],
    charge: dict[str, Any] | None,
    found: Assessment,
) -> None:
    assert verdict(known, view, charge=charge) == found


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("chargePermissionId", "S02", "ObjectMismatch"),
        ("chargeAmount", OTHER, "AmountMismatch"),
        ("chargeAmount", {**PRICE, "currencyCode": "JPY"}, "CurrencyMismatch"),
        ("chargeId", "C2", "ObjectMismatch"),
        ("refundAmount", {**PRICE, "currencyCode": "JPY"}, "CurrencyMismatch"),
    ],
)
def test_a_creation_that_is_not_the_one_asked_for_is_named_as_such(
    member: str, value: object, reason: str
) -> None:
    refund = member in {"chargeId", "refundAmount"}
    made = entry("create_refund" if refund else "create_charge", object_id="X1")
    view = shown("Refunded" if refund else "Authorized", **{member: value})
    outcome: Any = "unknown" if reason == "ObjectMismatch" else "moved"
    assert verdict(made, view) == Assessment(outcome, reason)


def test_an_answer_that_was_lost_and_a_charge_that_is_not_seen_say_why() -> None:
    lost = Assessment("unknown", "TimedOut")
    said = CallResult("unknown", "TimedOut")
    assert verdict(entry("create_charge"), None, said) == lost
    for operation in ("create_charge", "create_refund"):
        made = entry(operation, object_id="X1")
        assert verdict(made, None, reason="TimedOut") == lost
    for operation in SESSIONS:
        unseen = verdict(entry(operation), shown("Completed"), reason="TimedOut")
        assert unseen == lost


# What this run has not sent -----------------------------------------------------------


@pytest.mark.parametrize("operation", IN_THE_PATH)
@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, None),
        ({"outcome": "unknown", "runs": 1}, None),
        ({"outcome": "pending", "runs": 1, "answers": 1}, None),
        ({"outcome": "moved", "reason": "Old"}, Assessment("moved", "Old")),
        ({"outcome": "success", "reason": "Old"}, Assessment("pending", "Old")),
        ({"abandoned": "dropped", "runs": 1}, Assessment("unknown", "Abandoned")),
        ({"abandoned": "dropped"}, Assessment("no", "Abandoned")),
        ({"abandoned": "dropped", "reason": "Old"}, Assessment("no", "Old")),
    ],
)
def test_an_unsent_entry_is_decided_by_what_the_journal_knows(
    operation: str, known: dict[str, Any], found: Assessment | None
) -> None:
    assert verdict(entry(operation, **known), shown(IN_THE_PATH[operation])) == found


@pytest.mark.parametrize("operation", ["create_charge", "create_refund"])
@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, None),
        ({"outcome": "unknown", "runs": 1}, None),
        ({"outcome": "no", "reason": "Old"}, Assessment("no", "Old")),
        ({"outcome": "moved", "reason": "Old"}, Assessment("moved", "Old")),
        ({"abandoned": "dropped", "runs": 1}, Assessment("unknown", "Abandoned")),
    ],
)
def test_an_unsent_creation_is_decided_by_what_the_journal_knows(
    operation: str, known: dict[str, Any], found: Assessment | None
) -> None:
    assert verdict(entry(operation, **known)) == found


def test_a_refused_creation_keeps_the_reason_of_its_no() -> None:
    known = entry("create_charge", outcome="no", reason="Old", runs=1, answers=1)
    found = verdict(known, None, CallResult("refused", "New"))
    assert found == Assessment("no", "Old")


@pytest.mark.parametrize("outcome", ["success", "no"])
def test_what_a_person_settled_is_the_verdict_whatever_is_seen(outcome: Any) -> None:
    known = entry("capture_charge", outcome=outcome, reason="seen", abandoned="seen")
    for view in (shown("Captured"), shown("Canceled"), None):
        assert verdict(known, view) == Assessment(outcome, "seen")


def test_two_objects_of_one_key_or_an_answer_about_another_prove_nothing() -> None:
    two = entry("create_charge", object_id="C1", other_object_ids=("C2",))
    mismatch = Assessment("unknown", "ObjectMismatch")
    assert verdict(two, shown("Captured")) == mismatch
    said = CallResult("unknown", "ObjectMismatch")
    assert verdict(entry("capture_charge"), shown("Captured"), said) == mismatch


# What the shop has abandoned ----------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "view", "charge", "outcome"),
    [
        ("capture_charge", shown("Captured"), None, "moved"),
        ("cancel_charge", shown("Canceled"), None, "success"),
        ("close_charge_permission", shown("Closed"), None, "success"),
        *((o, shown("Completed"), shown("Captured"), "moved") for o in SESSIONS),
    ],
)
def test_a_success_of_an_abandoned_entry_has_moved_money_if_it_moves_any(
    operation: str,
    view: dict[str, Any],
    charge: dict[str, Any] | None,
    outcome: str,
) -> None:
    known = entry(operation, abandoned="dropped", runs=1)
    found = verdict(known, view, charge=charge)
    assert found is not None
    reason = "Abandoned" if outcome == "moved" else None
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize("operation", ["create_charge", "create_refund"])
def test_a_creation_that_was_abandoned_and_made_has_moved_money(operation: str) -> None:
    known = entry(operation, abandoned="dropped", runs=1, object_id="X1")
    state = "Captured" if operation == "create_charge" else "Refunded"
    assert verdict(known, shown(state)) == Assessment("moved", "Abandoned")


def test_an_abandoned_session_without_a_charge_is_a_success() -> None:
    known = entry(SESSIONS[0], abandoned="dropped", runs=1, confirm_only=True)
    view = shown("Completed", chargeId=None)
    assert verdict(known, view) == Assessment("success")


def test_what_was_refunded_of_an_abandoned_charge_is_told() -> None:
    known = entry("capture_charge", abandoned="dropped", runs=1)
    back = {"amount": "1.00", "currencyCode": "USD"}
    found = verdict(known, shown("Captured", refundedAmount=back))
    assert found == Assessment("moved", "Abandoned", back)  # type: ignore[arg-type] # a price


# Created objects ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "plain", "at_once"),
    [
        ("AuthorizationInitiated", "pending", "pending"),
        ("Authorized", "success", "pending"),
        ("CaptureInitiated", "pending", "pending"),
        ("Captured", "success", "success"),
        ("Canceled", "no", "no"),
        ("Declined", "no", "no"),
    ],
)
def test_a_created_charge_is_decided_by_its_state(
    state: str, plain: Any, at_once: Any
) -> None:
    made = entry("create_charge", object_id="C1")
    assert verdict(made, shown(state)) == Assessment(plain)
    for value, outcome in ((True, at_once), (False, plain), ("true", plain)):
        asked = {**ASKED, "captureNow": value}
        assert verdict(made, shown(state), asked=asked) == Assessment(outcome)


@pytest.mark.parametrize(
    ("captured", "found"),
    [
        (PRICE, Assessment("success")),
        (None, Assessment("success")),
        (OTHER, Assessment("moved", "AmountMismatch")),
    ],
)
def test_what_was_to_be_captured_at_once_is_captured_as_asked(
    captured: object, found: Assessment
) -> None:
    made = entry("create_charge", object_id="C1")
    view = shown("Captured", captureAmount=captured)
    assert verdict(made, view, asked={**ASKED, "captureNow": True}) == found
    # Without captureNow, a later capture of another amount is another request.
    assert verdict(made, view) == Assessment("success")


def test_a_charge_that_is_not_captured_yet_has_no_captured_price_to_compare() -> None:
    made = entry("create_charge", object_id="C1")
    asked = {**ASKED, "captureNow": True}
    view = shown("CaptureInitiated", captureAmount=OTHER)
    assert verdict(made, view, asked=asked) == Assessment("pending")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("AuthorizationInitiated", "pending"),
        ("Authorized", "moved"),
        ("CaptureInitiated", "moved"),
        ("Captured", "moved"),
        ("Canceled", "no"),
        ("Declined", "no"),
    ],
)
def test_a_charge_over_another_price_has_moved_money_if_it_holds_any(
    state: str, outcome: Any
) -> None:
    made = entry("create_charge", object_id="C1")
    found = Assessment(outcome, "AmountMismatch")
    assert verdict(made, shown(state, chargeAmount=OTHER)) == found
    charge = shown(state, chargeAmount=OTHER)
    for operation in SESSIONS:
        done = verdict(entry(operation), shown("Completed"), charge=charge)
        assert done == found


@pytest.mark.parametrize(
    ("state", "equal", "other"),
    [
        ("RefundInitiated", "pending", "pending"),
        ("Refunded", "success", "moved"),
        ("Declined", "no", "no"),
    ],
)
def test_a_refund_is_decided_by_its_state(state: str, equal: Any, other: Any) -> None:
    made = entry("create_refund", object_id="R1")
    assert verdict(made, shown(state)) == Assessment(equal)
    differs = shown(state, refundAmount=OTHER)
    assert verdict(made, differs) == Assessment(other, "AmountMismatch")
    unknown = Assessment("unknown", "UnknownState")
    assert verdict(made, shown("Teleported")) == unknown


# Sessions -----------------------------------------------------------------------------


@pytest.mark.parametrize("operation", SESSIONS)
@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("AuthorizationInitiated", "pending"),
        ("Authorized", "success"),
        ("CaptureInitiated", "pending"),
        ("Captured", "success"),
        ("Canceled", "no"),
        ("Declined", "no"),
    ],
)
def test_a_completed_session_is_decided_by_its_charge(
    operation: str, state: str, outcome: Any
) -> None:
    found = verdict(entry(operation), shown("Completed"), charge=shown(state))
    assert found == Assessment(outcome)


def test_a_charge_in_a_state_of_the_future_proves_nothing() -> None:
    found = verdict(entry(SESSIONS[0]), shown("Completed"), charge=shown("Teleported"))
    assert found == Assessment("unknown", "UnknownState")


def test_a_canceled_session_with_a_good_charge_has_moved_money() -> None:
    back = {"amount": "1.00", "currencyCode": "USD"}
    for charge, refunded in (
        (shown("Captured"), None),
        (shown("Captured", refundedAmount=back), back),
    ):
        found = verdict(entry(SESSIONS[0]), shown("Canceled"), charge=charge)
        assert found == Assessment("moved", "SessionCanceled", refunded)  # type: ignore[arg-type] # a price
    found = verdict(entry(SESSIONS[0]), shown("Canceled"), charge=shown("Declined"))
    assert found == Assessment("no")


@pytest.mark.parametrize(
    ("seen", "reason"), [(None, "ChargeNotSeen"), ("C2", "ObjectMismatch")]
)
def test_a_session_that_lacks_the_charge_of_our_answer_proves_nothing(
    seen: str | None, reason: str
) -> None:
    known = entry(SESSIONS[0], object_id="C1", runs=1, answers=1)
    for state in ("Completed", "Canceled"):
        found = verdict(known, shown(state, chargeId=seen), charge=shown("Captured"))
        assert found == Assessment("unknown", reason)


def test_the_sessions_own_id_is_no_charge_of_our_answer() -> None:
    known = entry(SESSIONS[0], object_id="s1", runs=1, answers=1)
    found = verdict(known, shown("Completed"), charge=shown("Captured"))
    assert found == Assessment("success")


@pytest.mark.parametrize(
    ("asked", "more", "found"),
    [
        ({"chargeAmount": PRICE}, {}, Assessment("no", "NoCharge")),
        (
            {"chargeAmount": PRICE, "paymentIntent": "Confirm"},
            {},
            Assessment("success"),
        ),
        ({}, {}, Assessment("success")),
        (
            {"chargeAmount": PRICE},
            {"paymentDetails": {"paymentIntent": "Authorize"}},
            Assessment("unknown", "ChargeNotSeen"),
        ),
        (
            {"chargeAmount": PRICE},
            {"paymentDetails": {"paymentIntent": "AuthorizeWithCapture"}},
            Assessment("unknown", "ChargeNotSeen"),
        ),
        (
            {"chargeAmount": PRICE},
            {"paymentDetails": {"paymentIntent": "Confirm"}},
            Assessment("no", "NoCharge"),
        ),
    ],
)
def test_a_completed_session_without_a_charge_is_what_was_asked_for_or_not(
    asked: dict[str, Any], more: dict[str, Any], found: Assessment
) -> None:
    view = shown("Completed", **{"chargeId": None, **more})
    assert verdict(entry(SESSIONS[0]), view, asked=asked) == found
    confirmed = entry(SESSIONS[0], confirm_only=True)
    assert verdict(confirmed, view, asked=asked) == Assessment("success")


# Objects in the path ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("AuthorizationInitiated", Assessment("pending")),
        ("Authorized", None),
        ("CaptureInitiated", Assessment("pending")),
        ("Captured", Assessment("success")),
        ("Canceled", Assessment("no")),
        ("Declined", Assessment("no")),
    ],
)
def test_a_capture_is_decided_by_the_state(
    state: str, found: Assessment | None
) -> None:
    assert verdict(entry("capture_charge"), shown(state)) == found


@pytest.mark.parametrize(
    ("captured", "reason"),
    [
        (OTHER, "AmountMismatch"),
        ({"amount": "10.00", "currencyCode": "EUR"}, "CurrencyMismatch"),
    ],
)
def test_a_capture_of_another_price_has_moved_money(
    captured: object, reason: str
) -> None:
    found = verdict(entry("capture_charge"), shown("Captured", captureAmount=captured))
    assert found == Assessment("moved", reason)


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("AuthorizationInitiated", None),
        ("Authorized", None),
        ("CaptureInitiated", Assessment("moved", "CaptureInitiated")),
        ("Captured", Assessment("moved", "Captured")),
        ("Canceled", Assessment("success")),
        ("Declined", Assessment("success")),
    ],
)
def test_a_cancellation_is_decided_by_the_state(
    state: str, found: Assessment | None
) -> None:
    assert verdict(entry("cancel_charge"), shown(state)) == found


CANCELS = {"cancelPendingCharges": True}


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("Chargeable", None),
        ("NonChargeable", None),
        ("Closed", Assessment("success")),
    ],
)
def test_a_closing_is_decided_by_the_state(
    state: str, found: Assessment | None
) -> None:
    closing = entry("close_charge_permission")
    for asked in ({}, {"cancelPendingCharges": False}, {"cancelPendingCharges": "x"}):
        assert verdict(closing, shown(state), asked=asked) == found
    ours = replace(closing, object_id="S01")
    assert verdict(ours, shown(state), asked=CANCELS) == found


@pytest.mark.parametrize(
    ("charges", "reason"),
    [
        (None, "ClosedByAnother"),
        ((None,), "ChargeNotSeen"),
        ((shown("Canceled"), None), "ChargeNotSeen"),
        ((shown("Canceled", chargePermissionId="S02"),), "ChargeNotSeen"),
        ((shown("Canceled"), shown("Authorized")), "ChargeStillOpen"),
        ((shown("AuthorizationInitiated"),), "ChargeStillOpen"),
        ((shown("Teleported"),), "ChargeStillOpen"),
    ],
)
def test_a_closing_by_another_leaves_open_what_it_may_not_have_canceled(
    charges: Any, reason: str
) -> None:
    closing = entry("close_charge_permission")
    found = verdict(closing, shown("Closed"), asked=CANCELS, charges=charges)
    assert found == Assessment("unknown", reason)


@pytest.mark.parametrize(
    "charges",
    [
        (),
        (shown("Canceled"),),
        tuple(map(shown, ("Declined", "Captured", "CaptureInitiated"))),
    ],
)
def test_a_closing_by_another_is_a_success_if_all_charges_ended(charges: Any) -> None:
    closing = entry("close_charge_permission")
    found = verdict(closing, shown("Closed"), asked=CANCELS, charges=charges)
    assert found == Assessment("success")
