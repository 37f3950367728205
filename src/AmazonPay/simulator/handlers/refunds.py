"""Refunds: `amazon-pay-api-v2/refund.html`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..engine.context import status_details, wrong_state
from ..engine.timestamps import written
from ..rules.amounts import amount_of, checked_price, most_refunded, price
from ..wire.errors import Refusal
from . import charges

if TYPE_CHECKING:
    from ..engine.context import World
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "refund"

# What becomes of a refund under a simulation code; their names are unconfirmed, so
# `Settings.refund_simulation_codes` says which are taken.
_ENDS = {"AmazonRejected": "rejected", "ProcessingFailure": "refund fails"}


def refunds_of(world: World, charge: Record) -> list[Record]:
    """Read a charge's refunds."""
    return [world.get(KIND, refund) for refund in charge["refunds"]]


def _promised(world: World, charge: Record) -> Decimal:
    return sum(
        (
            amount_of(refund["amount"])
            for refund in refunds_of(world, charge)
            if refund["state"] != "Declined"
        ),
        Decimal(0),
    )


def happen(world: World, refund: Record, event: str) -> None:
    """Let a planned event happen."""
    if refund["state"] != "RefundInitiated":
        return
    world.move(KIND, refund, event)
    charge = world.get(charges.KIND, refund["charge"])
    if refund["state"] == "Refunded":
        # That the sum grows only now, not at creation, is unconfirmed.
        total = amount_of(charge["refundedAmount"]) + amount_of(refund["amount"])
        charge["refundedAmount"] = price(total, refund["amount"]["currencyCode"])
        world.save(charges.KIND, charge)


def show(refund: Record) -> dict[str, Any]:
    """Write a refund as the API does."""
    return {
        "refundId": refund["id"],
        "chargeId": refund["charge"],
        "creationTimestamp": refund["created"],
        "refundAmount": refund["amount"],
        "statusDetails": status_details(refund),
        "softDescriptor": charges.descriptor(refund["descriptor"]),
        "releaseEnvironment": "Sandbox",
    }


def create(
    world: World,
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
        raise Refusal("CurrencyMismatch", f"The currency must be {currency}")
    most = most_refunded(amount_of(charge["captureAmount"]), currency)
    headroom = world.settings.headroom
    if _promised(world, charge) + amount_of(amount) > most * headroom:
        raise Refusal(
            "TransactionAmountExceeded",
            "The refunds would be above what was captured and its allowance",
        )
    if len(charge["refunds"]) >= world.settings.refunds_per_charge * headroom:
        raise Refusal("TransactionCountExceeded", "There are too many refunds already")
    base = charge["id"].rpartition("-")[0]
    refund: Record = {
        "id": world.unused(KIND, lambda: world.ids.suffixed(base, "R")),
        "order": charge["order"],
        "charge": charge["id"],
        "amount": amount,
        "descriptor": descriptor,
        "created": written(world.now),
    }
    charge["refunds"].append(refund["id"])
    world.save(charges.KIND, charge)
    world.create(KIND, refund)
    end = _ENDS.get(code, "refund fails") if code else "refund succeeds"
    world.plan(world.settings.refund_settles_after, KIND, refund, end)
    return refund


def create_refund(world: World, call: APICall) -> Result:
    """Answer Create Refund."""
    body = call.body
    charge = charges.find(world, call, body["chargeId"])
    code = call.simulated(*world.settings.refund_simulation_codes)
    amount = checked_price(body["refundAmount"], "refundAmount")
    refund = create(world, charge, amount, body.get("softDescriptor"), code)
    return 201, show(refund)


def get_refund(world: World, call: APICall) -> Result:
    """Answer Get Refund."""
    refund = world.find(KIND, call.ids["refund_id"])
    if refund is None:
        raise call.not_found()
    world.order = refund["order"]
    return 200, show(refund)
