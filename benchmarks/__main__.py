"""`python -m benchmarks [ROUNDS]`: measure all, print it, write it down, draw it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

import pyperf

from benchmarks import bars, stage
from benchmarks.stage import (
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
    from collections.abc import Iterable, Iterator, Mapping

    Values = Mapping[str, tuple[float, ...]]

_ROUNDS = "5"
_LATEST = Path(__file__).with_name("latest.md")
_NOTES = Path(__file__).with_name("notes.md")
"""Written by hand: which targets are missed, and what was tried."""

_HEAD = """\
# What a call costs

`make bench` writes this page.
Every figure is a ratio within one run, `A / B` being A's cost divided by B's: the median over the values, and in brackets the quartiles.
The contenders take turns, each in a process of its own that reports its user and system CPU; the server runs in another process and is not counted.

| contender | what it is |
|---|---|
| `Client`, `AsyncClient` | ours, installed as a user would |
| `floor`, `async floor` | the same calls written by hand: a post of `httpx2.Client` or `httpx2.AsyncClient` with the same headers and body, and one raw PSS signature of `cryptography` |
| `signature` | that signature alone |
| `AmazonPayClient 2.0.1` | the package of that name on PyPI, as published, trusting one authority only |
| `AmazonPayClient 2.0.1 with its own authorities` | the same as it is used: it loads all of certifi's authorities, and ours, for each call |
| `Node.js SDK` | Amazon's own, with an agent that keeps connections |

A call is a Create Charge or, every other time, a Capture Charge with an id that is new.
Its body is encoded, its request signed with RSA 2048 and sent over TLS to this machine, and its answer read and parsed.
At 16 a time the blocking contenders use threads, the others tasks of one event loop.
"""  # noqa: E501 - a page has one sentence a line

_VERSIONS = """
import platform
from importlib.metadata import version
print(platform.python_implementation(), platform.python_version(), end="")
for name in ("httpx2", "httpcore2", "anyio", "cryptography", "uvicorn"):
    print(",", name, version(name), end="")
"""


class Row(NamedTuple):
    """A ratio of two measurements, and what it should be."""

    what: str
    above: str
    below: str
    target: str = ""
    """`≤` or `≥`, a blank, and the limit."""


def tables() -> dict[str, list[Row]]:
    """List what the report shows, by section."""
    return {
        "CPU of a call, 1 at a time": list(_cpu(", 1 at a time")),
        "CPU of a call, 16 at a time": list(_cpu(", 16 at a time")),
        "Peak memory of a process": [
            _row(name, other, ", memory")
            for name, floor in zip(OURS, FLOORS, strict=True)
            for other in (floor, PEER, NODE)
        ],
        "Endurance": [
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
        "Start": [
            _row("Client", PEER, ", import", "≤ 0.5"),
            *(_row(name, PEER, ", first answer", "≤ 0.8") for name in OURS),
            Row(
                f"{LIBRARIES}: import / {PEER}: first answer",
                f"{LIBRARIES}, import",
                f"{PEER}, first answer",
            ),
        ],
        "Commands, by the clock": [
            _row(HELP, STARTED, ", ready", "≤ 1.5"),
            _row(SIMULATE, STARTED, ", ready", "≤ 1.5"),
        ],
        "Simulator": [
            # A rate is a cost turned round.
            Row(
                "requests a second, in memory / a handler that verifies",
                "verifier",
                "simulator",
            ),
            Row(
                "requests a second, in a file / a handler that verifies",
                "verifier",
                "simulator with a file",
                "≥ 0.4",
            ),
            # An answer that waits for an acknowledgement takes 40 ms by the clock.
            Row(
                "a visit, 1 at a time: wall clock / CPU of client and server",
                "simulator, wall clock of a visit",
                "simulator, CPU of a visit",
                "≤ 4",
            ),
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


def lines(rows: Iterable[Row], values: Values) -> Iterator[str]:
    """Write a table; contenders are compared value by value: a slow moment slows all.

    A row whose measurements were not made is left out.
    """
    yield "| ratio | figure | target | met |"
    yield "|---|---|---|---|"
    for row in rows:
        if row.above not in values or row.below not in values:
            continue
        pairs = zip(values[row.above], values[row.below], strict=True)
        low, median, high = quantiles([a / b for a, b in pairs], method="inclusive")
        shown = f"{median:.3g}"
        if f"{low:.3g}" != f"{high:.3g}":
            shown += f" ({low:.3g} to {high:.3g})"
        side, _, limit = row.target.partition(" ")
        met = median <= float(limit) if side == "≤" else side and median >= float(limit)
        verdict = ("yes" if met else "**no**") if side else ""
        yield f"| {row.what} | {shown} | {row.target} | {verdict} |"


def measured(rounds: int, options: list[str]) -> Values:
    """Let all contenders take turns, round by round; return every value."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage.prepare(folder)
        with stage.server(folder) as server:
            command = [sys.executable, "-m", "benchmarks.measure", name]
            command += [server.line().strip(), "--quiet", *options]
            for _ in range(rounds):
                subprocess.run(  # noqa: S603 - the command holds no input of others
                    [*command, "--append", str(folder / "values.json")],
                    cwd=stage.ROOT,
                    check=True,
                )
        library: Any = pyperf  # it has no types
        suite = library.BenchmarkSuite.load(str(folder / "values.json"))
        return {one.get_name(): one.get_values() for one in suite.get_benchmarks()}


def main() -> int:
    """Measure, and write the report."""
    rounds, *options = sys.argv[1:] or [_ROUNDS]
    values = measured(int(rounds), options)
    versions = [
        subprocess.check_output([str(word) for word in words], text=True).strip()  # noqa: S603 - the command holds no input of others
        for words in (
            (stage.PYTHON, "-c", _VERSIONS),
            (stage.NODE_BINARY, "--version"),
        )
    ]
    page = [_HEAD, f"Measured with {versions[0]}, Node.js {versions[1]}."]
    for title, rows in tables().items():
        shown = [bars.picture_line(title), ""] if title in bars.DRAWN else []
        page += ["", f"## {title}", "", *shown, *lines(rows, values)]
    page += ["", _NOTES.read_text(encoding="utf-8")]
    sys.stdout.write("\n".join(page))
    if not options:
        _LATEST.write_text("\n".join(page), encoding="utf-8")
        for file, drawn in bars.pictures("\n".join(page)).items():
            _LATEST.with_name(file).write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
