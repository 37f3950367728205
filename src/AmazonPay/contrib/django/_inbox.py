"""An inbox for notifications in Django's own database."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from ..._core.clock import utc_now
from ..._once.entry import time_text
from ..._once.journal_steps import checked_limit
from ...errors import InvalidRequest
from ...ipn import MAX_FAILURES, InboxEntry, InboxFailed
from ...ipn._inbox import FIRST_CHECK, LEASE, Processing, Work, handler_failed
from ...ipn._rows import DONE, NEW, PARKED, checked_forget_limit, entry_of, row_of
from ...ipn._views import is_open, kept, merged
from .._versions import new_version
from ._database import Database, fitted, rows_of
from .models import KnownObject, Notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...ipn import Handler
    from ...ipn import Notification as Received
    from ...ipn._views import View

# A worker chooses at random among so many due entries, so that workers rarely meet.
_CANDIDATES: Final = 20


class DjangoInbox(Processing):
    """An inbox in two tables of Django's database, made by this app's migrations.

    `receive` keeps a verified notification; `process` acts on it, in any number of
    workers, such as a management command. Both commit by themselves, so call them
    outside of `atomic` blocks. The handler runs inside a transaction of the inbox on
    Django's own connection: save your models there, and both are committed together,
    or neither. Its first argument is that connection.

    Of objects, the inbox keeps states, times and amounts, and no data of the buyer.

    Args:
        using: The alias of the database.
        max_failures: After so many failures an entry is parked.
        clock: Returns the time, in UTC.

    Raises:
        InboxFailed: raised by each method if the database fails. It shows no values.
    """

    def __init__(
        self,
        using: str = "default",
        *,
        max_failures: int = MAX_FAILURES,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = Database(using, "inbox", InboxFailed)
        self._entries = rows_of(Notification, using)
        self._max_failures = checked_limit(max_failures, "max_failures")
        self._clock = clock
        self._storage = _Storage(self._database, self.moment)

    def receive(self, notification: Received, /) -> bool:
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
        return self._oldest(self._entries.filter(state=PARKED), limit)

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
        rows = self._entries.exclude(state=DONE)
        if before is not None:
            rows = rows.filter(received__lt=time_text(before))
        return self._oldest(rows, limit)

    def _oldest(self, rows: Any, limit: int) -> list[InboxEntry]:  # noqa: ANN401 - a query set of Django's, which has no types
        listed = rows.order_by("received").values()
        found = self._database.run(lambda: [*listed[: checked_limit(limit)]])
        return [entry_of(row) for row in found]

    def retry(self, message_id: str) -> None:
        """Free a parked entry: the next `process` tries it again.

        Raises:
            InvalidRequest: no such entry is parked.
            InboxFailed: the database failed.
        """
        rows = self._entries.filter(pk=message_id, state=PARKED)
        freed = {"state": NEW, "failures": 0, "due": self.moment()}
        if not self._database.run(lambda: rows.update(**freed, version=new_version())):
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
        rows = self._entries.filter(state=DONE, received__lt=limit)
        count: int = self._database.run(lambda: rows.delete()[0])
        return count

    def moment(self, after: timedelta = timedelta(0)) -> str:
        """Return the time of the clock plus `after`, as text of the tables."""
        return time_text(self._clock() + after)


class _Storage:
    """The `Storage` of an inbox in Django's database."""

    def __init__(self, database: Database, moment: Callable[..., str]) -> None:
        self._database = database
        self._moment = moment
        self._entries = rows_of(Notification, database.using)
        self._objects = rows_of(KnownObject, database.using)

    # Entries --------------------------------------------------------------------------

    def add(self, row: dict[str, Any]) -> bool:
        now = self._moment()
        rest = {"received": now, "due": now, "state": NEW, "failures": 0, "version": 0}
        values = {"sent": now, **rest, **row}
        key = row["message_id"]

        def work() -> bool:
            made = self._entries.get_or_create(pk=key, defaults=values)
            return bool(made[1])

        return self._database.run(work)

    def lease(self) -> Work | None:
        row = self._leased(self._entries.filter(state=NEW))
        if row is None:
            return None
        return Work(row.pk, row.object_type, row.object_id, row.version, row.failures)

    def _leased(self, rows: Any) -> Any:  # noqa: ANN401 - Django's models have no types
        """Lease a due row and return it; None if other workers have leased all."""
        while found := self._due(rows):
            random.shuffle(found)
            for row in found:
                mine = rows.filter(pk=row.pk, version=row.version)
                row.version = new_version()
                lease = {"due": self._moment(LEASE), "version": row.version}
                if self._database.run(partial(mine.update, **lease)):
                    return row
        return None

    def _due(self, rows: Any) -> list[Any]:  # noqa: ANN401 - a query set of Django's, which has no types
        due = rows.filter(due__lte=self._moment()).order_by("due")[:_CANDIDATES]
        return self._database.run(lambda: [*due])

    def settle(self, work: Work) -> None:
        self._change_entry(work, state=DONE)

    def fail(self, work: Work, error: str, pause: timedelta | None) -> None:
        self._change_entry(
            work,
            failures=work.failures + 1,
            error=fitted(Notification, {"error": error})["error"],
            state=PARKED if pause is None else NEW,
            due=self._moment(pause or timedelta(0)),
        )

    def _change_entry(self, work: Work, **values: object) -> bool:
        """Change an entry that this worker holds; return whether it still does."""
        mine = self._entries.filter(pk=work.id, version=work.version)
        return bool(
            self._database.run(lambda: mine.update(**values, version=new_version()))
        )

    def finish(self, work: Work, fresh: View, handler: Handler) -> bool:
        return self._database.run(lambda: self._act(work, fresh, handler))

    def _act(self, work: Work, fresh: View, handler: Handler) -> bool:
        """Settle the entry, lock the object, and let the handler move the order.

        The first statement writes, so that SQLite takes its lock at once.
        """
        mine = self._entries.filter(pk=work.id, version=work.version)
        if not mine.update(state=DONE, error=None, version=new_version()):
            return False
        known = self._objects.select_for_update().filter(pk=work.object_id).first()
        before: View | None = None if known is None else json.loads(known.view)
        try:
            view = merged(work.object_type, fresh, before)
            if kept(view) != before:
                handler(connections[self._database.using], view, before)
        except Exception as error:
            raise handler_failed(error) from error
        values = {
            "object_type": work.object_type,
            "view": json.dumps(kept(view)),
            "is_open": int(is_open(work.object_type, view)),
            "checks": 0,
            "due": self._moment(FIRST_CHECK),
            "changed": self._moment(),
            "version": new_version(),
        }
        if known is None:
            self._objects.create(object_id=work.object_id, **values)
        else:
            self._objects.filter(pk=work.object_id).update(**values)
        return True

    # Objects --------------------------------------------------------------------------

    def lease_object(self) -> Work | None:
        row = self._leased(self._objects.filter(is_open=1))
        if row is None:
            return None
        view = json.loads(row.view)
        return Work(
            row.pk,
            row.object_type,
            row.object_id,
            row.version,
            row.checks,
            view,
            row.changed,
        )

    def put_off(self, work: Work, pause: timedelta) -> None:
        mine = self._objects.filter(pk=work.id, version=work.version)
        values = {"checks": work.failures + 1, "due": self._moment(pause)}
        self._database.run(lambda: mine.update(**values, version=new_version()))
