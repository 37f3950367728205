"""The shop's own database: how far each order is, and what it believes of it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from random import Random

_SCHEMA = """
CREATE TABLE shop_order (
    number INTEGER PRIMARY KEY, step INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 1,
    session TEXT, permission TEXT, charge TEXT, address TEXT, failure TEXT,
    refused TEXT,
    due REAL NOT NULL DEFAULT 0, leased REAL NOT NULL DEFAULT 0
)
"""
_LEASE = 2.0
_FACTS = ("session", "permission", "charge")
_STEALS = 0.1
"""How often a worker takes what another is at: queues deliver twice."""


@dataclass(slots=True)
class Progress:
    """How far an order is."""

    number: int
    step: int
    attempt: int
    session: str | None
    permission: str | None
    charge: str | None
    address: str | None


class Shop:
    """Orders in SQLite, shared by processes that die at any moment."""

    def __init__(self, path: Path, *, patience: float = 60.0) -> None:
        self._path = path
        self._patience = patience
        # SQLite must have no connection open in a process that forks.
        self._alone = threading.Lock()

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Commit the block, alone among writers."""
        with (
            self._alone,
            contextlib.closing(
                sqlite3.connect(
                    self._path, timeout=self._patience, isolation_level=None
                )
            ) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Read without a lock: a process that is stopped inside one stops no reader."""
        with (
            self._alone,
            contextlib.closing(
                sqlite3.connect(self._path, timeout=self._patience)
            ) as connection,
        ):
            connection.row_factory = sqlite3.Row
            yield connection

    def fork(self) -> int:
        """Fork while no thread is at the shop's database."""
        with self._alone:
            return os.fork()

    def create(self) -> None:
        """Make the database."""
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            connection.execute(_SCHEMA)

    def fill(self, orders: int) -> None:
        """Add `orders` new orders."""
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO shop_order DEFAULT VALUES", [()] * orders
            )

    def take(self, dice: Random) -> Progress | None:
        """Lease an order that is due; None when none is just now."""
        now = time.time()
        leased = 1e18 if dice.random() < _STEALS else now
        with self.writing() as connection:
            row = connection.execute(
                "SELECT number, step, attempt, session, permission, charge, address"
                " FROM shop_order WHERE NOT done AND due <= ? AND leased <= ?"
                " ORDER BY due, number LIMIT 1",
                (now, leased),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE shop_order SET leased = ? WHERE number = ?",
                (now + _LEASE, row[0]),
            )
        return Progress(*row)

    def advance(self, at: Progress, *, last: bool, **facts: str | None) -> None:
        """Record that a step is done; a second worker changes nothing."""
        names = [name for name in _FACTS if facts.get(name) is not None]
        sets = "".join(f", {name} = ?" for name in names)
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET step = step + 1, attempt = 1, due = 0,"  # noqa: S608 - names of ours
                f" leased = 0, done = ?{sets} WHERE number = ? AND step = ?",
                (int(last), *[facts[name] for name in names], at.number, at.step),
            )

    def note_address(self, at: Progress, address: str) -> str:
        """Keep the first address that was seen, and give the one that is kept.

        Every worker must send the same bytes, and a completed session shows none.
        """
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET address = coalesce(address, ?) WHERE number = ?",
                (address, at.number),
            )
            (kept,) = connection.execute(
                "SELECT address FROM shop_order WHERE number = ?", (at.number,)
            ).fetchone()
        return str(kept)

    def later(self, at: Progress, seconds: float) -> None:
        """Make an order due in `seconds` seconds, and end its lease."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET due = ?, leased = 0 WHERE number = ?",
                (time.time() + seconds, at.number),
            )

    def try_anew(self, at: Progress) -> None:
        """Raise the attempt, by compare-and-set."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET attempt = attempt + 1, leased = 0"
                " WHERE number = ? AND step = ? AND attempt = ?",
                (at.number, at.step, at.attempt),
            )

    def fail(self, at: Progress, why: str) -> None:
        """Give an order up, unless another worker is past this step.

        Who is late may find the charge captured, refunded or canceled since.
        """
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET done = 1, failure = ?"
                " WHERE number = ? AND step = ?",
                (why, at.number, at.step),
            )

    def refuse(self, at: Progress, why: str) -> None:
        """End an order that is not paid: its session has paid another one."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE shop_order SET done = 1, refused = ?"
                " WHERE number = ? AND step = ? AND NOT done",
                (why, at.number, at.step),
            )

    def look(self, number: int) -> Progress:
        """Read how far an order is, without taking it."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT number, step, attempt, session, permission, charge, address"
                " FROM shop_order WHERE number = ?",
                (number,),
            ).fetchone()
        return Progress(*row)

    def steps_done(self) -> tuple[int, int]:
        """Count steps that are done, and orders that are not."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT sum(step), sum(NOT done) FROM shop_order"
            ).fetchone()
        return int(row[0]), int(row[1])

    def open_orders(self) -> list[Progress]:
        """List orders that are not done."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT number, step, attempt, session, permission, charge, address"
                " FROM shop_order WHERE NOT done ORDER BY number"
            ).fetchall()
        return [Progress(*row) for row in rows]

    def beliefs(self) -> dict[int, dict[str, object]]:
        """Read all that the shop believes."""
        with self.reading() as connection:
            rows = connection.execute("SELECT * FROM shop_order").fetchall()
        return {row["number"]: dict(row) for row in rows}
