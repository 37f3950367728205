"""Workers of one order, in any order of their steps: at most one charge.

The model knows what Amazon's documentation leaves open: refusals may or may not be
stored under their key, an answer may be lost, and a request whose sender has given up
may be carried out long after that.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import TimedOut
from AmazonPay._core.steps import Now, RunInThread
from AmazonPay.procedures.once import Once
from journals import NAMES, MemoryJournal, answer, refusal

if TYPE_CHECKING:
    from AmazonPay import Response
    from AmazonPay._core.call import Call

MONEY = {"amount": "10.00", "currencyCode": "USD"}
BODY = {"chargePermissionId": "S01", "chargeAmount": MONEY}

Worker = Generator[Any, Any, None]


@dataclass
class Model:
    """Amazon, the shop's database, and a line in between that loses things."""

    data: st.DataObject
    stores_refusals: bool
    answers: dict[str, Response[Any]] = field(default_factory=dict)
    charges: list[str] = field(default_factory=list)
    on_the_way: list[Call] = field(default_factory=list)
    attempt: int = 1
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    decided: list[tuple[int, str]] = field(default_factory=list)

    def draw(self, *choices: str) -> str:
        return self.data.draw(st.sampled_from(choices))

    # Amazon -----------------------------------------------------------------------

    def carry_out(self, call: Call) -> Response[Any]:
        key = str(call.idempotency_key)
        if key in self.answers:
            return self.answers[key]
        if self.draw("declined", "charged") == "declined":
            reply = refusal(422, "SoftDeclined")
            if self.stores_refusals:
                self.answers[key] = reply
            return reply
        self.charges.append(f"S01-C{len(self.charges)}")
        self.answers[key] = answer(self.charge(self.charges[-1]), 201)
        return self.answers[key]

    @staticmethod
    def charge(charge_id: str) -> dict[str, Any]:
        details = {"state": "Authorized", "reasonCode": None}
        return {
            "chargeId": charge_id,
            "chargePermissionId": "S01",
            "chargeAmount": MONEY,
            "statusDetails": details,
        }

    def get(self, call: Call) -> Response[Any]:
        if call.operation == "get_charge_permission":
            details = {"state": "Chargeable"}
            return answer({"chargePermissionId": "S01", "statusDetails": details})
        return answer(self.charge(call.path.rpartition("/")[2]))

    # The line ---------------------------------------------------------------------

    def send(self, call: Call) -> Response[Any] | TimedOut:
        if call.method == "GET":
            return self.get(call)
        fate = self.draw(
            "answered", "answered", "answered", "lost", "late", "throttled"
        )
        if fate == "throttled":
            return refusal(429, "TooManyRequests")
        if fate == "late":
            self.on_the_way.append(call)
            return TimedOut("x", outcome_unknown=True)
        reply = self.carry_out(call)
        return reply if fate == "answered" else TimedOut("x", outcome_unknown=True)

    # The shop ---------------------------------------------------------------------

    def worker(self) -> Worker:
        """Ask for the order's charge a few times, as a queue's worker does."""
        for _ in range(3):
            attempt = self.attempt
            flow = Once.create_charge_or_get.begin(
                None, BODY, journal=self.journal, attempt=attempt, **NAMES
            )
            decision = yield from flow
            self.decided.append((attempt, decision.outcome))
            if decision.outcome == "success":
                return
            if decision.outcome == "no" and self.attempt == attempt:
                self.attempt = attempt + 1


def step(worker: Worker, reply: Any) -> Any:
    """Do one step of a worker; give what it waits for next."""
    if isinstance(reply, TimedOut):
        return worker.throw(reply)
    return worker.send(reply)


def perform(model: Model, wanted: Any) -> Any:
    if isinstance(wanted, RunInThread):
        return wanted.work()
    return 0.0 if isinstance(wanted, Now) else model.send(wanted)


@pytest.mark.slow
@given(st.data(), st.booleans())
def test_workers_in_any_order_charge_at_most_once(
    data: st.DataObject, stores_refusals: bool
) -> None:
    model = Model(data, stores_refusals)
    workers = [model.worker() for _ in range(3)]
    wanted: list[Any] = [next(worker) for worker in workers]
    alive = [0, 1, 2]
    while alive:
        number = data.draw(st.sampled_from(alive))
        fate = model.draw(*["goes on"] * 12, "is killed", "is overtaken")
        if fate == "is killed":
            workers[number].close()
            alive.remove(number)
            continue
        if fate == "is overtaken" and model.on_the_way:
            model.carry_out(model.on_the_way.pop(0))
            continue
        try:
            reply = perform(model, wanted[number])
            wanted[number] = step(workers[number], reply)
        except StopIteration:
            alive.remove(number)
    for call in model.on_the_way:
        model.carry_out(call)
    assert len(model.charges) <= 1
    if any(outcome == "success" for _, outcome in model.decided):
        assert len(model.charges) == 1
