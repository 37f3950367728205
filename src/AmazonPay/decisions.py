"""Decisions: what the exactly-once helpers return, and the errors made of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ._once.outcomes import Outcome
from .errors import AmazonPayError, TransportError, error_for, safe_text, shown

if TYPE_CHECKING:
    from typing import NoReturn, Self

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
    """How a payment, a cancellation or a refund stands, as far as it is proven.

    Look at `outcome`, or at `ok`, or let `raise_for_outcome()` raise. A decision is
    no truth value: `if decision:` raises, for a no would be as true as a success.
    """

    outcome: Outcome
    """`success`: it is done, and a GET shows it. `pending`: Amazon is at it, or will be
    asked again: wait. `no`: it was refused or has ended, and no money has moved for it.
    `moved`: money has moved, or is held, otherwise than asked: a person must look, and
    no attempt may follow. `unknown`: nothing is proven; ask again with the same
    arguments, never with another attempt."""
    reason: str | None = None
    """Amazon's reason code, the name of a transport error, or a reason of ours."""
    operation: str
    key: str
    """The idempotency key, which names the journal's entry."""
    seen: T_co | None = None
    """The object as it was seen last."""
    charge: Charge | None = None
    """The charge that this is about; None where there is none, or none was seen."""
    new_attempt: bool = False
    """Whether the same request may succeed as another attempt: Create Charge only,
    declined softly and for certain, on a permission that is still `Chargeable`."""
    refunded: Price | None = None
    """What was refunded of the charge since, as a price; None where nothing was. A
    success with `refunded` was paid as asked for, and a part of it has gone back."""
    response: Response[Any] | None = None
    """The answer to what was sent; None when nothing was, or no answer came."""
    error: TransportError | None = None
    """What came in place of an answer."""

    @property
    def ok(self) -> bool:
        """Whether it is a success, and nothing else."""
        return self.outcome == "success"

    def raise_for_outcome(self) -> Self:
        """Return this decision if it is a success, else raise it.

        Raises:
            NotYet: it is pending.
            DefiniteNo: it was refused or has ended, and no money has moved for it.
            MoneyMoved: money has moved otherwise than asked.
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
    """A decision is not a success; `decision` says what it is.

    Raised by `Decision.raise_for_outcome()` alone, from the error or answer behind it.
    """

    def __init__(self, decision: Decision[Any]) -> None:
        reason = f" ({shown(decision.reason)})" if decision.reason else ""
        super().__init__(f"{decision.operation}: {decision.outcome}{reason}")
        self.decision = decision

    def _pickled_members(self) -> dict[str, Any]:
        """Keep of the decision what names it, without objects, answer and error."""
        kept: Decision[Any] = Decision(
            outcome=self.decision.outcome,
            reason=safe_text(self.decision.reason),
            operation=self.decision.operation,
            key=self.decision.key,
            new_attempt=self.decision.new_attempt,
        )
        return {"decision": kept}


class NotYet(OutcomeError):
    """Amazon is still at it: wait for a notification, or ask again later."""


class DefiniteNo(OutcomeError):
    """It was refused or has ended, and no money has moved for it.

    Nothing more comes of this attempt.
    """


class MoneyMoved(OutcomeError):
    """Money has moved, or is held, otherwise than asked.

    The charge or refund is over another amount or currency, a charge that was to be
    canceled is captured, a capture was refunded as a whole, or something succeeded
    that the shop had abandoned. Make no other attempt and do not take the money in
    another way: a person looks at `decision.seen`, puts it right, and settles the
    journal's entry by `AmazonPay.journal.resolve`.
    """


class NotProven(OutcomeError):
    """Nothing is proven, so money may have moved.

    Ask again with the same arguments, and never with another attempt.
    """


_ERRORS: Final = {
    "pending": NotYet,
    "no": DefiniteNo,
    "moved": MoneyMoved,
    "unknown": NotProven,
}
