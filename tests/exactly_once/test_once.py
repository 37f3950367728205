"""The helpers' flow: what is written down, what is sent, and what is sent again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import (
    AmazonPayError,
    ClientClosed,
    InvalidRequest,
    JournalConflict,
    TimedOut,
)
from AmazonPay._core.call import Call
from AmazonPay._core.steps import RunInThread
from AmazonPay.journal import resolve
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal

if TYPE_CHECKING:
    from AmazonPay._core.steps import Flow

MONEY = {"amount": "10.00", "currencyCode": "USD"}
ZERO = {"amount": "0.00", "currencyCode": "USD"}
CREATE = {"chargePermissionId": "S01", "chargeAmount": MONEY}
LOST = TimedOut("x", outcome_unknown=True)


def charge(state: str) -> Reply:
    taken = state == "Captured"
    return answer(
        {
            "chargeId": "S01-C1",
            "chargePermissionId": "S01",
            "chargeAmount": MONEY,
            "captureAmount": MONEY if taken else None,
            "refundedAmount": ZERO if taken else None,
            "statusDetails": {"state": state},
        }
    )


def session(state: str, charge_id: str | None = None) -> Reply:
    details = {"state": state, "reasonCode": None}
    return answer(
        {"checkoutSessionId": "s1", "chargeId": charge_id, "statusDetails": details}
    )


def create(journal: MemoryJournal, body: Any = CREATE, **more: Any) -> Flow[Any]:
    flow: Flow[Any] = Once.create_charge_or_get.begin(
        None, body, journal=journal, **{**NAMES, **more}
    )
    return flow


def capture(journal: MemoryJournal, body: Any = None, **more: Any) -> Flow[Any]:
    flow: Flow[Any] = Once.capture_or_get_charge.begin(
        None,
        more.pop("charge_id", "S01-C1"),
        body or {"captureAmount": MONEY},
        journal=journal,
        **{**NAMES, **more},
    )
    return flow


def complete(journal: MemoryJournal, **more: Any) -> Flow[Any]:
    flow: Flow[Any] = Once.complete_or_get_checkout_session.begin(
        None, "s1", {"chargeAmount": MONEY}, journal=journal, **{**NAMES, **more}
    )
    return flow


def close(journal: MemoryJournal, **more: Any) -> Flow[Any]:
    body = {"closureReason": "x", "cancelPendingCharges": True}
    flow: Flow[Any] = Once.close_or_get_charge_permission.begin(
        None, "S01", body, journal=journal, **{**NAMES, **more}
    )
    return flow


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


# Before anything is sent --------------------------------------------------------------


def test_key_and_bytes_are_written_down_before_they_are_sent(
    journal: MemoryJournal,
) -> None:
    class Watching(Player):
        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call) and step.method == "POST":
                entry = journal.entry
                assert (entry.key, entry.body) == (step.idempotency_key, step.body)
                assert (entry.operation, entry.path) == (step.operation, step.path)
                assert entry.in_doubt
            return super().perform(step)

    player = Watching(charge("Authorized"), charge("Authorized"))
    player.play(create(journal))
    kinds = [type(step) for step in player.steps]
    # Begun, sent, answered, seen, claimed, concluded.
    assert kinds == [RunInThread, Call, RunInThread, Call, RunInThread, RunInThread]


def test_a_body_that_is_text_goes_out_as_it_is(journal: MemoryJournal) -> None:
    text = json.dumps(CREATE, indent=1)
    player = Player(charge("Authorized"), charge("Authorized"))
    player.play(create(journal, text))
    assert player.sent[0].body == text.encode()
    again = Player(charge("Authorized"))
    again.play(create(journal, CREATE))
    assert journal.entry.body == text.encode()


# Another request under the same name --------------------------------------------------


def test_another_amount_for_the_same_order_is_refused(journal: MemoryJournal) -> None:
    Player(LOST).play(create(journal))
    other = {**CREATE, "chargeAmount": {**MONEY, "amount": "11.00"}}
    player = Player()
    with pytest.raises(JournalConflict):
        player.play(create(journal, other))
    assert player.calls == []
    assert journal.entry.runs == 1


def test_another_charge_of_the_same_order_is_refused(journal: MemoryJournal) -> None:
    Player(charge("Captured")).play(capture(journal))
    player = Player()
    with pytest.raises(JournalConflict):
        player.play(capture(journal, charge_id="S01-C2"))
    assert player.calls == []


# Attempts -----------------------------------------------------------------------------


@pytest.mark.parametrize("first", [None, LOST, refusal(429, "TooManyRequests")])
def test_a_second_attempt_needs_a_definite_no_of_the_first(
    first: Reply | None, journal: MemoryJournal
) -> None:
    if first is not None:
        Player(first).play(create(journal))
    player = Player()
    with pytest.raises(JournalConflict, match="attempt 2 of create_charge"):
        player.play(create(journal, attempt=2))
    assert player.calls == []


@pytest.mark.parametrize("outcome", ["success", "pending", "unknown", None])
def test_no_attempt_follows_one_that_may_have_moved_money(
    outcome: Any, journal: MemoryJournal
) -> None:
    Player(LOST).play(create(journal))
    first = journal.entry
    journal.entries[first.key] = replace(
        first, answers=1, outcome=outcome, object_id="S01-C1"
    )
    player = Player()
    with pytest.raises(JournalConflict, match="attempt 2"):
        player.play(create(journal, attempt=2))
    assert player.calls == []


def test_an_attempt_follows_its_own_predecessor_and_no_earlier_one(
    journal: MemoryJournal,
) -> None:
    Player(refusal(422, "HardDeclined")).play(create(journal))
    Player(charge("Authorized"), charge("Authorized")).play(create(journal, attempt=2))
    player = Player()
    with pytest.raises(JournalConflict, match="attempt 3"):
        player.play(create(journal, attempt=3))
    assert player.calls == []


def test_a_second_attempt_has_a_key_and_a_body_of_its_own(
    journal: MemoryJournal,
) -> None:
    first = Player(refusal(400, "TransactionAmountExceeded"))
    first.play(create(journal))
    less = {**CREATE, "chargeAmount": {**MONEY, "amount": "9.00"}}
    second = Player(LOST)
    second.play(create(journal, less, attempt=2))
    keys = {call.idempotency_key for call in (*first.sent, *second.sent)}
    assert len(keys) == 2


def test_the_key_of_a_definite_no_is_never_sent_again(journal: MemoryJournal) -> None:
    Player(refusal(422, "HardDeclined")).play(create(journal))
    late = Player()
    decision = late.play(create(journal))
    assert (decision.outcome, decision.reason) == ("no", "HardDeclined")
    assert late.calls == []


def test_a_no_still_says_whether_a_new_attempt_is_right(journal: MemoryJournal) -> None:
    details = {"state": "Chargeable"}
    permission = answer({"chargePermissionId": "S01", "statusDetails": details})
    Player(refusal(422, "SoftDeclined"), permission).play(create(journal))
    again = Player(permission)
    assert again.play(create(journal)).new_attempt is True
    assert again.sent == []


def test_a_capture_that_was_refused_is_not_sent_again(journal: MemoryJournal) -> None:
    held = charge("Authorized")
    first = Player(held, refusal(400, "TransactionAmountExceeded"), held)
    assert first.play(capture(journal)).outcome == "no"
    again = Player(held)
    decision = again.play(capture(journal))
    assert (decision.outcome, decision.reason) == ("no", "TransactionAmountExceeded")


def test_a_checkout_that_was_refused_may_be_completed_later(
    journal: MemoryJournal,
) -> None:
    opened = session("Open")
    Player(opened, refusal(400, "InvalidParameterValue"), opened).play(
        complete(journal)
    )
    done = session("Completed", "S01-C1")
    player = Player(opened, done, done, charge("Authorized"))
    assert player.play(complete(journal)).ok


# Two at a time ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "outcome"),
    [
        # The other's request, with the same key, may still make the charge.
        (LOST, "unknown"),
        (refusal(422, "HardDeclined"), "no"),
        (refusal(429, "TooManyRequests"), "no"),
    ],
)
def test_a_refusal_is_a_no_once_no_other_worker_is_in_doubt(
    others: Reply, outcome: str, journal: MemoryJournal
) -> None:
    class Overtaken(Player):
        """While this request is under way, another worker's begins and ends."""

        def perform(self, step: Any, /) -> object:
            if isinstance(step, Call):
                other = Player(others).play(create(journal))
                assert other.outcome == "unknown"
            return super().perform(step)

    decision = Overtaken(refusal(422, "HardDeclined")).play(create(journal))
    assert decision.outcome == outcome
    assert journal.entry.settled is (outcome == "no")


