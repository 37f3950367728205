"""A journal in memory, and a player that answers the steps of a procedure by a script.

`MemoryJournal` is what the protocol asks for and no more: helpers that work with it
need nothing that only one database can do.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from AmazonPay import Response
from AmazonPay._core.call import Call
from AmazonPay._core.run import iterate, run
from AmazonPay._core.steps import Flow, Now, Pages, RunInThread, Step, Wait
from AmazonPay._once.bodies import digest_of
from AmazonPay._once.entry import Entry

if TYPE_CHECKING:
    from AmazonPay._once.entry import Change

Reply = Response[Any] | Exception | None

NAMES: dict[str, Any] = {"namespace": "shop/sandbox/A1", "order": "1007"}


def intended(
    operation: str = "create_charge",
    path: str = "/charges",
    body: bytes = b"{}",
    **more: Any,
) -> Entry:
    """Make an entry as it is before it is first sent."""
    given: dict[str, Any] = {
        "key": "k",
        "namespace": "shop",
        "order": "1",
        "attempt": 1,
        **more,
    }
    return Entry(
        operation=operation, path=path, body=body, digest=digest_of(body), **given
    )


class Ticks:
    """A clock that is a second later each time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time, a second later than before."""
        self.now += timedelta(seconds=1)
        return self.now


class MemoryJournal:
    """A journal that a test can look into."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._clock = Ticks()

    def change(self, key: str, change: Change, /) -> Entry:
        with self._lock:
            found, now = self.entries.get(key), self._clock()
            made = change(found)
            created = made.created or (now if found is None else None)
            self.entries[key] = replace(made, created=created, changed=now)
            return self.entries[key]

    def find(self, key: str, /) -> Entry | None:
        return self.entries.get(key)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        del before
        return [one for one in self.entries.values() if not one.settled][:limit]

    def forget(self, before: datetime, /) -> int:
        del before
        settled = [key for key, one in self.entries.items() if one.settled]
        for key in settled:
            self.entries[key] = replace(self.entries[key], body=None)
        return len(settled)

    @property
    def entry(self) -> Entry:
        """The only request."""
        (entry,) = self.requests
        return entry

    @property
    def requests(self) -> list[Entry]:
        """Each entry that is no claim."""
        return [one for one in self.entries.values() if not one.is_claim]


class Player:
    """Answers calls from a script; its clock moves by the waits alone."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.steps: list[Step] = []
        self.clock = 0.0

    @property
    def calls(self) -> list[Call]:
        return [step for step in self.steps if isinstance(step, Call)]

    @property
    def sent(self) -> list[Call]:
        """What was sent, reads left out."""
        return [call for call in self.calls if call.method != "GET"]

    @property
    def waits(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Wait)]

    def perform(self, step: Step, /) -> object:
        """Do one step as a client does, with the next reply of the script."""
        if isinstance(step, Now):
            return self.clock
        self.steps.append(step)
        if isinstance(step, RunInThread):
            return step.work()
        if isinstance(step, Wait):
            self.clock += step.seconds
            return None
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def play(self, flow: Flow[Any]) -> Any:
        decision = run(flow, self)
        assert self.replies == [], "the script was played to its end"
        return decision

    def collect(self, pages: Pages[Any]) -> list[Any]:
        return list(iterate(pages, self))


def answer(
    body: object, status: int = 200, *, outcome_unknown: bool = False
) -> Response[Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(
        status, {}, content, operation="test", outcome_unknown=outcome_unknown
    )


def refusal(status: int, code: str) -> Response[Any]:
    return answer({"reasonCode": code, "message": "text for people"}, status)
