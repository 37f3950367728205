"""Fetch a report's file: wait for it, ask for its link, use the link while it lives.

Amazon's page: `amazon-pay-reports/downloading-reports.html`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from .._core.declare import iteration, procedure
from .._core.operation import ask
from .._core.steps import Flow, Item, Pages, Transfer
from ..errors import ReportUnavailable, TransportError
from ..resources.reports import ReportOperations
from .waiting import REPORT_STATES, poll

_LINKS = 3
"""How many links are asked for: one lives 30 seconds, and no download is resumed."""


def _fetch(report_id: str, target: Path, deadline: float) -> Flow[Path]:
    report = yield from poll(
        lambda: ask(ReportOperations.get_report, report_id),
        lambda seen: seen["processingStatus"],
        REPORT_STATES,
        deadline,
    )
    document_id = report["reportDocumentId"]
    if report["processingStatus"] != "COMPLETED" or not document_id:
        raise ReportUnavailable(
            f"the report is {report['processingStatus']} and has no document",
            processing_status=report["processingStatus"],
        )
    failure: TransportError | None = None
    for _ in range(_LINKS):
        document = (
            yield from ask(ReportOperations.get_report_document, document_id)
        ).raise_for_status()
        try:
            yield Transfer("GET", document.json()["url"], target=target)
        except TransportError as error:
            # The link ran out, or the connection broke: a fresh link, from the start.
            failure = error
        else:
            return target
    raise failure or AssertionError("a link was tried")


class ReportFiles:
    """Procedures that fetch a report's file."""

    @procedure
    def download_report(
        self, report_id: str, path: str | os.PathLike[str], *, deadline: float = 300.0
    ) -> Flow[Path]:
        """Wait until a report is done, and write its file to `path`; reads only.

        `deadline` is how many seconds to wait for the report. The file appears whole
        or not at all; a link that ran out is asked for anew.

        Errors: `ReportUnavailable` when the report failed, was cancelled or is not
        done in time; `TransportError` when no link could be read to its end.
        Amazon's page: `amazon-pay-reports/downloading-reports.html`.
        """
        return (yield from _fetch(report_id, Path(path), deadline))

    @iteration
    def iter_report_rows(
        self, report_id: str, *, deadline: float = 300.0
    ) -> Pages[dict[str, str]]:
        """Wait until a report is done, and iterate over its rows; reads only.

        The file is fetched first, to a temporary place: its link lives 30 seconds, and
        the caller may take longer over the rows. The separator, comma or tab, is the
        one of the header line (which report has which is unconfirmed).

        Errors: as `download_report`; `ReportUnavailable` for a file that is no table.
        Amazon's page: `amazon-pay-reports/downloading-reports.html`.
        """
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = yield from _fetch(report_id, Path(folder) / "report", deadline)
            for row in rows_of(path):
                yield Item(row)


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Read a report's file, row by row, each by the names of the header line.

    Raises:
        ReportUnavailable: this is no table, or a row has more fields than the header.
    """
    import csv

    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        header = file.readline()
        separator = "\t" if "\t" in header else ","
        file.seek(0)
        rows = csv.DictReader(file, delimiter=separator, restval="")
        while True:
            try:
                row: dict[str | None, str] | None = next(rows, None)
            except csv.Error as error:
                raise _no_table(rows.line_num) from error
            if row is None:
                return
            if None in row:
                raise _no_table(rows.line_num)
            yield cast("dict[str, str]", row)


def _no_table(line: int) -> ReportUnavailable:
    return ReportUnavailable(
        f"the report's file is no table as far as its line {line}; download_report"
        " gives it as it is",
        processing_status="COMPLETED",
    )
