"""The errors of the API: `amazon-pay-api-v2/error-handling.html`, as one table."""

from __future__ import annotations

STATUSES = {
    "AmountMismatch": 409,
    "AmazonRejected": 422,
    "ChargePermissionNotModifiable": 422,
    "CheckoutSessionCanceled": 422,
    "CurrencyMismatch": 400,
    "DuplicateIdempotencyKey": 400,
    "HardDeclined": 422,
    "InternalServerError": 500,
    "InvalidAPIVersion": 400,
    "InvalidAuthentication": 403,
    "InvalidAuthorizationToken": 403,
    "InvalidChargePermissionStatus": 422,
    "InvalidChargeStatus": 422,
    "InvalidCheckoutSessionStatus": 422,
    "InvalidDisputeStatus": 422,
    "InvalidHeaderValue": 400,
    "InvalidParameterCombination": 400,
    "InvalidParameterValue": 400,
    "InvalidRequest": 400,
    "InvalidRequestFormat": 400,
    "InvalidRequestSignature": 403,
    "InvalidSandboxSimulationSpecified": 400,
    "MissingHeader": 400,
    "MissingHeaderValue": 400,
    "MissingParameterValue": 400,
    "PeriodicAmountExceeded": 400,
    "RequestNotSupported": 405,
    "ResourceNotFound": 404,
    "ServiceUnavailable": 503,
    "SoftDeclined": 422,
    "TooManyRequests": 429,
    "TransactionAmountExceeded": 400,
    "TransactionCountExceeded": 422,
    "TransactionTimedOut": 422,
    "UnauthorizedAccess": 401,
    "UnrecognizedField": 400,
    "UnsupportedOperation": 405,
}


class APIRefusal(Exception):  # noqa: N818 - an answer of the API, no fault
    """An answer with a reason code.

    With `keep` set, what the handler has changed stays: a decline closes a permission.
    """

    def __init__(
        self, reason_code: str, message: str, *, keep_changes: bool = False
    ) -> None:
        super().__init__(message)
        self.status = STATUSES[reason_code]
        self.reason_code = reason_code
        self.message = message
        self.keep_changes = keep_changes
