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

    from .._core.operation import Operation
    from ..lifecycles import Kind
    from ..response import Response

T = TypeVar("T")

CHARGE_STATES = ("Authorized", "Captured", "Canceled", "Declined")
REFUND_STATES = ("Refunded", "Declined")
REPORT_STATES = ("COMPLETED", "FAILED", "CANCELLED")

# The paths of the members that hold a state.
PROCESSING_STATUS = ("processingStatus",)
_STATE = ("statusDetails", "state")

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


def _check_states(kind: Kind, until: Collection[str]) -> None:
    """Check that each state of `until` exists.

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


def poll(
    get: Operation[[str], Response[T]],
    object_id: str,
    kind: Kind,
    until: Collection[str],
    deadline: float,
) -> Flow[Response[T]]:
    """Get an object again and again until its state is in `until`.

    Return the last answer, at the latest after `deadline` seconds. A state that is not
    in `until` is never treated as final, whether it is known or not.

    Raises:
        InvalidRequest: a state of `until` does not exist; nothing was sent.
        APIError: an answer is no success.
        InvalidResponse: an answer has no state, or is about another object.
    """
    _check_states(kind, until)
    state = PROCESSING_STATUS if kind == "report" else _STATE
    ends = (yield from now()) + deadline
    return (
        yield from watch(
            lambda: get_object(get, object_id, f"{kind}Id"),
            lambda seen: text_of(seen, *state) in until,
            ends,
        )
    )


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
        last = yield from poll(Charges.get_charge, charge_id, "charge", until, deadline)
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
        last = yield from poll(Refunds.get_refund, refund_id, "refund", until, deadline)
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
            ReportOperations.get_report, report_id, "report", until, deadline
        )
        return object_of(last)
