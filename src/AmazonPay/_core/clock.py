"""The clocks of calls: real time, and one whose pauses pass at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the system clock, in UTC."""
    return datetime.now(UTC)


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
