"""`python -m benchmarks [ROUNDS] [--only PATTERN]`: measure, and write the page.

A whole run replaces `latest.md`, its pictures and its figures. A part of it leaves them
alone, and writes into `build/benchmarks/`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyperf

from benchmarks import page, processes
from benchmarks.figures import run_of

if TYPE_CHECKING:
    from benchmarks.figures import Values

_ROUNDS = 5

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
        processes.prepare(folder)
        with processes.plain_server(folder) as server:
            command = [sys.executable, "-m", "benchmarks.measure", name]
            command += [server.line().strip(), "--quiet", f"--only={only}"]
            for _ in range(rounds):
                subprocess.run(  # noqa: S603 - the command holds no input of others
                    [*command, "--append", str(values)], cwd=processes.ROOT, check=True
                )
        if not values.exists():
            sys.exit(f"No measurement has a name like {only!r}.")
        library: Any = pyperf  # it has no types
        suite = library.BenchmarkSuite.load(str(values))
        return {one.get_name(): one.get_values() for one in suite.get_benchmarks()}


def folder_of(only: str) -> Path:
    """Return where a run is written: a part of it never over the last whole one."""
    return processes.ROOT / "build" / "benchmarks" if only else page.HERE


def _versions() -> str:
    python, node = (
        subprocess.check_output([str(word) for word in words], text=True).strip()  # noqa: S603 - the command holds no input of others
        for words in (
            (processes.PYTHON, "-c", _VERSIONS),
            (processes.NODE_BINARY, "--version"),
        )
    )
    return f"{python}, Node.js {node}"


def main() -> None:
    """Measure, and write page and pictures."""
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
    try:
        re.compile(told.only)
    except re.error as error:
        parser.error(f"{told.only!r} is no pattern: {error}")
    if not processes.are_installed():
        sys.exit("The environments of the contenders are missing: run `make bench`.")
    run = run_of(_versions(), measured(told.rounds, told.only))
    folder = folder_of(told.only)
    page.write(folder, run)
    sys.stdout.write(page.text_of(run))
    sys.stderr.write(f"written with its pictures: {folder / 'latest.md'}\n")


if __name__ == "__main__":
    main()
