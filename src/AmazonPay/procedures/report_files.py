"""Fetch a report's file: wait for it, ask for its link, use the link while it lives.

Amazon's page: `amazon-pay-reports/downloading-reports.html`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast

from .._core.declare import iteration, procedure
from .._core.operation import ask
from .._core.steps import Flow, Item, Pages, Transfer, now
from ..errors import ReportUnavailable, TransferFailed, shown
from ..resources.reports import ReportOperations
from ._answers import id_of, member, object_of, text_of
from .waiting import PROCESSING_STATUS, REPORT_STATES, poll

_LINKS = 3
"""How many links are asked for: one lives 30 seconds, and no download is resumed."""
_LONGEST_LINE = 1_000_000


def _document_of(report_id: str, deadline: float) -> Flow[str]:
    """Wait for a report, and return the id of its document."""
    report = yield from poll(
        lambda: ask(ReportOperations.get_report, report_id),
        PROCESSING_STATUS,
        REPORT_STATES,
        deadline,
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
        document = yield from ask(ReportOperations.get_report_document, document_id)
        left = max(0.0, ends - (yield from now()))
        try:
            yield Transfer("GET", text_of(document, "url"), target=target, seconds=left)
        except TransferFailed as failed:
            # The link ran out, or the connection broke: a fresh link, from the start.
            if failed.final or tries == _LINKS:
                raise
        else:
            return target


class ReportFiles:
    """Procedures that fetch a report's file."""

    @procedure
    def download_report(
        self, report_id: str, path: str | os.PathLike[str], *, deadline: float = 300.0
    ) -> Flow[Path]:
        """Wait until a report is done, and write its file to `path`; reads only.

        `deadline` is how many seconds to wait for the report and its file; a download
        that has begun may always take the client's own deadline. The file appears
        whole or not at all, replaces what stands at `path`, and is its owner's alone
        to read (0600). It may have 1 GiB. A link that ran out is asked for anew.

        Errors: `ReportUnavailable` when the report failed, was cancelled or is not
        done in time; `InvalidResponse` for an answer without a state, a document or a
        link; `TransferFailed` when no link could be read to its end; `OSError` when
        the file cannot be written.
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
        ReportUnavailable: this is no table: a row has more fields than the header, or a
            line more than a million characters.
    """
    import csv

    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        header = file.readline(_LONGEST_LINE)
        separator = "\t" if "\t" in header else ","
        file.seek(0)
        rows = csv.DictReader(_lines(file), delimiter=separator, restval="")
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


def _lines(file: TextIO) -> Iterator[str]:
    """Read a file line by line, as far as lines have a sensible length."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise _no_table(number)
        yield line


def _no_table(line: int) -> ReportUnavailable:
    return ReportUnavailable(
        f"the report's file is no table as far as its line {line}; download_report"
        " gives it as it is",
        processing_status="COMPLETED",
    )
