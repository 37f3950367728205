"""One object settles one order: orders that meet at one object, killed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest, JournalConflict, TimedOut
from AmazonPay._core.call import Call
from AmazonPay._core.steps import Now, RunInThread
from AmazonPay._once.claims import claim_key
from AmazonPay.journal import abandon, resolve
from AmazonPay.procedures.once import Once
from journals import MemoryJournal, Player, answer, refusal

MONEY = {"amount": "10.00", "currencyCode": "USD"}
LOST = TimedOut("x", outcome_unknown=True)

Flow = Generator[Any, Any, Any]


@dataclass
class Amazon:
    """One session, one charge and one permission, each of which ends once."""

    states: dict[str, str] = field(
        default_factory=lambda: {"s1": "Open", "S01-C1": "Authorized", "S01": "Open"}
    )
    done: list[str] = field(default_factory=list)
    refuse: int = 0
    """How many acting calls are still to be refused though the state allows them."""

    def __call__(self, call: Call) -> Any:
        """Answer a call."""
        id_ = call.path.split("/")[2]
        end = {
            "complete_checkout_session": "Completed",
            "finalize_checkout_session": "Completed",
            "capture_charge": "Captured",
            "cancel_charge": "Canceled",
            "close_charge_permission": "Closed",
        }.get(call.operation)
        if end is not None:
            if self.refuse > 0:
                self.refuse -= 1
                return refusal(400, "InvalidParameterValue")
            if self.states[id_] not in {"Open", "Authorized"}:
                return refusal(422, "InvalidCheckoutSessionStatus")
            self.states[id_] = end
            self.done.append(id_)
        return answer(self.view(id_))

    def view(self, id_: str) -> dict[str, Any]:
        details = {"statusDetails": {"state": self.states[id_]}}
        if id_ == "s1":
            charge = "S01-C9" if self.states[id_] == "Completed" else None
            return {"checkoutSessionId": "s1", "chargeId": charge, **details}
        if id_ == "S01":
            if self.states[id_] == "Open":
                details = {"statusDetails": {"state": "Chargeable"}}
            return {"chargePermissionId": "S01", **details}
        taken = MONEY if self.states[id_] == "Captured" else None
        price = {"chargeAmount": MONEY, "captureAmount": taken}
        return {"chargeId": id_, "chargePermissionId": "S01", **price, **details}

    def __post_init__(self) -> None:
        self.states["S01-C9"] = "Authorized"


# What each helper is called with, and what it leaves when it has worked.
HELPERS: dict[str, tuple[Any, ...]] = {
    "complete_or_get_checkout_session": ("s1", {"chargeAmount": MONEY}),
    "finalize_or_get_checkout_session": (
        "s1",
        {"chargeAmount": MONEY, "paymentIntent": "Authorize"},
    ),
    "capture_or_get_charge": ("S01-C1", {"captureAmount": MONEY}),
    "cancel_or_get_charge": ("S01-C1",),
    "close_or_get_charge_permission": ("S01", {"closureReason": "x"}),
}


def flow(
    helper: str, order: str, journal: MemoryJournal, *, attempt: int = 1, **more: Any
) -> Flow:
    declared = getattr(Once, helper).begin
    return declared(  # type: ignore[no-any-return] # a generator
        None,
        *HELPERS[helper],
        journal=journal,
        **{"namespace": "shop", "order": order, "attempt": attempt, **more},
    )


class Worker:
    """One call of a helper, done step by step."""

    def __init__(self, made: Flow, amazon: Callable[[Call], Any]) -> None:
        self.made = made
        self.amazon = amazon
        self.outcome: str | None = None
        self.ended = False
        self.steps = 0
        self._go(lambda: next(made))

    def _go(self, on: Callable[[], Any]) -> None:
        try:
            self.step = on()
        except StopIteration as stop:
            self.outcome, self.ended = stop.value.outcome, True
        except JournalConflict:
            self.outcome, self.ended = "conflict", True

    def do(self) -> None:
        """Do one step."""
        step = self.step
        self.steps += 1
        if isinstance(step, Now):
            self._go(lambda: self.made.send(0.0))
            return
        try:
            reply = step.work() if isinstance(step, RunInThread) else self.amazon(step)
        except InvalidRequest as error:
            self._throw(error)
            return
        if isinstance(reply, Exception):
            self._throw(reply)
        else:
            self._go(lambda: self.made.send(reply))

    def _throw(self, error: Exception) -> None:
        self._go(lambda: self.made.throw(error))

    def end(self) -> str | None:
        """Do all steps that are left."""
        while not self.ended:
            self.do()
        return self.outcome


def steps_of(helper: str) -> int:
    worker = Worker(flow(helper, "A", MemoryJournal()), Amazon())
    assert worker.end() == "success"
    return worker.steps


def winners(journal: MemoryJournal) -> set[str]:
    return {one.order for one in journal.requests if one.outcome == "success"}


# Two workers at once ------------------------------------------------------------------


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("helper", "kills"),
    [*((helper, True) for helper in HELPERS), ("capture_or_get_charge", False)],
)
def test_of_two_orders_that_meet_at_one_object_one_is_settled(
    helper: str,
    kills: bool,
) -> None:
    """A stops before each of its steps, B before each of its own, then they end."""
    length = steps_of(helper)
    for first in range(length + 1):
        for second in range(length + 1):
            journal, amazon = MemoryJournal(), Amazon()
            a = Worker(flow(helper, "A", journal), amazon)
            b = Worker(flow(helper, "B", journal), amazon)
            for worker, count in ((a, first), (b, second)):
                for _ in range(count):
                    if not worker.ended:
                        worker.do()
            outcomes = {"A": [], "B": []} if kills else {"A": [a.end()], "B": [b.end()]}
            for name in ("A", "B", "A", "B"):
                again = Worker(flow(helper, name, journal), amazon)
                outcomes[name].append(again.end())
            won = {name for name, said in outcomes.items() if "success" in said}
            assert len(won) == 1, (first, second, outcomes)
            assert won == winners(journal)
            assert len(amazon.done) == 1
            (lost,) = {"A", "B"} - won
            assert "conflict" in outcomes[lost]


@pytest.mark.process
@given(st.data())
def test_of_many_workers_of_three_orders_no_two_orders_are_settled(
    data: st.DataObject,
) -> None:
    """Refusals release an object, answers get lost, late requests arrive."""
    journal, amazon = MemoryJournal(), Amazon()
    helper = data.draw(st.sampled_from(sorted(HELPERS)))
    late: list[Call] = []

    def line(call: Call) -> Any:
        if call.method == "GET":
            return amazon(call)
        fate = data.draw(st.sampled_from(["carried out", "refused", "lost", "late"]))
        if fate == "refused":
            return refusal(400, "InvalidParameterValue")
        if fate == "late":
            late.append(call)
            return LOST
        reply = amazon(call)
        return reply if fate == "carried out" else LOST

    orders = ["A", "A", "B", "B", "C"]
    workers = [Worker(flow(helper, order, journal), line) for order in orders]
    settled: set[str] = set()
    for _ in range(120):
        number = data.draw(st.integers(0, len(workers) - 1))
        if late and data.draw(st.integers(0, 9)) == 0:
            amazon(late.pop())
        if workers[number].ended or data.draw(st.integers(0, 19)) == 0:
            workers[number] = Worker(flow(helper, orders[number], journal), line)
        workers[number].do()
        settled |= {
            order
            for order, worker in zip(orders, workers, strict=True)
            if worker.outcome == "success"
        }
        assert len(settled | winners(journal)) <= 1
        assert len(amazon.done) <= 1


def until(worker: Worker, change: str) -> Worker:
    """Go on with a worker as far as the named change of the journal, and not beyond."""
    while True:
        work: Any = getattr(worker.step, "work", None)
        told = "" if work is None else getattr(work.args[-1], "__qualname__", "")
        if change in told.partition(".")[0]:
            return worker
        worker.do()


@dataclass
class Meeting:
    """An order's session, refused to one worker while another one is to come."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    amazon: Amazon = field(default_factory=lambda: Amazon(refuse=1))

    def worker(self, order: str) -> Worker:
        made = flow("complete_or_get_checkout_session", order, self.journal)
        return Worker(made, self.amazon)


