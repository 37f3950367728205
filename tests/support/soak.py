"""`python -m soak [NAME ...] [--size N]`: the long runs, each in a process of its own.

A soak is a module with `main(size: int) -> list[str]`: it does its work in proportion
to `size`, and returns what it found wrong. A new one is one more line in `SOAKS`. The
tests run the same code at a small size.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

SOAKS = {
    "walk": "walk.supervisor",
    "journal": "exactly_once_soak",
    "database": "journal_forks",
    "loops": "loops_soak",
    "examples": "examples_soak",
    "inbox": "inbox_soak",
    "growth": "growth_soak",
    "pages": "page_crash",
    "reports": "reports_soak",
    "bulk": "bulk_soak",
    "workers": "bulk_workers",
}
"""The module of each soak."""

SIZE = 10_000
CLEAN = "clean"


def run_one(module: str, size: int) -> int:
    """Run one soak in this process; its last line says that it came to its end."""
    faults: object = importlib.import_module(module).main(size)
    if not isinstance(faults, list):
        raise TypeError(f"{module}.main returned no list of faults")
    for fault in faults:
        print(f"  {fault}", flush=True)  # noqa: T201 - what the command is for
    if faults:
        return 1
    print(CLEAN, flush=True)  # noqa: T201 - the other process reads it
    return 0


def run(module: str, size: int) -> bool:
    """Run one soak in a process of its own; return whether it ended without faults.

    However that process ends, it is clean only if it has said so.
    """
    command = [sys.executable, "-m", "soak", "--module", module, "--size", str(size)]
    last = ""
    with subprocess.Popen(
        command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip()
            print(line, end="", flush=True)  # noqa: T201 - what the command is for
    return process.returncode == 0 and last == CLEAN


def main(arguments: list[str]) -> int:
    """Run the named soaks, or all; the exit code says whether all were clean."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SOAKS))
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--module", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.module is not None:
        return run_one(given.module, given.size)
    if unknown := set(given.names) - set(SOAKS):
        parser.error(f"no such soak: {', '.join(sorted(unknown))}")
    failed: list[str] = []
    for name in given.names or SOAKS:
        print(f"{name}, size {given.size}:", flush=True)  # noqa: T201 - what the command is for
        if not run(SOAKS[name], given.size):
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all soaks are clean")  # noqa: T201 - what the command is for
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
