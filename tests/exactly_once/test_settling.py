"""What a person decides, and what the sweep may still do: both are about money."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from AmazonPay import (
    Client,
    ConnectionFailed,
    DefiniteNo,
    InvalidRequest,
    JournalConflict,
    JournalFailed,
    MoneyMoved,
    TimedOut,
    idempotency_key,
)
from AmazonPay._core.call import Call
from AmazonPay.journal import Entry, abandon, resolve
from AmazonPay.procedures._helper import Sender, once, sender_of
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal
from keys import KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

MONEY = {"amount": "10.00", "currencyCode": "USD"}
LOST = TimedOut("x", outcome_unknown=True)

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "complete_or_get_checkout_session": ("s1", {"chargeAmount": MONEY}),
    "finalize_or_get_checkout_session": (
        "s1",
        {"chargeAmount": MONEY, "paymentIntent": "Authorize"},
    ),
    "create_charge_or_get": ({"chargePermissionId": "S01", "chargeAmount": MONEY},),
    "capture_or_get_charge": ("S01-C1", {"captureAmount": MONEY}),
    "cancel_or_get_charge": ("S01-C1",),
    "close_or_get_charge_permission": ("S01",),
    "refund_or_get": ({"chargeId": "S01-C1", "refundAmount": MONEY},),
}
# Before and after.
STATES = {
    "create_charge_or_get": ("Authorized", "Authorized"),
    "capture_or_get_charge": ("Authorized", "Captured"),
    "cancel_or_get_charge": ("Authorized", "Canceled"),
    "close_or_get_charge_permission": ("Chargeable", "Closed"),
    "refund_or_get": ("Refunded", "Refunded"),
}
CREATING = ["create_charge_or_get", "refund_or_get"]
IN_THE_PATH = [name for name in ARGUMENTS if name not in CREATING]


def view(helper: str, *, done: bool, **more: Any) -> list[Reply]:
    """Answer the GETs of an object that is as it was, or as it was to become."""
    price = {"chargeAmount": MONEY, "captureAmount": MONEY, "refundAmount": MONEY}
    ids = {"chargePermissionId": "S01", "chargeId": "S01-C1", **price}

    def shown(state: str, **members: Any) -> Reply:
        details = {"statusDetails": {"state": state}}
        return answer({**ids, **members, **details, **more})

    if helper in {
        "complete_or_get_checkout_session",
        "finalize_or_get_checkout_session",
    }:
        if not done:
            return [shown("Open", checkoutSessionId="s1", chargeId=None)]
        return [shown("Completed", checkoutSessionId="s1"), shown("Authorized")]
    return [shown(STATES[helper][done], refundId="S01-R1")]


def call(helper: str, journal: MemoryJournal, **more: Any) -> Any:
    declared: Any = getattr(Once, helper).begin
    return declared(None, *ARGUMENTS[helper], journal=journal, **{**NAMES, **more})


def resume(journal: MemoryJournal, entry: Entry | None = None, **more: Any) -> Any:
    found = journal.entry if entry is None else entry
    return Once.resume.begin(None, found, journal=journal, **more)


def before(helper: str) -> list[Reply]:
    return [] if helper in CREATING else view(helper, done=False)


def in_doubt(helper: str) -> MemoryJournal:
    """Lose the answer to the one call that was sent."""
    journal = MemoryJournal()
    Player(*before(helper), LOST, *before(helper)).play(call(helper, journal))
    assert journal.entry.in_doubt
    return journal


def unsent(helper: str) -> MemoryJournal:
    """Write an entry that was never sent: its worker died before."""
    journal = MemoryJournal()

    class Dying(Player):
        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call) and helper in IN_THE_PATH:
                raise ZeroDivisionError
            return super().perform(step)

    if helper in CREATING:
        # Counted, and known to have sent nothing.
        Player(ConnectionFailed("x")).play(call(helper, journal))
    else:
        with pytest.raises(ZeroDivisionError):
            Dying().play(call(helper, journal))
    return journal


class Reading(Player):
    """Fails when anything is sent."""

    def perform(self, step: Any, /) -> object:
        assert not isinstance(step, Call) or step.method == "GET", "it was sent"
        return super().perform(step)


# What a person has settled ------------------------------------------------------------


@pytest.mark.parametrize("sweeps", [False, True])
@pytest.mark.parametrize("outcome", ["success", "no"])
@pytest.mark.parametrize("helper", ARGUMENTS)
def test_what_a_person_has_settled_is_final(
    helper: str, outcome: Any, *, sweeps: bool
) -> None:
    journal = in_doubt(helper)
    settled = resolve(journal, journal.entry.key, outcome, reason="seen by Ann")
    for done in (False, True):
        shown = [] if helper in CREATING else view(helper, done=done)
        made = resume(journal) if sweeps else call(helper, journal)
        decision = Reading(*shown).play(made)
        assert (decision.outcome, decision.reason) == (outcome, "seen by Ann")
        assert journal.entry.outcome == outcome
        assert (journal.entry.runs, journal.entry.reason) == (
            settled.runs,
            settled.reason,
        )
    assert journal.open_entries() == []


@pytest.mark.parametrize("helper", CREATING)
def test_what_an_older_version_let_a_person_settle_is_not_sent_again(
    helper: str,
) -> None:
    journal = in_doubt(helper)
    older = replace(journal.entry, outcome="success", reason="found", answers=1)
    journal.change(older.key, lambda _: older)
    assert Reading().play(call(helper, journal)).ok
    assert Reading().play(resume(journal)).ok


@pytest.mark.parametrize("helper", CREATING)
def test_the_object_that_a_person_found_is_shown(helper: str) -> None:
    journal = in_doubt(helper)
    id_ = "S01-C1" if helper == "create_charge_or_get" else "S01-R1"
    resolve(journal, journal.entry.key, "success", reason="x", object_id=id_)
    decision = Reading(*view(helper, done=True)).play(call(helper, journal))
    assert decision.ok
    assert decision.seen is not None
    missing = Reading(refusal(404, "ResourceNotFound")).play(call(helper, journal))
    assert (missing.ok, missing.seen) == (True, None)


def _made(helper: str) -> dict[str, Any]:
    if helper == "create_charge_or_get":
        return {"chargeId": "S01-C1", "chargePermissionId": "S01"}
    return {"refundId": "S01-R1", "chargeId": "S01-C1"}


@pytest.mark.parametrize("object_id", ["", "..", 5, "a b", "x" * 65])
def test_an_object_that_cannot_be_asked_for_is_not_written_down(object_id: Any) -> None:
    journal = in_doubt("refund_or_get")
    with pytest.raises(InvalidRequest, match=r"^object_id"):
        resolve(journal, journal.entry.key, "success", reason="x", object_id=object_id)


def test_a_no_may_turn_out_to_be_a_success_and_then_stays_one() -> None:
    journal = in_doubt("create_charge_or_get")
    key = journal.entry.key
    resolve(journal, key, "no", reason="not seen")
    resolve(journal, key, "success", reason="seen after all", object_id="S01-C1")
    assert (journal.entry.outcome, journal.entry.object_id) == ("success", "S01-C1")


def test_an_answer_that_contradicts_a_person_settles_nothing() -> None:
    """The person said no while the request was under way; then it succeeded."""
    journal = MemoryJournal()

    class Overtaken(Player):
        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call) and step.method == "POST":
                resolve(journal, journal.entry.key, "no", reason="not seen")
            return super().perform(step)

    helper = "create_charge_or_get"
    made = answer(_made(helper), 201)
    decision = Overtaken(made, *view(helper, done=True)).play(call(helper, journal))
    assert (decision.outcome, decision.reason) == ("unknown", "JournalChanged")
    assert (journal.entry.outcome, journal.entry.object_id) == ("no", "S01-C1")


def test_a_known_success_is_kept_whatever_is_seen_later() -> None:
    helper = "create_charge_or_get"
    journal = MemoryJournal()
    Player(answer(_made(helper), 201), *view(helper, done=True)).play(
        call(helper, journal)
    )
    canceled = view(helper, done=True, statusDetails={"state": "Canceled"})
    decision = Reading(*canceled).play(call(helper, journal))
    assert decision.outcome == "no"
    assert journal.entry.outcome == "success"
    # And so there is no other attempt.
    with pytest.raises(JournalConflict, match="definite no"):
        Player().play(call(helper, journal, attempt=2))


def test_a_success_is_not_sent_again_for_a_view_that_is_older() -> None:
    helper = "capture_or_get_charge"
    journal = MemoryJournal()
    assert Player(*view(helper, done=True)).play(call(helper, journal)).ok
    decision = Reading(*view(helper, done=False)).play(call(helper, journal))
    assert decision.outcome == "pending"
    assert journal.entry.outcome == "success"


# What the shop has given up -----------------------------------------------------------


@pytest.mark.parametrize("sweeps", [False, True])
@pytest.mark.parametrize("helper", ARGUMENTS)
def test_what_was_never_sent_and_is_given_up_is_a_no(
    helper: str, *, sweeps: bool
) -> None:
    journal = unsent(helper)
    entry = abandon(journal, journal.entry.key, reason="paid by card")
    assert (entry.outcome, entry.reason) == ("no", "paid by card")
    assert journal.open_entries() == []
    shown = [] if helper in CREATING else view(helper, done=False)
    made = resume(journal) if sweeps else call(helper, journal)
    decision = Reading(*shown).play(made)
    assert (decision.outcome, decision.reason) == ("no", "paid by card")
    assert decision.new_attempt is False


@pytest.mark.parametrize("sweeps", [False, True])
@pytest.mark.parametrize("helper", ARGUMENTS)
def test_what_is_in_doubt_and_given_up_is_looked_at_and_not_sent(
    helper: str, *, sweeps: bool
) -> None:
    journal = in_doubt(helper)
    entry = abandon(journal, journal.entry.key, reason="paid by card")
    assert not entry.settled
    shown = [] if helper in CREATING else view(helper, done=False)
    made = resume(journal) if sweeps else call(helper, journal)
    decision = Reading(*shown).play(made)
    assert (decision.outcome, decision.reason) == ("unknown", "Abandoned")
    assert len(journal.open_entries()) == 1
    with pytest.raises(JournalConflict):
        Player().play(call(helper, journal, attempt=2))


@pytest.mark.parametrize("helper", IN_THE_PATH)
def test_money_that_has_moved_for_what_was_given_up_is_found(helper: str) -> None:
    journal = in_doubt(helper)
    abandon(journal, journal.entry.key, reason="paid by card")
    decision = Reading(*view(helper, done=True)).play(resume(journal))
    harmless = helper.startswith(("cancel", "close"))
    assert decision.outcome == ("success" if harmless else "moved")
    assert len(journal.open_entries()) == (0 if harmless else 1)
    if not harmless:
        assert decision.reason == "Abandoned"
        resolve(journal, journal.entry.key, "no", reason="refunded")
        assert journal.open_entries() == []


@pytest.mark.parametrize("helper", CREATING)
def test_a_charge_that_was_given_up_while_it_was_pending_is_found(helper: str) -> None:
    journal = MemoryJournal()
    state = "AuthorizationInitiated" if "charge" in helper else "RefundInitiated"
    pending = view(helper, done=True, statusDetails={"state": state})
    made = answer(_made(helper), 201)
    assert Player(made, *pending).play(call(helper, journal)).outcome == "pending"
    abandon(journal, journal.entry.key, reason="paid by card")
    assert Reading(*pending).play(resume(journal)).outcome == "pending"
    assert Reading(*view(helper, done=True)).play(resume(journal)).outcome == "moved"
    declined = view(helper, done=True, statusDetails={"state": "Declined"})
    assert Reading(*declined).play(resume(journal)).outcome == "no"
    assert journal.open_entries() == []


def test_what_was_refused_and_could_be_sent_again_is_not_once_it_is_given_up() -> None:
    helper = "complete_or_get_checkout_session"
    journal = MemoryJournal()
    opened = view(helper, done=False)
    refused = refusal(400, "InvalidParameterValue")
    assert Player(*opened, refused, *opened).play(call(helper, journal)).outcome == "no"
    entry = abandon(journal, journal.entry.key, reason="dropped")
    assert (entry.outcome, entry.reason) == ("no", "InvalidParameterValue")
    assert Reading(*opened).play(call(helper, journal)).outcome == "no"


def test_what_waits_for_the_buyer_is_a_no_once_it_is_given_up() -> None:
    helper = "complete_or_get_checkout_session"
    journal = MemoryJournal()
    opened = view(helper, done=False)
    unpaid = refusal(422, "InvalidCheckoutSessionStatus")
    decision = Player(*opened, unpaid, *opened).play(call(helper, journal))
    assert decision.outcome == "pending"
    abandon(journal, journal.entry.key, reason="dropped")
    decision = Reading(*opened).play(resume(journal))
    assert (decision.outcome, decision.reason) == ("no", "InvalidCheckoutSessionStatus")
    assert journal.open_entries() == []


def test_what_is_given_up_just_before_it_is_sent_is_not_sent() -> None:
    for helper in ARGUMENTS:
        journal = MemoryJournal()

        class Overtaken(Reading):
            """The shop gives the order up when its object has been seen."""

            def perform(self, step: Any, /) -> object:
                shown = super().perform(step)
                if isinstance(step, Call):
                    abandon(journal, journal.entry.key, reason="dropped")  # noqa: B023 - of this turn
                return shown

        if helper in IN_THE_PATH:
            # Seen, given up, not begun, seen again.
            player = Overtaken(*view(helper, done=False) * 2)
            assert player.play(call(helper, journal)).outcome in {"no", "unknown"}
            assert journal.entry.outcome == "no"


# Money that has moved -----------------------------------------------------------------


def moved(journal: MemoryJournal) -> Any:
    helper = "capture_or_get_charge"
    other = {"amount": "9.00", "currencyCode": "USD"}
    shown = view(helper, done=True, captureAmount=other)
    return Reading(*shown).play(call(helper, journal))


def test_money_that_has_moved_otherwise_is_raised_as_such() -> None:
    decision = moved(MemoryJournal())
    with pytest.raises(MoneyMoved, match="moved") as raised:
        decision.raise_for_outcome()
    assert not isinstance(raised.value, DefiniteNo)
    assert raised.value.decision is decision


def test_money_that_has_moved_stays_open_allows_no_attempt_and_is_settled_by_hand() -> (
    None
):
    journal = MemoryJournal()
    moved(journal)
    (entry,) = journal.open_entries()
    assert entry.outcome == "moved"
    with pytest.raises(JournalConflict):
        Player().play(call("capture_or_get_charge", journal, attempt=2))
    # Neither a doubt nor an older view makes less of it.
    for shown in ([refusal(500, "x")], view("capture_or_get_charge", done=False)):
        Reading(*shown).play(call("capture_or_get_charge", journal))
        assert journal.entry.outcome == "moved"
    resolve(journal, entry.key, "no", reason="refunded")
    assert journal.open_entries() == []
    made = call("capture_or_get_charge", journal, attempt=2)
    assert Player(*view("capture_or_get_charge", done=True)).play(made).ok


def test_a_cancellation_that_came_too_late_and_yet_succeeds_is_a_success() -> None:
    journal = MemoryJournal()
    helper = "cancel_or_get_charge"
    for state, outcome in (("CaptureInitiated", "moved"), ("Declined", "success")):
        shown = view(helper, done=True, statusDetails={"state": state})
        assert Reading(*shown).play(call(helper, journal)).outcome == outcome
        assert journal.entry.outcome == outcome


def test_what_is_pending_after_a_no_takes_the_no_back() -> None:
    """Else another attempt would be allowed next to a payment that is under way."""
    helper = "complete_or_get_checkout_session"
    journal = MemoryJournal()
    opened = view(helper, done=False)
    refused = refusal(400, "InvalidParameterValue")
    assert Player(*opened, refused, *opened).play(call(helper, journal)).outcome == "no"
    first, second = view(helper, done=True)
    del second
    pending = view("cancel_or_get_charge", done=True)[0].json()  # type: ignore[union-attr] # an answer
    pending["statusDetails"] = {"state": "AuthorizationInitiated"}
    made = call(helper, journal)
    assert Reading(first, answer(pending)).play(made).outcome == "pending"
    with pytest.raises(JournalConflict):
        Player().play(call(helper, journal, attempt=2))


def test_a_no_that_another_worker_concludes_gives_way_to_a_success_that_was_heard() -> (
    None
):
    """The charge seemed canceled to one worker while it was captured for another."""
    helper = "capture_or_get_charge"
    journal = MemoryJournal()
    captured = view(helper, done=True)

    class Overtaken(Player):
        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call) and step.method == "POST":
                canceled = view(helper, done=True, statusDetails={"state": "Canceled"})
                other = Reading(*canceled).play(call(helper, journal))
                assert other.outcome == journal.entry.outcome == "no"
            return super().perform(step)

    player = Overtaken(*view(helper, done=False), *captured, *captured)
    assert player.play(call(helper, journal)).ok
    assert journal.entry.outcome == "success"


# Attempts that meet -------------------------------------------------------------------


def test_a_late_worker_does_not_complete_what_a_later_attempt_replaces() -> None:
    """The first session was refused; its buyer has paid another one since."""
    helper = "complete_or_get_checkout_session"
    journal = MemoryJournal()
    opened = view(helper, done=False)
    refused = refusal(400, "InvalidParameterValue")
    assert Player(*opened, refused, *opened).play(call(helper, journal)).outcome == "no"
    declared: Any = getattr(Once, helper).begin
    second = declared(
        None, "s2", ARGUMENTS[helper][1], journal=journal, attempt=2, **NAMES
    )
    other = opened[0].json() | {"checkoutSessionId": "s2"}  # type: ignore[union-attr] # an answer
    Player(answer(other), LOST, answer(other)).play(second)
    late = Reading(*opened, *opened)
    entries = dict(journal.entries)
    assert late.play(call(helper, journal)).outcome == "no"
    # It has not even begun, and has left the claim to the later attempt.
    runs = {key: (one.runs, one.digest) for key, one in journal.entries.items()}
    assert runs == {key: (one.runs, one.digest) for key, one in entries.items()}


@pytest.mark.parametrize(
    ("attempt", "before", "met", "reason"),
    [
        # The other attempt is written down between the first look at it and the mark.
        (1, "start_send", "unknown", "no InvalidParameterValue"),
        # The other attempt begins again before this one is written down.
        (2, "record_intent", "unknown", "unknown EarlierAttempt"),
        (2, "record_intent", "success", "unknown EarlierAttempt"),
    ],
)
def test_of_two_attempts_that_meet_one_steps_back(
    attempt: int, before: str, met: str, reason: str
) -> None:
    helper = "complete_or_get_checkout_session"
    opened = view(helper, done=False)
    refused = refusal(400, "InvalidParameterValue")
    journal = MemoryJournal()
    Player(*opened, refused, *opened).play(call(helper, journal))
    sent: dict[str, list[Reply]] = {
        "unknown": [LOST, *opened],
        "success": [view(helper, done=True)[0], *view(helper, done=True)],
    }
    outcomes: list[str] = []

    class Meeting(Reading):
        """The other attempt is made just before a change of this one's entry."""

        def perform(self, step: Any, /) -> object:
            work = getattr(step, "work", None)
            change = None if work is None else work.args[-1]
            if before in getattr(change, "__qualname__", "") and not outcomes:
                other = call(helper, journal, attempt=3 - attempt)
                outcomes.append(Player(*opened, *sent[met]).play(other).outcome)
            return super().perform(step)

    made = call(helper, journal, attempt=attempt)
    decision = Meeting(*opened, *opened).play(made)
    assert outcomes == [met]
    assert f"{decision.outcome} {decision.reason}" == reason
    ours = journal.find(decision.key)
    assert ours is not None
    assert not ours.in_doubt


