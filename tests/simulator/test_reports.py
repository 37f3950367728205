"""Reports, their files and pages: `amazon-pay-api-v2/reports.html`."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from AmazonPay import ReportUnavailable, TransferFailed
from AmazonPay.report_files import parse_amount, read_report
from AmazonPay.simulator import Settings
from callers import Caller, on_both_clients
from fitting import in_order, misfits
from reference.accounts import (
    DAYS_KEPT,
    NOT_REQUESTED_REPORTS,
    REPORT,
    REPORT_CREATED,
    REPORT_DOCUMENT,
    REPORTS,
    REQUESTED_REPORTS,
    SANDBOX_REPORT,
    SCHEDULED_REPORTS,
    SECONDS_OF_A_LINK,
)
from simulated import Reply, Shop

if TYPE_CHECKING:
    from pathlib import Path

BAD_VALUE = (400, "InvalidParameterValue")
LIVE = "LIVE-AGTEST"
ORDERS, AGREEMENTS, AUTHORIZATIONS, REFUNDS = SCHEDULED_REPORTS
SINCE, UNTIL = "21000101T000000Z", "21001231T235959Z"


def body_of(kind: str = SANDBOX_REPORT, start: str = SINCE, end: str = UNTIL) -> Any:
    return {"reportType": kind, "startTime": start, "endTime": end}


def ask(shop: Shop, kind: str = SANDBOX_REPORT, **more: Any) -> str:
    """Ask for a report; give its id."""
    reply = shop.post("/reports", body_of(kind, **more))
    assert reply.status == 201, reply
    return str(reply.json["reportId"])


def made(shop: Shop, kind: str = SANDBOX_REPORT, **more: Any) -> dict[str, Any]:
    """Ask for a report, and wait until it is there."""
    id_ = ask(shop, kind, **more)
    shop.clock.move(seconds=1)
    return dict(shop.get(f"/reports/{id_}").json)


def link_to(shop: Shop, report: dict[str, Any]) -> str:
    document = shop.get(f"/report-documents/{report['reportDocumentId']}")
    assert document.status == 200, document
    return str(document.json["url"])


def rows_of(shop: Shop, kind: str = SANDBOX_REPORT, **more: Any) -> list[Any]:
    """Read the table of a report's file."""
    text = text_of(shop, kind, **more)
    table = text.partition("\r\n\r\n")[2] if kind == SANDBOX_REPORT else text
    return list(csv.DictReader(io.StringIO(table, newline="")))


def text_of(shop: Shop, kind: str = SANDBOX_REPORT, **more: Any) -> str:
    """Read the file of a report."""
    file = shop.follow(link_to(shop, made(shop, kind, **more)))
    assert (file.status, file.headers["content-type"]) == (
        200,
        "text/csv; charset=UTF-8",
    )
    return file.body.decode()


# All calls ----------------------------------------------------------------------------


@on_both_clients
def test_a_client_asks_for_a_report_and_its_document(shop: Shop, awaits: bool) -> None:
    shop.sold()
    call = Caller(shop, awaits)
    created = call("create_report", body_of())
    id_ = created.json()["reportId"]
    begun = call("get_report", id_).json()
    shop.clock.move(seconds=1)
    done = call("get_report", id_)
    listed = call("get_reports", report_types=[SANDBOX_REPORT], page_size=5)
    document = call("get_report_document", done.json()["reportDocumentId"])
    answers = [created, done, listed, document]
    assert [a.status_code for a in answers] == [201, 200, 200, 200]
    tables = [REPORT_CREATED, REPORT, REPORTS, REPORT_DOCUMENT]
    for answer, table in zip(answers, tables, strict=True):
        assert misfits(answer.json(), table) == []
        assert in_order(answer.json(), table)
    assert (begun["processingStatus"], done.json()["processingStatus"]) == (
        "IN_PROGRESS",
        "COMPLETED",
    )
    assert listed.json()["reports"] == [done.json()]


