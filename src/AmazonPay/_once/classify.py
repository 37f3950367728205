"""Classify what came of a call: what its answer, or its error, proves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ..errors import TransportError, shown

if TYPE_CHECKING:
    from ..response import Response
    from .entry import Entry
    from .outcomes import CallStatus

# Amazon's own refusals of a request that it has read: nothing was carried out by it.
# A code that is not here proves nothing.
_REFUSALS: Final = frozenset(
    {
        "AmazonRejected",
        "AmountMismatch",
        "CheckoutSessionCanceled",
        "CurrencyMismatch",
        "HardDeclined",
        "InvalidChargePermissionStatus",
        "InvalidChargeStatus",
        "InvalidCheckoutSessionStatus",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "InvalidRequest",
        "InvalidRequestFormat",
        "InvalidSandboxSimulationSpecified",
        "MFANotCompleted",
        "MissingParameterValue",
        "PaymentMethodNotAllowed",
        "PeriodicAmountExceeded",
        # On Create Charge alone: elsewhere the outcome is unknown before this is asked.
        "ProcessingFailure",
        "ResourceNotFound",
        "SoftDeclined",
        "TransactionAmountExceeded",
        "TransactionCountExceeded",
        "TransactionTimedOut",
        "UnrecognizedField",
    }
)

# Turned away at the door, the same request may pass later.
_NOT_PROCESSED: Final = frozenset(
    {
        "InvalidAPIVersion",
        "InvalidAccountStatus",
        "InvalidAuthentication",
        "InvalidAuthorizationToken",
        "InvalidHeaderValue",
        "InvalidRequestSignature",
        "MissingHeader",
        "MissingHeaderValue",
        "RequestNotSupported",
        "TLSVersionNotSupported",
        "TooManyRequests",
        "UnauthorizedAccess",
        "UnsupportedOperation",
    }
)

_THROTTLED: Final = 429


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of one call, all its attempts together.

    `done`: a readable success. `refused`: Amazon read the request, and its answer is
    no. `unasked`: nothing was carried out, and nothing was decided. `lost`: it may
    have been carried out.
    """

    status: CallStatus
    reason: str | None = None
    response: Response[Any] | None = None
    error: TransportError | None = None

    def with_earlier_sends(self, entry: Entry) -> CallResult:
        """Count other runs in: next to a doubt or a success, no refusal is plain."""
        if self.status == "succeeded" or entry.untouched:
            return self
        return replace(self, status="unknown")


def classify(outcome: Response[Any] | TransportError) -> CallResult:
    """Tell what came of a call."""
    if isinstance(outcome, TransportError):
        status: CallStatus = "unknown" if outcome.outcome_unknown else "not_processed"
        return CallResult(status, type(outcome).__name__, error=outcome)
    if outcome.ok and outcome.readable:
        return CallResult("succeeded", response=outcome)
    reason = outcome.reason_code
    if outcome.outcome_unknown:
        status = "unknown"
    elif reason in _NOT_PROCESSED or outcome.status_code == _THROTTLED:
        status = "not_processed"
    elif reason in _REFUSALS:
        status = "refused"
    else:
        # A gateway's own error, DuplicateIdempotencyKey (something happened under this
        # key), or a code that came after this version.
        status = "unknown"
    named = reason is not None and shown(reason) == reason
    return CallResult(
        status, reason if named else f"HTTP {outcome.status_code}", outcome
    )
