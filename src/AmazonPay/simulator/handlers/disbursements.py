"""Disbursements: `amazon-pay-reports/request-disbursement-details.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...resources.disbursements import DisbursementOperations
from ..engine.timestamps import format_timestamp
from ..rules import ledger
from ..rules.amounts import format_price
from ..wire.api_call import json_result
from ..wire.errors import missing
from ..wire.paging import page
from ..wire.queries import NEXT_TOKEN
from .registry import handles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from ..engine.context import Context
    from ..wire.api_call import APICall, Result
    from ..wire.paging import Listing


def _to_json(
    context: Context, call: APICall, day_over: datetime, currency: str, amount: Decimal
) -> dict[str, Any]:
    settlement = (context.owner, day_over, currency)
    return {
        "sellerId": call.merchant.merchant_id,
        "settlementId": ledger.settlement_id(*settlement),
        "amazonDisbursementReferenceId": ledger.disbursement_id(*settlement),
        **format_price(amount, currency),
        "transactionTime": f"{day_over:%Y-%m-%dT%H:%M:%S}.000Z",
    }


@handles(DisbursementOperations.get_disbursements)
def get_disbursements(context: Context, call: APICall) -> Result:
    """Answer Get Disbursements: those between two times, both included."""
    if NEXT_TOKEN not in call.query:
        for name in ("startTime", "endTime"):
            if name not in call.query:
                raise missing(name)

    def listing(query: Mapping[str, str]) -> Listing:
        since, until = query["startTime"], query["endTime"]
        return [
            (f"{at} {currency}", _to_json(context, call, day_over, currency, amount))
            for day_over, currency, amount in ledger.disbursements(context)
            if since <= (at := format_timestamp(day_over)) <= until
        ]

    return json_result(200, page(context, call, "disbursements", listing))
