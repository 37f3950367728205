"""Reports and their documents: `amazon-pay-api-v2/reports.html`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..engine.timestamps import moment, written
from ..rules import report_files
from ..wire import links
from ..wire.api_call import Raw
from ..wire.errors import Refusal
from ..wire.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import World
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result
    from ..wire.messages import Request
    from ..wire.paging import Listing

KIND: Final = "report"
DOCUMENT: Final = "reportDocument"

_KEPT = timedelta(days=90)
_LINK_LIFE = timedelta(seconds=30)  # `amazon-pay-reports/downloading-reports.html`
_PURGE = "90 days pass"


# Life ---------------------------------------------------------------------------------


def check_type(world: World, type_: str) -> None:
    """Refuse a type that this environment does not make.

    The sandbox makes the sandbox settlement report only. The code of the refusal, and
    that live does not make that one, are unconfirmed.
    """
    sandbox_only = type_ == report_files.SANDBOX_SETTLEMENT
    free = world.environment == "sandbox" and world.settings.every_report_in_sandbox
    if not free and sandbox_only is not (world.environment == "sandbox"):
        raise Refusal(
            "InvalidParameterValue",
            f"The reportType is not available in {world.environment}",
        )


def create(world: World, type_: str, start: str, end: str) -> Record:
    """Ask for a report; it is made after a while."""
    report: Record = {
        "id": world.ids.number(),
        "type": type_,
        "start": start,
        "end": end,
        "created": written(world.now),
        "ended": None,
        "document": None,
    }
    world.create(KIND, report)
    after = world.settings.report_settles_after
    world.plan(after, KIND, report, "file is written")
    world.plan(_KEPT, KIND, report, _PURGE)
    return report


def happen(world: World, report: Record, event: str) -> None:
    """Make a report's file, or forget the report after its 90 days."""
    if event == _PURGE:
        world.delete(KIND, report["id"])
        world.delete(DOCUMENT, report["document"])
        return
    text = report_files.text_of(world, report["type"], report["start"], report["end"])
    report["ended"] = written(world.now)
    if text is None:
        world.move(KIND, report, "there is nothing to report")
        return
    report["document"] = world.ids.document()
    world.save(DOCUMENT, {"id": report["document"], "text": text})
    world.move(KIND, report, event)


# The object ---------------------------------------------------------------------------


def show(report: Record) -> dict[str, Any]:
    """Write a report as the API does."""
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


def get_reports(world: World, call: APICall) -> Result:
    """Answer Get Reports."""

    def listed(query: Mapping[str, str]) -> Listing:
        since = query.get("createdSince", written(world.now - _KEPT))
        until = query.get("createdUntil", written(world.now))
        wanted = {
            name: query[member].split(",")
            for name, member in (
                ("type", "reportTypes"),
                ("state", "processingStatuses"),
            )
            if member in query
        }
        return [
            (f"{report['created']} {report['id']}", show(report))
            for report in world.all(KIND)
            if since <= report["created"] <= until
            and all(report[name] in values for name, values in wanted.items())
        ]

    found = page(world, call, listed)
    return 200, {"reports": found["items"], "nextToken": found["nextToken"]}


def get_report(world: World, call: APICall) -> Result:
    """Answer Get Report."""
    report = world.find(KIND, call.ids["report_id"])
    if report is None:
        raise call.not_found()
    return 200, show(report)


def create_report(world: World, call: APICall) -> Result:
    """Answer Create Report."""
    body = call.body
    check_type(world, body["reportType"])
    start = moment(body["startTime"], "startTime")
    if moment(body["endTime"], "endTime") < start:
        raise Refusal("InvalidParameterValue", "endTime is before startTime")
    report = create(world, body["reportType"], body["startTime"], body["endTime"])
    return 201, {"reportId": report["id"]}


def get_report_document(world: World, call: APICall) -> Result:
    """Answer Get Report Document: each call gives a link of its own."""
    document = world.find(DOCUMENT, call.ids["report_document_id"])
    if document is None:
        raise call.not_found()
    url = links.make(world, call, "GET", DOCUMENT, document["id"], _LINK_LIFE)
    return 200, {
        "reportDocumentId": document["id"],
        "url": url,
        "compressionAlgorithm": "N/A",
    }


def download(world: World, document: Record, request: Request) -> Result:
    """Answer whoever follows the link to a document."""
    del world, request
    return 200, Raw(document["text"].encode(), "text/csv; charset=UTF-8")
