"""The failures and late ends of calls that can be provoked, in one table.

Test cards, simulation codes and `Simulator.provoke` each name a row of it. Amazon's
pages: `amazon-pay-checkout/sandbox-simulations.html`,
`amazon-pay-api-v2/error-handling.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

When: TypeAlias = Literal["before", "after", "later"]
"""The call is refused and has no effect but its event; it works, and its answer is
replaced; or it works, and what it has begun ends so."""

ANY: Final = "any operation"

DECLINES = {
    "SoftDeclined": "declined softly",
    "HardDeclined": "declined hard",
    "AmazonRejected": "rejected",
    "TransactionTimedOut": "timed out",
}
"""The events of a charge that is declined at once."""

PENDING_ENDS = {
    "Authorized": "issuer approves",
    **DECLINES,
    "ProcessingFailure": "processing fails",
}
"""The events that end a pending authorization."""

CAPTURE_ENDS = {
    "Captured": "capture succeeds",
    "AmazonRejected": "capture is rejected",
    "ProcessingFailure": "capture fails",
}
"""The events that end a capture that is in progress."""

REFUND_ENDS = {"AmazonRejected": "rejected", "ProcessingFailure": "refund fails"}

SESSION_ENDS = {
    "BuyerCanceled": "buyer cancels",
    "AmazonCanceled": "Amazon cancels",
    "Declined": "payment is declined",
}

_FAILURE: dict[str, str | None] = {"ProcessingFailure": None}
_LOST: dict[str, str | None] = dict.fromkeys(
    ("RequestTimeout", "InternalServerError", "ServiceUnavailable", "502", "503", "504")
)

# An event changes an object; without one, the answer is all there is. A number is the
# status of a gateway, which does not speak JSON.
TABLE: dict[tuple[str, When], Mapping[str, str | None]] = {
    ("complete_checkout_session", "before"): SESSION_ENDS,
    ("complete_checkout_session", "later"): PENDING_ENDS,
    ("finalize_checkout_session", "before"): SESSION_ENDS,
    ("finalize_checkout_session", "later"): PENDING_ENDS,
    ("create_charge", "before"): {
        **DECLINES,
        "MFANotCompleted": "authentication fails",
        # UNCONFIRMED: what it does to the permission: nothing.
        "PaymentMethodNotAllowed": None,
        **_FAILURE,
    },
    ("create_charge", "after"): _FAILURE,
    ("create_charge", "later"): {**PENDING_ENDS, **CAPTURE_ENDS},
    ("capture_charge", "before"): {
        "AmazonRejected": "capture is rejected",
        **_FAILURE,
    },
    ("capture_charge", "after"): _FAILURE,
    ("capture_charge", "later"): CAPTURE_ENDS,
    ("create_refund", "before"): {"AmazonRejected": None, **_FAILURE},
    ("create_refund", "after"): _FAILURE,
    ("create_refund", "later"): REFUND_ENDS,
    ("create_report", "later"): {"FAILED": "it fails"},
    (ANY, "before"): {"InvalidAccountStatus": None, "TooManyRequests": None, **_LOST},
    (ANY, "after"): _LOST,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way for a call to end: a row of `TABLE`."""

    operation: str
    name: str
    """A reason code, the state that is reached in the end, or a status."""
    when: When

    @property
    def event(self) -> str | None:
        """The event of the object; None if the answer is all there is."""
        return TABLE.get((self.operation, self.when), {}).get(self.name)


def known_outcomes(operation: str, when: When) -> list[str]:
    """Return the names of the outcomes that an operation can have."""
    own, all_ = TABLE.get((operation, when), {}), TABLE.get((ANY, when), {})
    return [*own, *(name for name in all_ if name not in own)]


MOMENTS: tuple[When, ...] = get_args(When)