def test_a_worker_that_comes_back_to_a_no_is_not_overtaken() -> None:
    """It has begun again, and taken its claim again, before the other one looks."""
    at = Meeting()
    assert at.worker("A").end() == "no"
    back = at.worker("A")
    while not (isinstance(back.step, Call) and back.step.method == "POST"):
        back.do()
    assert at.worker("B").end() == "conflict"
    assert back.end() == "success"


def test_an_order_that_is_overtaken_before_it_begins_again_sends_nothing() -> None:
    at = Meeting()
    assert at.worker("A").end() == "no"
    key = at.journal.entry.key
    back = until(at.worker("A"), "start_send")
    assert at.worker("B").end() == "success"
    assert back.end() == "conflict"
    assert len(at.amazon.done) == 1
    entry = at.journal.find(key)
    assert entry is not None
    assert not entry.in_doubt


def test_a_no_that_comes_between_claim_and_success_is_noticed() -> None:
    """One worker of A is refused; another one sees that someone completed it since."""
    at = Meeting()
    refused = until(at.worker("A"), "record_decision")
    at.amazon.states["s1"] = "Completed"
    seeing = until(at.worker("A"), "record_decision")
    assert refused.end() == "no"
    assert at.worker("B").end() == "success"
    assert seeing.end() == "conflict"
    assert winners(at.journal) == {"B"}


