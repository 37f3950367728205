"""Read a report's file: facts before the table, its columns, and its rows.

A settlement file begins with facts, one a line, such as the period that it covers.
A blank line follows, then the line of columns, then the rows. Other reports have no
facts. Nothing here sends a request; `download_report` fetches the file. Amazon's page:
`amazon-pay-reports/settlement-reports.html`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from .errors import InvalidRequest, ReportUnavailable

if TYPE_CHECKING:
    import os

__all__ = ["ReportTable", "parse_amount", "read_report"]

_MAX_LINE: Final = 1_000_000
_MAX_FACTS: Final = 100
_FACT_FIELDS: Final = 2

# Without a blank line after them, only lines with these names are facts.
_KNOWN_FACTS: Final = frozenset(
    {"SettlementStartDate", "SettlementEndDate", "SellerId"}
)

# UNCONFIRMED: which report uses commas and which uses tabs.
_SEPARATORS: Final = ("\t", ",")
_OTHER_SEPARATORS: Final = (";", "|")

_OTHER_FILES: Final = {
    "<": "it is HTML or XML",
    "{": "it is JSON",
    "[": "it is JSON",
}
_COMPRESSED: Final = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ")

_AMOUNT = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")

Fields = list[str]


def parse_amount(text: str) -> Decimal:
    """Return the amount in a field of a report: `"1,234.00"` is 1234.00.

    A comma separates thousands, and a point the fraction, in every region.

    Raises:
        InvalidRequest: the field is no such number, or is empty.
    """
    if not isinstance(text, str) or _AMOUNT.fullmatch(text) is None:
        raise InvalidRequest("the field holds no amount such as 1,234.00 or -5.00")
    number = Decimal(text.replace(",", ""))
    return number or number.copy_abs()


def read_report(
    path: str | os.PathLike[str], *, encoding: str = "utf-8"
) -> ReportTable:
    """Check that a file is a table from its first line to its last, and return it.

    Files of Japan may be in `cp932`, and those of Europe in `iso-8859-1`: no byte is
    ever replaced by another one.

    Raises:
        ReportUnavailable: the file is no table, or not in this encoding.
        InvalidRequest: there is no such encoding.
        OSError: the file cannot be read.
    """
    return ReportTable(path, encoding=encoding)


class ReportTable:
    """The table of a report's file, which `read_report` has checked.

    Iterate over it for its rows, as dicts of text by column. Each iteration reads the
    file again, so the whole file is never in memory.
    """

    facts: dict[str, str]
    """What stands before the table, such as `SettlementStartDate`; often empty."""
    columns: tuple[str, ...]
    """The names of the columns, in their order."""

    def __init__(self, path: str | os.PathLike[str], *, encoding: str) -> None:
        self._path = Path(path)
        self._encoding = checked_encoding(encoding)
        with self._path.open("rb") as file:
            if file.read(6).startswith(_COMPRESSED):
                raise _no_table("it is compressed, or a spreadsheet's own file")
        with self._open() as file:
            self._separator = _separator_of(file)
        with self._open() as file:
            head = _read_head(self._rows(file))
        self.facts, self.columns, self._head_rows = head
        for _ in self.numbered():
            pass

    def __iter__(self) -> Iterator[dict[str, str]]:
        for _, fields in self.numbered():
            yield dict(zip(self.columns, fields, strict=True))

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the last line of each row in the file, and the row's fields."""
        with self._open() as file:
            rows = self._rows(file)
            for _ in islice(rows, self._head_rows):
                pass
            size = len(self.columns)
            for fields in rows:
                if not _without_empty_end(fields):
                    continue
                if len(fields) != size:
                    raise _no_table(
                        f"it has {len(fields)} fields for {size} columns", rows.line
                    )
                yield rows.line, fields

    def _rows(self, file: TextIO) -> _Rows:
        return _Rows(file, self._separator)

    @contextmanager
    def _open(self) -> Generator[TextIO, None, None]:
        with self._path.open(encoding=self._encoding, newline="") as file:
            try:
                yield file
            except UnicodeError:
                raise _no_table(
                    f"it is not in {self._encoding.removesuffix('-sig')}; pass another"
                    " encoding=, such as 'cp932' for Japan, 'iso-8859-1' for Europe or"
                    " 'utf-16'"
                ) from None


