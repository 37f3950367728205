"""What a handler sees of a simulator: now, the caller, and the caller's objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...lifecycles import Kind, transition
from ..wire.errors import APIRefusal
from .timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from ..settings import Settings
    from .ids import Ids
    from .store import Record, Transaction

_TRIES = 100

# What the API answers when an object's state does not allow a call.
_WRONG_STATE = {
    "checkoutSession": "InvalidCheckoutSessionStatus",
    "chargePermission": "InvalidChargePermissionStatus",
    "charge": "InvalidChargeStatus",
    "dispute": "InvalidDisputeStatus",
}
_IN_WORDS = {
    "checkoutSession": "Checkout Session",
    "chargePermission": "Charge Permission",
    "charge": "Charge",
    "refund": "Refund",
    "dispute": "Dispute",
    "report": "Report",
}


def _earlier(kind: str) -> str:
    return f"earlier {kind}"


def wrong_state(kind: Kind, state: str) -> APIRefusal:
    """Make the refusal of a call that the state does not allow."""
    name = _IN_WORDS[kind]
    return APIRefusal(
        _WRONG_STATE.get(kind, "InvalidRequest"),
        f"You tried to call an operation on a {name} that is in a state where that"
        f" operation cannot be called (current state: {state})",
    )


@dataclass(slots=True)
class Context:
    """One transaction's view; whatever changes goes through it, and into the story."""

    transaction: Transaction
    now: datetime
    owner: str
    """Account and environment: nothing of another owner can be seen."""
    ids: Ids
    settings: Settings
    wall_clock: datetime
    """How far time has come; `now` is earlier while what was due is caught up."""
    order: str | None = None
    """The order that the story's row of this request belongs to."""
    stale: bool = False
    """Whether what changed a short while ago is seen as it was before."""
    _changed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @property
    def account(self) -> str:
        """The owner's account, whatever the environment."""
        return self.owner.rpartition("/")[0]

    @property
    def environment(self) -> str:
        """`sandbox` or `live`."""
        return self.owner.rpartition("/")[2]

    def find(self, kind: str, id_: str) -> Record | None:
        """Read an object, or None."""
        if self.stale:
            earlier = self.transaction.find(self.owner, _earlier(kind), id_)
            since = format_timestamp(self.now - self.settings.stale_for)
            if earlier is not None and earlier["until"] > since:
                record: Record = earlier["record"]
                return record
        return self.transaction.find(self.owner, kind, id_)

    def get(self, kind: str, id_: str) -> Record:
        """Read an object that must be there."""
        record = self.find(kind, id_)
        if record is None:
            raise LookupError(f"there is no {kind} {id_}")
        return record

    def all(self, kind: str) -> Iterator[Record]:
        """Read all objects of a kind."""
        return self.transaction.all(self.owner, kind)

    def unused(self, kind: str, make: Callable[[], str]) -> str:
        """Make an id that no object has: six digits alone would meet before long."""
        for _ in range(_TRIES):
            id_ = make()
            if self.find(kind, id_) is None:
                return id_
        raise RuntimeError(f"no id is left for a {kind}")

    def save(self, kind: str, record: Record) -> None:
        """Write an object."""
        if self.settings.stale_for:
            self._save_earlier_version(kind, record["id"])
        self.transaction.save(self.owner, kind, record)

    def delete(self, kind: str, id_: str) -> None:
        """Forget an object."""
        self.transaction.delete(self.owner, kind, id_)

    def _save_earlier_version(self, kind: str, id_: str) -> None:
        """Keep what was seen until now; all that happens at one time is one change."""
        if (kind, id_) in self._changed:
            return
        self._changed.add((kind, id_))
        before = self.transaction.find(self.owner, kind, id_)
        if before is not None:
            earlier = {"id": id_, "until": format_timestamp(self.now), "record": before}
            self.transaction.save(self.owner, _earlier(kind), earlier)

    def schedule(self, after: timedelta, kind: str, record: Record, event: str) -> None:
        """Let something happen to an object later."""
        at = format_timestamp(self.now + after)
        self.transaction.schedule(at, self.owner, kind, record["id"], event)

    def schedule_at(self, at: str, kind: str, record: Record, event: str) -> None:
        """Let something happen to an object at a moment."""
        self.transaction.schedule(at, self.owner, kind, record["id"], event)

    def add_history(self, kind: str, order: str | None, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON
        """Append a row to the story."""
        self.transaction.add_history(
            format_timestamp(self.now), self.owner, order, kind, facts
        )

    def create(self, kind: Kind, record: Record, event: str = "create") -> None:
        """Bring a new object to life in the state that `event` leads to."""
        self._transition(kind, record, None, event)

    def move(self, kind: Kind, record: Record, event: str) -> None:
        """Let an event happen to an object, or refuse it by the object's life cycle."""
        self._transition(kind, record, record["state"], event)

    def _transition(
        self, kind: Kind, record: Record, state: str | None, event: str
    ) -> None:
        arrow = transition(kind, state, event)
        if arrow is None:
            raise wrong_state(kind, str(state))
        record["state"], record["reason"] = arrow.to, arrow.reason
        record["updated"] = format_timestamp(self.now)
        self.save(kind, record)
        self.order = self.order or record.get("order")
        self.add_history(
            "state",
            record.get("order"),
            object=kind,
            id=record["id"],
            event=event,
            before=state,
            after=arrow.to,
            reason=arrow.reason,
        )


def status_details(record: Record) -> dict[str, Any]:
    """Write `statusDetails` with a single reason, as all objects but permissions do."""
    return {
        "state": record["state"],
        "reasonCode": record["reason"],
        "reasonDescription": None
        if record["reason"] is None
        else f"Simulated: {record['reason']}",
        "lastUpdatedTimestamp": record["updated"],
    }


METADATA = (
    "merchantReferenceId",
    "merchantStoreName",
    "noteToBuyer",
    "customInformation",
)


def metadata(given: dict[str, Any] | None) -> dict[str, Any]:
    """Write `merchantMetadata`: always four members, null where unset."""
    return {name: (given or {}).get(name) for name in METADATA}


def provider_metadata(given: dict[str, Any] | None) -> dict[str, Any]:
    """Write `providerMetadata`."""
    return {"providerReferenceId": (given or {}).get("providerReferenceId")}