@pytest.mark.parametrize("outcome", ["unknown", "success", None])
def test_an_attempt_that_has_begun_is_looked_at_whatever_its_predecessor_is(
    outcome: Any,
) -> None:
    helper = "create_charge_or_get"
    journal = MemoryJournal()
    Player(refusal(422, "HardDeclined")).play(call(helper, journal))
    first = journal.entry
    Player(LOST).play(call(helper, journal, attempt=2))
    (second,) = journal.open_entries()
    journal.change(first.key, lambda _: replace(first, outcome=outcome))
    decision = Reading().play(resume(journal, second))
    assert (decision.outcome, decision.reason) == ("unknown", "EarlierAttempt")
    # As soon as the first one is a no again, the second one is gone on with.
    journal.change(first.key, lambda _: first)
    player = Player(answer(_made(helper), 201), *view(helper, done=True))
    assert player.play(resume(journal, second)).ok


def test_an_attempt_whose_predecessor_is_gone_is_gone_on_with_once_it_has_begun() -> (
    None
):
    helper = "create_charge_or_get"
    journal = MemoryJournal()
    Player(refusal(422, "HardDeclined")).play(call(helper, journal))
    first = journal.entry
    Player(LOST).play(call(helper, journal, attempt=2))
    del journal.entries[first.key]
    player = Player(answer(_made(helper), 201), *view(helper, done=True))
    assert player.play(resume(journal)).ok


