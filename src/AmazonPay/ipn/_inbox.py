"""Keep notifications, and act on each: the steps that every inbox shares.

A database does what `Storage` says, one transaction for each method. Between them, no
transaction is open: objects are fetched while nothing is locked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from .._core.run import arun, run
from .._core.signals import raised_by_a_signal_handler
from .._core.steps import RunInThread
from ..errors import (
    AmazonPayError,
    APIError,
    InvalidRequest,
    InvalidResponse,
    TransportError,
)
from ._notification import OBJECT_ID
from ._rows import own_row
from ._views import OBJECT_TYPES, View, fetched, is_known, kept, merged

if TYPE_CHECKING:
    from .._core.run import AsyncPerformer, Performer
    from .._core.steps import Flow
    from ._notification import Notification

Handler: TypeAlias = Callable[[Any, View, View | None], object]
"""`handler(connection, object, before)`: moves the shop's order, in the transaction."""

LEASE: Final = timedelta(minutes=10)
"""How long a worker may hold an entry; one that was killed is relieved after that."""
MAX_FAILURES: Final = 12
"""After so many failures, in about six hours, an entry is parked."""

_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
FIRST_CHECK: Final = timedelta(minutes=1)
_LONGEST_CHECK: Final = timedelta(days=1)

# What Seller Central's test button sends; there is no such object.
_TEST_OBJECT: Final = "P01-0000000-0000000-000000"


class Inbox(Protocol):
    """What a view needs of an inbox: a blocking method that is safe for threads."""

    def receive(self, notification: Notification, /) -> bool:
        """Commit a notification, once for each `message_id`; return whether it is new.

        When this has returned, 200 may be answered. Whatever it raises must become an
        answer of 5xx, so that the notification comes again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """An entry or an object that this worker holds for a while."""

    id: str
    object_type: str
    object_id: str
    version: int
    failures: int = 0
    """Of an object: how often it was checked since it has changed."""
    view: View | None = field(default=None, repr=False)
    """Of an object: what was kept of it."""
    saved: str = ""
    """Of an object: when an entry was last acted on, and the view was kept."""


class HandlerFailed(Exception):  # noqa: N818 - it ends in this package
    """The shop's handler has raised, or a view is strange: nothing was changed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def handler_failed(error: Exception) -> HandlerFailed:
    """Return the failure of a handler; re-raise what a signal handler raised in it."""
    if raised_by_a_signal_handler(error):
        raise error
    return HandlerFailed(error)


class Storage(Protocol):
    """What the steps need of a database."""

    def lease(self) -> Work | None:
        """Lease an entry that is due, and return it; None if none is due."""
        ...

    def finish(self, work: Work, fresh: View, handler: Handler) -> bool:
        """Merge the views, call the handler and settle the entry, in one transaction.

        Return False if the lease is over and another worker has the entry.

        Raises:
            HandlerFailed: the handler raised, and nothing was changed.
        """
        ...

    def settle(self, work: Work) -> None:
        """Mark an entry as done without calling the handler."""
        ...

    def fail(self, work: Work, error: str, pause: timedelta | None) -> None:
        """Record a failure; try again after `pause`. None parks the entry."""
        ...

    def lease_object(self) -> Work | None:
        """Lease an open object that is due for a check; return it, or None."""
        ...

    def put_off(self, work: Work, pause: timedelta) -> None:
        """Record that an object was checked; check it again after `pause`."""
        ...

    def add(self, row: dict[str, Any]) -> bool:
        """Add an entry, unless there is one of its `message_id`."""
        ...


def process_flow(
    storage: Storage, handler: Handler, limit: int, most: int
) -> Flow[int]:
    """Call the handler for up to `limit` entries whose next try is due.

    Return how many need no further try. An entry whose handler raises is tried again
    later, and is parked after `most` failures.
    """
    count = 0
    for _ in range(limit):
        work = cast("Work | None", (yield RunInThread(storage.lease)))
        if work is None:
            break
        count += yield from _process(storage, work, handler, most)
    return count


def _process(storage: Storage, work: Work, handler: Handler, most: int) -> Flow[bool]:
    if work.object_id == _TEST_OBJECT:
        yield RunInThread(partial(storage.settle, work))
        return True
    if not is_known(work.object_type):
        error = "this release knows no such type of object"
        yield RunInThread(partial(storage.fail, work, error, None))
        return False
    try:
        fresh = yield from fetched(work.object_type, work.object_id)
        finish = partial(storage.finish, work, fresh, handler)
        return cast("bool", (yield RunInThread(finish)))
    except HandlerFailed as failed:
        error = described(failed.error)
    except (APIError, TransportError, InvalidResponse) as failed:
        error = described(failed)
    pause = _pause(work.failures) if work.failures + 1 < most else None
    yield RunInThread(partial(storage.fail, work, error, pause))
    return False


