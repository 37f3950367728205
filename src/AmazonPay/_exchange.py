"""The life of one call, as a pure generator that both clients drive.

`exchange` yields what to do next, `Send` or `Wait`, and is sent the outcome: an
`Answer`, or a `Failure`. It decides by the call's repeat class and nothing else
whether to send again, and keeps account of what may have happened: see
`docs/reliability.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ._clock import http_date, is_date_refusal, lead_of
from .errors import TransportError
from .response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ._clock import ClockOffset, Time
    from ._config import Retry
    from ._operation import Call

REPEATED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_AMBIGUOUS_BELOW_500 = frozenset({408, 425})
_SERVER_ERRORS = 500
_LARGEST_EXPONENT = 64
# No repeat begins with less than this left of the deadline: seconds, or a part of it.
_LEAST_TIME = 1.0
_LEAST_PART = 0.02

# On Create Charge this 500 says that no charge was made, so that a new key may be
# right; on Capture and Refund it says nothing: `amazon-pay-api-v2/charge.html`.
_DEFINITE_5XX = frozenset({("create_charge", "ProcessingFailure")})


@dataclass(frozen=True, slots=True)
class Send:
    """Sign the call now, and send it; the deadline is `time_left` seconds away."""

    time_left: float
    outcome_unknown: bool = False
    """Whether the attempts before have left the call's outcome unknown."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float
    outcome_unknown: bool = False
    """Whether the attempts before have left the call's outcome unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An attempt was answered, to the last byte."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt was not answered."""

    error: type[TransportError]
    reason: str
    sent: bool
    """Whether a part of the request may have left."""
    final: bool = False
    """Whether trying again is useless whatever the call."""
    cause: BaseException | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Means:
    """What an exchange takes from the world; a test gives its own."""

    time: Time
    offset: ClockOffset
    jitter: Callable[[float], float]
    """Pick a number between 0 and the given limit."""


Outcome: TypeAlias = Answer | Failure
Exchange: TypeAlias = "Generator[Send | Wait, Outcome | None, Response[Any]]"


def exchange(
    call: Call,
    retry: Retry,
    deadline: float,
    means: Means,
    pause_within: float = math.inf,
) -> Exchange:
    """Run one call: attempts, waits, and the account of what may have happened.

    All attempts share `deadline` seconds, and pauses end within `pause_within`
    seconds. After that a broken connection is tried again at once, and what asks for a
    pause is not repeated.
    """
    now, jitter = means.time.now, means.jitter
    started = now()
    # A repeat that cannot be answered in time would leave a doubt, and nothing else.
    answered_within = min(_LEAST_TIME, deadline * _LEAST_PART)
    repeat_within = deadline - answered_within
    # A read changes nothing, so however it fails, nothing is left unknown.
    acts = call.repeat != "read"
    outcome_unknown = False
    date_corrected = False
    attempt = 0
    while True:
        attempt += 1
        # A driver answers every Send.
        time_left = started + deadline - now()
        outcome = cast("Outcome", (yield Send(time_left, outcome_unknown)))
        spent = now() - started
        end: Response[Any] | TransportError
        least = 0.0
        if isinstance(outcome, Answer):
            end = _response(call, outcome, attempt, spent)
            if end.ok and is_whole(call, end):
                return end
            outcome_unknown = outcome_unknown or (acts and _is_ambiguous(call, end))
            end.outcome_unknown = outcome_unknown
            if is_date_refusal(end):
                # Nothing was carried out, so that any class may be sent again; once.
                end.clock_lead = lead_of(end, means.time.utc())
                learned = means.offset.learn(end.clock_lead, now())
                if learned and not date_corrected and spent < deadline:
                    date_corrected = True
                    continue
            again = outcome.status in REPEATED_STATUSES and call.repeat != "once"
            least = retry_after(outcome.headers)
        else:
            outcome_unknown = outcome_unknown or (acts and outcome.sent)
            end = _error(call, outcome, attempt, outcome_unknown=outcome_unknown)
            again = not outcome.final and (call.repeat != "once" or not outcome.sent)
        pause = max(least, jitter(_backoff(retry, attempt)))
        pauses_until = spent + pause
        if pauses_until > pause_within and isinstance(outcome, Failure):
            pause, pauses_until = 0.0, spent
        fits = pauses_until < repeat_within and (
            not pause or pauses_until <= pause_within
        )
        if again and attempt < retry.attempts and fits:
            yield Wait(pause, outcome_unknown)
            if now() - started < deadline:
                continue
        if isinstance(end, TransportError):
            raise end
        return end


def note_unknown(error: BaseException, call: Call) -> None:
    """Note on an exception that is not ours that a call was under way, if it acts."""
    note = (
        f"{call.operation}: the outcome is unknown: repeat only with the same"
        " idempotency_key, or GET"
    )
    if call.repeat != "read" and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _response(call: Call, answer: Answer, attempts: int, spent: float) -> Response[Any]:
    return Response(
        answer.status,
        answer.headers,
        answer.content,
        operation=call.operation,
        idempotency_key=call.idempotency_key,
        attempts=attempts,
        elapsed=timedelta(seconds=spent),
    )


def _backoff(retry: Retry, attempt: int) -> float:
    return min(retry.cap, retry.base * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))


def is_whole(call: Call, response: Response[Any]) -> bool:
    """Whether a success says what it should: else a gateway may have made it up."""
    return response.readable or (call.empty_answer and not response.content)


def _is_ambiguous(call: Call, response: Response[Any]) -> bool:
    if (call.operation, response.reason_code) in _DEFINITE_5XX:
        return False
    status = response.status_code
    return response.ok or status in _AMBIGUOUS_BELOW_500 or status >= _SERVER_ERRORS


def _error(
    call: Call, failure: Failure, attempts: int, *, outcome_unknown: bool
) -> TransportError:
    consequence = (
        "the outcome is unknown: repeat only with the same idempotency_key, or GET"
        if outcome_unknown
        else "nothing was carried out"
    )
    error = failure.error(
        f"{call.operation}: {failure.reason} (attempts {attempts}); {consequence}",
        operation=call.operation,
        idempotency_key=call.idempotency_key,
        attempts=attempts,
        outcome_unknown=outcome_unknown,
    )
    error.__cause__ = failure.cause
    return error


def retry_after(headers: Mapping[str, str]) -> float:
    """Read `Retry-After` as seconds: a number, or a date measured from `Date`."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)  # infinite when it has too many digits for a float

    until, sent = http_date(value), http_date(headers.get("date", ""))
    if until is None or sent is None:
        return 0.0
    return max(0.0, (until - sent).total_seconds())
