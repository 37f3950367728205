"""Disbursements: `amazon-pay-reports/request-disbursement-details.html`."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..engine.timestamps import written
from ..rules import ledger
from ..rules.amounts import price
from ..wire.errors import Refusal
from ..wire.paging import page
from ..wire.queries import NEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ..engine.context import World
    from ..wire.api_call import APICall, Result
    from ..wire.paging import Listing


def _payments(world: World) -> Iterator[tuple[datetime, str, Decimal]]:
    """Tell what was paid out, when a day was over, and in which currency.

    Nothing is paid out while a currency's balance is not above zero; it is carried
    over. Both are a guess (unconfirmed).
    """
    balances: dict[str, Decimal] = {}
    days = groupby(ledger.entries(world), key=lambda entry: entry.day_over)
    for over, entries in days:
        if over > world.now:
            return
        for entry in entries:
            before = balances.get(entry.currency, Decimal(0))
            balances[entry.currency] = before + entry.amount
        for currency, balance in sorted(balances.items()):
            if balance > 0:
                yield over, currency, balance
                balances[currency] = Decimal(0)


def _show(
    world: World, call: APICall, over: datetime, currency: str, amount: Decimal
) -> dict[str, Any]:
    settlement = (world.owner, over, currency)
    return {
        "sellerId": call.merchant.merchant_id,
        "settlementId": ledger.settlement_id(*settlement),
        "amazonDisbursementReferenceId": ledger.disbursement_id(*settlement),
        **price(amount, currency),
        "transactionTime": f"{over:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def get_disbursements(world: World, call: APICall) -> Result:
    """Answer Get Disbursements: those of a time, both ends included."""
    if NEXT_TOKEN not in call.query:
        for name in ("startTime", "endTime"):
            if name not in call.query:
                raise Refusal(
                    "MissingParameterValue", f"The parameter '{name}' is required"
                )

    def listed(query: Mapping[str, str]) -> Listing:
        return [
            (f"{written(over)} {currency}", _show(world, call, over, currency, amount))
            for over, currency, amount in _payments(world)
            if query["startTime"] <= written(over) <= query["endTime"]
        ]

    found = page(world, call, listed)
    return 200, {"disbursements": found["items"], "nextToken": found["nextToken"]}
