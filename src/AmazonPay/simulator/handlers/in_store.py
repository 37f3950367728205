"""Payments in a shop. Amazon's guide to them is not public: much here is a guess.

General rules: `amazon-pay-api-v2/introduction.html`.
"""

from __future__ import annotations

import json
from dataclasses import replace
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

# Members of a checkout session that a scan does not have.
_UNSET = (
    *("scopes", "extendExpiration", "recurring", "saved_method", "platformId"),
    *("address", "billing", "descriptor"),
)


def _first_answer(
    context: Context, body: Mapping[str, Any], name: str
) -> dict[str, Any] | None:
    """Return what a reference was answered before, or refuse it for another request."""
    used = context.find(name, body[name])
    if used is None:
        return None
    if used["request"] != _canonical(body):
        # UNCONFIRMED: the code.
        raise invalid_value(f"The {name} was used before, for another request")
    answer: dict[str, Any] = used["answer"]
    return answer


def _keep(
    context: Context, body: Mapping[str, Any], name: str, answer: dict[str, Any]
) -> Result:
    """Keep the answer to a reference of the merchant's, and return it."""
    request = _canonical(body)
    context.save(name, {"id": body[name], "request": request, "answer": answer})
    return json_result(_OK, answer)


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, default=str)


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
    answer = _first_answer(context, body, "scanReferenceId")
    if answer is not None:
        return json_result(_OK, answer)
    currency = body["ledgerCurrency"]
    ledger = call.merchant.currency_in(call.region, call.market)
    if currency != ledger:
        raise APIRefusal(
            "CurrencyMismatch", f"The ledgerCurrency is not the merchant's: {ledger}"
        )
    limit = LARGEST[currency]
    if "chargeTotal" in body:
        total = checked_price(body["chargeTotal"], "chargeTotal")
        check_currency(total, currency, "chargeTotal")
        limit = parse_amount(total)
    scan: Record = {
        "id": context.ids.uuid(),
        "type": "OneTime",
        "market": call.market,
        "currency": currency,
        "ledger_currency": currency,
        "metadata": _merchant_metadata(body),
        "account": context.ids.account(),
        **dict.fromkeys(_UNSET),
    }
    permission = permissions.create(context, scan, call.region, limit)
    permission["scan"] = body["scanReferenceId"]
    context.save(permissions.KIND, permission)
    answer = {"chargePermissionId": permission["id"]}
    result = _keep(context, body, "scanReferenceId", answer)
    return replace(result, order=scan["id"])


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
    answer = _first_answer(context, body, "chargeReferenceId")
    if answer is not None:
        return json_result(_OK, answer)
    amount = checked_price(body["chargeTotal"], "chargeTotal")
    charges.check_permission(context, permission, amount)
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
    return _keep(context, body, "chargeReferenceId", answer)


@handles(InStore.instore_refund, subject=in_body(charges.KIND, "chargeId"))
def instore_refund(context: Context, call: APICall, charge: Record) -> Result:
    """Answer In-store Refund: it is `Pending`, and settles as other refunds do."""
    body = call.body
    _check_scanned(call, context.get(permissions.KIND, charge["permission"]))
    answer = _first_answer(context, body, "refundReferenceId")
    if answer is not None:
        return json_result(_OK, answer)
    amount = checked_price(body["refundTotal"], "refundTotal")
    refund = refunds.create(context, charge, amount, body.get("softDescriptor"))
    answer = {"refundId": refund["id"], "refundStatus": {"state": "Pending"}}
    return _keep(context, body, "refundReferenceId", answer)
