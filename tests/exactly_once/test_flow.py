"""One run of a helper: what it writes, claims, waits for and concludes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import HardDeclined, JournalConflict, NotProven, TimedOut
from AmazonPay.decisions import Decision
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal

if TYPE_CHECKING:
    from AmazonPay._once.entry import Change
    from AmazonPay.journal import Entry

MONEY = {"amount": "10.00", "currencyCode": "USD"}
LOST = TimedOut("x", outcome_unknown=True)


def charge(state: str, **more: Any) -> dict[str, Any]:
    return {
        "chargeId": "C1",
        "chargePermissionId": "S01",
        "chargeAmount": MONEY,
        "captureAmount": MONEY,
        "statusDetails": {"state": state},
        **more,
    }


def create(journal: MemoryJournal, **more: Any) -> Any:
    body = {"chargePermissionId": "S01", "chargeAmount": MONEY}
    return Once.create_charge_or_get.begin(
        None, body, journal=journal, **{**NAMES, **more}
    )


def capture(journal: MemoryJournal, **more: Any) -> Any:
    return Once.capture_or_get_charge.begin(
        None, "C1", {"captureAmount": MONEY}, journal=journal, **{**NAMES, **more}
    )


def complete(journal: MemoryJournal, **more: Any) -> Any:
    return Once.complete_or_get_checkout_session.begin(
        None, "s1", {"chargeAmount": MONEY}, journal=journal, **{**NAMES, **more}
    )


def session(state: str, charge_id: str | None) -> Reply:
    return answer(
        {
            "checkoutSessionId": "s1",
            "chargeId": charge_id,
            "statusDetails": {"state": state},
        }
    )


class Counting(MemoryJournal):
    """Notes what is changed and counts what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[str] = []
        self.reads = 0

    def find(self, key: str, /) -> Entry | None:
        self.reads += 1
        return super().find(key)

    def change(self, key: str, change: Change, /) -> Entry:
        entry = super().change(key, change)
        self.changes.append(entry.operation)
        return entry


# What is written ----------------------------------------------------------------------


def test_each_step_is_written_once() -> None:
    journal = Counting()
    Player(refusal(422, "HardDeclined")).play(create(journal))
    # Begun, answered and concluded.
    assert journal.changes == ["create_charge"] * 3
    journal = Counting()
    Player(answer(charge("Authorized"), 201), answer(charge("Authorized"))).play(
        create(journal)
    )
    # Begun and answered; the object claimed; concluded.
    assert journal.changes == [
        "create_charge",
        "create_charge",
        "claim create_charge",
        "create_charge",
    ]


def test_a_send_of_an_object_in_the_path_is_written_before_it_is_claimed() -> None:
    journal = Counting()
    done = answer(charge("Captured"))
    assert Player(answer(charge("Authorized")), done, done).play(capture(journal)).ok
    assert journal.changes == [
        "capture_charge",  # intended
        "capture_charge",  # begun
        "claim capture_charge",
        "capture_charge",  # answered
        "capture_charge",  # concluded
    ]
    # Only whether the claim is free was read: a first attempt has none before it.
    assert journal.reads == 1


def test_a_claim_that_is_held_is_not_taken_again() -> None:
    journal = Counting()
    done = answer(charge("Captured"))
    assert Player(done).play(capture(journal)).ok
    journal.changes.clear()
    assert Player(done).play(capture(journal)).ok
    assert journal.changes == ["capture_charge"] * 2


def test_a_session_that_others_complete_is_claimed_when_it_is_paid() -> None:
    journal = Counting()
    for state in ("AuthorizationInitiated", "AuthorizationInitiated", "Authorized"):
        assert "claim complete_checkout_session" not in journal.changes
        script = [session("Completed", "C1"), answer(charge(state))]
        Player(*script).play(complete(journal))
    assert "claim complete_checkout_session" in journal.changes


class Restless(Counting):
    """Another worker of the order begins before each conclusion of this one."""

    def change(self, key: str, change: Change, /) -> Entry:
        if "record_decision" in change.__qualname__:
            found = self.entries[key]
            self.entries[key] = replace(
                found, runs=found.runs + 1, answers=found.answers + 1
            )
        return super().change(key, change)


def test_a_run_that_is_overtaken_again_and_again_ends_without_a_conclusion() -> None:
    journal = Restless()
    decision = Player(answer(charge("Captured"))).play(capture(journal))
    assert (decision.outcome, decision.reason) == ("unknown", "JournalChanged")
    assert (journal.entry.outcome, journal.entry.reason) == (
        "unknown",
        "JournalChanged",
    )
    assert journal.changes == [
        "capture_charge",
        *["claim capture_charge", "capture_charge"] * 5,
    ]


def test_the_charge_that_a_session_shows_is_written_down() -> None:
    journal = MemoryJournal()
    script = [session("Completed", "C1"), answer(charge("Authorized"))]
    assert Player(*script).play(complete(journal)).ok
    assert journal.entry.object_id == "C1"


# Claims -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "claims"),
    [
        (charge("Authorized"), True),
        (charge("AuthorizationInitiated"), True),
        (charge("Authorized", chargeAmount={**MONEY, "amount": "9.00"}), True),
        (charge("Declined"), False),
        (charge("Teleported"), False),
    ],
)
def test_a_created_object_is_claimed_as_soon_as_it_may_hold_money(
    view: dict[str, Any], *, claims: bool
) -> None:
    journal = MemoryJournal()
    Player(answer(view, 201), answer(view)).play(create(journal))
    assert any(one.is_claim for one in journal.entries.values()) is claims


