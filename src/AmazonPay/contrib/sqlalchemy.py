"""A journal in the shop's own database, on SQLAlchemy Core; the extra `[sqlalchemy]`.

Works on every database that SQLAlchemy speaks to with a blocking driver. For an
`AsyncClient` the work is done in a worker thread, so the engine is a plain one there
too: one made by `create_engine`, beside the shop's `create_async_engine`.
"""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import MetaData, String, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from .._once.entry import Entry, time_text
from .._once.journal_steps import checked_limit
from .._once.sqlite_journal import utc_now
from ..errors import ConfigurationError, JournalFailed
from ._sqlalchemy_engine import check_engine, has_open_transaction
from ._sqlalchemy_errors import (
    DATABASE_ERRORS,
    is_broken,
    is_conflict,
    journal_failure,
    without_frames,
)
from ._sqlalchemy_forks import engines, gate
from ._sqlalchemy_table import TABLE_NAME, journal_table, table_exists, table_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

    from sqlalchemy import (
        ColumnElement,
        Connection,
        CursorResult,
        Engine,
        Insert,
        RowMapping,
        Update,
    )

    from .._once.entry import Change

__all__ = ["TABLE_NAME", "SQLAlchemyJournal", "journal_table"]

_T = TypeVar("_T")

# How long one change keeps trying while other workers keep changing the same entry.
_PATIENCE: Final = 30.0
# How often something is tried that no other worker's progress explains.
_TRIES: Final = 5
# Versions are random, and leave room for `forget`, which adds one, in 32 bits.
_VERSIONS: Final = 2**30


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A write that failed, or whose end is not known."""

    failure: JournalFailed
    tries: int
    """How often it may be made while no other worker changes the entry."""
    in_doubt: bool = False
    """Whether it may be committed all the same."""


class SQLAlchemyJournal:
    """A journal in a table of the shop's database.

    Each change is a transaction of its own, on a connection of its own from the
    engine's pool, and committed when it returns. That is on purpose, and there is no
    way to hand in a connection or a session: what joined the shop's transaction would
    be undone by its rollback, after the money has moved. So call the helpers outside
    of a transaction: on SQLite an open one locks the journal out, and on any database
    an order that is locked meanwhile stays locked while Amazon is waited for.

    Create the table by your migrations, from `journal_table(metadata)`, or by
    `create_table()`. A table is never altered: one that lacks columns, or that a newer
    release has made, is refused at the first use, with the statements that mend it.

    A process may fork at any time: the child gets a pool of its own, and leaves the
    connections of its parent alone.

    Raises:
        ConfigurationError: `engine` is no engine, its database is in memory, or its
            pool has a single connection. At the first use: the table will not do.
        JournalFailed: from each method: the database failed. It shows no values.
    """

    def __init__(
        self,
        engine: Engine,
        table_name: str = TABLE_NAME,
        *,
        metadata: MetaData | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        check_engine(engine)
        # The same pool and events, but the engine's log shows no bodies.
        self._engine = engine.execution_options()
        self._engine.hide_parameters = True
        engines.add(engine)
        self._clock = clock
        self._checked = False
        self._shared: Connection | None = None
        self.table = journal_table(
            MetaData() if metadata is None else metadata, table_name
        )

    def create_table(self) -> None:
        """Create the table, unless it is there; many workers may do so at once.

        Raises:
            ConfigurationError: there is one, of another release.
            JournalFailed: the database failed.
        """
        try:
            self._run(self._create)
        except JournalFailed:
            # Another worker may have been faster; then it is there by now.
            if not self._run(partial(table_exists, table=self.table)):
                raise
        self._check()

    def _create(self, connection: Connection) -> None:
        self.table.create(connection, checkfirst=True)
        # A worker that was killed may have left the table without it.
        for index in self.table.indexes:
            index.create(connection, checkfirst=True)
        connection.commit()

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry; committed when it returns. See `Journal.change`.

        A change whose commit was interrupted is looked for, and not applied twice.

        Raises:
            JournalFailed: the database failed, or does not take the change.
        """
        return without_frames(partial(self._change, key, change))

    def _change(self, key: str, change: Change) -> Entry:
        self._check()
        version = random.randrange(_VERSIONS)  # noqa: S311 - no secret
        ends = time.monotonic() + _PATIENCE
        lost: _Unwritten | None = None
        in_doubt, tries, rounds = False, 0, 0
        before: int | None = None
        while True:
            found, read = self._read(key)
            if found is not None and read == version:
                return found  # an interrupted commit that arrived
            if in_doubt and read != before:
                raise JournalFailed(
                    "the journal's database failed in a commit, and another worker has"
                    " changed the entry since: this change was written before, or not"
                )
            if lost is not None:
                tries = tries + 1 if read == before else 0
                if tries >= lost.tries or time.monotonic() > ends:
                    raise lost.failure
                _pause(rounds)
            before, rounds = read, rounds + 1
            entry, now = change(found), self._clock()
            created = entry.created or (now if found is None else None)
            entry = replace(entry, created=created, changed=now)
            written = self._write(entry, read, version)
            if isinstance(written, Entry):
                return written
            lost, in_doubt = written, in_doubt or written.in_doubt

    def _write(
        self, entry: Entry, read: int | None, version: int
    ) -> Entry | _Unwritten:
        """Write an entry if its version still is the one that was read; commit it."""
        table, row = self.table, self._fitted(entry.to_row())
        where = table.c.idempotency_key == entry.key
        statement: Insert | Update = (
            table.insert()
            if read is None
            else update(table).where(where, table.c.version == read)
        )
        committing = False
        try:
            with self._connection() as connection:
                done = connection.execute(statement.values(**row, version=version))
                if read is not None and not self._took(
                    connection, done, where, read, version
                ):
                    return _Unwritten(JournalFailed(_NOT_TAKEN), 1)
                committing = True
                connection.commit()
                return Entry.from_row(row)
        except DATABASE_ERRORS as error:
            failure = journal_failure(error)
            refused, conflict = isinstance(error, IntegrityError), is_conflict(error)
            told = refused or conflict  # by the server, which has rolled back
            in_doubt = is_broken(error) or (committing and not told)
            # Two workers may write the first entry of a key; what else violates a
            # constraint would do so again.
            tries = _TRIES if in_doubt or conflict else int(refused and read is None)
        return _Unwritten(failure, tries, in_doubt)

    def _took(
        self,
        connection: Connection,
        done: CursorResult[Any],
        where: ColumnElement[bool],
        read: int,
        version: int,
    ) -> bool:
        """Whether an UPDATE has found the version that was read."""
        if connection.dialect.supports_sane_rowcount and done.rowcount >= 0:
            return done.rowcount == 1
        # The driver does not count rows: look, while they are still locked.
        now = connection.scalar(select(self.table.c.version).where(where))
        if now not in {read, version} and not has_open_transaction(connection):
            raise JournalFailed(
                "the journal's database counts no rows and commits each statement:"
                " nobody can tell whether this change or another worker's was written"
            )
        return bool(now == version)

    def _fitted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Cut texts to their columns: no database must refuse what has happened."""
        for column in self.table.columns:
            value, kind = row.get(column.name), column.type
            if column.nullable and isinstance(value, str) and isinstance(kind, String):
                text = value.replace("\0", "?").encode(errors="replace").decode()
                row[column.name] = text[: kind.length]
        return row

    def find(self, key: str, /) -> Entry | None:
        """Read an entry."""
        self._check()
        return without_frames(partial(self._read, key))[0]

    def _read(self, key: str) -> tuple[Entry | None, int | None]:
        """Read an entry and its version."""
        table = self.table
        wanted = select(table).where(table.c.idempotency_key == key)
        row = self._run(
            lambda connection: connection.execute(wanted).mappings().first()
        )
        return (None, None) if row is None else (_entry(row), row["version"])

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """List what is not settled. See `Journal.open_entries`."""
        self._check()
        table = self.table
        listed = select(table).where(
            or_(table.c.outcome.is_(None), table.c.outcome.not_in(["success", "no"]))
        )
        if before is not None:
            listed = listed.where(table.c.changed < time_text(before))
        listed = listed.order_by(table.c.changed, table.c.idempotency_key)
        listed = listed.limit(checked_limit(limit))

        def work(connection: Connection) -> list[Entry]:
            return [_entry(row) for row in connection.execute(listed).mappings()]

        return without_frames(partial(self._run, work))

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of what was settled. See `Journal.forget`."""
        self._check()
        table = self.table
        settled = and_(
            table.c.outcome.in_(["success", "no"]),
            table.c.body.is_not(None),
            table.c.changed < time_text(before),
        )

        def work(connection: Connection) -> int:
            # Counted before: not every driver counts what it has changed.
            count = connection.scalar(
                select(func.count()).select_from(table).where(settled)
            )
            connection.execute(
                update(table)
                .where(settled)
                .values(body=None, version=table.c.version + 1)
            )
            connection.commit()
            return count or 0

        return self._run(work)

    def _check(self) -> None:
        """Look at the table, until it was once found to be as it should."""
        if self._checked:
            return
        fault = self._run(partial(table_fault, table=self.table))
        if fault is not None:
            raise ConfigurationError(fault)
        self._checked = True

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        """Do work that may be done again if its connection turns out to be lost."""
        tries = 0
        while True:
            tries += 1
            try:
                with self._connection() as connection:
                    return work(connection)
            except DATABASE_ERRORS as error:
                failure = journal_failure(error)
                if (is_broken(error) or is_conflict(error)) and tries < _TRIES:
                    continue
            # Outside of the block above, so that nobody finds its error in this one.
            raise failure

    @contextlib.contextmanager
    def _connection(self) -> Generator[Connection]:
        """Take a connection of our own; refuse one that the shop is using."""
        with gate.work():
            connection = None if self._shared else self._engine.connect()
            if connection is None or has_open_transaction(connection):
                # Kept for ever: closing it would roll the shop's transaction back.
                self._shared = connection or self._shared
                raise JournalFailed(
                    "the engine gave the journal a connection with an open transaction,"
                    " which it would commit; give it an engine whose connections are"
                    " its own, and whose listeners leave no transaction open"
                )
            with connection:
                yield connection


_NOT_TAKEN: Final = "the journal's database does not change the entry, and says not why"


def _entry(row: RowMapping) -> Entry:
    """Read a row; one that was damaged is a failure of the database."""
    try:
        return Entry.from_row(dict(row))
    except (ValueError, TypeError):
        failure = JournalFailed("the journal has an entry that cannot be read")
    raise failure


def _pause(rounds: int) -> None:
    """Let other workers finish; a little longer each time, and never alike."""
    time.sleep(random.uniform(0, 0.001 * 2 ** min(rounds, 6)))  # noqa: S311 - no secret
