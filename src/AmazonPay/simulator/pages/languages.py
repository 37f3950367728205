"""The language of a checkout: its prices and its name. The pages' words are English."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# `amazon-pay-checkout/amazon-pay-script.html`: the languages of each region's script,
# the one that it falls back to first.
LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "na": {"en_US": "English"},
    "eu": {
        "en_GB": "English",
        "de_DE": "Deutsch",
        "fr_FR": "français",
        "it_IT": "italiano",
        "es_ES": "español",
    },
    "jp": {"ja_JP": "日本語"},
}

# How a language writes numbers: between thousands, and before the decimals. In the
# others the currency comes first, and numbers are as in English.
_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "de_DE": (".", ","),
    "fr_FR": ("\u202f", ","),
    "it_IT": (".", ","),
    "es_ES": (".", ","),
}


def language_in(region: str, asked: str) -> str:
    """Return the language of a session: the one that was asked for, if there is one."""
    # UNCONFIRMED: what Amazon does with a language that the region has not.
    known = LANGUAGES[region]
    return asked if asked in known else next(iter(known))


def price_in(language: str, price: Mapping[str, str] | None) -> str | None:
    """Return a price for people: `EUR 1,234.50`, in German `1.234,50 EUR`."""
    if price is None:
        return None
    number, currency = f"{Decimal(price['amount']):,f}", price["currencyCode"]
    if language not in _NUMBERS:
        return f"{currency} {number}"
    thousands, decimals = _NUMBERS[language]
    whole, point, rest = number.partition(".")
    written = whole.replace(",", thousands) + (point and decimals) + rest
    return f"{written}\u00a0{currency}"
