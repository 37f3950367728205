"""Charges: `amazon-pay-api-v2/charge.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..engine.context import metadata, provider_metadata, status_details, wrong_state
from ..engine.timestamps import read, written
from ..rules.amounts import amount_of, checked_price, price
from ..wire.errors import Refusal
from . import charge_permissions as permissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import World
    from ..engine.store import Record
    from ..settings import Settings
    from ..wire.api_call import APICall, Result

KIND: Final = "charge"

_AUTHORIZATION_LIFE = timedelta(days=30)
_PROMPT_CAPTURE = timedelta(days=7)

# What a simulation code does.
_DECLINES = {
    "SoftDeclined": "declined softly",
    "HardDeclined": "declined hard",
    "AmazonRejected": "rejected",
    "TransactionTimedOut": "timed out",
}

# One made-up rate for all currencies; that Amazon writes it as text is unconfirmed.
_RATE = "1.25"


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
    books = permission["books"]
    charge: Record = {
        "id": world.unused(KIND, lambda: world.ids.suffixed(base, "C")),
        "order": permission["order"],
        "permission": permission["id"],
        "chargeAmount": amount,
        "captureAmount": None,
        "refundedAmount": None,
        "refunds": [],
        "converts_to": books if books != permission["currency"] else None,
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
    if event not in _DECLINES.values():  # what is declined at once is no charge
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
    if charge["state"] in {"CaptureInitiated", "Captured"}:
        charge["captureAmount"] = charge["captureAmount"] or charge["chargeAmount"]
    if charge["state"] == "Captured":
        currency = charge["chargeAmount"]["currencyCode"]
        charge["refundedAmount"] = charge["refundedAmount"] or price(
            Decimal(0), currency
        )
    if charge["state"] == "Declined":
        charge["captureAmount"] = None
    world.save(KIND, charge)
    permission = world.get(permissions.KIND, charge["permission"])
    if permission["state"] == "Closed":
        return
    if charge["reason"] == "AmazonRejected":
        permissions.close(world, permission, "Amazon cancels")
    elif charge["reason"] == "HardDeclined":
        # That a soft decline leaves the permission chargeable is unconfirmed.
        permissions.decline(world, permission)
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
    amount, books = charge["chargeAmount"], charge["converts_to"]
    web = charge["web"]
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
        "convertedAmount": books and price(amount_of(amount) / Decimal(_RATE), books),
        "conversionRate": books and _RATE,
        "channel": charge["channel"],
        "chargeInitiator": charge["initiator"],
        "statusDetails": status_details(charge),
        "creationTimestamp": charge["created"],
        "expirationTimestamp": charge["expires"],
        "releaseEnvironment": "Sandbox",
        "merchantMetadata": metadata(charge["metadata"]),
        "platformId": charge["platformId"],
        # That the second member comes too is unconfirmed.
        "webCheckoutDetails": web and {**web, "amazonPayRedirectUrl": None},
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
    code = _code(world.settings, call)
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
        create(world, permission, amount, _DECLINES[code], **more)
        raise Refusal(code, f"The charge was declined: {code}", keep=True)
    permissions.renew(world, permission)
    event, later = _course(world.settings, body, code)
    charge = create(world, permission, amount, event, **more)
    if later is not None:
        world.plan(later[0], KIND, charge, later[1])
    return 201, show(charge)


def _code(settings: Settings, call: APICall) -> str | None:
    """Read the simulation code, and refuse what excludes each other."""
    pending_codes = settings.pending_simulation_codes
    code = call.simulated(*_DECLINES, "CaptureInitiated", *pending_codes)
    capture = call.body.get("captureNow")
    pending = call.body.get("canHandlePendingAuthorization")
    if capture and pending:
        # A session refuses the pair; that this call does too is unconfirmed.
        raise Refusal(
            "InvalidParameterCombination",
            "captureNow and canHandlePendingAuthorization exclude each other",
        )
    if call.body.get("softDescriptor") is not None and not capture:
        # With which code it is refused is unconfirmed.
        raise Refusal("InvalidParameterCombination", "softDescriptor needs captureNow")
    needed = {"CaptureInitiated": capture, **dict.fromkeys(pending_codes, pending)}
    if code is not None and not needed.get(code, True):
        raise Refusal(
            "InvalidSandboxSimulationSpecified",
            f"The simulation string '{code}' needs captureNow, or a merchant who waits",
        )
    return code


def _course(
    settings: Settings, body: Mapping[str, Any], code: str | None
) -> tuple[str, tuple[timedelta, str] | None]:
    """Tell how a charge begins, and what becomes of it by itself."""
    if body.get("canHandlePendingAuthorization"):
        decline = settings.pending_simulation_codes.get(code or "")
        end = _DECLINES[decline] if decline else "issuer approves"
        return "create pending", (settings.authorization_settles_after, end)
    if code == "CaptureInitiated":
        return "create capturing", (settings.capture_settles_after, "capture succeeds")
    return ("create captured" if body.get("captureNow") else "create"), None


def check_permission(world: World, permission: Record, amount: dict[str, str]) -> None:
    """Refuse a charge that the permission does not allow."""
    if permission["state"] != "Chargeable":
        raise wrong_state("chargePermission", permission["state"])
    _check_currency(amount, permission["currency"])
    one_time = permission["type"] == "OneTime"
    if amount_of(amount) > permissions.room(world, permission):
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
    # The permission may be closed: that it does not matter here is unconfirmed.
    permission = world.get(permissions.KIND, charge["permission"])
    left = permissions.room(world, permission)
    if permission["type"] == "OneTime" and amount_of(amount) > left:
        raise Refusal(
            "TransactionAmountExceeded",
            "The amount is above what is left on the Charge Permission",
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
