"""The attempts and pauses of one call, and whether its outcome is known.

`exchange` repeats a call by its repeat class, and records whether an attempt may have
been carried out; see `docs/reliability.md`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import AmazonPayError, TransportError
from ..response import Response
from .clock_skew import clock_lead, http_date, is_date_refusal
from .steps import Flow, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .call import Call
    from .clock import Time
    from .clock_skew import ClockOffset
    from .config import Retry

REPEATED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_AMBIGUOUS_BELOW_500 = frozenset({408, 425})
_REDIRECTS = 300
_SERVER_ERRORS = 500
_LARGEST_EXPONENT = 64
# A repeat needs this much time before the deadline: in seconds, or as a fraction of the
# deadline, whichever is less.
_LEAST_TIME = 1.0
_LEAST_PART = 0.02

# On Create Charge this 500 means that no charge was made, so a new key may be right. On
# Capture and Refund it means nothing definite: `amazon-pay-api-v2/charge.html`.
_DEFINITE_5XX = frozenset({("create_charge", "ProcessingFailure")})


@dataclass(frozen=True, slots=True)
class Answer:
    """The complete answer to an attempt."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of an attempt that got no complete answer."""

    error: type[TransportError]
    reason: str
    sent: bool
    """Whether a part of the request may have left."""
    final: bool = False
    """Whether a repeat would be useless for any call."""
    cause: BaseException | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock and the randomness that a call uses; tests pass their own."""

    time: Time
    offset: ClockOffset
    jitter: Callable[[float], float]
    """Return a random number between 0 and the given limit."""


AttemptResult: TypeAlias = Answer | Failure


def jitter(limit: float) -> float:
    """Return a random pause of at most `limit` seconds."""
    return random.uniform(0.0, limit)  # noqa: S311 - spreads load, guards no secret


def exchange(  # noqa: PLR0913 - what a call is, how it is repeated, and by when
    call: Call,
    retry: Retry,
    deadline: float,
    runtime: Runtime,
    attempt: Callable[[float], Flow[AttemptResult]],
    pause_within: float = math.inf,
) -> Flow[Response[Any]]:
    """Attempt a call until it is answered, and record whether it may have worked.

    All attempts share `deadline` seconds. `attempt` makes one attempt within the
    seconds that it is given. Pauses end within `pause_within` seconds. After that, a
    failed attempt is repeated at once, but one that was answered is not repeated.
    """
    # A repeat that cannot be answered in time would only make the outcome unknown.
    answered_within = min(_LEAST_TIME, deadline * _LEAST_PART)
    repeat_within = deadline - answered_within
    state = _Exchange(call, runtime)
    try:
        while True:
            state.attempts += 1
            result = yield from attempt(deadline - state.spent())
            end = state.end_of(result)
            if isinstance(end, Response):
                if end.ok and is_complete(call, end):
                    return end
                if state.corrects_date(end) and state.spent() < deadline:
                    continue
            pause = max(_least_pause(result), runtime.jitter(state.backoff(retry)))
            if pause > pause_within - state.spent() and isinstance(result, Failure):
                pause = 0.0
            fits = state.spent() + pause < repeat_within and (
                not pause or pause <= pause_within - state.spent()
            )
            if fits and state.may_repeat(result, retry):
                yield Wait(pause)
                if state.spent() < deadline:
                    continue
            return _raised_or_returned(end)
    except BaseException as error:
        if state.outcome_unknown and not isinstance(error, AmazonPayError):
            note_unknown(error, call)
        raise


def _raised_or_returned(end: Response[Any] | TransportError) -> Response[Any]:
    if isinstance(end, TransportError):
        raise end
    return end


class _Exchange:
    """The state of a call between its attempts."""

    def __init__(self, call: Call, runtime: Runtime) -> None:
        self.attempts = 0
        self.outcome_unknown = False
        """Whether an attempt so far may have been carried out."""
        self._call = call
        self._runtime = runtime
        self._started = runtime.time.now()
        self._date_corrected = False

    def spent(self) -> float:
        """Return the seconds since the call began."""
        return self._runtime.time.now() - self._started

    def end_of(self, result: AttemptResult) -> Response[Any] | TransportError:
        """Return the call's response or error, if this attempt was the last one."""
        # A read changes nothing, so its outcome is never unknown.
        acts = self._call.repeat != "read"
        if isinstance(result, Failure):
            self.outcome_unknown |= acts and result.sent
            return self._error(result)
        end = self._response(result)
        if not (end.ok and is_complete(self._call, end)):
            self.outcome_unknown |= acts and _is_ambiguous(self._call, end)
            end.outcome_unknown = self.outcome_unknown
        return end

    def corrects_date(self, response: Response[Any]) -> bool:
        """Learn from a date refusal; return whether to repeat with a corrected date.

        Nothing was carried out, so a call of any class may be repeated, once.
        """
        if not is_date_refusal(response):
            return False
        response.clock_lead = clock_lead(response, self._runtime.time.utc())
        now = self._runtime.time.now()
        learned = self._runtime.offset.learn(response.clock_lead, now)
        first = not self._date_corrected
        self._date_corrected = self._date_corrected or learned
        return learned and first

    def backoff(self, retry: Retry) -> float:
        """Return the longest pause after this attempt, in seconds."""
        exponent = min(self.attempts - 1, _LARGEST_EXPONENT)
        return min(retry.cap, retry.base * 2.0**exponent)

    def may_repeat(self, result: AttemptResult, retry: Retry) -> bool:
        """Return whether repeat class and number of attempts allow a repeat."""
        once = self._call.repeat == "once"
        if isinstance(result, Answer):
            # Under the same key, a definite no would only be repeated.
            final = once or _is_definite_no(self._call, self._response(result))
            again = result.status in REPEATED_STATUSES and not final
        else:
            again = not result.final and not (once and result.sent)
        return again and self.attempts < retry.attempts

    def _response(self, answer: Answer) -> Response[Any]:
        return Response(
            answer.status,
            answer.headers,
            answer.content,
            operation=self._call.operation,
            idempotency_key=self._call.idempotency_key,
            attempts=self.attempts,
            elapsed=timedelta(seconds=self.spent()),
        )

    def _error(self, failure: Failure) -> TransportError:
        consequence = (
            "the outcome is unknown: repeat only with the same idempotency_key, or GET"
            if self.outcome_unknown
            else "nothing was carried out"
        )
        error = failure.error(
            f"{self._call.operation}: {failure.reason} (attempts {self.attempts});"
            f" {consequence}",
            operation=self._call.operation,
            idempotency_key=self._call.idempotency_key,
            attempts=self.attempts,
            outcome_unknown=self.outcome_unknown,
        )
        error.__cause__ = failure.cause
        return error