def test_a_worker_who_comes_after_the_no_sends_nothing(journal: MemoryJournal) -> None:
    held = charge("Authorized")

    class Overtaken(Player):
        """Sees the charge; then another worker is refused before it can begin."""

        def perform(self, step: Any, /) -> object:
            shown = super().perform(step)
            if isinstance(step, Call) and len(self.calls) == 1:
                refused = refusal(400, "TransactionAmountExceeded")
                Player(held, refused, held).play(capture(journal))
            return shown

    player = Overtaken(held, held)
    assert player.play(capture(journal)).outcome == "no"
    assert player.sent == []


def test_what_a_person_settles_meanwhile_is_asked_for_again(
    journal: MemoryJournal,
) -> None:
    held = charge("Authorized")
    Player(held, refusal(400, "TransactionAmountExceeded"), held).play(capture(journal))

    class Overtaken(Player):
        def perform(self, step: Any, /) -> object:
            shown = super().perform(step)
            if isinstance(step, Call):
                resolve(journal, journal.entry.key, "success", reason="seen")
            return shown

    decision = Overtaken(held).play(capture(journal))
    assert (decision.outcome, decision.reason) == ("unknown", "JournalChanged")
    assert journal.entry.outcome == "success"


# What is sent again -------------------------------------------------------------------