# The sweep ----------------------------------------------------------------------------


def test_a_sweep_goes_on_after_an_entry_that_raises() -> None:
    """The first entry's attempt was never begun and must not be now."""
    journal = MemoryJournal()
    helper = "capture_or_get_charge"
    entry = unsent(helper).entry
    key = idempotency_key(
        namespace=entry.namespace,
        order=entry.order,
        operation="capture_charge",
        attempt=2,
    )
    stray = replace(entry, key=key, attempt=2, created=None, changed=None)
    journal.change(key, lambda _: stray)
    Player(LOST).play(call("create_charge_or_get", journal))
    outcomes: list[str] = []
    made = answer(_made("create_charge_or_get"), 201)
    for one in journal.open_entries():
        creates = one.operation == "create_charge"
        shown = [made, *view("create_charge_or_get", done=True)] if creates else []
        try:
            decision = Player(*shown).play(resume(journal, one))
        except JournalConflict:
            outcomes.append("conflict")
        else:
            outcomes.append(decision.outcome)
    assert outcomes == ["conflict", "success"]


def test_an_entry_that_raises_goes_to_the_end_of_the_list() -> None:
    """Else a hundred of them would keep all others from the sweep."""
    journal = unsent("capture_or_get_charge")
    entry = journal.entry
    stray = replace(entry, key="0" * 32, attempt=2)
    journal.change(stray.key, lambda _: stray)
    before = journal.entries[stray.key].changed
    with pytest.raises(JournalConflict):
        Player().play(resume(journal, journal.entries[stray.key]))
    after = journal.find(stray.key)
    assert after is not None
    assert before is not None
    assert after.changed is not None
    assert after.changed > before
    assert replace(after, changed=before) == replace(stray, changed=before)