class Overtaken(Player):
    """Another order takes the claim just before this one does."""

    def __init__(self, journal: MemoryJournal, *replies: Reply) -> None:
        super().__init__(*replies)
        self.journal = journal

    def perform(self, step: Any, /) -> object:
        change = getattr(getattr(step, "work", None), "args", [None])[-1]
        taken = any(one.is_claim for one in self.journal.entries.values())
        if "record_claim" in getattr(change, "__qualname__", "") and not taken:
            other = capture(self.journal, order="1008")
            Player(answer(charge("Captured"))).play(other)
        return super().perform(step)


@pytest.mark.parametrize("state", ["Authorized", "Captured"])
def test_who_is_overtaken_at_the_claim_conflicts(state: str) -> None:
    journal = MemoryJournal()
    player = Overtaken(journal, answer(charge(state)))
    with pytest.raises(JournalConflict, match="one object settles one order"):
        player.play(capture(journal))
    assert player.sent == []
    ours = next(one for one in journal.requests if one.order == NAMES["order"])
    assert not ours.in_doubt
    assert ours.outcome is None


# Waiting ------------------------------------------------------------------------------


def test_a_run_waits_while_its_own_answer_is_not_shown_yet() -> None:
    journal = MemoryJournal()
    script = [
        answer(charge("Authorized")),
        answer(charge("Captured")),
        answer(charge("Authorized")),
        answer(charge("Captured")),
    ]
    player = Player(*script)
    assert player.play(capture(journal, deadline=10.0)).ok
    assert player.waits == [1.0]


@pytest.mark.parametrize("state", ["Captured", "Declined", "Teleported"])
def test_a_run_waits_for_nothing_that_is_decided(state: str) -> None:
    player = Player(answer(charge(state)))
    player.play(capture(MemoryJournal(), deadline=10.0))
    assert player.waits == []


# The decision -------------------------------------------------------------------------


def test_a_decision_tells_what_was_refunded_since() -> None:
    back = {"amount": "4.00", "currencyCode": "USD"}
    view = charge("Captured", refundedAmount=back)
    decision = Player(answer(view)).play(capture(MemoryJournal()))
    assert decision.ok
    assert decision.refunded == back
    assert decision.seen == decision.charge == view


def undecided(**more: Any) -> Decision[Any]:
    return Decision(outcome="unknown", operation="create_charge", key="k", **more)


def test_an_error_of_an_outcome_is_caused_by_what_came_back() -> None:
    declined = refusal(422, "HardDeclined")
    for decision, cause in (
        (undecided(error=LOST), LOST),
        (undecided(error=LOST, response=answer({})), LOST),
        (undecided(response=answer({})), None),
        (undecided(), None),
    ):
        with pytest.raises(NotProven) as raised:
            decision.raise_for_outcome()
        assert raised.value.__cause__ is cause
    with pytest.raises(NotProven) as raised:
        undecided(response=declined).raise_for_outcome()
    assert isinstance(raised.value.__cause__, HardDeclined)


@pytest.mark.parametrize(
    ("reason", "shown", "told"),
    [
        (None, "<Decision create_charge unknown>", "create_charge: unknown"),
        (
            "TimedOut",
            "<Decision create_charge unknown TimedOut>",
            "create_charge: unknown (TimedOut)",
        ),
    ],
)
def test_a_decision_and_its_error_say_what_and_why(
    reason: str | None, shown: str, told: str
) -> None:
    decision = undecided(reason=reason)
    assert repr(decision) == shown
    with pytest.raises(NotProven) as raised:
        decision.raise_for_outcome()
    assert str(raised.value) == told
    assert raised.value.decision is decision


def test_a_decision_has_the_answer_or_the_error_of_its_send() -> None:
    made = answer(charge("Authorized"), 201)
    decision = Player(made, answer(charge("Authorized"))).play(create(MemoryJournal()))
    assert (decision.response, decision.error) == (made, None)
    decision = Player(LOST).play(create(MemoryJournal()))
    assert (decision.response, decision.error) == (None, LOST)
    decision = Player(answer(charge("Captured"))).play(capture(MemoryJournal()))
    assert (decision.response, decision.error) == (None, None)


# The age of an entry ------------------------------------------------------------------


@pytest.mark.parametrize(("more", "sent"), [(0, 1), (-1, 0)])
def test_an_entry_is_sent_until_it_is_older_than_the_age(more: int, sent: int) -> None:
    journal = MemoryJournal()
    Player(LOST).play(create(journal))
    entry = journal.entry
    assert entry.created is not None
    # The sweep writes the entry a second after the journal's clock.
    age = journal._clock.now + timedelta(seconds=1) - entry.created  # noqa: SLF001 - ours
    script = [answer(charge("Authorized"), 201), answer(charge("Authorized"))]
    player = Player(*script[: 2 * sent])
    max_age = age + timedelta(microseconds=more)
    player.play(Once.resume.begin(None, entry, journal=journal, max_age=max_age))
    assert len(player.sent) == sent


def test_an_entry_without_a_time_of_change_has_no_age() -> None:
    class Unchanged(MemoryJournal):
        def change(self, key: str, change: Change, /) -> Entry:
            entry = replace(super().change(key, change), changed=None)
            self.entries[key] = entry
            return entry

    journal = Unchanged()
    Player(LOST).play(create(journal))
    assert journal.entry.created is not None
    script = [answer(charge("Authorized"), 201), answer(charge("Authorized"))]
    resumed = Once.resume.begin(None, journal.entry, journal=journal, max_age=0)
    assert Player(*script).play(resumed).ok
