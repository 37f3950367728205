"""Keep a journal's engines usable when the process forks."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Engine
    from sqlalchemy.pool import Pool

# How long a fork waits for work that has begun, and work for a fork.
_FORK_WAITS: Final = 10.0


class ForkGate:
    """Let no work of a journal be under way while the process forks.

    A connection that is in use would be used by parent and child, a lock that another
    thread holds would stay locked in the child. So a fork waits for the work that has
    begun, and work that begins meanwhile waits for the fork. Neither waits for ever.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the threads of the parent: none of them is in the child."""
        self._changed = threading.Condition()
        self._working = 0
        self._forks = 0

    @contextlib.contextmanager
    def work(self) -> Generator[None]:
        """Do work that no fork may interrupt."""
        with self._changed:
            self._changed.wait_for(lambda: not self._forks, _FORK_WAITS)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until no work is under way, and let none begin."""
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: self._working <= 0, _FORK_WAITS)

    def open(self) -> None:
        """Let work begin again."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


gate = ForkGate()
engines: weakref.WeakSet[Engine] = weakref.WeakSet()
# The parent's pools in a child: some drivers end the parent's session when they close
# a connection that they have inherited, so that nothing here is ever collected.
_inherited_pools: list[Pool] = []


def _before_fork() -> None:
    gate.close()
    for engine in list(engines):
        # SQLite must not be carried across a fork even if it is idle: the child would
        # believe that it holds the locks of its parent.
        if engine.dialect.name == "sqlite":
            engine.dispose()


def _after_fork_in_parent() -> None:
    gate.open()


def _after_fork_in_child() -> None:
    gate.reset()
    for engine in list(engines):
        _inherited_pools.append(engine.pool)
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
