"""What a handler works with: the time, the caller, and the caller's objects."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...lifecycles import Kind, transition
from ..wire.errors import wrong_state
from . import notifications
from .environments import RULES
from .timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from ..settings import Settings
    from .environments import EnvironmentRules
    from .ids import Ids
    from .store import Record, Transaction

_LOGGER = logging.getLogger("AmazonPay.simulator")

EXPIRES = "expires"
"""The event that deletes an object of `Context.save_until`."""

_TRIES = 100


def _earlier(kind: str) -> str:
    return f"earlier {kind}"


@dataclass(slots=True)
class Context:
    """One owner's objects inside one transaction."""

    transaction: Transaction
    now: datetime
    owner: str
    """Account and environment; objects of other owners are out of sight."""
    ids: Ids
    settings: Settings
    wall_clock: datetime
    """The clock's time; `now` lags behind it while overdue events are replayed."""
    heard: bool = False
    """Whether anyone listens to notifications."""
    stale: bool = False
    """Whether recent changes are hidden, so that objects look as before them."""
    _changed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @property
    def timestamp(self) -> str:
        """The time as text."""
        return format_timestamp(self.now)

    @property
    def rules(self) -> EnvironmentRules:
        """The rules of the environment."""
        return RULES["live" if self.environment == "live" else "sandbox"]

    @property
    def account(self) -> str:
        """The owner's account, without the environment."""
        return self.owner.rpartition("/")[0]

    @property
    def environment(self) -> str:
        """`sandbox` or `live`."""
        return self.owner.rpartition("/")[2]

    def for_owner(self, owner: str) -> Context:
        """Return the context of another owner in the same transaction."""
        return replace(self, owner=owner)

    # Objects --------------------------------------------------------------------------

    def find(self, kind: str, id_: str) -> Record | None:
        """Return an object, or None."""
        if self.stale:
            earlier = self.transaction.find(self.owner, _earlier(kind), id_)
            since = format_timestamp(self.now - self.settings.stale_for)
            if earlier is not None and earlier["until"] > since:
                record: Record = earlier["record"]
                return record
        return self.transaction.find(self.owner, kind, id_)

    def get(self, kind: str, id_: str) -> Record:
        """Return an object that must exist."""
        record = self.find(kind, id_)
        if record is None:
            raise LookupError(f"there is no {kind} {id_}")
        return record

    def all(self, kind: str) -> Iterator[Record]:
        """Yield all objects of a kind, by id."""
        return self.transaction.all(self.owner, kind)

    def below(self, kind: str, prefix: str) -> Iterator[Record]:
        """Yield the objects of a kind whose ids begin with `prefix`, by id."""
        return self.transaction.below(self.owner, kind, prefix)

    def order_id(self, region: str, *, recurring: bool = False) -> str:
        """Return an order id of the environment: live's begin with `P` and `B`."""
        made = self.ids.order(region, recurring=recurring)
        return f"{self.rules.letters.get(made[0], made[0])}{made[1:]}"

    def unused_id(self, kind: str, make: Callable[[], str]) -> str:
        """Return an id that no object has: six random digits soon collide."""
        for _ in range(_TRIES):
            id_ = make()
            if self.find(kind, id_) is None:
                return id_
        raise RuntimeError(f"no id is left for a {kind}")

    def save(self, kind: str, record: Record) -> None:
        """Save a new or changed object."""
        if self.settings.stale_for:
            self._save_earlier_version(kind, record["id"])
        self.transaction.save(self.owner, kind, record)

    def save_until(self, life: timedelta, kind: str, record: Record) -> None:
        """Save an object, and delete it after `life`."""
        self.save(kind, record)
        self.schedule(life, kind, record, EXPIRES)

    def delete(self, kind: str, id_: str) -> None:
        """Delete an object, in all its versions."""
        self.transaction.delete(self.owner, kind, id_)
        self.forget_earlier(kind, id_)

    def forget_earlier(self, kind: str, id_: str) -> None:
        """Delete the version of an object that stale reads show."""
        self.transaction.delete(self.owner, _earlier(kind), id_)

    def _save_earlier_version(self, kind: str, id_: str) -> None:
        """Save what is replaced; all changes of one transaction count as one."""
        if (kind, id_) in self._changed:
            return
        self._changed.add((kind, id_))
        before = self.transaction.find(self.owner, kind, id_)
        if before is not None:
            earlier = {"id": id_, "until": self.timestamp, "record": before}
            self.transaction.save(self.owner, _earlier(kind), earlier)

    # Events ---------------------------------------------------------------------------

    def schedule(self, after: timedelta, kind: str, record: Record, event: str) -> None:
        """Schedule an event of an object, `after` from now."""
        at = format_timestamp(self.now + after)
        self.schedule_at(at, kind, record, event)

    def schedule_at(self, at: str, kind: str, record: Record, event: str) -> None:
        """Schedule an event of an object at a time."""
        self.transaction.schedule(at, self.owner, kind, record["id"], event)

    def create(self, kind: Kind, record: Record, event: str = "create") -> None:
        """Save a new object in the state that `event` leads to."""
        # Ids are random and times have seconds: this tells which came first.
        record["serial"] = self.transaction.last_number()
        self._apply(kind, record, None, event)

    def move(self, kind: Kind, record: Record, event: str) -> None:
        """Apply an event to an object and save it, or refuse by its life cycle."""
        self._apply(kind, record, record["state"], event)

    def _apply(self, kind: Kind, record: Record, state: str | None, event: str) -> None:
        arrow = transition(kind, state, event)
        if arrow is None:
            raise wrong_state(kind, str(state))
        record["state"], record["reason"] = arrow.to, arrow.reason
        record["updated"] = self.timestamp
        self.save(kind, record)
        facts = notifications.plan(
            self.transaction,
            self.owner,
            self.now,
            self.ids,
            self.settings,
            notifications.Change(kind, record, state, arrow),
            heard=self.heard,
        )
        self.add_story_row(notifications.KIND, record.get("order"), **facts)
        self.add_story_row(
            "state",
            record.get("order"),
            object=kind,
            id=record["id"],
            event=event,
            before=state,
            after=arrow.to,
            reason=arrow.reason,
        )

    def add_story_row(self, kind: str, order: str | None, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON
        """Append a row to the story."""
        most = self.settings.story_rows
        if self.transaction.add_story_row(
            self.timestamp, self.owner, order, kind, facts, most=most
        ):
            _LOGGER.warning(
                "the story has %s rows: from now on its oldest ones are dropped"
                " (Settings.story_rows)",
                most,
            )
