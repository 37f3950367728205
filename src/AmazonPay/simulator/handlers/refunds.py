"""Refunds: `amazon-pay-api-v2/refund.html`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..engine.context import status_details, wrong_state
from ..engine.timestamps import format_timestamp
from ..rules.amounts import checked_price, format_price, parse_amount, refund_limit
from ..wire.errors import APIRefusal
from . import charges

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "refund"

# What becomes of a refund under a simulation code; their names are unconfirmed, so
# `Settings.refund_simulation_codes` says which are taken.
_ENDS = {"AmazonRejected": "rejected", "ProcessingFailure": "refund fails"}


def refunds_of(context: Context, charge: Record) -> list[Record]:
    """Read a charge's refunds."""
    return [context.get(KIND, refund) for refund in charge["refunds"]]


def _promised(context: Context, charge: Record) -> Decimal:
    return sum(
        (
            parse_amount(refund["amount"])
            for refund in refunds_of(context, charge)
            if refund["state"] != "Declined"
        ),
        Decimal(0),
    )


def on_due(context: Context, refund: Record, event: str) -> None:
    """Let a planned event happen."""
    if refund["state"] != "RefundInitiated":
        return
    context.move(KIND, refund, event)
    charge = context.get(charges.KIND, refund["charge"])
    if refund["state"] == "Refunded":
        # That the sum grows only now, not at creation, is unconfirmed.
        total = parse_amount(charge["refundedAmount"]) + parse_amount(refund["amount"])
        charge["refundedAmount"] = format_price(total, refund["amount"]["currencyCode"])
        context.save(charges.KIND, charge)


def to_json(refund: Record) -> dict[str, Any]:
    """Write a refund as the API does."""
    return {
        "refundId": refund["id"],
        "chargeId": refund["charge"],
        "creationTimestamp": refund["created"],
        "refundAmount": refund["amount"],
        "statusDetails": status_details(refund),
        "softDescriptor": charges.soft_descriptor(refund["descriptor"]),
        "releaseEnvironment": "Sandbox",
    }


def create(
    context: Context,
    charge: Record,
    amount: dict[str, str],
    descriptor: str | None,
    code: str | None = None,
) -> Record:
    """Create a refund of a charge, or refuse it by the charge's state and sums."""
    if charge["state"] != "Captured":
        raise wrong_state("charge", charge["state"])
    currency = charge["chargeAmount"]["currencyCode"]
    if amount["currencyCode"] != currency:
        raise APIRefusal("CurrencyMismatch", f"The currency must be {currency}")
    most = refund_limit(parse_amount(charge["captureAmount"]), currency)
    headroom = context.settings.headroom
    if _promised(context, charge) + parse_amount(amount) > most * headroom:
        raise APIRefusal(
            "TransactionAmountExceeded",
            "The refunds would be above what was captured and its allowance",
        )
    if len(charge["refunds"]) >= context.settings.refunds_per_charge * headroom:
        raise APIRefusal(
            "TransactionCountExceeded", "There are too many refunds already"
        )
    base = charge["id"].rpartition("-")[0]
    refund: Record = {
        "id": context.unused(KIND, lambda: context.ids.suffixed(base, "R")),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "descriptor": descriptor,
        "created": format_timestamp(context.now),
    }
    charge["refunds"].append(refund["id"])
    context.save(charges.KIND, charge)
    context.create(KIND, refund)
    end = _ENDS.get(code, "refund fails") if code else "refund succeeds"
    context.schedule(context.settings.refund_settles_after, KIND, refund, end)
    return refund


def create_refund(context: Context, call: APICall) -> Result:
    """Answer Create Refund."""
    body = call.body
    charge = charges.get_or_refuse(context, call, body["chargeId"])
    code = call.checked_simulation_code(*context.settings.refund_simulation_codes)
    amount = checked_price(body["refundAmount"], "refundAmount")
    refund = create(context, charge, amount, body.get("softDescriptor"), code)
    return 201, to_json(refund)


def get_refund(context: Context, call: APICall) -> Result:
    """Answer Get Refund."""
    refund = context.find(KIND, call.ids["refund_id"])
    if refund is None:
        raise call.not_found()
    context.order = refund["order"]
    return 200, to_json(refund)
