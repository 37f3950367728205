"""The measurements of one round, each in a worker process of pyperf.

    python -m benchmarks.measure FOLDER PORT --append FILE

FOLDER is prepared by `processes.prepare`, PORT is that of `benchmarks.server`. With
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

from benchmarks import processes
from benchmarks.names import (
    BARE_PYTHON,
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
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from benchmarks.processes import Process

_CALLS = 160
_CALLS_BY_THE_CLOCK = 40
_PURCHASES = 20
# One call of the peer costs as much as thirty of the others.
_CALLS_OF = {PEER: 16, PEER_AS_USED: 16}


class Round:
    """Hands measurements to pyperf; each runs them in a process of its own.

    A process that a measurement needs is started for its first value, and ends with the
    round.
    """

    def __init__(self, stack: ExitStack, runner: Any) -> None:  # noqa: ANN401 - pyperf has no types
        self._stack = stack
        self._runner = runner
        options = runner.parse_args()
        self._folder: Path = options.folder
        self._port: int = options.port
        self._only: str = options.only

    def _bench(
        self,
        name: str,
        measure: Callable[[], float],
        calls: int = 1,
        unit: str = "second",
    ) -> None:
        """Measure a cost under a name; its value is that of one call."""

        def one_value(_: int) -> float:
            return measure()

        if re.search(self._only, name):
            self._runner.bench_time_func(
                name, one_value, inner_loops=calls, metadata={"unit": unit}
            )

    def _contender(self, name: str, before: int, at_once: int) -> Process:
        """Start a contender, and have it make some calls that do not count."""
        process = processes.contender(name, self._folder, self._port)
        self._stack.enter_context(process)
        if before:
            process.ask(before, at_once)
        return process

    def cpu(self, what: str, name: str, calls: int, before: int, at_once: int) -> None:
        """Measure the CPU of a call, after some that do not count."""
        contender = cache(lambda: self._contender(name, before, at_once))
        self._bench(
            f"{name}, {what}", lambda: contender().ask(calls, at_once)["cpu"], calls
        )

    def peak_memory(self, what: str, name: str, calls: int, at_once: int) -> None:
        """Measure the most memory that a process held during some calls."""
        contender = cache(lambda: self._contender(name, calls, at_once))
        self._bench(f"{name}, {what}", lambda: contender().peak(), unit="byte")

    def first_answer(self, name: str) -> None:
        """Measure the CPU of a fresh process up to its first answer."""

        def total() -> float:
            with processes.contender(name, self._folder, self._port) as process:
                return process.ask(1, 1)["total"]

        self._bench(f"{name}, first answer", total)

    def imported(self, name: str) -> None:
        """Measure the CPU of an import in a fresh process."""
        self._bench(f"{name}, import", lambda: processes.imported(name))

    def ready(self, name: str) -> None:
        """Measure by the clock until a command is ready, in a fresh process."""
        self._bench(f"{name}, ready", lambda: processes.ready(name))

    def bought(self) -> None:
        """Measure whole purchases by the clock, the first of a process apart."""

        def later() -> float:
            _, *taken = processes.bought(1 + _PURCHASES)
            return median(taken)

        self._bench(FIRST_BOUGHT, lambda: processes.bought(1)[0])
        self._bench(BOUGHT, later)

    def _visited(self, name: str) -> Callable[[], tuple[Process, Process]]:
        """Return what starts, once, a simulator and the client that visits it."""

        @cache
        def started() -> tuple[Process, Process]:
            server = processes.simulator_server(name, self._folder)
            self._stack.enter_context(server)
            visits = processes.contender("visits", self._folder, int(server.line()))
            return server, self._stack.enter_context(visits)

        return started

    def server_cpu(self, name: str) -> None:
        """Measure the CPU of a server for a visit; that of the client is left out."""
        started = self._visited(name)

        def spent() -> float:
            server, visits = started()
            before = _cpu_of(server)
            visits.ask(_CALLS, 16)
            return _cpu_of(server) - before

        self._bench(name, spent, _CALLS)

    def visit(self, name: str) -> None:
        """Measure a visit by the clock, and by the CPU of client and server."""
        started = self._visited(name)

        def by_the_clock() -> float:
            _, visits = started()
            begun = perf_counter()
            visits.ask(_CALLS_BY_THE_CLOCK, 1)
            return perf_counter() - begun

        def cpu() -> float:
            server, visits = started()
            before = _cpu_of(server)
            of_client = visits.ask(_CALLS_BY_THE_CLOCK, 1)["cpu"]
            return of_client + _cpu_of(server) - before

        self._bench(f"{name}, wall clock of a visit", by_the_clock, _CALLS_BY_THE_CLOCK)
        self._bench(f"{name}, CPU of a visit", cpu, _CALLS_BY_THE_CLOCK)


def _cpu_of(server: Process) -> float:
    """Ask a server for the CPU that it has used so far."""
    return server.ask(0, 1)["total"]


def everything(one: Round) -> None:
    """Make each measurement of the page once."""
    for at_once in (1, 16):
        for name in ("signature", *COMPARED):
            calls = _CALLS_OF.get(name, _CALLS)
            one.cpu(f"{at_once} at a time", name, calls, 0, at_once)
    for name in (*FLOORS, *OURS, PEER, NODE):
        one.peak_memory("memory", name, 5 * _CALLS_OF.get(name, _CALLS), 16)
    for name in (*OURS, *FLOORS):
        for call in (100, 10_000):
            # A hundred calls, with this one in the middle.
            one.cpu(f"CPU, call {call:,}", name, 100, call - 50, 1)
            one.peak_memory(f"peak memory, call {call:,}", name, call, 1)
    for name in ("Client", PEER, LIBRARIES):
        one.imported(name)
    for name in (*OURS, PEER):
        one.first_answer(name)
    for name in (BARE_PYTHON, HELP, SIMULATE):
        one.ready(name)
    for name in ("simulator", "simulator with a file", "verifier"):
        one.server_cpu(name)
    one.visit("simulator")
    one.bought()


def main() -> None:
    """Run what the command line asks for."""

    def hand_on(command: list[str], options: Namespace) -> None:
        command += [str(options.folder), str(options.port), f"--only={options.only}"]

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
