"""How amounts are written: digits and a point, as in 10.50."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from decimal import Decimal

MAX_DIGITS: Final = 40
"""The most digits of an amount, and the highest power of ten of a `Decimal`."""

_AMOUNT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SIGNED_ZERO = re.compile(r"-0+(?:\.0+)?")

# The first that is found says what is wrong with a text that is no amount.
_MISTAKES: Final = (
    (r"\A\s*\Z", "it is empty"),
    (r"(?![0-9])\d", "it has full-width digits, or those of another script"),
    (r"\d[eE][+-]?\d", "it has an exponent, which format(x, 'f') has not"),
    (
        r"\d.?['\u2019,_\s\u066b\u066c\uff0c\uff0e]+\d",
        "it has separators; 1,234.50 is written 1234.50",
    ),
    (r"\A\s|\s\Z", "it has blanks around it"),
    (r"\A[-+]?\.|\.\Z|\A\+", "it begins or ends with a point, or has a plus sign"),
    (r"\d", "it has a currency or other text beside it"),
)


def check_amount(amount: str) -> None:
    """Check that text is an amount, such as 10.50; a minus sign before it is allowed.

    Raises:
        InvalidRequest: the text is not digits 0 to 9 with at most one point between
            them; the error says what is wrong, without showing the text.
    """
    if _AMOUNT.fullmatch(amount) is None:
        found = (said for pattern, said in _MISTAKES if re.search(pattern, amount))
        raise InvalidRequest(
            "an amount is written in digits with a point, as in 10.50;"
            f" {next(found, 'it is no number')}"
        )


def is_signed_zero(amount: str) -> bool:
    """Return whether an amount is a zero with a sign, as `format(-0.0, '.2f')` is."""
    return _SIGNED_ZERO.fullmatch(amount) is not None


def check_decimal(number: Decimal) -> None:
    """Check that a `Decimal` is finite and has at most `MAX_DIGITS` digits.

    Raises:
        InvalidRequest: it is NaN or infinite, or has more digits, counted with the
            zeros that its exponent stands for.
    """
    if not number.is_finite():
        raise InvalidRequest("an amount is a finite number")
    if max(len(number.as_tuple().digits), abs(number.adjusted())) > MAX_DIGITS:
        raise InvalidRequest(f"an amount has at most {MAX_DIGITS} digits")


def decimal_text(number: Decimal) -> str:
    """Return a `Decimal` without exponent, and a zero without sign.

    Raises:
        InvalidRequest: it is not finite, or has too many digits.
    """
    check_decimal(number)
    return format(number or number.copy_abs(), "f")
