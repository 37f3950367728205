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

Kind = Literal["authorize", "confirm", "finalize", "cancel", "swap"]
KINDS: tuple[Kind, ...] = ("authorize", "authorize", "confirm", "finalize", "cancel")
"""What a walk mixes; a kind that stands twice is drawn twice as often."""

_STEPS: dict[Kind, tuple[str, ...]] = {
    "authorize": ("open", "buyer", "complete", "capture"),
    "finalize": ("open", "buyer", "finalize", "capture"),
    "confirm": ("open", "buyer", "complete", "charge"),
    "cancel": ("open", "buyer", "complete", "cancel"),
    "swap": ("open", "present"),
}
PAID = 2
"""The step at which a buyer has paid, in every kind but `swap`."""

_GROUP = 5
"""With swaps, the last of so many orders presents the session of the one before it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order, and what it should come to."""

    number: int
    kind: Kind
    amount: Decimal
    captured: Decimal
    refunds: tuple[Decimal, ...]
    swapped_with: int | None = None
    """The order that presents this one's session, or whose session this one presents.

    Only one of the two may be paid by it; which one depends on who comes first.
    """

    @property
    def name(self) -> str:
        """The order's own name in the shop."""
        return f"order-{self.number}"

    @property
    def steps(self) -> tuple[str, ...]:
        """What there is to do, in order."""
        if self.kind == "swap":
            return _STEPS["swap"]
        refunds = [f"refund {place}" for place in range(len(self.refunds))]
        return (*_STEPS[self.kind], *refunds, "close")


def order(
    seed: int, number: int, kinds: Sequence[Kind] = KINDS, *, swaps: bool = False
) -> Order:
    """Decide on one order."""
    dice = Random(f"{seed} order {number}")  # noqa: S311 - to be repeated, no secrecy
    place = number % _GROUP
    partner = None
    if swaps and place == 0:
        robbed = order(seed, number - 1, kinds, swaps=True)
        return Order(number, "swap", robbed.amount, Decimal(0), (), number - 1)
    kind = dice.choice(kinds)
    if swaps and place == _GROUP - 1:
        kind, partner = dice.choice(("authorize", "finalize")), number + 1
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
    return Order(number, kind, amount, captured, refunds, partner)


def _cents(dice: Random, least: int, most: int) -> Decimal:
    return Decimal(dice.randint(least, most)) / 100
