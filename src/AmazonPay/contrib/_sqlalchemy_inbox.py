"""An inbox for notifications in the shop's own database, on SQLAlchemy Core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData, delete, select

from .._core.clock import utc_now
from .._once.entry import time_text
from .._once.journal_steps import checked_limit
from ..errors import InvalidRequest
from ..ipn._inbox import MAX_FAILURES, Processing
from ..ipn._rows import DONE, NEW, PARKED, checked_forget_limit, entry_of, row_of
from ._sqlalchemy_database import commit
from ._sqlalchemy_inbox_storage import InboxStorage
from ._sqlalchemy_inbox_tables import (
    INBOX_NAME,
    OBJECTS_NAME,
    InboxTables,
    inbox_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine

    from ..ipn import InboxEntry, Notification


class SQLAlchemyInbox(Processing):
    """An inbox in two tables of the shop's database.

    `receive` keeps a verified notification; `process` acts on it, in any number of
    workers. Both commit by themselves: pass the engine, and call `process` outside of a
    transaction. The handler gets the connection of the inbox's own transaction; write
    your order there, and both are committed together, or neither.

    Create the tables in your migrations from `inbox_tables(metadata)`, or by
    `create_table()`. A table is never altered. The first use raises if a table does not
    fit; the message shows the statements to correct it.

    Of objects, the inbox keeps states, times and amounts, and no data of the buyer.

    Args:
        engine: Made by `create_engine`, with a database that outlives the process.
        table_name: The table of notifications.
        objects_table_name: The table of the objects that they name.
        metadata: Where to describe the tables; a `MetaData` of its own by default.
        max_failures: After so many failures an entry is parked.
        clock: Returns the time, in UTC.

    Raises:
        ConfigurationError: `engine` is no engine, its database is in memory, or its
            pool has a single connection; at the first use, if a table does not fit.
        InboxFailed: raised by each method if the database fails. It shows no values.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each part
        self,
        engine: Engine,
        table_name: str = INBOX_NAME,
        objects_table_name: str = OBJECTS_NAME,
        *,
        metadata: MetaData | None = None,
        max_failures: int = MAX_FAILURES,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        described = inbox_tables(
            MetaData() if metadata is None else metadata,
            table_name,
            objects_table_name,
        )
        self.table, self.objects_table = described
        self._tables = InboxTables(engine, described, clock)
        self._max_failures = checked_limit(max_failures, "max_failures")
        self._clock = clock
        self._storage = InboxStorage(self._tables)

    def create_table(self) -> None:
        """Create the tables that are missing; many workers may do so at once.

        Raises:
            ConfigurationError: there is a table of another release.
            InboxFailed: the database failed.
        """
        self._tables.create()

    def receive(self, notification: Notification, /) -> bool:
        """Commit a notification; return whether it is new. See `Inbox.receive`.

        Raises:
            InboxFailed: the database failed: answer 5xx.
        """
        return self._storage.add(row_of(notification))

    def parked(self, *, limit: int = 100) -> list[InboxEntry]:
        """Return up to `limit` entries that have failed too often, the oldest first.

        Raises:
            InboxFailed: the database failed.
        """
        return self._oldest(self.table.c.state == PARKED, limit)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[InboxEntry]:
        """Return up to `limit` entries that are not settled, the oldest first.

        An entry waits for `process`, or is parked. `before` leaves out those that were
        received since.

        Raises:
            InvalidRequest: `before` has no time zone.
            InboxFailed: the database failed.
        """
        is_open = self.table.c.state != DONE
        if before is not None:
            is_open &= self.table.c.received < time_text(before)
        return self._oldest(is_open, limit)

    def _oldest(self, where: ColumnElement[bool], limit: int) -> list[InboxEntry]:
        table = self.table
        listed = select(table).where(where).order_by(table.c.received)
        listed = listed.limit(checked_limit(limit))
        return self._tables.run(
            lambda connection: [
                entry_of(row) for row in connection.execute(listed).mappings()
            ]
        )

    def retry(self, message_id: str) -> None:
        """Free a parked entry: the next `process` tries it again.

        Raises:
            InvalidRequest: no such entry is parked.
            InboxFailed: the database failed.
        """
        freed = {"state": NEW, "failures": 0, "due": self._tables.moment()}
        is_parked = self.table.c.state == PARKED
        if not self._tables.change(self.table, message_id, is_parked, freed):
            raise InvalidRequest("no entry of this message_id is parked")

    def forget(self, before: datetime, /) -> int:
        """Delete settled entries received before a time; return their number.

        The time must be before the age limit of the verifier, 15 days, or a
        notification that comes again would be new.

        Raises:
            InvalidRequest: the time is later, or has no time zone.
            InboxFailed: the database failed.
        """
        limit = checked_forget_limit(before, self._clock())
        table = self.table
        old = (table.c.state == DONE) & (table.c.received < limit)

        def work(connection: Connection) -> int:
            found = connection.scalars(select(table.c.message_id).where(old)).all()
            connection.execute(delete(table).where(old))
            commit(connection)
            return len(found)

        return self._tables.run(work)
