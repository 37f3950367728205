"""Endurance: the 10,000th call costs what the 100th did, and memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Row, Target, ratio

if TYPE_CHECKING:
    from benchmarks.stage import Stage

_MANY = 10_000
_FEW = 50
_BATCH = 100
_ROUNDS = 21

# What lies below is noise: the same process differs by as much from batch to batch.
_FLAT = Target("≤", 1.05)


def measure(stage: Stage) -> dict[str, list[Row]]:
    """Compare a process that has made 10,000 calls with fresh ones, round by round."""
    rows: list[Row] = []
    for name in ("Client", "AsyncClient"):
        old = stage.contender(name)
        old.batch(_MANY)
        late: list[float] = []
        early: list[float] = []
        growth: list[float] = []
        for _ in range(_ROUNDS):
            young = stage.contender(name)
            young.batch(_FEW)
            early.append(young.batch(_BATCH))
            late.append(old.batch(_BATCH))
            growth.append(old.peak() / young.peak())
            young.end()
        cost = Row(f"{name}: CPU of call 10,000 / call 100", ratio(late, early), _FLAT)
        memory = ratio(growth, [1.0] * len(growth))
        rows += [cost, Row(f"{name}: peak memory, likewise", memory, _FLAT)]
    return {"Endurance": rows}
