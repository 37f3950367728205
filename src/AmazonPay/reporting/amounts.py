"""Amounts as people and programs read them."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Final

from ..money import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable

_USUAL_DIGITS: Final = 2
_PRECISION: Final = 100


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of amounts, of which no digit is rounded."""
    with localcontext() as context:
        context.prec = _PRECISION
        return sum(amounts, Decimal(0))


def amount_text(amount: Decimal, currency: str, *, grouped: bool = False) -> str:
    """Return an amount with the digits of its currency, and more if it has more.

    With `grouped`, commas separate the thousands.
    """
    digits = DIGITS.get(currency, _USUAL_DIGITS)
    text = f"{amount:,f}" if grouped else f"{amount:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    if not amount:
        whole = whole.lstrip("-")
    return f"{whole}.{fraction}" if fraction else whole