def recheck_flow(storage: Storage, limit: int) -> Flow[int]:
    """Get up to `limit` objects whose check is due; return how many have changed."""
    count = 0
    for _ in range(limit):
        work = cast("Work | None", (yield RunInThread(storage.lease_object)))
        if work is None:
            break
        try:
            fresh = yield from fetched(work.object_type, work.object_id)
            seen = kept(merged(work.object_type, fresh, work.view))
        except (APIError, TransportError, InvalidResponse, InvalidRequest):
            yield RunInThread(partial(storage.put_off, work, _LONGEST_PAUSE))
            continue
        pause = min(FIRST_CHECK * 4 ** min(work.failures, 9), _LONGEST_CHECK)
        if seen == work.view:
            yield RunInThread(partial(storage.put_off, work, pause))
            continue
        # Two workers that see the same change make the same id, and so one entry. If
        # `process` then gets an outdated answer, the old view stays, and the change
        # needs another entry. So the digest covers the time at which the view was kept.
        told = f"{work.id} {work.saved} {sorted(seen.items())}"
        digest = sha256(told.encode()).hexdigest()
        message_id = f"recheck-{digest[:40]}"
        row = own_row(work.object_type, work.object_id, message_id, "RECHECK")
        yield RunInThread(partial(storage.add, row))
        yield RunInThread(partial(storage.put_off, work, pause))
        count += 1
    return count


def _pause(failures: int) -> timedelta:
    grown: timedelta = _FIRST_PAUSE * 2 ** min(failures, 9)
    return min(grown, _LONGEST_PAUSE)


def described(error: Exception) -> str:
    """Return an error's class and place; its text only if it is one of ours.

    The text of any other may show values.
    """
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, AmazonPayError):
        return f"{name}: {error}"
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f" in {code.co_qualname}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return name + place


class Processing:
    """The methods of an inbox that call Amazon Pay, over its `Storage`."""

    _storage: Storage
    _max_failures: int

    def process(self, client: Performer, handler: Handler, *, limit: int = 100) -> int:
        """Act on up to `limit` notifications; return how many were settled.

        A notification names an object. The inbox gets that object outside of any
        transaction, and merges it with the view that it has kept (`AmazonPay.merge`).
        Then it begins a transaction and calls `handler(connection, object, before)`;
        move your order in this transaction, too. `before` is the kept view: state,
        times and amounts, or None for a new object. If the view has not changed, the
        handler is not called, so a notification that comes twice, late or out of order
        moves an order once.

        What the handler raises rolls its transaction back. The entry is tried again
        with growing pauses; after `max_failures` it is parked: see `parked` and
        `retry`. It never blocks others. The handler may run again, so its own calls
        that move money need keys of `idempotency_key`, or the helpers with a journal.
        Do not commit or roll back in it. What a signal handler raises meanwhile, such
        as a time limit, rolls back and ends `process`; the entry is due again later.

        Call it in a loop or a job, from as many workers as you like.

        Raises:
            InboxFailed: the inbox's database failed.
        """
        flow = process_flow(self._storage, handler, limit, self._max_failures)
        return run(flow, client)

    async def aprocess(
        self, client: AsyncPerformer, handler: Handler, *, limit: int = 100
    ) -> int:
        """Do what `process` does with an `AsyncClient`.

        The database and the handler, which blocks, run in a worker thread.

        Raises:
            InboxFailed: the inbox's database failed.
        """
        flow = process_flow(self._storage, handler, limit, self._max_failures)
        return await arun(flow, client)

    def watch(self, object_type: str, object_id: str) -> bool:
        """Act on an object as if a notification had named it; return whether it is new.

        `recheck` gets only objects that the inbox knows. Watch a charge or a refund
        that you have made and that is still pending: then it reaches your handler even
        if each of its notifications is lost. The next `process` gets it. Nothing is
        sent by this method.

        Args:
            object_type: `CHARGE`, `CHARGE_PERMISSION`, `REFUND` or `CHARGEBACK`.
            object_id: Amazon's id of the object.

        Raises:
            InvalidRequest: there is no such type, or this can be no id.
            InboxFailed: the inbox's database failed.
        """
        if not isinstance(object_type, str) or not is_known(object_type):
            raise InvalidRequest(f"object_type is one of {', '.join(OBJECT_TYPES)}")
        if not isinstance(object_id, str) or OBJECT_ID.fullmatch(object_id) is None:
            raise InvalidRequest("object_id is Amazon's id of an object")
        row = own_row(object_type, object_id, f"watch-{object_id}", "WATCH")
        return self._storage.add(row)

    def recheck(self, client: Performer, *, limit: int = 100) -> int:
        """Get up to `limit` open objects again; return how many have changed.

        This covers notifications that were lost or came before Amazon showed the
        change. For each changed object an entry is added, which `process` acts on.
        An object is checked after a minute, then after growing pauses of up to a day,
        until its state is final. Call it every few minutes.

        Raises:
            InboxFailed: the inbox's database failed.
        """
        return run(recheck_flow(self._storage, limit), client)

    async def arecheck(self, client: AsyncPerformer, *, limit: int = 100) -> int:
        """Do what `recheck` does with an `AsyncClient`.

        Raises:
            InboxFailed: the inbox's database failed.
        """
        return await arun(recheck_flow(self._storage, limit), client)