def old(journal: MemoryJournal, days: float) -> MemoryJournal:
    """Let time pass."""
    journal._clock.now += timedelta(days=days)  # noqa: SLF001 - the clock is ours
    return journal


@pytest.mark.parametrize("helper", ARGUMENTS)
def test_an_old_entry_that_was_never_sent_is_a_no(helper: str) -> None:
    journal = old(unsent(helper), days=2)
    shown = [] if helper in CREATING else view(helper, done=False)
    decision = Reading(*shown).play(resume(journal))
    assert (decision.outcome, decision.reason) == ("no", "TooOld")
    assert journal.open_entries() == []


@pytest.mark.parametrize("helper", ARGUMENTS)
def test_an_old_entry_that_may_have_been_carried_out_is_unknown(helper: str) -> None:
    journal = old(in_doubt(helper), days=2)
    shown = [] if helper in CREATING else view(helper, done=False)
    decision = Reading(*shown).play(resume(journal))
    assert (decision.outcome, decision.reason) == ("unknown", "TooOld")
    assert len(journal.open_entries()) == 1
    # The shop that still wants it calls the helper itself.
    again: list[Reply] = [answer(_made(helper), 201)]
    if helper in IN_THE_PATH:
        again = [*view(helper, done=False), LOST]
    player = Player(*again, *view(helper, done=True))
    assert player.play(call(helper, journal)).ok


