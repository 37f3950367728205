"""The measurements of one round, each in a worker process of pyperf.

    python -m benchmarks.measure FOLDER PORT --append FILE

FOLDER is prepared by `stage.prepare`, PORT is the one of `benchmarks.server`. With
`--only PATTERN` only measurements whose name matches are made.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyperf

from benchmarks import stage
from benchmarks.stage import (
    BOUGHT,
    COMPARED,
    FIRST_BOUGHT,
    FLOORS,
    HELP,
    LIBRARIES,
    NODE,
    OURS,
    PEER,
    PEER_AS_USED,
    SIMULATE,
    STARTED,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

_MANY = 160
_FEW = 40
_PURCHASES = 20
# One call of the peer costs as much as thirty of the others.
_FEWER = {PEER: 16, PEER_AS_USED: 16}


class Round:
    """Hands measurements to pyperf; each runs them in a process of its own."""

    def __init__(self, stack: ExitStack, runner: Any) -> None:  # noqa: ANN401 - pyperf has no types
        self._stack = stack
        self._runner = runner
        told = runner.parse_args()
        self._folder: Path = told.folder
        self._port: int = told.port
        self._only: str = told.only

    def _bench(
        self,
        name: str,
        cost: Callable[[], float],
        calls: int = 1,
        unit: str = "second",
    ) -> None:
        def one_loop(_: int) -> float:
            return cost()

        if re.search(self._only, name):
            self._runner.bench_time_func(
                name, one_loop, inner_loops=calls, metadata={"unit": unit}
            )

    def _started(self, name: str, before: int, many: int) -> stage.Process:
        process = stage.contender(name, self._folder, self._port)
        self._stack.enter_context(process)
        if before:
            process.ask(before, many)
        return process

    def cpu(self, what: str, name: str, calls: int, before: int, many: int) -> None:
        """Measure the CPU of a call, after some that do not count."""
        running = cache(lambda: self._started(name, before, many))
        self._bench(f"{name}, {what}", lambda: running().ask(calls, many)["cpu"], calls)

    def peak(self, what: str, name: str, before: int, many: int) -> None:
        """Measure the most memory that a process held during some calls."""
        running = cache(lambda: self._started(name, before, many))
        self._bench(f"{name}, {what}", lambda: running().peak(), unit="byte")

    def start(self, name: str) -> None:
        """Measure the CPU of a fresh process up to its first answer."""

        def cost() -> float:
            with stage.contender(name, self._folder, self._port) as process:
                return process.ask(1, 1)["total"]

        self._bench(f"{name}, first answer", cost)

    def imported(self, name: str) -> None:
        """Measure the CPU of an import in a fresh process."""
        self._bench(f"{name}, import", lambda: stage.imported(name))

    def ready(self, name: str) -> None:
        """Measure by the clock until a command is ready, in a fresh process."""
        self._bench(f"{name}, ready", lambda: stage.ready(name))

    def bought(self) -> None:
        """Measure whole purchases by the clock, the first of a process apart."""

        def later() -> float:
            _, *taken = stage.bought(1 + _PURCHASES)
            return median(taken)

        self._bench(FIRST_BOUGHT, lambda: stage.bought(1)[0])
        self._bench(BOUGHT, later)

    def _visited(self, name: str) -> Callable[[], tuple[stage.Process, stage.Process]]:
        @cache
        def running() -> tuple[stage.Process, stage.Process]:
            server = self._stack.enter_context(stage.served(name, self._folder))
            load = stage.contender("visits", self._folder, int(server.line()))
            return server, self._stack.enter_context(load)

        return running

    def served(self, name: str) -> None:
        """Measure the CPU of a server for a visit; the load's own does not count."""
        running = self._visited(name)

        def cost() -> float:
            server, load = running()
            before = server.ask(0, 1)["total"]
            load.ask(_MANY, 16)
            return server.ask(0, 1)["total"] - before

        self._bench(name, cost, _MANY)

    def latency(self, name: str) -> None:
        """Measure a visit by the clock, and by the CPU that both of its sides use."""
        running = self._visited(name)

        def waited() -> float:
            _, load = running()
            begun = perf_counter()
            load.ask(_FEW, 1)
            return perf_counter() - begun

        def worked() -> float:
            server, load = running()
            before = server.ask(0, 1)["total"]
            ours = load.ask(_FEW, 1)["cpu"]
            return ours + server.ask(0, 1)["total"] - before

        self._bench(f"{name}, wall clock of a visit", waited, _FEW)
        self._bench(f"{name}, CPU of a visit", worked, _FEW)


def everything(one: Round) -> None:
    """Make each measurement of the report once."""
    for many in (1, 16):
        for name in ("signature", *COMPARED):
            one.cpu(f"{many} at a time", name, _FEWER.get(name, _MANY), 0, many)
    for name in (*FLOORS, *OURS, PEER, NODE):
        one.peak("memory", name, 5 * _FEWER.get(name, _MANY), 16)
    for name in (*OURS, *FLOORS):
        for place in (100, 10_000):
            one.cpu(f"CPU, call {place:,}", name, 100, place - 50, 1)
            one.peak(f"peak memory, call {place:,}", name, place, 1)
    for name in ("Client", PEER, LIBRARIES):
        one.imported(name)
    for name in (*OURS, PEER):
        one.start(name)
    for name in (STARTED, HELP, SIMULATE):
        one.ready(name)
    for name in ("simulator", "simulator with a file", "verifier"):
        one.served(name)
    one.latency("simulator")
    one.bought()


def main() -> None:
    """Run what the command line asks for."""

    def hand_on(command: list[str], told: Namespace) -> None:
        command += [str(told.folder), str(told.port), f"--only={told.only}"]

    runner: Any = pyperf.Runner(
        processes=1,
        values=3,
        warmups=1,
        loops=1,
        program_args=("-m", "benchmarks.measure"),
        add_cmdline_args=hand_on,
    )
    runner.argparser.add_argument("folder", type=Path)
    runner.argparser.add_argument("port", type=int)
    runner.argparser.add_argument("--only", default="")
    with ExitStack() as stack:
        everything(Round(stack, runner))


if __name__ == "__main__":
    main()
