"""What each order is: decided by a seed and the order's number, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMESPACE = "walk/sandbox"
CURRENCY = "USD"

Kind = Literal["authorize", "confirm", "finalize", "cancel"]
KINDS: tuple[Kind, ...] = ("authorize", "authorize", "confirm", "finalize", "cancel")
"""What a walk mixes; a kind that stands twice is drawn twice as often."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order, and what it should come to."""

    number: int
    kind: Kind
    amount: Decimal
    captured: Decimal
    refunds: tuple[Decimal, ...]

    @property
    def name(self) -> str:
        """The order's own name in the shop."""
        return f"order-{self.number}"

    @property
    def steps(self) -> tuple[str, ...]:
        """What there is to do, in order."""
        money = {
            "authorize": ("complete", "capture"),
            "finalize": ("finalize", "capture"),
            "confirm": ("complete", "charge"),
            "cancel": ("complete", "cancel"),
        }[self.kind]
        refunds = [f"refund {place}" for place in range(len(self.refunds))]
        return ("open", "buyer", *money, *refunds, "close")


def order(seed: int, number: int, kinds: Sequence[Kind] = KINDS) -> Order:
    """Decide on one order."""
    dice = Random(f"{seed} order {number}")  # noqa: S311 - to be repeated, no secrecy
    kind = dice.choice(kinds)
    amount = _cents(dice, 500, 20_000)
    if kind == "cancel":
        return Order(number, kind, amount, Decimal(0), ())
    captured = amount if dice.random() < 0.5 else _cents(dice, 300, int(amount * 100))
    if kind == "confirm":
        captured = amount
    # Refunds of one order differ in amount, so that the ledger tells them apart.
    refunds = tuple(
        Decimal(100 + place) / 100 for place in range(dice.choice((0, 0, 1, 2)))
    )
    return Order(number, kind, amount, captured, refunds)


def _cents(dice: Random, least: int, most: int) -> Decimal:
    return Decimal(dice.randint(least, most)) / 100
