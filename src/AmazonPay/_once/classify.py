"""Classify the result of a call by what its answer or error proves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ..errors import TransportError, shown

if TYPE_CHECKING:
    from ..response import Response
    from .entry import Entry
    from .outcomes import CallStatus

# Reason codes by which Amazon refuses a request that it has read and not carried out.
# Any other code proves nothing.
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
        # Only for Create Charge: otherwise `outcome_unknown` is true and checked first.
        "ProcessingFailure",
        "ResourceNotFound",
        "SoftDeclined",
        "TransactionAmountExceeded",
        "TransactionCountExceeded",
        "TransactionTimedOut",
        "UnrecognizedField",
    }
)

# Reason codes for requests that were not processed; the same request may pass later.
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
    """The result of one call with all its attempts.

    `succeeded`: a readable success. `refused`: Amazon read the request and refused it.
    `not_processed`: the request had no effect and was not decided. `unknown`: it may
    have been carried out.
    """

    status: CallStatus
    reason: str | None = None
    response: Response[Any] | None = None
    error: TransportError | None = None

    def with_earlier_sends(self, entry: Entry) -> CallResult:
        """Return `unknown` in place of a failure if another send may have acted."""
        if self.status == "succeeded" or entry.untouched:
            return self
        return replace(self, status="unknown")


def classify(end: Response[Any] | TransportError) -> CallResult:
    """Classify the response or the error of a call."""
    if isinstance(end, TransportError):
        status: CallStatus = "unknown" if end.outcome_unknown else "not_processed"
        return CallResult(status, type(end).__name__, error=end)
    if end.ok and end.readable:
        return CallResult("succeeded", response=end)
    reason = end.reason_code
    if end.outcome_unknown:
        status = "unknown"
    elif reason in _NOT_PROCESSED or end.status_code == _THROTTLED:
        status = "not_processed"
    elif reason in _REFUSALS:
        status = "refused"
    else:
        # An error of a gateway, DuplicateIdempotencyKey (the key was used before), or a
        # code that is newer than this version.
        status = "unknown"
    named = reason is not None and shown(reason) == reason
    return CallResult(status, reason if named else f"HTTP {end.status_code}", end)
