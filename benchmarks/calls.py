"""CPU and memory of a call: both clients against the floors and the peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Row, Target, ratio
from benchmarks.stage import NODE, PEER, PEER_AS_USED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.stage import Stage, Worker

# Calls of a batch: one of the peer costs as much as thirty of the others.
_CALLS = {
    "signature": 160,
    "floor": 160,
    "Client": 160,
    "async floor": 160,
    "AsyncClient": 160,
    PEER: 16,
    PEER_AS_USED: 16,
    NODE: 160,
}
_CONCURRENCY = (1, 16)

# While the others take their turns, kept connections may have expired: httpx2 drops
# them after 5 seconds. The first calls, not counted, open them again.
_KEEPING = _CALLS.keys() - {"signature", PEER, PEER_AS_USED}
_FIRST_CALLS = 3

# Where its memory happens to lie makes a process faster or slower by some per cent as
# long as it lives, so each contender is several processes, one after the other.
_CASTS = 7
_WARM_UP = 2
_ROUNDS = 6

_NO_DEARER = Target("≤", 1.0)
_FLOORS = {"Client": "floor", "AsyncClient": "async floor"}
_AGAINST_PEER = {"Client": Target("≥", 25), "AsyncClient": Target("≥", 17)}

Costs = dict[str, list[float]]
"""Of each contender, one figure for each round, or each cast."""


def measure(stage: Stage) -> dict[str, list[Row]]:
    """Measure, and give the rows of each table."""
    cpu = {concurrency: _empty() for concurrency in _CONCURRENCY}
    memory = _empty()
    for _ in range(_CASTS):
        workers = {name: stage.contender(name) for name in _CALLS}
        for concurrency, costs in cpu.items():
            _rounds(workers, _WARM_UP, concurrency, _empty())
            _rounds(workers, _ROUNDS, concurrency, costs)
        for name, worker in workers.items():
            memory[name].append(worker.peak())
            worker.end()
    tables = {
        f"CPU of a call, {concurrency} at a time": list(_cpu_rows(costs))
        for concurrency, costs in cpu.items()
    }
    return tables | {"Peak memory of a process": list(_memory_rows(memory))}


def _empty() -> Costs:
    return {name: [] for name in _CALLS}


def _rounds(
    workers: dict[str, Worker], rounds: int, concurrency: int, costs: Costs
) -> None:
    """Let contenders take turns: what slows the machine slows them all."""
    for _ in range(rounds):
        for name, worker in workers.items():
            warm_up = _FIRST_CALLS * concurrency if name in _KEEPING else 0
            cost = worker.batch(_CALLS[name], concurrency, warm_up=warm_up)
            costs[name].append(cost)


def _row(costs: Costs, name: str, other: str, target: Target | None = None) -> Row:
    return Row(f"{name} / {other}", ratio(costs[name], costs[other]), target)


def _cpu_rows(costs: Costs) -> Iterable[Row]:
    for name, floor in _FLOORS.items():
        yield _row(costs, name, floor, _NO_DEARER)
    for name, target in _AGAINST_PEER.items():
        yield _row(costs, PEER, name, target)
    for other in (PEER_AS_USED, NODE):
        for name in _FLOORS:
            yield _row(costs, other, name)
    yield _row(costs, "AsyncClient", "floor")
    for name in _FLOORS:
        yield _row(costs, "signature", name)


def _memory_rows(memory: Costs) -> Iterable[Row]:
    for name, floor in _FLOORS.items():
        for other in (floor, PEER, NODE):
            yield _row(memory, name, other)
