"""Endurance: the 10,000th call costs what the 100th did, and memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Row, Target, ratio

if TYPE_CHECKING:
    from benchmarks.stage import Stage

_MANY = 10_000
_FEW = 50
_BATCH = 100
_CASTS = 3
_ROUNDS = 7

# Two processes that did the same differ by as much. The floors, which keep nothing
# from call to call, are measured too: what they drift is not ours.
_FLAT = Target("≤", 1.05)
_TARGETS = {"Client": _FLAT, "AsyncClient": _FLAT, "floor": None, "async floor": None}


def measure(stage: Stage) -> dict[str, list[Row]]:
    """Compare processes that have made 10,000 calls with fresh ones."""
    rows: list[Row] = []
    for name, target in _TARGETS.items():
        late: dict[str, list[float]] = {"CPU": [], "peak memory": []}
        early: dict[str, list[float]] = {"CPU": [], "peak memory": []}
        for _ in range(_CASTS):
            old = stage.contender(name)
            old.batch(_MANY)
            for _ in range(_ROUNDS):
                young = stage.contender(name)
                early["CPU"].append(young.batch(_BATCH, warm_up=_FEW))
                late["CPU"].append(old.batch(_BATCH, warm_up=_FEW))
                early["peak memory"].append(young.peak())
                late["peak memory"].append(old.peak())
                young.end()
            old.end()
        rows += [
            Row(
                f"{name}: {what}, call 10,000 / call 100",
                ratio(late[what], early[what]),
                target,
            )
            for what in late
        ]
    return {"Endurance": rows}
