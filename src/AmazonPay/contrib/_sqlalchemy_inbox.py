"""An inbox for notifications in the shop's own database, on SQLAlchemy Core."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import MetaData, delete, select, true
from sqlalchemy.exc import IntegrityError

from .._core import fork_gate
from .._once.entry import time_text
from .._once.journal_steps import checked_limit
from .._once.sqlite_journal import utc_now
from ..errors import AmazonPayError, ConfigurationError, InvalidRequest
from ..ipn import InboxEntry, InboxFailed
from ..ipn._inbox import (
    FIRST_CHECK,
    LEASE,
    MAX_FAILURES,
    HandlerFailed,
    Processing,
    Work,
)
from ..ipn._verifier import MAX_AGE
from ..ipn._views import is_open, kept, merged
from ._sqlalchemy_database import TRIES, Database, commit
from ._sqlalchemy_errors import DATABASE_ERRORS, is_broken, is_conflict, without_frames
from ._sqlalchemy_inbox_tables import (
    DONE,
    INBOX_NAME,
    LONGEST_ERROR,
    NEW,
    OBJECTS_NAME,
    PARKED,
    inbox_tables,
    update_row,
)
from ._sqlalchemy_table import table_exists, table_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Table

    from ..ipn import Handler, Notification
    from ..ipn._views import View

_T = TypeVar("_T")

# Of so many entries that are due, a worker takes any, so that workers rarely meet.
_CANDIDATES: Final = 20


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
        self._database = Database(engine, "inbox", InboxFailed)
        self._max_failures = checked_limit(max_failures)
        self._clock = clock
        self._checked = False
        self.table, self.objects_table = inbox_tables(
            MetaData() if metadata is None else metadata,
            table_name,
            objects_table_name,
        )
        self._storage = _Storage(self, self._database)

    def create_table(self) -> None:
        """Create the tables that are missing; many workers may do so at once.

        Raises:
            ConfigurationError: there is a table of another release.
            InboxFailed: the database failed.
        """
        for table in (self.table, self.objects_table):
            try:
                self._database.run(partial(_create, table=table))
            except InboxFailed:
                # Another worker may have created the table meanwhile.
                if not self._database.run(partial(table_exists, table=table)):
                    raise
        self.run(lambda connection: None)  # noqa: ARG005 - only the check is wanted

    def receive(self, notification: Notification, /) -> bool:
        """Commit a notification; return whether it is new. See `Inbox.receive`.

        Raises:
            InboxFailed: the database failed: answer 5xx.
        """
        row = {
            "message_id": notification.message_id,
            "notification_id": notification.notification_id,
            "topic_arn": notification.topic_arn,
            "object_type": notification.object_type,
            "object_id": notification.object_id,
            "notification_type": notification.notification_type,
            "charge_permission_id": notification.charge_permission_id,
            "merchant_id": notification.merchant_id,
            "sent": time_text(notification.timestamp),
        }
        return self.run(partial(self.insert, row))

    def insert(self, row: Mapping[str, Any], connection: Connection) -> bool:
        """Insert an entry unless it is there; return whether it was not."""
        table, now = self.table, time_text(self._clock())
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

    def parked(self, *, limit: int = 100) -> list[InboxEntry]:
        """Return up to `limit` entries that have failed too often, the oldest first.

        Raises:
            InboxFailed: the database failed.
        """
        table = self.table
        listed = select(table).where(table.c.state == PARKED)
        listed = listed.order_by(table.c.received).limit(checked_limit(limit))
        return self.run(
            lambda connection: [
                _entry(row) for row in connection.execute(listed).mappings()
            ]
        )

    def retry(self, message_id: str) -> None:
        """Free a parked entry: the next `process` tries it again.

        Raises:
            InvalidRequest: no such entry is parked.
            InboxFailed: the database failed.
        """
        freed = {"state": NEW, "failures": 0, "due": time_text(self._clock())}
        is_parked = self.table.c.state == PARKED
        if not self.change(self.table, message_id, is_parked, freed):
            raise InvalidRequest("no entry of this message_id is parked")

    def forget(self, before: datetime, /) -> int:
        """Delete settled entries received before a time; return their number.

        The time must be before the age limit of the verifier, 15 days, or a
        notification that comes again would be new.

        Raises:
            InvalidRequest: the time is later, or has no time zone.
            InboxFailed: the database failed.
        """
        limit = time_text(before)
        if limit > time_text(self._clock() - MAX_AGE):
            raise InvalidRequest(
                f"entries of the last {MAX_AGE.days} days are needed to notice what"
                " comes again"
            )
        table = self.table
        old = (table.c.state == DONE) & (table.c.received < limit)

        def work(connection: Connection) -> int:
            found = connection.scalars(select(table.c.message_id).where(old)).all()
            connection.execute(delete(table).where(old))
            commit(connection)
            return len(found)

        return self.run(work)

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Do work on a connection, once the tables were found correct."""
        return without_frames(partial(self._run, work))

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        if not self._checked:
            for table in (self.table, self.objects_table):
                fault = self._database.run(
                    partial(table_fault, table=table, what="inbox")
                )
                if fault is not None:
                    raise ConfigurationError(fault)
            self._checked = True
        return self._database.run(work)

    def change(
        self,
        table: Table,
        key: str,
        where: ColumnElement[bool],
        values: Mapping[str, Any],
    ) -> int:
        """Update a row if it fits, and commit; return its new version, or 0."""

        def work(connection: Connection) -> int:
            changed = update_row(connection, table, key, where, values)
            commit(connection)
            return changed

        return self.run(work)

    def moment(self, after: timedelta = timedelta(0)) -> str:
        """Return a time from now on, as the tables have it."""
        return time_text(self._clock() + after)


