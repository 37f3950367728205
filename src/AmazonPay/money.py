"""Make, add, subtract and compare prices without floats.

A price is an object of the API: `{"amount": "10.50", "currencyCode": "USD"}`. All
arithmetic of this package is done here, in `Decimal` and within one currency.
Follows `amazon-pay-checkout/multi-currency-integration.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, cast, get_args

from ._core.amounts import MAX_DIGITS, check_amount, check_decimal
from .errors import InvalidRequest
from .resources._common import PresentmentCurrency

if TYPE_CHECKING:
    from .resources._common import Price

_WHOLE_CURRENCIES = frozenset({"JPY"})

DIGITS: dict[str, int] = {
    code: 0 if code in _WHOLE_CURRENCIES else 2
    for code in get_args(PresentmentCurrency)
}
"""The digits after the point of each currency that Amazon Pay accepts."""

# The caller's own context may round, or raise where nothing is lost.
_EXACT = Context(prec=2 * MAX_DIGITS + 2)


def price(amount: str | int | Decimal, currency: PresentmentCurrency | str) -> Price:
    """Return a price as Amazon Pay writes it: `price("10.5", "USD")` is 10.50 USD.

    Amounts are in units of the currency, never in cents. Nothing is rounded: an amount
    with too many digits for the currency is refused, and so is a negative one.

    Raises:
        InvalidRequest: the amount is a float, negative or no number, it has too many
            digits, or Amazon Pay does not accept the currency.
    """
    return _format_price(_parse_amount(amount), currency)


def amount_of(value: Mapping[str, object]) -> Decimal:
    """Return the amount of a price as a `Decimal`.

    Raises:
        InvalidRequest: the value is no price.
    """
    amount = _members(value).get("amount")
    if not isinstance(amount, (str, int, Decimal)):
        raise InvalidRequest("this is no price: its amount is no str, int or Decimal")
    return _parse_amount(amount)


def normalize_amount(amount: object, currency: object) -> object:
    """Return the notation that all equal amounts of a currency share.

    This is the notation of `price` where possible: 10 and "10.0" become "10.00" in USD.
    A value that is no amount is returned unchanged.
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
        with localcontext(_EXACT):
            return f"{number.normalize():f}"


def add(first: Mapping[str, object], second: Mapping[str, object]) -> Price:
    """Add two prices of one currency.

    Raises:
        InvalidRequest: the currencies differ.
    """
    currency = _common_currency(first, second)
    with localcontext(_EXACT):
        return _format_price(amount_of(first) + amount_of(second), currency)


def subtract(first: Mapping[str, object], second: Mapping[str, object]) -> Price:
    """Subtract the second price from the first, which must not be smaller.

    Raises:
        InvalidRequest: the currencies differ, or the result is negative.
    """
    currency = _common_currency(first, second)
    with localcontext(_EXACT):
        return _format_price(amount_of(first) - amount_of(second), currency)


def compare(first: Mapping[str, object], second: Mapping[str, object]) -> int:
    """Return -1, 0 or 1 if the first price is less than, equal to or greater.

    `"10.5"` and `"10.50"` are equal.

    Raises:
        InvalidRequest: the currencies differ.
    """
    _common_currency(first, second)
    return int(amount_of(first).compare(amount_of(second)))


def _members(value: object) -> Mapping[str, object]:
    """Return the members of a price; an answer may hold anything in its place."""
    if not isinstance(value, Mapping):
        raise InvalidRequest("this is no price: it is no object")
    return cast("Mapping[str, object]", value)


def _parse_amount(amount: str | int | Decimal) -> Decimal:
    if isinstance(amount, (bool, float)):
        raise InvalidRequest(
            f"an amount is a {type(amount).__name__}; pass a str, an int or a Decimal:"
            " the float 0.1 + 0.2 is 0.30000000000000004, and no price"
        )
    if isinstance(amount, str):
        check_amount(amount)
    if not isinstance(amount, (str, int, Decimal)):
        raise InvalidRequest(
            f"an amount is a str, an int or a Decimal, not {type(amount).__name__}"
        )
    number = Decimal(amount)
    check_decimal(number)
    return number


def _format_price(number: Decimal, currency: str) -> Price:
    if not isinstance(currency, str) or currency not in DIGITS:
        raise InvalidRequest(f"the currency is not one of {', '.join(sorted(DIGITS))}")
    if number < 0:
        raise InvalidRequest("an amount is not below zero")
    digits = DIGITS[currency]
    text = f"{number.copy_abs():f}"  # a zero can have a sign
    whole, _, fraction = text.partition(".")
    if not set(fraction[digits:]) <= {"0"}:
        raise InvalidRequest(
            f"{currency} has {digits} digits after the point; round before, and say how"
        )
    fraction = fraction[:digits].ljust(digits, "0")
    amount = whole + ("." + fraction if digits else "")
    return {"amount": amount, "currencyCode": cast("PresentmentCurrency", currency)}


def _common_currency(first: Mapping[str, object], second: Mapping[str, object]) -> str:
    currency = _members(first).get("currencyCode")
    other = _members(second).get("currencyCode")
    if not isinstance(currency, str) or currency != other:
        raise InvalidRequest("the two prices are not of one currency")
    return currency
