"""Prevent forks while a thread of this process uses SQLite.

A forked child inherits SQLite's memory, but neither its file locks nor the other
threads. SQLite would rely on locks that the child does not hold, and wait for mutexes
that no thread releases. So a fork waits until no thread has a connection open, and no
thread opens one until the fork is over.

See SQLite's page `howtocorrupt.html`, section 2.6.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable

_FORK_TIMEOUT: Final = 60.0
"""Seconds that a fork waits; a use waits up to 30 s for a locked file."""

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Turn:
    """One thread's use of SQLite.

    The lock is acquired by `with` and `inside` is set without a call, so an exception
    from a signal handler cannot leave either of them set.
    """

    lock: Any = field(default_factory=threading.RLock)
    inside: bool = False


class ForkGate:
    """The turns of all threads; a fork acquires every one of them."""

    def __init__(self, *, broken: bool = False) -> None:
        self._broken = broken
        self._turnstile = threading.RLock()
        self._turns: dict[int, _Turn] = {}
        self._held: list[Any] = []
        self._quiet = False

    def _turn(self) -> _Turn:
        """Return this thread's turn, once no fork is under way."""
        turn = self._turns.setdefault(threading.get_ident(), _Turn())
        with self._turnstile:
            return turn

    def run(self, use: Callable[[], _Result]) -> _Result:
        """Run `use`, which may open connections, and prevent forks meanwhile."""
        turn = self._turn()
        with turn.lock:
            outer = turn.inside
            turn.inside = True
            try:
                self.check()
                return use()
            finally:
                turn.inside = outer

    def check(self) -> None:
        """Check that this process may use SQLite.

        Raises:
            JournalFailed: a signal handler forked this process while its parent used
                SQLite, so SQLite must not be used here.
        """
        if self._broken or self is not gate:
            raise JournalFailed("the process was forked while it used the journal")

    def before_fork(self) -> None:
        """Wait until no other thread uses SQLite, and let none begin."""
        self._quiet = False
        until = monotonic() + _FORK_TIMEOUT
        self._turnstile.acquire()
        self._held.append(self._turnstile)
        quiet = not (self._broken or self._turn().inside)
        for turn in list(self._turns.values()):
            if turn.lock.acquire(timeout=max(0.0, until - monotonic())):
                self._held.append(turn.lock)
            else:
                quiet = False
        self._quiet = quiet

    def after_fork_in_parent(self) -> None:
        """Let the threads continue."""
        while self._held:
            self._held.pop().release()

    def in_child(self) -> ForkGate:
        """Return a gate for the child, which has no threads to release this one."""
        return ForkGate(broken=not self._quiet)


gate = ForkGate()
"""The gate of this process; a forked child gets a new one."""


def _before_fork() -> None:
    gate.before_fork()


def _after_fork_in_parent() -> None:
    gate.after_fork_in_parent()


def _after_fork_in_child() -> None:
    global gate  # noqa: PLW0603 - the state of a process
    gate = gate.in_child()


if hasattr(os, "register_at_fork"):  # missing on systems that cannot fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
