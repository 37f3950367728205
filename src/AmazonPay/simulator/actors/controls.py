"""What a test does with a simulator: move time, arm faults, look, reset, save, load."""

from __future__ import annotations

import secrets
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, InvalidRequest
from ..engine.clock import Clock
from ..engine.exchanges import Exchanges
from ..engine.store import DROPPED
from ..engine.timestamps import format_timestamp, parse_timestamp
from ..handlers import charges, checkout_sessions
from ..wire.errors import APIRefusal
from . import provoked, pushes, world_file
from .backstage import Backstage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Iterator

    from ..engine.context import Context
    from ..engine.ids import Ids
    from ..engine.outcomes import When
    from ..engine.store import HistoryRow, Record, Store
    from ..merchants import Merchant
    from ..settings import Settings
    from ..wire.messages import Request

_CLOCK = "clock"
CLOCK_MOVED = "clock"
"""The kind of the row that says that somebody has moved the clock."""
_UNMOVED = (DROPPED, CLOCK_MOVED)
_LAST = datetime(9000, 1, 1, tzinfo=UTC)
"""Beyond it, the ends of what is made have no place in the calendar."""


class FaultUnused(AssertionError):  # noqa: N818 - named by what happened
    """A fault was armed, and no call has met it."""


class Controls(Backstage, ABC):
    """A simulator's controls; `/_simulator/` has the same over HTTP."""

    def __init__(
        self,
        merchants: Iterable[Merchant],
        store: Store | None,
        clock: Callable[[], datetime] | None,
        ids: Ids | None,
        settings: Settings | None,
    ) -> None:
        super().__init__(merchants, store, clock or Clock(runs=True), ids, settings)
        self.token = secrets.token_urlsafe(16)
        """What a page needs for control calls; see `docs/simulator.md`."""
        self.exchanges = Exchanges()
        """The last calls as they were on the wire, for the console."""
        self.world = 1
        """Grows with each reset and load: then the rows have begun anew."""
        self._moving = threading.RLock()
        self._restore_clock()

    @abstractmethod
    def repeat(self, request: Request, number: int, *, signed: bool) -> str:
        """Answer a call of a row of the story again; return its new request id."""

    # Time -----------------------------------------------------------------------------

    def advance(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> list[HistoryRow]:
        """Move the clock forward; return what happened on the way.

        Everything that becomes due happens at its own time, in order, and each
        notification is sent and answered before the clock moves on. Without arguments,
        only what is due now happens. The rows are those of `story()`, with the
        notifications that were answered.

        Raises:
            ConfigurationError: the simulator has a clock of its caller's.
            InvalidRequest: the time is negative, or beyond the calendar.
        """
        clock = self._own_clock()
        try:
            by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            until = clock() + by
        except (OverflowError, ValueError):
            raise InvalidRequest("the clock cannot move that far") from None
        if until > _LAST:
            raise InvalidRequest("the clock moves up to the year 9000")
        if by < timedelta(0):
            raise InvalidRequest("the clock moves forward only; reset() sets it back")
        with self._moving:
            after = self._last_row()
            answered = self._catch_up()
            if by:
                self._tell_of_clock(_words(by), until)
            while (at := self._next_due()) is not None and at <= until:
                clock.move_to(at)
                answered += self._catch_up()
            clock.move_to(until)
            answered += self._catch_up()
            self._keep_clock()
            return self._happened(after, answered)

    def advance_to_next_event(self) -> list[HistoryRow]:
        """Move the clock to the next thing that happens by itself; return what it was.

        Events that change nothing, such as the expiry of a charge that was captured,
        are passed over. The list is empty if nothing will ever happen by itself.

        Raises:
            ConfigurationError: the simulator has a clock of its caller's.
        """
        clock = self._own_clock()
        with self._moving:
            after = self._last_row()
            rows = self._happened(after, self._catch_up())
            if not rows and self._next_due() is not None:
                self._tell_of_clock("to the next event")
            while not rows and (at := self._next_due()) is not None:
                clock.move_to(at)
                rows = self._happened(after, self._catch_up())
            self._keep_clock()
            return rows

    def _tell_of_clock(self, by: str, until: datetime | None = None) -> None:
        """Add a row to the story: the clock moves by a time, or to an event."""
        with self._context("") as context:
            to = None if until is None else format_timestamp(until)
            context.add_story_row(CLOCK_MOVED, None, by=by, to=to)

    def next_event_at(self) -> datetime | None:
        """Return when the next event is due, or None. The event may change nothing.

        It does not wait for a thread that moves the clock, nor for a notification's
        answer.
        """
        self.settle()
        return self._next_due()

    def _own_clock(self) -> Clock:
        if not isinstance(self.clock, Clock):
            raise ConfigurationError(
                "this simulator has a clock of yours: move that one and call settle(),"
                " or leave out clock="
            )
        return self.clock

    def _catch_up(self) -> list[str]:
        """Apply what is due, and have it answered; return the ids of the messages."""
        self.settle()
        return self.notifications.deliver_due()

    def _next_due(self) -> datetime | None:
        with self.store.transaction() as transaction:
            at = transaction.next_due_at()
        return None if at is None else parse_timestamp(at)

    def _last_row(self) -> int:
        with self.store.transaction() as transaction:
            return transaction.last_number()

    def _happened(self, after: int, answered: list[str]) -> list[HistoryRow]:
        """Return the new rows, and the older ones of messages that were answered."""
        rows = [row for row in self.story(after=after) if row.kind not in _UNMOVED]
        older = set(answered) - {row.facts.get("messageId") for row in rows}
        if not older:
            return rows
        before = [
            row
            for row in self.story()
            if row.number <= after and row.facts.get("messageId") in older
        ]
        return [*before, *rows]

    def _keep_clock(self) -> None:
        """Keep how far a running clock was moved, for the next process on the file."""
        if isinstance(self.clock, Clock) and self.clock.runs:
            seconds = self.clock.lead.total_seconds()
            with self.store.transaction() as transaction:
                transaction.save("", _CLOCK, {"id": "lead", "seconds": seconds})

    def _restore_clock(self) -> None:
        if isinstance(self.clock, Clock) and self.clock.runs:
            with self.store.transaction() as transaction:
                kept = transaction.find("", _CLOCK, "lead")
            if kept is not None:
                self.clock.set(self.clock() + timedelta(seconds=kept["seconds"]))

    # What only others can do ----------------------------------------------------------

    def push(
        self, kind: str, id_: str, event: str, *, resolution: str | None = None
    ) -> dict[str, Any]:
        """Let an event of its life cycle happen to an object; return its new state.

        `kind` is one of `lifecycles.LIFE_CYCLES`, and `event` one of its arrows that is
        no call of the shop's. `resolution` is who wins a dispute.

        Raises:
            APIRefusal: there is no such object or event, or not in this state; the
                message lists those that are possible.
        """
        known = pushes.checked_kind(kind)
        with self.found(known, id_) as (context, record):
            pushes.push(context, known, record, event, resolution)
            return {"id": id_, "state": record["state"], "reason": record["reason"]}

    # Faults ---------------------------------------------------------------------------

    @contextmanager
    def fault(
        self,
        operation: str,
        outcome: str,
        *,
        when: When = "before",
        times: int = 1,
        public_key_id: str | None = None,
    ) -> Generator[None]:
        """Make the next calls of an operation end in an outcome, inside this block.

        The arguments are those of `provoke`. At the end of the block all calls must
        have met it; what is left is disarmed.

        Raises:
            FaultUnused: fewer calls have met it than `times`.
            ConfigurationError: a fault of the operation is armed already.
        """
        merchant = self._merchant(public_key_id or next(iter(self.merchants), ""))
        account = f"{merchant.merchant_id}/"
        with self._context(account) as context:
            if any(one["operation"] == operation for one in provoked.armed(context)):
                raise ConfigurationError(f"a fault of {operation} is armed already")
            provoked.provoke(context, operation, outcome, when, times)
        finished = False
        try:
            yield
            finished = True
        finally:
            with self._context(account) as context:
                left = len(provoked.disarm(context, operation))
            if finished and left:
                raise FaultUnused(
                    f"{outcome} of {operation} was armed for {times} and met"
                    f" {times - left} of its calls"
                )

    def faults(self) -> list[dict[str, str]]:
        """Return the faults that no call has met yet: operation, outcome and when."""
        return [one for owner in self._accounts() for one in provoked.armed(owner)]

    def disarm(self, operation: str | None = None) -> list[dict[str, str]]:
        """Disarm the faults of an operation, or all; return those that no call met."""
        unused: list[dict[str, str]] = []
        for context in self._accounts():
            for one in provoked.disarm(context, operation):
                context.add_story_row("disarmed", None, **one)
                unused.append(one)
        return unused

    # Looking --------------------------------------------------------------------------

    def sessions(self) -> list[dict[str, Any]]:
        """Return all checkout sessions as the API shows them, oldest first."""
        return [
            checkout_sessions.to_json(session, self.pages)
            for session in self._all(checkout_sessions.KIND)
        ]

    def charges(self) -> list[dict[str, Any]]:
        """Return all charges as the API shows them, oldest first."""
        return [charges.to_json(charge) for charge in self._all(charges.KIND)]

    def has(self, kind: str, id_: str) -> bool:
        """Return whether there is such an object, of any owner."""
        with suppress(APIRefusal), self.found(kind, id_):
            return True
        return False

    def _all(self, kind: str) -> list[Record]:
        found: list[Record] = []
        for context in self._accounts():
            for environment in ("live", "sandbox"):
                owner = f"{context.account}/{environment}"
                found += context.for_owner(owner).all(kind)
        return sorted(found, key=lambda record: int(record.get("serial", 0)))

    def _accounts(self) -> Iterator[Context]:
        for account in dict.fromkeys(o.merchant_id for o in self.merchants.values()):
            with self._context(f"{account}/") as context:
                yield context

    # The whole world ------------------------------------------------------------------

    def reset(self) -> None:
        """Forget everything: objects, keys, faults, story; set the clock to its start.

        Merchants, settings and listeners stay.
        """
        with self._moving:
            with self.store.transaction() as transaction:
                transaction.clear()
            if isinstance(self.clock, Clock):
                self.clock.reset()
            self.world += 1

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the world to a file: ledger, clock, ids and story, as JSON.

        It holds what buyers and shop have entered, and no key. Equal worlds have equal
        bytes.
        """
        Path(path).write_bytes(self.saved())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Put the world of a file in the place of this one.

        The objects of accounts that this simulator does not have are out of reach.

        Raises:
            ConfigurationError: the file is no world, or one of a newer version; then
                nothing has changed.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"the world cannot be read: {error.strerror}"
            ) from None
        self.restore(data)

    def saved(self) -> bytes:
        """Return the bytes that `save` writes."""
        with self._moving:
            return world_file.encode(self.store, self.clock(), self.ids.random)

    def restore(self, data: bytes) -> None:
        """Put the world of a file's bytes in the place of this one; see `load`."""
        clock = self.clock if isinstance(self.clock, Clock) else None
        with self._moving:
            world_file.decode(data, self.store, clock, self.ids.random)
            self.exchanges.clear()
            self.world += 1
            self._keep_clock()


def _words(by: timedelta) -> str:
    """Return a time in words: `2 days 3 h 20 s`."""
    hours, rest = divmod(by.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = round(seconds + by.microseconds / 1e6, 1)
    parts = [f"{by.days} {'day' if by.days == 1 else 'days'}"] if by.days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{fraction:g} s"] if fraction or not parts else []
    return " ".join(parts)