@on_both_clients
def test_a_client_downloads_a_report(shop: Shop, awaits: bool, tmp_path: Path) -> None:
    shop.sold()
    id_ = ask(shop)
    shop.clock.move(seconds=1)
    path = Caller(shop, awaits)("download_report", id_, tmp_path / "report.csv")
    assert path == tmp_path / "report.csv"
    assert path.read_bytes().startswith(b'"SettlementStartDate",')


@on_both_clients
def test_a_client_reads_the_facts_and_exact_amounts_of_a_settlement(
    shop: Shop, awaits: bool, tmp_path: Path
) -> None:
    shop.sold("1234.5")
    id_ = ask(shop)
    shop.clock.move(seconds=1)
    caller = Caller(shop, awaits)
    (row,) = caller.iterate("iter_report_rows", id_)
    assert parse_amount(row["TransactionAmount"]) == Decimal("1234.50")
    path = caller("download_report", id_, tmp_path / "settlement.csv")
    table = read_report(path)
    assert table.facts["SellerId"] == "A1SIMULATEDMERCHANT"
    assert list(table) == [row]


@on_both_clients
def test_a_client_reads_the_rows_of_a_report(awaits: bool) -> None:
    shop = Shop(settings=Settings(every_report_in_sandbox=True))
    charge = shop.sold()
    id_ = ask(shop, AUTHORIZATIONS)
    shop.clock.move(seconds=1)
    rows = Caller(shop, awaits).iterate("iter_report_rows", id_)
    assert [row["AmazonAuthorizationId"] for row in rows] == [charge]
    assert [row["CapturedAmount"] for row in rows] == ["50.00"]


@on_both_clients
def test_a_client_waits_for_a_report(shop: Shop, awaits: bool) -> None:
    shop.sold()
    id_ = ask(shop)
    call = Caller(shop, awaits)
    early = call("wait_for_report", id_, deadline=0.0)
    shop.clock.move(seconds=1)
    done = call("wait_for_report", id_)
    assert (early["processingStatus"], done["processingStatus"]) == (
        "IN_PROGRESS",
        "COMPLETED",
    )


@on_both_clients
def test_a_client_iterates_over_all_reports(shop: Shop, awaits: bool) -> None:
    ids = [ask(shop) for _ in range(23)]
    found = Caller(shop, awaits).iterate("iter_reports", page_size=10)
    assert sorted(report["reportId"] for report in found) == sorted(ids)


@on_both_clients
def test_a_client_cannot_download_what_was_not_made(
    shop: Shop, awaits: bool, tmp_path: Path
) -> None:
    id_ = ask(shop)
    shop.clock.move(seconds=1)
    with pytest.raises(ReportUnavailable) as unavailable:
        Caller(shop, awaits)("download_report", id_, tmp_path / "report.csv")
    assert unavailable.value.processing_status == "CANCELLED"
    assert list(tmp_path.iterdir()) == []


# The report ---------------------------------------------------------------------------


def test_a_report_is_made_after_a_while() -> None:
    shop = Shop(settings=Settings(report_settles_after=timedelta(minutes=5)))
    shop.sold()
    path = f"/reports/{ask(shop)}"
    begun = shop.get(path).json
    assert begun == {
        "createdTime": "21000115T120000Z",
        "endTime": UNTIL,
        "processingEndTime": None,
        "processingStartTime": None,
        "processingStatus": "IN_PROGRESS",
        "reportDocumentId": None,
        "reportId": begun["reportId"],
        "reportType": SANDBOX_REPORT,
        "startTime": SINCE,
    }
    shop.clock.move(seconds=299)
    assert shop.get(path).json == begun
    shop.clock.move(seconds=1)
    done = shop.get(path).json
    assert done == {
        **begun,
        "processingEndTime": "21000115T120500Z",
        "processingStartTime": "21000115T120000Z",
        "processingStatus": "COMPLETED",
        "reportDocumentId": done["reportDocumentId"],
    }
    assert done["reportDocumentId"].startswith("amzn1.tortuga.0.")
    assert begun["reportId"].isdigit()


