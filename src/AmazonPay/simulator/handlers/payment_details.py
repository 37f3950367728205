"""`paymentDetails` of a session, and the prices of several addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..observed import refuse
from ..rules.amounts import checked_price, parse_amount
from ..wire.errors import APIRefusal, invalid_combination, invalid_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.store import Record


def payment_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `paymentDetails` in the form of responses."""
    payment = dict(given)
    for name in ("chargeAmount", "totalOrderAmount"):
        if payment.get(name) is not None:
            payment[name] = checked_price(payment[name], name)
    return payment


def address_prices(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Return the prices of several addresses in the form of responses."""
    if given is None:
        return None
    return [{**part, "price": checked_price(part["price"], "price")} for part in given]


def check_sum(session: Record) -> None:
    """Compare the prices of several addresses with the amount of the charge."""
    # UNCONFIRMED: that they need not add up to it.
    amount = session["payment"].get("chargeAmount")
    if session["address_prices"] is None or amount is None:
        return
    total = sum(parse_amount(part["price"]) for part in session["address_prices"])
    if total != parse_amount(amount):
        refuse(
            "address-prices",
            invalid_value("The prices of the addresses are not the chargeAmount"),
            guessed=False,
        )


def check_payment(session: Record) -> None:
    """Refuse payment details that contradict each other or the merchant's account."""
    payment: dict[str, Any] = session["payment"]
    intent = payment.get("paymentIntent")
    if (
        payment.get("canHandlePendingAuthorization")
        and intent == "AuthorizeWithCapture"
    ):
        # UNCONFIRMED: the code.
        refuse(
            "pending-with-capture",
            invalid_combination(
                "canHandlePendingAuthorization and AuthorizeWithCapture exclude each"
                " other"
            ),
        )
    if payment.get("softDescriptor") and intent not in {None, "AuthorizeWithCapture"}:
        # UNCONFIRMED: the code.
        refuse(
            "session-descriptor",
            invalid_combination("softDescriptor needs AuthorizeWithCapture"),
        )
    charge, total = payment.get("chargeAmount"), payment.get("totalOrderAmount")
    currencies = {amount["currencyCode"] for amount in (charge, total) if amount}
    if payment.get("presentmentCurrency"):
        currencies.add(payment["presentmentCurrency"])
    _check_currencies(session, currencies)
    if charge and total and parse_amount(charge) > parse_amount(total):
        # UNCONFIRMED: that the total may not be below the charge, a part of it.
        refuse(
            "charge-above-total",
            invalid_value("chargeAmount is above totalOrderAmount"),
        )


def _check_currencies(session: Record, currencies: set[str]) -> None:
    """Require one currency: outside the EU and UK, the ledger's."""
    if len(currencies) > 1:
        raise APIRefusal(
            "CurrencyMismatch",
            "paymentDetails is in several currencies: chargeAmount, totalOrderAmount"
            " and presentmentCurrency must have one",
        )
    ledger_currency = session["ledger_currency"]
    if ledger_currency and session["region"] != "eu" and currencies - {ledger_currency}:
        # UNCONFIRMED: the code.
        refuse(
            "foreign-currency",
            invalid_value(
                "The value provided for 'paymentDetails.chargeAmount.currencyCode' is"
                f" invalid: the merchant takes {ledger_currency}"
            ),
        )
