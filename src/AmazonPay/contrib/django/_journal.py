"""A journal in Django's own database."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError
from django.db.models import F, Q

from ..._core.clock import utc_now
from ..._once import flow
from ..._once.entry import entry_of_row, time_text
from ..._once.journal_steps import checked_limit
from ...errors import JournalFailed
from .._versions import new_version
from ._database import DATABASE_ERRORS, Database, fitted, rows_of
from .models import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..._once.entry import Change, Entry

_LOADED_WITH_JOURNALS = flow  # see `AmazonPay.journal`

# How many seconds a change is retried while other workers change the same entry.
_PATIENCE: Final = 30.0
_SETTLED: Final = ("success", "no")


class DjangoJournal:
    """A journal in a table of Django's database, made by this app's migrations.

    Each change is a transaction of its own, committed when it returns. So call the
    helpers outside of `atomic` blocks, in a view under `non_atomic_requests` if the
    shop has `ATOMIC_REQUESTS`: a rollback would undo the entry after money has moved,
    and Django raises a RuntimeError instead. An `AsyncClient` uses it in a worker
    thread, with that thread's connection.

    Args:
        using: The alias of the database.
        clock: Returns the time, in UTC.

    Raises:
        JournalFailed: raised by each method if the database fails. It shows no values.
    """

    def __init__(
        self, using: str = "default", *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = Database(using, "journal", JournalFailed)
        self._rows = rows_of(JournalEntry, using)
        self._clock = clock

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry and commit it. See `Journal.change`.

        Raises:
            JournalFailed: the database failed or did not accept the change.
        """
        ends = time.monotonic() + _PATIENCE
        while True:
            row = self._read(key)
            found = None if row is None else entry_of_row(row)
            entry, now = change(found), self._clock()
            created = entry.created or (now if found is None else None)
            entry = replace(entry, created=created, changed=now)
            if self._write(entry, None if row is None else row["version"]):
                return entry
            if time.monotonic() > ends:
                raise JournalFailed("other workers change this entry all the time")
            # Workers that met must not meet again.
            time.sleep(random.uniform(0, 0.02))  # noqa: S311 - no secret

    def _read(self, key: str) -> dict[str, Any] | None:
        rows = self._rows.filter(pk=key)
        found: dict[str, Any] | None = self._database.run(lambda: rows.values().first())
        return found

    def _write(self, entry: Entry, read: int | None) -> bool:
        """Write an entry if its version is still the one that was read."""
        row = fitted(JournalEntry, entry.to_row()) | {"version": new_version()}

        def work() -> bool:
            if read is not None:
                unchanged = self._rows.filter(pk=entry.key, version=read)
                return bool(unchanged.update(**row))
            self._rows.create(**row)
            return True

        try:
            return self._database.once(work)
        except DATABASE_ERRORS as error:
            failure = self._database.failure(error)
            # Two workers may insert the same key.
            is_race = isinstance(error, IntegrityError) and read is None
        if is_race and self._read(entry.key) is not None:
            return False
        raise failure

    def find(self, key: str, /) -> Entry | None:
        """Return the entry of `key`, or None."""
        row = self._read(key)
        return None if row is None else entry_of_row(row)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """Return entries that are not settled. See `Journal.open_entries`."""
        rows = self._rows.filter(Q(outcome=None) | ~Q(outcome__in=_SETTLED))
        if before is not None:
            rows = rows.filter(changed__lt=time_text(before))
        rows = rows.order_by("changed", "idempotency_key")[: checked_limit(limit)]
        return [
            entry_of_row(row) for row in self._database.run(lambda: [*rows.values()])
        ]

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of settled entries. See `Journal.forget`."""
        rows = self._rows.filter(
            outcome__in=_SETTLED, body__isnull=False, changed__lt=time_text(before)
        )
        erase = partial(rows.update, body=None, version=F("version") + 1)
        count: int = self._database.run(erase)
        return count