def _least_pause(result: AttemptResult) -> float:
    return retry_after(result.headers) if isinstance(result, Answer) else 0.0


def note_unknown(error: BaseException, call: Call) -> None:
    """Add a note to a foreign exception that interrupts a call which may have acted."""
    note = (
        f"{call.operation}: the outcome is unknown: repeat only with the same"
        " idempotency_key, or GET"
    )
    if call.repeat != "read" and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def is_complete(call: Call, response: Response[Any]) -> bool:
    """Return whether a success has a readable body, or needs none.

    Otherwise a gateway may have made the answer up.
    """
    return response.readable or (call.empty_answer and not response.content)


def _is_definite_no(call: Call, response: Response[Any]) -> bool:
    operation = call.declared or call.operation
    return (operation, response.reason_code) in _DEFINITE_5XX


def _is_ambiguous(call: Call, response: Response[Any]) -> bool:
    if _is_definite_no(call, response):
        return False
    status = response.status_code
    # Below 200, the real answer has not come.
    refused = _REDIRECTS <= status < _SERVER_ERRORS
    return response.ok or not refused or status in _AMBIGUOUS_BELOW_500


def retry_after(headers: Mapping[str, str]) -> float:
    """Return `Retry-After` in seconds; a date counts from the answer's `Date`."""
    value = headers.get("retry-after")
    if value is not None and value.isascii() and value.strip().isdigit():
        return float(value)  # infinite when it has too many digits for a float
    until, sent = http_date(value), http_date(headers.get("date"))
    if until is None or sent is None:
        return 0.0
    return max(0.0, (until - sent).total_seconds())
