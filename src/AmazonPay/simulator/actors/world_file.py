"""A world in a file: ledger, clock, ids and story, as JSON with a version number."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Final, cast

from ...errors import ConfigurationError
from ..console.lines import line
from ..engine import notifications
from ..engine.context import EXPIRES
from ..engine.schema import TABLES
from ..engine.store import HistoryRow
from ..engine.timestamps import parse_timestamp
from ..handlers import ON_DUE
from ..story_lines import line_of

if TYPE_CHECKING:
    from ..engine.clock import Clock
    from ..engine.store import Store, Transaction

_FORMAT: Final = "AmazonPay simulator"
_VERSION: Final = 1
# The columns that hold JSON, by their places: in the file they are values.
_JSON_COLUMNS: Final = {"object": 3, "history": 5}
_ID: Final = 2
_CONTENT: Final = 6
_YEARS: Final = range(1970, 9001)
"""Those of a clock; outside of them what is made has no end in the calendar."""
_LAST_ROW: Final = 2**53
"""Below it a row's number is exact in a browser, and others can follow."""


def encode(store: Store, now: datetime, random: Random) -> bytes:
    """Return the bytes of a world; equal worlds have equal bytes."""
    with store.transaction() as transaction:
        tables = {table: _rows(transaction, table) for table in TABLES}
    world: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "now": now.isoformat(),
        "ids": None if isinstance(random, SystemRandom) else random.getstate(),
    }
    # A row a line: two worlds can be compared by their lines.
    lines = [
        f"{json.dumps(name)}: {json.dumps(value)}" for name, value in world.items()
    ]
    for table, rows in tables.items():
        written = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        lines.append(f"{json.dumps(table)}: [\n{written}\n]")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _rows(transaction: Transaction, table: str) -> list[list[Any]]:
    rows = transaction.dump(table)
    place = _JSON_COLUMNS.get(table)
    for row in rows:
        if place is not None:
            row[place] = json.loads(row[place])
        if table == "response":
            row[_CONTENT] = row[_CONTENT].decode()
    return rows


def decode(data: bytes, store: Store, clock: Clock | None, random: Random) -> None:
    """Put a world in the place of the one in a store, or change nothing.

    Raises:
        ConfigurationError: the bytes are no world, or one of a newer version.
    """
    try:
        world: dict[str, Any] = json.loads(data)
        if world["format"] != _FORMAT:
            raise ValueError
        is_newer = int(world["version"]) > _VERSION
        now = _moment(world["now"])
        state = _random_state(world.get("ids"))
        tables = (
            {} if is_newer else {table: _texts(table, world[table]) for table in TABLES}
        )
    except (
        *(ValueError, LookupError, TypeError, AttributeError),
        *(RecursionError, OverflowError),
    ):
        raise _no_world() from None
    if is_newer:
        raise ConfigurationError(
            "the world is of a newer version than this package reads"
        )
    try:
        with store.transaction() as transaction:
            transaction.clear()
            for table, rows in tables.items():
                transaction.restore(table, rows)
            if clock is not None:
                # Inside, for nothing happens to these rows by the time before.
                clock.set(now)
    except (sqlite3.Error, OverflowError):
        raise _no_world() from None
    if state is not None and not isinstance(random, SystemRandom):
        random.setstate(state)


def _no_world() -> ConfigurationError:
    return ConfigurationError("this is no world that a simulator has saved")


def _moment(text: str) -> datetime:
    now = datetime.fromisoformat(text)
    if now.tzinfo is None or now.astimezone(UTC).year not in _YEARS:
        raise ValueError
    return now


def _random_state(ids: Any) -> tuple[Any, ...] | None:  # noqa: ANN401 - whatever the file says
    if ids is None:
        return None
    version, numbers, rest = ids
    state = (version, tuple(numbers), rest)
    Random().setstate(state)  # noqa: S311 - to see whether it is one
    return state


def _texts(table: str, rows: object) -> list[list[Any]]:
    """Return the rows of a table as the store has them."""
    place = _JSON_COLUMNS.get(table)
    found: list[list[Any]] = []
    for row in cast("list[list[Any]]", rows):
        values = list(row)
        if len(values) != len(TABLES[table][0].split(",")):
            raise ValueError
        if table == "response":
            values[_CONTENT] = values[_CONTENT].encode()
        if place is not None:
            values[place] = _text(table, values, values[place])
        if table == "due":
            _check_due(*values)
        if table == "history":
            _check_row(row)
        found.append(values)
    return found


def _text(table: str, row: list[Any], value: object) -> str:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - a defect of the file
    record = cast("dict[str, Any]", value)
    if table == "object" and record["id"] != row[_ID]:
        raise ValueError
    return json.dumps(record)


def _check_due(
    _number: int, at: str, _owner: str, kind: str, _id: str, event: str
) -> None:
    """Refuse a scheduled event that no call could apply."""
    parse_timestamp(at)
    if event != EXPIRES and kind not in ON_DUE:
        raise ValueError


def _check_row(values: list[Any]) -> None:
    """Refuse a row that the story cannot show, or after which no number is left."""
    row = HistoryRow(*values)
    parse_timestamp(row.at)
    if row.kind == notifications.KIND and "messageId" in row.facts:
        message: object = row.facts["messageId"]
        if not isinstance(message, str):
            raise ValueError
    line_of(row)
    line(row)
    if not 0 < row.number < _LAST_ROW:
        raise ValueError
