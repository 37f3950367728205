"""The simulator's state in SQLite, in a file or in memory.

There is one writer at a time. Every API call is one transaction, from the check of its
idempotency key to the stored response, and the response is sent after the commit. In a
file, what was committed survives `kill -9` (write-ahead log, synced at each commit).
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ..wire.messages import JSON, HTTPResponse
from .schema import SCHEMA, TABLES, VERSION

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterator

Record = dict[str, Any]

_PAGE = 500
"""How many rows of the story are read at a time."""


@dataclass(frozen=True, slots=True)
class Due:
    """A scheduled event of an object."""

    number: int
    at: str
    owner: str
    kind: str
    id: str
    event: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The first response under an idempotency key, and its request."""

    method: str
    path: str
    body: str
    """Canonical JSON."""
    response: HTTPResponse


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of the story: a request, an act of the buyer, a change of state."""

    number: int
    at: str
    owner: str
    order: str | None
    kind: str
    facts: Record


DROPPED = "dropped"
"""The kind of the row that stands for rows which the story no longer has."""


def _page(
    connection: sqlite3.Connection, order: str | None, after: int, limit: int
) -> list[HistoryRow]:
    """Return the first rows after a number, behind a row about those that are gone."""
    columns = 'number, at, owner, "order", kind, facts'
    if order is None:
        query = f"SELECT {columns} FROM history WHERE number > ?"  # noqa: S608 - the names of tables and columns stand in this file
        values: tuple[object, ...] = (after,)
    else:
        query = f'SELECT {columns} FROM history WHERE "order" = ? AND number > ?'  # noqa: S608 - the names of tables and columns stand in this file
        values = (order, after)
    found = connection.execute(
        f"{query} ORDER BY number LIMIT ?", (*values, limit)
    ).fetchall()
    rows = [
        HistoryRow(number, at, owner, of, kind, json.loads(facts))
        for number, at, owner, of, kind, facts in found
    ]
    first = connection.execute(
        "SELECT number, at FROM history ORDER BY number LIMIT 1"
    ).fetchone()
    if first is not None and first[0] > after + 1:
        gone = {"rows": first[0] - 1 - after}
        rows.insert(0, HistoryRow(first[0] - 1, first[1], "", None, DROPPED, gone))
    return rows


class Transaction:
    """Reads and writes between a begin and a commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, owner: str, kind: str, id_: str) -> Record | None:
        """Return an object's record, or None."""
        row = self._connection.execute(
            "SELECT record FROM object WHERE owner = ? AND kind = ? AND id = ?",
            (owner, kind, id_),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, owner: str, kind: str) -> Iterator[Record]:
        """Yield all records of a kind, by id."""
        rows = self._connection.execute(
            "SELECT record FROM object WHERE owner = ? AND kind = ? ORDER BY id",
            (owner, kind),
        ).fetchall()
        return (json.loads(row[0]) for row in rows)

    def below(self, owner: str, kind: str, prefix: str) -> Iterator[Record]:
        """Yield the records of a kind whose ids begin with `prefix`, by id."""
        rows = self._connection.execute(
            "SELECT record FROM object WHERE owner = ? AND kind = ?"
            " AND id >= ? AND id < ? ORDER BY id",
            (owner, kind, prefix, prefix + chr(sys.maxunicode)),
        ).fetchall()
        return (json.loads(row[0]) for row in rows)

    def save(self, owner: str, kind: str, record: Record) -> None:
        """Save an object's record, new or changed."""
        self._connection.execute(
            "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)",
            (owner, kind, record["id"], json.dumps(record)),
        )

    def delete(self, owner: str, kind: str, id_: str) -> None:
        """Delete an object."""
        self._connection.execute(
            "DELETE FROM object WHERE owner = ? AND kind = ? AND id = ?",
            (owner, kind, id_),
        )

    def schedule(self, at: str, owner: str, kind: str, id_: str, event: str) -> None:
        """Schedule an event of an object."""
        self._connection.execute(
            "INSERT INTO due (at, owner, kind, id, event) VALUES (?, ?, ?, ?, ?)",
            (at, owner, kind, id_, event),
        )

    def next_due(self, until: str) -> Due | None:
        """Remove and return the earliest event that is due by `until`, if any."""
        row = self._connection.execute(
            "SELECT number, at, owner, kind, id, event FROM due WHERE at <= ?"
            " ORDER BY at, number LIMIT 1",
            (until,),
        ).fetchone()
        if row is None:
            return None
        self._connection.execute("DELETE FROM due WHERE number = ?", (row[0],))
        return Due(*row)

    def next_due_at(self) -> str | None:
        """Return when the earliest event is due, which stays scheduled, or None."""
        (at,) = self._connection.execute("SELECT MIN(at) FROM due").fetchone()
        return None if at is None else str(at)

    def set_savepoint(self) -> None:
        """Mark the point that `undo_to_savepoint` goes back to."""
        self._connection.execute("SAVEPOINT handler")

    def undo_to_savepoint(self) -> None:
        """Undo what was written since the savepoint, and nothing before it."""
        self._connection.execute("ROLLBACK TO handler")

    def stored(self, owner: str, key: str) -> Stored | None:
        """Return what is stored under an idempotency key, or None."""
        row = self._connection.execute(
            "SELECT method, path, body, status, content FROM response"
            " WHERE owner = ? AND key = ?",
            (owner, key),
        ).fetchone()
        if row is None:
            return None
        method, path, request_body, status, content = row
        # Only JSON is ever stored.
        response = HTTPResponse(status, content, JSON if content else ())
        return Stored(method, path, request_body, response)

    def store_response(self, owner: str, key: str, stored: Stored) -> None:
        """Store the response that a key repeats for ever."""
        self._connection.execute(
            "INSERT INTO response VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                owner,
                key,
                stored.method,
                stored.path,
                stored.body,
                stored.response.status,
                stored.response.body,
            ),
        )

    def add_story_row(  # noqa: PLR0913 - the columns of a row
        self,
        at: str,
        owner: str,
        order: str | None,
        kind: str,
        facts: Record,
        *,
        most: int | None = None,
    ) -> bool:
        """Append a row to the story, and drop the oldest above `most` rows.

        Return whether a row was dropped for the first time.
        """
        number = self._connection.execute(
            'INSERT INTO history (at, owner, "order", kind, facts)'
            " VALUES (?, ?, ?, ?, ?)",
            (at, owner, order, kind, json.dumps(facts)),
        ).lastrowid
        if most is None or not number or number <= most:
            return False
        # A notification is kept as long as its row, and until it was answered.
        self._connection.execute(
            "DELETE FROM object WHERE (owner, kind, id) IN (SELECT owner, kind,"
            " json_extract(facts, '$.messageId') FROM history WHERE number <= ?)"
            " AND json_extract(record, '$.status') <> 'waiting'",
            (number - most,),
        )
        self._connection.execute(
            "DELETE FROM history WHERE number <= ?", (number - most,)
        )
        return number == most + 1

    def has_row(self, number: int) -> bool:
        """Return whether the story still has a row."""
        found = self._connection.execute(
            "SELECT 1 FROM history WHERE number = ?", (number,)
        )
        return found.fetchone() is not None

    def last_number(self) -> int:
        """Return the number of the story's last row, or 0."""
        (number,) = self._connection.execute(
            "SELECT COALESCE(MAX(number), 0) FROM history"
        ).fetchone()
        return int(number)

    def story(self, order: str | None = None, after: int = 0) -> list[HistoryRow]:
        """Return the story of one order or of all, after a row's number."""
        return _page(self._connection, order, after, -1)

    # Looking --------------------------------------------------------------------------

    def orders(self, most: int) -> list[tuple[str, str, int, int, int]]:
        """Return the last orders of the story, the newest first.

        Each is its id, an owner, its first and last row, and how many rows it has.
        """
        return self._connection.execute(
            'SELECT "order", MAX(owner), MIN(number), MAX(number), COUNT(*)'
            ' FROM history WHERE "order" IS NOT NULL GROUP BY "order"'
            " ORDER BY MIN(number) DESC LIMIT ?",
            (most,),
        ).fetchall()

    def rows_without_order(self) -> int:
        """Return how many rows of the story belong to no order."""
        (count,) = self._connection.execute(
            'SELECT COUNT(*) FROM history WHERE "order" IS NULL'
        ).fetchone()
        return int(count)

    def due_for(self, owner: str, kind: str, id_: str) -> list[tuple[str, str]]:
        """Return times and names of an object's scheduled events, in order."""
        return self._connection.execute(
            "SELECT at, event FROM due WHERE owner = ? AND kind = ? AND id = ?"
            " ORDER BY at, number",
            (owner, kind, id_),
        ).fetchall()

    # All of it ------------------------------------------------------------------------

    def dump(self, table: str) -> list[list[Any]]:
        """Return all rows of one of `TABLES`, in the order of its key."""
        columns, key = TABLES[table]
        rows = self._connection.execute(
            f"SELECT {columns} FROM {table} ORDER BY {key}"  # noqa: S608 - the names of tables and columns stand in this file
        )
        return [list(row) for row in rows]

    def clear(self) -> None:
        """Delete everything; the story begins at row 1 again."""
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names of tables and columns stand in this file
        self._connection.execute("DELETE FROM sqlite_sequence")

    def restore(self, table: str, rows: list[list[Any]]) -> None:
        """Add rows of one of `TABLES`, as `dump` returns them."""
        columns, _ = TABLES[table]
        marks = ", ".join("?" * len(columns.split(",")))
        self._connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - the names of tables and columns stand in this file
            rows,
        )


