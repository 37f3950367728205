"""Charges: `amazon-pay-api-v2/charge.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...resources.charges import Charges
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..rules.amounts import check_currency, checked_price, format_price, parse_amount
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_combination, wrong_state
from . import charge_permissions as permissions
from .common import metadata, provider_metadata, status_details
from .registry import handles, in_body, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..settings import Settings
    from ..wire.api_call import APICall, Result

KIND: Final = "charge"

_AUTHORIZATION_LIFE = timedelta(days=30)
_PROMPT_CAPTURE = timedelta(days=7)

# The event of each simulation code that declines a charge.
_DECLINES = {
    "SoftDeclined": "declined softly",
    "HardDeclined": "declined hard",
    "AmazonRejected": "rejected",
    "TransactionTimedOut": "timed out",
}

# The members of a record that are None unless something sets them.
_UNSET = (
    *("captureAmount", "refundedAmount", "authorized", "shown_authorized_since"),
    *("descriptor", "channel", "initiator", "metadata", "provider", "platformId"),
    "web_details",
)

# One made-up rate for all currencies.
# UNCONFIRMED: that the rate is text.
_RATE = "1.25"


# Life cycle ---------------------------------------------------------------------------


def create(
    context: Context,
    permission: Record,
    amount: dict[str, str],
    event: str,
    **members: Any,  # noqa: ANN401 - members of the record
) -> Record:
    """Create a charge on a permission, in the state that `event` leads to.

    Under `Settings.capture_shows_after`, a captured charge is `CaptureInitiated` in the
    store until then, so that nothing can be done to it, and responses show it as
    `Authorized`.
    """
    shows_after = context.settings.capture_shows_after
    delayed = event == "create captured" and bool(shows_after)
    now = context.timestamp
    if delayed:
        event = "create capturing"
        members |= {"captureAmount": amount, "shown_authorized_since": now}
    one_time = permission["type"] == "OneTime"
    base = permission["id"] if one_time else context.ids.order(permission["region"])
    ledger = permission["ledger_currency"]
    charge: Record = {
        "id": context.unused_id(KIND, lambda: context.ids.suffixed(base, "C")),
        "order": permission["order"],
        "permission": permission["id"],
        "chargeAmount": amount,
        # What is refunded, or asked to be; and what the merchant has not won back.
        "refunds": 0,
        "refunding": "0",
        "disputed": "0",
        "counted": {},
        "converts_to": ledger if ledger != permission["currency"] else None,
        "created": now,
        "expires": format_timestamp(context.now + _AUTHORIZATION_LIFE),
        **dict.fromkeys(_UNSET),
        **members,
    }
    if event not in _DECLINES.values():  # a charge declined at once does not exist
        permission["charges"] += 1
        context.save(permissions.KIND, permission)
    context.create(KIND, charge, event)
    _after_event(context, charge)
    if delayed:
        context.schedule(shows_after, KIND, charge, "capture succeeds")
    return charge


def _after_event(context: Context, charge: Record) -> None:
    """Update what depends on a charge's new state: dates, amounts, the permission."""
    if charge["state"] == "Authorized":
        charge["authorized"] = context.timestamp
        context.schedule_at(charge["expires"], KIND, charge, "30 days pass")
    if charge["state"] in {"CaptureInitiated", "Captured"}:
        charge["captureAmount"] = charge["captureAmount"] or charge["chargeAmount"]
    if charge["state"] == "Captured":
        nothing = format_price(Decimal(0), charge["chargeAmount"]["currencyCode"])
        charge["refundedAmount"] = charge["refundedAmount"] or nothing
    if charge["state"] == "Declined":
        charge["captureAmount"] = None
    permission = context.get(permissions.KIND, charge["permission"])
    permissions.count(context, permission, charge)
    context.save(KIND, charge)
    if permission["state"] == "Closed":
        return
    if charge["reason"] == "AmazonRejected":
        permissions.close(context, permission, "Amazon cancels")
    elif charge["reason"] == "HardDeclined":
        # UNCONFIRMED: that a soft decline leaves the permission chargeable.
        permissions.decline(context, permission)
    else:
        permissions.update_state(context, permission)