def test_a_no_that_was_taken_back_meanwhile_is_noticed() -> None:
    """B has seen the no of one worker; then a third one begins, which hides it."""
    at = Meeting()
    refused = until(at.worker("A"), "record_decision")
    third = until(at.worker("A"), "start_send")
    at.amazon.states["s1"] = "Completed"
    seeing = until(at.worker("A"), "record_decision")
    assert refused.end() == "no"
    overtaking = until(at.worker("B"), "record_claim")
    overtaking.do()
    until(overtaking, "record_claim")
    third.do()
    assert overtaking.end() == "success"
    assert seeing.end() == "conflict"
    assert third.end() == "conflict"
    assert winners(at.journal) == {"B"}


def test_an_order_whose_workers_overtake_each_other_for_ever_says_so() -> None:
    """Every loop ends: the caller asks again."""
    helper = "complete_or_get_checkout_session"

    class Busy(MemoryJournal):
        """Another worker of the order begins each time that the claim was taken."""

        def change(self, key: str, change: Any, /) -> Any:
            entry = super().change(key, change)
            for one in self.requests if entry.is_claim else ():
                self.entries[one.key] = replace(one, runs=one.runs + 1)
            return entry

    amazon = Amazon()
    amazon.states["s1"] = "Completed"
    assert Worker(flow(helper, "A", Busy()), amazon).end() == "unknown"


@pytest.mark.parametrize("helper", HELPERS)
def test_a_no_gives_way_to_what_someone_else_has_done_since(helper: str) -> None:
    journal, amazon = MemoryJournal(), Amazon(refuse=1)
    assert Worker(flow(helper, "A", journal), amazon).end() == "no"
    Worker(flow(helper, "A", MemoryJournal()), amazon).end()
    assert Worker(flow(helper, "A", journal), amazon).end() == "success"
    assert journal.entry.outcome == "success"


# What releases an object, and what does not -------------------------------------------


@pytest.mark.parametrize("helper", HELPERS)
def test_a_definite_no_releases_the_object(helper: str) -> None:
    journal, amazon = MemoryJournal(), Amazon(refuse=1)
    assert Worker(flow(helper, "A", journal), amazon).end() == "no"
    assert Worker(flow(helper, "B", journal), amazon).end() == "success"
    # A may come back, and finds out.
    assert Worker(flow(helper, "A", journal), amazon).end() == "conflict"
    assert winners(journal) == {"B"}


