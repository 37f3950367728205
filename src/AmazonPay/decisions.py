"""Decisions, which the exactly-once helpers return, and the errors made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from ._once.outcomes import Outcome
from .errors import AmazonPayError, TransportError, error_for, safe_text, shown
from .objects import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn, Self

    from .objects import State
    from .resources._common import Price
    from .resources.charges import Charge
    from .response import Response

__all__ = [
    "Decision",
    "DefiniteNo",
    "MoneyMoved",
    "NotProven",
    "NotYet",
    "Outcome",
    "OutcomeError",
]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decision(Generic[T_co]):
    """The proven state of a payment, a cancellation or a refund.

    Read `outcome` or `ok`, or call `raise_for_outcome()`. A decision has no truth
    value: `if decision:` raises, because a `no` would be as true as a success.
    """

    outcome: Outcome
    """`success`: it is done, and a GET shows it. `pending`: Amazon is working on it, or
    the request will be sent again: wait. `no`: it was refused or has ended, and no
    money has moved for it. `moved`: money has moved or is held in another way than
    requested: a person must look, and no attempt may follow. `unknown`: nothing is
    proven; call again with the same arguments, never with another attempt."""
    reason: str | None = None
    """Amazon's reason code, the name of a transport error, or a reason of this SDK.

    For `pending` without any of these it is the state that is being waited in."""
    operation: str
    key: str
    """The idempotency key, which identifies the journal's entry."""
    object_id: str | None = None
    """The id of the session, permission, charge or refund; None if no answer gave it.

    The charge of a session is in `charge`."""
    seen: T_co | None = None
    """The object as it was last observed."""
    charge: Charge | None = None
    """The charge of this decision; None if there is none or none was observed."""
    new_attempt: bool = False
    """Whether a new attempt may succeed: only for Create Charge after a definite soft
    decline, on a permission that is still `Chargeable`."""
    refunded: Price | None = None
    """The price that was refunded of the charge since; None if nothing was. A success
    with `refunded` was paid as requested, and a part of it has gone back."""
    response: Response[Any] | None = None
    """The response to the request; None if none was sent or no answer came."""
    error: TransportError | None = None
    """The error that occurred instead of an answer."""

    @property
    def ok(self) -> bool:
        """Whether the outcome is `success`."""
        return self.outcome == "success"

    @property
    def state(self) -> State:
        """The state of `seen`; `Unknown` if it was not observed, or is a new one."""
        return state_of(cast("Mapping[str, object]", self.seen))

    def raise_for_outcome(self) -> Self:
        """Return this decision if it is a success, else raise an error with it.

        Raises:
            NotYet: it is pending.
            DefiniteNo: it was refused or has ended, and no money has moved for it.
            MoneyMoved: money has moved in another way than requested.
            NotProven: nothing is proven.
        """
        if self.ok:
            return self
        cause: Exception | None = self.error
        if self.response is not None and not self.response.ok:
            cause = error_for(self.response)
        raise _ERRORS[self.outcome](self) from cause

    def __bool__(self) -> NoReturn:
        raise TypeError("a Decision is no truth value: look at its `outcome` or `ok`")

    def __repr__(self) -> str:
        reason = f" {self.reason}" if self.reason else ""
        return f"<Decision {self.operation} {self.outcome}{reason}>"


class OutcomeError(AmazonPayError):
    """The base of errors for a decision that is no success; see `decision`.

    Only `Decision.raise_for_outcome()` raises it, from the error or answer behind it.
    """

    def __init__(self, decision: Decision[Any]) -> None:
        reason = f" ({shown(decision.reason)})" if decision.reason else ""
        super().__init__(f"{decision.operation}: {decision.outcome}{reason}")
        self.decision = decision

    def _pickled_members(self) -> dict[str, Any]:
        """Keep a decision without objects, response and error."""
        kept: Decision[Any] = Decision(
            outcome=self.decision.outcome,
            reason=safe_text(self.decision.reason),
            operation=self.decision.operation,
            key=self.decision.key,
            new_attempt=self.decision.new_attempt,
        )
        return {"decision": kept}


class NotYet(OutcomeError):
    """Amazon is still working on it: wait for a notification, or call again later."""


class DefiniteNo(OutcomeError):
    """It was refused or has ended, and no money has moved for it.

    This attempt can no longer succeed.
    """


class MoneyMoved(OutcomeError):
    """Money has moved, or is held, in another way than requested.

    The charge or refund has another amount or currency, a charge that was to be
    canceled is captured, a capture was fully refunded, or an abandoned request
    succeeded. Make no other attempt and do not take the money in another way. A person
    must look at `decision.seen`, put it right, and settle the journal's entry by
    `AmazonPay.journal.resolve`.
    """


class NotProven(OutcomeError):
    """Nothing is proven, so money may have moved.

    Call again with the same arguments, and never with another attempt.
    """


_ERRORS: Final = {
    "pending": NotYet,
    "no": DefiniteNo,
    "moved": MoneyMoved,
    "unknown": NotProven,
}
