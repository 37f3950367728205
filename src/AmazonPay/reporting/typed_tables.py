"""Tables of text as Parquet, with amounts as decimals; each refusal names its line.

Columns that end in `Amount` or `Fee` are amounts. Everything else stays the text that
the file holds, and an empty field becomes null.
"""

from __future__ import annotations

import csv
import json
import re
import stat
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, InvalidRequest, ReportUnavailable
from ..report_files import parse_amount, read_report
from .engine import literal, name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..errors import AmazonPayError
    from ..report_files import ReportTable
    from .engine import Engine

WHOLE_DIGITS: Final = 20
FRACTION_DIGITS: Final = 8
DECIMAL: Final = f"DECIMAL({WHOLE_DIGITS + FRACTION_DIGITS}, {FRACTION_DIGITS})"
"""The type of an amount in Parquet; a sum of them has ten digits more."""

MOST_COLUMNS: Final = 1_000
"""Of a table in Parquet; a report has some dozens. DuckDB holds thousands of rows."""

FACTS_KEY: Final = "facts"
"""The key in the metadata of a Parquet file that has the facts, as JSON."""

_AMOUNTS: Final = re.compile(r"(?:Amount|Fee)$")
_SHOWN: Final = 40


def is_amount(column: str) -> bool:
    """Return whether a column of a report holds amounts."""
    return _AMOUNTS.search(column) is not None


@lru_cache(maxsize=1 << 14)
def decimal_text(text: str) -> str:
    """Return an amount as plain digits, without separators or needless zeros.

    Raises:
        InvalidRequest: it is no amount, or has more digits than a column can hold.
    """
    number = f"{parse_amount(text):f}"
    whole, _, fraction = number.partition(".")
    fraction = fraction.rstrip("0")
    if (
        len(whole.lstrip("-").lstrip("0")) > WHOLE_DIGITS
        or len(fraction) > FRACTION_DIGITS
    ):
        raise InvalidRequest(
            f"the amount has more than {WHOLE_DIGITS} digits before the point, or"
            f" {FRACTION_DIGITS} after it"
        )
    return f"{whole}.{fraction}" if fraction else whole


def table_at(path: Path, encoding: str, *, option: str = "--encoding") -> ReportTable:
    """Return the table of a file that a person has named; `option` has its encoding.

    Raises:
        ConfigurationError: it cannot be read, or is a pipe, which can be read once only
            while a table is read twice.
        InvalidRequest: it is no table; the error names the file and the line.
    """
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
        found = read_report(path, encoding=encoding) if is_file else None
    except (InvalidRequest, ReportUnavailable) as error:
        raise InvalidRequest(problem_of(str(path), error, option=option)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"{str(path)!r} cannot be read: {reason}") from None
    if found is None:
        raise ConfigurationError(
            f"{str(path)!r} cannot be read: it is no file, but a folder, a pipe or a"
            " device; save it to a file first"
        )
    return found


def problem_of(file: str, error: AmazonPayError, *, option: str = "--encoding") -> str:
    """Return what is wrong with a file of a report, in words for a command."""
    text = str(error).replace("the report's file", file)
    text = text.removesuffix("; download_report gives it as it is")
    text = re.sub("pass (?:another )?encoding=", f"give {option}", text)
    text = text.replace("encoding is the name", f"{option} is the name")
    return text if file in text else f"{file}, {text}"


def write_parquet(engine: Engine, table: ReportTable, target: Path) -> int:
    """Write a table as Parquet, and return how many rows it has.

    `target` is in the engine's folder; the facts are in the file's metadata.

    Raises:
        InvalidRequest: a field of an amount holds none, and it names the line; or there
            are too many columns.
        ReportUnavailable: the table has changed since it was checked.
        ConfigurationError: the engine cannot write it.
    """
    columns = table.columns
    if len(columns) > MOST_COLUMNS:
        raise InvalidRequest(
            f"there are {len(columns)} columns, and at most {MOST_COLUMNS} are read"
        )
    if len({column.lower() for column in columns}) != len(columns):
        raise InvalidRequest("two columns differ only in capital letters")
    plain = target.with_suffix(".rows")
    try:
        rows = _write_rows(table, plain)
        facts = json.dumps(table.facts, ensure_ascii=False)
        engine.run(
            f"COPY (SELECT {_selected(columns)} FROM {_read(plain, len(columns))}) TO"  # noqa: S608 - all names and values are quoted
            f" {literal(str(target))} (FORMAT parquet,"
            f" KV_METADATA {{{FACTS_KEY}: {literal(facts)}}})"
        )
    finally:
        plain.unlink(missing_ok=True)
    return rows


def _write_rows(table: ReportTable, plain: Path) -> int:
    """Write the rows in a form that leaves DuckDB nothing to guess."""
    amounts = [
        (place, column)
        for place, column in enumerate(table.columns)
        if is_amount(column)
    ]
    count = 0
    with plain.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for count, fields in enumerate(_checked(table, amounts), 1):  # noqa: B007 - it is returned
            writer.writerow(fields)
    return count


def _checked(table: ReportTable, amounts: list[tuple[int, str]]) -> Iterator[list[str]]:
    for line, fields in table.numbered():
        for place, column in amounts:
            text = fields[place]
            if not text:
                continue
            try:
                fields[place] = decimal_text(text)
            except InvalidRequest as error:
                raise refused(line, column, text, str(error)) from None
        yield fields


def refused(line: int, column: str, text: str, reason: str) -> InvalidRequest:
    """Return the error for a field of a table."""
    held = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return InvalidRequest(f"line {line}, column {column!r} holds {held!r}: {reason}")


def _read(plain: Path, size: int) -> str:
    types = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(size))
    return (
        f"read_csv({literal(str(plain))}, columns={{{types}}}, auto_detect=false,"
        " header=false, delim=',', quote='\"', escape='\"', new_line='\\n',"
        " nullstr='', allow_quoted_nulls=true, strict_mode=true, parallel=false)"
    )


def _selected(columns: tuple[str, ...]) -> str:
    return ", ".join(
        f"CAST(c{place} AS {DECIMAL}) AS {name(column)}"
        if is_amount(column)
        else f"c{place} AS {name(column)}"
        for place, column in enumerate(columns)
    )