@pytest.mark.parametrize("helper", HELPERS)
def test_an_order_in_doubt_keeps_the_object(helper: str) -> None:
    journal, amazon = MemoryJournal(), Amazon()

    def losing(call: Call) -> Any:
        return amazon(call) if call.method == "GET" else LOST

    Worker(flow(helper, "A", journal), losing).end()
    sent: list[Call] = []

    def watching(call: Call) -> Any:
        sent.append(call)
        return amazon(call)

    assert Worker(flow(helper, "B", journal), watching).end() == "conflict"
    assert sent == []
    assert [one.order for one in journal.requests] == ["A"]
    assert Worker(flow(helper, "A", journal), amazon).end() == "success"


def test_the_conflict_says_that_another_order_has_the_object() -> None:
    journal, amazon = MemoryJournal(), Amazon()
    assert (
        Worker(flow("capture_or_get_charge", "1007/1", journal), amazon).end()
        == "success"
    )
    with pytest.raises(JournalConflict, match="another order") as raised:
        Player().play(flow("capture_or_get_charge", "1007/2", journal))
    assert "1007" not in str(raised.value)


def test_one_order_may_complete_and_finalize_one_session() -> None:
    journal, amazon = MemoryJournal(), Amazon()
    for helper in (
        "complete_or_get_checkout_session",
        "finalize_or_get_checkout_session",
        "complete_or_get_checkout_session",
    ):
        assert Worker(flow(helper, "A", journal), amazon).end() == "success"
    made = flow("finalize_or_get_checkout_session", "B", journal)
    assert Worker(made, amazon).end() == "conflict"


def test_the_next_attempt_of_an_order_may_have_the_object() -> None:
    journal, amazon = MemoryJournal(), Amazon(refuse=1)
    helper = "complete_or_get_checkout_session"
    assert Worker(flow(helper, "A", journal), amazon).end() == "no"
    assert Worker(flow(helper, "A", journal, attempt=2), amazon).end() == "success"
    assert Worker(flow(helper, "B", journal), amazon).end() == "conflict"


def test_one_charge_may_be_captured_for_one_order_and_canceled_for_another() -> None:
    """Claims are of one kind of operation; the state decides the rest."""
    journal, amazon = MemoryJournal(), Amazon()
    assert (
        Worker(flow("capture_or_get_charge", "A", journal), amazon).end() == "success"
    )
    assert Worker(flow("cancel_or_get_charge", "B", journal), amazon).end() == "moved"


def test_what_was_abandoned_before_it_was_sent_releases_the_object() -> None:
    journal, amazon = MemoryJournal(), Amazon()
    helper = "capture_or_get_charge"
    worker = Worker(flow(helper, "A", journal), amazon)
    while not isinstance(worker.step, Call):
        worker.do()
    abandon(journal, journal.entry.key, reason="paid by card")
    assert worker.end() == "no"
    assert Worker(flow(helper, "B", journal), amazon).end() == "success"
    assert winners(journal) == {"B"}


def test_a_session_that_paid_an_order_is_not_settled_by_hand_for_another() -> None:
    journal, amazon = MemoryJournal(), Amazon()
    helper = "complete_or_get_checkout_session"
    worker = Worker(flow(helper, "B", journal), amazon)
    while not isinstance(worker.step, Call):
        worker.do()
    (key,) = [one.key for one in journal.requests]
    assert Worker(flow(helper, "A", journal), amazon).end() == "success"
    with pytest.raises(JournalConflict, match="another order"):
        resolve(journal, key, "success", reason="seen in Seller Central")
    resolve(journal, key, "no", reason="it paid order A")
    assert winners(journal) == {"A"}


