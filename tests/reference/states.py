"""States, reasons and the arrows between them.

From `amazon-pay-api-v2/checkout-session.html`, `charge-permission.html`, `charge.html`
and `refund.html` there, and from `amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from typing import TypeAlias

Arrow: TypeAlias = "tuple[str | None, str, str | None]"
"""From (None is the creation), to, and the reason."""

_OPEN_PERMISSION = ("Chargeable", "NonChargeable")
_OPEN_CHARGE = ("AuthorizationInitiated", "Authorized")


def _each(states: tuple[str, ...], to: str, reasons: str) -> set[Arrow]:
    return {(state, to, reason) for state in states for reason in reasons.split()}


ARROWS: dict[str, set[Arrow]] = {
    "checkoutSession": {
        (None, "Open", None),
        ("Open", "Completed", None),
        *_each(("Open",), "Canceled", "BuyerCanceled Expired AmazonCanceled Declined"),
    },
    "chargePermission": {
        (None, "Chargeable", None),
        ("NonChargeable", "Chargeable", None),
        *_each(
            ("Chargeable",),
            "NonChargeable",
            "ChargeInProgress PaymentMethodInvalid PaymentMethodDeleted"
            " BillingAddressDeleted PaymentMethodExpired MFAFailed",
        ),
        *_each(
            _OPEN_PERMISSION,
            "Closed",
            "MerchantClosed BuyerClosed AmazonClosed AmazonCanceled Expired",
        ),
    },
    "charge": {
        (None, "AuthorizationInitiated", None),
        (None, "Authorized", None),
        (None, "Captured", None),
        (None, "CaptureInitiated", None),
        ("AuthorizationInitiated", "Authorized", None),
        ("Authorized", "Captured", None),
        ("Authorized", "CaptureInitiated", None),
        ("CaptureInitiated", "Captured", None),
        *_each(
            ("AuthorizationInitiated",),
            "Declined",
            "SoftDeclined HardDeclined AmazonRejected ProcessingFailure"
            " TransactionTimedOut",
        ),
        *_each(("CaptureInitiated",), "Declined", "AmazonRejected ProcessingFailure"),
        *_each(
            _OPEN_CHARGE,
            "Canceled",
            "MerchantCanceled ChargePermissionCanceled AmazonCanceled BuyerCanceled",
        ),
        ("Authorized", "Canceled", "ExpiredUnused"),
        # Simulation codes decline a new charge, and a capture.
        (None, "Declined", "SoftDeclined"),
        (None, "Declined", "HardDeclined"),
        (None, "Declined", "AmazonRejected"),
        (None, "Declined", "TransactionTimedOut"),
        ("Authorized", "Declined", "AmazonRejected"),
    },
    "refund": {
        (None, "RefundInitiated", None),
        ("RefundInitiated", "Refunded", None),
        *_each(("RefundInitiated",), "Declined", "AmazonRejected ProcessingFailure"),
    },
}

FINAL_STATES: dict[str, set[str]] = {
    "checkoutSession": {"Completed", "Canceled"},
    "chargePermission": {"Closed"},
    "charge": {"Canceled", "Declined"},  # a captured charge stays, and takes refunds
    "refund": {"Refunded", "Declined"},
}
