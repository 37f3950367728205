"""`python -m AmazonPay`, also installed as `amazonpay`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _operations(arguments: argparse.Namespace) -> int:
    from ._operations_table import as_markdown, as_text, rows

    table = rows()
    print(as_markdown(table) if arguments.markdown else as_text(table))  # noqa: T201 - what the command is for
    return 0


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
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 2 a wrong command line."""
    arguments = _parser().parse_args(argv)
    code: int = arguments.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
