"""`amazonpay reports pull`: bring the files of reports into a folder."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from . import credentials
from .durations import duration
from .failures import OK, SAID_NO, USAGE, Failure
from .moments import moment
from .output import is_terminal, json_line, table, words
from .session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..reporting.pulling import Pulled


_KEPT: Final = timedelta(days=90)


@click.command()
@click.option(
    "--since",
    type=moment,
    required=True,
    metavar="WHEN",
    help="Reports made since a day, a time, or so long ago: 30d.",
)
@click.option("--until", type=moment, metavar="WHEN", help="And until then.")
@click.option(
    "--out",
    "folder",
    required=True,
    metavar="DIR",
    help="The folder for the files.",
)
@click.option(
    "--type",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="settlement, orders, agreements, authorizations, refunds, payments, or the"
    " full name of a type; can be repeated (default: all).",
)
@click.option(
    "--parquet/--no-parquet",
    default=True,
    help="Whether each file is also written as Parquet (default: yes).",
)
@click.option(
    "--encoding",
    default="utf-8",
    show_default=True,
    help="Of the files: cp932 for Japan, iso-8859-1 for Europe.",
)
@click.option(
    "--wait",
    type=duration,
    default="5m",
    show_default=True,
    metavar="TIME",
    help="How long to wait for reports that are in progress.",
)
@credentials.credential_options
@json_option
@click.pass_context
def pull(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    since: datetime,
    until: datetime | None,
    folder: str,
    kinds: tuple[str, ...],
    encoding: str,
    wait: timedelta,
    *,
    parquet: bool,
    as_json: bool,
) -> None:
    """Pull every report that Amazon has made into a folder. This reads only.

    Each report is kept as it came (ID.csv), as Parquet with exact decimals
    (ID.parquet), and with its facts and hashes (ID.report.json). A report that is whole
    in the folder is not fetched again, so a pull that was stopped goes on where it was.

    The exit status is 1 if a report could not be had as a whole.
    """
    from ..reporting.archive import Archive
    from ..reporting.engine import Engine
    from ..reporting.pulling import Puller, Wish

    if until is not None and until < since:
        raise click.UsageError("--until is before --since")
    if "\0" in folder:
        raise click.UsageError(f"--out {folder!r} is not a file name")
    if datetime.now(UTC) - since > _KEPT:
        words("Amazon keeps reports for 90 days: older ones are not in its list.")
    wish = Wish(since, until, _known(kinds), encoding, wait.total_seconds())
    seen: list[Pulled] = []
    with (
        credentials.client_from(ctx, given) as client,
        Engine() if parquet else contextlib.nullcontext() as engine,
        _disk_errors(folder),
    ):
        puller = Puller(client, Archive(Path(folder)), wish, engine)
        listed = puller.listed()
        try:
            # A bar would be drawn over lines of data on the same terminal.
            is_shown = not (as_json and is_terminal(sys.stdout))
            with _progress(len(listed), is_shown=is_shown) as advance:
                for one in puller.pull(listed):
                    seen.append(one)
                    advance(one)
                    if as_json:
                        json_line(_shown(one))
        finally:
            if not as_json and seen:
                _print(seen)
    if not listed:
        words(
            "Amazon has made no such report since then. amazonpay create-report"
            " requests one."
        )
    ctx.exit(OK if all(one.is_complete for one in seen) else SAID_NO)


def _known(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds, all of which are short names or full names of types."""
    from ..reporting.kinds import KINDS

    for kind in kinds:
        if kind not in KINDS and not (kind.startswith("_") and kind.endswith("_")):
            from difflib import get_close_matches

            close = get_close_matches(kind.lower(), KINDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.UsageError(
                f"--type knows {', '.join(KINDS)} and names such as"
                f" {KINDS['settlement']}, not {kind!r}.{hint}"
            )
    return kinds


def _shown(one: Pulled) -> dict[str, Any]:
    entry = one.entry
    return {
        "report": one.report_id,
        "type": one.report_type,
        "state": one.state,
        "rows": None if entry is None else entry.rows,
        "csv": None if entry is None else f"{one.report_id}.csv",
        "parquet": (
            None
            if entry is None or entry.parquet_sha256 is None
            else f"{one.report_id}.parquet"
        ),
        "facts": {} if entry is None else entry.facts,
        "problem": one.problem,
    }


def _print(seen: list[Pulled]) -> None:
    from ..reporting.kinds import kind_of

    table(
        ("report", "type", "state", "rows"),
        [
            (
                one.report_id,
                kind_of(one.report_type),
                one.state,
                None if one.entry is None else one.entry.rows,
            )
            for one in seen
        ],
        numbers=("rows",),
    )
    for one in seen:
        if one.problem is not None:
            words(f"amazonpay: {one.report_id}: {one.problem}")
    waiting = sum(1 for one in seen if one.state == "in progress")
    if waiting:
        words(f"{waiting} in progress at Amazon: pull again later.")


@contextlib.contextmanager
def _progress(total: int, *, is_shown: bool) -> Generator[Callable[[Pulled], None]]:
    """Show how far a pull has come: a bar on a terminal, else a line a report."""
    if not is_shown or not is_terminal(sys.stderr):
        done = 0

        def tell(one: Pulled) -> None:
            nonlocal done
            done += 1
            words(f"{done}/{total} {one.report_id} {one.state}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Remaining(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task("pulling reports", total=total)
        yield lambda one: bar.update(task, advance=1, description=one.report_id)


@contextlib.contextmanager
def _disk_errors(folder: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(
            f"{folder!r} cannot be written: {error.strerror}. What is there stays, and"
            " the next pull goes on from there",
            USAGE,
        ) from None
