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

# How many seconds a fork waits for started work, and new work for a fork.
_FORK_WAITS: Final = 10.0


class ForkGate:
    """Keep journals from working while the process forks.

    Otherwise parent and child would use the same connection, and a lock of another
    thread would stay locked in the child. A fork waits for started work, and new work
    waits for the fork. Neither waits for ever.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset all counts in the child, which has none of the parent's threads."""
        self._changed = threading.Condition()
        self._working = 0
        self._forks = 0

    @contextlib.contextmanager
    def work(self) -> Generator[None]:
        """Keep forks waiting while the body of `with` runs."""
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
        """Wait until no work is under way, and hold new work back."""
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: self._working <= 0, _FORK_WAITS)

    def open(self) -> None:
        """Let work start again."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


gate = ForkGate()
engines: weakref.WeakSet[Engine] = weakref.WeakSet()
# The parent's pools in a child, kept for ever: some drivers end the parent's session
# when an inherited connection is closed.
_inherited_pools: list[Pool] = []


def _before_fork() -> None:
    gate.close()
    for engine in list(engines):
        # Even an idle SQLite connection must not exist across a fork: the child would
        # seem to hold the locks of its parent.
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
