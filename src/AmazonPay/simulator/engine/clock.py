"""The simulator's clock: it stands still or runs, and can be moved forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..._core.clock import utc_now


class Clock:
    """A clock that a test moves.

    Args:
        start: The time at which it begins; by default now, in whole seconds. A running
            clock takes none.
        runs: Whether it goes on with the machine's clock, ahead by what it was moved.
            By default it stands still.
    """

    def __init__(self, start: datetime | None = None, *, runs: bool = False) -> None:
        if runs and start is not None:
            raise ValueError("a running clock begins now")
        self.runs = runs
        """Whether it goes on by itself."""
        begin = start or utc_now().replace(microsecond=0)
        self._start = begin.astimezone(UTC)
        self._now = self._start
        self._lead = timedelta(0)

    def __call__(self) -> datetime:
        """Return the time, in UTC."""
        return utc_now() + self._lead if self.runs else self._now

    @property
    def lead(self) -> timedelta:
        """How far a running clock is ahead of the machine's."""
        return self._lead

    def move_to(self, moment: datetime) -> None:
        """Move the clock forward to a time; it never goes back."""
        if moment > self():
            self.set(moment)

    def set(self, moment: datetime) -> None:
        """Set the clock to a time, also an earlier one."""
        if self.runs:
            self._lead = moment - utc_now()
        else:
            self._now = moment.astimezone(UTC)

    def reset(self) -> None:
        """Set the clock to where it began; a running one to the machine's time."""
        self._now = self._start
        self._lead = timedelta(0)
