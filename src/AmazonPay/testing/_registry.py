"""The simulators that tests have opened, for the report of a failing test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:

    class Reported(Protocol):
        """A simulator whose story a report can show."""

        @property
        def is_open(self) -> bool:
            """Whether the simulator is still in use."""
            ...

        def report(self) -> str:
            """Return the last rows of the story."""
            ...


opened: list[Reported] = []
"""The simulators that the running test has opened, or has found open."""

reached: list[str] = []
"""Hosts of the real Amazon Pay that a test tried to call; no failure names them yet."""


def begin_test() -> None:
    """Forget the closed simulators and the hosts of earlier tests."""
    opened[:] = [one for one in opened if one.is_open]
    reached.clear()


def take_reached() -> list[str]:
    """Return the hosts that were tried since the last call, each once."""
    hosts = list(dict.fromkeys(reached))
    reached.clear()
    return hosts
