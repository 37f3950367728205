"""What the tests of this process have opened, for the report of a failing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:

    class Reported(Protocol):
        """What can tell its story."""

        @property
        def is_open(self) -> bool:
            """Whether it is in use."""
            ...

        def report(self) -> str:
            """Return the last rows of the story."""
            ...


opened: list[Reported] = []
"""What the running test has opened, or has found open."""

reached: list[str] = []
"""The hosts of Amazon Pay that were reached for, and that no failure has named yet."""


def begin_test() -> None:
    """Forget what earlier tests have left."""
    opened[:] = [one for one in opened if one.is_open]
    reached.clear()


def take_reached() -> list[str]:
    """Return the hosts that were reached for since the last call, each once."""
    hosts = list(dict.fromkeys(reached))
    reached.clear()
    return hosts
