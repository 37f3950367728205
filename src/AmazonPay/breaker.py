"""A circuit breaker, off by default: start no checkout that Amazon cannot finish.

It gates Create Checkout Session alone. A session dies in 24 hours with the buyer's
payment in it, so that whatever brings one to its end always passes, and so does every
read; their outcomes tell whether Amazon is there.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._core.config import positive
from ._core.retry import is_whole
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
"""All there is; any other event leaves the state as it is."""

_ANSWERED = frozenset[Event]({"a read is answered", "a call is answered"})

GATED = "create_checkout_session"

# Nobody's session: whatever Amazon answers, most often 404, it answers.
PROBE = Operations.get_checkout_session.build(
    ("00000000-0000-0000-0000-000000000000",), {}
)
PROBE_DEADLINE = 10.0
"""The most that a probe takes, in seconds; it is not repeated."""

# Our own doing, which says nothing of Amazon.
_OURS = (SigningFailed, HeldBack, CircuitOpen)
_SERVER_ERRORS = 500
_REQUEST_TIMEOUT = 408
# Amazon is there, but neither does it serve: too early, too many.
_UNDECIDED = frozenset({425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When to stop starting checkouts, and for how long.

    After `failures` calls in a row, of any operation, have failed within `within`
    seconds, Create Checkout Session is refused for `open_for` seconds. Then a GET
    decides: the client makes one before the next checkout if you make none.
    """

    failures: int = 5
    within: float = 60.0
    open_for: float = 30.0

    def __post_init__(self) -> None:
        if (
            isinstance(self.failures, bool)
            or not isinstance(self.failures, int)
            or self.failures < 1
        ):
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
    """When the latest calls failed, if no answer came since."""

    def after(self, event: Event, now: float) -> BreakerState:
        """Return the state after an event."""
        if self.state == "closed" and event == "a call fails":
            return self._with_failure(now)
        if self.failed and event in _ANSWERED:
            return replace(self, failed=())
        return self._moved(event, now)

    def at(self, now: float) -> BreakerState:
        """Return the state at a moment: an open breaker becomes half-open in time."""
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


def event_of(call: Call, outcome: Response[Any] | TransportError) -> Event | None:
    """Return what the end of a call, after all its repeats, says about Amazon."""
    if isinstance(outcome, TransportError):
        return None if isinstance(outcome, _OURS) else "a call fails"
    status = outcome.status_code
    # It says that this payment failed, and not that Amazon did.
    if status in _UNDECIDED or outcome.reason_code == "ProcessingFailure":
        return None
    broken = outcome.ok and not is_whole(call, outcome)
    if broken or status >= _SERVER_ERRORS or status == _REQUEST_TIMEOUT:
        return "a call fails"
    return "a read is answered" if call.repeat == "read" else "a call is answered"


class CircuitBreaker:
    """The breaker of one client, shared by its views and threads."""

    def __init__(self, breaker: Breaker) -> None:
        if not isinstance(breaker, Breaker):
            raise ConfigurationError("breaker takes a Breaker")
        self._state = BreakerState(breaker)
        # A fork must not share a lock that another thread may hold.
        self._locks: dict[int, threading.Lock] = {}

    def available(self, now: float) -> bool:
        """Whether a checkout may be tried."""
        return self._state.at(now).state in {"closed", "half-open"}

    def record(
        self, call: Call, outcome: Response[Any] | TransportError, now: float
    ) -> None:
        """Update the state by the end of a call."""
        event = event_of(call, outcome)
        if event is not None:
            self._apply(event, now)

    def gates(self, call: Call) -> bool:
        """Whether the breaker may refuse this call."""
        return call.operation == GATED

    def needs_probe(self, now: float) -> bool:
        """Whether the caller must now make the probe that decides for all."""
        return self._apply("a probe leaves", now)

    def check(self, call: Call) -> None:
        """Let a call pass while the breaker is closed.

        Raises:
            CircuitOpen: it is not; nothing was sent.
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
