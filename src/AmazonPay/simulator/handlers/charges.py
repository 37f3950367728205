"""Charges: `amazon-pay-api-v2/charge.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...resources.charges import Charges
from ..engine.outcomes import CAPTURE_ENDS, DECLINES, PENDING_ENDS, Outcome
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..observed import refuse
from ..rules.amounts import check_currency, checked_price, format_price, parse_amount
from ..wire import return_urls
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
_UNUSED = "nobody captures it in time"
_PROMPT_CAPTURE = timedelta(days=7)

ACTIONS = {"amazonCancel": "Amazon cancels", "buyerCancel": "buyer cancels"}
"""What Amazon and the buyer can do to an open charge: the event of each act."""

_CREATE, _CAPTURE = "create_charge", "capture_charge"
_CODES = {
    **{name: Outcome(_CREATE, name, "before") for name in DECLINES},
    "CaptureInitiated": Outcome(_CREATE, "Captured", "later"),
}
_CAPTURE_CODES = {
    "CaptureInitiated": Outcome(_CAPTURE, "Captured", "later"),
    "AmazonRejected": Outcome(_CAPTURE, "AmazonRejected", "before"),
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
    base = permission["id"]
    if not one_time:
        base = context.order_id(permission["region"])
    ledger = permission["ledger_currency"]
    charge: Record = {
        "id": context.unused_id(KIND, lambda: context.ids.suffixed(base, "C")),
        "order": permission["order"],
        "permission": permission["id"],
        "chargeAmount": amount,
        # The number of refunds, their sum, and the sum of disputes not won.
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
    if event not in DECLINES.values():  # a charge declined at once does not exist
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
        created = parse_timestamp(charge["created"])
        until = format_timestamp(created + context.rules.authorization_life)
        context.schedule_at(until, KIND, charge, _UNUSED)
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
        permissions.decline(context, permission)
    else:
        permissions.update_state(context, permission)


def on_due(context: Context, charge: Record, event: str) -> None:
    """Apply a scheduled event, if the charge is in the state that waits for it."""
    waiting = "AuthorizationInitiated"
    if event == _UNUSED:
        waiting = "Authorized"
    elif event in CAPTURE_ENDS.values():
        waiting = "CaptureInitiated"
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
    outcome = _outcome(context.settings, call)
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
    if "webCheckoutDetails" in body:
        return_urls.check_urls(call, context.rules, body["webCheckoutDetails"])
    if outcome is not None and outcome.when == "before":
        name = outcome.name
        if name in DECLINES:
            create(context, permission, amount, DECLINES[name], **members)
        else:
            context.move(permissions.KIND, permission, "authentication fails")
        message = f"The charge was declined: {name}"
        raise APIRefusal(name, message, keep_changes=True)
    permissions.renew(context, permission)
    settings = context.settings
    if body.get("canHandlePendingAuthorization"):
        charge = create(context, permission, amount, "create pending", **members)
        event = PENDING_ENDS["Authorized" if outcome is None else outcome.name]
        context.schedule(settings.authorization_settles_after, KIND, charge, event)
    elif outcome is not None:
        charge = create(context, permission, amount, "create capturing", **members)
        after = settings.capture_settles_after
        context.schedule(after, KIND, charge, CAPTURE_ENDS[outcome.name])
    else:
        event = "create captured" if body.get("captureNow") else "create"
        charge = create(context, permission, amount, event, **members)
    return json_result(201, to_json(charge))


def _outcome(settings: Settings, call: APICall) -> Outcome | None:
    """Return how the call is to end; refuse members and codes that do not fit."""
    pending_codes = {
        code: Outcome(_CREATE, name, "later")
        for code, name in settings.pending_simulation_codes.items()
    }
    outcome, code = call.checked_outcome(_CODES | pending_codes), call.simulation_code
    capture = call.body.get("captureNow")
    pending = call.body.get("canHandlePendingAuthorization")
    if capture and pending:
        # UNCONFIRMED: that this call refuses the pair, as a session does.
        refuse(
            "charge-capture-pending",
            invalid_combination(
                "captureNow and canHandlePendingAuthorization exclude each other"
            ),
        )
    if call.body.get("softDescriptor") is not None and not capture:
        # UNCONFIRMED: the code.
        refuse(
            "charge-descriptor", invalid_combination("softDescriptor needs captureNow")
        )
    if outcome is None or outcome.when != "later":
        return outcome
    fits = (capture and outcome.name in CAPTURE_ENDS and code not in pending_codes) or (
        pending and outcome.name in PENDING_ENDS
    )
    if not fits:
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            f"The outcome '{code or outcome.name}' needs captureNow, or"
            " canHandlePendingAuthorization",
        )
    return outcome


def check_permission(
    context: Context, permission: Record, amount: dict[str, str]
) -> None:
    """Refuse a charge that the permission does not allow."""
    if permission["state"] != "Chargeable":
        raise wrong_state("chargePermission", permission["state"])
    check_currency(amount, permission["currency"], "chargeAmount")
    one_time = permission["type"] == "OneTime"
    left = permissions.chargeable_amount(context, permission)
    left -= permissions.held_by_authorizations(permission)
    if parse_amount(amount) > left:
        sum_ = f"{max(left, Decimal(0))} {permission['currency']}"
        raise APIRefusal(
            "TransactionAmountExceeded" if one_time else "PeriodicAmountExceeded",
            f"The chargeAmount is above what is left on the Charge Permission: {sum_}"
            if one_time
            else "The monthly limit of the Charge Permission is exceeded: chargeAmount"
            f" is above the {sum_} that are left. Wait until the next month.",
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
    outcome = call.checked_outcome(_CAPTURE_CODES)
    if charge["state"] != "Authorized":
        raise wrong_state(KIND, charge["state"])
    amount = checked_price(call.body["captureAmount"], "captureAmount")
    check_currency(amount, charge["chargeAmount"]["currencyCode"], "captureAmount")
    if parse_amount(amount) > parse_amount(charge["chargeAmount"]):
        raise APIRefusal(
            "TransactionAmountExceeded",
            "The captureAmount is above the one authorized:"
            f" {charge['chargeAmount']['amount']}",
        )
    # UNCONFIRMED: that a charge of a closed permission can be captured.
    permission = context.get(permissions.KIND, charge["permission"])
    if permission["state"] == "Closed":
        refuse(
            "capture-after-close",
            wrong_state("chargePermission", permission["state"]),
            guessed=False,
        )
    left = permissions.chargeable_amount(context, permission)
    if permission["type"] == "OneTime" and parse_amount(amount) > left:
        raise APIRefusal(
            "TransactionAmountExceeded",
            f"The captureAmount is above what is left on the Charge Permission: {left}",
        )
    charge["captureAmount"] = amount
    charge["descriptor"] = call.body.get("softDescriptor") or charge["descriptor"]
    if outcome is not None and outcome.when == "before":
        apply_event(context, charge, CAPTURE_ENDS[outcome.name])
        message = "The capture was rejected"
        raise APIRefusal("AmazonRejected", message, keep_changes=True)
    late = context.now - parse_timestamp(charge["authorized"]) > _PROMPT_CAPTURE
    after = context.settings.capture_shows_after
    end = "Captured" if outcome is None else outcome.name
    if late or outcome is not None:
        after = context.settings.capture_settles_after
    elif after:
        charge["shown_authorized_since"] = charge["updated"]
    else:
        apply_event(context, charge, "capture")
        return json_result(200, to_json(charge))
    apply_event(context, charge, "capture late")
    context.schedule(after, KIND, charge, CAPTURE_ENDS[end])
    return json_result(200, to_json(charge))


@handles(Charges.cancel_charge, subject=in_path(KIND))
def cancel_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Cancel Charge."""
    apply_event(context, charge, "merchant cancels")
    return json_result(200, to_json(charge))


@handles(Charges.update_charge, subject=in_path(KIND))
def update_charge(context: Context, call: APICall, charge: Record) -> Result:
    """Answer Update Charge with a refusal: only payment processors may call it."""
    # UNCONFIRMED: the code; an authorization error is as likely.
    refuse(
        "update-charge",
        APIRefusal(
            "UnsupportedOperation", "Update Charge is for payment service providers"
        ),
    )
    return json_result(200, to_json(charge))
