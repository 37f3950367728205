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
from ..wire.messages import JSON, HTTPResponse
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


def _amazon_error(reason_code: str, headers: Pairs = ()) -> HTTPResponse:
    body = {"reasonCode": reason_code, "message": "Simulated: try again"}
    content = json.dumps(body, separators=(",", ":")).encode()
    return HTTPResponse(STATUSES[reason_code], content, (*JSON, *headers))


def _gateway_error(status: int) -> HTTPResponse:
    return HTTPResponse(status, b"<html><body>Simulated gateway</body></html>", _HTML)


# Amazon's own errors, and those of whatever stands before it, which knows no JSON.
_BROKEN = (
    _amazon_error("InternalServerError"),
    _amazon_error("ServiceUnavailable"),
    _gateway_error(500),
    _gateway_error(503),
    _gateway_error(504),
)
# The code of a 425 is not documented, so there is none.
_IN_FLIGHT = (HTTPResponse(425), _amazon_error("InternalServerError"))


@dataclass(frozen=True, slots=True)
class FaultKey:
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
    response: HTTPResponse
    runs: bool = False
    """Whether the call does its work all the same."""

    @property
    def label(self) -> str:
        """What the story says of it."""
        return f"{self.kind}: {self.response.status}"


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
        self._consecutive: dict[FaultKey, int] = {}

    @contextmanager
    def hold_key(self, fault_key: FaultKey) -> Generator[bool]:
        """Hold a call's key while it runs; tell whether another one holds it."""
        seconds = self._settings.keys_held_for.total_seconds()
        if fault_key.key is None or seconds == 0:
            yield False
            return
        owned_key = (fault_key.owner, fault_key.key)
        with self._lock:
            held = owned_key in self._in_flight
            self._in_flight.add(owned_key)
        if held:
            yield True
            return
        try:
            self._wait(seconds)
            yield False
        finally:
            self._in_flight.remove(owned_key)

    def next_fault(
        self, fault_key: FaultKey, now: datetime, *, held: bool
    ) -> Fault | None:
        """Decide what goes wrong with a call, if anything."""
        settings = self._settings
        if held:
            return Fault("in flight", self._dice.choice(_IN_FLIGHT))
        if settings.throttles and not self._throttle.admits(
            fault_key.owner, fault_key.environment, fault_key.operation, now
        ):
            # A bucket that leaks one a second or more has room in a second.
            said = (("retry-after", "1"),) if self._draw(settings.retry_after) else ()
            return Fault("throttled", _amazon_error("TooManyRequests", said))
        return self._server_fault(fault_key)

    def _server_fault(self, fault_key: FaultKey) -> Fault | None:
        met = self._consecutive.pop(fault_key, 0)
        if met >= self._settings.faults_in_a_row:
            return None
        drawn = self._dice.random()
        lost = 0.0 if fault_key.method == "GET" else self._settings.lost_answers
        if drawn >= self._settings.failed_calls + lost:
            return None
        self._consecutive[fault_key] = met + 1
        if len(self._consecutive) > _REMEMBERED:
            del self._consecutive[next(iter(self._consecutive))]
        runs = drawn >= self._settings.failed_calls
        answer = self._dice.choice(_BROKEN)
        return Fault("answer lost" if runs else "failed", answer, runs=runs)

    def is_stale(self, fault_key: FaultKey) -> bool:
        """Decide whether a GET sees what was there before the last change."""
        return fault_key.operation in STALE and self._draw(self._settings.stale_reads)

    def _draw(self, share: float) -> bool:
        return self._dice.random() < share
