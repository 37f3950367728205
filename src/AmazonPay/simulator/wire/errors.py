"""The errors of the API: `amazon-pay-api-v2/error-handling.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .messages import json_response

if TYPE_CHECKING:
    from ...lifecycles import Kind
    from .messages import HTTPResponse

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
    "InvalidAccountStatus": 403,
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
    "MFANotCompleted": 422,
    "MissingParameterValue": 400,
    "PaymentMethodNotAllowed": 422,
    "PeriodicAmountExceeded": 400,
    "ProcessingFailure": 500,
    "RequestNotSupported": 405,
    "RequestTimeout": 408,
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


# What the API answers when an object's state does not allow a call.
_WRONG_STATE: dict[Kind, tuple[str, str]] = {
    "checkoutSession": ("InvalidCheckoutSessionStatus", "Checkout Session"),
    "chargePermission": ("InvalidChargePermissionStatus", "Charge Permission"),
    "charge": ("InvalidChargeStatus", "Charge"),
    "refund": ("InvalidRequest", "Refund"),
    "dispute": ("InvalidDisputeStatus", "Dispute"),
    "report": ("InvalidRequest", "Report"),
}


class APIRefusal(Exception):  # noqa: N818 - a response of the API, no defect
    """An error response with a reason code.

    The changes that a handler has made are undone, unless `keep_changes` is set: a
    decline, for one, closes a permission.
    """

    def __init__(
        self, reason_code: str, message: str, *, keep_changes: bool = False
    ) -> None:
        super().__init__(message)
        self.status = STATUSES[reason_code]
        self.reason_code = reason_code
        self.message = message
        self.keep_changes = keep_changes

    def in_words_of(self, status: int, reason_code: str) -> APIRefusal:
        """Return this refusal with another status and code, as was observed."""
        known = (self.reason_code, self.message)
        other = APIRefusal(*known, keep_changes=self.keep_changes)
        other.status, other.reason_code = status, reason_code
        return other

    @property
    def response(self) -> HTTPResponse:
        """The error in the form of the API."""
        return json_response(
            self.status, {"reasonCode": self.reason_code, "message": self.message}
        )


def invalid_value(message: str) -> APIRefusal:
    """Return the refusal of a value that is malformed or out of place."""
    return APIRefusal("InvalidParameterValue", message)


def invalid_combination(message: str) -> APIRefusal:
    """Return the refusal of members that exclude each other."""
    return APIRefusal("InvalidParameterCombination", message)


def missing(name: str) -> APIRefusal:
    """Return the refusal of a request that lacks a member or a parameter."""
    return APIRefusal("MissingParameterValue", f"The parameter '{name}' is required")


def missing_header(name: str) -> APIRefusal:
    """Return the refusal of a request that lacks a header."""
    return APIRefusal("MissingHeader", f"The header {name} is required")


def wrong_state(kind: Kind, state: str) -> APIRefusal:
    """Return the refusal of a call that an object's state does not allow."""
    reason_code, name = _WRONG_STATE[kind]
    return APIRefusal(
        reason_code,
        f"You tried to call an operation on a {name} that is in a state where that"
        f" operation cannot be called (current state: {state})",
    )
