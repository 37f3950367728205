"""The Journal protocol, and reading and writing a journal from inside a flow.

A journal is the caller's. Whatever it raises ends in a `JournalFailed`, so that the
flow can say what is known of the money meanwhile.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from .._core.steps import RunInThread
from ..errors import InvalidRequest, JournalConflict, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .._core.steps import Flow
    from .entry import Change, Entry


class Journal(Protocol):
    """What the helpers need of a journal: blocking methods, safe for many threads.

    `SQLiteJournal` and `AmazonPay.contrib.sqlalchemy.SQLAlchemyJournal` are two. One of
    your own writes `Entry.to_row()` to a table whose primary key is `idempotency_key`.
    An `AsyncClient` calls these methods in a worker thread.

    Raises:
        JournalFailed: raised by each method whose database fails; its text shows no
            value of an entry.
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


def checked_journal(journal: object) -> None:
    """Refuse what is no journal, before anything is sent.

    Raises:
        InvalidRequest: it is a class, has no `change` or `find`, or awaits in them.
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


def checked_limit(limit: object) -> int:
    """Refuse what is no number of entries to list.

    Raises:
        InvalidRequest: it is no int, or below 1.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidRequest("limit is an int of 1 or more")
    return limit


R = TypeVar("R")


def find(journal: Journal, key: str) -> Flow[Entry | None]:
    """Read an entry; None where there is none."""
    work = partial(_guarded, journal.find, key)
    return cast("Entry | None", (yield RunInThread(work)))


def write(journal: Journal, key: str, change: Change) -> Flow[Entry]:
    """Change an entry, and return what it has become."""
    work = partial(_guarded, journal.change, key, change)
    return cast("Entry", (yield RunInThread(work)))


def _guarded(work: Callable[..., R], *args: object) -> R:
    try:
        return work(*args)
    except (JournalConflict, JournalFailed):
        raise
    except Exception as error:
        raise JournalFailed(
            "the journal could not be read or written; its own error is the cause"
        ) from error
