"""The clock of a call: real or skipped pauses, and how far Amazon's clock is behind.

Amazon refuses a request whose date lies in the future, and tolerates next to nothing,
so a machine whose clock is a little fast fails now and then. Such a refusal tells
Amazon's time; dates are then set back for a while. Follows
`amazon-pay-api-v2/signing-requests.html`; the refusal's form is a recorded one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import LARGEST_CORRECTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from .response import Response

_MARGIN = timedelta(seconds=2)
_LASTS = 600.0
_NO_OFFSET = (timedelta(0), 0.0)
_BAD_REQUEST = 400


def is_date_refusal(response: Response[Any]) -> bool:
    """Whether Amazon refused a request for its date."""
    text = response.message or ""  # pragma: no mutate - any text that names no header
    return (
        response.status_code == _BAD_REQUEST
        and response.reason_code == "InvalidHeaderValue"
        and "x-amz-pay-date" in text.lower()
    )


def http_date(value: str) -> datetime | None:
    """Read an HTTP date; None for anything that is no date with a time zone.

    A server chooses each number of it, so no number may be too large.
    """
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
        moment = date.astimezone(UTC)  # pragma: no mutate - the same in any zone
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    return None if date.tzinfo is None else moment


def lead_of(response: Response[Any], received: datetime) -> timedelta | None:
    """Tell how far the system clock is ahead of Amazon's; None if this cannot say.

    Only an answer of Amazon itself is believed: it has a request id, and no cache has
    kept it.
    """
    if response.request_id is None or "age" in response.headers:
        return None
    told = response.headers.get("date", "")  # pragma: no mutate - any text but a date
    date = http_date(told)
    return None if date is None else received - date


class ClockOffset:
    """How far request dates are set back; shared by all calls of a client."""

    def __init__(self, tell: Callable[[timedelta], object]) -> None:
        self._tell = tell
        # One attribute, so that threads read both parts of one correction.
        self._current = _NO_OFFSET

    def set_back(self, now: float) -> timedelta:
        """Tell by how much a date is set back at a monotonic moment."""
        set_back, until = self._current
        return set_back if now < until else timedelta(0)

    def learn(self, lead: timedelta | None, now: float) -> bool:
        """Take in a date refusal; whether a repeat with a corrected date makes sense.

        Whatever was learned before has just failed, and is forgotten.
        """
        before, self._current = self.set_back(now), _NO_OFFSET
        if lead is None or not -_MARGIN < lead <= LARGEST_CORRECTION:
            return False
        self._current = (lead + _MARGIN, now + _LASTS)
        if not before:
            self._tell(lead)
        return True


class Time:
    """The monotonic clock, and pauses that take their time."""

    skipped: float = 0.0
    """How many seconds of pauses passed at once."""

    def now(self) -> float:
        """Tell the monotonic clock, in seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Tell the system clock."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Pause, blocking."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Pause, awaiting."""
        import anyio

        await anyio.sleep(seconds)


class SkippedTime(Time):
    """Pauses pass at once: the monotonic clock jumps in their place."""

    def now(self) -> float:
        """Tell the monotonic clock as if every pause had been waited for."""
        return super().now() + self.skipped

    def sleep(self, seconds: float) -> None:
        """Jump."""
        self.skipped += seconds

    async def asleep(self, seconds: float) -> None:
        """Jump, but let other tasks run."""
        import anyio.lowlevel

        self.skipped += seconds
        await anyio.lowlevel.checkpoint()
