"""Disbursements: `amazon-pay-reports/request-disbursement-details.html`."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest

from callers import Caller, on_both_clients
from fitting import in_order, misfits
from reference.accounts import (
    DISBURSEMENT_AMOUNT,
    DISBURSEMENT_TIME,
    DISBURSEMENTS,
    SANDBOX_REPORT,
)
from simulated import Shop

ALWAYS = "startTime=20000101T000000Z&endTime=99991231T235959Z"
NOON_TO_MIDNIGHT = 12


def paid_out(shop: Shop, query: str = f"{ALWAYS}&pageSize=100") -> list[Any]:
    """List what was paid out, oldest first."""
    reply = shop.get(f"/disbursements?{query}")
    assert reply.status == 200, reply
    return list(reversed(reply.json["disbursements"]))


def amounts(shop: Shop) -> list[tuple[str, str]]:
    return [(one["transactionTime"][:10], one["amount"]) for one in paid_out(shop)]


# The call -----------------------------------------------------------------------------


@on_both_clients
def test_a_client_asks_for_disbursements(shop: Shop, awaits: bool) -> None:
    shop.sold()
    shop.clock.move(days=1)
    response = Caller(shop, awaits)(
        "get_disbursements", start_time="21000101T000000Z", end_time="21000201T000000Z"
    )
    found = response.json()
    assert response.status_code == 200
    assert misfits(found, DISBURSEMENTS) == []
    assert in_order(found, DISBURSEMENTS)
    (one,) = found["disbursements"]
    assert in_order(one, DISBURSEMENTS["disbursements*"][0])  # type: ignore[arg-type,index] # the table of one  # pyright: ignore[reportArgumentType]
    assert re.fullmatch(DISBURSEMENT_AMOUNT, one["amount"])
    assert re.fullmatch(DISBURSEMENT_TIME, one["transactionTime"])


@on_both_clients
def test_a_client_iterates_over_all_disbursements(shop: Shop, awaits: bool) -> None:
    for _ in range(7):
        shop.sold()
        shop.clock.move(days=1)
    found = Caller(shop, awaits).iterate(
        "iter_disbursements",
        start_time="21000101T000000Z",
        end_time="21000201T000000Z",
        page_size=3,
    )
    days = [one["transactionTime"][8:10] for one in found]
    assert days == ["22", "21", "20", "19", "18", "17", "16"]


# What is paid out ---------------------------------------------------------------------


def test_a_day_is_paid_out_when_it_is_over(shop: Shop) -> None:
    shop.sold("50")
    shop.sold("7.5")
    shop.clock.move(hours=NOON_TO_MIDNIGHT, seconds=-1)
    assert paid_out(shop) == []
    shop.clock.move(seconds=1)
    (one,) = paid_out(shop)
    assert one == {
        "sellerId": "A1SIMULATEDMERCHANT",
        "settlementId": one["settlementId"],
        "amazonDisbursementReferenceId": one["amazonDisbursementReferenceId"],
        "amount": "57.50",
        "currencyCode": "USD",
        "transactionTime": "2100-01-16T00:00:00.000Z",
    }


def test_refunds_and_lost_disputes_are_taken_off(shop: Shop) -> None:
    charge = shop.sold("50")
    shop.refund(charge, "10")
    dispute = shop.simulator.file_chargeback(charge, amount="15")["disputeId"]
    lost = {"state": "Resolved", "resolution": "BuyerWon"}
    shop.patch(f"/disputes/{dispute}", {"statusDetails": lost})
    shop.clock.move(days=1)
    assert amounts(shop) == [("2100-01-16", "25.00")]


def test_each_day_has_a_payment_of_its_own(shop: Shop) -> None:
    for amount in ("10", "20", "30"):
        shop.sold(amount)
        shop.clock.move(days=1)
    assert amounts(shop) == [
        ("2100-01-16", "10.00"),
        ("2100-01-17", "20.00"),
        ("2100-01-18", "30.00"),
    ]
    assert len({one["settlementId"] for one in paid_out(shop)}) == 3


def test_a_debt_is_carried_over_until_sales_are_above_it(shop: Shop) -> None:
    charge = shop.sold("50")
    shop.clock.move(days=1)
    shop.refund(charge, "50")
    shop.clock.move(days=1)
    shop.sold("20")
    shop.clock.move(days=1)
    shop.sold("45")
    shop.clock.move(days=1)
    assert amounts(shop) == [("2100-01-16", "50.00"), ("2100-01-19", "15.00")]


def test_a_day_that_comes_to_nothing_is_not_paid_out(shop: Shop) -> None:
    shop.refund(shop.sold("50"), "50")
    shop.clock.move(days=1)
    assert paid_out(shop) == []


def test_what_was_paid_out_stays_as_it_was(shop: Shop) -> None:
    charge = shop.sold()
    shop.clock.move(days=1)
    before = paid_out(shop)
    shop.refund(charge, "5")
    shop.clock.move(days=400)
    assert paid_out(shop) == before


def test_each_currency_is_paid_out_by_itself() -> None:
    shop = Shop("eu")
    shop.sold("50")
    shop.currency = "GBP"
    shop.sold("20")
    shop.clock.move(days=1)
    found = {one["currencyCode"]: one["amount"] for one in paid_out(shop)}
    assert found == {"EUR": "50.00", "GBP": "20.00"}
    assert len({one["settlementId"] for one in paid_out(shop)}) == 2


def test_yen_are_paid_out_without_decimals() -> None:
    shop = Shop("jp")
    shop.sold("500")
    shop.clock.move(days=1)
    assert amounts(shop) == [("2100-01-16", "500")]


def test_a_payment_and_its_report_name_the_same_settlement_and_sum(shop: Shop) -> None:
    shop.refund(shop.sold("50"), "12")
    shop.sold("8")
    shop.clock.move(days=1)
    (payment,) = paid_out(shop)
    body = {
        "reportType": SANDBOX_REPORT,
        "startTime": "21000115T000000Z",
        "endTime": "21000115T235959Z",
    }
    id_ = shop.post("/reports", body).json["reportId"]
    shop.clock.move(seconds=1)
    document = shop.get(f"/reports/{id_}").json["reportDocumentId"]
    url = shop.get(f"/report-documents/{document}").json["url"]
    table = shop.follow(url).body.decode().partition("\r\n\r\n")[2]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["SettlementId"] for row in rows} == {payment["settlementId"]}
    total = sum(Decimal(row["NetTransactionAmount"]) for row in rows)
    assert total == Decimal(payment["amount"])


# The question -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["", "startTime=21000101T000000Z", "endTime=21000101T000000Z", "pageSize=5"],
)
def test_both_times_are_needed(query: str) -> None:
    reply = Shop().get(f"/disbursements?{query}")
    assert reply.error == (400, "MissingParameterValue")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("21000116T000000Z", "21000118T000000Z", ["16", "17", "18"]),
        ("21000116T000001Z", "21000117T235959Z", ["17"]),
        ("21000117T000000Z", "21000117T000000Z", ["17"]),
        ("21000118T000001Z", "21000201T000000Z", []),
        ("21000118T000000Z", "21000117T000000Z", []),
    ],
)
def test_the_times_bound_the_settlement(
    shop: Shop, start: str, end: str, expected: list[str]
) -> None:
    for _ in range(3):
        shop.sold()
        shop.clock.move(days=1)
    found = paid_out(shop, f"startTime={start}&endTime={end}")
    assert [one["transactionTime"][8:10] for one in found] == expected


@pytest.mark.parametrize(("size", "pages"), [("1", 3), ("2", 2), ("3", 1), ("", 1)])
def test_disbursements_come_in_pages(shop: Shop, size: str, pages: int) -> None:
    for _ in range(3):
        shop.sold()
        shop.clock.move(days=1)
    reply = shop.get(f"/disbursements?{ALWAYS}" + (size and f"&pageSize={size}"))
    found, turned = list(reply.json["disbursements"]), 1
    while token := reply.json["nextToken"]:
        encoded = token.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
        reply = shop.get(f"/disbursements?nextToken={encoded}")
        found += reply.json["disbursements"]
        turned += 1
    assert turned == pages
    assert len({one["settlementId"] for one in found}) == len(found) == 3
