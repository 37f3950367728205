"""Charges: `amazon-pay-api-v2/charge.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..engine.context import metadata, provider_metadata, status_details, wrong_state
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..rules.amounts import checked_price, format_price, parse_amount
from ..wire.errors import APIRefusal
from . import charge_permissions as permissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
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
    context: Context,
    permission: Record,
    amount: dict[str, str],
    event: str,
    **more: Any,  # noqa: ANN401 - members of the record
) -> Record:
    """Create a charge on a permission, in the state that `event` leads to.

    A capture that shows later is `CaptureInitiated` in the ledger until then, so that
    nothing can be done to it, and `Authorized` to whoever looks.
    """
    shows_after = context.settings.capture_shows_after
    hidden = event == "create captured" and bool(shows_after)
    if hidden:
        event = "create capturing"
        more |= {
            "captureAmount": amount,
            "shown_authorized_since": format_timestamp(context.now),
        }
    one_time = permission["type"] == "OneTime"
    base = permission["id"] if one_time else context.ids.order(permission["region"])
    ledger_currency = permission["ledger_currency"]
    charge: Record = {
        "id": context.unused(KIND, lambda: context.ids.suffixed(base, "C")),
        "order": permission["order"],
        "permission": permission["id"],
        "chargeAmount": amount,
        "captureAmount": None,
        "refundedAmount": None,
        "refunds": [],
        "converts_to": ledger_currency
        if ledger_currency != permission["currency"]
        else None,
        "authorized": None,
        "descriptor": None,
        "channel": None,
        "initiator": None,
        "metadata": None,
        "provider": None,
        "platformId": None,
        "web_details": None,
        "shown_authorized_since": None,
        "created": format_timestamp(context.now),
        "expires": format_timestamp(context.now + _AUTHORIZATION_LIFE),
        **more,
    }
    if event not in _DECLINES.values():  # what is declined at once is no charge
        permission["charges"].append(charge["id"])
        context.save(permissions.KIND, permission)
    context.create(KIND, charge, event)
    _after_transition(context, charge)
    if hidden:
        context.schedule(shows_after, KIND, charge, "capture succeeds")
    return charge


def _after_transition(context: Context, charge: Record) -> None:
    """Do what a state brings with it: dates, amounts, the permission's own state."""
    if charge["state"] == "Authorized":
        charge["authorized"] = format_timestamp(context.now)
        context.schedule_at(charge["expires"], KIND, charge, "30 days pass")
    if charge["state"] in {"CaptureInitiated", "Captured"}:
        charge["captureAmount"] = charge["captureAmount"] or charge["chargeAmount"]
    if charge["state"] == "Captured":
        currency = charge["chargeAmount"]["currencyCode"]
        charge["refundedAmount"] = charge["refundedAmount"] or format_price(
            Decimal(0), currency
        )
    if charge["state"] == "Declined":
        charge["captureAmount"] = None
    context.save(KIND, charge)
    permission = context.get(permissions.KIND, charge["permission"])
    if permission["state"] == "Closed":
        return
    if charge["reason"] == "AmazonRejected":
        permissions.close(context, permission, "Amazon cancels")
    elif charge["reason"] == "HardDeclined":
        # That a soft decline leaves the permission chargeable is unconfirmed.
        permissions.decline(context, permission)
    else:
        permissions.update_state(context, permission)


def on_due(context: Context, charge: Record, event: str) -> None:
    """Let a planned event happen, unless something else came first."""
    waiting = {
        "30 days pass": "Authorized",
        "capture succeeds": "CaptureInitiated",
    }.get(event, "AuthorizationInitiated")
    if charge["state"] == waiting:
        apply_event(context, charge, event)


def apply_event(context: Context, charge: Record, event: str) -> None:
    """Move a charge, with all that follows from it."""
    context.move(KIND, charge, event)
    _after_transition(context, charge)


# The object ---------------------------------------------------------------------------


