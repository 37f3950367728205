"""The clocks of a call: one whose pauses take their time, and one that jumps."""

from __future__ import annotations

import time
from datetime import UTC, datetime


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


class InstantClock(Time):
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
