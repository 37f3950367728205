"""`python -m benchmarks`: measure everything, print it, write `latest.md`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import calls, endurance, simulator, startup
from benchmarks.report import document, lines
from benchmarks.stage import NODE_BINARY, OURS_PYTHON, stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.figures import Row
    from benchmarks.stage import Stage

PARTS: tuple[Callable[[Stage], dict[str, list[Row]]], ...] = (
    calls.measure,
    endurance.measure,
    startup.measure,
    simulator.measure,
)
LATEST = Path(__file__).with_name("latest.md")
NOTES = Path(__file__).with_name("notes.md")
"""Written by hand: which targets are missed, and what was tried."""

_VERSIONS = """
import platform
from importlib.metadata import version
print(platform.python_implementation(), platform.python_version(), end="")
for name in ("httpx2", "httpcore2", "anyio", "cryptography", "uvicorn"):
    print(",", name, version(name), end="")
"""


def main() -> int:
    """Run each part, and show its tables as soon as they are there."""
    tables: dict[str, list[Row]] = {}
    with stage() as ours:
        for measure in PARTS:
            found = measure(ours)
            sys.stdout.write("\n".join(lines(found)) + "\n")
            sys.stdout.flush()
            tables |= found
    python, node = _said(OURS_PYTHON, "-c", _VERSIONS), _said(NODE_BINARY, "--version")
    ran = f"Measured with {python}, Node.js {node}."
    notes = NOTES.read_text(encoding="utf-8")
    LATEST.write_text(document(tables, ran, notes), encoding="utf-8")
    return 0


def _said(program: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own words
        [str(program), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
