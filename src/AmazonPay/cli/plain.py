"""The commands that work without the extra `[cli]`: `operations` and `simulate`."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Final

from .._core.command_lines import Parser
from .._core.extras import how_to_install
from ..errors import ConfigurationError
from .output import data, discard, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# As in `failures`, which needs click.
_USAGE: Final = 2
_INTERRUPTED: Final = 130


def _operations_parser() -> Parser:
    made = Parser(
        prog="amazonpay operations",
        description="Print every operation: name, method, path, what may be repeated"
        " after an ambiguous failure, and where it is declared.",
    )
    made.add_argument("--markdown", action="store_true", help="as a table for a page")
    made.add_argument("--json", action="store_true", help="as one JSON object a line")
    return made


def operations(line: Sequence[str]) -> int:
    """Print every operation of the API, made from the declarations."""
    from ..resources._table import as_json, as_markdown, as_text, rows

    arguments = _operations_parser().parse_args(line)
    table = rows()
    if arguments.json:
        data(as_json(table))
    else:
        data(as_markdown(table) if arguments.markdown else as_text(table))
    return 0


def simulate(line: Sequence[str]) -> int:
    """Serve a local Amazon Pay until it is stopped."""
    # What is imported until it is ready is no garbage, and the search for some takes
    # time. It goes on when all is loaded.
    gc.disable()
    try:
        return _simulate(line)
    finally:
        gc.enable()


def _simulate(line: Sequence[str]) -> int:
    try:
        from ..simulator.cli import main
    except ModuleNotFoundError as missing:
        words(
            f"amazonpay simulate needs {missing.name}, which comes with the extra"
            f" [simulator]: {how_to_install('simulator')}"
        )
        return _USAGE
    try:
        return main(line)
    except ConfigurationError as error:
        words(f"amazonpay simulate: {error}")
        return _USAGE


def print_version() -> None:
    """Print the version of this package."""
    from .._core.version import installed_version

    data(f"amazonpay {installed_version()}")


def options_of(name: str) -> list[str]:
    """Return the options of a command, for completion."""
    if name == "operations":
        return _operations_parser().option_names()
    from ..simulator.options import parser

    return parser().option_names()


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "operations": operations,
    "simulate": simulate,
}


def run_plain(name: str, line: Sequence[str]) -> int:
    """Run a command; a reader of its output that goes away is no failure."""
    try:
        status = COMMANDS[name](line)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return 0
    except KeyboardInterrupt:  # before it serves, or while it prints
        return interrupted()
    except OSError as error:
        # Such as a full disk, or no folder for temporary files.
        discard(sys.stdout)
        words(f"amazonpay {name}: {error.strerror or error}")
        return _USAGE
    return status


def interrupted() -> int:
    """Tell of an interruption at the keyboard; return the exit status."""
    words("amazonpay: interrupted")
    return _INTERRUPTED


def run_without_click(line: Sequence[str]) -> int:
    """Print the version, or say what the other commands need."""
    if list(line) == ["--version"]:
        print_version()
        return 0
    words(
        "amazonpay needs click, which comes with the extra [cli]:"
        f" {how_to_install('cli')}; without it there are {', '.join(COMMANDS)} and"
        " --version"
    )
    return _USAGE