def on_due(context: Context, charge: Record, event: str) -> None:
    """Apply a scheduled event, unless the charge has left the state that waits."""
    waiting = {
        "30 days pass": "Authorized",
        "capture succeeds": "CaptureInitiated",
    }.get(event, "AuthorizationInitiated")
    if charge["state"] == waiting:
        apply_event(context, charge, event)


def apply_event(context: Context, charge: Record, event: str) -> None:
    """Apply an event to a charge, with all its consequences."""
    context.move(KIND, charge, event)
    _after_event(context, charge)


# The object ---------------------------------------------------------------------------


def to_json(charge: Record) -> dict[str, Any]:
    """Return a charge in the form of the API."""
    if charge["state"] == "CaptureInitiated" and charge["shown_authorized_since"]:
        since = charge["shown_authorized_since"]
        charge = {**charge, "state": "Authorized", "updated": since}
    amount, currency = charge["chargeAmount"], charge["converts_to"]
    converted = currency and parse_amount(amount) / Decimal(_RATE)
    web_details = charge["web_details"]
    captured = charge["state"] == "Captured"
    return {
        "chargeId": charge["id"],
        "chargeAmount": amount,
        "chargePermissionId": charge["permission"],
        "captureAmount": charge["captureAmount"] if captured else None,
        "refundedAmount": charge["refundedAmount"],
        "softDescriptor": soft_descriptor(charge["descriptor"]),
        "providerMetadata": provider_metadata(charge["provider"]),
        "convertedAmount": currency and format_price(converted, currency),
        "conversionRate": currency and _RATE,
        "channel": charge["channel"],
        "chargeInitiator": charge["initiator"],
        "statusDetails": status_details(charge),
        "creationTimestamp": charge["created"],
        "expirationTimestamp": charge["expires"],
        "releaseEnvironment": "Sandbox",
        "merchantMetadata": metadata(charge["metadata"]),
        "platformId": charge["platformId"],
        # UNCONFIRMED: that the second member is there, too.
        "webCheckoutDetails": web_details
        and {**web_details, "amazonPayRedirectUrl": None},
    }


def soft_descriptor(text: str | None) -> str | None:
    """Return a soft descriptor with the prefix `AMZ*`; None stays None."""
    return None if text is None else f"AMZ*{text}"


# Calls --------------------------------------------------------------------------------


@handles(Charges.create_charge, subject=in_body(permissions.KIND, "chargePermissionId"))
def create_charge(context: Context, call: APICall, permission: Record) -> Result:
    """Answer Create Charge."""
    body = call.body
    code = _simulation_code(context.settings, call)
    amount = checked_price(body["chargeAmount"], "chargeAmount")
    check_permission(context, permission, amount)
    members = {
        "descriptor": body.get("softDescriptor"),
        "channel": body.get("channel"),
        "initiator": body.get("chargeInitiator"),
        "metadata": body.get("merchantMetadata"),
        "provider": body.get("providerMetadata"),
        "platformId": body.get("platformId"),
        "web_details": body.get("webCheckoutDetails"),
    }
    if code in _DECLINES:
        create(context, permission, amount, _DECLINES[code], **members)
        message = f"The charge was declined: {code}"
        raise APIRefusal(code, message, keep_changes=True)
    permissions.renew(context, permission)
    settings = context.settings
    if body.get("canHandlePendingAuthorization"):
        charge = create(context, permission, amount, "create pending", **members)
        decline = settings.pending_simulation_codes.get(code or "")
        event = _DECLINES[decline] if decline else "issuer approves"
        context.schedule(settings.authorization_settles_after, KIND, charge, event)
    elif code == "CaptureInitiated":
        charge = create(context, permission, amount, "create capturing", **members)
        after = settings.capture_settles_after
        context.schedule(after, KIND, charge, "capture succeeds")
    else:
        event = "create captured" if body.get("captureNow") else "create"
        charge = create(context, permission, amount, event, **members)
    return json_result(201, to_json(charge))