def _create(connection: Connection, table: Table) -> None:
    table.create(connection, checkfirst=True)
    # A killed worker may have created the table without its index.
    for index in table.indexes:
        index.create(connection, checkfirst=True)
    commit(connection)


def _entry(row: RowMapping) -> InboxEntry:
    return InboxEntry(
        message_id=row["message_id"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        notification_type=row["notification_type"],
        charge_permission_id=row["charge_permission_id"],
        received=datetime.fromisoformat(row["received"]).replace(tzinfo=UTC),
        failures=row["failures"],
        error=row["error"],
    )


class _Storage:
    """What the steps of `process` and `recheck` need: see `Storage`."""

    def __init__(self, inbox: SQLAlchemyInbox, database: Database) -> None:
        self._inbox = inbox
        self._database = database
        self._entries, self._objects = inbox.table, inbox.objects_table

    # Entries --------------------------------------------------------------------------

    def claim(self) -> Work | None:
        table = self._entries
        row = self._claimed(table, table.c.state == NEW)
        if row is None:
            return None
        return Work(
            row["message_id"],
            row["object_type"],
            row["object_id"],
            row["version"],
            row["failures"],
        )

    def _claimed(
        self, table: Table, where: ColumnElement[bool]
    ) -> dict[str, Any] | None:
        """Hold one row that is due; another worker may take each before."""
        key = next(iter(table.primary_key.columns)).name
        while rows := self._due(table, where):
            random.shuffle(rows)
            for row in rows:
                mine = table.c.version == row["version"]
                lease = {"due": self._inbox.moment(LEASE)}
                if version := self._inbox.change(table, row[key], mine, lease):
                    return {**row, "version": version}
        return None

    def _due(self, table: Table, where: ColumnElement[bool]) -> list[RowMapping]:
        due = select(table).where(where, table.c.due <= self._inbox.moment())
        due = due.order_by(table.c.due).limit(_CANDIDATES)

        def work(connection: Connection) -> list[RowMapping]:
            return [*connection.execute(due).mappings()]

        return self._inbox.run(work)

    def settle(self, work: Work) -> None:
        self._change_entry(work, state=DONE)

    def fail(self, work: Work, error: str, pause: timedelta | None) -> None:
        text = error.replace("\0", "?")[:LONGEST_ERROR]
        self._change_entry(
            work,
            failures=work.failures + 1,
            error=text.encode(errors="replace").decode(),
            state=PARKED if pause is None else NEW,
            due=self._inbox.moment(pause or timedelta(0)),
        )

    def _change_entry(self, work: Work, **values: object) -> None:
        mine = self._entries.c.version == work.version
        self._inbox.change(self._entries, work.id, mine, values)

    def finish(self, work: Work, fresh: View, handler: Handler) -> bool:
        return without_frames(partial(self._finish, work, fresh, handler))

    def _finish(self, work: Work, fresh: View, handler: Handler) -> bool:
        tries = 0
        while True:
            tries += 1
            try:
                act = partial(self._act, work, fresh, handler)
                return self._database.connected(act)
            except HandlerFailed as failed:
                cause = failed.error
                if not (isinstance(cause, DATABASE_ERRORS) and _is_passing(cause)):
                    raise
                failure: Exception = failed
            except AmazonPayError:
                raise
            except DATABASE_ERRORS as error:
                failure = self._database.failure(error)
                # Two workers may insert the same object.
                if not (_is_passing(error) or isinstance(error, IntegrityError)):
                    tries = TRIES
            if tries >= TRIES:
                raise failure

    def _act(
        self, work: Work, fresh: View, handler: Handler, connection: Connection
    ) -> bool:
        """Settle the entry, lock the object, and let the handler move the order.

        The first statement writes, so that SQLite takes its lock at once.
        """
        with connection.begin() as transaction:
            mine = self._entries.c.version == work.version
            settled = {"state": DONE, "error": None}
            if not update_row(connection, self._entries, work.id, mine, settled):
                transaction.rollback()
                return False
            objects = self._objects
            known = select(objects.c.view).where(objects.c.object_id == work.object_id)
            text = connection.scalar(known.with_for_update())
            before: View | None = None if text is None else json.loads(text)
            view = _merged(work, fresh, before)
            if kept(view) != before:
                _handle(handler, connection, view, before)
                if not transaction.is_active:
                    raise ConfigurationError(
                        "the handler has ended the inbox's transaction: it must"
                        " neither commit nor roll back"
                    )
            self._save_object(connection, work, view, is_new=text is None)
            fork_gate.gate.check()
        return True

    def _save_object(
        self, connection: Connection, work: Work, view: View, *, is_new: bool
    ) -> None:
        objects = self._objects
        values = {
            "view": json.dumps(kept(view)),
            "is_open": int(is_open(work.object_type, view)),
            "checks": 0,
            "due": self._inbox.moment(FIRST_CHECK),
            "changed": self._inbox.moment(),
        }
        if not is_new:
            update_row(connection, objects, work.object_id, true(), values)
            return
        ids = {"object_id": work.object_id, "object_type": work.object_type}
        connection.execute(objects.insert().values(**ids, **values, version=0))

    # Objects --------------------------------------------------------------------------

    def claim_object(self) -> Work | None:
        table = self._objects
        row = self._claimed(table, table.c.is_open == 1)
        if row is None:
            return None
        return Work(
            row["object_id"],
            row["object_type"],
            row["object_id"],
            row["version"],
            row["checks"],
            json.loads(row["view"]),
        )

    def put_off(self, work: Work, pause: timedelta) -> None:
        mine = self._objects.c.version == work.version
        values = {"checks": work.failures + 1, "due": self._inbox.moment(pause)}
        self._inbox.change(self._objects, work.id, mine, values)

    def enqueue(self, work: Work, message_id: str, pause: timedelta) -> None:
        row = {
            "message_id": message_id,
            "notification_id": message_id,
            "topic_arn": "",
            "object_type": work.object_type,
            "object_id": work.object_id,
            "notification_type": "RECHECK",
            "merchant_id": "",
            "sent": self._inbox.moment(),
        }
        self._inbox.run(partial(self._inbox.insert, row))
        self.put_off(work, pause)


def _is_passing(error: Exception) -> bool:
    return is_broken(error) or is_conflict(error)


def _merged(work: Work, fresh: View, before: View | None) -> View:
    try:
        return merged(work.object_type, fresh, before)
    except InvalidRequest as error:  # Amazon's answer cannot be merged
        raise HandlerFailed(error) from error


def _handle(
    handler: Handler, connection: Connection, view: View, before: View | None
) -> None:
    try:
        handler(connection, view, before)
    except Exception as error:
        raise HandlerFailed(error) from error
