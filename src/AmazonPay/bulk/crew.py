"""Threads that carry rows out, and the brake that stops them."""

from __future__ import annotations

import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .results import RowResult
    from .rows import Row

Ending: TypeAlias = Literal["all", "interrupted", "no answer"]

MOST_FAILURES: Final = 20
"""After so many rows in a row without an answer, no other row is begun."""


class Crew:
    """Some threads that work through rows once, in the order of the file.

    The threads end with the process: a second interrupt, like a killed process, leaves
    rows under way, which the next run continues.
    """

    def __init__(
        self, work: Callable[[Row], RowResult], rows: Iterable[Row], size: int
    ) -> None:
        self._work = work
        self._waiting = deque(rows)
        self._alive = min(size, len(self._waiting))
        self._stopping = threading.Event()
        self._done: queue.SimpleQueue[RowResult | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._failures = 0
        self._error: BaseException | None = None
        self._ending: Ending = "all"

    def carry_out(
        self, told: Callable[[RowResult], object], interrupted: Callable[[], object]
    ) -> Ending:
        """Carry out the rows, and call `told` with each result; return why it ended.

        At the first interrupt no other row is begun, and those under way end.

        Raises:
            JournalFailed: the journal failed; rows under way have ended before.
            KeyboardInterrupt: a second interrupt.
        """
        for _ in range(self._alive):
            threading.Thread(target=self._carry_out_each, daemon=True).start()
        while self._alive:
            try:
                self._take(self._done.get(), told)
            except KeyboardInterrupt:
                if self._ending == "interrupted":
                    raise
                self._stop("interrupted")
                interrupted()
        if self._error is not None:
            raise self._error
        return self._ending

    def _carry_out_each(self) -> None:
        """Carry out rows in this thread until none waits, or no more may begin."""
        while not self._stopping.is_set():
            try:
                row = self._waiting.popleft()
            except IndexError:
                break
            try:
                done = self._work(row)
            except BaseException as error:  # noqa: BLE001 - raised by the main thread
                self._error = self._error or error
                self._stopping.set()
                break
            self._brake(done)
            self._done.put(done)
        self._done.put(None)

    def _brake(self, done: RowResult) -> None:
        """Begin no more rows after `MOST_FAILURES` in a row without an answer."""
        with self._lock:
            self._failures = self._failures + 1 if done.no_answer else 0
            if self._failures == MOST_FAILURES:
                self._stop("no answer")

    def _take(
        self, done: RowResult | None, told: Callable[[RowResult], object]
    ) -> None:
        if done is None:
            self._alive -= 1
        else:
            told(done)

    def _stop(self, ending: Ending) -> None:
        self._ending = ending
        self._stopping.set()