def test_a_charge_that_the_key_has_made_is_only_looked_at(
    journal: MemoryJournal,
) -> None:
    Player(charge("Authorized"), LOST).play(create(journal))
    again = Player(charge("Authorized"))
    assert again.play(create(journal)).ok
    assert again.sent == []


def test_a_lost_complete_is_repeated_under_the_same_key(journal: MemoryJournal) -> None:
    opened = session("Open")
    first, second = Player(opened, LOST, opened), Player(opened, LOST, opened)
    assert first.play(complete(journal)).outcome == "unknown"
    second.play(complete(journal))
    assert first.sent == second.sent


def test_a_refused_complete_is_repeated_under_another_key(
    journal: MemoryJournal,
) -> None:
    """If Amazon stores refusals, the same key would be refused for ever."""
    opened = session("Open")
    refused = refusal(422, "InvalidCheckoutSessionStatus")
    players = [Player(opened, refused, opened) for _ in range(3)]
    for player in players:
        assert player.play(complete(journal)).outcome == "pending"
    keys = [player.sent[0].idempotency_key for player in players]
    assert len(set(keys)) == 3
    assert keys[0] == journal.entry.key
    assert len({player.sent[0].body for player in players}) == 1


def test_a_closing_of_our_own_is_remembered(journal: MemoryJournal) -> None:
    def seen(state: str) -> Reply:
        details = {"state": state}
        return answer({"chargePermissionId": "S01", "statusDetails": details})

    stale = Player(seen("Chargeable"), seen("Closed"), seen("Chargeable"))
    assert stale.play(close(journal)).outcome == "pending"
    again = Player(seen("Closed"))
    assert again.play(close(journal, charge_ids=["S01-C1"])).ok


# Waiting ------------------------------------------------------------------------------


def test_nothing_is_waited_for_by_default(journal: MemoryJournal) -> None:
    player = Player(charge("AuthorizationInitiated"), charge("AuthorizationInitiated"))
    assert player.play(create(journal)).outcome == "pending"
    assert player.waits == []


def test_a_pending_charge_is_waited_for(journal: MemoryJournal) -> None:
    pending = charge("AuthorizationInitiated")
    player = Player(pending, pending, pending, charge("Authorized"))
    assert player.play(create(journal, deadline=60.0)).ok
    assert player.waits == [1.0, 1.5]


