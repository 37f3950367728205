"""A shop brought as far as one helper has something to do, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulated import Shop


HELPERS = [
    "complete_or_get_checkout_session",
    "finalize_or_get_checkout_session",
    "create_charge_or_get",
    "capture_or_get_charge",
    "cancel_or_get_charge",
    "close_or_get_charge_permission",
    "refund_or_get",
]

# What one helper leaves behind, next to what was there before.
LEFT: dict[str, tuple[str, str]] = {
    "complete_or_get_checkout_session": ("checkoutSession", "complete"),
    "finalize_or_get_checkout_session": ("checkoutSession", "complete"),
    "create_charge_or_get": ("charge", "create"),
    "capture_or_get_charge": ("charge", "capture"),
    "cancel_or_get_charge": ("charge", "merchant cancels"),
    "close_or_get_charge_permission": ("chargePermission", "merchant closes"),
    "refund_or_get": ("refund", "create"),
}


def prepared(shop: Shop, helper: str) -> tuple[Any, ...]:
    """Make the objects that the helper needs; return its arguments.

    There is room for a second charge and a second refund of the same amount: no limit
    of the simulator does the helper's work.
    """
    money = shop.money("50")
    match helper:
        case "complete_or_get_checkout_session":
            made: tuple[Any, ...] = shop.paid(), {"chargeAmount": money}
        case "finalize_or_get_checkout_session":
            session = shop.paid()
            seen = shop.get(f"/checkoutSessions/{session}").json
            body = {"chargeAmount": money, "paymentIntent": "Authorize"}
            made = session, {**body, "shippingAddress": seen["shippingAddress"]}
        case "create_charge_or_get":
            order = shop.money("500")
            bought = shop.buy("50", "Confirm", totalOrderAmount=order)
            made = ({"chargePermissionId": bought.permission, "chargeAmount": money},)
        case "capture_or_get_charge":
            made = shop.buy().charge, {"captureAmount": money}
        case "cancel_or_get_charge":
            made = shop.buy().charge, {"cancellationReason": "out of stock"}
        case "close_or_get_charge_permission":
            made = shop.buy().permission, {"closureReason": "done"}
        case _:
            charge = shop.buy("50", "AuthorizeWithCapture").charge
            made = ({"chargeId": charge, "refundAmount": shop.money("5")},)
    return made


def done(shop: Shop) -> dict[str, list[str]]:
    """List what happened to each kind of object, by the simulator's own story."""
    found: dict[str, list[str]] = {}
    for row in shop.simulator.story():
        if row.kind == "state":
            found.setdefault(row.facts["object"], []).append(row.facts["event"])
    return found
