"""The shop's own list of orders, as a table of the engine; refusals name the line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import InvalidRequest
from .engine import literal
from .typed_tables import DECIMAL, decimal_text, problem_of, refused, table_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..report_files import ReportTable
    from .engine import Engine

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_USUAL: Final = {
    "id": (
        *("id", "orderid", "order", "ordernumber", "orderno", "reference"),
        *("merchantreferenceid", "sellerorderid"),
    ),
    "amount": (
        *("amount", "total", "orderamount", "ordertotal", "totalamount"),
        *("captured", "capturedamount"),
    ),
    "currency": ("currency", "currencycode"),
    "refund": ("refund", "refunded", "refunds", "refundamount", "refundedamount"),
}
"""Names that a column may have if the command line names none."""


@dataclass(frozen=True)
class Columns:
    """The names of the file's columns; for None, usual names are tried."""

    id: str | None = None
    amount: str | None = None
    currency: str | None = None
    refund: str | None = None
    one_currency: str | None = None
    """The currency of all orders, for a file without such a column."""


@dataclass(frozen=True)
class _Places:
    id: int
    amount: int
    currency: int | None
    refund: int | None


def load(
    engine: Engine, path: Path, columns: Columns, *, encoding: str = "utf-8"
) -> bool:
    """Make the table `orders`: `id`, `amount`, `currency`, `refunded` and `line`.

    Return whether the file has a column of refunds.

    Raises:
        ConfigurationError: the file cannot be read, or a column is not found.
        InvalidRequest: the file is no table, a field holds none of what it should, or
            an order stands there twice.
    """
    one_currency = columns.one_currency
    if one_currency is not None and _CURRENCY.fullmatch(one_currency) is None:
        raise InvalidRequest(
            f"the currency {one_currency!r} is not three capital letters such as USD"
        )
    table = table_at(path, encoding, option="--orders-encoding")
    try:
        places = _places_of(table.columns, columns, str(path))
        _write(engine, table, places, one_currency)
    except InvalidRequest as error:
        raise InvalidRequest(problem_of(str(path), error)) from None
    twice = engine.rows(
        "SELECT id, min(line), max(line) FROM orders GROUP BY id HAVING count(*) > 1"
        " ORDER BY min(line) LIMIT 1"
    )
    for id_, first, last in twice:
        raise InvalidRequest(
            f"{path}: order {id_!r} is on line {first} and again on line {last}: one"
            " line for each order, with all that was captured for it"
        )
    return places.refund is not None


def _places_of(held: tuple[str, ...], columns: Columns, file: str) -> _Places:
    def found(what: str, named: str | None, option: str) -> int | None:
        place = _place_of(held, what, named, option)
        if place is None and what in {"id", "amount"}:
            raise InvalidRequest(
                f"{file} has no column that is surely the {what} of an order; name it"
                f" by {option}: {', '.join(held)}"
            )
        return place

    id_ = found("id", columns.id, "--id-column")
    amount = found("amount", columns.amount, "--amount-column")
    currency = (
        None
        if columns.one_currency is not None
        else found("currency", columns.currency, "--currency-column")
    )
    refund = found("refund", columns.refund, "--refund-column")
    if currency is None and columns.one_currency is None:
        raise InvalidRequest(
            f"{file} has no column of currencies; name it by --currency-column, or give"
            " the currency of all orders by --currency"
        )
    if id_ is None or amount is None:  # pragma: no cover - `found` has raised
        raise AssertionError(file)
    return _Places(id_, amount, currency, refund)


def _place_of(
    held: tuple[str, ...], what: str, named: str | None, option: str
) -> int | None:
    """Return the place of a column, by its given name or by one of the usual ones.

    Raises:
        InvalidRequest: it is not there, or there are several that may be meant.
    """
    if named is not None:
        fitting = [one for one in held if one == named] or [
            one for one in held if _plain(one) == _plain(named)
        ]
        if not fitting:
            raise InvalidRequest(
                f"there is no column {named!r} ({option}): {', '.join(held)}"
            )
    else:
        fitting = [one for one in held if _plain(one) in _USUAL[what]]
    if len(fitting) > 1:
        raise InvalidRequest(
            f"which column is the {what} of an order: {' or '.join(fitting)}? Name it"
            f" by {option}"
        )
    return held.index(fitting[0]) if fitting else None


def _plain(column: str) -> str:
    return re.sub(r"[\W_]", "", column).lower()


def _write(
    engine: Engine, table: ReportTable, places: _Places, one_currency: str | None
) -> None:
    plain = engine.folder / "orders.rows"
    with plain.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows(_checked(table, places, one_currency))
    engine.run(
        "CREATE TABLE orders AS SELECT * FROM"  # noqa: S608 - quoted
        f" read_csv({literal(str(plain))}, columns={{'id': 'VARCHAR', 'amount':"
        f" '{DECIMAL}', 'currency': 'VARCHAR', 'refunded': '{DECIMAL}', 'line':"
        " 'BIGINT'}, auto_detect=false, header=false, delim=',', quote='\"',"
        " escape='\"', new_line='\\n', strict_mode=true, parallel=false)"
    )
    plain.unlink()


def _checked(
    table: ReportTable, places: _Places, one_currency: str | None
) -> Iterator[tuple[object, ...]]:
    columns = table.columns
    for line, fields in table.numbered():
        id_ = fields[places.id].strip()
        if not id_:
            raise refused(line, columns[places.id], "", "an order needs an id")
        currency = one_currency
        if places.currency is not None:
            currency = fields[places.currency].strip()
            if _CURRENCY.fullmatch(currency) is None:
                raise refused(
                    line,
                    columns[places.currency],
                    currency,
                    "a currency is three capital letters such as USD",
                )
        refunded = "0"
        if places.refund is not None and fields[places.refund].strip():
            refunded = _amount(columns[places.refund], fields[places.refund], line)
        amount = _amount(columns[places.amount], fields[places.amount], line)
        yield id_, amount, currency, refunded, line


def _amount(column: str, text: str, line: int) -> str:
    """Return an amount of zero or more as plain digits."""
    try:
        found = decimal_text(text.strip())
    except InvalidRequest as error:
        raise refused(line, column, text, str(error)) from None
    if found.startswith("-"):
        raise refused(
            line,
            column,
            text,
            "it is below zero; refunds have a column of their own (--refund-column)",
        )
    return found
