"""What a decision says beside its outcome: the state, the object's id, the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import NotYet, TimedOut
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal

if TYPE_CHECKING:
    from AmazonPay.decisions import Decision

MONEY = {"amount": "10.00", "currencyCode": "USD"}
PERMISSION, CHARGE, REFUND = "S01", "S01-C1", "S01-R1"

View = dict[str, Any]


def shown(state: object, **members: object) -> View:
    return {"statusDetails": {"state": state, "reasonCode": None}, **members}


def charge(state: object) -> View:
    return shown(
        state, chargeId=CHARGE, chargePermissionId=PERMISSION, chargeAmount=MONEY
    )


def session(state: str, charge_id: str | None = None) -> View:
    return shown(state, checkoutSessionId="s1", chargeId=charge_id)


def refund(state: str) -> View:
    return shown(state, refundId=REFUND, chargeId=CHARGE, refundAmount=MONEY)


CREATE: View = {"chargePermissionId": PERMISSION, "chargeAmount": MONEY}
CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "complete": (
        Once.complete_or_get_checkout_session,
        ("s1", {"chargeAmount": MONEY}),
    ),
    "create": (Once.create_charge_or_get, (CREATE,)),
    "create and take": (Once.create_charge_or_get, ({**CREATE, "captureNow": True},)),
    "capture": (Once.capture_or_get_charge, (CHARGE, {"captureAmount": MONEY})),
    "cancel": (Once.cancel_or_get_charge, (CHARGE,)),
    "close": (Once.close_or_get_charge_permission, (PERMISSION,)),
    "refund": (Once.refund_or_get, ({"chargeId": CHARGE, "refundAmount": MONEY},)),
}


def decided(call: str, journal: MemoryJournal, *script: Reply) -> Decision[Any]:
    helper, arguments = CALLS[call]
    flow = helper.begin(None, *arguments, journal=journal, **NAMES)
    decision: Decision[Any] = Player(*script).play(flow)
    return decision


PENDING: list[tuple[str, list[Reply], str]] = [
    (
        "complete",
        [
            answer(session("Completed", CHARGE)),
            answer(charge("AuthorizationInitiated")),
        ],
        "AuthorizationInitiated",
    ),
    (
        "create",
        [
            answer(charge("AuthorizationInitiated"), 201),
            answer(charge("AuthorizationInitiated")),
        ],
        "AuthorizationInitiated",
    ),
    (
        "create and take",
        [answer(charge("Authorized"), 201), answer(charge("Authorized"))],
        "Authorized",
    ),
    ("capture", [answer(charge("CaptureInitiated"))], "CaptureInitiated"),
    (
        "capture",  # the view after the answer is older than it
        [
            answer(charge("Authorized")),
            answer(charge("Captured")),
            answer(charge("Authorized")),
        ],
        "Authorized",
    ),
    (
        "refund",
        [answer(refund("RefundInitiated"), 201), answer(refund("RefundInitiated"))],
        "RefundInitiated",
    ),
]


@pytest.mark.parametrize(("call", "script", "state"), PENDING)
def test_a_pending_decision_names_the_state_that_it_waits_in(
    call: str, script: list[Reply], state: str
) -> None:
    journal = MemoryJournal()
    decision = decided(call, journal, *script)
    assert (decision.outcome, decision.reason) == ("pending", state)
    with pytest.raises(NotYet, match=state):
        decision.raise_for_outcome()


def test_the_journal_keeps_no_state_as_a_reason() -> None:
    journal = MemoryJournal()
    decided("capture", journal, answer(charge("CaptureInitiated")))
    assert (journal.entry.outcome, journal.entry.reason) == ("pending", None)


def test_another_reason_of_a_pending_decision_stays() -> None:
    unseen = TimedOut("x", outcome_unknown=True)
    held = answer(charge("Authorized"))
    decision = decided("capture", MemoryJournal(), held, unseen, held)
    assert (decision.outcome, decision.reason) == ("pending", "TimedOut")


DONE: list[tuple[str, list[Reply], str, str]] = [
    (
        "complete",
        [answer(session("Completed", CHARGE)), answer(charge("Authorized"))],
        "s1",
        "Completed",
    ),
    (
        "create",
        [answer(charge("Authorized"), 201), answer(charge("Authorized"))],
        CHARGE,
        "Authorized",
    ),
    ("cancel", [answer(charge("Canceled"))], CHARGE, "Canceled"),
    (
        "close",
        [answer(shown("Closed", chargePermissionId=PERMISSION))],
        PERMISSION,
        "Closed",
    ),
    (
        "refund",
        [answer(refund("RefundInitiated"), 201), answer(refund("Refunded"))],
        REFUND,
        "Refunded",
    ),
]


@pytest.mark.parametrize(("call", "script", "object_id", "state"), DONE)
def test_a_decision_has_the_id_and_the_state_of_its_object(
    call: str, script: list[Reply], object_id: str, state: str
) -> None:
    decision = decided(call, MemoryJournal(), *script)
    assert (decision.object_id, decision.state) == (object_id, state)
    assert decision.raise_for_outcome() is decision
    status = decision.response and decision.response.status_code
    assert status == (201 if call in {"create", "refund"} else None)


def test_what_never_came_to_be_has_neither_id_nor_state() -> None:
    decision = decided("create", MemoryJournal(), refusal(422, "HardDeclined"))
    assert (decision.outcome, decision.object_id) == ("no", None)
    assert (decision.seen, decision.state) == (None, "Unknown")


@pytest.mark.parametrize("state", ["CapturedTwice", "", None, 5, []])
def test_a_state_that_is_not_known_is_unknown(state: object) -> None:
    decision = decided("cancel", MemoryJournal(), answer(charge(state)))
    assert (decision.outcome, decision.state) == ("unknown", "Unknown")
    assert decision.object_id == CHARGE
