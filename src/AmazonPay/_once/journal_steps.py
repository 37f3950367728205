"""The Journal protocol, and the steps by which a flow reads and writes a journal.

A journal belongs to the caller. Whatever it raises becomes a `JournalFailed`, so that
the flow can add what is known of the money. Only an exception that a signal handler
raised meanwhile, such as a time limit's, passes unchanged.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from .._core.checks import is_count
from .._core.run import run
from .._core.signals import raised_by_a_signal_handler
from .._core.steps import RunInThread
from ..errors import InvalidRequest, JournalConflict, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .._core.steps import Flow, Step
    from .entry import Change, Entry


class Journal(Protocol):
    """The journal that the helpers need: blocking methods that are safe for threads.

    `SQLiteJournal` and `AmazonPay.contrib.sqlalchemy.SQLAlchemyJournal` implement it.
    Your own journal can write `Entry.to_row()` to a table whose primary key is
    `idempotency_key`. An `AsyncClient` calls these methods in a worker thread.

    Raises:
        JournalFailed: raised by each method if the database fails; its text must not
            show values of an entry.
    """

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace the entry of `key` by the result of `change`, and return it.

        The entry must be committed when this returns, in its own transaction: in a
        transaction of the caller, it would not be stored yet when the request is sent.
        No other change of the same key may come between reading and writing; `change`
        is pure and may be called again for that. If it raises, nothing is changed.
        Write the time of the change to `Entry.changed`.
        """
        ...

    def find(self, key: str, /) -> Entry | None:
        """Return the entry of `key`, or None."""
        ...

    def open_entries(
        self,
        *,
        before: datetime | None = None,
        limit: int = 100,  # pragma: no mutate - a declaration
    ) -> list[Entry]:
        """Return up to `limit` entries that are not settled, oldest change first.

        An entry is not settled if its `outcome` is None, `pending`, `unknown` or
        `moved`. With `before`, return only entries last changed before that time.
        """
        ...

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of entries settled before a time; return their number.

        Keep everything else, above all the key: Amazon keeps keys for ever. Also keep
        the entries whose `operation` begins with `claim`: they record which order an
        object has paid.
        """
        ...


def checked_journal(journal: object) -> Journal:
    """Return the object if it is a usable journal.

    Raises:
        InvalidRequest: it is a class, has no `change` or `find`, or these are async.
    """
    if isinstance(journal, type):
        raise InvalidRequest(f"journal is the class {journal.__name__}: make one of it")
    for name in ("change", "find"):
        method = getattr(journal, name, None)
        if not callable(method):
            raise InvalidRequest(
                f"journal is a {type(journal).__name__}, which has no {name}(); pass a"
                " SQLiteJournal, a SQLAlchemyJournal or one of your own"
            )
        if inspect.iscoroutinefunction(method):
            raise InvalidRequest(
                f"the journal's {name}() awaits, and must block: an AsyncClient calls"
                " it in a worker thread"
            )
    return cast("Journal", journal)


def checked_limit(limit: int, name: str = "limit") -> int:
    """Return a valid limit, such as the number of entries to list.

    Raises:
        InvalidRequest: it is no int, or below 1; the error calls it `name`.
    """
    if not is_count(limit):
        raise InvalidRequest(f"{name} is an int of 1 or more")
    return limit


R = TypeVar("R")


def find(journal: Journal, key: str) -> Flow[Entry | None]:
    """Return the entry of a key, or None."""
    work = partial(_guarded, journal.find, key)
    return cast("Entry | None", (yield RunInThread(work)))


def write(journal: Journal, key: str, change: Change) -> Flow[Entry]:
    """Change an entry and return the new one."""
    work = partial(_guarded, journal.change, key, change)
    return cast("Entry", (yield RunInThread(work)))


def run_alone(flow: Flow[R]) -> R:
    """Run a flow that only reads and writes a journal, without a client."""
    return run(flow, _JournalAlone())


class _JournalAlone:
    """Does the steps of a journal."""

    def perform(self, step: Step, /) -> object:
        return cast("RunInThread", step).work()


def _guarded(work: Callable[..., R], *args: object) -> R:
    try:
        return work(*args)
    except (JournalConflict, JournalFailed):
        raise
    except Exception as error:
        if raised_by_a_signal_handler(error):
            raise
        raise JournalFailed(
            "the journal could not be read or written; its own error is the cause"
        ) from error
