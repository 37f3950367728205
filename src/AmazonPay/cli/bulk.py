"""`amazonpay bulk`: one request for each row of a CSV file, each row exactly once."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from ..bulk.carry_out import carry_out, journal_result, settled_result
from ..bulk.checks import check_journal, read_rows
from ..bulk.crew import Crew
from ..bulk.csv_file import BadFile
from ..bulk.kinds import KINDS
from ..bulk.pace import limits_for, redis_at, seconds_for
from ..bulk.results import RowResult, Summary, write_results
from ..errors import ConfigurationError, InvalidRequest, JournalFailed
from ..idempotency import idempotency_key
from ..pacing import RateLimits
from . import credentials
from .bulk_report import (
    print_bad_file,
    print_check,
    print_summary,
    rows_text,
    status_for,
)
from .durations import age_text, duration
from .failures import OK, USAGE, text_of
from .groups import Group
from .journal import journal_options, opened
from .output import words
from .progress import rows_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._core.config import Environment
    from .._once.entry import Entry
    from ..bulk.kinds import Kind
    from ..bulk.rows import Row
    from ..client import Client
    from ..journal import Journal
    from ..pacing import Limit

REDIS_VARIABLE: Final = "AMAZON_PAY_REDIS"

_ONE_AT_A_TIME: Final = 8
_ENDED: Final = {
    "no answer": "Amazon gives no usable answer: stopped, and no other row was begun.",
    "interrupted": "Interrupted: the same command continues with the rest.",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says of a run, but for file, credentials and journal."""

    namespace: str
    at_once: int
    pace: bool
    granted: tuple[str, ...]
    deadline: timedelta
    results: str | None
    dry_run: bool
    yes: bool
    as_json: bool