@pytest.mark.parametrize("helper", IN_THE_PATH)
def test_an_old_entry_is_settled_by_what_is_seen(helper: str) -> None:
    journal = old(in_doubt(helper), days=20)
    assert Reading(*view(helper, done=True)).play(resume(journal)).ok


@pytest.mark.parametrize(
    ("max_age", "sends"),
    [
        (timedelta(days=3), True),
        (timedelta(days=2, minutes=1), True),
        (timedelta(days=2), False),
        (timedelta(hours=1), False),
        (3 * 86_400, True),
        (3600.0, False),
        (0, False),
        (timedelta(0), False),
    ],
)
def test_the_age_of_what_is_sent_can_be_chosen(max_age: Any, *, sends: bool) -> None:
    helper = "create_charge_or_get"
    journal = old(in_doubt(helper), days=2)
    made = [answer(_made(helper), 201), *view(helper, done=True)]
    player = Player(*(made if sends else []))
    decision = player.play(resume(journal, max_age=max_age))
    assert decision.ok is sends
    assert len(player.sent) == sends


@pytest.mark.parametrize(
    "max_age",
    [
        None,
        -1,
        float("nan"),
        float("inf"),
        timedelta(-1),
        timedelta(microseconds=-1),
        timedelta.max.total_seconds(),
        "1",
        True,
        1e300,
        pytest.param(10**400, id="too_large_for_a_float"),
    ],
)
def test_an_age_that_is_none_is_refused(max_age: Any) -> None:
    journal = in_doubt("refund_or_get")
    with pytest.raises(InvalidRequest, match="max_age"):
        resume(journal, max_age=max_age)


