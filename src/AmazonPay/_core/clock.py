"""The clocks of calls: real time, and one whose pauses pass at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ..errors import InvalidRequest


def utc_now() -> datetime:
    """Return the system clock, in UTC."""
    return datetime.now(UTC)


def utc_text(name: str, moment: object, after_year: str) -> str:
    """Return a time as text in UTC: the year, and the rest in the form `after_year`.

    Raises:
        InvalidRequest: it is no datetime, has no time zone, so that its meaning would
            depend on the machine, or is outside of the years 1 to 9999; the error
            calls it `name`.
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidRequest(f"{name} needs a time zone: pass an aware datetime")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(f"{name} is outside the years 1 to 9999 of UTC") from None
    # Not every platform's strftime pads the year.
    return f"{moment.year:04}{moment.strftime(after_year)}"


class Time:
    """The real clock, whose pauses take real time."""

    skipped: float = 0.0
    """The seconds of pauses that passed at once."""

    def now(self) -> float:
        """Return the monotonic clock, in seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the system clock, in UTC."""
        return utc_now()

    def sleep(self, seconds: float) -> None:
        """Pause for some seconds, blocking."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Pause for some seconds, awaiting."""
        import anyio

        await anyio.sleep(seconds)


class InstantClock(Time):
    """A clock for tests: it moves forward by each pause, and does not wait."""

    def now(self) -> float:
        """Return the monotonic clock plus all pauses so far, in seconds."""
        return super().now() + self.skipped

    def sleep(self, seconds: float) -> None:
        """Move the clock forward."""
        self.skipped += seconds

    async def asleep(self, seconds: float) -> None:
        """Move the clock forward, and let other tasks run once."""
        import anyio.lowlevel

        self.skipped += seconds
        await anyio.lowlevel.checkpoint()
