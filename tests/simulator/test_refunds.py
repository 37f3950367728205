"""Refunds: how much, how many, and how they end."""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from AmazonPay.simulator import Ids, Settings
from reference import orders
from reference.limits import LARGEST, REFUNDABLE, REFUNDS_PER_CHARGE
from simulated import Shop

NOT_FOUND = (404, "ResourceNotFound")
TOO_MUCH = (400, "TransactionAmountExceeded")
WRONG_STATE = (422, "InvalidChargeStatus")
BAD_CODE = (400, "InvalidSandboxSimulationSpecified")


def refunded(shop: Shop, charge: str) -> Any:
    return shop.get(f"/charges/{charge}").json["refundedAmount"]


def shop_of(currency: str) -> Shop:
    region = {"USD": "na", "JPY": "jp"}.get(currency, "eu")
    return Shop(region, ledger_currency=currency)


# The object ---------------------------------------------------------------------------


def test_a_refund_shows_all_its_members_in_order(shop: Shop) -> None:
    charge = shop.sold()
    body = {
        "chargeId": charge,
        "refundAmount": shop.money("14"),
        "softDescriptor": "Sorry",
    }
    reply = shop.post("/refunds", body)
    refund = reply.json["refundId"]
    assert reply.status == 201
    assert list(reply.json) == orders.REFUND
    assert reply.json == {
        "refundId": refund,
        "chargeId": charge,
        "creationTimestamp": "21000115T120000Z",
        "refundAmount": {"amount": "14.00", "currencyCode": "USD"},
        "statusDetails": {
            "state": "RefundInitiated",
            "reasonCode": None,
            "reasonDescription": None,
            "lastUpdatedTimestamp": "21000115T120000Z",
        },
        "softDescriptor": "AMZ*Sorry",
        "releaseEnvironment": "Sandbox",
    }
    assert shop.get(f"/refunds/{refund}").json == reply.json


def test_a_refund_shares_the_order_of_its_charge(shop: Shop) -> None:
    charge = shop.sold()
    refund = shop.refund(charge, "1").json["refundId"]
    assert re.fullmatch(r"S01-\d{7}-\d{7}-R\d{6}", refund)
    assert refund[:19] == charge[:19]


def test_an_unknown_id_is_not_found(shop: Shop) -> None:
    assert shop.get("/refunds/S01-0000000-0000000-R000000").error == NOT_FOUND
    assert shop.refund("S01-0000000-0000000-C000000", "1").error == NOT_FOUND


# Ends ---------------------------------------------------------------------------------


def test_a_refund_is_pending_first_and_the_charge_counts_it_when_it_is_done(
    shop: Shop,
) -> None:
    charge = shop.sold()
    refund = shop.refund(charge, "20").json["refundId"]
    assert refunded(shop, charge) == shop.money("0.00")
    shop.clock.move(seconds=30)
    assert shop.get(f"/refunds/{refund}").state == ("Refunded", None)
    assert refunded(shop, charge) == shop.money("20.00")
    shop.refund(charge, "5.5")
    shop.clock.move(seconds=30)
    assert refunded(shop, charge) == shop.money("25.50")
    assert shop.get(f"/charges/{charge}").state == ("Captured", None)


@pytest.mark.parametrize("code", ["AmazonRejected", "ProcessingFailure"])
def test_a_refund_that_is_declined_frees_its_amount(code: str) -> None:
    shop = Shop(settings=Settings(refund_simulation_codes=(code,)))
    charge = shop.sold("100")
    reply = shop.refund(charge, "115", code=code)
    assert (reply.status, reply.state) == (201, ("RefundInitiated", None))
    assert shop.refund(charge, "1").error == TOO_MUCH
    shop.clock.move(seconds=30)
    assert shop.get(f"/refunds/{reply.json['refundId']}").state == ("Declined", code)
    assert refunded(shop, charge) == shop.money("0.00")
    assert shop.refund(charge, "115").status == 201


@pytest.mark.parametrize(
    "code", ["ProcessingFailure", "SoftDeclined", "amazonrejected"]
)
def test_a_code_that_is_not_taken_is_refused(shop: Shop, code: str) -> None:
    assert shop.refund(shop.sold(), "1", code=code).error == BAD_CODE


def test_a_code_of_another_name_lets_a_refund_fail() -> None:
    shop = Shop(settings=Settings(refund_simulation_codes=("RefundX",)))
    refund = shop.refund(shop.sold(), "1", code="RefundX").json["refundId"]
    shop.clock.move(seconds=30)
    assert shop.get(f"/refunds/{refund}").state == ("Declined", "ProcessingFailure")


# How much and how many ----------------------------------------------------------------


