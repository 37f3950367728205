"""Reports and their documents: `amazon-pay-api-v2/reports.html`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ...resources.reports import ReportOperations
from ..engine.timestamps import checked_timestamp, format_timestamp
from ..observed import refuse
from ..rules import report_files
from ..wire import links
from ..wire.api_call import json_result
from ..wire.errors import invalid_value
from ..wire.messages import HTTPResponse
from ..wire.paging import page
from .registry import handles, in_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result
    from ..wire.messages import Request
    from ..wire.paging import Listing

KIND: Final = "report"
DOCUMENT: Final = "reportDocument"

_KEPT = timedelta(days=90)
_LINK_LIFE = timedelta(seconds=30)  # `amazon-pay-reports/downloading-reports.html`
_PURGE = "90 days pass"
_WRITTEN = "file is written"


# Life cycle ---------------------------------------------------------------------------


def check_type(context: Context, type_: str) -> None:
    """Refuse a type that the environment does not make.

    Sandbox makes the sandbox settlement report only.
    """
    # UNCONFIRMED: the code.
    sandbox_only = type_ == report_files.SANDBOX_SETTLEMENT
    makes_all = (
        context.environment == "sandbox" and context.settings.every_report_in_sandbox
    )
    if not makes_all and sandbox_only is not (context.environment == "sandbox"):
        refuse(
            "other-report",
            invalid_value(f"The reportType is not available in {context.environment}"),
        )


def create(
    context: Context, type_: str, start: str, end: str, event: str = _WRITTEN
) -> Record:
    """Create a report, which is in progress at first."""
    report: Record = {
        "id": context.ids.number(),
        "type": type_,
        "start": start,
        "end": end,
        "created": context.timestamp,
        "ended": None,
        "document": None,
    }
    context.create(KIND, report)
    after = context.settings.report_settles_after
    context.schedule(after, KIND, report, event)
    context.schedule(_KEPT, KIND, report, _PURGE)
    return report


def on_due(context: Context, report: Record, event: str) -> None:
    """Write a report's file, or delete the report after 90 days."""
    if event == _PURGE:
        context.delete(KIND, report["id"])
        context.delete(DOCUMENT, report["document"])
        return
    if report["state"] != "IN_PROGRESS":  # it has been made to end before
        return
    report["ended"] = context.timestamp
    if event != _WRITTEN:
        context.move(KIND, report, event)
        return
    text = report_files.text_of(context, report["type"], report["start"], report["end"])
    if text is None:
        context.move(KIND, report, "there is nothing to report")
        return
    report["document"] = context.ids.document()
    context.save(DOCUMENT, {"id": report["document"], "text": text})
    context.move(KIND, report, event)


# The object ---------------------------------------------------------------------------


def to_json(report: Record) -> dict[str, Any]:
    """Return a report in the form of the API."""
    return {
        "createdTime": report["created"],
        "endTime": report["end"],
        "processingEndTime": report["ended"],
        "processingStartTime": report["created"] if report["ended"] else None,
        "processingStatus": report["state"],
        "reportDocumentId": report["document"],
        "reportId": report["id"],
        "reportType": report["type"],
        "startTime": report["start"],
    }


# Calls --------------------------------------------------------------------------------


@handles(ReportOperations.get_reports)
def get_reports(context: Context, call: APICall) -> Result:
    """Answer Get Reports."""

    def listing(query: Mapping[str, str]) -> Listing:
        since = query.get("createdSince", format_timestamp(context.now - _KEPT))
        until = query.get("createdUntil", context.timestamp)
        wanted = {
            name: query[member].split(",")
            for name, member in (
                ("type", "reportTypes"),
                ("state", "processingStatuses"),
            )
            if member in query
        }
        return [
            (f"{report['created']} {report['id']}", to_json(report))
            for report in context.all(KIND)
            if since <= report["created"] <= until
            and all(report[name] in values for name, values in wanted.items())
        ]

    return json_result(200, page(context, call, "reports", listing))


@handles(ReportOperations.get_report, subject=in_path(KIND))
def get_report(context: Context, call: APICall, report: Record) -> Result:
    """Answer Get Report."""
    return json_result(200, to_json(report))


@handles(ReportOperations.create_report)
def create_report(context: Context, call: APICall) -> Result:
    """Answer Create Report."""
    body = call.body
    check_type(context, body["reportType"])
    # Without times, where that was observed, a report is about the last month.
    begin = body.get("startTime", format_timestamp(context.now - timedelta(days=30)))
    end = body.get("endTime", context.timestamp)
    start = checked_timestamp(begin, "startTime")
    if checked_timestamp(end, "endTime") < start:
        refuse("report-times-reversed", invalid_value("endTime is before startTime"))
    event = _WRITTEN if call.outcome is None else str(call.outcome.event)
    report = create(context, body["reportType"], begin, end, event)
    return json_result(201, {"reportId": report["id"]})


@handles(ReportOperations.get_report_document, subject=in_path(DOCUMENT))
def get_report_document(context: Context, call: APICall, document: Record) -> Result:
    """Answer Get Report Document: each call creates a link."""
    url = links.create_link(context, call, "GET", DOCUMENT, document["id"], _LINK_LIFE)
    answer = {
        "reportDocumentId": document["id"],
        "url": url,
        "compressionAlgorithm": "N/A",
    }
    return json_result(200, answer)


def download(context: Context, document: Record, request: Request) -> HTTPResponse:
    """Return the file of a report to whoever follows its link."""
    headers = (("content-type", "text/csv; charset=UTF-8"),)
    return HTTPResponse(200, document["text"].encode(), headers)
