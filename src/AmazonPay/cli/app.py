"""`amazonpay`: the group at the top, and what all commands share."""

from __future__ import annotations

import io
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from .failures import with_options
from .groups import Lazy, LazyGroup
from .output import words
from .plain import print_version
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Warnings(logging.Handler):
    """Writes warnings of the package to stderr, without the log lines of calls."""

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "amazonpay"):
            words(f"amazonpay: {with_options(record.getMessage())}")


_WARNINGS = _Warnings(logging.WARNING)

_COMMANDS = {
    "keys": Lazy("keys", "Make a key pair, show its public half, check a pair."),
    "doctor": Lazy("doctor", "Say what is wrong with a configuration, and the cure."),
    "bulk": Lazy("bulk", "Capture, refund, cancel or close what a CSV file lists."),
    "journal": Lazy("journal", "List, settle and continue what is not settled."),
    "inbox": Lazy("inbox", "List notifications that are open, and free parked ones."),
    "ipn": Lazy("ipn", "Verify and hear notifications, or send one to your own shop."),
    "reports": Lazy("reports", "Pull reports, match them with orders, sum them up."),
    "button": Lazy("button", "Sign a checkout button, or explain its signature."),
    "sim": Lazy("sim", "Play the buyer and the bank of a running simulator."),
    "conformance": Lazy("conformance", "Ask your sandbox which of our guesses hold."),
    "operations": Lazy("passed_on", "Print every operation of the API."),
    "simulate": Lazy("passed_on", "Serve a local Amazon Pay on this machine."),
    "completion": Lazy("completion", "Print the completion for bash, zsh or fish."),
}


def _call_named(name: str) -> click.Command | None:
    from .calls import command_named

    return command_named(name)


def _call_summaries() -> list[tuple[str, str]]:
    from ..resources._table import rows

    return [(row.name.replace("_", "-"), row.summary) for row in rows()]


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it
    if wanted and not ctx.resilient_parsing:
        print_version()
        ctx.exit()


@click.group(
    "amazonpay",
    cls=LazyGroup,
    lazy=_COMMANDS,
    made=_call_named,
    made_summaries=_call_summaries,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    epilog="Exit status: 0 done, 1 Amazon said no or something was found, 2 wrong"
    " command line or configuration, 3 no answer, 4 outcome unknown.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def app(ctx: click.Context) -> None:
    """Amazon Pay from the command line: keys, calls, checks and the journal.

    Data goes to stdout and words to stderr; every command takes --json.
    """
    ctx.ensure_object(Session)
    logger = logging.getLogger("AmazonPay")
    logger.addHandler(_WARNINGS)
    ctx.call_on_close(partial(logger.removeHandler, _WARNINGS))


def main(line: Sequence[str]) -> NoReturn:
    """Run a command line, and exit with its status."""
    stream: object = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # of help in Latin-1
    app.main(list(line), prog_name="amazonpay")