class _Rows(Iterator[Fields]):
    """The lines of a file as lists of fields."""

    def __init__(self, file: TextIO, separator: str) -> None:
        import csv

        self._reader = csv.reader(_lines(file), delimiter=separator, strict=True)
        self._error = csv.Error

    @property
    def line(self) -> int:
        return self._reader.line_num

    def __next__(self) -> Fields:
        try:
            return next(self._reader)
        except self._error:
            raise _no_table("its quotes do not fit, or are long", self.line) from None


def _read_head(rows: _Rows) -> tuple[dict[str, str], tuple[str, ...], int]:
    """Return the facts, the columns, and how many rows both take.

    Lines of two fields are facts if a blank line and at least three columns follow.
    """
    leading: list[tuple[Fields, int]] = []
    blank_follows = False
    columns: Fields = []
    taken = 0
    for taken, fields in enumerate(rows, 1):
        size = len(_without_empty_end(fields))
        if size == 0:
            blank_follows = bool(leading)
        elif size > _FACT_FIELDS or blank_follows or len(leading) == _MAX_FACTS:
            columns = fields
            break
        else:
            leading.append((fields, taken))
    known = bool(leading) and leading[0][0][0] in _KNOWN_FACTS
    if known or (blank_follows and len(columns) > _FACT_FIELDS):
        facts = _unique([fields[0] for fields, _ in leading], rows.line)
        values = [fields[1] if len(fields) > 1 else "" for fields, _ in leading]
        if len(columns) <= _FACT_FIELDS:
            raise _no_table("no line of columns follows the facts", rows.line)
        return (
            dict(zip(facts, values, strict=True)),
            _unique(columns, rows.line),
            taken,
        )
    if leading:
        columns, taken = leading[0]
    return {}, _unique(columns, taken), taken


def _unique(names: Fields, line: int) -> tuple[str, ...]:
    if not all(name.strip() for name in names):
        raise _no_table("a column has no name", line)
    if len({name.strip() for name in names}) != len(names):
        raise _no_table("two columns have one name", line)
    return tuple(names)


def _without_empty_end(fields: Fields) -> Fields:
    """Return the fields up to the last that is not empty; spreadsheets pad lines."""
    size = len(fields)
    while size and not fields[size - 1].strip():
        size -= 1
    return fields[:size]


def _separator_of(file: TextIO) -> str:
    """Return the separator of a file, by its first line that is not blank."""
    lines = enumerate(_lines(file), 1)
    line, text = next(((n, one) for n, one in lines if one.strip()), (0, ""))
    if not text:
        raise _no_table("it is empty")
    if (other_kind := _OTHER_FILES.get(text.lstrip()[0])) is not None:
        raise _no_table(other_kind, line)
    unquoted = re.sub(r'"[^"]*"', "", text)
    found = [one for one in (*_SEPARATORS, *_OTHER_SEPARATORS) if one in unquoted]
    if not found:
        raise _no_table("it has one column only", line)
    if found[0] not in _SEPARATORS:
        raise _no_table(
            f"its fields are separated by '{found[0]}', not by commas or tabs", line
        )
    return found[0]


def checked_encoding(encoding: str) -> str:
    """Return the name of an encoding; UTF-8 may begin with a byte order mark."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # raises if it is not for text
    except (LookupError, TypeError, ValueError):
        raise InvalidRequest(
            "encoding is the name of one, such as 'utf-8', 'cp932' or 'iso-8859-1'"
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _lines(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file; raise at one that is too long or has a zero byte."""
    number = 0
    while line := file.readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE:
            raise _no_table("the line is too long", number)
        if "\0" in line:
            raise _no_table(
                "it has a zero byte; pass encoding= if it is in 'utf-16'", number
            )
        yield line


def _no_table(problem: str, line: int | None = None) -> ReportUnavailable:
    place = "" if line is None else f" as far as its line {line}"
    return ReportUnavailable(
        f"the report's file is no table{place}: {problem}; download_report gives it as"
        " it is",
        processing_status="COMPLETED",
    )
