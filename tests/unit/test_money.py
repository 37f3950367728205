"""Prices: exact, of one currency, and never a float."""

from __future__ import annotations

from decimal import Clamped, Context, Decimal, Inexact, Rounded, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest
from AmazonPay.money import (
    DIGITS,
    add,
    amount_of,
    compare,
    normalize_amount,
    price,
    subtract,
)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("10.50", "USD", "10.50"),
        ("10.5", "USD", "10.50"),
        (10, "EUR", "10.00"),
        (Decimal("10.500"), "GBP", "10.50"),
        (Decimal("1E+3"), "USD", "1000.00"),
        ("500", "JPY", "500"),
        ("500.00", "JPY", "500"),
        ("0", "USD", "0.00"),
        (10**30, "USD", "1" + "0" * 30 + ".00"),
    ],
)
def test_an_amount_is_written_with_the_digits_of_its_currency(
    amount: str | int | Decimal, currency: str, written: str
) -> None:
    assert price(amount, currency) == {"amount": written, "currencyCode": currency}


@pytest.mark.parametrize("amount", [0.1 + 0.2, 10.5, 1e3, True])
def test_a_float_is_refused_with_the_reason(amount: Any) -> None:
    with pytest.raises(InvalidRequest, match="pass a str, an int or a Decimal"):
        price(amount, "USD")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("10.505", "USD"),
        ("500.5", "JPY"),
        (Decimal("0.001"), "EUR"),
        ("-1", "USD"),
        ("1,50", "USD"),
        ("1_000", "USD"),
        (" 1", "USD"),
        ("", "USD"),
        ("NaN", "USD"),
        ("٣", "USD"),
        (Decimal("NaN"), "USD"),
        (Decimal("Infinity"), "USD"),
        (Decimal("1E+999999"), "USD"),
        (Decimal("1E-999999"), "USD"),
        ("1" * 50, "USD"),
        (None, "USD"),
        ("1", "XXX"),
        ("1", "usd"),
    ],
)
def test_what_is_no_price_is_refused_and_never_rounded(
    amount: Any, currency: str
) -> None:
    with pytest.raises(InvalidRequest):
        price(amount, currency)


def test_the_yen_has_no_digits_and_the_others_have_two() -> None:
    assert DIGITS == {
        "AUD": 2,
        "CHF": 2,
        "DKK": 2,
        "EUR": 2,
        "GBP": 2,
        "HKD": 2,
        "JPY": 0,
        "NOK": 2,
        "NZD": 2,
        "SEK": 2,
        "USD": 2,
        "ZAR": 2,
    }


@pytest.mark.parametrize("operation", [add, subtract, compare])
def test_two_currencies_are_never_mixed(operation: Any) -> None:
    with pytest.raises(InvalidRequest, match="one currency"):
        operation(price(1, "USD"), price(1, "EUR"))
    with pytest.raises(InvalidRequest, match="one currency"):
        operation({"amount": "1"}, {"amount": "1"})


def test_a_difference_below_zero_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="below zero"):
        subtract(price(1, "USD"), price(2, "USD"))


def test_what_is_no_price_has_no_amount() -> None:
    with pytest.raises(InvalidRequest, match="no price"):
        amount_of({"currencyCode": "USD"})


cents = st.integers(min_value=0, max_value=10**14)
currencies = st.sampled_from(sorted(DIGITS))


def _of(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-DIGITS[currency])


@given(cents, cents, currencies)
def test_sums_and_differences_are_exact_to_the_last_digit(
    first: int, second: int, currency: str
) -> None:
    more, less = max(first, second), min(first, second)
    a, b = price(_of(more, currency), currency), price(_of(less, currency), currency)
    assert amount_of(add(a, b)) == _of(more + less, currency)
    assert amount_of(subtract(a, b)) == _of(more - less, currency)
    assert subtract(add(a, b), b) == a
    assert compare(a, b) == (more > less)
    assert compare(b, a) == -(more > less)


def test_the_callers_own_context_changes_no_amount() -> None:
    strict = Context(prec=3, Emax=5, traps=[Inexact, Rounded, Clamped])
    first, second = price("123456781.90", "USD"), price("10.10", "USD")
    with localcontext(strict):
        assert add(first, second) == price("123456792.00", "USD")
        assert subtract(first, second) == price("123456771.80", "USD")
        assert normalize_amount("12345678.90", "XXX") == "12345678.9"


def test_an_amount_has_at_most_forty_digits() -> None:
    assert price("9" * 40, "JPY")["amount"] == "9" * 40
    with pytest.raises(InvalidRequest, match="40 digits"):
        price("9" * 41, "JPY")


STRANGE: list[Any] = [
    None,
    [],
    "10.50 USD",
    5,
    {},
    {"amount": "1"},
    {"amount": None, "currencyCode": "USD"},
    {"amount": [], "currencyCode": "USD"},
    {"amount": {}, "currencyCode": "USD"},
    {"amount": True, "currencyCode": "USD"},
    {"amount": float("nan"), "currencyCode": "USD"},
    {"amount": float("inf"), "currencyCode": "USD"},
    {"amount": "\ud800", "currencyCode": "USD"},
    {"amount": "9" * 10_000, "currencyCode": "USD"},
    {"amount": 10**4000, "currencyCode": "USD"},
    {"amount": Decimal("sNaN"), "currencyCode": "USD"},
    {"amount": "1", "currencyCode": []},
    {"amount": "1", "currencyCode": {}},
    {"amount": "1", "currencyCode": None},
    {"amount": "1", "currencyCode": 5},
]


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("use", [add, subtract, compare])
def test_whatever_stands_in_the_place_of_a_price_is_refused(
    use: Any, strange: Any
) -> None:
    good = {"amount": "1.00", "currencyCode": "USD"}
    for first, second in ((strange, good), (good, strange), (strange, strange)):
        with pytest.raises(InvalidRequest):
            use(first, second)


@pytest.mark.parametrize("currency", [None, [], {}, 5, ["USD"], "\ud800"])
def test_what_is_no_currency_is_refused(currency: Any) -> None:
    with pytest.raises(InvalidRequest, match="the currency"):
        price("1", currency)


@pytest.mark.parametrize("amount", ["-0", "-0.00", Decimal("-0.0")])
def test_a_zero_has_no_sign(amount: str | Decimal) -> None:
    assert price(amount, "USD")["amount"] == "0.00"


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (10, "USD", "10.00"),
        ("10.0", "USD", "10.00"),
        (Decimal("1E+1"), "USD", "10.00"),
        ("10.00", "JPY", "10"),
        # What no price can be is written as short as it can be.
        ("10.50", "???", "10.5"),
        ("10.00", "???", "10"),
        ("0.50", "???", "0.5"),
        ("0.00", "???", "0"),
        (100, "???", "100"),
        (Decimal("1E+2"), None, "100"),
        ("010", 5, "10"),
        ("1.0050", "USD", "1.005"),
        ("-1.50", "USD", "-1.5"),
        (
            "0.123456789012345678901234567890123456780",
            "USD",
            "0.12345678901234567890123456789012345678",
        ),
    ],
)
def test_equal_amounts_of_a_currency_are_written_alike(
    amount: Any, currency: object, written: str
) -> None:
    assert normalize_amount(amount, currency) == written


@pytest.mark.parametrize("amount", [None, True, 1.5, "ten", "1e1", " 10", "", [1]])
def test_what_is_no_amount_stays_as_it_is(amount: Any) -> None:
    assert normalize_amount(amount, "USD") is amount
