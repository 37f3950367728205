"""Captures, refunds, fees and payouts by day and currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .amounts import exact_sum

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from .engine import Engine

SUMS: Final = ("captures", "refunds", "chargebacks", "fees", "other", "payouts")
"""The names of the sums; what leaves the merchant's account is below zero."""


@dataclass(frozen=True)
class Sum:
    """The sums of some days in one currency."""

    currency: str
    captures: Decimal
    refunds: Decimal
    chargebacks: Decimal
    fees: Decimal
    other: Decimal
    """Movements of other types: reserves, adjustments and types that are not known."""
    payouts: Decimal
    movements: int

    @property
    def left(self) -> Decimal:
        """The money that these movements leave in the account after the payouts."""
        return exact_sum(getattr(self, name) for name in SUMS)


@dataclass(frozen=True)
class Day(Sum):
    """The sums of one day in one currency."""

    day: date


def days(engine: Engine) -> list[Day]:
    """Return the sums of the table `movements`, by currency and day.

    A day is the one that the file names: its times are in UTC, if they say `+0000`.
    """
    return [Day(*row) for row in engine.rows(_DAYS)]


def sums(found: Iterable[Day]) -> list[Sum]:
    """Return the sums of all days, by currency."""
    by_currency: dict[str, list[Day]] = {}
    for day in found:
        by_currency.setdefault(day.currency, []).append(day)
    return [
        Sum(
            currency=currency,
            movements=sum(day.movements for day in some),
            **{name: exact_sum(getattr(day, name) for day in some) for name in SUMS},
        )
        for currency, some in by_currency.items()
    ]


_DAYS: Final = """
SELECT currency,
       coalesce(sum(amount) FILTER (kind = 'capture'), 0),
       coalesce(sum(amount) FILTER (kind = 'refund'), 0),
       coalesce(sum(amount) FILTER (kind = 'chargeback'), 0),
       coalesce(sum(fee) FILTER (kind <> 'payout'), 0),
       coalesce(sum(amount) FILTER (kind IN ('held', 'other')), 0),
       coalesce(sum(amount + fee) FILTER (kind = 'payout'), 0),
       count(*),
       day
FROM movements GROUP BY currency, day ORDER BY currency, day
"""
