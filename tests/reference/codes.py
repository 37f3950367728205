"""Reason codes and their statuses, simulation codes, test cards.

From `amazon-pay-api-v2/error-handling.html`, from published lists where it is silent,
and from `amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

STATUSES = {
    400: "InvalidHeaderValue InvalidRequest InvalidParameterValue InvalidRequestFormat"
    " MissingHeader MissingHeaderValue MissingParameterValue UnrecognizedField"
    " InvalidSandboxSimulationSpecified DuplicateIdempotencyKey"
    " InvalidParameterCombination CurrencyMismatch InvalidAPIVersion"
    " TransactionAmountExceeded PeriodicAmountExceeded",
    401: "UnauthorizedAccess",
    403: "InvalidAuthentication InvalidAccountStatus InvalidRequestSignature"
    " InvalidAuthorizationToken",
    404: "ResourceNotFound",
    405: "UnsupportedOperation RequestNotSupported",
    408: "RequestTimeout",
    409: "AmountMismatch",
    422: "CheckoutSessionCanceled InvalidCheckoutSessionStatus"
    " InvalidChargePermissionStatus InvalidChargeStatus ChargePermissionNotModifiable"
    " TransactionCountExceeded SoftDeclined HardDeclined MFANotCompleted"
    " PaymentMethodNotAllowed TransactionTimedOut AmazonRejected",
    426: "TLSVersionNotSupported",
    429: "TooManyRequests",
    500: "InternalServerError ProcessingFailure",
    503: "ServiceUnavailable",
}
STATUS_OF = {
    code: status for status, codes in STATUSES.items() for code in codes.split()
}

# A session that is completed with one of these ends with it as its reason.
SESSION_ENDS = ["BuyerCanceled", "AmazonCanceled", "Declined"]

# Of Create Charge, and what becomes of the permission.
CHARGE_DECLINES = {
    "SoftDeclined": ("Chargeable", None),
    "HardDeclined": ("NonChargeable", "PaymentMethodInvalid"),
    "AmazonRejected": ("Closed", "AmazonCanceled"),
    "TransactionTimedOut": ("Chargeable", None),
}

# The cards that pay in every region, and the one of Japan alone.
GOOD_CARDS = ["1111", "0005", "4444", "9424", "0000"]
GOOD_CARDS_OF_JAPAN = ["1212"]
# They end the session when the buyer pays.
ENDING_CARDS = {"3064": "BuyerCanceled", "3434": "Declined"}
# They need a merchant who waits: after 30 seconds state and reason are these.
PENDING_CARDS = {"0701": ("Authorized", None), "4354": ("Declined", "HardDeclined")}

# What a call may be refused with, beyond a malformed request.
REFUSALS = {
    "create charge": {
        (400, "TransactionAmountExceeded"),
        (400, "PeriodicAmountExceeded"),
        (422, "InvalidChargePermissionStatus"),
        (422, "TransactionCountExceeded"),
        (422, "SoftDeclined"),
        (422, "HardDeclined"),
        (422, "AmazonRejected"),
        (422, "TransactionTimedOut"),
    },
    "capture": {
        (400, "TransactionAmountExceeded"),
        (422, "InvalidChargeStatus"),
        (422, "AmazonRejected"),
    },
    "cancel": {(422, "InvalidChargeStatus")},
    "close": {(422, "InvalidChargePermissionStatus")},
    "refund": {
        (400, "TransactionAmountExceeded"),
        (422, "InvalidChargeStatus"),
        (422, "TransactionCountExceeded"),
    },
}
