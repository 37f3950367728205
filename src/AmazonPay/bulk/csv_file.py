"""Read a CSV file whole, and say where it is wrong in words with line numbers."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unicodedata import category

from ..errors import ConfigurationError
from .kinds import RESULT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kinds import Kind

LARGEST_FILE: Final = 64 * 1024 * 1024
LONGEST_CELL: Final = 4096

_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
# Line ends are looked for by the reader of CSV; these stand inside of a cell.
_INVISIBLE: Final = frozenset({"Cc", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where."""

    line: int
    """The line of the file, from 1; 0 for the file as a whole."""
    text: str
    column: str | None = None

    def __str__(self) -> str:
        """Return the problem in words."""
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{f'{self.column}: ' if self.column else ''}{self.text}"


class BadFile(ConfigurationError):  # noqa: N818 - named by what happened
    """A file cannot be used; nothing was sent for it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row, and where it begins."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that has the right columns."""

    columns: tuple[str, ...]
    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    """Rows that cannot be read."""


def read_table(path: str, kind: Kind) -> Table:
    """Read a file of UTF-8 and check its columns.

    Raises:
        BadFile: it cannot be read, is no CSV in UTF-8, or has other columns.
    """
    text = _decoded(_content(path))
    lines = _lines_read(text)
    header = next(lines, None)
    if header is None:
        raise BadFile([Problem(0, "the file is empty")])
    if isinstance(header, Problem):
        raise BadFile([header])
    problems = list(_column_problems(header, kind))
    if problems:
        raise BadFile(problems)
    records: list[Record] = []
    for found in lines:
        if isinstance(found, Problem):
            problems.append(found)
        elif problem := _shape_problem(found, header.cells):
            problems.append(problem)
        else:
            records.append(found)
    if not records and not problems:
        raise BadFile([Problem(0, "the file has columns and no rows")])
    return Table(header.cells, tuple(records), tuple(problems))


def _content(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is no path"
        raise BadFile([Problem(0, f"{path!r} cannot be read: {why}")]) from None
    if len(content) > LARGEST_FILE:
        raise BadFile([Problem(0, "the file has more than 64 MiB: split it")])
    return content


def _decoded(content: bytes) -> str:
    if content.startswith(_WIDE) or content[:2].count(0) == 1:
        raise BadFile([Problem(0, "the file is UTF-16: save it as CSV in UTF-8")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = "is not UTF-8: save the file as CSV in UTF-8"
        raise BadFile([Problem(line, text)]) from None


def _lines_read(text: str) -> Iterator[Record | Problem]:
    """Yield each row; then a problem if the rest of the text cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Problem(begins, _reading_problem(str(error)))
            return
        if cells is None:
            return
        if cells:  # an empty line is none
            yield Record(begins, tuple(cells))
        begins = reader.line_num + 1


def _reading_problem(error: str) -> str:
    """Return what is wrong, in words, for an error of the CSV reader."""
    if "field larger" in error:
        return "has a cell of more than 131072 characters: is a quote not closed?"
    if "unexpected end" in error:
        return "opens a quote that is not closed"
    return f"is no CSV: {error}"


def _column_problems(header: Record, kind: Kind) -> Iterator[Problem]:
    names, line = header.cells, header.line
    wanted = f"the columns of bulk {kind.name} are {', '.join(kind.columns)}"
    if len(names) == 1:
        for separator, what in _SEPARATORS.items():
            if separator in names[0]:
                text = f"is separated by {what}: save the file with commas"
                yield Problem(line, text)
                return
    for name in dict.fromkeys(names):
        known = name in kind.columns
        if known and names.count(name) > 1:
            yield Problem(line, f"has the column {name} more than once")
        if not known and not name.startswith(RESULT_PREFIX):
            close = get_close_matches(name.strip().lower(), kind.columns, n=1)
            hint = f": did you mean {close[0]}?" if close else ""
            yield Problem(line, f"has an unknown column {name[:40]!r}{hint}; {wanted}")
    for name in kind.required:
        if name not in names:
            yield Problem(line, f"lacks the column {name}; {wanted}")


def _shape_problem(found: Record, columns: tuple[str, ...]) -> Problem | None:
    """Return what is wrong with a row before its cells have a meaning."""
    line, cells = found.line, found.cells
    if not any(cell.strip() for cell in cells):
        return Problem(line, "is a row of empty cells: delete it")
    if len(cells) != len(columns):
        return Problem(line, f"has {len(cells)} cells for {len(columns)} columns")
    for column, cell in zip(columns, cells, strict=True):
        if len(cell) > LONGEST_CELL:
            text = f"has {len(cell)} characters, and at most {LONGEST_CELL} are read"
            return Problem(line, text, column)
        if any(category(character) in _INVISIBLE for character in cell):
            text = "holds a line break or another control character"
            return Problem(line, text, column)
    return None
