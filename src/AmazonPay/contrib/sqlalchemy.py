"""A journal and an inbox in the shop's own database; the extra `[sqlalchemy]`.

They are on SQLAlchemy Core and work with every database for which it has a blocking
driver. An `AsyncClient` calls them in a worker thread, so they also need an engine made
by `create_engine`, beside the shop's `create_async_engine`.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .._core.extras import missing

try:
    from sqlalchemy import MetaData, String, and_, func, or_, select, update
    from sqlalchemy.exc import IntegrityError
except ModuleNotFoundError as error:
    raise missing(error.name, "sqlalchemy") from None

from .._core.clock import utc_now
from .._once import flow
from .._once.entry import Entry, entry_of_row, time_text
from .._once.journal_steps import checked_limit
from ..errors import AmazonPayError, ConfigurationError, JournalFailed
from ._sqlalchemy_database import TRIES, Database, commit
from ._sqlalchemy_engine import has_open_transaction
from ._sqlalchemy_errors import DATABASE_ERRORS, is_broken, is_conflict, without_frames
from ._sqlalchemy_inbox import SQLAlchemyInbox
from ._sqlalchemy_inbox_tables import inbox_tables
from ._sqlalchemy_table import TABLE_NAME, journal_table, table_exists, table_fault
from ._versions import new_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import (
        ColumnElement,
        Connection,
        CursorResult,
        Engine,
        Insert,
        Update,
    )

    from .._once.entry import Change

_LOADED_WITH_JOURNALS = flow  # see `AmazonPay.journal`

__all__ = [
    "TABLE_NAME",
    "SQLAlchemyInbox",
    "SQLAlchemyJournal",
    "inbox_tables",
    "journal_table",
]

# How many seconds a change is retried while other workers change the same entry.
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A write that failed, or whose result is unknown."""

    failure: AmazonPayError
    tries: int
    """How often it may be tried while no other worker changes the entry."""
    in_doubt: bool = False
    """Whether the write may have been committed."""


