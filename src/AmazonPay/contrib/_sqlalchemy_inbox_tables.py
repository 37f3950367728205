"""The tables of an inbox, and changes of their rows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Column, Index, Integer, String, Table, Text, select, update
from sqlalchemy.exc import IntegrityError

from .._once.entry import time_text
from ..errors import ConfigurationError
from ..ipn import InboxFailed
from ..ipn._rows import NEW
from ._sqlalchemy_database import Database, commit
from ._sqlalchemy_errors import without_frames
from ._sqlalchemy_table import table_exists, table_fault
from ._versions import new_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, MetaData

_T = TypeVar("_T")

INBOX_NAME: Final = "amazonpay_inbox"
OBJECTS_NAME: Final = "amazonpay_object"

LONGEST_ERROR: Final = 250


def inbox_tables(
    metadata: MetaData, name: str = INBOX_NAME, objects_name: str = OBJECTS_NAME
) -> tuple[Table, Table]:
    """Add the inbox's two tables to `metadata`, so that your migrations create them."""
    prefix = "" if metadata.schema is None else f"{metadata.schema}."
    known = metadata.tables.get(prefix + name)
    if known is not None:
        return known, metadata.tables[prefix + objects_name]
    entries = Table(
        name,
        metadata,
        Column("message_id", String(64), primary_key=True),
        Column("notification_id", String(64), nullable=False),
        Column("topic_arn", String(512), nullable=False),
        Column("object_type", String(32), nullable=False),
        Column("object_id", String(64), nullable=False),
        Column("notification_type", String(32), nullable=False),
        Column("charge_permission_id", String(64)),
        Column("merchant_id", String(64), nullable=False),
        # Texts of fixed length in UTC, which sort by time in every database.
        Column("sent", String(32), nullable=False),
        Column("received", String(32), nullable=False),
        Column("state", String(16), nullable=False),
        Column("failures", Integer, nullable=False),
        Column("error", String(LONGEST_ERROR)),
        Column("due", String(32), nullable=False),
        # An optimistic lock: each change writes a new number.
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{name}_due", entries.c.state, entries.c.due)
    objects = Table(
        objects_name,
        metadata,
        Column("object_id", String(64), primary_key=True),
        Column("object_type", String(32), nullable=False),
        Column("view", Text, nullable=False),
        Column("is_open", Integer, nullable=False),
        Column("checks", Integer, nullable=False),
        Column("due", String(32), nullable=False),
        Column("changed", String(32), nullable=False),
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{objects_name}_due", objects.c.is_open, objects.c.due)
    return entries, objects


def update_row(
    connection: Connection,
    table: Table,
    key: str,
    where: ColumnElement[bool],
    values: Mapping[str, Any],
) -> int:
    """Update the row of a key if `where` holds; return its new version, or 0.

    The row is locked from here to the end of the transaction.
    """
    column = next(iter(table.primary_key.columns))
    version = new_version()
    change = update(table).where(column == key, where)
    connection.execute(change.values(**values, version=version))
    # Not every driver counts rows, but only this update has written this number.
    found = connection.scalar(select(table.c.version).where(column == key))
    return version if found == version else 0


class InboxTables:
    """The two tables of an inbox in a database, checked before their first use."""

    def __init__(
        self,
        engine: Engine,
        tables: tuple[Table, Table],
        clock: Callable[[], datetime],
    ) -> None:
        self.database = Database(engine, "inbox", InboxFailed)
        self.entries, self.objects = tables
        self._clock = clock
        self._checked = False

    def create(self) -> None:
        """Create the tables that are missing; many workers may do so at once.

        Raises:
            ConfigurationError: there is a table of another release.
            InboxFailed: the database failed.
        """
        for table in (self.entries, self.objects):
            try:
                self.database.run(partial(_create, table=table))
            except InboxFailed:
                # Another worker may have created the table meanwhile.
                if not self.database.run(partial(table_exists, table=table)):
                    raise
        self.run(lambda connection: None)  # noqa: ARG005 - only the check is wanted

    def insert(self, row: Mapping[str, Any], connection: Connection) -> bool:
        """Insert an entry, if its `message_id` is new; return whether it is."""
        table, now = self.entries, self.moment()
        there = select(table.c.message_id).where(
            table.c.message_id == row["message_id"]
        )
        if connection.scalar(there) is not None:
            return False
        connection.rollback()
        added = table.insert().values(
            **row, received=now, state=NEW, failures=0, due=now, version=0
        )
        try:
            connection.execute(added)
            commit(connection)
        except IntegrityError:
            connection.rollback()
            if connection.scalar(there) is None:
                raise
            return False
        return True

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Do work on a connection, after a first check of the tables."""
        return without_frames(partial(self._run, work))

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        if not self._checked:
            for table in (self.entries, self.objects):
                fault = self.database.run(
                    partial(table_fault, table=table, what="inbox")
                )
                if fault is not None:
                    raise ConfigurationError(fault)
            self._checked = True
        return self.database.run(work)

    def change(
        self,
        table: Table,
        key: str,
        where: ColumnElement[bool],
        values: Mapping[str, Any],
    ) -> int:
        """Update a row if `where` holds, and commit; return its new version, or 0."""

        def work(connection: Connection) -> int:
            changed = update_row(connection, table, key, where, values)
            commit(connection)
            return changed

        return self.run(work)

    def moment(self, after: timedelta = timedelta(0)) -> str:
        """Return the time of the clock plus `after`, as text of the tables."""
        return time_text(self._clock() + after)


def _create(connection: Connection, table: Table) -> None:
    table.create(connection, checkfirst=True)
    # A killed worker may have created the table without its index.
    for index in table.indexes:
        index.create(connection, checkfirst=True)
    commit(connection)
