"""What moved money to and from a merchant, in order, and in which settlement.

How Amazon settles is not told: here a settlement is a day in UTC and a currency, and
there are no fees and no reserves (guess).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..engine.timestamps import read
from ..handlers import charges, disputes, refunds
from .amounts import amount_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from ..engine.context import World
    from ..engine.store import Record

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: in favour of the merchant above zero, of the buyer below."""

    at: str
    type: str
    """`Capture`, `Refund` or `Chargeback`."""
    id: str
    charge: Record
    amount: Decimal
    currency: str

    @property
    def day_over(self) -> datetime:
        """The end of the entry's day, when it is settled."""
        day = read(self.at).replace(hour=0, minute=0, second=0)
        return day + _DAY


def _entry(type_: str, at: str, of: Record, charge: Record, price: Any) -> Entry:  # noqa: ANN401 - a price is JSON
    sign = 1 if type_ == "Capture" else -1
    amount = sign * amount_of(price)
    return Entry(at, type_, of["id"], charge, amount, price["currencyCode"])


def _entries(world: World) -> Iterator[Entry]:
    captured: dict[str, Record] = {}
    for charge in world.all(charges.KIND):
        # A captured charge changes no more, so its last change was the capture.
        if charge["state"] == "Captured":
            captured[charge["id"]] = charge
            at = charge["updated"]
            yield _entry("Capture", at, charge, charge, charge["captureAmount"])
            for refund in refunds.refunds_of(world, charge):
                if refund["state"] == "Refunded":
                    at = refund["updated"]
                    yield _entry("Refund", at, refund, charge, refund["amount"])
    for dispute in world.all(disputes.KIND):
        if dispute["resolution"] == "BuyerWon":
            at, charge = dispute["resolved"], captured[dispute["charge"]]
            yield _entry("Chargeback", at, dispute, charge, dispute["amount"])


def entries(world: World) -> list[Entry]:
    """List all movements of an owner, oldest first."""
    return sorted(_entries(world), key=lambda entry: (entry.at, entry.id))


def settlement_id(owner: str, day_over: datetime, currency: str) -> str:
    """Number a settlement: the same one, the same number, in files and in lists."""
    return f"{_derived('settlement', owner, day_over, currency) % 10**11:011}"


def disbursement_id(owner: str, day_over: datetime, currency: str) -> str:
    """Name the payment of a settlement."""
    return f"{_derived('disbursement', owner, day_over, currency):X}"[:22]


def _derived(*parts: object) -> int:
    text = "\n".join(map(str, parts))
    return int.from_bytes(sha256(text.encode()).digest())
