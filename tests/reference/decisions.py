"""How a helper must decide: every answer, every state, with and without a doubt.

Answers are those of `amazon-pay-api-v2/error-handling.html`. A row of a table below is
a state, or what stands for one, as a GET shows it after the call.
"""

from __future__ import annotations

# --- Answers ------------------------------------------------------------------------

# Amazon read the request and says no: nothing was carried out by it.
REFUSED: dict[str, int] = {
    "AmazonRejected": 422,
    "AmountMismatch": 409,
    "CheckoutSessionCanceled": 422,
    "CurrencyMismatch": 400,
    "HardDeclined": 422,
    "InvalidChargePermissionStatus": 422,
    "InvalidChargeStatus": 422,
    "InvalidCheckoutSessionStatus": 422,
    "InvalidParameterCombination": 400,
    "InvalidParameterValue": 400,
    "InvalidRequest": 400,
    "InvalidRequestFormat": 400,
    "InvalidSandboxSimulationSpecified": 400,
    "MFANotCompleted": 422,
    "MissingParameterValue": 400,
    "PaymentMethodNotAllowed": 422,
    "PeriodicAmountExceeded": 400,
    "ResourceNotFound": 404,
    "SoftDeclined": 422,
    "TransactionAmountExceeded": 400,
    "TransactionCountExceeded": 422,
    "TransactionTimedOut": 422,
    "UnrecognizedField": 400,
}

# Nothing was carried out, and the same request may pass later: credentials, headers,
# throttling.
UNASKED: dict[str, int] = {
    "InvalidAPIVersion": 400,
    "InvalidAccountStatus": 403,
    "InvalidAuthentication": 403,
    "InvalidAuthorizationToken": 403,
    "InvalidHeaderValue": 400,
    "InvalidRequestSignature": 403,
    "MissingHeader": 400,
    "MissingHeaderValue": 400,
    "RequestNotSupported": 405,
    "TLSVersionNotSupported": 426,
    "TooManyRequests": 429,
    "UnauthorizedAccess": 401,
    "UnsupportedOperation": 405,
}

# It may have been carried out. That something happened under the key before is what
# DuplicateIdempotencyKey says; a code of the future proves nothing.
LOST: dict[str, int] = {
    "RequestTimeout": 408,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "ProcessingFailure": 500,
    "DuplicateIdempotencyKey": 400,
    "CodeOfTheFuture": 422,
}

# --- Rows ---------------------------------------------------------------------------

# What stands behind an object that a call could still end, by what was heard of the
# call: done (a success, of which the GET knows nothing yet), refused, unasked, lost.
STILL = {"done": "pending", "refused": "no", "unasked": "unknown", "lost": "pending"}
STILL_OPEN = {**STILL, "lost": "unknown"}


def always(outcome: str) -> dict[str, str]:
    """Decide the same whatever was heard."""
    return dict.fromkeys(STILL, outcome)


COMPLETE: dict[str, dict[str, str]] = {
    "Open": STILL_OPEN,
    # A view that lacks the charge which our own answer named is older, or not ours.
    "Canceled": {**always("no"), "done": "unknown"},
    "Canceled Declined": always("no"),
    "Canceled Authorized": always("moved"),
    "Canceled Captured": always("moved"),
    "Canceled charge not seen": always("unknown"),
    "Completed AuthorizationInitiated": always("pending"),
    "Completed CaptureInitiated": always("pending"),
    "Completed Authorized": always("success"),
    "Completed Captured": always("success"),
    "Completed Canceled": always("no"),
    "Completed Declined": always("no"),
    "Completed another amount": always("moved"),
    "Completed another currency": always("moved"),
    "Completed Authorized another amount": always("moved"),
    "Completed CaptureInitiated another amount": always("moved"),
    "Completed AuthorizationInitiated another amount": always("pending"),
    "Completed Declined another amount": always("no"),
    "Completed Canceled another currency": always("no"),
    "Completed Captured partly refunded": always("success"),
    "Completed Captured refunded": always("moved"),
    "Completed without a charge": {**always("no"), "done": "unknown"},
    "Completed charge not seen": always("unknown"),
    "Completed Teleported": always("unknown"),
    "Teleported": always("unknown"),
    "not seen": always("unknown"),
}

