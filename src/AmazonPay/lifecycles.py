"""The life cycles of Amazon's objects as tables: state, event, next state, reason.

Code and docs use these tables, which hold every change of a state. Amazon's pages:
`amazon-pay-api-v2/checkout-session.html`, `charge-permission.html`, `charge.html`,
`refund.html`, `dispute.html`, `reports.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "checkoutSession", "chargePermission", "charge", "refund", "dispute", "report"
]
"""The kind of an object that has a state."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One transition of a life cycle."""

    states: tuple[str, ...]
    """The states in which it can start; empty for the object's creation."""
    event: str
    to: str
    reason: str | None = None


_CREATED: tuple[str, ...] = ()

CHECKOUT_SESSION = (
    Transition(_CREATED, "create", "Open"),
    Transition(("Open",), "complete", "Completed"),
    Transition(("Open",), "buyer cancels", "Canceled", "BuyerCanceled"),
    Transition(("Open",), "Amazon cancels", "Canceled", "AmazonCanceled"),
    Transition(("Open",), "payment is declined", "Canceled", "Declined"),
    Transition(("Open",), "24 hours pass", "Canceled", "Expired"),
)

_OPEN_PERMISSION = ("Chargeable", "NonChargeable")

CHARGE_PERMISSION = (
    Transition(_CREATED, "create", "Chargeable"),
    Transition(
        ("Chargeable",), "a charge uses all of it", "NonChargeable", "ChargeInProgress"
    ),
    Transition(("NonChargeable",), "the charge ends", "Chargeable"),
    Transition(
        ("Chargeable",),
        "a charge is declined hard",
        "NonChargeable",
        "PaymentMethodInvalid",
    ),
    Transition(
        ("Chargeable",),
        "buyer deletes the payment method",
        "NonChargeable",
        "PaymentMethodDeleted",
    ),
    Transition(
        ("Chargeable",),
        "buyer deletes the billing address",
        "NonChargeable",
        "BillingAddressDeleted",
    ),
    Transition(
        ("Chargeable",),
        "the payment method expires",
        "NonChargeable",
        "PaymentMethodExpired",
    ),
    Transition(("Chargeable",), "authentication fails", "NonChargeable", "MFAFailed"),
    Transition(("NonChargeable",), "buyer mends the payment method", "Chargeable"),
    Transition(_OPEN_PERMISSION, "merchant closes", "Closed", "MerchantClosed"),
    Transition(_OPEN_PERMISSION, "buyer closes", "Closed", "BuyerClosed"),
    Transition(_OPEN_PERMISSION, "all of it is captured", "Closed", "AmazonClosed"),
    Transition(_OPEN_PERMISSION, "Amazon closes", "Closed", "AmazonClosed"),
    Transition(_OPEN_PERMISSION, "Amazon cancels", "Closed", "AmazonCanceled"),
    Transition(_OPEN_PERMISSION, "it expires", "Closed", "Expired"),
)

_OPEN_CHARGE = ("AuthorizationInitiated", "Authorized")

