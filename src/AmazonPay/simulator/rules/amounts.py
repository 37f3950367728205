"""Amounts in the ledger: `Decimal`, of one currency, within Amazon's limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...money import DIGITS
from ..wire.errors import APIRefusal

# `amazon-pay-api-v2/charge.html` and `refund.html`; other presentment currencies have
# no documented maximum.
LARGEST = {
    "USD": Decimal(150_000),
    "GBP": Decimal(150_000),
    "EUR": Decimal(150_000),
    "JPY": Decimal(10_000_000),
}

# The greatest length of an amount is unconfirmed; this one fits any arithmetic here.
_BEYOND = Decimal(10) ** 15

# `amazon-pay-checkout/manage-refunds.html`: what may be refunded above the capture.
_REFUND_SHARE = Decimal("0.15")
_REFUND_EXTRA = {"JPY": Decimal(8_400)}
_REFUND_EXTRA_ELSE = Decimal(75)

# What may be charged with `allowOvercharge`: 900 %, or this if it is more.
_OVERCHARGE_FACTOR = 9
_OVERCHARGE_LEAST = {"JPY": Decimal(70_000)}
_OVERCHARGE_LEAST_ELSE = Decimal(500)

# Per calendar month. Recurring limits of EU ledgers are those of the earlier API
# (unconfirmed).
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
    """Write a price as answers do: two decimals, none for JPY."""
    digits = DIGITS[currency]
    return {"amount": f"{amount:.{digits}f}", "currencyCode": currency}


def parse_amount(value: dict[str, Any]) -> Decimal:
    """Read a price's amount."""
    return Decimal(value["amount"])


def checked_price(value: dict[str, Any], name: str) -> dict[str, str]:
    """Bring a request's price into the form of answers, or refuse it.

    More than the currency's decimals, zero, and more than the maximum are refused.
    """
    amount, currency = Decimal(value["amount"]), value["currencyCode"]
    if not 0 < amount < _BEYOND or amount != round(amount, DIGITS[currency]):
        raise APIRefusal(
            "InvalidParameterValue",
            f"The value '{value['amount']}' provided for '{name}.Amount' is invalid",
        )
    if amount > LARGEST.get(currency, amount):
        raise APIRefusal(
            "TransactionAmountExceeded",
            f"The amount of '{name}' is above the maximum for {currency}",
        )
    return format_price(amount, currency)


def refund_limit(captured: Decimal, currency: str) -> Decimal:
    """Tell how much may be refunded of a captured amount, all refunds together."""
    extra = _REFUND_EXTRA.get(currency, _REFUND_EXTRA_ELSE)
    return captured + min(captured * _REFUND_SHARE, extra)


def overcharge_limit(amount: Decimal, currency: str) -> Decimal:
    """Tell the limit of a permission whose session allowed an overcharge."""
    least = _OVERCHARGE_LEAST.get(currency, _OVERCHARGE_LEAST_ELSE)
    return max(amount * _OVERCHARGE_FACTOR, least)
