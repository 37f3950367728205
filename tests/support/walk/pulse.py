"""What each worker has done so far, in memory that outlives it."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATIONS = 2
"""A process, and the child that it forks."""
_COUNTERS = 2
_WIDTH = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """One worker: a thread of a process, or of the child that the process forked."""

    process: int
    forked: bool
    place: int

    def __str__(self) -> str:
        """Return the worker's name, for the text of a failure."""
        child = ", forked" if self.forked else ""
        return f"worker {self.place} of process {self.process}{child}"

    @property
    def awaits(self) -> bool:
        """Whether it calls through `AsyncClient`."""
        return self.process % 2 == 1

    @property
    def sweeps(self) -> bool:
        """Whether it resumes open entries and carries out no orders."""
        return self.place == 0


class Pulse:
    """Two counters for each worker, in a file that all processes map.

    `beats` counts the turns of its loop, `answers` the calls that came to a decision.
    Only the worker itself writes them.
    """

    def __init__(self, path: Path, processes: int, places: int) -> None:
        self._processes, self._places = processes, places
        size = processes * GENERATIONS * places * _COUNTERS * _WIDTH
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)
        self._counters = memoryview(self._map).cast("Q")

    def close(self) -> None:
        """Release the shared memory."""
        self._counters.release()
        self._map.close()

    def slots(self) -> Iterator[Slot]:
        """List all workers that there may be."""
        for process in range(self._processes):
            for forked in (False, True):
                for place in range(self._places):
                    yield Slot(process, forked, place)

    def _at(self, slot: Slot) -> int:
        generation = slot.process * GENERATIONS + slot.forked
        return (generation * self._places + slot.place) * _COUNTERS

    def beat(self, slot: Slot) -> None:
        """Count a turn."""
        self._counters[self._at(slot)] += 1

    def answer(self, slot: Slot) -> None:
        """Count a call that came to a decision."""
        self._counters[self._at(slot) + 1] += 1

    def beats(self, slot: Slot) -> int:
        """Return how many turns a worker has begun since its process was started."""
        return self._counters[self._at(slot)]

    def answers(self, slot: Slot) -> int:
        """Return how many calls of a worker came to a decision in the whole walk."""
        return self._counters[self._at(slot) + 1]

    def restart(self, process: int) -> None:
        """Forget the turns of a process that is about to be started."""
        for slot in self.slots():
            if slot.process == process:
                self._counters[self._at(slot)] = 0