CHARGE = (
    Transition(_CREATED, "create pending", "AuthorizationInitiated"),
    Transition(_CREATED, "create", "Authorized"),
    Transition(_CREATED, "create captured", "Captured"),
    Transition(_CREATED, "create capturing", "CaptureInitiated"),
    Transition(_CREATED, "declined softly", "Declined", "SoftDeclined"),
    Transition(_CREATED, "declined hard", "Declined", "HardDeclined"),
    Transition(_CREATED, "rejected", "Declined", "AmazonRejected"),
    Transition(_CREATED, "timed out", "Declined", "TransactionTimedOut"),
    Transition(("AuthorizationInitiated",), "issuer approves", "Authorized"),
    Transition(
        ("AuthorizationInitiated",), "declined softly", "Declined", "SoftDeclined"
    ),
    Transition(
        ("AuthorizationInitiated",), "declined hard", "Declined", "HardDeclined"
    ),
    Transition(("AuthorizationInitiated",), "rejected", "Declined", "AmazonRejected"),
    Transition(
        ("AuthorizationInitiated",), "timed out", "Declined", "TransactionTimedOut"
    ),
    Transition(
        ("AuthorizationInitiated",), "processing fails", "Declined", "ProcessingFailure"
    ),
    Transition(_OPEN_CHARGE, "merchant cancels", "Canceled", "MerchantCanceled"),
    Transition(
        _OPEN_CHARGE, "permission is closed", "Canceled", "ChargePermissionCanceled"
    ),
    Transition(_OPEN_CHARGE, "Amazon cancels", "Canceled", "AmazonCanceled"),
    Transition(_OPEN_CHARGE, "buyer cancels", "Canceled", "BuyerCanceled"),
    Transition(
        ("Authorized",), "nobody captures it in time", "Canceled", "ExpiredUnused"
    ),
    Transition(("Authorized",), "capture", "Captured"),
    Transition(("Authorized",), "capture late", "CaptureInitiated"),
    Transition(
        ("Authorized", "CaptureInitiated"),
        "capture is rejected",
        "Declined",
        "AmazonRejected",
    ),
    Transition(("CaptureInitiated",), "capture succeeds", "Captured"),
    Transition(("CaptureInitiated",), "capture fails", "Declined", "ProcessingFailure"),
)

REFUND = (
    Transition(_CREATED, "create", "RefundInitiated"),
    Transition(("RefundInitiated",), "refund succeeds", "Refunded"),
    Transition(("RefundInitiated",), "rejected", "Declined", "AmazonRejected"),
    Transition(("RefundInitiated",), "refund fails", "Declined", "ProcessingFailure"),
)

# The transitions of a dispute are inferred from its values (unconfirmed).
DISPUTE = (
    Transition(_CREATED, "create", "ActionRequired", "MerchantResponseRequired"),
    Transition(("ActionRequired",), "contest", "UnderReview"),
    Transition(
        ("UnderReview",),
        "more proof is wanted",
        "ActionRequired",
        "MerchantAdditionalEvidencesRequired",
    ),
    Transition(
        ("ActionRequired",), "merchant accepts", "Resolved", "MerchantAcceptedDispute"
    ),
    Transition(
        ("ActionRequired",),
        "the deadline passes",
        "Resolved",
        "MerchantResponseDeadlineExpired",
    ),
    Transition(
        ("UnderReview",), "investigator decides", "Resolved", "InvestigatorResolved"
    ),
    Transition(
        ("ActionRequired", "UnderReview"), "rules decide", "Resolved", "AutoResolved"
    ),
    Transition(
        ("ActionRequired", "UnderReview"),
        "buyer withdraws",
        "Resolved",
        "BuyerCancelled",
    ),
    Transition(("Resolved",), "it is final", "Closed"),
)

REPORT = (
    Transition(_CREATED, "create", "IN_PROGRESS"),
    Transition(("IN_PROGRESS",), "file is written", "COMPLETED"),
    Transition(("IN_PROGRESS",), "it fails", "FAILED"),
    Transition(("IN_PROGRESS",), "there is nothing to report", "CANCELLED"),
)

LIFE_CYCLES: dict[Kind, tuple[Transition, ...]] = {
    "checkoutSession": CHECKOUT_SESSION,
    "chargePermission": CHARGE_PERMISSION,
    "charge": CHARGE,
    "refund": REFUND,
    "dispute": DISPUTE,
    "report": REPORT,
}


def transition(kind: Kind, state: str | None, event: str) -> Transition | None:
    """Return the transition for an event in a state, or None."""
    for arrow in LIFE_CYCLES[kind]:
        starts_here = not arrow.states if state is None else state in arrow.states
        if arrow.event == event and starts_here:
            return arrow
    return None
