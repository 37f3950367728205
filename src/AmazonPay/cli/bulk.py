"""`amazonpay bulk`: one request for each row of a CSV file, each row exactly once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from ..bulk.kinds import KINDS
from . import credentials
from .bulk_run import Options, Run
from .bulk_work import work
from .durations import duration
from .groups import Group
from .journal import journal_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bulk.kinds import Kind

_AT_ONCE: Final = 8


@click.group(cls=Group)
def bulk() -> None:
    """Capture, refund, cancel or close what a CSV file lists, each row exactly once.

    A row is named by its `reference`. A run that was killed is continued by the same
    command; what is settled is never sent again. See docs/bulk.md.
    """


_OPTIONS: Final = (
    click.argument("file", metavar="FILE.csv"),
    click.option(
        "--namespace",
        required=True,
        metavar="NAME",
        help="Shop, environment and merchant: with reference and operation it makes the"
        " keys.",
    ),
    click.option(
        "--dry-run", is_flag=True, help="Check the whole file and send nothing."
    ),
    click.option(
        "--results",
        metavar="FILE",
        help="Write each row with what became of it; it can be fed again.",
    ),
    click.option(
        "--at-once",
        type=click.IntRange(1, 64),
        default=_AT_ONCE,
        show_default=True,
        metavar="N",
        help="How many rows are under way at a time.",
    ),
    click.option(
        "--pace/--no-pace",
        default=True,
        help="Keep Amazon's published limits; only the sandbox can do without.",
    ),
    click.option(
        "--limit",
        "granted",
        multiple=True,
        metavar="OPERATION=QUOTA/RESTORE",
        help="A limit that Amazon has granted you, such as create_refund=40/16;"
        " repeatable.",
    ),
    click.option(
        "--deadline",
        type=duration,
        default="5m",
        show_default=True,
        metavar="TIME",
        help="The time of one call, with its wait for a turn.",
    ),
    click.option(
        "--queue",
        is_flag=True,
        help="Hand the rows to workers (amazonpay bulk work), by the database that"
        " AMAZON_PAY_JOURNAL names.",
    ),
    click.option("--no-wait", is_flag=True, help="With --queue: hand over, and end."),
    click.option("--yes", is_flag=True, help="Do not ask, even if it is live."),
)


def _run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that the four kinds of bulk work share."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _run(  # noqa: PLR0913 - one parameter for each group of options
    kind: Kind,
    ctx: click.Context,
    file: str,
    named: str | None,
    table: str | None,
    given: dict[str, Any],
    **options: Any,  # noqa: ANN401 - the parameters of click
) -> None:
    ctx.exit(Run(kind, ctx, file, given, Options(**options)).run(named, table))


def _help(kind: Kind) -> str:
    required, optional = ", ".join(kind.required), ", ".join(kind.optional)
    money = "" if kind.price_member is None else " This moves money."
    return (
        f"{kind.name.capitalize()} what FILE.csv lists, each row exactly once.{money}"
        f"\n\nColumns: {required}; may be there: {optional}. A row is named by its"
        " reference, and only namespace, reference and operation make its key."
        "\n\nThe whole file is checked before anything is sent. The same command"
        " continues a run that was killed, and settles what is still open."
    )


for _kind in KINDS.values():
    _callback: Any = credentials.credential_options(
        journal_options(_run_options(click.pass_context(partial(_run, _kind))))
    )
    bulk.command(_kind.name, help=_help(_kind))(_callback)

bulk.add_command(work)
