"""What goes wrong between a call and its answer, on purpose.

Dice decide, so that a seed repeats it. A fault changes no object: it stands in for an
answer, before the call has run, or after what it did was committed.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..wire.errors import STATUSES
from ..wire.messages import JSON, Answer
from .throttling import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from random import Random

    from ..._config import Environment
    from ..settings import Settings
    from ..wire.messages import Pairs

# GETs of objects that change. Their handlers write nothing, so an old record that they
# are shown goes nowhere else.
STALE = frozenset(
    {
        "get_checkout_session",
        "get_charge_permission",
        "get_charge",
        "get_refund",
        "get_report",
        "get_dispute",
    }
)

_REMEMBERED = 10_000
_HTML = (("content-type", "text/html"),)


def _ours(reason_code: str, headers: Pairs = ()) -> Answer:
    body = {"reasonCode": reason_code, "message": "Simulated: try again"}
    content = json.dumps(body, separators=(",", ":")).encode()
    return Answer(STATUSES[reason_code], content, (*JSON, *headers))


def _gateways(status: int) -> Answer:
    return Answer(status, b"<html><body>Simulated gateway</body></html>", _HTML)


# Amazon's own errors, and those of whatever stands before it, which knows no JSON.
_BROKEN = (
    _ours("InternalServerError"),
    _ours("ServiceUnavailable"),
    _gateways(500),
    _gateways(503),
    _gateways(504),
)
# The code of a 425 is not documented, so there is none.
_IN_FLIGHT = (Answer(425), _ours("InternalServerError"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A verified call, as far as its faults depend on it; a repeat equals it."""

    owner: str
    environment: Environment
    operation: str
    method: str
    path: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that stands in for the call's own."""

    kind: str
    answer: Answer
    runs: bool = False
    """Whether the call does its work all the same."""

    @property
    def told(self) -> str:
        """What the story says of it."""
        return f"{self.kind}: {self.answer.status}"


class Faults:
    """Decides what goes wrong, by one simulator's settings and dice."""

    def __init__(
        self, settings: Settings, dice: Random, wait: Callable[[float], object]
    ) -> None:
        self._settings = settings
        self._dice = dice
        self._wait = wait
        self._throttle = Throttle()
        self._lock = threading.Lock()
        self._in_flight: set[tuple[str, str]] = set()
        self._in_a_row: dict[Asked, int] = {}

    @contextmanager
    def holding(self, asked: Asked) -> Generator[bool]:
        """Hold a call's key while it runs; tell whether another one holds it."""
        seconds = self._settings.keys_held_for.total_seconds()
        if asked.key is None or seconds == 0:
            yield False
            return
        held = (asked.owner, asked.key)
        with self._lock:
            taken = held in self._in_flight
            self._in_flight.add(held)
        if taken:
            yield True
            return
        try:
            self._wait(seconds)
            yield False
        finally:
            self._in_flight.remove(held)

    def strike(self, asked: Asked, now: datetime, *, taken: bool) -> Fault | None:
        """Decide what goes wrong with a call, if anything."""
        settings = self._settings
        if taken:
            return Fault("in flight", self._dice.choice(_IN_FLIGHT))
        if settings.throttles and not self._throttle.admits(
            asked.owner, asked.environment, asked.operation, now
        ):
            # A bucket that leaks one a second or more has room in a second.
            said = (("retry-after", "1"),) if self._draw(settings.retry_after) else ()
            return Fault("throttled", _ours("TooManyRequests", said))
        return self._break(asked)

    def _break(self, asked: Asked) -> Fault | None:
        met = self._in_a_row.pop(asked, 0)
        if met >= self._settings.faults_in_a_row:
            return None
        drawn = self._dice.random()
        lost = 0.0 if asked.method == "GET" else self._settings.lost_answers
        if drawn >= self._settings.failed_calls + lost:
            return None
        self._in_a_row[asked] = met + 1
        if len(self._in_a_row) > _REMEMBERED:
            del self._in_a_row[next(iter(self._in_a_row))]
        runs = drawn >= self._settings.failed_calls
        answer = self._dice.choice(_BROKEN)
        return Fault("answer lost" if runs else "failed", answer, runs=runs)

    def shows_the_past(self, asked: Asked) -> bool:
        """Decide whether a GET sees what was there before the last change."""
        return asked.operation in STALE and self._draw(self._settings.stale_reads)

    def _draw(self, share: float) -> bool:
        return self._dice.random() < share
