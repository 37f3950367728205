"""The table of all operations, made from their declarations, for people and docs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .._core.operation import operations_of
from . import Operations


@dataclass(frozen=True, slots=True)
class Row:
    """One operation, as a row of the table."""

    name: str
    method: str
    path: str
    repeat: str
    file: str
    line: int
    summary: str


def rows() -> list[Row]:
    """Return the operations in the API's order."""
    package = Path(__file__).parents[1]
    found: list[Row] = []
    for name, operation in operations_of(Operations).items():
        code = operation.declared.__code__
        found.append(
            Row(
                name,
                operation.method,
                operation.template,
                operation.repeat,
                Path(code.co_filename).relative_to(package).as_posix(),
                code.co_firstlineno,
                (operation.__doc__ or "").partition("\n")[0],
            )
        )
    return found


def as_text(table: list[Row]) -> str:
    """Return the table as text for a terminal."""
    cells = [
        (row.name, row.method, row.path, row.repeat, f"{row.file}:{row.line}")
        for row in table
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in cells
    )


def as_json(table: list[Row]) -> str:
    """Return the table as JSON, one object a line."""
    return "\n".join(json.dumps(asdict(row)) for row in table)


def as_markdown(table: list[Row]) -> str:
    """Return the table as Markdown for the README."""
    lines = ["| method of the client | call | class | file |", "|---|---|---|---|"]
    lines += [
        f"| `{row.name}` | `{row.method} {row.path}` | {row.repeat} | `{row.file}` |"
        for row in table
    ]
    return "\n".join(lines)