@pytest.mark.parametrize(("amount", "currency", "most"), REFUNDABLE)
def test_at_once_the_most_is_refunded_and_not_a_unit_more(
    amount: str, currency: str, most: str
) -> None:
    shop = shop_of(currency)
    unit = Decimal(1) if currency == "JPY" else Decimal("0.01")
    charge = shop.sold(amount)
    assert shop.refund(charge, str(Decimal(most) + unit)).error == TOO_MUCH
    if Decimal(most) <= Decimal(LARGEST[currency]):
        assert shop.refund(charge, most).status == 201
        assert shop.refund(charge, str(unit)).error == TOO_MUCH


@pytest.mark.parametrize(("amount", "currency", "most"), REFUNDABLE)
def test_bit_by_bit_it_is_the_same(amount: str, currency: str, most: str) -> None:
    shop = shop_of(currency)
    unit = Decimal(1) if currency == "JPY" else Decimal("0.01")
    charge = shop.sold(amount)
    assert shop.refund(charge, str(unit)).status == 201
    rest = Decimal(most) - unit
    assert shop.refund(charge, str(rest + unit)).error == TOO_MUCH
    if rest:
        over = rest > Decimal(LARGEST[currency])
        assert shop.refund(charge, str(rest)).status == (400 if over else 201)


@pytest.mark.parametrize(("currency", "most"), LARGEST.items())
def test_one_refund_has_a_maximum(currency: str, most: str) -> None:
    shop = shop_of(currency)
    charge = shop.sold(most)
    assert shop.refund(charge, int(most) + 1).error == TOO_MUCH
    assert shop.refund(charge, most).status == 201


def test_the_share_is_of_what_was_captured_not_of_what_was_asked(shop: Shop) -> None:
    charge = shop.buy("100").charge
    shop.capture(charge, "10")
    assert shop.refund(charge, "11.51").error == TOO_MUCH
    assert shop.refund(charge, "11.50").status == 201


def test_a_charge_takes_ten_refunds(shop: Shop) -> None:
    charge = shop.sold()
    for _ in range(REFUNDS_PER_CHARGE):
        assert shop.refund(charge, "1").status == 201
    assert shop.refund(charge, "1").error == (422, "TransactionCountExceeded")


def test_a_refund_is_in_the_currency_of_its_charge() -> None:
    shop = Shop("eu")
    body = {
        "chargeId": shop.sold(),
        "refundAmount": {"amount": "1", "currencyCode": "GBP"},
    }
    assert shop.post("/refunds", body).error == (400, "CurrencyMismatch")


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_an_amount_that_is_none_is_refused(shop: Shop, amount: str) -> None:
    reply = shop.refund(shop.sold(), amount)
    assert reply.error == (400, "InvalidParameterValue")


# When ---------------------------------------------------------------------------------


def test_only_a_captured_charge_is_refunded(shop: Shop) -> None:
    authorized, canceled = shop.buy().charge, shop.buy().charge
    shop.delete(f"/charges/{canceled}/cancel", {})
    permission = shop.buy("50", "Confirm").permission
    waiting = shop.charge(permission, "1", canHandlePendingAuthorization=True)
    under_way = shop.charge(permission, "1", captureNow=True, code="CaptureInitiated")
    for charge in (
        authorized,
        canceled,
        waiting.json["chargeId"],
        under_way.json["chargeId"],
    ):
        assert shop.refund(charge, "1").error == WRONG_STATE


def test_there_is_no_time_limit_and_a_closed_permission_is_no_obstacle(
    shop: Shop,
) -> None:
    bought = shop.buy("50", "AuthorizeWithCapture")
    assert shop.get(f"/chargePermissions/{bought.permission}").state[0] == "Closed"
    shop.clock.move(days=3650)
    assert shop.refund(bought.charge, "50").status == 201


# Ids ----------------------------------------------------------------------------------


def test_ids_of_one_order_never_meet(shop: Shop) -> None:
    class Few(Ids):
        """Has two ids for whatever extends an order."""

        def suffixed(self, order: str, letter: str) -> str:
            return f"{order}-{letter}{self.random.choice('12')}"

    shop.simulator.ids = Few(Random(1))  # noqa: S311 - a seed
    charge = shop.sold()
    ids = {shop.refund(charge, "1").json["refundId"] for _ in range(2)}
    assert len(ids) == 2


def test_where_no_id_is_left_nothing_is_overwritten(
    shop: Shop,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class One(Ids):
        """Has one id for whatever extends an order."""

        def suffixed(self, order: str, letter: str) -> str:
            return f"{order}-{letter}0"

    shop.simulator.ids = One()
    charge = shop.sold()
    first = shop.refund(charge, "1")
    assert shop.refund(charge, "2").error == (500, "InternalServerError")
    assert "no id is left for a refund" in caplog.text
    kept = shop.get(f"/refunds/{first.json['refundId']}").json
    assert kept["refundAmount"] == shop.money("1.00")
