"""Charge Permissions: `amazon-pay-api-v2/charge-permission.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ...resources.charge_permissions import ChargePermissions
from ..engine.timestamps import format_timestamp, months_later, parse_timestamp
from ..observed import answer_to
from ..rules.amounts import checked_price, format_price, parse_amount
from ..rules.test_data import buyer_details
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value, wrong_state
from .common import METADATA, metadata
from .registry import handles, in_path

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "chargePermission"

_ONE_TIME_LIFE = timedelta(days=180)
_RECURRING_MONTHS = 13
_BUYER_DATA_LIFE = timedelta(days=30)

_CANCELABLE = ("AuthorizationInitiated", "Authorized")
OPEN_CHARGES = (*_CANCELABLE, "CaptureInitiated")
_ENDED_CHARGES = ("Canceled", "Declined")
_NOTHING = Decimal(0)

# An index of the charges that `_CANCELABLE` names: permission and charge are the id.
_OPEN_CHARGE = "openCharge"

_PURGE = "buyer data are deleted"
_BUYER_DATA = ("account", "address", "billing", "descriptor")


# Amounts ------------------------------------------------------------------------------


def _shares(charge: Record) -> dict[str, Decimal]:
    """Return what a charge adds to each total of its permission."""
    state, amount = charge["state"], parse_amount(charge["chargeAmount"])
    captured = parse_amount(charge["captureAmount"] or charge["chargeAmount"])
    return {
        "captured": captured if state == "Captured" else _NOTHING,
        "capturing": captured if state == "CaptureInitiated" else _NOTHING,
        "held": captured if state in OPEN_CHARGES else _NOTHING,
        "charged": _NOTHING if state in _ENDED_CHARGES else amount,
    }


def count(context: Context, permission: Record, charge: Record) -> None:
    """Bring a permission's totals up to date with a charge that is new or has changed.

    Totals make a call as fast with thousands of charges as with one. The total of
    `charged` is that of one calendar month, and a charge belongs to its first one.
    """
    totals: dict[str, str] = permission["totals"]
    month, counted = charge["created"][:6], charge["counted"]
    if month > permission["month"]:
        permission["month"], totals["charged"] = month, "0"
    shares = _shares(charge)
    for name, share in shares.items():
        if name != "charged" or month == permission["month"]:
            before = Decimal(counted.get(name, 0))
            totals[name] = str(Decimal(totals[name]) + share - before)
    charge["counted"] = {name: str(share) for name, share in shares.items()}
    context.save(KIND, permission)
    entry = {"id": f"{permission['id']} {charge['id']}", "charge": charge["id"]}
    if charge["state"] in _CANCELABLE:
        context.save(_OPEN_CHARGE, entry)
    else:
        context.delete(_OPEN_CHARGE, entry["id"])


def cancelable_charges(context: Context, permission: Record) -> list[Record]:
    """Return the charges of a permission that closing it can cancel."""
    entries = context.below(_OPEN_CHARGE, f"{permission['id']} ")
    return [context.get("charge", entry["charge"]) for entry in entries]


def amount_used(context: Context, permission: Record) -> Decimal:
    """Return how much of a permission's limit is used.

    For a one-time permission that is the sum of captures, for a monthly limit the sum
    of this month's charges, captured or not.
    """
    # UNCONFIRMED: that a month counts charges and not captures.
    totals = permission["totals"]
    if permission["type"] == "OneTime":
        return Decimal(totals["captured"])
    this_month = permission["month"] == context.timestamp[:6]
    return Decimal(totals["charged"]) if this_month else _NOTHING


def balance(context: Context, permission: Record) -> Decimal:
    """Return how much of a permission's limit is left."""
    return Decimal(permission["limit"]) - amount_used(context, permission)


def held_by_authorizations(permission: Record) -> Decimal:
    """Return by how much open authorizations lower the balance; 0 unless observed."""
    # UNCONFIRMED: that they do not. The documentation says so; no recorded response
    # shows it.
    if permission["type"] != "OneTime" or answer_to("open-authorizations") != "lowered":
        return _NOTHING
    return Decimal(permission["totals"]["held"])


def chargeable_amount(context: Context, permission: Record) -> Decimal:
    """Return the most that one more charge or capture may take.

    Captures in progress count as done.
    """
    left = balance(context, permission)
    if permission["type"] != "OneTime":
        return left
    return left - Decimal(permission["totals"]["capturing"])


def update_state(context: Context, permission: Record) -> None:
    """Update a permission's state after a change of its charges."""
    if permission["state"] == "Closed":
        return
    if permission["type"] == "OneTime":
        _update_one_time(context, permission)
    if permission["declined"] and permission["state"] == "Chargeable":
        permission["declined"] = False
        context.move(KIND, permission, "a charge is declined hard")


