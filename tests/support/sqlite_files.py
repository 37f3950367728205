"""A journal's file, and what tests do to it behind the journal's back."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import exactly_once_soak as soak
from AmazonPay._core import fork_gate
from AmazonPay._once import sqlite_journal as journals
from AmazonPay._once import sqlite_schema
from AmazonPay._once.changes import start_send

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay import SQLiteJournal
    from AmazonPay.journal import Entry

VERSION_0 = Path(__file__).parents[1] / "files" / "journal-version-0.db"
"""Written by the commit before files had a version; its orders are 1001 to 1008."""

INTENDED = soak.entry_named("0123456789abcdef0123456789abcdef")
KEY_OF_IT = INTENDED.key
BODY = b'{"note":"' + b"for Mary Miller only, " * 40 + b'"}'

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes and forks")


def sql(path: Path, *statements: str) -> list[Any]:
    """Do something to a file behind the journal's back."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        rows = connection.execute(statements[-1]).fetchall()
        connection.commit()
    return rows


def stored(journal: SQLiteJournal, entry: Entry) -> Entry:
    return journal.change(entry.key, lambda _: entry)


def settled(number: int) -> Entry:
    key = f"{number:032}"
    return replace(soak.entry_named(key), body=BODY, outcome="success")


def utc(day: int) -> datetime:
    return datetime(2027, 1, day, tzinfo=UTC)


def bytes_left(path: Path) -> bool:
    return any(b"Mary Miller" in one.read_bytes() for one in path.parent.iterdir())


def in_the_middle(
    journal: SQLiteJournal, act: Callable[[], None], key: str = KEY_OF_IT
) -> None:
    """Do something while a change is under way."""

    def change(found: Entry | None) -> Entry:
        act()
        return start_send(INTENDED)(found)

    journal.change(key, change)


OURS = {journals.__file__, sqlite_schema.__file__, fork_gate.__file__}


def at_step(number: int, act: Callable[[], None]) -> None:
    """Call `act` after the call with this number from our code to a function in C."""
    left = number

    def handle(frame: Any, event: str, _: object) -> None:
        nonlocal left
        if event == "c_return" and frame.f_code.co_filename in OURS:
            left -= 1
            if left == 0:
                act()

    sys.setprofile(handle)


class Watchdog(TimeoutError):  # noqa: N818 - named by what raises it
    """What a signal handler of the shop raises."""
