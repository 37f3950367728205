"""Every helper, every answer, every state, with and without an earlier doubt.

Played without a client: the script holds what the GETs and the call itself answer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from AmazonPay import (
    ConnectionFailed,
    ConnectionLost,
    DefiniteNo,
    HardDeclined,
    MoneyMoved,
    NotProven,
    NotYet,
    TimedOut,
)
from AmazonPay.decisions import Decision
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal
from reference import decisions as reference

if TYPE_CHECKING:
    from collections.abc import Callable

View: TypeAlias = dict[str, Any]

MONEY = {"amount": "10", "currencyCode": "USD"}
SAME = {"amount": "10.00", "currencyCode": "USD"}
OTHER = {"amount": "10.01", "currencyCode": "USD"}
YEN = {"amount": "10", "currencyCode": "JPY"}
OTHERS = {"another amount": OTHER, "another currency": YEN}
BACK = {"partly refunded": "0.01", "refunded": "10.00", "over-refunded": "11.50"}
NOT_SEEN = refusal(404, "ResourceNotFound")


def shown(state: str, **more: Any) -> View:
    return {"statusDetails": {"state": state, "reasonCode": None}, **more}


def allows(state: str) -> View:
    """Show the permission of a charge that is to be created."""
    return shown(state, chargePermissionId="S01")


def charge(row: str) -> View:
    state, _, rest = row.partition(" ")
    price = OTHERS.get(rest, SAME)
    taken = state == "Captured"
    return shown(
        state,
        chargeId="S01-C1",
        chargePermissionId="S02" if rest == "another permission" else "S01",
        chargeAmount=price,
        captureAmount=price if taken else None,
        refundedAmount={**SAME, "amount": BACK.get(rest, "0.00")} if taken else None,
    )


def session(row: str) -> list[Reply]:
    """Answer the GET of a session, and that of the charge it names."""
    state, _, rest = row.partition(" ")
    if row == "not seen":
        return [NOT_SEEN]
    named = rest not in {"", "without a charge"}
    charge_id = "S01-C1" if named else None
    first = answer(shown(state, checkoutSessionId="s1", chargeId=charge_id))
    if not named:
        return [first]
    if rest == "charge not seen":
        return [first, NOT_SEEN]
    return [first, answer(charge(f"Captured {rest}" if rest in OTHERS else rest))]


def seen_charge(row: str) -> list[Reply]:
    return [NOT_SEEN if row == "not seen" else answer(charge(row))]


def permission(row: str) -> list[Reply]:
    state, _, rest = row.partition(" ")
    if row == "not seen":
        return [NOT_SEEN]
    seconds = {
        "charges ended": charge("Captured"),
        "charge open": charge("Authorized"),
        "charge not seen": charge("Captured another permission"),
    }
    known = (
        [charge("Canceled"), {**seconds[rest], "chargeId": "S01-C2"}] if rest else []
    )
    return [answer(shown(state, chargePermissionId="S01")), *map(answer, known)]


def refund(row: str) -> list[Reply]:
    state, _, rest = row.partition(" ")
    if row == "not seen":
        return [NOT_SEEN]
    return [
        answer(
            shown(
                state,
                refundId="S01-R1",
                chargeId="S01-C2" if rest == "another charge" else "S01-C1",
                refundAmount=OTHERS.get(rest, SAME),
            )
        )
    ]


@dataclass(frozen=True)
class Case:
    """One helper, called with one body."""

    begin: Callable[..., Any]
    arguments: tuple[Any, ...]
    open: str
    """The row that is seen before, so that something is sent; none is looked at."""
    look: Callable[[str], list[Reply]]
    done: View
    """What a success of the call itself shows."""
    contradictions: str = ""
    more: dict[str, Any] | None = None


COMPLETE = Case(
    Once.complete_or_get_checkout_session.begin,
    ("s1", {"chargeAmount": MONEY}),
    "Open",
    session,
    shown("Completed", checkoutSessionId="s1", chargeId="S01-C1"),
    "complete",
)
FINALIZE = replace(
    COMPLETE,
    begin=Once.finalize_or_get_checkout_session.begin,
    arguments=("s1", {"chargeAmount": MONEY, "paymentIntent": "Authorize"}),
)
CAPTURE = Case(
    Once.capture_or_get_charge.begin,
    ("S01-C1", {"captureAmount": MONEY}),
    "Authorized",
    seen_charge,
    charge("Captured"),
    "capture",
)
CANCEL = Case(
    Once.cancel_or_get_charge.begin,
    ("S01-C1",),
    "Authorized",
    seen_charge,
    charge("Canceled"),
    "cancel",
)
CLOSE = Case(
    Once.close_or_get_charge_permission.begin,
    ("S01", {"closureReason": "done"}),
    "Chargeable",
    permission,
    shown("Closed", chargePermissionId="S01"),
    "close",
)
CLOSE_ALL = replace(
    CLOSE, arguments=("S01", {"closureReason": "x", "cancelPendingCharges": True})
)
BY_STATE = [
    ("complete", COMPLETE, reference.COMPLETE),
    ("finalize", FINALIZE, reference.COMPLETE),
    ("capture", CAPTURE, reference.CAPTURE),
    ("cancel", CANCEL, reference.CANCEL),
    ("close", CLOSE, reference.CLOSE),
    ("close with charges", CLOSE_ALL, reference.CLOSE_WITH_CHARGES),
]
CREATE = Case(
    Once.create_charge_or_get.begin,
    ({"chargePermissionId": "S01", "chargeAmount": MONEY},),
    "",
    seen_charge,
    charge("Authorized"),
)
CREATE_NOW = replace(
    CREATE,
    arguments=(
        {"chargePermissionId": "S01", "chargeAmount": MONEY, "captureNow": True},
    ),
)
REFUND = Case(
    Once.refund_or_get.begin,
    ({"chargeId": "S01-C1", "refundAmount": MONEY},),
    "",
    refund,
    shown("RefundInitiated", refundId="S01-R1", chargeId="S01-C1"),
)
BY_KEY = [
    ("create", CREATE, reference.CREATE),
    ("create with captureNow", CREATE_NOW, reference.CREATE_WITH_CAPTURE_NOW),
    ("refund", REFUND, reference.REFUND),
]


def answers(done: View) -> dict[str, tuple[str, Reply]]:
    """List every answer: its name, what was heard by it, and the reply itself."""
    found: dict[str, tuple[str, Reply]] = {
        "200": ("done", answer(done)),
        "201": ("done", answer(done, 201)),
        "202": ("done", answer(done, 202)),
        "200 without an id": ("lost", answer({})),
        "200 that is no JSON": ("lost", answer(b"<html>", outcome_unknown=True)),
        "204": ("lost", answer(b"", 204, outcome_unknown=True)),
        "302 of a gateway": ("lost", answer(b"", 302)),
        "403 of a gateway": ("lost", answer(b"<html>", 403)),
        "404 of a gateway": ("lost", answer(b"{}", 404)),
        "429 of a gateway": ("unasked", answer(b"<html>", 429)),
        "502": ("lost", answer(b"", 502, outcome_unknown=True)),
        "no answer": ("lost", TimedOut("x", outcome_unknown=True)),
        "connection lost": ("lost", ConnectionLost("x", outcome_unknown=True)),
        "not sent": ("unasked", ConnectionFailed("x")),
    }
    for code, status in reference.REFUSED.items():
        found[code] = ("refused", refusal(status, code))
    for code, status in reference.UNASKED.items():
        found[code] = ("unasked", refusal(status, code))
    for code, status in reference.LOST.items():
        reply = refusal(status, code)
        reply.outcome_unknown = status >= 500 or status == 408
        found[code] = ("lost", reply)
    # A refusal that follows a lost attempt of the same call.
    reply = refusal(422, "HardDeclined")
    reply.outcome_unknown = True
    found["HardDeclined after a lost attempt"] = ("lost", reply)
    return found


def names(row: str) -> dict[str, Any]:
    """Name the charges of a permission, where the row is about them."""
    known = row.startswith("Closed charge")
    return {"charge_ids": ["S01-C1", "S01-C2"]} if known else {}


def flow(case: Case, journal: MemoryJournal, **more: Any) -> Any:
    return case.begin(None, *case.arguments, journal=journal, **NAMES, **more)


def killed(case: Case, **more: Any) -> MemoryJournal:
    """Make a journal whose entry was begun by a process that was killed."""
    journal = MemoryJournal()
    before = case.look(case.open) if case.open else []
    with pytest.raises(ZeroDivisionError):
        Player(*before, ZeroDivisionError()).play(flow(case, journal, **more))
    assert journal.entry.in_doubt
    return journal


def cases(
    tables: list[tuple[str, Case, Any]],
) -> list[Any]:
    return [
        pytest.param(case, table, row, doubt, id=f"{name}-{row}-{doubt}")
        for name, case, table in tables
        for row in table
        for doubt in ("certain", "in doubt")
    ]


# Rows in which a call can still end an object; see also cancel.
STILL = {"Open", "Authorized", "Chargeable", "NonChargeable"}


def sends(case: Case, row: str) -> bool:
    return row in STILL or (case is CANCEL and row == "AuthorizationInitiated")


# Helpers whose object's state tells ---------------------------------------------------


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "table", "row", "doubt"), cases(BY_STATE))
def test_a_state_and_an_answer_decide(
    case: Case, table: dict[str, dict[str, str]], row: str, doubt: str
) -> None:
    found, wanted = {}, {}
    more = names(row)
    for name, (word, reply) in answers(case.done).items():
        journal = MemoryJournal() if doubt == "certain" else killed(case, **more)
        heard = "lost" if doubt == "in doubt" and word != "done" else word
        wanted[name] = table[row][heard]
        contradictory = name in reference.CONTRADICTIONS[case.contradictions]
        if heard == "refused" and sends(case, row) and contradictory:
            wanted[name] = "pending"
        ours = word == "done" and row.startswith("Closed")
        after = case.look("Closed" if ours else row)
        player = Player(*case.look(case.open), reply, *after)
        found[name] = player.play(flow(case, journal, **more)).outcome
        assert len(player.sent) == 1
        assert journal.entry.outcome == found[name]
    assert found == wanted


@pytest.mark.parametrize(("case", "table", "row", "doubt"), cases(BY_STATE))
def test_what_a_state_tells_already_is_not_sent(
    case: Case, table: dict[str, dict[str, str]], row: str, doubt: str
) -> None:
    more = names(row)
    journal = MemoryJournal() if doubt == "certain" else killed(case, **more)
    script = case.look(row)
    if sends(case, row):
        script += [answer(case.done), *case.look(case.open)]
    player = Player(*script)
    decision = player.play(flow(case, journal, **more))
    assert len(player.sent) == sends(case, row)
    assert decision.outcome == table[row]["done" if player.sent else "lost"]


# Helpers where only the key can tell --------------------------------------------------


@pytest.mark.parametrize(("case", "table", "row", "doubt"), cases(BY_KEY))
def test_the_object_of_the_key_decides(
    case: Case, table: dict[str, str], row: str, doubt: str
) -> None:
    journal = MemoryJournal() if doubt == "certain" else killed(case)
    player = Player(answer(case.done, 201), *case.look(row))
    assert player.play(flow(case, journal)).outcome == table[row]
    assert journal.entry.outcome == table[row]


@pytest.mark.parametrize("doubt", ["certain", "in doubt"])
@pytest.mark.parametrize("case", [CREATE, CREATE_NOW, REFUND])
def test_without_an_object_only_a_plain_refusal_decides(case: Case, doubt: str) -> None:
    found, wanted = {}, {}
    for name, (word, reply) in answers(case.done).items():
        if word == "done":
            continue
        journal = MemoryJournal() if doubt == "certain" else killed(case)
        wanted[name] = reference.CREATED_WITHOUT[word if doubt == "certain" else "lost"]
        looks = name == "SoftDeclined" and wanted[name] == "no" and case is not REFUND
        player = Player(reply, *([answer(allows("Closed"))] if looks else []))
        found[name] = player.play(flow(case, journal)).outcome
        assert journal.entry.outcome == found[name]
    assert found == wanted


@pytest.mark.parametrize("case", [CREATE, REFUND])
def test_a_processing_failure_is_a_no_of_create_charge_alone(case: Case) -> None:
    reply = refusal(500, "ProcessingFailure")
    # What `_exchange` says of it: `amazon-pay-api-v2/charge.html`.
    reply.outcome_unknown = case is REFUND
    looks = [] if case is REFUND else [answer(allows("Chargeable"))]
    decision = Player(reply, *looks).play(flow(case, MemoryJournal()))
    assert decision.outcome == ("unknown" if case is REFUND else "no")
    assert decision.new_attempt is (case is CREATE)


# A new attempt ------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*reference.REFUSED])
@pytest.mark.parametrize("state", ["Chargeable", "NonChargeable", "Closed"])
def test_a_new_attempt_is_right_after_a_soft_decline_of_an_open_permission(
    code: str, state: str
) -> None:
    soft = code == "SoftDeclined"
    looks = [answer(allows(state))] if soft else []
    player = Player(refusal(reference.REFUSED[code], code), *looks)
    decision = player.play(flow(CREATE, MemoryJournal()))
    assert decision.new_attempt is (soft and state == "Chargeable")


def test_no_new_attempt_where_the_permission_cannot_be_seen() -> None:
    player = Player(refusal(422, "SoftDeclined"), NOT_SEEN)
    decision = player.play(flow(CREATE, MemoryJournal()))
    assert (decision.outcome, decision.new_attempt) == ("no", False)


def test_no_new_attempt_while_a_run_is_in_doubt() -> None:
    player = Player(refusal(422, "SoftDeclined"))
    decision = player.play(flow(CREATE, killed(CREATE)))
    assert (decision.outcome, decision.new_attempt) == ("unknown", False)


def test_no_new_attempt_for_a_charge_that_was_declined_later() -> None:
    declined = charge("Declined")
    declined["statusDetails"]["reasonCode"] = "SoftDeclined"
    player = Player(answer(CREATE.done, 201), answer(declined))
    decision = player.play(flow(CREATE, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("no", "SoftDeclined")
    assert decision.new_attempt is False


def test_only_create_charge_has_a_new_attempt() -> None:
    player = Player(refusal(422, "SoftDeclined"))
    decision = player.play(flow(REFUND, MemoryJournal()))
    assert (decision.outcome, decision.new_attempt) == ("no", False)


# A checkout without a charge ----------------------------------------------------------

WITHOUT = "Completed without a charge"


def test_a_checkout_without_a_charge_is_no_success_for_who_expects_one() -> None:
    decision = Player(*session(WITHOUT)).play(flow(COMPLETE, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("no", "NoCharge")


def test_a_checkout_that_only_confirms_has_no_charge() -> None:
    made = flow(COMPLETE, MemoryJournal(), confirm_only=True)
    decision = Player(*session(WITHOUT)).play(made)
    assert (decision.ok, decision.charge) == (True, None)


def test_a_finalized_checkout_says_itself_that_it_only_confirms() -> None:
    body = {"chargeAmount": MONEY, "paymentIntent": "Confirm"}
    case = replace(FINALIZE, arguments=("s1", body))
    assert Player(*session(WITHOUT)).play(flow(case, MemoryJournal())).ok


def test_the_set_up_of_a_saved_wallet_has_no_charge() -> None:
    case = replace(COMPLETE, arguments=("s1", {}))
    assert Player(*session(WITHOUT)).play(flow(case, MemoryJournal())).ok


def test_a_charge_that_nobody_can_compare_proves_nothing() -> None:
    case = replace(COMPLETE, arguments=("s1", {}))
    script = session("Completed Captured")
    decision = Player(*script).play(flow(case, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("unknown", "NoAmount")


# Objects that say less than they should -----------------------------------------------


@pytest.mark.parametrize("price", [None, {}, {"amount": "x", "currencyCode": "USD"}])
@pytest.mark.parametrize("case", [CAPTURE, CREATE])
def test_an_amount_that_cannot_be_read_proves_nothing(case: Case, price: Any) -> None:
    seen = charge("Captured") | {"captureAmount": price, "chargeAmount": price}
    script = [answer(seen)] if case is CAPTURE else [answer(CREATE.done), answer(seen)]
    decision = Player(*script).play(flow(case, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("unknown", "NoAmount")


@pytest.mark.parametrize("refunded", [{}, "0.00", {"amount": None}])
def test_a_sum_of_refunds_that_cannot_be_read_is_not_nothing(refunded: Any) -> None:
    seen = charge("Captured") | {"refundedAmount": refunded}
    decision = Player(answer(seen)).play(flow(CAPTURE, MemoryJournal()))
    assert (decision.outcome, decision.reason) == ("unknown", "NoAmount")


def test_a_capture_without_a_sum_of_refunds_was_not_refunded() -> None:
    seen = charge("Captured") | {"refundedAmount": None}
    assert Player(answer(seen)).play(flow(CAPTURE, MemoryJournal())).ok


# The decision -------------------------------------------------------------------------


def decided(case: Case, *script: Reply) -> Decision[Any]:
    decision: Decision[Any] = Player(*script).play(flow(case, MemoryJournal()))
    return decision


def test_a_completed_session_comes_with_its_charge() -> None:
    decision = decided(COMPLETE, *session("Completed Captured"))
    assert decision.seen == shown(
        "Completed", checkoutSessionId="s1", chargeId="S01-C1"
    )
    assert decision.charge == charge("Captured")
    assert decision.response is None


def test_a_decision_is_no_truth_value() -> None:
    decision = decided(CREATE, refusal(422, "HardDeclined"))
    with pytest.raises(TypeError, match="outcome"):
        bool(decision)


def test_a_decision_shows_no_body() -> None:
    decision = decided(CREATE, refusal(422, "HardDeclined"))
    assert repr(decision) == "<Decision create_charge no HardDeclined>"
    decision = decided(CREATE, answer(CREATE.done, 201), answer(charge("Captured")))
    assert repr(decision) == "<Decision create_charge success>"


def test_a_no_raises_from_the_answer_behind_it() -> None:
    decision = decided(CREATE, refusal(422, "HardDeclined"))
    with pytest.raises(
        DefiniteNo, match=r"^create_charge: no \(HardDeclined\)$"
    ) as one:
        decision.raise_for_outcome()
    assert one.value.decision is decision
    assert isinstance(one.value.__cause__, HardDeclined)


def test_every_outcome_but_success_has_an_error_of_its_own() -> None:
    outcomes = itertools.chain(
        *(row.values() for row in reference.COMPLETE.values()),
        reference.CREATE.values(),
    )
    raised = {
        "pending": NotYet,
        "no": DefiniteNo,
        "moved": MoneyMoved,
        "unknown": NotProven,
    }
    assert {*outcomes} == {"success", *raised}
    for outcome, error in raised.items():
        made: Any = Decision(outcome=outcome, operation="x", key="k")  # type: ignore[arg-type] # one of them
        with pytest.raises(error):
            made.raise_for_outcome()
