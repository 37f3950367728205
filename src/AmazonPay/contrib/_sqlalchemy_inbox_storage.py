"""The transactions of an inbox on SQLAlchemy; each method commits one."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, true
from sqlalchemy.exc import IntegrityError

from .._core import fork_gate
from ..errors import AmazonPayError, ConfigurationError, InvalidRequest
from ..ipn._inbox import FIRST_CHECK, LEASE, HandlerFailed, Work, handler_failed
from ..ipn._rows import DONE, NEW, PARKED
from ..ipn._views import is_open, kept, merged
from ._sqlalchemy_database import TRIES
from ._sqlalchemy_errors import DATABASE_ERRORS, is_broken, is_conflict, without_frames
from ._sqlalchemy_inbox_tables import LONGEST_ERROR, update_row

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, RowMapping, Table

    from ..ipn import Handler
    from ..ipn._views import View
    from ._sqlalchemy_inbox_tables import InboxTables

# A worker chooses at random among so many due entries, so that workers rarely meet.
_CANDIDATES: Final = 20


class InboxStorage:
    """The `Storage` of an inbox on SQLAlchemy."""

    def __init__(self, tables: InboxTables) -> None:
        self._tables = tables
        self._database = tables.database
        self._entries, self._objects = tables.entries, tables.objects

    # Entries --------------------------------------------------------------------------

    def lease(self) -> Work | None:
        table = self._entries
        row = self._leased(table, table.c.state == NEW)
        if row is None:
            return None
        return Work(
            row["message_id"],
            row["object_type"],
            row["object_id"],
            row["version"],
            row["failures"],
        )

    def _leased(
        self, table: Table, where: ColumnElement[bool]
    ) -> dict[str, Any] | None:
        """Lease a due row and return it; None if other workers have leased all."""
        key = next(iter(table.primary_key.columns)).name
        while rows := self._due(table, where):
            random.shuffle(rows)
            for row in rows:
                mine = table.c.version == row["version"]
                lease = {"due": self._tables.moment(LEASE)}
                if version := self._tables.change(table, row[key], mine, lease):
                    return {**row, "version": version}
        return None

    def _due(self, table: Table, where: ColumnElement[bool]) -> list[RowMapping]:
        due = select(table).where(where, table.c.due <= self._tables.moment())
        due = due.order_by(table.c.due).limit(_CANDIDATES)

        def work(connection: Connection) -> list[RowMapping]:
            return [*connection.execute(due).mappings()]

        return self._tables.run(work)

    def settle(self, work: Work) -> None:
        self._change_entry(work, state=DONE)

    def fail(self, work: Work, error: str, pause: timedelta | None) -> None:
        text = error.replace("\0", "?")[:LONGEST_ERROR]
        self._change_entry(
            work,
            failures=work.failures + 1,
            error=text.encode(errors="replace").decode(),
            state=PARKED if pause is None else NEW,
            due=self._tables.moment(pause or timedelta(0)),
        )

    def _change_entry(self, work: Work, **values: object) -> None:
        mine = self._entries.c.version == work.version
        self._tables.change(self._entries, work.id, mine, values)

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
            "due": self._tables.moment(FIRST_CHECK),
            "changed": self._tables.moment(),
        }
        if not is_new:
            update_row(connection, objects, work.object_id, true(), values)
            return
        ids = {"object_id": work.object_id, "object_type": work.object_type}
        connection.execute(objects.insert().values(**ids, **values, version=0))

    # Objects --------------------------------------------------------------------------

    def lease_object(self) -> Work | None:
        table = self._objects
        row = self._leased(table, table.c.is_open == 1)
        if row is None:
            return None
        return Work(
            row["object_id"],
            row["object_type"],
            row["object_id"],
            row["version"],
            row["checks"],
            json.loads(row["view"]),
            row["changed"],
        )

    def put_off(self, work: Work, pause: timedelta) -> None:
        mine = self._objects.c.version == work.version
        values = {"checks": work.failures + 1, "due": self._tables.moment(pause)}
        self._tables.change(self._objects, work.id, mine, values)

    def add(self, row: dict[str, Any]) -> bool:
        dated = {"sent": self._tables.moment(), **row}
        return self._tables.run(partial(self._tables.insert, dated))


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
        raise handler_failed(error) from error
