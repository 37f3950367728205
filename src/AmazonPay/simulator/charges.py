"""Charges: `amazon-pay-api-v2/charge.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from . import charge_permissions as permissions
from .amounts import amount_of, checked_price, price
from .clock import read, written
from .refusals import Refusal
from .world import metadata, provider_metadata, status_details, wrong_state

if TYPE_CHECKING:
    from .call import APICall, Result
    from .store import Record
    from .world import World

KIND: Final = "charge"

_AUTHORIZATION_LIFE = timedelta(days=30)
_PROMPT_CAPTURE = timedelta(days=7)

# What a simulation code does at once: the event, and what it does to the permission.
_DECLINES = {
    "SoftDeclined": ("declined softly", None),
    "HardDeclined": ("declined hard", "a charge is declined hard"),
    "AmazonRejected": ("rejected", "Amazon cancels"),
    "TransactionTimedOut": ("timed out", None),
}
_DECLINE_OF = {event: code for code, (event, _) in _DECLINES.items()}


# Life ---------------------------------------------------------------------------------


def create(
    world: World,
    permission: Record,
    amount: dict[str, str],
    event: str,
    **more: Any,  # noqa: ANN401 - members of the record
) -> Record:
    """Create a charge on a permission, in the state that `event` leads to.

    A capture that shows later is `CaptureInitiated` in the ledger until then, so that
    nothing can be done to it, and `Authorized` to whoever looks.
    """
    shows_after = world.settings.capture_shows_after
    hidden = event == "create captured" and bool(shows_after)
    if hidden:
        event = "create capturing"
        more |= {"captureAmount": amount, "hidden": written(world.now)}
    one_time = permission["type"] == "OneTime"
    base = permission["id"] if one_time else world.ids.order(permission["region"])
    charge: Record = {
        "id": world.ids.suffixed(base, "C"),
        "order": permission["order"],
        "permission": permission["id"],
        "chargeAmount": amount,
        "captureAmount": None,
        "refundedAmount": None,
        "refunds": [],
        "authorized": None,
        "descriptor": None,
        "channel": None,
        "initiator": None,
        "metadata": None,
        "provider": None,
        "platformId": None,
        "web": None,
        "hidden": None,
        "created": written(world.now),
        "expires": written(world.now + _AUTHORIZATION_LIFE),
        **more,
    }
    permission["charges"].append(charge["id"])
    world.save(permissions.KIND, permission)
    world.create(KIND, charge, event)
    _entered(world, charge)
    if hidden:
        world.plan(shows_after, KIND, charge, "capture succeeds")
    return charge


def _entered(world: World, charge: Record) -> None:
    """Do what a state brings with it: dates, amounts, the permission's own state."""
    if charge["state"] == "Authorized":
        charge["authorized"] = written(world.now)
        world.plan_at(charge["expires"], KIND, charge, "30 days pass")
    if charge["state"] == "Captured":
        charge["captureAmount"] = charge["captureAmount"] or charge["chargeAmount"]
        currency = charge["chargeAmount"]["currencyCode"]
        charge["refundedAmount"] = charge["refundedAmount"] or price(
            Decimal(0), currency
        )
    if charge["state"] == "Declined":
        charge["captureAmount"] = None
    world.save(KIND, charge)
    permission = world.find(permissions.KIND, charge["permission"])
    if permission is not None:
        on_permission = _DECLINES.get(str(charge["reason"]), (None, None))[1]
        allowed = permission["state"] != "Closed" and charge["state"] == "Declined"
        if on_permission == "Amazon cancels" and allowed:
            world.move(permissions.KIND, permission, on_permission)
        elif on_permission and allowed:
            permissions.refresh(world, permission)
            if permission["state"] == "Chargeable":
                world.move(permissions.KIND, permission, on_permission)
        else:
            permissions.refresh(world, permission)


def happen(world: World, charge: Record, event: str) -> None:
    """Let a planned event happen, unless something else came first."""
    waiting = {
        "30 days pass": "Authorized",
        "capture succeeds": "CaptureInitiated",
    }.get(event, "AuthorizationInitiated")
    if charge["state"] == waiting:
        charge_event(world, charge, event)


def charge_event(world: World, charge: Record, event: str) -> None:
    """Move a charge, with all that follows from it."""
    world.move(KIND, charge, event)
    _entered(world, charge)


# The object ---------------------------------------------------------------------------


def show(charge: Record) -> dict[str, Any]:
    """Write a charge as the API does."""
    if charge["state"] == "CaptureInitiated" and charge["hidden"]:
        charge = {**charge, "state": "Authorized", "updated": charge["hidden"]}
    return {
        "chargeId": charge["id"],
        "chargeAmount": charge["chargeAmount"],
        "chargePermissionId": charge["permission"],
        "captureAmount": charge["captureAmount"]
        if charge["state"] == "Captured"
        else None,
        "refundedAmount": charge["refundedAmount"],
        "softDescriptor": descriptor(charge["descriptor"]),
        "providerMetadata": provider_metadata(charge["provider"]),
        "convertedAmount": None,
        "conversionRate": None,
        "channel": charge["channel"],
        "chargeInitiator": charge["initiator"],
        "statusDetails": status_details(charge),
        "creationTimestamp": charge["created"],
        "expirationTimestamp": charge["expires"],
        "releaseEnvironment": "Sandbox",
        "merchantMetadata": metadata(charge["metadata"]),
        "platformId": charge["platformId"],
        "webCheckoutDetails": charge["web"],
    }


def descriptor(text: str | None) -> str | None:
    """Write a soft descriptor with the prefix that the buyer's statement shows."""
    return None if text is None else f"AMZ*{text}"


