"""A circuit breaker, off by default: start no checkout that Amazon cannot finish.

It blocks only Create Checkout Session. A session expires after 24 hours, and the
buyer's payment with it, so calls that finish a checkout always pass. Reads pass, too.
The outcomes of all calls show whether Amazon works.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._core.checks import is_count
from ._core.config import positive
from ._core.retry import is_complete
from ._core.telemetry import LOGGER
from .errors import (
    CircuitOpen,
    ConfigurationError,
    HeldBack,
    SigningFailed,
    TransportError,
)
from .resources import Operations

if TYPE_CHECKING:
    from ._core.call import Call
    from .response import Response

State: TypeAlias = Literal["closed", "open", "half-open", "probing"]
Event: TypeAlias = Literal[
    "failures add up",
    "time passes",
    "a probe leaves",
    "a read is answered",
    "a call is answered",
    "a call fails",
]

TRANSITIONS: dict[tuple[State, Event], State] = {
    ("closed", "failures add up"): "open",
    ("open", "time passes"): "half-open",
    ("half-open", "a probe leaves"): "probing",
    ("half-open", "a read is answered"): "closed",
    ("half-open", "a call fails"): "open",
    ("probing", "a read is answered"): "closed",
    ("probing", "a call fails"): "open",
    ("probing", "time passes"): "half-open",
}
"""All transitions; any other event leaves the state unchanged."""

_ANSWERED = frozenset[Event]({"a read is answered", "a call is answered"})

GATED = "create_checkout_session"

# No session has this id. Any answer, most often a 404, shows that Amazon works.
PROBE = Operations.get_checkout_session.build(
    ("00000000-0000-0000-0000-000000000000",), {}
)
PROBE_DEADLINE = 10.0
"""The longest time that a probe takes, in seconds; it is not repeated."""

# Errors that arise in the client, and say nothing about Amazon.
_LOCAL_ERRORS = (SigningFailed, HeldBack, CircuitOpen)
_SERVER_ERRORS = 500
_REQUEST_TIMEOUT = 408
# Too Early and Too Many Requests: Amazon answers, but does not process the call.
_UNDECIDED = frozenset({425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The settings of a circuit breaker; times are in seconds.

    After `failures` consecutive calls, of any operation, have failed within `within`
    seconds, Create Checkout Session is refused for `open_for` seconds. Then a GET
    decides; the client makes one before the next checkout if you make none.
    """

    failures: int = 5
    within: float = 60.0
    open_for: float = 30.0

    def __post_init__(self) -> None:
        if not is_count(self.failures):
            raise ConfigurationError("breaker.failures must be an int of 1 or more")
        positive("breaker.within", self.within)
        positive("breaker.open_for", self.open_for)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """Immutable breaker state; `after()` and `at()` return the next one."""

    breaker: Breaker
    state: State = "closed"
    since: float = 0.0
    failed: tuple[float, ...] = ()
    """When the latest calls failed; empty after an answer."""

    def after(self, event: Event, now: float) -> BreakerState:
        """Return the state after an event."""
        if self.state == "closed" and event == "a call fails":
            return self._with_failure(now)
        if self.failed and event in _ANSWERED:
            return replace(self, failed=())
        return self._moved(event, now)

    def at(self, now: float) -> BreakerState:
        """Return the state at a time: an open breaker becomes half-open later."""
        if now - self.since < self.breaker.open_for:
            return self
        return self._moved("time passes", now)

    def _with_failure(self, now: float) -> BreakerState:
        failed = (*self.failed, now)[-self.breaker.failures :]
        full = len(failed) == self.breaker.failures
        if full and now - failed[0] <= self.breaker.within:
            return self._moved("failures add up", now)
        return replace(self, failed=failed)

    def _moved(self, event: Event, now: float) -> BreakerState:
        to = TRANSITIONS.get((self.state, event))
        return self if to is None else BreakerState(self.breaker, to, now)


def event_of(call: Call, end: Response[Any] | TransportError) -> Event | None:
    """Return the event for the end of a call with its repeats; None if neutral."""
    if isinstance(end, TransportError):
        return None if isinstance(end, _LOCAL_ERRORS) else "a call fails"
    status = end.status_code
    # `ProcessingFailure` means that this payment failed, not that Amazon does not work.
    if status in _UNDECIDED or end.reason_code == "ProcessingFailure":
        return None
    broken = end.ok and not is_complete(call, end)
    if broken or status >= _SERVER_ERRORS or status == _REQUEST_TIMEOUT:
        return "a call fails"
    return "a read is answered" if call.repeat == "read" else "a call is answered"


class CircuitBreaker:
    """The breaker of one client, shared by its views and threads."""

    def __init__(self, breaker: Breaker) -> None:
        if not isinstance(breaker, Breaker):
            raise ConfigurationError("breaker takes a Breaker")
        self._state = BreakerState(breaker)
        # By process id: a fork must not share a lock that another thread may hold.
        self._locks: dict[int, threading.Lock] = {}

    def available(self, now: float) -> bool:
        """Return whether a checkout may be tried."""
        return self._state.at(now).state in {"closed", "half-open"}

    def record(
        self, call: Call, end: Response[Any] | TransportError, now: float
    ) -> None:
        """Update the state after a call."""
        event = event_of(call, end)
        if event is not None:
            self._apply(event, now)

    def gates(self, call: Call) -> bool:
        """Return whether the breaker may refuse this call."""
        return call.operation == GATED

    def needs_probe(self, now: float) -> bool:
        """Return whether the caller must send the probe now; only one caller must."""
        return self._apply("a probe leaves", now)

    def check(self, call: Call) -> None:
        """Check that a gated call may be sent.

        Raises:
            CircuitOpen: the breaker is not closed; nothing was sent.
        """
        if self._state.state != "closed":
            raise CircuitOpen(
                f"{GATED}: the circuit breaker is open; nothing was sent",
                operation=GATED,
                idempotency_key=call.idempotency_key,
                attempts=0,
            )

    def _apply(self, event: Event, now: float) -> bool:
        """Apply an event, and return whether it changed the state."""
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            before = self._state.at(now)
            self._state = turned = before.after(event, now)
        if turned.state == before.state:
            return False
        level = logging.WARNING if turned.state == "open" else logging.INFO
        LOGGER.log(level, "the circuit breaker is %s: %s", turned.state, event)
        return True