def test_an_entry_without_a_time_is_as_old_as_its_last_change() -> None:
    """An older version wrote no `created`, nor need a journal of the caller's."""

    class Timeless(MemoryJournal):
        def change(self, key: str, change: Callable[..., Entry], /) -> Entry:
            entry = change(self.entries.get(key))
            self.entries[key] = replace(entry, changed=self._clock())
            return self.entries[key]

    helper = "create_charge_or_get"
    journal = Timeless()
    Player(LOST).play(call(helper, journal))
    assert journal.entry.created is None
    decision = Reading().play(resume(old(journal, days=2)))
    assert (decision.outcome, decision.reason) == ("unknown", "TooOld")


def test_an_entry_of_a_journal_that_writes_no_times_has_no_age() -> None:
    class Timeless(MemoryJournal):
        def change(self, key: str, change: Callable[..., Entry], /) -> Entry:
            self.entries[key] = change(self.entries.get(key))
            return self.entries[key]

    helper = "create_charge_or_get"
    journal = Timeless()
    Player(LOST).play(call(helper, journal))
    player = Player(answer(_made(helper), 201), *view(helper, done=True))
    assert player.play(resume(journal, max_age=0)).ok


def test_what_is_no_request_of_the_journal_is_not_resumed() -> None:
    journal = MemoryJournal()
    Player(*view("capture_or_get_charge", done=True)).play(
        call("capture_or_get_charge", journal)
    )
    (claim,) = [one for one in journal.entries.values() if one.is_claim]
    with pytest.raises(InvalidRequest, match="the journal has listed"):
        resume(journal, claim)