def test_a_charge_that_was_found_by_hand_settles_one_order() -> None:
    journal = MemoryJournal()
    body = {"chargePermissionId": "S01", "chargeAmount": MONEY}
    for order in ("A", "B"):
        made = Once.create_charge_or_get.begin(
            None, body, journal=journal, namespace="shop", order=order
        )
        Player(LOST).play(made)
    first, second = journal.requests
    resolve(journal, first.key, "success", reason="found", object_id="S01-C1")
    with pytest.raises(JournalConflict, match="another order"):
        resolve(journal, second.key, "success", reason="found", object_id="S01-C1")


# Objects that an answer names ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["charge", "refund"])
def test_an_object_that_two_orders_are_given_settles_the_first(kind: str) -> None:
    journal = MemoryJournal()
    made: dict[str, Any]
    if kind == "charge":
        helper: Any = Once.create_charge_or_get
        body = {"chargePermissionId": "S01", "chargeAmount": MONEY}
        made = {"chargeId": "S01-C1", **body, "statusDetails": {"state": "Authorized"}}
    else:
        helper = Once.refund_or_get
        body = {"chargeId": "S01-C1", "refundAmount": MONEY}
        made = {"refundId": "S01-R1", **body, "statusDetails": {"state": "Refunded"}}

    def call(order: str) -> Any:
        return helper.begin(None, body, journal=journal, namespace="n", order=order)

    assert Player(answer(made, 201), answer(made)).play(call("A")).ok
    other = Player(answer(made, 201), answer(made)).play(call("B"))
    assert (other.outcome, other.reason) == ("unknown", "ClaimedByAnother")
    again = Player(answer(made)).play(call("B"))
    assert (again.outcome, again.reason) == ("unknown", "ClaimedByAnother")
    assert Player(answer(made)).play(call("A")).ok
    assert winners(journal) == {"A"}
    assert [one.order for one in journal.open_entries()] == ["B"]


# What a claim is in a journal ---------------------------------------------------------


def test_a_claim_is_no_open_entry_and_forgetting_does_not_erase_it() -> None:
    journal, amazon = MemoryJournal(), Amazon()
    helper = "capture_or_get_charge"
    Worker(flow(helper, "A", journal), amazon).end()
    assert journal.open_entries() == []
    journal.forget(journal._clock())  # noqa: SLF001 - any time will do
    claim = journal.find(claim_key("capture_charge", "S01-C1"))
    assert claim is not None
    assert claim.is_claim
    assert claim.digest == journal.entry.key
    assert type(claim).from_row(claim.to_row()) == claim
    assert Worker(flow(helper, "B", journal), amazon).end() == "conflict"


@pytest.mark.parametrize("settle", [resolve, abandon])
def test_a_claim_is_nothing_to_settle(settle: Any) -> None:
    journal = MemoryJournal()
    Worker(flow("capture_or_get_charge", "A", journal), Amazon()).end()
    words = ("no",) if settle is resolve else ()
    with pytest.raises(JournalConflict):
        settle(journal, claim_key("capture_charge", "S01-C1"), *words, reason="x")


def test_an_entry_of_an_older_version_claims_its_object_when_it_is_called_again() -> (
    None
):
    journal, amazon = MemoryJournal(), Amazon()
    helper = "complete_or_get_checkout_session"
    Worker(flow(helper, "A", journal), amazon).end()
    del journal.entries[claim_key("complete_checkout_session", "s1")]
    assert Worker(flow(helper, "A", journal), amazon).end() == "success"
    assert Worker(flow(helper, "B", journal), amazon).end() == "conflict"


def test_a_claim_that_keeps_changing_hands_is_somebodys() -> None:
    """Every loop ends, whatever others do."""
    helper = "capture_or_get_charge"
    amazon = Amazon(refuse=1)

    class Restless(MemoryJournal):
        """A's workers come back each time that B has read the claim."""

        def change(self, key: str, change: Any, /) -> Any:
            found = self.entries.get(key)
            if found is not None and found.is_claim:
                self.entries[key] = replace(found, runs=found.runs + 1)
            return super().change(key, change)

    journal = Restless()
    assert Worker(flow(helper, "A", journal), amazon).end() == "no"
    assert Worker(flow(helper, "B", journal), amazon).end() == "conflict"
    assert amazon.done == []
