"""Refunds: `amazon-pay-api-v2/refund.html`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...resources.refunds import Refunds
from ..rules.amounts import (
    check_currency,
    checked_price,
    format_price,
    parse_amount,
    refund_limit,
)
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, wrong_state
from . import charges
from .common import status_details
from .registry import handles, in_body, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "refund"

# UNCONFIRMED: the names of the simulation codes, and what each does;
# `Settings.refund_simulation_codes` has those that are accepted.
_FAILURES = {"AmazonRejected": "rejected", "ProcessingFailure": "refund fails"}


def on_due(context: Context, refund: Record, event: str) -> None:
    """Apply a scheduled event, the end of every refund."""
    context.move(KIND, refund, event)
    charge = context.get(charges.KIND, refund["charge"])
    amount = parse_amount(refund["amount"])
    if refund["state"] == "Refunded":
        # UNCONFIRMED: that the sum grows now, and not when the refund is created.
        total = parse_amount(charge["refundedAmount"]) + amount
        charge["refundedAmount"] = format_price(total, refund["amount"]["currencyCode"])
    else:
        charge["refunding"] = str(Decimal(charge["refunding"]) - amount)
    context.save(charges.KIND, charge)


def to_json(refund: Record) -> dict[str, Any]:
    """Return a refund in the form of the API."""
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
    check_currency(amount, currency)
    most = refund_limit(parse_amount(charge["captureAmount"]), currency)
    headroom = context.settings.headroom
    total = Decimal(charge["refunding"]) + parse_amount(amount)
    if total > most * headroom:
        raise APIRefusal(
            "TransactionAmountExceeded",
            "The refunds would be above what was captured and its allowance",
        )
    if charge["refunds"] >= context.settings.refunds_per_charge * headroom:
        raise APIRefusal(
            "TransactionCountExceeded", "There are too many refunds already"
        )
    base = charge["id"].rpartition("-")[0]
    refund: Record = {
        "id": context.unused_id(KIND, lambda: context.ids.suffixed(base, "R")),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "descriptor": descriptor,
        "created": context.timestamp,
    }
    charge["refunds"] += 1
    charge["refunding"] = str(total)
    context.save(charges.KIND, charge)
    context.create(KIND, refund)
    event = _FAILURES.get(code, "refund fails") if code else "refund succeeds"
    context.schedule(context.settings.refund_settles_after, KIND, refund, event)
    return refund


@handles(Refunds.create_refund, subject=in_body(charges.KIND, "chargeId"))
def create_refund(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Create Refund."""
    code = call.checked_simulation_code(*context.settings.refund_simulation_codes)
    amount = checked_price(call.body["refundAmount"], "refundAmount")
    descriptor = call.body.get("softDescriptor")
    return json_result(201, to_json(create(context, charge, amount, descriptor, code)))


@handles(Refunds.get_refund, subject=in_path(KIND))
def get_refund(context: Context, call: APICall, refund: Record) -> Result:
    """Answer Get Refund."""
    return json_result(200, to_json(refund))
