"""Where a shop writes down what it is about to do with money, before it does it.

A journal holds the key and the exact bytes of each request of the helpers (such as
`create_charge_or_get`) from before it is sent until long after: a process that is
killed at any line goes on with the same bytes. See `docs/once.md`.

Bodies may hold personal data, such as a note to the buyer: `forget` erases them.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from ._claims import take
from ._entry import Entry, given_up, resolved, time_text
from ._operation import encoded_id
from ._procedure import Blocking, run
from .errors import ConfigurationError, JournalConflict

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator
    from typing import Literal

    from ._entry import Change
    from ._procedure import Step


__all__ = ["Entry", "Journal", "SQLiteJournal", "abandon", "resolve"]


class Journal(Protocol):
    """What the helpers need of a journal: blocking methods, safe for many threads.

    `SQLiteJournal` and `AmazonPay.contrib.sqlalchemy.SQLAlchemyJournal` are two. One of
    your own writes `Entry.to_row()` to a table whose primary key is `idempotency_key`.
    An `AsyncClient` calls these methods in a worker thread.
    """

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace the entry of `key` by what `change` makes of it, and return that.

        It must be committed when this returns, in a transaction of its own: what joins
        a transaction of the caller is not there yet when the request leaves. No other
        change of the same key comes between the reading and the writing; `change` may
        be called again for that. It is pure, and what it raises changes nothing.
        The time of the change goes into `Entry.changed`.
        """
        ...

    def find(self, key: str, /) -> Entry | None:
        """Read an entry."""
        ...

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """List what is not settled, least lately changed first.

        That is each entry whose `outcome` is neither `success` nor `no`: none yet,
        `pending`, `unknown` or `moved`. With `before`, only what was last changed
        before that moment.
        """
        ...

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of entries that were settled before a moment; count them.

        All else stays, the key above all: Amazon keeps keys for ever. So do the
        entries without a body, whose `operation` begins with `claim`: they say which
        order an object has paid.
        """
        ...


def resolve(
    journal: Journal,
    key: str,
    outcome: Literal["success", "no"],
    *,
    reason: str,
    object_id: str | None = None,
) -> Entry:
    """Settle an entry by hand, once a person has found out what happened; for good.

    For what stays `unknown`: a request that was refused after an earlier run of it was
    killed, so that nobody can tell whether the first one left. And for `moved`, once
    the money was put right. The entry is never sent again, and every helper that is
    called for it decides as you said. With `no` the next attempt may be made; say so
    only when Seller Central shows that nothing was charged or refunded, or that it has
    all gone back. `object_id` is the charge or refund that was found. A `success`
    claims its object for this order.

    Raises:
        JournalConflict: there is no entry of this key; it is known to have succeeded
            and cannot become a `no`; or its object has settled another order.
        InvalidRequest: another word than `success` and `no`, a reason that is empty, or
            an id that cannot be one.
        JournalFailed: the journal could not be read or written, or what else it raises.
    """
    if object_id is not None:
        encoded_id("object_id", object_id)
    settle = resolved(outcome, reason, object_id)
    entry = settle(journal.find(key))
    claimed = entry.subject or entry.object_id
    if outcome == "success" and claimed is not None:
        taken = run(take(journal, entry, claimed), _JournalAlone())
        if not taken:
            raise JournalConflict(
                "another order of this journal has done the same with the same object,"
                " or is at it: one object settles one order"
            )
    return journal.change(key, settle)


def abandon(journal: Journal, key: str, *, reason: str) -> Entry:
    """Give an entry up, because the shop has dropped the order: it is not sent again.

    Where nothing of it was ever carried out for certain, it becomes a `no`. Else it
    stays open: helpers and `resume` go on looking at it, without sending anything. If
    its money turns out to have moved, it ends as `moved`; if nothing can tell, it stays
    in `open_entries` for a person, who settles it by `resolve`.

    Call this wherever the order is given up or paid in another way, and before that:
    a sweep would charge it else. What is under way in that moment still arrives.

    Raises:
        JournalConflict: there is no entry of this key, or it has succeeded: cancel or
            refund it.
        InvalidRequest: a reason that is empty.
        JournalFailed: the journal could not be read or written, or what else it raises.
    """
    return journal.change(key, given_up(reason))


class _JournalAlone:
    """Performs what a procedure does with a journal, without a client."""

    def perform(self, step: Step, /) -> object:
        return step.work() if isinstance(step, Blocking) else None


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


# --- SQLite ---------------------------------------------------------------------------

COLUMNS: Final = {
    "idempotency_key": "TEXT NOT NULL PRIMARY KEY",
    "namespace": "TEXT NOT NULL",
    "shop_order": "TEXT NOT NULL",
    "operation": "TEXT NOT NULL",
    "attempt": "INTEGER NOT NULL",
    "path": "TEXT NOT NULL",
    "body": "BLOB",
    "digest": "TEXT NOT NULL",
    "confirm_only": "INTEGER NOT NULL",
    "charge_ids": "TEXT",
    "runs": "INTEGER NOT NULL",
    "answers": "INTEGER NOT NULL",
    "outcome": "TEXT",
    "reason": "TEXT",
    "object_id": "TEXT",
    "other_object_ids": "TEXT",
    "environment": "TEXT",
    "region": "TEXT",
    "public_key_id": "TEXT",
    "abandoned": "TEXT",
    "created": "TEXT",
    "changed": "TEXT NOT NULL",
}
"""What `Entry.to_row` writes."""

_NAMES: Final = ", ".join(COLUMNS)
_OPEN: Final = "(outcome IS NULL OR outcome NOT IN ('success', 'no'))"
_LOCK_SECONDS: Final = 30.0


class SQLiteJournal:
    """A journal in a file of its own, for shops without a database of theirs.

    Threads and processes of one machine may share the file; it must be on a local
    disk, for SQLite's write-ahead log does not work across a network. Every write is
    on the disk when it returns. The file is made if it is missing, readable by its
    owner alone.

    Raises:
        ConfigurationError: the file cannot be opened, or would not outlive the process.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        import sqlite3

        name = os.fspath(path)
        if not name or name.startswith((":memory:", "file:")):
            raise ConfigurationError(
                "a journal is a file: it must be there when the process is gone"
            )
        self._path = os.path.abspath(name)  # noqa: PTH100 - the folder may change later
        self._clock = clock
        definition = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        try:
            # Its bodies may hold personal data: readable by its owner alone. The
            # write-ahead log's files take after it.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            with self._transaction() as connection:
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS entry ({definition}) WITHOUT ROWID"
                )
                connection.execute(
                    "CREATE INDEX IF NOT EXISTS entry_open ON entry (outcome, changed)"
                )
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"the journal cannot be opened: {error}") from None

    @contextlib.contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """Commit the block, alone among writers; a connection of its own each time.

        So nothing is shared by threads, or inherited by a forked process.
        """
        import sqlite3

        with contextlib.closing(
            sqlite3.connect(self._path, timeout=_LOCK_SECONDS, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            with contextlib.suppress(sqlite3.OperationalError):
                # Busy: another process is at it, or will be; it is kept in the file.
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry; on the disk when it returns. See `Journal.change`."""
        with self._transaction() as connection:
            entry = replace(change(self._read(connection, key)), changed=self._clock())
            row = entry.to_row()
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT OR REPLACE INTO entry ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
                tuple(row.values()),
            )
        return entry

    def find(self, key: str, /) -> Entry | None:
        """Read an entry."""
        with self._transaction() as connection:
            return self._read(connection, key)

    @staticmethod
    def _read(connection: sqlite3.Connection, key: str) -> Entry | None:
        row = connection.execute(
            f"SELECT {_NAMES} FROM entry WHERE idempotency_key = ?",  # noqa: S608 - our own names
            (key,),
        ).fetchone()
        return None if row is None else Entry.from_row(row)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """List what is not settled. See `Journal.open_entries`."""
        until = "9" if before is None else time_text(before)
        with self._transaction() as connection:
            rows: list[Any] = connection.execute(
                f"SELECT {_NAMES} FROM entry WHERE {_OPEN} AND changed < ?"  # noqa: S608 - our own names
                " ORDER BY changed, idempotency_key LIMIT ?",
                (until, limit),
            ).fetchall()
        return [Entry.from_row(row) for row in rows]

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of what was settled. See `Journal.forget`."""
        with self._transaction() as connection:
            return connection.execute(
                "UPDATE entry SET body = NULL WHERE outcome IN ('success', 'no')"
                " AND body IS NOT NULL AND changed < ?",
                (time_text(before),),
            ).rowcount
