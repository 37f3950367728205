"""Deliberate faults between a call and its response.

Dice decide, so that a seed repeats a run. A fault changes no object: its response
replaces the call's own, before the call has run or after its work was committed.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..wire.errors import APIRefusal
from ..wire.messages import HTTPResponse
from .throttling import Throttle
from .wire_faults import DELAYS, RESET

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from random import Random

    from ..._core.config import Environment
    from ..settings import Settings
    from .outcomes import Outcome

# GETs of objects that change. Their handlers save nothing, so that an old record which
# they read is not saved again.
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


def _amazon_error(reason_code: str) -> HTTPResponse:
    return APIRefusal(reason_code, f"Simulated: {reason_code}").response


def _gateway_error(status: int) -> HTTPResponse:
    return HTTPResponse(status, b"<html><body>Simulated gateway</body></html>", _HTML)


# Errors of Amazon Pay itself, and of a gateway before it, which does not speak JSON.
_BROKEN = (
    _amazon_error("InternalServerError"),
    _amazon_error("ServiceUnavailable"),
    _gateway_error(500),
    _gateway_error(503),
    _gateway_error(504),
)
# The reason code of a 425 is not documented, so this one has no body.
_IN_FLIGHT = (HTTPResponse(425), _amazon_error("InternalServerError"))


@dataclass(frozen=True, slots=True)
class FaultKey:
    """The parts of a verified call that its faults depend on; a repeat is equal."""

    owner: str
    environment: Environment
    operation: str
    method: str
    path: str
    key: str | None
    delegate: str | None = None
    """The account that calls on behalf of the owner."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A response that replaces the call's own."""

    kind: str
    response: HTTPResponse
    runs: bool = False
    """Whether the call does its work all the same."""
    seconds: float = 0.0
    """How late the call's own answer comes; then `response` is not sent."""

    @property
    def label(self) -> str:
        """The fault's name in the story."""
        if self.seconds:
            return f"late: {self.seconds:g} s"
        return f"{self.kind}: {RESET if self.response.cut else self.response.status}"


def provoked_fault(outcome: Outcome | None) -> Fault | None:
    """Return the fault of an outcome that is an answer and nothing else, or None."""
    if outcome is None or outcome.when == "later" or outcome.event is not None:
        return None
    name = outcome.name
    runs = outcome.when == "after"
    if name in DELAYS:
        return Fault("late", HTTPResponse(0), runs=True, seconds=DELAYS[name])
    if name == RESET:
        return Fault("provoked", HTTPResponse(0, cut=True), runs=runs)
    response = _gateway_error(int(name)) if name.isdigit() else _amazon_error(name)
    return Fault("provoked", response, runs=runs)


class Faults:
    """Decides which calls fail, by the settings and dice of one simulator."""

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

    def reset(self) -> None:
        """Forget all calls so far."""
        with self._lock:
            self._throttle = Throttle()
            self._consecutive = {}

    @contextmanager
    def hold_key(self, fault_key: FaultKey) -> Generator[bool]:
        """Hold a call's idempotency key while it runs.

        Yields whether another call holds it already.
        """
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
        """Return the fault of a call, or None; `held` is what `hold_key` yielded."""
        settings = self._settings
        if held:
            return Fault("in flight", self._dice.choice(_IN_FLIGHT))
        if settings.throttles and not self._throttle.admits(
            fault_key.owner,
            fault_key.environment,
            fault_key.operation,
            now,
            fault_key.delegate,
        ):
            response = _amazon_error("TooManyRequests")
            if self._draw(settings.retry_after):
                # Every bucket leaks one call a second or more.
                headers = (*response.headers, ("retry-after", "1"))
                response = replace(response, headers=headers)
            return Fault("throttled", response)
        return self._server_fault(fault_key)

    def _server_fault(self, fault_key: FaultKey) -> Fault | None:
        before = self._consecutive.pop(fault_key, 0)
        if before >= self._settings.faults_in_a_row:
            return None
        drawn = self._dice.random()
        lost = 0.0 if fault_key.method == "GET" else self._settings.lost_answers
        if drawn >= self._settings.failed_calls + lost:
            return None
        self._consecutive[fault_key] = before + 1
        if len(self._consecutive) > _REMEMBERED:
            del self._consecutive[next(iter(self._consecutive))]
        runs = drawn >= self._settings.failed_calls
        response = self._dice.choice(_BROKEN)
        return Fault("answer lost" if runs else "failed", response, runs=runs)

    def is_stale(self, fault_key: FaultKey) -> bool:
        """Return whether a GET reads the version before the last change."""
        return fault_key.operation in STALE and self._draw(self._settings.stale_reads)

    def _draw(self, share: float) -> bool:
        return self._dice.random() < share
