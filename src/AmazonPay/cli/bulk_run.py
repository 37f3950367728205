"""One run of `amazonpay bulk`: check the file, ask, carry the rows out, report."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from ..bulk.carry_out import (
    carry_out,
    entry_result,
    journal_result,
    settled_result,
)
from ..bulk.checks import check_journal, check_queue, read_rows
from ..bulk.crew import Crew
from ..bulk.csv_file import BadFile
from ..bulk.pace import limits_for, redis_at, seconds_for
from ..bulk.results import RowResult, Summary, check_place, write_results
from ..errors import AmazonPayError, ConfigurationError, InvalidRequest, JournalFailed
from ..idempotency import idempotency_key
from ..pacing import RateLimits
from . import credentials
from .bulk_report import (
    print_bad_file,
    print_check,
    print_queued,
    print_summary,
    rows_text,
    status_for,
)
from .durations import age_text
from .failures import OK, USAGE, text_of
from .journal import JOURNAL, in_database, opened
from .output import words
from .progress import rows_shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.config import Environment
    from .._once.entry import Entry
    from ..bulk.kinds import Kind
    from ..bulk.rows import Row
    from ..client import Client
    from ..journal import Journal
    from ..pacing import Limit

REDIS_VARIABLE: Final = "AMAZON_PAY_REDIS"

_OF_WORKERS: Final = ("at_once", "pace", "granted", "deadline")
"""Options that say how rows are carried out; with --queue the workers have them."""

_NO_JOURNAL: Final = "There is no journal yet: nothing is compared with earlier runs."
_NO_TABLE: Final = "there is no table "

_ENDED: Final = {
    "no answer": "Amazon gives no usable answer: stopped, and no other row was begun.",
    "interrupted": "Interrupted: the same command continues with the rest.",
    "left": "Interrupted: the rows stay queued, and the same command waits again.",
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run that are not about its file, credentials or journal."""

    namespace: str
    at_once: int
    pace: bool
    granted: tuple[str, ...]
    deadline: timedelta
    results: str | None
    dry_run: bool
    queue: bool
    no_wait: bool
    yes: bool
    as_json: bool


