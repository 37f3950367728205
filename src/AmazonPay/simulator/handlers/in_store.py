"""Payments in a shop. Amazon's guide to them is not public: much here is a guess.

General rules: `amazon-pay-api-v2/introduction.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...resources.in_store import InStore
from ..rules.amounts import LARGEST, check_currency, checked_price, parse_amount
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value
from . import charge_permissions as permissions
from . import charges, refunds
from .registry import handles, in_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

# UNCONFIRMED: the status of all three calls; 201 is as likely.
_OK = 200

# What a checkout session has, and a scan has not.
_UNSET = (
    *("scopes", "extendExpiration", "recurring", "saved_method", "platformId"),
    *("address", "billing", "descriptor"),
)


def _use_once(context: Context, body: Mapping[str, Any], name: str) -> str:
    """Save a reference of the merchant's, or refuse one that was used before."""
    # UNCONFIRMED: that it is refused, and not answered as the first time; and the code.
    reference: str = body[name]
    if context.find(name, reference) is not None:
        raise invalid_value(f"The {name} was used before")
    context.save(name, {"id": reference})
    return reference


def _merchant_metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a till's `metadata` as the `merchantMetadata` of other calls."""
    given: Mapping[str, Any] = body.get("metadata") or {}
    sender: Mapping[str, Any] = given.get("communicationContext") or {}
    return {
        "merchantReferenceId": sender.get("merchantOrderId"),
        "merchantStoreName": sender.get("merchantStoreName"),
        "noteToBuyer": given.get("merchantNote"),
        "customInformation": given.get("customInformation"),
    }


@handles(InStore.instore_merchant_scan)
def instore_merchant_scan(context: Context, call: APICall) -> Result:
    """Answer In-store Merchant Scan: it grants a permission.

    Without `chargeTotal` the permission's limit is the greatest amount of a charge.
    """
    body = call.body
    currency = body["ledgerCurrency"]
    if currency != call.merchant.currency_in(call.region):
        raise APIRefusal("CurrencyMismatch", "ledgerCurrency is not the merchant's")
    limit = LARGEST[currency]
    if "chargeTotal" in body:
        total = checked_price(body["chargeTotal"], "chargeTotal")
        check_currency(total, currency)
        limit = parse_amount(total)
    reference = _use_once(context, body, "scanReferenceId")
    scan: Record = {
        "id": context.ids.uuid(),
        "type": "OneTime",
        "currency": currency,
        "ledger_currency": currency,
        "metadata": _merchant_metadata(body),
        "account": context.ids.account(),
        **dict.fromkeys(_UNSET),
    }
    permission = permissions.create(context, scan, call.region, limit)
    permission["scan"] = reference
    context.save(permissions.KIND, permission)
    return json_result(_OK, {"chargePermissionId": permission["id"]}, scan["id"])


def _check_scanned(call: APICall, permission: Record) -> None:
    # UNCONFIRMED: that a permission of another checkout is refused.
    if "scan" not in permission:
        raise call.not_found()


@handles(
    InStore.instore_charge, subject=in_body(permissions.KIND, "chargePermissionId")
)
def instore_charge(context: Context, call: APICall, permission: Record) -> Result:
    """Answer In-store Charge: it is captured at once."""
    body = call.body
    _check_scanned(call, permission)
    amount = checked_price(body["chargeTotal"], "chargeTotal")
    charges.check_permission(context, permission, amount)
    _use_once(context, body, "chargeReferenceId")
    charge = charges.create(
        context,
        permission,
        amount,
        "create captured",
        descriptor=body.get("softDescriptor"),
        channel="PointOfSale",
        metadata=_merchant_metadata(body),
    )
    answer = {"chargeId": charge["id"], "chargeStatus": {"state": "Completed"}}
    return json_result(_OK, answer)


@handles(InStore.instore_refund, subject=in_body(charges.KIND, "chargeId"))
def instore_refund(context: Context, call: APICall, charge: Record) -> Result:
    """Answer In-store Refund: it is `Pending`, and settles as other refunds do."""
    body = call.body
    _check_scanned(call, context.get(permissions.KIND, charge["permission"]))
    amount = checked_price(body["refundTotal"], "refundTotal")
    refund = refunds.create(context, charge, amount, body.get("softDescriptor"))
    _use_once(context, body, "refundReferenceId")
    answer = {"refundId": refund["id"], "refundStatus": {"state": "Pending"}}
    return json_result(_OK, answer)
