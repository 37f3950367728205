"""What the price of an object says about the request, with values."""

from __future__ import annotations

from typing import Any

import pytest

from AmazonPay._once.outcomes import Assessment
from AmazonPay._once.prices import (
    assess_equal_price,
    assess_other_price,
    price_mismatch,
    reason_of,
)


def usd(amount: object) -> dict[str, object]:
    return {"amount": amount, "currencyCode": "USD"}


def captured(refunded: object, **more: Any) -> dict[str, Any]:
    """Show a charge over 10.00 of which 4.00 are captured."""
    return {
        "statusDetails": {"state": "Captured", "reasonCode": "Why"},
        "chargeAmount": usd("10.00"),
        "captureAmount": usd("4.00"),
        "refundedAmount": refunded,
        **more,
    }


@pytest.mark.parametrize("second", [usd("10"), usd(10), usd("10.0")])
def test_equal_amounts_of_one_currency_are_no_mismatch(second: object) -> None:
    assert price_mismatch(usd("10.00"), second) is None


def test_another_amount_or_currency_is_named() -> None:
    yen = {"amount": "10.00", "currencyCode": "JPY"}
    assert price_mismatch(usd("10.00"), usd("10.01")) == "AmountMismatch"
    assert price_mismatch(usd("10.00"), yen) == "CurrencyMismatch"
    assert price_mismatch(yen, usd("10.00")) == "CurrencyMismatch"
    assert price_mismatch(yen, yen) is None


@pytest.mark.parametrize("broken", [None, {}, usd(None), usd("ten"), "10.00"])
def test_an_amount_that_cannot_be_read_on_either_side_is_no_amount(
    broken: object,
) -> None:
    assert price_mismatch(usd("10.00"), broken) == "NoAmount"
    assert price_mismatch(broken, usd("10.00")) == "NoAmount"


@pytest.mark.parametrize("outcome", ["pending", "moved"])
def test_another_price_is_the_reason_while_money_may_move(outcome: Any) -> None:
    verdict = assess_other_price(outcome, "AmountMismatch", captured(None))
    assert verdict == Assessment(outcome, "AmountMismatch")


def test_a_charge_of_another_price_that_ended_gives_its_own_reason() -> None:
    verdict = assess_other_price("no", "AmountMismatch", captured(None))
    assert verdict == Assessment("no", "Why")
    verdict = assess_other_price("no", "AmountMismatch", {})
    assert verdict == Assessment("no", "AmountMismatch")


def test_what_is_no_amount_decides_nothing() -> None:
    verdict = assess_other_price("moved", "NoAmount", captured(None))
    assert verdict == Assessment("unknown", "NoAmount")


@pytest.mark.parametrize("refunded", [None, usd("0.00"), usd(0), usd("-1.00")])
def test_a_charge_of_which_nothing_was_refunded_names_no_refund(
    refunded: object,
) -> None:
    verdict = assess_equal_price("success", captured(refunded))
    assert verdict == Assessment("success", "Why")


@pytest.mark.parametrize("amount", ["0.01", "1.00", "3.99"])
def test_a_charge_that_was_refunded_in_part_stays_a_success_and_says_so(
    amount: str,
) -> None:
    verdict = assess_equal_price("success", captured(usd(amount)))
    assert verdict == Assessment("success", "Why", usd(amount))  # type: ignore[arg-type] # a price


@pytest.mark.parametrize("amount", ["4.00", "4.01", "10.00"])
def test_what_was_captured_and_is_refunded_in_full_has_moved(amount: str) -> None:
    verdict = assess_equal_price("success", captured(usd(amount)))
    assert verdict == Assessment("moved", "Refunded", usd(amount))  # type: ignore[arg-type] # a price


@pytest.mark.parametrize(
    ("amount", "outcome"), [("9.99", "success"), ("10.00", "moved")]
)
def test_without_a_captured_amount_the_charged_one_was_paid(
    amount: str, outcome: str
) -> None:
    charge = captured(usd(amount), captureAmount=None)
    assert assess_equal_price("success", charge).outcome == outcome


@pytest.mark.parametrize(
    ("refunded", "more", "reason"),
    [
        ({"amount": "1.00", "currencyCode": "JPY"}, {}, "CurrencyMismatch"),
        (usd("ten"), {}, "NoAmount"),
        ({}, {}, "NoAmount"),
        (usd("1.00"), {"captureAmount": None, "chargeAmount": None}, "NoAmount"),
    ],
)
def test_a_refund_that_cannot_be_compared_proves_nothing(
    refunded: object, more: dict[str, Any], reason: str
) -> None:
    verdict = assess_equal_price("success", captured(refunded, **more))
    assert verdict == Assessment("unknown", reason)


def test_refunds_of_a_charge_that_is_not_captured_are_not_looked_at() -> None:
    charge = captured(usd("4.00"), statusDetails={"state": "Authorized"})
    assert assess_equal_price("success", charge) == Assessment("success")


@pytest.mark.parametrize("reason", [None, 5, "with\na line", "x" * 100])
def test_a_reason_that_cannot_be_shown_is_none(reason: object) -> None:
    assert reason_of({"statusDetails": {"reasonCode": reason}}) is None