def test_what_only_a_newer_release_knows_is_not_resumed() -> None:
    journal = unsent("create_charge_or_get")
    newer = replace(journal.entry, operation="split_charge")
    with pytest.raises(InvalidRequest, match="newer release"):
        resume(journal, newer)


@pytest.mark.parametrize("body", [b"{no", b"", b"\xff{}"])
def test_an_entry_with_a_damaged_body_is_not_resumed(body: bytes) -> None:
    journal = unsent("create_charge_or_get")
    with pytest.raises(JournalFailed, match="damaged") as caught:
        resume(journal, replace(journal.entry, body=body))
    assert caught.value.__context__ is None


# Whose entry it is --------------------------------------------------------------------


def clients(**options: Any) -> Any:
    """Make a client that must send nothing, of one kind or another."""

    def refusing(sent: httpx2.Request) -> httpx2.Response:
        raise AssertionError(sent.method)

    given: dict[str, Any] = {
        "private_key": KEY,
        "public_key_id": KEY_ID,
        "region": "us",
        **options,
    }
    if "keys" in given:
        del given["private_key"], given["public_key_id"]
    return Client(**given, transport=httpx2.MockTransport(refusing))


def swept() -> tuple[Shop, MemoryJournal]:
    """Leave an entry of a sandbox client of North America in doubt."""
    shop, journal = Shop(), MemoryJournal()
    charge = shop.buy().charge
    money = {"captureAmount": shop.money("50")}
    client = shop.client()

    def send(made: Any) -> Any:
        if isinstance(made, Call) and made.method == "POST":
            raise LOST
        return type(client).perform(client, made)

    client.perform = send  # type: ignore[method-assign, assignment] # the line is cut
    client.capture_or_get_charge(charge, money, journal=journal, **NAMES)
    return shop, journal