def _update_one_time(context: Context, permission: Record) -> None:
    left = balance(context, permission)
    held = Decimal(permission["totals"]["held"])
    in_progress = permission["reason"] == "ChargeInProgress"
    if left <= 0:
        close(context, permission, "all of it is captured")
    elif held >= left and permission["state"] == "Chargeable":
        context.move(KIND, permission, "a charge uses all of it")
    elif held < left and in_progress:
        context.move(KIND, permission, "the charge ends")


def decline(context: Context, permission: Record) -> None:
    """Make the payment method invalid, now or when the open charges have ended."""
    permission["declined"] = True
    context.save(KIND, permission)
    update_state(context, permission)


# Life cycle ---------------------------------------------------------------------------


def create(context: Context, session: Record, region: str, limit: Decimal) -> Record:
    """Create the permission that a completed session grants."""
    kind = session["type"]
    permission: Record = {
        "id": context.unused_id(
            KIND, lambda: context.order_id(region, recurring=kind != "OneTime")
        ),
        "order": session["id"],
        "type": kind,
        "region": region,
        "market": session["market"],
        "description": None,
        "created": context.timestamp,
        "purged": False,
        "expires": _expiry(context, kind, extended=session["extendExpiration"]),
        "limit": str(limit),
        "currency": session["currency"],
        "ledger_currency": session["ledger_currency"],
        "charges": 0,
        "month": context.timestamp[:6],
        "totals": dict.fromkeys(("captured", "capturing", "held", "charged"), "0"),
        "declined": False,
        "metadata": session["metadata"],
        "recurring": session["recurring"],
        "saved_method": session["saved_method"],
        "platformId": session["platformId"],
        "account": session["account"],
        "buyer": session.get("buyer"),
        "scopes": session["scopes"],
        "address": session["address"],
        "billing": session["billing"],
        "descriptor": session["descriptor"],
    }
    context.create(KIND, permission)
    if permission["expires"] is not None:
        context.schedule_at(permission["expires"], KIND, permission, "it expires")
    if kind == "OneTime":
        _schedule_purge(context, permission)
    return permission


def mend(context: Context, session: Record) -> Record:
    """Give the card of a session to the saved wallet that it names."""
    wallet = context.get(KIND, session["wallet"])
    if wallet["state"] == "Closed":
        raise wrong_state(KIND, wallet["state"])
    for name in ("address", "billing", "descriptor"):
        wallet[name] = session[name]
    wallet["declined"] = False
    if wallet["state"] == "NonChargeable":
        context.move(KIND, wallet, "buyer mends the payment method")
    context.save(KIND, wallet)
    return wallet


def _schedule_purge(context: Context, permission: Record) -> None:
    """Let buyer data be deleted as soon as they are older than 30 days."""
    after = _BUYER_DATA_LIFE + timedelta(seconds=1)
    context.schedule(after, KIND, permission, _PURGE)


def _expiry(context: Context, kind: str, *, extended: bool | None) -> str | None:
    if kind == "PaymentMethodOnFile":
        return None  # until it is canceled
    if kind == "Recurring" or extended:
        return format_timestamp(months_later(context.now, _RECURRING_MONTHS))
    return format_timestamp(context.now + _ONE_TIME_LIFE)


def renew(context: Context, permission: Record) -> None:
    """Extend a recurring permission to 13 months from now, as each charge does."""
    if permission["type"] == "Recurring":
        permission["expires"] = _expiry(context, "Recurring", extended=None)
        context.save(KIND, permission)
        context.schedule_at(str(permission["expires"]), KIND, permission, "it expires")


def on_due(context: Context, permission: Record, event: str) -> None:
    """Delete buyer data, or close a permission unless its expiry has moved."""
    if event == _PURGE:
        permission.update(dict.fromkeys(_BUYER_DATA), purged=True)
        context.save(KIND, permission)
        context.forget_earlier(KIND, permission["id"])
        return
    extended = (
        permission["expires"] is not None
        and parse_timestamp(permission["expires"]) > context.now
    )
    if permission["state"] != "Closed" and not extended:
        close(context, permission, event)


def close(context: Context, permission: Record, event: str) -> None:
    """Close a permission for good; buyer data disappear 30 days later."""
    context.move(KIND, permission, event)
    if permission["type"] != "OneTime":
        _schedule_purge(context, permission)


# The object ---------------------------------------------------------------------------


