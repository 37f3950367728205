"""The figures of the page: what is compared with what, and what came out.

`latest.json` keeps the figures of the last whole run, so that its page and its pictures
can be made again without measuring.
"""

from __future__ import annotations

import json
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.names import (
    BARE_PYTHON,
    BOUGHT,
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
    from collections.abc import Iterable, Iterator, Mapping

    Values = Mapping[str, tuple[float, ...]]
    """What was measured, by name: seconds or bytes."""

ALONE = "CPU of a call, 1 at a time"
SIDE_BY_SIDE = "CPU of a call, 16 at a time"
MEMORY = "Peak memory of a process"
ENDURANCE = "Endurance"
START = "Start"
COMMANDS = "Commands, by the clock"
SIMULATOR = "Simulator"
PURCHASE = "A purchase in memory, in milliseconds by the clock"

VISIT = "a visit, 1 at a time: wall clock / CPU of client and server"
IN_MEMORY = "requests a second, in memory / a handler that verifies"
IN_FILE = "requests a second, in a file / a handler that verifies"


class Row(NamedTuple):
    """A measurement, or the ratio of two of them, and what it should be."""

    what: str
    above: str
    below: str = ""
    """Empty for a measurement that is shown as it is, in milliseconds."""
    target: str = ""
    """`≤` or `≥`, a blank, and the limit."""


class Figure(NamedTuple):
    """The median of the values, between their quartiles."""

    low: float
    median: float
    high: float


class Run(NamedTuple):
    """All figures of one run."""

    versions: str
    figures: Mapping[str, Mapping[str, Figure]]
    """By section, and by `Row.what`; without those that were not measured."""


def sections() -> dict[str, list[Row]]:
    """List what the page shows."""
    return {
        ALONE: list(_cpu(", 1 at a time")),
        SIDE_BY_SIDE: list(_cpu(", 16 at a time")),
        MEMORY: [
            _row(name, other, ", memory")
            for name, floor in zip(OURS, FLOORS, strict=True)
            for other in (floor, PEER, NODE)
        ],
        ENDURANCE: [
            Row(
                f"{name}: {cost}, call 10,000 / call 100",
                f"{name}, {cost}, call 10,000",
                f"{name}, {cost}, call 100",
                # The floors keep nothing from call to call: their drift is not ours.
                "≤ 1.05" if name in OURS else "",
            )
            for name in (*OURS, *FLOORS)
            for cost in ("CPU", "peak memory")
        ],
        START: [
            _row("Client", PEER, ", import", "≤ 0.5"),
            *(_row(name, PEER, ", first answer", "≤ 0.8") for name in OURS),
            Row(
                f"{LIBRARIES}: import / {PEER}: first answer",
                f"{LIBRARIES}, import",
                f"{PEER}, first answer",
            ),
        ],
        COMMANDS: [
            _row(HELP, BARE_PYTHON, ", ready", "≤ 1.5"),
            _row(SIMULATE, BARE_PYTHON, ", ready", "≤ 1.5"),
        ],
        SIMULATOR: [
            # A rate is a cost turned round.
            Row(IN_MEMORY, "verifier", "simulator"),
            Row(IN_FILE, "verifier", "simulator with a file", "≥ 0.4"),
            # An answer that waits for an acknowledgement takes 40 ms by the clock.
            Row(
                VISIT,
                "simulator, wall clock of a visit",
                "simulator, CPU of a visit",
                "≤ 4",
            ),
        ],
        PURCHASE: [
            Row(BOUGHT, BOUGHT, target="≤ 50"),
            Row(FIRST_BOUGHT, FIRST_BOUGHT),
        ],
    }


def _row(above: str, below: str, cost: str, target: str = "") -> Row:
    shown = "" if cost.endswith(("time", "memory")) else cost.replace(",", ":", 1)
    return Row(f"{above}{shown} / {below}", above + cost, below + cost, target)


def _cpu(cost: str) -> Iterator[Row]:
    for name, floor in zip(OURS, FLOORS, strict=True):
        yield _row(name, floor, cost, "≤ 1")
    for name, target in zip(OURS, ("≥ 25", "≥ 17"), strict=True):
        yield _row(PEER, name, cost, target)
    for other in (PEER_AS_USED, NODE):
        for name in OURS:
            yield _row(other, name, cost)
    yield _row("AsyncClient", "floor", cost)
    for name in OURS:
        yield _row("signature", name, cost)


def figures_of(rows: Iterable[Row], values: Values) -> dict[str, Figure]:
    """Work out the figures of a section, without those that were not measured.

    Contenders are compared value by value: a slow moment slows all.
    """
    return {
        row.what: _figure(row, values)
        for row in rows
        if row.above in values and (not row.below or row.below in values)
    }


def _figure(row: Row, values: Values) -> Figure:
    if row.below:
        pairs = zip(values[row.above], values[row.below], strict=True)
        found = [above / below for above, below in pairs]
    else:
        found = [seconds * 1000 for seconds in values[row.above]]
    # The rest of the digits is noise, and would change with each run.
    return Figure(
        *(float(f"{one:.6g}") for one in quantiles(found, method="inclusive"))
    )


def run_of(versions: str, values: Values) -> Run:
    """Work out all figures of a run."""
    found = {title: figures_of(rows, values) for title, rows in sections().items()}
    return Run(versions, {title: rows for title, rows in found.items() if rows})


def is_met(figure: Figure, target: str) -> bool:
    """Return whether the median is on the right side of a target."""
    side, limit = target.split()
    return (
        figure.median <= float(limit) if side == "≤" else figure.median >= float(limit)
    )


def shown(number: float) -> str:
    """Return a number with three digits, or all of them before the point."""
    return f"{number:.3g}" if number < 1000 else f"{number:,.0f}"  # noqa: PLR2004 - beyond it `g` writes an exponent


def to_json(run: Run) -> str:
    """Write down the figures: each as lower quartile, median and upper quartile."""
    text = json.dumps(run._asdict(), indent=1, ensure_ascii=False)
    return f"{text}\n"


def from_json(text: str) -> Run:
    """Read what `to_json` has written."""
    found = json.loads(text)
    return Run(
        found["versions"],
        {
            title: {what: Figure(*one) for what, one in rows.items()}
            for title, rows in found["figures"].items()
        },
    )