CAPTURE: dict[str, dict[str, str]] = {
    "AuthorizationInitiated": always("pending"),
    "Authorized": STILL,
    "CaptureInitiated": always("pending"),
    "Captured": always("success"),
    "Captured partly refunded": always("success"),
    "Captured refunded": always("moved"),
    "Captured over-refunded": always("moved"),
    "Captured another amount": always("moved"),
    "Captured another currency": always("moved"),
    "Canceled": always("no"),
    "Declined": always("no"),
    "Teleported": always("unknown"),
    "not seen": always("unknown"),
}

CANCEL: dict[str, dict[str, str]] = {
    "AuthorizationInitiated": STILL,
    "Authorized": STILL,
    "CaptureInitiated": always("moved"),
    "Captured": always("moved"),
    "Canceled": always("success"),
    "Declined": always("success"),
    "Teleported": always("unknown"),
    "not seen": always("unknown"),
}

# Without `cancelPendingCharges`.
CLOSE: dict[str, dict[str, str]] = {
    "Chargeable": STILL,
    "NonChargeable": STILL,
    "Closed": always("success"),
    "Teleported": always("unknown"),
    "not seen": always("unknown"),
}

# With it: what someone else closed, or a lost answer of ours, proves nothing.
CLOSE_WITH_CHARGES: dict[str, dict[str, str]] = {
    **CLOSE,
    "Closed": {**always("unknown"), "done": "success"},
    "Closed charges ended": always("success"),
    "Closed charge open": {**always("unknown"), "done": "success"},
    "Closed charge not seen": {**always("unknown"), "done": "success"},
}

# What only its own key can tell: by what the GET of the key's object shows. Without a
# success there is no object, and a refusal is a no only if no run is in doubt.
CREATED_WITHOUT: dict[str, str] = {
    "refused": "no",
    "unasked": "unknown",
    "lost": "unknown",
}
CREATE: dict[str, str] = {
    "AuthorizationInitiated": "pending",
    "Authorized": "success",
    "CaptureInitiated": "pending",
    "Captured": "success",
    "Canceled": "no",
    "Declined": "no",
    "Captured another amount": "moved",
    "Captured another currency": "moved",
    "Captured partly refunded": "success",
    "Captured refunded": "moved",
    "Captured another permission": "unknown",
    "Authorized another amount": "moved",
    "CaptureInitiated another currency": "moved",
    "AuthorizationInitiated another amount": "pending",
    "Declined another amount": "no",
    "Canceled another amount": "no",
    "Teleported": "unknown",
    "not seen": "unknown",
}
CREATE_WITH_CAPTURE_NOW: dict[str, str] = {**CREATE, "Authorized": "pending"}
REFUND: dict[str, str] = {
    "RefundInitiated": "pending",
    "Refunded": "success",
    "Declined": "no",
    "Refunded another amount": "moved",
    "Refunded another currency": "moved",
    "Refunded another charge": "unknown",
    "RefundInitiated another amount": "pending",
    "Declined another amount": "no",
    "Teleported": "unknown",
    "not seen": "unknown",
}

# Refusals about a state, next to a GET that shows a state which allows the call: one of
# the two is old, and for a session the buyer may not have paid yet. Not a no.
CONTRADICTIONS: dict[str, set[str]] = {
    "complete": {
        "InvalidCheckoutSessionStatus",
        "CheckoutSessionCanceled",
        "ResourceNotFound",
    },
    "capture": {"InvalidChargeStatus", "ResourceNotFound"},
    "cancel": {"InvalidChargeStatus", "ResourceNotFound"},
    "close": {"InvalidChargePermissionStatus", "ResourceNotFound"},
}
