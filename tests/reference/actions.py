"""Which calls an object's state allows.

From `amazon-pay-api-v2/checkout-session.html`, `charge-permission.html`, `charge.html`
and `refund.html`: the tables of states. Update Charge is for payment processors only.
"""

from __future__ import annotations

_SESSION = "get_checkout_session"
_PERMISSION = ("get_charge_permission", "update_charge_permission")

ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("checkoutSession", "Open"): (
        _SESSION,
        "update_checkout_session",
        "complete_checkout_session",
        "finalize_checkout_session",
    ),
    ("checkoutSession", "Completed"): (_SESSION,),
    ("checkoutSession", "Canceled"): (_SESSION,),
    ("chargePermission", "Chargeable"): (
        *_PERMISSION,
        "close_charge_permission",
        "create_charge",
    ),
    ("chargePermission", "NonChargeable"): (*_PERMISSION, "close_charge_permission"),
    ("chargePermission", "Closed"): ("get_charge_permission",),
    ("charge", "AuthorizationInitiated"): ("get_charge", "cancel_charge"),
    ("charge", "Authorized"): ("get_charge", "capture_charge", "cancel_charge"),
    ("charge", "CaptureInitiated"): ("get_charge",),
    ("charge", "Captured"): ("get_charge", "create_refund"),
    ("charge", "Canceled"): ("get_charge",),
    ("charge", "Declined"): ("get_charge",),
    ("refund", "RefundInitiated"): ("get_refund",),
    ("refund", "Refunded"): ("get_refund",),
    ("refund", "Declined"): ("get_refund",),
}

# A closed permission takes an update "for OneTime only, and only members still empty".
CLOSED_ONE_TIME = [
    ("OneTime", {"merchantReferenceId": "A", "noteToBuyer": None}, True),
    ("OneTime", {"merchantReferenceId": "A", "noteToBuyer": ""}, True),
    ("OneTime", {"merchantReferenceId": "A", "noteToBuyer": "B"}, False),
    ("OneTime", None, False),
    ("Recurring", {"merchantReferenceId": None}, False),
    ("PaymentMethodOnFile", {"merchantReferenceId": None}, False),
]
