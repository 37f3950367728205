"""Amounts, and Amazon's limits on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...money import DIGITS
from ..observed import refuse
from ..wire.errors import APIRefusal, invalid_value

# `amazon-pay-api-v2/charge.html` and `refund.html`; other presentment currencies have
# no documented maximum.
LARGEST = {
    "USD": Decimal(150_000),
    "GBP": Decimal(150_000),
    "EUR": Decimal(150_000),
    "JPY": Decimal(10_000_000),
}

# UNCONFIRMED: the greatest length of an amount; Decimal computes with this one exactly.
_BEYOND = Decimal(10) ** 15

# `amazon-pay-checkout/manage-refunds.html`: the refunds allowed above the capture.
_REFUND_SHARE = Decimal("0.15")
_REFUND_EXTRA = {"JPY": Decimal(8_400)}
_REFUND_EXTRA_ELSE = Decimal(75)

# With `allowOvercharge`: 900 % of the amount, or this if it is more.
_OVERCHARGE_FACTOR = 9
_OVERCHARGE_LEAST = {"JPY": Decimal(70_000)}
_OVERCHARGE_LEAST_ELSE = Decimal(500)

# Limits in a calendar month.
# UNCONFIRMED: recurring limits of EU ledgers; these are the earlier API's.
MONTHLY = {
    "Recurring": {
        **dict.fromkeys(("AUD", "CHF", "EUR", "GBP", "NZD", "USD"), Decimal(1_000)),
        **dict.fromkeys(("DKK", "HKD", "NOK", "SEK", "ZAR"), Decimal(10_000)),
        "JPY": Decimal(100_000),
    },
    "PaymentMethodOnFile": {
        **dict.fromkeys(("AUD", "CHF", "EUR", "GBP", "NZD", "USD"), Decimal(15_000)),
        **dict.fromkeys(("DKK", "HKD", "NOK", "SEK", "ZAR"), Decimal(150_000)),
        "JPY": Decimal(2_000_000),
    },
}


def format_price(amount: Decimal, currency: str) -> dict[str, str]:
    """Return a price in the form of responses: two decimals, none for JPY."""
    digits = DIGITS[currency]
    return {"amount": f"{amount:.{digits}f}", "currencyCode": currency}


def parse_amount(value: dict[str, Any]) -> Decimal:
    """Return the amount of a price."""
    return Decimal(value["amount"])


def checked_price(value: dict[str, Any], name: str) -> dict[str, str]:
    """Return a request's price in the form of responses, or refuse it.

    Zero, too many decimals, and amounts above the maximum are refused.
    """
    amount, currency = Decimal(value["amount"]), value["currencyCode"]
    wrong = invalid_value(
        f"The value '{value['amount']}' provided for '{name}.Amount' is invalid"
    )
    if amount >= _BEYOND:
        refuse("long-amount", wrong)
    if amount <= 0 or amount != round(amount, DIGITS[currency]):
        raise wrong
    if amount > LARGEST.get(currency, amount):
        raise APIRefusal(
            "TransactionAmountExceeded",
            f"The amount of '{name}' is above the maximum for {currency}:"
            f" {LARGEST[currency]}",
        )
    return format_price(amount, currency)


def check_currency(value: dict[str, str], currency: str, name: str) -> None:
    """Refuse a price in another currency; `name` is the member that has it."""
    if value["currencyCode"] != currency:
        raise APIRefusal(
            "CurrencyMismatch", f"The currency of '{name}' must be {currency}"
        )


def refund_limit(captured: Decimal, currency: str) -> Decimal:
    """Return how much may be refunded of a captured amount, all refunds together."""
    extra = _REFUND_EXTRA.get(currency, _REFUND_EXTRA_ELSE)
    return captured + min(captured * _REFUND_SHARE, extra)


def overcharge_limit(amount: Decimal, currency: str) -> Decimal:
    """Return the limit of a permission whose session allowed an overcharge."""
    least = _OVERCHARGE_LEAST.get(currency, _OVERCHARGE_LEAST_ELSE)
    return max(amount * _OVERCHARGE_FACTOR, least)
