"""The movements of money to and from a merchant, and their settlements.

Amazon does not document how it settles. Here a settlement is one day in UTC and one
currency, without fees and reserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..engine.timestamps import parse_timestamp
from .amounts import parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engine.context import Context
    from ..engine.store import Record

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement; an amount above zero goes to the merchant, below to the buyer."""

    at: str
    type: str
    """`Capture`, `Refund` or `Chargeback`."""
    id: str
    charge: Record
    amount: Decimal
    currency: str

    @property
    def day_over(self) -> datetime:
        """The end of the movement's day, when it is settled."""
        day = parse_timestamp(self.at).replace(hour=0, minute=0, second=0)
        return day + _DAY


def _movement(type_: str, at: str, of: Record, charge: Record, price: Any) -> Movement:  # noqa: ANN401 - a price is JSON
    sign = 1 if type_ == "Capture" else -1
    amount = sign * parse_amount(price)
    return Movement(at, type_, of["id"], charge, amount, price["currencyCode"])


def _movements(context: Context) -> Iterator[Movement]:
    captured: dict[str, Record] = {}
    for charge in context.all("charge"):
        # Nothing changes a captured charge, so its last change was the capture.
        if charge["state"] == "Captured":
            captured[charge["id"]] = charge
            at = charge["updated"]
            yield _movement("Capture", at, charge, charge, charge["captureAmount"])
    for refund in context.all("refund"):
        if refund["state"] == "Refunded":
            at, charge = refund["updated"], captured[refund["charge"]]
            yield _movement("Refund", at, refund, charge, refund["amount"])
    for dispute in context.all("dispute"):
        if dispute["resolution"] == "BuyerWon":
            at, charge = dispute["resolved"], captured[dispute["charge"]]
            yield _movement("Chargeback", at, dispute, charge, dispute["amount"])


def movements(context: Context) -> list[Movement]:
    """Return all movements of an owner, oldest first."""
    return sorted(_movements(context), key=lambda movement: (movement.at, movement.id))


def disbursements(context: Context) -> Iterator[tuple[datetime, str, Decimal]]:
    """Yield the payments to the merchant: end of the day, currency and amount."""
    # UNCONFIRMED: when Amazon pays out, and that a balance of zero or less is carried
    # over to the next day.
    balances: dict[str, Decimal] = {}
    days = groupby(movements(context), key=lambda movement: movement.day_over)
    for day_over, moved in days:
        if day_over > context.now:
            return
        for movement in moved:
            before = balances.get(movement.currency, Decimal(0))
            balances[movement.currency] = before + movement.amount
        for currency, balance in sorted(balances.items()):
            if balance > 0:
                yield day_over, currency, balance
                balances[currency] = Decimal(0)


def settlement_id(owner: str, day_over: datetime, currency: str) -> str:
    """Return the number of a settlement, the same one in files and in lists."""
    return f"{_derived('settlement', owner, day_over, currency) % 10**11:011}"


def disbursement_id(owner: str, day_over: datetime, currency: str) -> str:
    """Return the id of a settlement's payment."""
    return f"{_derived('disbursement', owner, day_over, currency):X}"[:22]


def _derived(*parts: object) -> int:
    text = "\n".join(map(str, parts))
    return int.from_bytes(sha256(text.encode()).digest())
