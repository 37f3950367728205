"""The inside of a contender's process: it makes calls on demand and tells their CPU.

A line on standard input asks for a batch, `{"warm_up": 4, "calls": 100, "concurrency":
1}`; the line that answers gives seconds of CPU: `cpu` of the calls after the warm-up,
`total` since the process started. Nothing here needs a package: `benchmarks.peer` runs
where ours is not.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a contender finds its server, and what it trusts and signs with."""

    port: int
    authority: str
    """The certificate file to trust."""
    private_key: str
    """The PEM file to sign with."""


class Contender(Protocol):
    """Someone who can make calls."""

    def batch(self, calls: int, concurrency: int) -> None:
        """Make so many calls, so many at a time; each must succeed."""
        ...


class Threaded:
    """A contender whose calls block: threads make them side by side."""

    def __init__(self, call: Callable[[int], object]) -> None:
        self._call = call
        self._numbers = count()

    def batch(self, calls: int, concurrency: int) -> None:
        """Make so many calls, so many at a time."""
        if concurrency == 1:
            self._several(calls)
            return
        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(self._several, shares(calls, concurrency)))

    def _several(self, calls: int) -> None:
        for _ in range(calls):
            self._call(next(self._numbers))


def shares(calls: int, concurrency: int) -> list[int]:
    """Split calls into equal parts, which they must have."""
    share, rest = divmod(calls, concurrency)
    if rest:
        raise ValueError(f"{calls} calls are not {concurrency} equal parts")
    return [share] * concurrency


def scene_of(arguments: list[str]) -> Scene:
    """Read the scene from the command line."""
    return Scene(**json.loads(arguments[-1]))


def work(contender: Contender) -> None:
    """Answer batches until standard input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["warm_up"]:
            contender.batch(asked["warm_up"], asked["concurrency"])
        begun = time.process_time()
        contender.batch(asked["calls"], asked["concurrency"])
        ended = time.process_time()
        sys.stdout.write(json.dumps({"cpu": ended - begun, "total": ended}) + "\n")
        sys.stdout.flush()