def _simulation_code(settings: Settings, call: APICall) -> str | None:
    """Return the simulation code; refuse members and codes that exclude each other."""
    pending_codes = settings.pending_simulation_codes
    code = call.checked_simulation_code(*_DECLINES, "CaptureInitiated", *pending_codes)
    capture = call.body.get("captureNow")
    pending = call.body.get("canHandlePendingAuthorization")
    if capture and pending:
        # UNCONFIRMED: that this call refuses the pair, as a session does.
        raise invalid_combination(
            "captureNow and canHandlePendingAuthorization exclude each other"
        )
    if call.body.get("softDescriptor") is not None and not capture:
        # UNCONFIRMED: the code.
        raise invalid_combination("softDescriptor needs captureNow")
    needed = {"CaptureInitiated": capture, **dict.fromkeys(pending_codes, pending)}
    if code is not None and not needed.get(code, True):
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            f"The simulation string '{code}' needs captureNow, or a merchant who waits",
        )
    return code


def check_permission(
    context: Context, permission: Record, amount: dict[str, str]
) -> None:
    """Refuse a charge that the permission does not allow."""
    if permission["state"] != "Chargeable":
        raise wrong_state("chargePermission", permission["state"])
    check_currency(amount, permission["currency"])
    one_time = permission["type"] == "OneTime"
    if parse_amount(amount) > permissions.chargeable_amount(context, permission):
        raise APIRefusal(
            "TransactionAmountExceeded" if one_time else "PeriodicAmountExceeded",
            "The amount is above what is left on the Charge Permission"
            if one_time
            else "The amount is above what is left this month",
        )
    most = context.settings.charges_per_permission * context.settings.headroom
    if one_time and permission["charges"] >= most:
        raise APIRefusal(
            "TransactionCountExceeded", f"There are {most} charges already"
        )


@handles(Charges.get_charge, subject=in_path(KIND))
def get_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Get Charge."""
    return json_result(200, to_json(charge))


@handles(Charges.capture_charge, subject=in_path(KIND))
def capture_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Capture Charge."""
    code = call.checked_simulation_code("CaptureInitiated", "AmazonRejected")
    if charge["state"] != "Authorized":
        raise wrong_state(KIND, charge["state"])
    amount = checked_price(call.body["captureAmount"], "captureAmount")
    check_currency(amount, charge["chargeAmount"]["currencyCode"])
    if parse_amount(amount) > parse_amount(charge["chargeAmount"]):
        raise APIRefusal(
            "TransactionAmountExceeded", "The amount is above the one authorized"
        )
    # UNCONFIRMED: that a charge of a closed permission can be captured.
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
        message = "The capture was rejected"
        raise APIRefusal("AmazonRejected", message, keep_changes=True)
    late = context.now - parse_timestamp(charge["authorized"]) > _PROMPT_CAPTURE
    after = context.settings.capture_shows_after
    if late or code == "CaptureInitiated":
        after = context.settings.capture_settles_after
    elif after:
        charge["shown_authorized_since"] = charge["updated"]
    else:
        apply_event(context, charge, "capture")
        return json_result(200, to_json(charge))
    apply_event(context, charge, "capture late")
    context.schedule(after, KIND, charge, "capture succeeds")
    return json_result(200, to_json(charge))


@handles(Charges.cancel_charge, subject=in_path(KIND))
def cancel_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Cancel Charge."""
    apply_event(context, charge, "merchant cancels")
    return json_result(200, to_json(charge))


@handles(Charges.update_charge, subject=in_path(KIND))
def update_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Update Charge with a refusal: it is for payment processors only."""
    # UNCONFIRMED: the code; an authorization error is as likely.
    raise APIRefusal(
        "UnsupportedOperation", "Update Charge is for payment service providers"
    )
