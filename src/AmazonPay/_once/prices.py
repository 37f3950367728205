"""Compare the price of an object with the price that was requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, shown
from ..money import amount_of
from ..objects import members_of, state_of, status_of
from .outcomes import Assessment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .outcomes import Outcome


def price_mismatch(requested: object, found: object) -> str | None:
    """Return why two prices differ, as a decision's reason; None if they are equal."""
    first, second = members_of(requested), members_of(found)
    try:
        amounts = amount_of(first), amount_of(second)
    except InvalidRequest:
        return "NoAmount"
    if first.get("currencyCode") != second.get("currencyCode"):
        return "CurrencyMismatch"
    return None if amounts[0] == amounts[1] else "AmountMismatch"


def reason_of(view: Mapping[str, Any]) -> str | None:
    reason = status_of(view).get("reasonCode")
    return reason if isinstance(reason, str) and shown(reason) == reason else None


def assess_other_price(
    outcome: Outcome, mismatch: str, observed: Mapping[str, Any]
) -> Assessment:
    """Assess an object whose price differs from the requested one."""
    if mismatch == "NoAmount":
        return Assessment("unknown", mismatch)
    ended = outcome == "no"
    return Assessment(outcome, (reason_of(observed) if ended else None) or mismatch)


def assess_equal_price(outcome: Outcome, charge: Mapping[str, Any]) -> Assessment:
    """Assess a charge for the requested price, and its refunds.

    A charge that was refunded in part was paid, so its outcome stays. A full refund is
    `moved`, not `no`: the money has moved and gone back.
    """
    if state_of(charge) != "Captured" or charge.get("refundedAmount") is None:
        return Assessment(outcome, reason_of(charge))
    captured = charge.get("captureAmount") or charge.get("chargeAmount")
    refunded: Any = members_of(charge["refundedAmount"])
    try:
        refunded_amount = amount_of(refunded)
        paid_amount = amount_of(members_of(captured))
    except InvalidRequest:
        # An unreadable amount was refunded: it may be all of it.
        return Assessment("unknown", "NoAmount")
    if refunded_amount <= 0:
        return Assessment(outcome, reason_of(charge))
    if refunded.get("currencyCode") != members_of(captured).get("currencyCode"):
        return Assessment("unknown", "CurrencyMismatch")
    if refunded_amount >= paid_amount:
        return Assessment("moved", "Refunded", refunded)
    return Assessment(outcome, reason_of(charge), refunded)