def to_json(charge: Record) -> dict[str, Any]:
    """Write a charge as the API does."""
    if charge["state"] == "CaptureInitiated" and charge["shown_authorized_since"]:
        charge = {
            **charge,
            "state": "Authorized",
            "updated": charge["shown_authorized_since"],
        }
    amount, ledger_currency = charge["chargeAmount"], charge["converts_to"]
    web = charge["web_details"]
    return {
        "chargeId": charge["id"],
        "chargeAmount": charge["chargeAmount"],
        "chargePermissionId": charge["permission"],
        "captureAmount": charge["captureAmount"]
        if charge["state"] == "Captured"
        else None,
        "refundedAmount": charge["refundedAmount"],
        "softDescriptor": soft_descriptor(charge["descriptor"]),
        "providerMetadata": provider_metadata(charge["provider"]),
        "convertedAmount": ledger_currency
        and format_price(parse_amount(amount) / Decimal(_RATE), ledger_currency),
        "conversionRate": ledger_currency and _RATE,
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


def soft_descriptor(text: str | None) -> str | None:
    """Write a soft descriptor with the prefix that the buyer's statement shows."""
    return None if text is None else f"AMZ*{text}"


# Calls --------------------------------------------------------------------------------


def get_or_refuse(context: Context, call: APICall, id_: str) -> Record:
    """Read the charge that a call names, or refuse the call."""
    charge = context.find(KIND, id_)
    if charge is None:
        raise call.not_found()
    context.order = charge["order"]
    return charge


def create_charge(context: Context, call: APICall) -> Result:
    """Answer Create Charge."""
    body = call.body
    permission = permissions.get_or_refuse(context, call, body["chargePermissionId"])
    code = _simulation_code(context.settings, call)
    amount = checked_price(body["chargeAmount"], "chargeAmount")
    check_permission(context, permission, amount)
    more = {
        "descriptor": body.get("softDescriptor"),
        "channel": body.get("channel"),
        "initiator": body.get("chargeInitiator"),
        "metadata": body.get("merchantMetadata"),
        "provider": body.get("providerMetadata"),
        "platformId": body.get("platformId"),
        "web_details": body.get("webCheckoutDetails"),
    }
    if code in _DECLINES:
        create(context, permission, amount, _DECLINES[code], **more)
        raise APIRefusal(code, f"The charge was declined: {code}", keep_changes=True)
    permissions.renew(context, permission)
    event, later = _first_event(context.settings, body, code)
    charge = create(context, permission, amount, event, **more)
    if later is not None:
        context.schedule(later[0], KIND, charge, later[1])
    return 201, to_json(charge)


def _simulation_code(settings: Settings, call: APICall) -> str | None:
    """Read the simulation code, and refuse what excludes each other."""
    pending_codes = settings.pending_simulation_codes
    code = call.checked_simulation_code(*_DECLINES, "CaptureInitiated", *pending_codes)
    capture = call.body.get("captureNow")
    pending = call.body.get("canHandlePendingAuthorization")
    if capture and pending:
        # A session refuses the pair; that this call does too is unconfirmed.
        raise APIRefusal(
            "InvalidParameterCombination",
            "captureNow and canHandlePendingAuthorization exclude each other",
        )
    if call.body.get("softDescriptor") is not None and not capture:
        # With which code it is refused is unconfirmed.
        raise APIRefusal(
            "InvalidParameterCombination", "softDescriptor needs captureNow"
        )
    needed = {"CaptureInitiated": capture, **dict.fromkeys(pending_codes, pending)}
    if code is not None and not needed.get(code, True):
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            f"The simulation string '{code}' needs captureNow, or a merchant who waits",
        )
    return code


def _first_event(
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


def check_permission(
    context: Context, permission: Record, amount: dict[str, str]
) -> None:
    """Refuse a charge that the permission does not allow."""
    if permission["state"] != "Chargeable":
        raise wrong_state("chargePermission", permission["state"])
    _check_currency(amount, permission["currency"])
    one_time = permission["type"] == "OneTime"
    if parse_amount(amount) > permissions.chargeable_amount(context, permission):
        raise APIRefusal(
            "TransactionAmountExceeded" if one_time else "PeriodicAmountExceeded",
            "The amount is above what is left on the Charge Permission"
            if one_time
            else "The amount is above what is left this month",
        )
    most = context.settings.charges_per_permission * context.settings.headroom
    if one_time and len(permission["charges"]) >= most:
        raise APIRefusal(
            "TransactionCountExceeded", f"There are {most} charges already"
        )


def _check_currency(amount: dict[str, str], currency: str) -> None:
    if amount["currencyCode"] != currency:
        raise APIRefusal("CurrencyMismatch", f"The currency must be {currency}")


def get_charge(context: Context, call: APICall) -> Result:
    """Answer Get Charge."""
    return 200, to_json(get_or_refuse(context, call, call.ids["charge_id"]))


def capture_charge(context: Context, call: APICall) -> Result:
    """Answer Capture Charge."""
    charge = get_or_refuse(context, call, call.ids["charge_id"])
    code = call.checked_simulation_code("CaptureInitiated", "AmazonRejected")
    if charge["state"] != "Authorized":
        raise wrong_state(KIND, charge["state"])
    amount = checked_price(call.body["captureAmount"], "captureAmount")
    _check_currency(amount, charge["chargeAmount"]["currencyCode"])
    if parse_amount(amount) > parse_amount(charge["chargeAmount"]):
        raise APIRefusal(
            "TransactionAmountExceeded", "The amount is above the one authorized"
        )
    # The permission may be closed: that it does not matter here is unconfirmed.
    permission = context.get(permissions.KIND, charge["permission"])
    left = permissions.chargeable_amount(context, permission)
    if permission["type"] == "OneTime" and parse_amount(amount) > left:
        raise APIRefusal(
            "TransactionAmountExceeded",
            "The amount is above what is left on the Charge Permission",
        )
    charge["captureAmount"] = amount
    charge["descriptor"] = call.body.get("softDescriptor") or charge["descriptor"]
    if code == "AmazonRejected":
        apply_event(context, charge, "capture is rejected")
        raise APIRefusal(
            "AmazonRejected", "The capture was rejected", keep_changes=True
        )
    late = context.now - parse_timestamp(charge["authorized"]) > _PROMPT_CAPTURE
    shows_after = context.settings.capture_shows_after
    if late or code == "CaptureInitiated":
        apply_event(context, charge, "capture late")
        after = context.settings.capture_settles_after
        context.schedule(after, KIND, charge, "capture succeeds")
    elif shows_after:
        charge["shown_authorized_since"] = charge["updated"]
        apply_event(context, charge, "capture late")
        context.schedule(shows_after, KIND, charge, "capture succeeds")
    else:
        apply_event(context, charge, "capture")
    return 200, to_json(charge)


def cancel_charge(context: Context, call: APICall) -> Result:
    """Answer Cancel Charge."""
    charge = get_or_refuse(context, call, call.ids["charge_id"])
    apply_event(context, charge, "merchant cancels")
    return 200, to_json(charge)


def update_charge(context: Context, call: APICall) -> Result:
    """Answer Update Charge: it is for payment processors, which nobody here is."""
    get_or_refuse(context, call, call.ids["charge_id"])
    # An authorization error is as likely (unconfirmed).
    raise APIRefusal(
        "UnsupportedOperation", "Update Charge is for payment service providers"
    )
