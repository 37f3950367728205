"""Amounts as people and programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..money import DIGITS

if TYPE_CHECKING:
    from decimal import Decimal

_USUAL_DIGITS = 2


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
