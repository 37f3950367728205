"""Queries: unknown, doubled, malformed and missing members are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from AmazonPay.simulator.wire.queries import parameters
from reference.operations import OPERATIONS, QUERIES
from simulated import Shop

if TYPE_CHECKING:
    from reference.operations import Row

BAD_VALUE = (400, "InvalidParameterValue")
TIMES = ("createdSince", "createdUntil")


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_a_query_has_the_members_of_the_reference(row: Row) -> None:
    expected = list(QUERIES.get(row.name, {}).values())
    assert list(parameters(row.name)) == expected


def test_only_the_merchant_id_of_a_token_is_required() -> None:
    required = {
        (name, parameter.name)
        for name in QUERIES
        for parameter in parameters(name).values()
        if parameter.required
    }
    assert required == {("get_authorization_token", "merchantId")}


@pytest.mark.parametrize(
    "query",
    [
        "unknown=1",
        "pagesize=1",
        "pageSize=1&pageSize=2",
        "pageSize=",
        "pageSize=0",
        "pageSize=101",
        "pageSize=-1",
        "pageSize=1.0",
        "pageSize=%D9%A1",
        "pageSize=1000",
        "reportTypes=",
        "reportTypes=REFUND",
        "reportTypes=_GET_FLAT_FILE_OFFAMAZONPAYMENTS_REFUND_DATA_%2C",
        "processingStatuses=DONE",
        "processingStatuses=COMPLETED%2Ccompleted",
        *(f"{name}=2026-01-01T12%3A00%3A00Z" for name in TIMES),
        *(f"{name}=20260230T120000Z" for name in TIMES),
        *(f"{name}=2026011T120000Z" for name in TIMES),
        *(f"{name}=" for name in TIMES),
        "nextToken=",
        "nextToken=unknown",
    ],
)
def test_a_bad_query_of_reports_is_refused(query: str) -> None:
    assert Shop().get(f"/reports?{query}").error == BAD_VALUE


@pytest.mark.parametrize(
    "query",
    [
        "",
        "pageSize=1",
        "pageSize=100",
        "reportTypes=_GET_FLAT_FILE_OFFAMAZONPAYMENTS_CAPTURE_DATA_",
        "processingStatuses=IN_PROGRESS%2CCOMPLETED%2CFAILED%2CCANCELLED",
        *(f"{name}=20240229T235959Z" for name in TIMES),
    ],
)
def test_a_good_query_of_reports_is_answered(query: str) -> None:
    reply = Shop().get(f"/reports?{query}")
    assert (reply.status, reply.json["reports"]) == (200, [])


@pytest.mark.parametrize(
    ("path", "other"),
    [("/reports", "pageSize=10"), ("/disbursements", "startTime=20260101T000000Z")],
)
def test_a_next_token_goes_alone(path: str, other: str) -> None:
    reply = Shop().get(f"{path}?nextToken=t&{other}")
    assert reply.error == (400, "InvalidParameterCombination")


def test_a_call_that_takes_no_query_refuses_any(shop: Shop) -> None:
    charge = shop.buy().charge
    assert shop.get(f"/charges/{charge}").status == 200
    assert shop.get(f"/charges/{charge}?expand=1").error == BAD_VALUE


def test_an_unknown_member_is_named() -> None:
    assert "'expand'" in Shop().get("/reports?expand=1").json["message"]
