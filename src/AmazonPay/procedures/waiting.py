"""Wait for a final state: poll with growing pauses until a deadline.

The deadline also limits the pauses inside of the calls; see `docs/reliability.md`.

Amazon's page on pending states: `amazon-pay-checkout/asynchronous-processing.html`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from .._core.declare import procedure
from .._core.steps import Flow, Wait, now
from ..errors import InvalidRequest
from ..lifecycles import LIFE_CYCLES
from ..resources.charges import Charge, Charges
from ..resources.refunds import Refund, Refunds
from ..resources.reports import Report, ReportOperations
from ._answers import get_object, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..lifecycles import Kind
    from ..response import Response

T = TypeVar("T")

CHARGE_STATES = ("Authorized", "Captured", "Canceled", "Declined")
REFUND_STATES = ("Refunded", "Declined")
REPORT_STATES = ("COMPLETED", "FAILED", "CANCELLED")

STATE = ("statusDetails", "state")
PROCESSING_STATUS = ("processingStatus",)

_FIRST_PAUSE = 1.0
_GROWTH = 1.5
_LONGEST_PAUSE = 30.0


def watch(
    look: Callable[[], Flow[T]], enough: Callable[[T], bool], ends: float
) -> Flow[T]:
    """Call `look` again and again until its result is enough, or the time is over.

    `ends` is a moment of the flow's clock, in seconds. The pauses grow from 1 to 30
    seconds. `look` is called at least once, and its last result is returned, whether
    it is enough or not; what it raises ends the wait.
    """
    pause = _FIRST_PAUSE
    while True:
        seen = yield from look()
        left = ends - (yield from now())
        if enough(seen) or left <= 0:
            return seen
        yield Wait(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def checked_states(kind: Kind, until: Collection[str]) -> Collection[str]:
    """Return `until` if each of its states exists.

    Raises:
        InvalidRequest: waiting for them would never end before the deadline.
    """
    known = {transition.to for transition in LIFE_CYCLES[kind]}
    is_set = isinstance(until, Collection) and not isinstance(until, str)
    states: Collection[object] = until if is_set else ()
    if not states or not all(isinstance(s, str) and s in known for s in states):
        raise InvalidRequest(
            f"until is a set of states of a {kind}: {', '.join(sorted(known))}"
        )
    return until


def poll(
    get: Callable[[], Flow[Response[T]]],
    state: tuple[str, ...],
    until: Collection[str],
    deadline: float,
) -> Flow[Response[T]]:
    """Repeat a GET until its state is in `until`; return the last answer.

    `state` is the path of the state's member. A state that is not in `until` is never
    treated as final, whether it is known or not.

    Raises:
        APIError: an answer is no success.
        InvalidResponse: an answer has no such member.
    """
    ends = (yield from now()) + deadline
    return (yield from watch(get, lambda seen: text_of(seen, *state) in until, ends))


class Waiting:
    """Procedures that wait for an object's state."""

    @procedure
    def wait_for_charge(
        self,
        charge_id: str,
        *,
        deadline: float = 60.0,
        until: Collection[str] = CHARGE_STATES,
    ) -> Flow[Charge]:
        """Wait until a Charge is in a state of `until`, and return it; nothing changes.

        After `deadline` seconds the last view of the charge is returned: check its
        state. Pass `until={"Captured", "Canceled", "Declined"}` after a capture, or
        after a charge with `captureNow`, which may stay `Authorized` for a while.

        Errors: `InvalidRequest` for a state that does not exist, before anything is
        sent; `NotFound`; what `get_charge` raises; `InvalidResponse` for an answer
        without a state, or about another object.
        Amazon's page: `amazon-pay-checkout/asynchronous-processing.html`.
        """
        last = yield from poll(
            lambda: get_object(Charges.get_charge, charge_id, "chargeId"),
            STATE,
            checked_states("charge", until),
            deadline,
        )
        return object_of(last)

    @procedure
    def wait_for_refund(
        self,
        refund_id: str,
        *,
        deadline: float = 60.0,
        until: Collection[str] = REFUND_STATES,
    ) -> Flow[Refund]:
        """Wait until a Refund is `Refunded` or `Declined`, and return it.

        Nothing changes. After `deadline` seconds the last view of the refund is
        returned: check its state.

        Errors: `InvalidRequest` for a state that does not exist, before anything is
        sent; `NotFound`; what `get_refund` raises; `InvalidResponse` for an answer
        without a state, or about another object.
        Amazon's page: `amazon-pay-api-v2/refund.html`.
        """
        last = yield from poll(
            lambda: get_object(Refunds.get_refund, refund_id, "refundId"),
            STATE,
            checked_states("refund", until),
            deadline,
        )
        return object_of(last)

    @procedure
    def wait_for_report(
        self,
        report_id: str,
        *,
        deadline: float = 300.0,
        until: Collection[str] = REPORT_STATES,
    ) -> Flow[Report]:
        """Wait until a report is done or has failed, and return it; nothing changes.

        After `deadline` seconds the last view of the report is returned: check its
        `processingStatus`.

        Errors: `InvalidRequest` for a state that does not exist, before anything is
        sent; `NotFound`; what `get_report` raises; `InvalidResponse` for an answer
        without a state, or about another object.
        Amazon's page: `amazon-pay-api-v2/reports.html`.
        """
        last = yield from poll(
            lambda: get_object(ReportOperations.get_report, report_id, "reportId"),
            PROCESSING_STATUS,
            checked_states("report", until),
            deadline,
        )
        return object_of(last)