def test_a_report_of_nothing_is_cancelled(shop: Shop) -> None:
    shop.sold()
    report = made(shop, start="20991231T000000Z", end="20991231T235959Z")
    assert report["processingStatus"] == "CANCELLED"
    assert report["reportDocumentId"] is None
    assert report["processingEndTime"] == "21000115T120001Z"


def test_a_report_is_gone_after_90_days(shop: Shop) -> None:
    shop.sold()
    report = made(shop)
    id_, document = report["reportId"], report["reportDocumentId"]
    shop.clock.move(days=DAYS_KEPT, seconds=-2)
    assert shop.get(f"/reports/{id_}").status == 200
    shop.clock.move(seconds=1)
    gone = (404, "ResourceNotFound")
    assert shop.get(f"/reports/{id_}").error == gone
    assert shop.get(f"/report-documents/{document}").error == gone
    assert shop.get("/reports").json["reports"] == []


@pytest.mark.parametrize("path", ["/reports/1", "/report-documents/1"])
def test_an_unknown_report_is_not_found(path: str) -> None:
    reply = Shop().get(path)
    assert reply.error == (404, "ResourceNotFound")
    assert path in reply.json["message"]


def test_a_repeated_key_is_the_same_report(shop: Shop) -> None:
    replies = {shop.post("/reports", body_of(), key="k").body for _ in range(2)}
    assert len(replies) == 1
    assert len(shop.get("/reports").json["reports"]) == 1


# Which types there are ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "made_here"),
    [
        ({}, {SANDBOX_REPORT}),
        ({"settings": Settings(every_report_in_sandbox=True)}, {*REQUESTED_REPORTS}),
        ({"key_id": LIVE}, {*REQUESTED_REPORTS} - {SANDBOX_REPORT}),
    ],
    ids=["sandbox", "sandbox that makes all", "live"],
)
def test_an_environment_makes_its_own_types(
    options: dict[str, Any], made_here: set[str]
) -> None:
    shop = Shop(**options)
    for kind in REQUESTED_REPORTS:
        reply = shop.post("/reports", body_of(kind))
        if kind in made_here:
            assert reply.status == 201
        else:
            assert reply.error == BAD_VALUE


@pytest.mark.parametrize("kind", NOT_REQUESTED_REPORTS)
def test_some_types_cannot_be_asked_for(kind: str) -> None:
    assert Shop(key_id=LIVE).post("/reports", body_of(kind)).error == BAD_VALUE


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"startTime": "21000231T000000Z"}, BAD_VALUE),
        ({"endTime": "21000115T246000Z"}, BAD_VALUE),
        ({"startTime": "2100-01-01T00:00:00Z"}, BAD_VALUE),
        ({"startTime": "21000102T000000Z", "endTime": SINCE}, BAD_VALUE),
        ({"reportType": "SALES"}, BAD_VALUE),
        ({"format": "csv"}, (400, "UnrecognizedField")),
    ],
)
def test_a_bad_request_for_a_report_is_refused(
    change: dict[str, str], error: tuple[int, str]
) -> None:
    assert Shop().post("/reports", {**body_of(), **change}).error == error


@pytest.mark.parametrize("member", ["reportType", "startTime", "endTime"])
def test_all_members_are_needed(member: str) -> None:
    body = {name: value for name, value in body_of().items() if name != member}
    assert Shop().post("/reports", body).error == (400, "MissingParameterValue")


def test_a_report_of_one_second_is_a_report(shop: Shop) -> None:
    shop.sold()
    second = shop.clock.text
    assert len(rows_of(shop, start=second, end=second)) == 1


# Pages --------------------------------------------------------------------------------


def pages(shop: Shop, query: str = "") -> list[list[str]]:
    """Turn all pages of the reports that a query finds."""
    found: list[list[str]] = []
    reply = shop.get(f"/reports{query}")
    while True:
        assert reply.status == 200, reply
        found.append([report["reportId"] for report in reply.json["reports"]])
        if reply.json["nextToken"] is None:
            return found
        reply = following(shop, reply)


