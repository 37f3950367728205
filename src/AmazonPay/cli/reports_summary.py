"""`amazonpay reports summary`: captures, refunds, fees and payouts by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from .output import data, json_line, table
from .settlement_files import paths_of, settlement_options

if TYPE_CHECKING:
    from ..reporting.daily_sums import Day, Sum

_ALL: Final = "all"


@click.command()
@click.option(
    "--html",
    "as_html",
    is_flag=True,
    help="Print a page with charts, which needs nothing but itself.",
)
@settlement_options
def summary(
    paths: tuple[str, ...], encoding: str, *, as_html: bool, as_json: bool
) -> None:
    """Sum up captures, refunds, fees and payouts by day and currency.

    DIR is a folder of pulled reports (default: this one), FILE a settlement file. What
    leaves your account is below zero. `--html > page.html` makes a page to look at.
    """
    from ..reporting import daily_sums, settlements
    from ..reporting.engine import Engine

    if as_html and as_json:
        raise click.UsageError("--html and --json are two forms: choose one")
    with Engine() as engine:
        files = settlements.load(engine, paths_of(paths), encoding=encoding)
        days = daily_sums.days(engine)
    sums = daily_sums.sums(days)
    if as_html:
        from ..reporting.page import page_of

        data(page_of(files, days, sums))
    elif as_json:
        json_line(
            {
                "files": files,
                "currencies": {one.currency: _members(one) for one in sums},
                "days": [
                    {"day": str(day.day), "currency": day.currency, **_members(day)}
                    for day in days
                ],
            }
        )
    else:
        names = daily_sums.SUMS
        rows = [(day.currency, str(day.day), *_cells(day)) for day in days]
        rows += [(one.currency, _ALL, *_cells(one)) for one in sums]
        rows.sort(key=lambda row: row[:2])  # digits stand before letters
        table(("currency", "day", *names), rows, numbers=names)


def _cells(of: Day | Sum) -> list[str]:
    from ..reporting.amounts import amount_text
    from ..reporting.daily_sums import SUMS

    return [amount_text(getattr(of, name), of.currency) for name in SUMS]


def _members(of: Day | Sum) -> dict[str, Any]:
    from ..reporting.daily_sums import SUMS

    return {**dict(zip(SUMS, _cells(of), strict=True)), "movements": of.movements}
