"""Disbursements: `amazon-pay-reports/request-disbursement-details.html`."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..engine.timestamps import format_timestamp
from ..rules import ledger
from ..rules.amounts import format_price
from ..wire.errors import APIRefusal
from ..wire.paging import page
from ..wire.queries import NEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ..engine.context import Context
    from ..wire.api_call import APICall, Result
    from ..wire.paging import Listing


def _payments(context: Context) -> Iterator[tuple[datetime, str, Decimal]]:
    """Tell what was paid out, when a day was over, and in which currency.

    Nothing is paid out while a currency's balance is not above zero; it is carried
    over. Both are a guess (unconfirmed).
    """
    balances: dict[str, Decimal] = {}
    days = groupby(ledger.movements(context), key=lambda movement: movement.day_over)
    for over, movements in days:
        if over > context.now:
            return
        for movement in movements:
            before = balances.get(movement.currency, Decimal(0))
            balances[movement.currency] = before + movement.amount
        for currency, balance in sorted(balances.items()):
            if balance > 0:
                yield over, currency, balance
                balances[currency] = Decimal(0)


def _to_json(
    context: Context, call: APICall, over: datetime, currency: str, amount: Decimal
) -> dict[str, Any]:
    settlement = (context.owner, over, currency)
    return {
        "sellerId": call.merchant.merchant_id,
        "settlementId": ledger.settlement_id(*settlement),
        "amazonDisbursementReferenceId": ledger.disbursement_id(*settlement),
        **format_price(amount, currency),
        "transactionTime": f"{over:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def get_disbursements(context: Context, call: APICall) -> Result:
    """Answer Get Disbursements: those of a time, both ends included."""
    if NEXT_TOKEN not in call.query:
        for name in ("startTime", "endTime"):
            if name not in call.query:
                raise APIRefusal(
                    "MissingParameterValue", f"The parameter '{name}' is required"
                )

    def listed(query: Mapping[str, str]) -> Listing:
        return [
            (
                f"{format_timestamp(over)} {currency}",
                _to_json(context, call, over, currency, amount),
            )
            for over, currency, amount in _payments(context)
            if query["startTime"] <= format_timestamp(over) <= query["endTime"]
        ]

    found = page(context, call, listed)
    return 200, {"disbursements": found["items"], "nextToken": found["nextToken"]}
