"""Which bars each picture of the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks import figures
from benchmarks.bars import Bar, Panel, drawn
from benchmarks.figures import Figure, sections
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
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.bars import Kind
    from benchmarks.figures import Run


class Picture(NamedTuple):
    """A picture of a section: its file beside the page, and what is in it."""

    section: str
    file: str
    svg: str


class Part(NamedTuple):
    """A bar: of a row of the page, or of what the others are compared with."""

    label: str
    kind: Kind
    row: str = ""


class Frame(NamedTuple):
    """A panel, before its figures are known."""

    title: str
    unit: str
    parts: Sequence[Part]


_ONE = Figure(1, 1, 1)


def _calls(how: str) -> Iterator[Frame]:
    yield Frame(
        f"Our clients and the same calls written by hand, {how}",
        "CPU of a call; that of its floor is 1",
        (
            Part("floor, async floor", "floor"),
            *(
                Part(name, "ours", f"{name} / {floor}")
                for name, floor in zip(OURS, FLOORS, strict=True)
            ),
        ),
    )
    for name in OURS:
        yield Frame(
            f"Other clients and {name}, {how}",
            f"CPU of a call; that of {name} is 1",
            (
                Part(name, "ours"),
                Part("its signature alone", "floor", f"signature / {name}"),
                Part(NODE, "peer", f"{NODE} / {name}"),
                Part(PEER, "peer", f"{PEER} / {name}"),
                Part(
                    "the same with its own authorities",
                    "peer",
                    f"{PEER_AS_USED} / {name}",
                ),
            ),
        )


def frames() -> dict[tuple[str, str], Sequence[Frame]]:
    """List the panels of each picture, by section and name of the file."""
    return {
        (figures.ALONE, "calls-1-at-a-time.svg"): list(_calls("1 at a time")),
        (figures.SIDE_BY_SIDE, "calls-16-at-a-time.svg"): list(_calls("16 at a time")),
        (figures.START, "start.svg"): [
            Frame(
                "Import",
                f"CPU; that of {PEER} is 1",
                (
                    Part(PEER, "peer"),
                    Part("Client", "ours", f"Client: import / {PEER}"),
                ),
            ),
            Frame(
                "A fresh process, up to its first answer",
                f"CPU; that of {PEER} is 1",
                (
                    Part(PEER, "peer"),
                    Part(
                        f"import of {LIBRARIES}",
                        "floor",
                        f"{LIBRARIES}: import / {PEER}: first answer",
                    ),
                    *(
                        Part(name, "ours", f"{name}: first answer / {PEER}")
                        for name in OURS
                    ),
                ),
            ),
        ],
        (figures.COMMANDS, "commands.svg"): [
            Frame(
                "Until a command is ready",
                "wall clock; that of a bare Python is 1",
                (
                    Part("Python imports click and uvicorn", "floor"),
                    *(
                        Part(name, "ours", f"{name}: ready / {BARE_PYTHON}")
                        for name in (HELP, SIMULATE)
                    ),
                ),
            )
        ],
        (figures.SIMULATOR, "simulator.svg"): [
            Frame(
                "Requests that the simulator answers",
                "requests a second; those of a handler that only verifies are 1",
                (
                    Part("a handler that verifies", "floor"),
                    Part("state in memory", "ours", figures.IN_MEMORY),
                    Part("state in a file", "ours", figures.IN_FILE),
                ),
            ),
            Frame(
                "A visit, 1 at a time",
                "time of a visit; the CPU of client and server is 1",
                (
                    Part("CPU of client and server", "floor"),
                    Part("wall clock", "ours", figures.VISIT),
                ),
            ),
        ],
        (figures.PURCHASE, "purchase.svg"): [
            Frame(
                "A whole purchase in memory, as a test makes it",
                "milliseconds by the clock",
                tuple(Part(name, "ours", name) for name in (BOUGHT, FIRST_BOUGHT)),
            )
        ],
    }


def pictures(run: Run) -> list[Picture]:
    """Draw the pictures of a run; what was not measured is left out."""
    targets = {
        title: {row.what: row.target for row in rows}
        for title, rows in sections().items()
    }
    made: list[Picture] = []
    for (title, file), parts in frames().items():
        measured = run.figures.get(title, {})
        panels = [
            Panel(frame.title, frame.unit, _bars(frame, measured, targets[title]))
            for frame in parts
            if any(part.row in measured for part in frame.parts)
        ]
        if panels:
            made.append(Picture(title, file, drawn(title, panels)))
    return made


def _bars(
    frame: Frame, measured: Mapping[str, Figure], targets: Mapping[str, str]
) -> list[Bar]:
    return [
        Bar(part.label, part.kind, measured[part.row], targets[part.row])
        if part.row
        else Bar(part.label, part.kind, _ONE)
        for part in frame.parts
        if not part.row or part.row in measured
    ]
