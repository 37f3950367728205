"""`python -m benchmarks [ROUNDS] [--only PATTERN]`: measure, and write the report.

A whole run replaces `latest.md`, its pictures and its figures. A part of it leaves them
alone, and writes into `build/benchmarks/`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyperf

from benchmarks import page, stage
from benchmarks.figures import report_of

if TYPE_CHECKING:
    from benchmarks.figures import Values

_ROUNDS = 5
_PARTS = stage.ROOT / "build" / "benchmarks"

_VERSIONS = """
import platform
from importlib.metadata import version
print(platform.python_implementation(), platform.python_version(), end="")
for name in ("httpx2", "httpcore2", "anyio", "cryptography", "uvicorn"):
    print(",", name, version(name), end="")
"""


def measured(rounds: int, only: str) -> Values:
    """Let all contenders take turns, round by round; return every value."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = folder / "values.json"
        stage.prepare(folder)
        with stage.server(folder) as server:
            command = [sys.executable, "-m", "benchmarks.measure", name]
            command += [server.line().strip(), "--quiet", f"--only={only}"]
            for _ in range(rounds):
                subprocess.run(  # noqa: S603 - the command holds no input of others
                    [*command, "--append", str(values)], cwd=stage.ROOT, check=True
                )
        if not values.exists():
            sys.exit(f"No measurement has a name like {only!r}.")
        library: Any = pyperf  # it has no types
        suite = library.BenchmarkSuite.load(str(values))
        return {one.get_name(): one.get_values() for one in suite.get_benchmarks()}


def _versions() -> str:
    python, node = (
        subprocess.check_output([str(word) for word in words], text=True).strip()  # noqa: S603 - the command holds no input of others
        for words in (
            (stage.PYTHON, "-c", _VERSIONS),
            (stage.NODE_BINARY, "--version"),
        )
    )
    return f"{python}, Node.js {node}"


def main() -> None:
    """Measure, and write the report."""
    parser = ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "rounds",
        type=int,
        nargs="?",
        default=_ROUNDS,
        help="how often the contenders take turns",
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="PATTERN",
        help="measure what has such a name, and keep the page of the last whole run",
    )
    told = parser.parse_args()
    if told.rounds < 1:
        parser.error("at least one round is measured")
    report = report_of(_versions(), measured(told.rounds, told.only))
    folder = _PARTS if told.only else page.HERE
    page.write(folder, report)
    sys.stdout.write(page.text_of(report))
    sys.stderr.write(f"written with its pictures: {folder / 'latest.md'}\n")


if __name__ == "__main__":
    main()
