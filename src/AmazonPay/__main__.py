"""`python -m AmazonPay`, also installed as `amazonpay`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from .resources._table import as_markdown, as_text, rows

if TYPE_CHECKING:
    from collections.abc import Sequence


def _operations(arguments: argparse.Namespace) -> int:
    table = rows()
    print(as_markdown(table) if arguments.markdown else as_text(table))  # noqa: T201 - the command's output
    return 0


def _simulate(arguments: Sequence[str]) -> int:
    """Run the simulator's own command with the remaining arguments."""
    try:
        from .simulator.cli import main as simulate
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"amazonpay simulate needs {missing.name}, which comes with the extra"
            " [simulator]: pip install '.[simulator]' in your checkout\n"
        )
        return 2
    return simulate(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="amazonpay", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    operations = commands.add_parser(
        "operations",
        help="print every operation: name, method, path, what may be repeated, where",
    )
    operations.add_argument(
        "--markdown", action="store_true", help="as a table for a page"
    )
    operations.set_defaults(run=_operations)
    commands.add_parser("simulate", help="serve a local Amazon Pay on this machine")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and return 0 for success or 2 for a wrong command line."""
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has read enough. Python flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(line: list[str]) -> int:
    if line[:1] == ["simulate"]:
        return _simulate(line[1:])
    arguments = _parser().parse_args(line)
    code: int = arguments.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
