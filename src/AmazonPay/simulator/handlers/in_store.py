"""Payments in a shop. Amazon's guide to them is not public, so much here is a guess.

General rules: `amazon-pay-api-v2/introduction.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rules.amounts import LARGEST, checked_price, parse_amount
from ..wire.errors import APIRefusal
from . import charge_permissions as permissions
from . import charges, refunds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

# 200, not 201, is unconfirmed for all three calls.
_OK = 200


def _use_once(context: Context, body: Mapping[str, Any], name: str) -> str:
    """Refuse a reference of the merchant's that was used before.

    That it is refused, and is not answered as the first time, is unconfirmed, and so is
    the code.
    """
    reference: str = body[name]
    if context.find(name, reference) is not None:
        raise APIRefusal("InvalidParameterValue", f"The {name} was used before")
    context.save(name, {"id": reference})
    return reference


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read a till's `metadata` as the `merchantMetadata` of other calls (guess)."""
    given: Mapping[str, Any] = body.get("metadata") or {}
    context: Mapping[str, Any] = given.get("communicationContext") or {}
    return {
        "merchantReferenceId": context.get("merchantOrderId"),
        "merchantStoreName": context.get("merchantStoreName"),
        "noteToBuyer": given.get("merchantNote"),
        "customInformation": given.get("customInformation"),
    }


def instore_merchant_scan(context: Context, call: APICall) -> Result:
    """Answer In-store Merchant Scan with the permission that it gives.

    Without `chargeTotal` its limit is the most that a charge can be (guess).
    """
    body = call.body
    currency = body["ledgerCurrency"]
    if currency != call.merchant.currency_in(call.region):
        raise APIRefusal("CurrencyMismatch", "ledgerCurrency is not the merchant's")
    limit = LARGEST[currency]
    if "chargeTotal" in body:
        total = checked_price(body["chargeTotal"], "chargeTotal")
        if total["currencyCode"] != currency:
            raise APIRefusal("CurrencyMismatch", f"The currency must be {currency}")
        limit = parse_amount(total)
    reference = _use_once(context, body, "scanReferenceId")
    scan: Record = {
        "id": context.ids.uuid(),
        "type": "OneTime",
        "currency": currency,
        "ledger_currency": currency,
        "scopes": None,
        "extendExpiration": None,
        "metadata": _metadata(body),
        "recurring": None,
        "saved_method": None,
        "platformId": None,
        "account": context.ids.account(),
        "address": None,
        "billing": None,
        "descriptor": None,
    }
    permission = permissions.create(context, scan, call.region, limit)
    permission["scan"] = reference
    context.save(permissions.KIND, permission)
    return _OK, {"chargePermissionId": permission["id"]}


def _check_scanned(context: Context, call: APICall, permission: str) -> Record:
    """Refuse a permission that no scan gave (unconfirmed)."""
    found = permissions.get_or_refuse(context, call, permission)
    if "scan" not in found:
        raise call.not_found()
    return found


def instore_charge(context: Context, call: APICall) -> Result:
    """Answer In-store Charge: it is captured at once."""
    body = call.body
    permission = _check_scanned(context, call, body["chargePermissionId"])
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
        metadata=_metadata(body),
    )
    return _OK, {"chargeId": charge["id"], "chargeStatus": {"state": "Completed"}}


def instore_refund(context: Context, call: APICall) -> Result:
    """Answer In-store Refund: it is `Pending`, and settles as others do."""
    body = call.body
    charge = charges.get_or_refuse(context, call, body["chargeId"])
    _check_scanned(context, call, charge["permission"])
    amount = checked_price(body["refundTotal"], "refundTotal")
    refund = refunds.create(context, charge, amount, body.get("softDescriptor"))
    _use_once(context, body, "refundReferenceId")
    return _OK, {"refundId": refund["id"], "refundStatus": {"state": "Pending"}}
