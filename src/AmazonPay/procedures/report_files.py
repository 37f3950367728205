"""Fetch a report's file: wait for it, request its link, download before it expires.

Amazon's page: `amazon-pay-reports/downloading-reports.html`.
"""

from __future__ import annotations

import os
from pathlib import Path

from .._core.declare import iteration, procedure
from .._core.steps import Flow, Item, Pages, Transfer, now
from ..errors import ReportUnavailable, TransferFailed, shown
from ..resources.reports import ReportOperations
from ._answers import get_object, id_of, member, object_of, text_of
from .waiting import PROCESSING_STATUS, REPORT_STATES, poll

_MAX_LINKS = 3
"""How many links are requested; one is valid for 30 seconds. Downloads start anew."""


def _document_of(report_id: str, deadline: float) -> Flow[str]:
    """Wait for a report and return the id of its document."""
    report = yield from poll(
        ReportOperations.get_report, report_id, "report", REPORT_STATES, deadline
    )
    status = text_of(report, *PROCESSING_STATUS)
    document_id = member(object_of(report), "reportDocumentId")
    if status != "COMPLETED" or document_id is None or document_id == "":
        raise ReportUnavailable(
            f"the report is {shown(status)} and has no document",
            processing_status=status,
        )
    return id_of(report, "reportDocumentId")


def _fetch(report_id: str, target: Path, deadline: float) -> Flow[Path]:
    ends = (yield from now()) + deadline
    document_id = yield from _document_of(report_id, deadline)
    tries = 0
    while True:
        tries += 1
        document = yield from get_object(
            ReportOperations.get_report_document, document_id, "reportDocumentId"
        )
        left = max(0.0, ends - (yield from now()))
        try:
            yield Transfer("GET", text_of(document, "url"), target=target, seconds=left)
        except TransferFailed as failed:
            # The link expired or the connection broke: start again with a new link.
            if failed.final or tries == _MAX_LINKS:
                raise
        else:
            return target


class ReportFiles:
    """Procedures that fetch a report's file."""

    @procedure
    def download_report(
        self, report_id: str, path: str | os.PathLike[str], *, deadline: float = 300.0
    ) -> Flow[Path]:
        """Wait until a report is done, and write its file to `path`; nothing changes.

        Wait up to `deadline` seconds for the report and its file; a download that has
        started can always take the client's own deadline. The file appears whole or
        not at all, replaces a file at `path`, and only its owner can read it (mode
        0600). Its size is at most 1 GiB. An expired link is replaced by a new one.

        Errors: `ReportUnavailable` if the report failed, was cancelled or is not done
        in time; `InvalidResponse` for an answer without a state, a document or a link;
        `TransferFailed` if no link could be read to its end; `OSError` if the file
        cannot be written.
        Amazon's page: `amazon-pay-reports/downloading-reports.html`.
        """
        return (yield from _fetch(report_id, Path(path), deadline))

    @iteration
    def iter_report_rows(
        self, report_id: str, *, deadline: float = 300.0, encoding: str = "utf-8"
    ) -> Pages[dict[str, str]]:
        """Wait until a report is done, and iterate over its rows; nothing changes.

        The whole file is first downloaded to a temporary folder, because its link is
        valid for 30 seconds and the caller may need longer for the rows. It is known to
        be a table to its end before the first row comes. The facts before the table of
        a settlement are no rows: `AmazonPay.report_files.read_report` has them, and
        `parse_amount` there makes a `Decimal` of a field. Commas or tabs separate the
        fields (which report uses which is unconfirmed). Files of Japan may need
        `encoding="cp932"`, those of Europe `"iso-8859-1"`.

        Errors: as `download_report`; `ReportUnavailable` for a file that is no table,
        or is in another encoding; `InvalidRequest` for an unknown encoding.
        Amazon's page: `amazon-pay-reports/downloading-reports.html`.
        """
        import tempfile

        from ..report_files import checked_encoding, read_report

        checked_encoding(encoding)

        with tempfile.TemporaryDirectory() as folder:
            path = yield from _fetch(report_id, Path(folder) / "report", deadline)
            for row in read_report(path, encoding=encoding):
                yield Item(row)