@click.group(cls=Group)
def bulk() -> None:
    """Capture, refund, cancel or close what a CSV file lists, each row exactly once.

    A row is named by its `reference`. A run that was killed is continued by the same
    command; what is settled is never sent again. See docs/bulk.md.
    """


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that the four kinds of bulk work share."""
    for option in reversed(
        (
            click.argument("file", metavar="FILE.csv"),
            click.option(
                "--namespace",
                required=True,
                metavar="NAME",
                help="Shop, environment and merchant: with reference and operation it"
                " makes the keys.",
            ),
            click.option(
                "--dry-run", is_flag=True, help="Check the whole file; send nothing."
            ),
            click.option(
                "--results",
                metavar="FILE",
                help="Write each row with what became of it; it can be fed again.",
            ),
            click.option(
                "--at-once",
                type=click.IntRange(1, 64),
                default=_ONE_AT_A_TIME,
                show_default=True,
                metavar="N",
                help="How many rows are under way at a time.",
            ),
            click.option(
                "--pace/--no-pace",
                default=True,
                help="Keep Amazon's published limits; sandbox only can do without.",
            ),
            click.option(
                "--limit",
                "granted",
                multiple=True,
                metavar="OPERATION=QUOTA/RESTORE",
                help="A limit that Amazon has granted you, such as"
                " create_refund=40/16; repeatable.",
            ),
            click.option(
                "--deadline",
                type=duration,
                default="5m",
                show_default=True,
                metavar="TIME",
                help="The time of one call, with its wait for a turn.",
            ),
            click.option("--yes", is_flag=True, help="Do not ask, even if it is live."),
        )
    ):
        command = option(command)
    return command


def _run(  # noqa: PLR0913 - one parameter for each group of options
    kind: Kind,
    ctx: click.Context,
    file: str,
    named: str | None,
    table: str | None,
    given: dict[str, Any],
    **options: Any,  # noqa: ANN401 - the parameters of click
) -> None:
    ctx.exit(_Run(kind, ctx, file, given, Options(**options)).run(named, table))


class _Run:
    """One run of a file: what was checked, and what became of each row."""

    def __init__(
        self,
        kind: Kind,
        ctx: click.Context,
        file: str,
        given: dict[str, Any],
        options: Options,
    ) -> None:
        self.kind = kind
        self.ctx = ctx
        self.file = file
        self.given = given
        self.options = options
        self.results: dict[str, RowResult] = {}
        """By reference, what is known of the rows."""

    def run(self, named: str | None, table: str | None) -> int:
        """Check, ask, carry out and report; return the exit status."""
        _check_namespace(self.options.namespace, self.kind)
        try:
            columns, rows = read_rows(self.file, self.kind, self.options.namespace)
            with credentials.client_from(self.ctx, self.given) as client:
                limits = self._limits(client)
                journal = self._journal(named, table)
                found = check_journal(rows, journal, client) if journal else {}
        except BadFile as bad:
            print_bad_file(bad, self.file, as_json=self.options.as_json)
            return USAGE
        open_rows = self._open_rows(rows, found)
        seconds = seconds_for(self.kind.name, len(open_rows), limits) if limits else 0.0
        if self.options.dry_run:
            print_check(self.kind, rows, open_rows, seconds, self.options.as_json)
            return OK
        assert journal is not None  # noqa: S101 - only a dry run goes without
        return self._carry_out(columns, rows, open_rows, journal, limits, seconds)

    def _journal(self, named: str | None, table: str | None) -> Journal | None:
        """Open the journal; a dry run makes none, and none holds nothing."""
        if not self.options.dry_run:
            return opened(named, table, new=True)
        try:
            return opened(named, table)
        except ConfigurationError as error:
            if "there is no journal" not in str(error):
                raise
        words("There is no journal yet: nothing is compared with earlier runs.")
        return None

    def _limits(self, client: Client) -> dict[str, Limit] | None:
        if not self.options.pace and not client.sandbox:
            raise ConfigurationError("--no-pace is for the sandbox: live is paced")
        if not self.options.pace:
            return None
        environment: Environment = "sandbox" if client.sandbox else "live"
        return limits_for(environment, self.options.granted)

    def _open_rows(self, rows: Sequence[Row], found: dict[str, Entry]) -> list[Row]:
        """Return the rows that are not settled; keep the results of the others."""
        for row in rows:
            settled = settled_result(row, found.get(row.reference))
            if settled is not None:
                self.results[row.reference] = settled
        return [row for row in rows if row.reference not in self.results]

    def _carry_out(  # noqa: PLR0913 - what the checks have found
        self,
        columns: tuple[str, ...],
        rows: Sequence[Row],
        open_rows: list[Row],
        journal: Journal,
        limits: dict[str, Limit] | None,
        seconds: float,
    ) -> int:
        settled = len(rows) - len(open_rows)
        words(
            f"bulk {self.kind.name}: {rows_text(rows)}"
            + (f", of which {settled} were settled before" if settled else "")
            + (f"; at least {age_text(timedelta(seconds=seconds))}" if seconds else "")
        )
        paced: dict[str, Any] = {"deadline": self.options.deadline.total_seconds()}
        if limits is not None:
            url = os.environ.get(REDIS_VARIABLE)
            shared = redis_at(url) if url else None
            paced["rate_limits"] = RateLimits(limits, redis=shared)
        with credentials.client_from(self.ctx, self.given, **paced) as client:
            if open_rows:
                what = f"bulk {self.kind.name} of {rows_text(open_rows)}"
                credentials.confirm(client, what, yes=self.options.yes)
            started = time.monotonic()
            ending, failed = self._work(client, journal, open_rows, settled)
            took = time.monotonic() - started
        results = [self._result(row, None if failed else journal) for row in rows]
        if ending in _ENDED:
            words(_ENDED[ending])
        if failed is not None:
            words(f"amazonpay: {text_of(failed)}")
        summary = Summary(results)
        print_summary(
            self.kind, self.file, summary, ending, took, as_json=self.options.as_json
        )
        if self.options.results is not None:
            write_results(self.options.results, columns, results)
        return status_for(summary, ending, failed)

    def _work(
        self, client: Client, journal: Journal, open_rows: list[Row], settled: int
    ) -> tuple[str, JournalFailed | None]:
        """Carry the open rows out; return why it ended, and how the journal failed."""
        work = partial(_carried_out, client, journal)
        crew = Crew(work, open_rows, self.options.at_once)
        total = len(open_rows) + settled
        with rows_shown(f"bulk {self.kind.name}", total, settled) as shown:

            def told(result: RowResult) -> None:
                self.results[result.row.reference] = result
                shown(result)

            try:
                return crew.carry_out(told, _say_interrupted), None
            except JournalFailed as error:
                return "journal", error

    def _result(self, row: Row, journal: Journal | None) -> RowResult:
        """Return what is known of a row; the journal may know of one that was cut."""
        known = self.results.get(row.reference)
        if known is not None:
            return known
        key = row.entry().key
        if journal is None:
            return RowResult(row, "waiting", key=key)
        return journal_result(row, journal, key)


def _carried_out(client: Client, journal: Journal, row: Row) -> RowResult:
    return carry_out(client, row, journal)


def _say_interrupted() -> None:
    words(
        "Interrupted: rows under way end first. Interrupt again to leave at once; the"
        " same command continues either way."
    )


def _check_namespace(namespace: str, kind: Kind) -> None:
    try:
        idempotency_key(namespace=namespace, order="1", operation=kind.operation)
    except InvalidRequest as error:
        raise ConfigurationError(f"--{error}") from None


def _help(kind: Kind) -> str:
    required, optional = ", ".join(kind.required), ", ".join(kind.optional)
    money = "" if kind.price_member is None else " This moves money."
    return (
        f"{kind.name.capitalize()} what FILE.csv lists, each row exactly once.{money}"
        f"\n\nColumns: {required}; may be there: {optional}. A row is named by its"
        " reference, and only namespace, reference and operation make its key."
        "\n\nThe whole file is checked before anything is sent. The same command"
        " continues a run that was killed, and settles what is still open."
    )


for _kind in KINDS.values():
    _callback: Any = credentials.credential_options(
        journal_options(run_options(click.pass_context(partial(_run, _kind))))
    )
    bulk.command(_kind.name, help=_help(_kind))(_callback)
