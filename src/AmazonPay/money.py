"""Prices without floats: make them, add, subtract and compare them.

A price is what the API sends and takes: `{"amount": "10.50", "currencyCode": "USD"}`.
Arithmetic is done in `Decimal`, within one currency, and nowhere else in this package.
Follows `amazon-pay-checkout/multi-currency-integration.html`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, cast, get_args

from .errors import InvalidRequest
from .resources._common import PresentmentCurrency

if TYPE_CHECKING:
    from .resources._common import Price

_WHOLE_CURRENCIES = frozenset({"JPY"})

DIGITS: dict[str, int] = {
    code: 0 if code in _WHOLE_CURRENCIES else 2
    for code in get_args(PresentmentCurrency)
}
"""Digits after the point, for each currency that Amazon Pay takes."""

_MAX_DIGITS = 40
_PRECISION = 2 * _MAX_DIGITS

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def price(amount: str | int | Decimal, currency: PresentmentCurrency | str) -> Price:
    """Write an amount as Amazon Pay does: `price("10.5", "USD")` is 10.50 USD.

    Units are the currency's own, never cents. Nothing is rounded: an amount with more
    digits than the currency has is refused, and so is one below zero.

    Raises:
        InvalidRequest: a float, text that is no number, too many digits, or a currency
            that Amazon Pay does not take.
    """
    return _format_price(_parse_amount(amount), currency)


def amount_of(value: Mapping[str, object]) -> Decimal:
    """Read a price's amount as a `Decimal`.

    Raises:
        InvalidRequest: it is no price.
    """
    amount = _members(value).get("amount")
    if not isinstance(amount, (str, int, Decimal)):
        raise InvalidRequest("this is no price: its amount is no str, int or Decimal")
    return _parse_amount(amount)


def normalize_amount(amount: object, currency: object) -> object:
    """Write an amount in the one way that all equal amounts of a currency share.

    That is how `price` writes it, if it can: 10 and "10.0" are "10.00" in USD. What is
    no amount is given back as it is.
    """
    if isinstance(amount, bool) or not isinstance(amount, (str, int, Decimal)):
        return amount
    try:
        number = _parse_amount(amount)
    except InvalidRequest:
        return amount
    try:
        return _format_price(number, str(currency))["amount"]
    except InvalidRequest:
        text = format(number, "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def add(first: Mapping[str, object], second: Mapping[str, object]) -> Price:
    """Add two prices of one currency.

    Raises:
        InvalidRequest: they are of two currencies.
    """
    currency = _common_currency(first, second)
    with localcontext() as context:
        context.prec = _PRECISION
        return _format_price(amount_of(first) + amount_of(second), currency)


def subtract(first: Mapping[str, object], second: Mapping[str, object]) -> Price:
    """Take the second price from the first, which must not be the smaller one.

    Raises:
        InvalidRequest: they are of two currencies, or the result is below zero.
    """
    currency = _common_currency(first, second)
    with localcontext() as context:
        context.prec = _PRECISION
        return _format_price(amount_of(first) - amount_of(second), currency)


def compare(first: Mapping[str, object], second: Mapping[str, object]) -> int:
    """Tell -1, 0 or 1: whether the first price is less, equal or more.

    `"10.5"` and `"10.50"` are equal.

    Raises:
        InvalidRequest: they are of two currencies.
    """
    _common_currency(first, second)
    return int(amount_of(first).compare(amount_of(second)))


def _members(value: object) -> Mapping[str, object]:
    """Return what should be a price; a server's answer may have anything there."""
    if not isinstance(value, Mapping):
        raise InvalidRequest("this is no price: it is no object")
    return cast("Mapping[str, object]", value)


def _parse_amount(amount: str | int | Decimal) -> Decimal:
    if isinstance(amount, (bool, float)):
        raise InvalidRequest(
            f"an amount is a {type(amount).__name__}; pass a str, an int or a Decimal:"
            " the float 0.1 + 0.2 is 0.30000000000000004, and no price"
        )
    if isinstance(amount, str) and _NUMBER.fullmatch(amount) is None:
        raise InvalidRequest("an amount is written in digits with a point, as in 10.50")
    if not isinstance(amount, (str, int, Decimal)):
        raise InvalidRequest(
            f"an amount is a str, an int or a Decimal, not {type(amount).__name__}"
        )
    number = Decimal(amount)
    if not number.is_finite():
        raise InvalidRequest("an amount is a finite number")
    if max(len(number.as_tuple().digits), abs(number.adjusted())) > _MAX_DIGITS:
        raise InvalidRequest(f"an amount has at most {_MAX_DIGITS} digits")
    return number


def _format_price(number: Decimal, currency: str) -> Price:
    if not isinstance(currency, str) or currency not in DIGITS:
        raise InvalidRequest(f"the currency is not one of {', '.join(sorted(DIGITS))}")
    if number < 0:
        raise InvalidRequest("an amount is not below zero")
    digits = DIGITS[currency]
    text = format(number.copy_abs(), "f")  # a zero may have a sign
    whole, _, fraction = text.partition(".")
    if fraction[digits:].strip("0"):
        raise InvalidRequest(
            f"{currency} has {digits} digits after the point; round before, and say how"
        )
    fraction = fraction[:digits].ljust(digits, "0")
    amount = whole + ("." + fraction if digits else "")
    return {"amount": amount, "currencyCode": currency}


def _common_currency(first: Mapping[str, object], second: Mapping[str, object]) -> str:
    currency = _members(first).get("currencyCode")
    other = _members(second).get("currencyCode")
    if not isinstance(currency, str) or currency != other:
        raise InvalidRequest("the two prices are not of one currency")
    return currency