class Run:
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
        self.columns: tuple[str, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.open_rows: list[Row] = []
        """The rows that are not settled."""
        self.queued: set[str] = set()
        """The references of rows that were handed over before."""
        self.results: dict[str, RowResult] = {}
        """By reference, what is known of the rows."""

    def run(self, named: str | None, table: str | None) -> int:
        """Check, ask, carry out and report; return the exit status."""
        self._check_options(named)
        options = self.options
        try:
            self.columns, self.rows = read_rows(self.file, self.kind, options.namespace)
            with credentials.client_from(self.ctx, self.given) as client:
                limits = self._limits(client)
                journal, found = self._found(self._journal(named, table), client)
                if options.queue:
                    self._check_queue(client)
        except BadFile as bad:
            print_bad_file(bad, self.file, as_json=options.as_json)
            return USAGE
        self._settle(found)
        number = len(self.open_rows)
        seconds = seconds_for(self.kind.name, number, limits) if limits else 0.0
        if journal is None or options.dry_run:
            known = [self._known(row, found, journal) for row in self.rows]
            print_check(self.kind, known, self.queued, seconds, as_json=options.as_json)
            return OK
        self._say_begin(seconds)
        return self._queue(journal) if options.queue else self._work(journal, limits)

    # Before anything is sent ----------------------------------------------------------

    def _check_options(self, named: str | None) -> None:
        options = self.options
        try:
            idempotency_key(
                namespace=options.namespace, order="1", operation=self.kind.operation
            )
        except InvalidRequest as error:
            raise ConfigurationError(f"--{error}") from None
        if options.results is not None:
            check_place(options.results)
        if not options.queue:
            if options.no_wait:
                raise ConfigurationError("--no-wait goes with --queue")
            return
        given = click.core.ParameterSource.COMMANDLINE
        if any(self.ctx.get_parameter_source(name) is given for name in _OF_WORKERS):
            raise ConfigurationError(
                "--at-once, --no-pace, --limit and --deadline are options of"
                " `amazonpay bulk work`, which carries queued rows out"
            )
        if named is not None:
            raise ConfigurationError(
                f"queued rows need a journal that all workers share: {JOURNAL.variable}"
                " names its database, and --journal a file"
            )

    def _journal(self, named: str | None, table: str | None) -> Journal | None:
        """Open the journal; a dry run makes none, and none holds nothing."""
        if self.options.queue:
            from ..bulk.row_queue import database_url

            url = database_url(os.environ.get(JOURNAL.variable))
            book = in_database(url, table)
            if not self.options.dry_run:
                book.create_table()
            return book
        if not self.options.dry_run:
            return opened(named, table, new=True)
        try:
            return opened(named, table)
        except ConfigurationError as error:
            if "there is no journal" not in str(error):
                raise
        return None

    def _found(
        self, journal: Journal | None, client: Client
    ) -> tuple[Journal | None, dict[str, Entry]]:
        """Return the journal and what it holds; before the first run there is none."""
        try:
            if journal is not None:
                return journal, check_journal(self.rows, journal, client)
        except ConfigurationError as error:
            if not self.options.dry_run or not str(error).startswith(_NO_TABLE):
                raise
        words(_NO_JOURNAL)
        return None, {}

    def _known(
        self, row: Row, found: Mapping[str, Entry], journal: Journal | None
    ) -> RowResult:
        """Return what is known of a row before anything is sent."""
        if journal is None or row.reference in self.results:
            return self._result(row, None)
        return entry_result(row, found.get(row.reference), journal)

    def _check_queue(self, client: Client) -> None:
        """Look for the rows in the queue; raise if it has one with another content."""
        from ..bulk.row_queue import database_url, queue_of, queued_rows

        url = database_url(os.environ.get(JOURNAL.variable))
        self.queued = check_queue(self.rows, queued_rows(url, queue_of(client)))

    def _limits(self, client: Client) -> dict[str, Limit] | None:
        if not self.options.pace and not client.sandbox:
            raise ConfigurationError("--no-pace is for the sandbox: live is paced")
        if not self.options.pace:
            return None
        environment: Environment = "sandbox" if client.sandbox else "live"
        return limits_for(environment, self.options.granted)

    def _settle(self, found: dict[str, Entry]) -> None:
        """Split the rows: results of those that are settled, and the open rows."""
        for row in self.rows:
            settled = settled_result(row, found.get(row.reference))
            if settled is None:
                self.open_rows.append(row)
            else:
                self.results[row.reference] = settled

    def _say_begin(self, seconds: float) -> None:
        settled = len(self.rows) - len(self.open_rows)
        words(
            f"bulk {self.kind.name}: {rows_text(self.rows)}"
            + (f", of which {settled} were settled before" if settled else "")
            + (f"; at least {age_text(timedelta(seconds=seconds))}" if seconds else "")
        )

    def _confirm(self, client: Client) -> None:
        if self.open_rows:
            what = f"bulk {self.kind.name} of {rows_text(self.open_rows)}"
            credentials.confirm(client, what, yes=self.options.yes)

    # Carried out here -----------------------------------------------------------------

    def _work(self, journal: Journal, limits: dict[str, Limit] | None) -> int:
        """Carry the open rows out in this process."""
        paced: dict[str, Any] = {"deadline": self.options.deadline.total_seconds()}
        if limits is not None:
            url = os.environ.get(REDIS_VARIABLE)
            shared = redis_at(url) if url else None
            if shared is not None:
                self.ctx.call_on_close(shared.close)
            paced["rate_limits"] = RateLimits(limits, redis=shared)
        failed: AmazonPayError | None = None
        with credentials.client_from(self.ctx, self.given, **paced) as client:
            self._confirm(client)
            began = time.monotonic()
            work = partial(carry_out, client, journal)
            crew = Crew(work, self.open_rows, self.options.at_once)
            ending: str = "journal"
            try:
                with self._shown() as shown:
                    ending = crew.carry_out(partial(self._told, shown), _interrupted)
            except JournalFailed as error:
                failed = error
        return self._report(ending, began, None if failed else journal, failed)

    def _shown(self) -> Any:  # noqa: ANN401 - the context manager of `rows_shown`
        settled = len(self.rows) - len(self.open_rows)
        return rows_shown(f"bulk {self.kind.name}", len(self.rows), settled)

    def _told(self, shown: Any, result: RowResult) -> None:  # noqa: ANN401 - of `rows_shown`
        self.results[result.row.reference] = result
        shown(1, result.outcome)

    # Carried out by workers -----------------------------------------------------------

    def _queue(self, journal: Journal) -> int:
        """Hand the open rows to workers, and wait until they have done with them."""
        from ..bulk.row_queue import QueueFailed, RowQueue, database_url, queue_of

        began, ending = time.monotonic(), "all"
        failed: AmazonPayError | None = None
        with credentials.client_from(self.ctx, self.given) as client:
            self._confirm(client)
            name = queue_of(client)
            rows = {row.entry(client).key: row for row in self.open_rows}
        url = database_url(os.environ.get(JOURNAL.variable))
        try:
            with RowQueue(url, name) as queue:
                queued = queue.hand_over(rows)
                words(f"{queued} rows were queued, {len(rows) - queued} were before.")
                if self.options.no_wait:
                    as_json = self.options.as_json
                    print_queued(self.kind, len(self.rows), queued, as_json=as_json)
                    return OK
                with self._shown() as shown:
                    queue.wait(set(rows), partial(_many_done, shown))
        except QueueFailed as error:
            failed, ending = error, "queue"
        except KeyboardInterrupt:
            ending = "left"
        return self._report(ending, began, journal, failed)

    # Afterwards -----------------------------------------------------------------------

    def _report(
        self,
        ending: str,
        began: float,
        journal: Journal | None,
        failed: AmazonPayError | None,
    ) -> int:
        """Tell what became of all rows; return the exit status."""
        seconds = time.monotonic() - began
        results = [self._result(row, journal) for row in self.rows]
        if ending in _ENDED:
            words(_ENDED[ending])
        if failed is not None:
            words(f"amazonpay: {text_of(failed)}")
        summary, as_json = Summary(results), self.options.as_json
        print_summary(self.kind, self.file, summary, ending, seconds, as_json=as_json)
        status = status_for(summary, ending, failed)
        if self.options.results is not None:
            try:
                write_results(self.options.results, self.columns, results)
            except ConfigurationError as error:
                words(f"amazonpay: {error}")
                return max(status, USAGE)
        return status

    def _result(self, row: Row, journal: Journal | None) -> RowResult:
        """Return what is known of a row; the journal may know of one that was cut."""
        known = self.results.get(row.reference)
        if known is not None:
            return known
        if journal is None:
            return RowResult(row, "waiting", key=row.entry().key)
        return journal_result(row, journal)


def _many_done(shown: Any, number: int) -> None:  # noqa: ANN401 - of `rows_shown`
    shown(number, "success")


def _interrupted() -> None:
    words(
        "Interrupted: rows under way end first. Interrupt again to leave at once; the"
        " same command continues either way."
    )