def to_json(context: Context, permission: Record) -> dict[str, Any]:
    """Return a permission in the form of the API."""
    currency = permission["currency"]
    known = not permission["purged"]
    reason = permission["reason"]
    shown: dict[str, Any] = {
        "chargePermissionId": permission["id"],
        "chargePermissionReferenceId": None,
        "platformId": permission["platformId"],
        "buyer": buyer_details(
            permission["market"],
            permission["account"],
            permission["scopes"],
            permission.get("buyer") or 1,
        )
        if known
        else None,
        "shippingAddress": permission["address"] if known else None,
        "billingAddress": permission["billing"] if known else None,
        "paymentPreferences": [
            {"paymentDescriptor": permission["descriptor"] if known else None}
        ],
        "statusDetails": {
            "state": permission["state"],
            "reasons": None
            if reason is None
            else [
                {
                    "reasonCode": reason,
                    "reasonDescription": permission["description"]
                    or f"Simulated: {reason}",
                }
            ],
            "lastUpdatedTimestamp": permission["updated"],
        },
        "creationTimestamp": permission["created"],
        "expirationTimestamp": permission["expires"],
        "merchantMetadata": metadata(permission["metadata"]),
        "releaseEnvironment": "Sandbox",
        "limits": {
            "amountLimit": format_price(Decimal(permission["limit"]), currency),
            "amountBalance": format_price(
                max(
                    balance(context, permission) - held_by_authorizations(permission),
                    Decimal(0),
                ),
                currency,
            ),
        },
        "chargePermissionType": permission["type"],
        "recurringMetadata": permission["recurring"]
        or {"frequency": None, "amount": None},
        "presentmentCurrency": currency,
    }
    if permission["type"] == "PaymentMethodOnFile":
        shown["paymentMethodOnFileMetadata"] = permission["saved_method"]
    return shown


# Calls --------------------------------------------------------------------------------


@handles(ChargePermissions.get_charge_permission, subject=in_path(KIND))
def get_charge_permission(
    context: Context, call: APICall, permission: Record
) -> Result:
    """Answer Get Charge Permission."""
    return json_result(200, to_json(context, permission))


@handles(ChargePermissions.update_charge_permission, subject=in_path(KIND))
def update_charge_permission(
    context: Context, call: APICall, permission: Record
) -> Result:
    """Answer Update Charge Permission."""
    given: dict[str, Any] = dict(call.body.get("merchantMetadata") or {})
    recurring = call.body.get("recurringMetadata")
    if permission["state"] == "Closed":
        old: dict[str, Any] = permission["metadata"] or {}
        filled = [name for name in METADATA if name in given and old.get(name)]
        if permission["type"] != "OneTime" or filled or recurring:
            raise APIRefusal(
                "ChargePermissionNotModifiable",
                "A closed Charge Permission takes only members that are still empty",
            )
    permission["metadata"] = {**(permission["metadata"] or {}), **given}
    if recurring:
        before = permission["recurring"]
        permission["recurring"] = recurring_metadata(recurring, before)
        if permission["region"] == "eu" and permission["recurring"] != before:
            # UNCONFIRMED: the code; that a new checkout is needed is documented.
            raise APIRefusal(
                "ChargePermissionNotModifiable",
                "In the EU and UK another price or rhythm needs a new checkout",
            )
    permission["updated"] = context.timestamp
    context.save(KIND, permission)
    return json_result(200, to_json(context, permission))


def recurring_metadata(
    given: dict[str, Any], old: dict[str, Any] | None
) -> dict[str, Any]:
    """Return `recurringMetadata`, with new members in place of old ones."""
    now = {"frequency": None, "amount": None, **(old or {})}
    frequency = given.get("frequency")
    if frequency is not None:
        unit, value = frequency["unit"], str(frequency["value"])
        if unit == "Variable" and value != "0":
            raise invalid_value(
                "The frequency's value must be 0 with the unit Variable"
            )
        now["frequency"] = {"unit": unit, "value": value}
    if "amount" in given:  # null stands for a variable amount
        amount = given["amount"]
        now["amount"] = amount and checked_price(amount, "recurringMetadata.amount")
    return now


@handles(ChargePermissions.close_charge_permission, subject=in_path(KIND))
def close_charge_permission(
    context: Context, call: APICall, permission: Record
) -> Result:
    """Answer Close Charge Permission."""
    code = call.checked_simulation_code("AmazonClosed")
    permission["description"] = None if code else call.body["closureReason"]
    close(context, permission, "Amazon closes" if code else "merchant closes")
    if call.body.get("cancelPendingCharges"):
        for charge in cancelable_charges(context, permission):
            context.move("charge", charge, "permission is closed")
            count(context, permission, charge)
            context.save("charge", charge)
    return json_result(200, to_json(context, permission))