def test_an_entry_says_where_it_was_sent_and_by_which_key() -> None:
    _, journal = swept()
    entry = journal.entry
    assert (entry.environment, entry.region) == ("sandbox", "na")
    assert entry.public_key_id == KEY_ID


def test_an_entry_of_a_live_client_says_so() -> None:
    sender = sender_of(clients(public_key_id="LIVE-AGTEST", region="eu"))
    assert sender == Sender("live", "eu", "LIVE-AGTEST", frozenset({"LIVE-AGTEST"}))


def test_the_ids_of_a_helper_are_its_parameters_before_the_body() -> None:
    @once("capture_charge")
    def capture(
        self: Any,
        charge_id: str,
        body: Any,
        *,
        journal: Any,
        namespace: str,
        order: str,
        attempt: int = 1,
        deadline: float = 0.0,
    ) -> Any: ...

    journal = MemoryJournal()
    money = {"captureAmount": {"amount": "50.00", "currencyCode": "USD"}}
    flow = capture.begin(None, "S01-C1", money, journal=journal, **NAMES)
    charge = before("capture_or_get_charge")
    Player(*charge, LOST, *charge).play(flow)
    assert journal.entry.subject == "S01-C1"


@pytest.mark.parametrize(
    "options",
    [
        {"public_key_id": "LIVE-AGTEST"},
        {"region": "eu"},
        {"region": "jp"},
        {"public_key_id": "AGTEST", "sandbox": False},
    ],
)
@pytest.mark.parametrize("sweeps", [False, True])
def test_another_environment_or_region_goes_on_with_nothing(
    options: dict[str, Any], *, sweeps: bool
) -> None:
    shop, journal = swept()
    known = journal.entry
    client = clients(**options)

    def go_on() -> None:
        if sweeps:
            client.resume(known, journal=journal, same_merchant=True)
        else:
            money = {"captureAmount": shop.money("50")}
            client.capture_or_get_charge(known.subject, money, journal=journal, **NAMES)

    with pytest.raises(JournalConflict, match="belongs to sandbox"):
        go_on()
    assert journal.entry == known


def test_another_key_goes_on_with_nothing_unless_it_is_of_the_same_merchant() -> None:
    shop, journal = swept()
    known = journal.entry
    stranger = clients(public_key_id="SANDBOX-OTHER")
    with pytest.raises(JournalConflict, match="same_merchant"):
        stranger.resume(known, journal=journal)
    assert journal.entry == known

    def at(client: Any) -> Any:
        client.perform = shop.client().perform
        return client

    rotated = at(clients(keys=[("SANDBOX-OTHER", KEY), (KEY_ID, KEY)]))
    assert rotated.resume(known, journal=journal).ok
    said = at(clients(public_key_id="SANDBOX-OTHER"))
    assert said.resume(known, journal=journal, same_merchant=True).ok


def test_an_entry_of_an_older_version_is_not_checked() -> None:
    shop, journal = swept()
    older = replace(journal.entry, environment=None, region=None, public_key_id=None)
    journal.change(older.key, lambda _: older)
    assert shop.client().resume(older, journal=journal).ok