def following(shop: Shop, reply: Reply, path: str = "/reports") -> Reply:
    token = quote(reply.json["nextToken"], safe="")
    return shop.get(f"{path}?nextToken={token}")


def asked(shop: Shop, count: int) -> list[str]:
    """Ask for reports, one a minute; give their ids, newest first."""
    ids: list[str] = []
    for _ in range(count):
        shop.clock.move(seconds=60)
        ids.insert(0, ask(shop))
    return ids


@pytest.mark.parametrize(
    ("count", "query", "sizes"),
    [
        (0, "", [0]),
        (9, "", [9]),
        (10, "", [10]),
        (11, "", [10, 1]),
        (23, "", [10, 10, 3]),
        (4, "?pageSize=1", [1, 1, 1, 1]),
        (4, "?pageSize=2", [2, 2]),
        (12, "?pageSize=100", [12]),
    ],
)
def test_a_page_has_ten_reports_unless_told_otherwise(
    shop: Shop, count: int, query: str, sizes: list[int]
) -> None:
    ids = asked(shop, count)
    found = pages(shop, query)
    assert [len(page) for page in found] == sizes
    assert [id_ for page in found for id_ in page] == ids


def test_reports_of_one_second_are_all_listed_once(shop: Shop) -> None:
    ids = {ask(shop) for _ in range(7)}
    found = [id_ for page in pages(shop, "?pageSize=2") for id_ in page]
    assert len(found) == 7
    assert set(found) == ids


def test_a_new_report_moves_nothing_between_pages(shop: Shop) -> None:
    ids = asked(shop, 4)
    first = shop.get("/reports?pageSize=2")
    asked(shop, 3)
    second = following(shop, first)
    found = first.json["reports"] + second.json["reports"]
    assert [report["reportId"] for report in found] == ids


def test_a_page_can_be_turned_twice(shop: Shop) -> None:
    asked(shop, 3)
    first = shop.get("/reports?pageSize=1")
    again = following(shop, first).json["reports"]
    assert following(shop, first).json["reports"] == again


def test_the_next_page_keeps_the_question(shop: Shop) -> None:
    shop.sold()
    ids = asked(shop, 3)
    shop.clock.move(seconds=1)
    asked(shop, 2)
    found = pages(shop, "?pageSize=1&processingStatuses=COMPLETED")
    assert [id_ for page in found for id_ in page][-3:] == ids
    assert pages(shop, "?processingStatuses=FAILED") == [[]]


def test_reports_are_found_by_type() -> None:
    shop = Shop(key_id=LIVE)
    one, two, _ = (ask(shop, kind) for kind in (ORDERS, REFUNDS, AUTHORIZATIONS))
    both = pages(shop, f"?reportTypes={ORDERS}%2C{REFUNDS}")
    assert sorted(both[0]) == sorted([one, two])
    assert pages(shop, f"?reportTypes={ORDERS}") == [[one]]


def test_reports_are_found_by_the_time_of_their_creation(shop: Shop) -> None:
    three, two, one = asked(shop, 3)
    first, second, third = "21000115T120100Z", "21000115T120200Z", "21000115T120300Z"
    assert pages(shop, f"?createdSince={second}") == [[three, two]]
    assert pages(shop, f"?createdUntil={second}") == [[two, one]]
    assert pages(shop, f"?createdSince={first}&createdUntil={first}") == [[one]]
    assert pages(shop, f"?createdSince={third}&createdUntil={first}") == [[]]


def test_a_token_is_of_one_call_and_one_day(shop: Shop) -> None:
    asked(shop, 2)
    first = shop.get("/reports?pageSize=1")
    assert following(shop, first, "/disbursements").error == BAD_VALUE
    shop.clock.move(hours=24)
    assert following(shop, first).error == BAD_VALUE


# The link -----------------------------------------------------------------------------