class SQLAlchemyJournal:
    """A journal in a table of the shop's database.

    Each change is a separate transaction on a separate connection from the engine's
    pool, and is committed when it returns. The journal deliberately takes no connection
    or session: a rollback of the shop's transaction would undo the entry after money
    has moved. Call the helpers outside of a transaction: on SQLite an open one locks
    the journal, and on any database its locks last while the helper waits for Amazon.

    Create the table in your migrations from `journal_table(metadata)`, or by
    `create_table()`. A table is never altered. The first use raises if the table lacks
    columns or a newer release made it; the message shows the statements to correct it.

    A process can fork at any time: the child gets its own pool and does not touch the
    connections of its parent.

    Raises:
        ConfigurationError: `engine` is no engine, its database is in memory, or its
            pool has a single connection; at the first use, if the table does not fit.
        JournalFailed: raised by each method if the database fails. It shows no values.
    """

    def __init__(
        self,
        engine: Engine,
        table_name: str = TABLE_NAME,
        *,
        metadata: MetaData | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = Database(engine)
        self._clock = clock
        self._checked = False
        self.table = journal_table(
            MetaData() if metadata is None else metadata, table_name
        )

    def create_table(self) -> None:
        """Create the table if it is missing; many workers may do so at once.

        Raises:
            ConfigurationError: there is a table of another release.
            JournalFailed: the database failed.
        """
        try:
            self._database.run(self._create)
        except JournalFailed:
            # Another worker may have created the table meanwhile.
            if not self._database.run(partial(table_exists, table=self.table)):
                raise
        self._check()

    def _create(self, connection: Connection) -> None:
        self.table.create(connection, checkfirst=True)
        # A killed worker may have created the table without its index.
        for index in self.table.indexes:
            index.create(connection, checkfirst=True)
        commit(connection)

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry and commit it. See `Journal.change`.

        If the commit is interrupted, the entry is read again, so that the change is not
        applied twice.

        Raises:
            JournalFailed: the database failed or did not accept the change.
        """
        return without_frames(partial(self._change, key, change))

    def _change(self, key: str, change: Change) -> Entry:
        self._check()
        version = new_version()
        ends = time.monotonic() + _PATIENCE
        lost: _Unwritten | None = None
        in_doubt, tries, rounds = False, 0, 0
        before: int | None = None
        while True:
            found, read = self._read(key)
            if lost is not None and found is not None and read == version:
                return found  # the interrupted commit took effect
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
        """Write and commit an entry if its version is still the one that was read."""
        table, row = self.table, self._fitted(entry.to_row())
        where = table.c.idempotency_key == entry.key
        statement: Insert | Update = (
            table.insert()
            if read is None
            else update(table).where(where, table.c.version == read)
        )
        committing = False

        def work(connection: Connection) -> bool:
            nonlocal committing
            done = connection.execute(statement.values(**row, version=version))
            if read is not None and not self._took(
                connection, done, where, read, version
            ):
                return False
            committing = True
            commit(connection)
            return True

        try:
            if self._database.connected(work):
                return Entry.from_row(row)
            return _Unwritten(JournalFailed(_NOT_TAKEN), 1)
        except DATABASE_ERRORS as error:
            failure = self._database.failure(error)
            refused, conflict = isinstance(error, IntegrityError), is_conflict(error)
            told = refused or conflict  # by the server, which has rolled back
            in_doubt = is_broken(error) or (committing and not told)
            # Two workers may insert the same key; any other violation of a constraint
            # would happen again.
            tries = TRIES if in_doubt or conflict else int(refused and read is None)
        return _Unwritten(failure, tries, in_doubt)

    def _took(
        self,
        connection: Connection,
        done: CursorResult[Any],
        where: ColumnElement[bool],
        read: int,
        version: int,
    ) -> bool:
        """Return whether an UPDATE matched the version that was read."""
        if connection.dialect.supports_sane_rowcount and done.rowcount >= 0:
            return done.rowcount == 1
        # The driver does not count rows: read the row while it is still locked.
        now = connection.scalar(select(self.table.c.version).where(where))
        if now not in {read, version} and not has_open_transaction(connection):
            raise JournalFailed(
                "the journal's database counts no rows and commits each statement:"
                " nobody can tell whether this change or another worker's was written"
            )
        return bool(now == version)

    def _fitted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Cut texts to the length of their columns, so that the database takes them."""
        for column in self.table.columns:
            value, kind = row.get(column.name), column.type
            if column.nullable and isinstance(value, str) and isinstance(kind, String):
                text = value.replace("\0", "?").encode(errors="replace").decode()
                row[column.name] = text[: kind.length]
        return row

    def find(self, key: str, /) -> Entry | None:
        """Return the entry of `key`, or None."""
        self._check()
        return without_frames(partial(self._read, key))[0]

    def _read(self, key: str) -> tuple[Entry | None, int | None]:
        """Return an entry and its version; None for both if there is no entry."""
        table = self.table
        wanted = select(table).where(table.c.idempotency_key == key)
        row = self._database.run(
            lambda connection: connection.execute(wanted).mappings().first()
        )
        return (
            (None, None) if row is None else (entry_of_row(dict(row)), row["version"])
        )

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """Return entries that are not settled. See `Journal.open_entries`."""
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
            return [
                entry_of_row(dict(row)) for row in connection.execute(listed).mappings()
            ]

        return without_frames(partial(self._database.run, work))

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of settled entries. See `Journal.forget`."""
        self._check()
        table = self.table
        settled = and_(
            table.c.outcome.in_(["success", "no"]),
            table.c.body.is_not(None),
            table.c.changed < time_text(before),
        )

        def work(connection: Connection) -> int:
            # Count first, because not every driver counts changed rows.
            count = connection.scalar(
                select(func.count()).select_from(table).where(settled)
            )
            connection.execute(
                update(table)
                .where(settled)
                .values(body=None, version=table.c.version + 1)
            )
            commit(connection)
            return count or 0

        return self._database.run(work)

    def _check(self) -> None:
        """Check the table until it has once been found correct."""
        if self._checked:
            return
        fault = self._database.run(partial(table_fault, table=self.table))
        if fault is not None:
            raise ConfigurationError(fault)
        self._checked = True


_NOT_TAKEN: Final = "the journal's database does not change the entry, and says not why"


def _pause(rounds: int) -> None:
    """Sleep for a random time that grows with each round."""
    time.sleep(random.uniform(0, 0.001 * 2 ** min(rounds, 6)))  # noqa: S311 - no secret
