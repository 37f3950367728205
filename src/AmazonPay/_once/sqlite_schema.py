"""The table in the file of a `SQLiteJournal`: its columns, versions and migration."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from ..errors import JournalFailed
from .entry import NEWER_COLUMNS

if TYPE_CHECKING:
    import sqlite3

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
"""The columns of `Entry.to_row` with their SQL types."""

VERSION: Final = 1
"""The `user_version` of the files that this release writes."""

NO_JOURNAL: Final = (
    "the journal's file holds something else than a SQLiteJournal. A table in a shop's"
    " database is read by SQLAlchemyJournal; for a command, name the database as"
    " AMAZON_PAY_JOURNAL=sqlite:///FILE"
)

_LIST_COLUMNS: Final = "PRAGMA table_info(entry)"
_LIST_TABLES: Final = "SELECT 1 FROM sqlite_master"
_CHECK: Final = "integrity_check(1)"


def pragma(connection: sqlite3.Connection, name: str) -> Any:  # noqa: ANN401 - each has a type of its own
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


class FileState:
    """The version of a file, and whether it is a journal.

    `id` is a random number, by which a file that replaced this one is detected.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.version: int = pragma(connection, "user_version")
        self.id: int = pragma(connection, "application_id")
        self.mode: str = pragma(connection, "journal_mode")
        self.columns = {name for _, name, *_ in connection.execute(_LIST_COLUMNS)}
        needed = set(COLUMNS) - (set() if self.version else {*NEWER_COLUMNS})
        self.is_journal = needed <= self.columns
        self.empty = not connection.execute(_LIST_TABLES).fetchall()


def migrate(connection: sqlite3.Connection) -> int:
    """Turn an empty or older file into a journal of this version; return its id."""
    found = FileState(connection)
    if found.version == VERSION:  # another process has migrated it
        return found.id
    if found.empty:
        definition = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE entry ({definition}) WITHOUT ROWID")
    elif not found.is_journal:
        raise JournalFailed(NO_JOURNAL)
    elif pragma(connection, _CHECK) != "ok":
        raise JournalFailed("the journal's file is damaged")
    for name in COLUMNS:
        if not found.empty and name not in found.columns:
            connection.execute(f"ALTER TABLE entry ADD COLUMN {name} TEXT")
    connection.execute(
        "CREATE INDEX IF NOT EXISTS entry_open ON entry (outcome, changed)"
    )
    id_ = 1 + secrets.randbelow(2**31 - 1)
    connection.execute(f"PRAGMA application_id = {id_}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return id_
