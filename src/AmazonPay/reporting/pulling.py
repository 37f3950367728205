"""Pull reports into a folder: every page of the list, each file once.

It only reads: it never asks Amazon for a new report. What a report needs is decided
from the disk each time, so a pull that was killed, or that failed at one report, goes
on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..errors import (
    ConfigurationError,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    ReportUnavailable,
    TransferFailed,
    shown,
)
from ..report_files import checked_encoding, read_report
from .archive import Archive, Entry, is_safe_id
from .kinds import type_of
from .typed_tables import problem_of, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ..client import Client
    from ..resources.reports import Report
    from .engine import Engine

PULLED: Final = "pulled"
KEPT: Final = "kept"
EMPTY: Final = "empty"
IN_PROGRESS: Final = "in progress"
FAILED: Final = "failed"
PROBLEM: Final = "problem"

_PAGE: Final = 100
_LARGEST_BLANK: Final = 4096


@dataclass(frozen=True)
class Wish:
    """Which reports are wanted, and in which form."""

    since: datetime
    until: datetime | None = None
    kinds: Sequence[str] = ()
    """Short names or types; all if there are none."""
    encoding: str = "utf-8"
    wait: float = 0.0
    """Seconds that reports in progress are waited for, together."""


@dataclass(frozen=True)
class Pulled:
    """What became of one report."""

    report_id: str
    report_type: str
    state: str
    entry: Entry | None = None
    problem: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all that the report has is in the folder."""
        return self.state in {PULLED, KEPT, EMPTY}


class Puller:
    """One pull of one client into one folder; `engine` is None without Parquet."""

    def __init__(
        self, client: Client, archive: Archive, wish: Wish, engine: Engine | None
    ) -> None:
        self._client = client
        self._archive = archive
        self._wish = wish
        self._engine = engine
        self._encoding = checked_encoding(wish.encoding)
        self._environment = "sandbox" if client.sandbox else "live"

    def listed(self) -> list[Report]:
        """Return all reports that the wish names: the finished first, then by age.

        Raises:
            AmazonPayError: what `iter_reports` raises.
            ConfigurationError: the folder holds reports of another account.
        """
        self._archive.prepare()
        for entry in self._archive.entries():
            if (entry.region, entry.environment) != self._account:
                raise ConfigurationError(
                    f"{str(self._archive.folder)!r} holds reports of"
                    f" {entry.region} {entry.environment}, and this is"
                    f" {' '.join(self._account)}: name another folder by --out"
                )
        kinds = self._wish.kinds
        types = [type_of(kind, sandbox=self._client.sandbox) for kind in kinds]
        found = self._client.iter_reports(
            report_types=types or None,
            created_since=self._wish.since,
            created_until=self._wish.until,
            page_size=_PAGE,
        )
        # A page can repeat a report of the one before, if a new one has come.
        by_id = {_text(report, "reportId"): report for report in found}
        return sorted(
            by_id.values(),
            key=lambda report: (
                report.get("processingStatus") == "IN_PROGRESS",
                _text(report, "createdTime"),
            ),
        )

    @property
    def _account(self) -> tuple[str, str]:
        return self._client.region, self._environment

    def pull(self, reports: Sequence[Report]) -> Iterator[Pulled]:
        """Bring each report into the folder, and yield what became of it.

        A report that fails does not stop the others. A failure that every report would
        meet, such as a refused key, stops the pull.

        Raises:
            AmazonPayError: no report can be had.
            OSError: the folder cannot be written.
        """
        ends = monotonic() + self._wish.wait
        for report in reports:
            yield self._one(report, ends)

    def _one(self, report: Report, ends: float) -> Pulled:
        id_, type_ = _text(report, "reportId"), _text(report, "reportType")
        if not is_safe_id(id_):
            problem = "Amazon's id of it is no name for a file"
            return Pulled(shown(id_), type_, PROBLEM, problem=problem)
        try:
            return self._finished(report, id_, type_, ends)
        except NotFound:
            problem = "Amazon does not keep it any more (reports are kept for 90 days)"
        except (ReportUnavailable, TransferFailed, InvalidResponse) as error:
            problem = str(error)
        return Pulled(id_, type_, PROBLEM, problem=problem)

    def _finished(self, report: Report, id_: str, type_: str, ends: float) -> Pulled:
        if _text(report, "processingStatus") == "IN_PROGRESS":
            left = max(0.0, ends - monotonic())
            report = self._client.wait_for_report(id_, deadline=left)
        status = _text(report, "processingStatus")
        if status == "CANCELLED":  # there was nothing to report
            return Pulled(id_, type_, EMPTY)
        if status == "IN_PROGRESS":
            return Pulled(id_, type_, IN_PROGRESS)
        if status != "COMPLETED":
            problem = f"it is {shown(status)} at Amazon: request it again"
            return Pulled(id_, type_, FAILED, problem=problem)
        return self._completed(report, id_, type_)

    def _completed(self, report: Report, id_: str, type_: str) -> Pulled:
        entry = self._archive.find(id_)
        state = KEPT
        if entry is not None and not _is_of(entry, report):
            problem = "the folder has another report of this id: name another --out"
            return Pulled(id_, type_, PROBLEM, problem=problem)
        if entry is None or not self._archive.has_csv(entry):
            self._client.download_report(id_, self._archive.csv(id_))
            entry = Entry(
                report_id=id_,
                report_type=type_,
                region=self._client.region,
                environment=self._environment,
                created=_text(report, "createdTime"),
                start=_text(report, "startTime"),
                end=_text(report, "endTime"),
                encoding=self._encoding,
                csv_sha256=self._archive.keep_csv(id_),
            )
            self._archive.write(entry)
            state = PULLED
        if not self._is_whole(entry):
            entry = self._read(entry)
            self._archive.write(entry)
            state = PULLED
        if entry.problem is not None:
            return Pulled(id_, type_, PROBLEM, entry, entry.problem)
        return Pulled(id_, type_, state, entry)

    def _is_whole(self, entry: Entry) -> bool:
        """Return whether the file was read, and its Parquet is there if wanted."""
        if entry.rows is None:
            return False
        has_no_table = not entry.columns
        return self._engine is None or has_no_table or self._archive.has_parquet(entry)

    def _read(self, entry: Entry) -> Entry:
        """Read a file to its end; return its entry with the table, or the problem."""
        path = self._archive.csv(entry.report_id)
        made: dict[str, Any] = {"encoding": self._encoding, "problem": None}
        if _is_blank(path):
            return replace(entry, **made, rows=0)
        try:
            table = read_report(path, encoding=self._encoding)
            made |= {"facts": dict(table.facts), "columns": list(table.columns)}
            if self._engine is None:
                made["rows"] = sum(1 for _ in table.numbered())
            else:
                target = self._engine.folder / "one.parquet"
                made["rows"] = write_parquet(self._engine, table, target)
                made["parquet_sha256"] = self._archive.place_parquet(
                    target, entry.report_id
                )
                target.unlink()
        except (InvalidRequest, ReportUnavailable) as error:
            return replace(entry, **made | {"problem": problem_of(path.name, error)})
        return replace(entry, **made)


def _is_of(entry: Entry, report: Report) -> bool:
    return (entry.report_type, entry.created) == (
        _text(report, "reportType"),
        _text(report, "createdTime"),
    )


def _is_blank(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(_LARGEST_BLANK)
    return len(start) < _LARGEST_BLANK and not start.strip()


def _text(report: Mapping[str, Any], member: str) -> str:
    value = report.get(member)
    return value if isinstance(value, str) else ""