def test_a_link_lives_for_30_seconds_and_may_be_used_twice(shop: Shop) -> None:
    shop.sold()
    url = link_to(shop, made(shop))
    shop.clock.move(seconds=SECONDS_OF_A_LINK - 1)
    assert [shop.follow(url).status for _ in range(2)] == [200, 200]
    shop.clock.move(seconds=1)
    assert shop.follow(url).error == (403, "InvalidAuthentication")


def test_each_call_for_a_document_gives_another_link(shop: Shop) -> None:
    shop.sold()
    report = made(shop)
    assert len({link_to(shop, report) for _ in range(5)}) == 5


def test_a_link_to_a_document_is_for_get_alone(shop: Shop) -> None:
    shop.sold()
    url = link_to(shop, made(shop))
    assert shop.follow(url, "PUT", b"x").error == (405, "RequestNotSupported")


def test_a_link_to_a_document_that_is_gone_leads_nowhere(shop: Shop) -> None:
    shop.sold()
    report = made(shop)
    shop.clock.move(days=DAYS_KEPT, seconds=-10)
    url = link_to(shop, report)
    assert shop.follow(url).status == 200
    shop.clock.move(seconds=10)
    assert shop.follow(url).error == (403, "InvalidAuthentication")


@on_both_clients
def test_a_client_is_told_that_a_link_ran_out(
    shop: Shop, awaits: bool, tmp_path: Path
) -> None:
    shop.sold()
    report = made(shop)
    caller = Caller(shop, awaits)

    def late() -> object:
        shop.clock.move(seconds=31)
        return shop.clock.now

    # Whenever the simulator asks for the time, half a minute has passed.
    shop.simulator.clock = late  # type: ignore[assignment] # a clock in a hurry  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TransferFailed, match="403"):
        caller("download_report", report["reportId"], tmp_path / "report.csv")
    assert list(tmp_path.iterdir()) == []


# The files ----------------------------------------------------------------------------


def test_a_settlement_has_captures_refunds_and_lost_disputes(shop: Shop) -> None:
    reference = {"merchantReferenceId": "order-1", "merchantStoreName": "My Store"}
    bought = shop.buy(
        "50", "AuthorizeWithCapture", more={"merchantMetadata": reference}
    )
    shop.clock.move(seconds=10)
    refund = shop.refund(bought.charge, "12.5").json["refundId"]
    shop.clock.move(seconds=40)
    dispute = shop.simulator.file_chargeback(bought.charge, amount="7")["disputeId"]
    lost = {"state": "Resolved", "resolution": "BuyerWon"}
    shop.patch(f"/disputes/{dispute}", {"statusDetails": lost})
    rows = rows_of(shop)
    told = [
        (
            row["TransactionPostedDate"],
            row["TransactionType"],
            row["AmazonTransactionId"],
            row["NetTransactionAmount"],
        )
        for row in rows
    ]
    assert told == [
        ("2100-01-15T12:00:00 +0000", "Capture", bought.charge, "50.00"),
        ("2100-01-15T12:00:40 +0000", "Refund", refund, "-12.50"),
        ("2100-01-15T12:00:50 +0000", "Chargeback", dispute, "-7.00"),
    ]
    assert {row["SellerOrderId"] for row in rows} == {"order-1"}
    assert {row["StoreName"] for row in rows} == {"My Store"}
    assert {row["AmazonOrderReferenceId"] for row in rows} == {bought.permission}
    assert {row["CurrencyCode"] for row in rows} == {"USD"}
    assert len({row["SettlementId"] for row in rows}) == 1


def test_a_settlement_leaves_out_what_moved_no_money(shop: Shop) -> None:
    shop.buy()  # authorized only
    charge = shop.sold()
    won = shop.simulator.file_chargeback(charge)["disputeId"]
    refund = shop.refund(charge, "1", code="AmazonRejected")
    assert refund.status == 201
    shop.simulator.file_chargeback(shop.sold())  # open
    details = {"state": "Resolved", "resolution": "MerchantWon"}
    shop.patch(f"/disputes/{won}", {"statusDetails": details})
    shop.clock.move(seconds=5)
    assert {row["TransactionType"] for row in rows_of(shop)} == {"Capture"}