def test_a_wait_ends_at_the_deadline(journal: MemoryJournal) -> None:
    player = Player(*[charge("AuthorizationInitiated")] * 4)
    decision = player.play(create(journal, deadline=2.0))
    assert decision.outcome == "pending"
    assert sum(player.waits) == 2.0


def test_a_charge_is_captured_as_soon_as_it_is_authorized(
    journal: MemoryJournal,
) -> None:
    pending, taken = charge("AuthorizationInitiated"), charge("Captured")
    player = Player(pending, charge("Authorized"), taken, taken)
    assert player.play(capture(journal, deadline=60.0)).ok
    assert player.waits == [1.0]


# Errors -------------------------------------------------------------------------------


def test_a_closed_client_is_raised_and_leaves_no_doubt(journal: MemoryJournal) -> None:
    with pytest.raises(ClientClosed):
        Player(ClientClosed("closed")).play(create(journal))
    assert (journal.entry.runs, journal.entry.in_doubt) == (1, False)
    assert journal.entry.outcome is None


def test_an_error_that_says_so_is_raised_and_leaves_a_doubt(
    journal: MemoryJournal,
) -> None:
    class DoubtfulError(AmazonPayError):
        outcome_unknown = True

    with pytest.raises(DoubtfulError):
        Player(DoubtfulError("?")).play(create(journal))
    assert journal.entry.in_doubt


def test_nothing_is_sent_where_the_object_cannot_be_seen(
    journal: MemoryJournal,
) -> None:
    player = Player(TimedOut("x"))
    decision = player.play(capture(journal))
    assert (decision.outcome, decision.reason) == ("unknown", "TimedOut")
    assert player.sent == []
    assert [one.operation for one in journal.open_entries()] == ["capture_charge"]


# Going on from the journal ------------------------------------------------------------


def resume(journal: MemoryJournal, **more: Any) -> Flow[Any]:
    flow: Flow[Any] = Once.resume.begin(None, journal.entry, journal=journal, **more)
    return flow


def test_an_entry_is_gone_on_with_without_its_arguments(journal: MemoryJournal) -> None:
    first = Player(LOST)
    first.play(create(journal))
    second = Player(charge("Authorized"), charge("Authorized"))
    assert second.play(resume(journal)).ok
    assert second.sent == first.sent
    assert journal.open_entries() == []


def test_a_pending_charge_is_looked_at_again(journal: MemoryJournal) -> None:
    pending = charge("AuthorizationInitiated")
    Player(pending, pending).play(create(journal))
    player = Player(charge("Authorized"))
    assert player.play(resume(journal)).ok


def test_what_was_expected_of_a_checkout_is_remembered(journal: MemoryJournal) -> None:
    opened = session("Open")
    Player(opened, LOST, opened).play(complete(journal, confirm_only=True))
    assert Player(session("Completed")).play(resume(journal)).ok


def test_the_known_charges_of_a_permission_are_remembered(
    journal: MemoryJournal,
) -> None:
    def seen(state: str) -> Reply:
        details = {"state": state}
        return answer({"chargePermissionId": "S01", "statusDetails": details})

    Player(seen("Chargeable"), LOST, seen("Chargeable")).play(
        close(journal, charge_ids=["S01-C1"])
    )
    assert Player(seen("Closed"), charge("Canceled")).play(resume(journal)).ok


def test_an_entry_whose_body_was_forgotten_is_refused(journal: MemoryJournal) -> None:
    journal.change("k", lambda _: replace(_entry(), body=None))
    with pytest.raises(InvalidRequest, match="forgotten"):
        resume(journal)


def _entry() -> Any:
    journal = MemoryJournal()
    Player(LOST).play(create(journal))
    return journal.entry


def test_what_was_forgotten_is_still_decided(journal: MemoryJournal) -> None:
    Player(charge("Authorized"), charge("Authorized")).play(create(journal))
    journal.forget(journal._clock())  # noqa: SLF001 - any time will do
    assert Player(charge("Authorized")).play(create(journal)).ok
    assert journal.entry.body is None