def _connect(path: str | os.PathLike[str]) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=30, isolation_level=None, check_same_thread=False
    )


class Store:
    """A database; threads take turns, and so do processes that share a file."""

    def __init__(self, path: str | os.PathLike[str] = ":memory:") -> None:
        self._lock = threading.Lock()
        self._together: int | None = None
        self._path = None if str(path) == ":memory:" else path
        with contextlib.ExitStack() as opened:
            try:
                self._connection = _connect(path)
                opened.callback(self._connection.close)
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                # Overwrite deleted rows, so that no byte of them stays in the file.
                self._connection.execute("PRAGMA secure_delete = ON")
                with self.transaction():
                    self._prepare()
            except sqlite3.Error as error:
                raise ConfigurationError(
                    f"the store {str(path)!r} cannot be opened: {error}"
                ) from None
            opened.pop_all()
        # Python 3.13 warns of a connection that nobody has closed.
        weakref.finalize(self, self._connection.close).atexit = False

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == VERSION:
            return
        if version != 0:
            raise ConfigurationError(
                f"the store is of version {version}, and this package reads version"
                f" {VERSION}: start with a new file"
            )
        for statement in filter(str.strip, SCHEMA.split(";")):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextlib.contextmanager
    def transaction(self) -> Generator[Transaction]:
        """Commit what the block does, or nothing of it if it raises.

        Inside `together()` it is committed at the end of that.
        """
        if self._together == threading.get_ident():
            if not self._connection.in_transaction:
                # A savepoint would begin another one, without what was before it.
                raise sqlite3.OperationalError("what was written together is lost")
            with self._undone_by_errors("SAVEPOINT part", "ROLLBACK TO part"):
                yield Transaction(self._connection)
            return
        with self._lock, self._undone_by_errors("BEGIN IMMEDIATE", "ROLLBACK"):
            yield Transaction(self._connection)
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def together(self) -> Generator[None]:
        """Commit all transactions of this thread inside the block at its end.

        The disk is asked once for all of them. Nothing that they have led to may leave
        this process before the block has ended. If it raises, nothing of them is kept.
        """
        with self._lock:
            self._together = threading.get_ident()
            try:
                with self._undone_by_errors("BEGIN IMMEDIATE", "ROLLBACK"):
                    yield
                    self._connection.execute("COMMIT")
            finally:
                self._together = None

    @contextlib.contextmanager
    def _undone_by_errors(self, begin: str, undo: str) -> Generator[None]:
        self._connection.execute(begin)
        try:
            yield
        except BaseException:
            # SQLite itself rolls back when the disk is full.
            if self._connection.in_transaction:
                self._connection.execute(undo)
            raise

    def story(self, order: str | None = None, after: int = 0) -> Generator[HistoryRow]:
        """Yield the story of one order or of all, after a row's number.

        It is read in pages. A file is read beside its writer, and in memory the turn of
        the writer is taken for one page at a time.
        """
        while rows := self._read(order, after):
            yield from rows
            after = rows[-1].number

    def _read(self, order: str | None, after: int) -> list[HistoryRow]:
        if self._path is None:
            with self._lock:
                return _page(self._connection, order, after, _PAGE)
        with contextlib.closing(_connect(self._path)) as reader:
            reader.execute("BEGIN")
            return _page(reader, order, after, _PAGE)

    @property
    def changes(self) -> int:
        """A number that grows with each change; reading it waits for nobody."""
        return self._connection.total_changes

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
