"""`amazonpay reports reconcile`: what differs between orders and settlements."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .failures import OK, SAID_NO
from .output import data, is_terminal, table, words
from .settlement_files import paths_of, settlement_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from ..reporting.engine import Engine
    from ..reporting.reconciliation import Difference, Totals

_MOST_SHOWN: Final = 200
"""How many differences a terminal shows; a pipe and --json get all of them."""

_COLUMNS: Final = ("order", "currency", "difference", "expected", "settled", "detail")


@click.command()
@click.option(
    "--orders",
    "orders_file",
    required=True,
    metavar="FILE",
    help="The shop's orders as a CSV: an id, an amount and a currency each.",
)
@click.option("--id-column", "id", metavar="NAME", help="The orders' column of ids.")
@click.option("--amount-column", "amount", metavar="NAME", help="Of captured amounts.")
@click.option("--currency-column", "currency", metavar="NAME", help="Of currencies.")
@click.option(
    "--currency",
    "one_currency",
    metavar="CODE",
    help="The currency of all orders instead.",
)
@click.option("--refund-column", "refund", metavar="NAME", help="Of refunded amounts.")
@click.option(
    "--settlement-column",
    default="SellerOrderId",
    show_default=True,
    metavar="NAME",
    help="The settlements' column of the same ids, such as AmazonOrderReferenceId.",
)
@click.option(
    "--orders-encoding", default="utf-8", show_default=True, help="Of the orders."
)
@settlement_options
@click.pass_context
def reconcile(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    encoding: str,
    orders_file: str,
    settlement_column: str,
    orders_encoding: str,
    *,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Match settlements with the shop's orders by id, and list what differs.

    DIR is a folder of pulled reports (default: this one), FILE a settlement file. What
    was captured and refunded for an id is summed in each currency. The exit status is 1
    if anything differs.
    """
    from ..reporting import orders, reconciliation, settlements
    from ..reporting.engine import Engine

    if columns["one_currency"] is not None and columns["currency"] is not None:
        raise click.UsageError("--currency and --currency-column exclude each other")
    with Engine() as engine:
        has_refunds = orders.load(
            engine,
            Path(orders_file),
            orders.Columns(**columns),
            encoding=orders_encoding,
        )
        files = settlements.load(
            engine,
            paths_of(paths),
            encoding=encoding,
            order_column=settlement_column,
        )
        reconciliation.compare(engine, has_refunds=has_refunds)
        counts = reconciliation.counts(engine)
        sums = reconciliation.totals(engine)
        number = sum(sum(kinds.values()) for kinds in counts.values())
        if as_json:
            _print_json(engine, files, counts, sums, number)
        else:
            _print(engine, number)
            _print_sums(sums, counts)
    ctx.exit(SAID_NO if number else OK)


def _print(engine: Engine, number: int) -> None:
    """Write the differences: all of them, but on a terminal the first ones."""
    from ..reporting.reconciliation import differences

    if not number:
        return
    found = (
        ["" if cell is None else _one_line(cell) for cell in _cells(one)]
        for one in differences(engine)
    )
    if not is_terminal(sys.stdout):
        data("\t".join(_COLUMNS))
        for cells in found:
            data("\t".join(cells))
        return
    table(
        _COLUMNS,
        list(islice(found, _MOST_SHOWN)),
        numbers=("expected", "settled"),
    )
    if number > _MOST_SHOWN:
        words(
            f"These are the first {_MOST_SHOWN} of {number}: a pipe or --json gets all."
        )


def _one_line(cell: str) -> str:
    """Return a text of a file without what would move a terminal's cursor."""
    return "".join(one if one.isprintable() else " " for one in cell)


def _cells(one: Difference) -> tuple[str | None, ...]:
    from ..reporting.reconciliation import DIFFERENCES

    return (
        one.order,
        one.currency,
        one.kind,
        _text(one.expected, one.currency),
        _text(one.settled, one.currency),
        one.detail or DIFFERENCES[one.kind],
    )


def _text(amount: Decimal | None, currency: str) -> str | None:
    from ..reporting.amounts import amount_text

    return None if amount is None else amount_text(amount, currency)


def _print_sums(sums: list[Totals], counts: dict[str, dict[str, int]]) -> None:
    from ..reporting.reconciliation import DIFFERENCES

    for one in sums:
        words(
            f"{one.currency}: {one.agreeing} of {one.orders} orders agree; expected"
            f" {_text(one.expected, one.currency)}, captured"
            f" {_text(one.captured, one.currency)}, refunded"
            f" {_text(one.refunded, one.currency)}, charged back"
            f" {_text(one.charged_back, one.currency)}, fees"
            f" {_text(one.fees, one.currency)}"
        )
        for kind, number in counts.get(one.currency, {}).items():
            words(f"  {number} {kind}: {DIFFERENCES[kind]}")
    if not counts:
        words("Nothing differs.")


def _print_json(
    engine: Engine,
    files: list[str],
    counts: dict[str, dict[str, int]],
    sums: list[Totals],
    number: int,
) -> None:
    """Write one object, a line at a time: the differences may be many."""
    from ..reporting.reconciliation import differences

    head = {
        "agrees": not number,
        "files": files,
        "currencies": {one.currency: _sums(one, counts) for one in sums},
    }
    data(f'{json.dumps(head)[:-1]}, "differences": [')
    for line in _separated(
        json.dumps(dict(zip(_COLUMNS, _cells(one), strict=True)))
        for one in differences(engine)
    ):
        data(line)
    data("]}")


def _separated(lines: Iterable[str]) -> Iterator[str]:
    """Yield all lines, with a comma after each but the last."""
    last: str | None = None
    for line in lines:
        if last is not None:
            yield f"{last},"
        last = line
    if last is not None:
        yield last


def _sums(one: Totals, counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    members = asdict(one)
    currency = members.pop("currency")
    return {
        **{
            name: value if isinstance(value, int) else _text(value, currency)
            for name, value in members.items()
        },
        "differences": counts.get(currency, {}),
    }