# Calls --------------------------------------------------------------------------------


def find(world: World, call: APICall, id_: str) -> Record:
    """Read the charge that a call names, or refuse the call."""
    charge = world.find(KIND, id_)
    if charge is None:
        raise call.not_found()
    world.order = charge["order"]
    return charge


def create_charge(world: World, call: APICall) -> Result:
    """Answer Create Charge."""
    body = call.body
    permission = permissions.find(world, call, body["chargePermissionId"])
    code = call.simulated(*_DECLINES, "CaptureInitiated")
    capture, pending = body.get("captureNow"), body.get("canHandlePendingAuthorization")
    if capture and pending:
        # A session refuses the pair; that this call does too is unconfirmed.
        raise Refusal(
            "InvalidParameterCombination",
            "captureNow and canHandlePendingAuthorization exclude each other",
        )
    if body.get("softDescriptor") is not None and not capture:
        raise Refusal("InvalidParameterCombination", "softDescriptor needs captureNow")
    if code == "CaptureInitiated" and not capture:
        raise Refusal(
            "InvalidSandboxSimulationSpecified",
            "The simulation string 'CaptureInitiated' needs captureNow",
        )
    amount = checked_price(body["chargeAmount"], "chargeAmount")
    check_permission(world, permission, amount)
    more = {
        "descriptor": body.get("softDescriptor"),
        "channel": body.get("channel"),
        "initiator": body.get("chargeInitiator"),
        "metadata": body.get("merchantMetadata"),
        "provider": body.get("providerMetadata"),
        "platformId": body.get("platformId"),
        "web": body.get("webCheckoutDetails"),
    }
    if code in _DECLINES:
        create(world, permission, amount, _DECLINES[code][0], **more)
        raise Refusal(code, f"The charge was declined: {code}", keep=True)
    permissions.renew(world, permission)
    if pending:
        charge = create(world, permission, amount, "create pending", **more)
        after = world.settings.authorization_settles_after
        world.plan(after, KIND, charge, "issuer approves")
    elif code == "CaptureInitiated":
        more["captureAmount"] = amount
        charge = create(world, permission, amount, "create capturing", **more)
        after = world.settings.capture_settles_after
        world.plan(after, KIND, charge, "capture succeeds")
    else:
        event = "create captured" if capture else "create"
        charge = create(world, permission, amount, event, **more)
    return 201, show(charge)


def check_permission(world: World, permission: Record, amount: dict[str, str]) -> None:
    """Refuse a charge that the permission does not allow."""
    if permission["state"] != "Chargeable":
        raise wrong_state("chargePermission", permission["state"])
    _check_currency(amount, permission["currency"])
    one_time = permission["type"] == "OneTime"
    if amount_of(amount) > permissions.balance(world, permission):
        raise Refusal(
            "TransactionAmountExceeded" if one_time else "PeriodicAmountExceeded",
            "The amount is above what is left on the Charge Permission"
            if one_time
            else "The amount is above what is left this month",
        )
    most = world.settings.charges_per_permission * world.settings.headroom
    if one_time and len(permission["charges"]) >= most:
        raise Refusal("TransactionCountExceeded", f"There are {most} charges already")


def _check_currency(amount: dict[str, str], currency: str) -> None:
    if amount["currencyCode"] != currency:
        raise Refusal("CurrencyMismatch", f"The currency must be {currency}")


def get_charge(world: World, call: APICall) -> Result:
    """Answer Get Charge."""
    return 200, show(find(world, call, call.ids["charge_id"]))


def capture_charge(world: World, call: APICall) -> Result:
    """Answer Capture Charge."""
    charge = find(world, call, call.ids["charge_id"])
    code = call.simulated("CaptureInitiated", "AmazonRejected")
    if charge["state"] != "Authorized":
        raise wrong_state(KIND, charge["state"])
    amount = checked_price(call.body["captureAmount"], "captureAmount")
    _check_currency(amount, charge["chargeAmount"]["currencyCode"])
    if amount_of(amount) > amount_of(charge["chargeAmount"]):
        raise Refusal(
            "TransactionAmountExceeded", "The amount is above the one authorized"
        )
    charge["captureAmount"] = amount
    charge["descriptor"] = call.body.get("softDescriptor") or charge["descriptor"]
    if code == "AmazonRejected":
        charge_event(world, charge, "capture is rejected")
        raise Refusal("AmazonRejected", "The capture was rejected", keep=True)
    late = world.now - read(charge["authorized"]) > _PROMPT_CAPTURE
    shows_after = world.settings.capture_shows_after
    if late or code == "CaptureInitiated":
        charge_event(world, charge, "capture late")
        after = world.settings.capture_settles_after
        world.plan(after, KIND, charge, "capture succeeds")
    elif shows_after:
        charge["hidden"] = charge["updated"]
        charge_event(world, charge, "capture late")
        world.plan(shows_after, KIND, charge, "capture succeeds")
    else:
        charge_event(world, charge, "capture")
    return 200, show(charge)


def cancel_charge(world: World, call: APICall) -> Result:
    """Answer Cancel Charge."""
    charge = find(world, call, call.ids["charge_id"])
    charge_event(world, charge, "merchant cancels")
    return 200, show(charge)


def update_charge(world: World, call: APICall) -> Result:
    """Answer Update Charge: it is for payment processors, which nobody here is."""
    find(world, call, call.ids["charge_id"])
    # An authorization error is as likely (unconfirmed).
    raise Refusal(
        "UnsupportedOperation", "Update Charge is for payment service providers"
    )
