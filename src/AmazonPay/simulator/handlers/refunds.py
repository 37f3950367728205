"""Refunds: `amazon-pay-api-v2/refund.html`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...resources.refunds import Refunds
from ..engine.outcomes import REFUND_ENDS, Outcome
from ..observed import answer_to, refuse
from ..rules.amounts import (
    check_currency,
    checked_price,
    format_price,
    parse_amount,
    refund_limit,
)
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value, wrong_state
from . import charge_permissions as permissions
from . import charges
from .common import status_details
from .registry import handles, in_body, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "refund"

_STORE_NAME = "Simulated Shop"
"""The name of a store that has given none."""
_LONGEST_NAME = 16


def on_due(context: Context, refund: Record, event: str) -> None:
    """Settle a refund by its scheduled event; one that is settled stays as it is."""
    if refund["state"] != "RefundInitiated":
        return
    context.move(KIND, refund, event)
    charge = context.get(charges.KIND, refund["charge"])
    amount = parse_amount(refund["amount"])
    counted: bool = refund.get("counted", False)
    # UNCONFIRMED: that the sum grows now, and not when the refund is created.
    if refund["state"] == "Refunded" and not counted:
        _add_refunded(charge, amount)
    elif refund["state"] != "Refunded":
        charge["refunding"] = str(Decimal(charge["refunding"]) - amount)
        if counted:
            _add_refunded(charge, -amount)
    context.save(charges.KIND, charge)


def _add_refunded(charge: Record, amount: Decimal) -> None:
    total = parse_amount(charge["refundedAmount"]) + amount
    currency = charge["chargeAmount"]["currencyCode"]
    charge["refundedAmount"] = format_price(total, currency)


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
    outcome: Outcome | None = None,
) -> Record:
    """Create a refund of a charge, or refuse it by the charge's state and sums."""
    permission = context.get(permissions.KIND, charge["permission"])
    if descriptor is not None and permission["region"] == "jp":
        # UNCONFIRMED: the code; that Japan cannot set it is documented.
        refuse(
            "refund-descriptor",
            invalid_value("The softDescriptor of a refund cannot be set in Japan"),
        )
    if charge["state"] != "Captured":
        raise wrong_state("charge", charge["state"])
    currency = charge["chargeAmount"]["currencyCode"]
    check_currency(amount, currency, "refundAmount")
    most = refund_limit(parse_amount(charge["captureAmount"]), currency)
    headroom = context.settings.headroom
    total = Decimal(charge["refunding"]) + parse_amount(amount)
    if total > most * headroom:
        raise APIRefusal(
            "TransactionAmountExceeded",
            "The refundAmount is above what is left to refund:"
            f" {most * headroom - Decimal(charge['refunding'])} of {most * headroom}",
        )
    if charge["refunds"] >= context.settings.refunds_per_charge * headroom:
        raise APIRefusal(
            "TransactionCountExceeded", f"There are {charge['refunds']} refunds already"
        )
    base = charge["id"].rpartition("-")[0]
    refund: Record = {
        "id": context.unused_id(KIND, lambda: context.ids.suffixed(base, "R")),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "descriptor": descriptor or _store_name(charge, permission),
        "created": context.timestamp,
    }
    charge["refunds"] += 1
    charge["refunding"] = str(total)
    if answer_to("refunded-amount") == "created":
        refund["counted"] = True
        _add_refunded(charge, parse_amount(amount))
    context.save(charges.KIND, charge)
    context.create(KIND, refund)
    event = "refund succeeds" if outcome is None else REFUND_ENDS[outcome.name]
    context.schedule(context.settings.refund_settles_after, KIND, refund, event)
    return refund


def _store_name(charge: Record, permission: Record) -> str:
    """Return the shop's name, the text on a statement if a refund names no other."""
    for record in (charge, permission):
        metadata: dict[str, str | None] = record["metadata"] or {}
        name = metadata.get("merchantStoreName")
        if name:
            return name[:_LONGEST_NAME]
    return _STORE_NAME


def _observed_end() -> Outcome | None:
    """Return what the code `AmazonRejected` does; None lets the refund succeed."""
    name = answer_to("refund-code-effect").partition(" ")[2]
    return Outcome("create_refund", name, "later") if name else None


@handles(Refunds.create_refund, subject=in_body(charges.KIND, "chargeId"))
def create_refund(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Create Refund."""
    # UNCONFIRMED: the names of the simulation codes, and what each does: the refund
    # ends so, and by an unknown name with ProcessingFailure.
    codes = {
        name: Outcome(
            "create_refund",
            name if name in REFUND_ENDS else "ProcessingFailure",
            "later",
        )
        for name in context.settings.refund_simulation_codes
    }
    outcome = call.checked_outcome(codes)
    if call.simulation_code == "AmazonRejected":
        outcome = _observed_end()
    amount = checked_price(call.body["refundAmount"], "refundAmount")
    descriptor = call.body.get("softDescriptor")
    return json_result(
        201, to_json(create(context, charge, amount, descriptor, outcome))
    )


@handles(Refunds.get_refund, subject=in_path(KIND))
def get_refund(context: Context, call: APICall, refund: Record) -> Result:
    """Answer Get Refund."""
    return json_result(200, to_json(refund))