def test_text_of_the_merchant_is_quoted_in_a_file(shop: Shop) -> None:
    odd = 'a,"b"\n漢字;=1+1'
    more = {"merchantMetadata": {"merchantReferenceId": odd}}
    shop.buy("50", "AuthorizeWithCapture", more=more)
    (row,) = rows_of(shop)
    assert row["SellerOrderId"] == odd


def test_a_settlement_begins_with_facts_and_quotes_its_cells(shop: Shop) -> None:
    shop.sold("1234.5")
    facts, _, table = text_of(shop).partition("\r\n\r\n")
    assert facts.splitlines() == [
        '"SettlementStartDate","2100-01-01T00:00:00 +0000"',
        '"SettlementEndDate","2100-12-31T23:59:59 +0000"',
        '"SellerId","A1SIMULATEDMERCHANT"',
    ]
    head, row = table.splitlines()
    assert head.startswith('"TransactionPostedDate","SettlementId",')
    assert ',"1,234.50",' in row


def test_a_settlement_says_what_was_paid_out_without_a_transaction_id(
    shop: Shop,
) -> None:
    shop.sold("1500")
    shop.clock.move(days=1)
    shop.sold("20")
    told = [
        (
            row["TransactionPostedDate"],
            row["TransactionType"],
            row["AmazonTransactionId"] == "",
            row["TransactionAmount"],
        )
        for row in rows_of(shop)
    ]
    assert told == [
        ("2100-01-15T12:00:00 +0000", "Capture", False, "1,500.00"),
        ("2100-01-16T00:00:00 +0000", "Transfer", True, "-1,500.00"),
        ("2100-01-16T12:00:00 +0000", "Capture", False, "20.00"),
    ]


def test_yen_have_no_decimals_in_a_file() -> None:
    shop = Shop("jp")
    shop.sold("500")
    (row,) = rows_of(shop)
    assert (row["TransactionAmount"], row["CurrencyCode"]) == ("500", "JPY")


def live_rows(kind: str) -> list[Any]:
    """Sell, refund and subscribe in a live shop; read a report of it."""
    shop = Shop(key_id=LIVE)
    charge = shop.sold()
    shop.refund(charge, "5")
    monthly = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": monthly}
    shop.buy("20", more=more)
    shop.clock.move(seconds=30)
    return rows_of(shop, kind)


def test_orders_are_one_time_permissions() -> None:
    (row,) = live_rows(ORDERS)
    assert row["AmazonOrderReferenceId"].startswith("P01-")
    assert (row["Amount"], row["Status"], row["ReasonCode"]) == (
        "50.00",
        "Closed",
        "AmazonClosed",
    )


def test_agreements_are_the_other_permissions() -> None:
    (row,) = live_rows(AGREEMENTS)
    assert row["AmazonBillingAgreementId"].startswith("B01-")
    assert row["Status"] == "Chargeable"


def test_authorizations_are_charges() -> None:
    rows = live_rows(AUTHORIZATIONS)
    told = [(r["AuthorizationAmount"], r["CapturedAmount"], r["Status"]) for r in rows]
    assert sorted(told) == [("20.00", "", "Authorized"), ("50.00", "50.00", "Captured")]


def test_refunds_are_refunds() -> None:
    (row,) = live_rows(REFUNDS)
    assert (row["RefundAmount"], row["Status"]) == ("5.00", "Refunded")
    assert row["AmazonRefundId"].rpartition("-")[0] in row["AmazonCaptureId"]


def test_payments_of_several_currencies_are_what_was_settled() -> None:
    rows = live_rows(REQUESTED_REPORTS[-1])
    assert [row["TransactionType"] for row in rows] == ["Capture", "Refund"]


@pytest.mark.parametrize("kind", SCHEDULED_REPORTS)
def test_a_file_has_what_was_created_in_its_time(kind: str) -> None:
    shop = Shop(key_id=LIVE)
    shop.sold()
    report = made(shop, kind, start="21000115T120001Z")
    assert report["processingStatus"] == "CANCELLED"
