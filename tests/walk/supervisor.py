"""`python -m walk.supervisor`: run a walk, kill what runs, and audit what is left."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from AmazonPay.journal import Entry, SQLiteJournal
from unmeasured import unmeasured

from .audit import audit
from .plan import KINDS, Kind, order
from .shop import Shop
from .wire import Wire

TESTS = Path(__file__).parents[1]
LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Walk:
    """How a walk is made."""

    orders: int = 30
    seed: int = 1
    stored_answers: str = "2xx"
    processes: int = 4
    workers: int = 16
    cuts: float = 0.04
    """The chance that a piece on the wire is cut."""
    kill_every: int = 25
    """A process is killed after about so many steps."""
    kinds: tuple[Kind, ...] = KINDS
    drop: str | None = None
    """An operation whose key is lost, to see that the audit finds it."""
    patience: float = 3600.0
    """Seconds after which a walk that does not end is given up."""


@dataclass
class Report:
    """What came of a walk."""

    faults: list[str]
    kills: int
    cuts: int
    seconds: float
    steps: int


@dataclass
class _Running:
    """The processes of a walk."""

    folder: Path
    walk: Walk
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict[Any, Any])
    amazon: subprocess.Popen[bytes] | None = None
    starts: int = 0
    kills: int = 0

    def python(self, *args: str, out: int | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *args]
        return subprocess.Popen(command, cwd=TESTS, stdout=out, env=unmeasured())

    def start_amazon(self) -> None:
        self.amazon = self.python("walk.amazon", str(self.folder), out=subprocess.PIPE)
        out: IO[bytes] | None = self.amazon.stdout
        assert out is not None
        assert out.readline(), "the simulator did not start"

    def start_worker(self, number: int) -> None:
        self.starts += 1
        self.workers[number] = self.python(
            "walk.worker", str(self.folder), str(number), str(self.starts)
        )

    def kill(self, dice: Random) -> None:
        """Kill a worker process, or the simulator, without a word of warning."""
        self.kills += 1
        number = dice.randrange(self.walk.processes + 1)
        if number == self.walk.processes:
            assert self.amazon is not None
            _end(self.amazon, signal.SIGKILL)
            self.start_amazon()
        else:
            _end(self.workers[number], signal.SIGKILL)
            self.start_worker(number)

    def stop(self) -> None:
        for process in [*self.workers.values(), self.amazon]:
            if process is not None:
                _end(process, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    process.send_signal(number)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "private.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "public.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


def _entries(path: Path) -> list[Entry]:
    """Read the whole journal."""
    SQLiteJournal(path)
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        (table,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchone()
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - its only table
    connection.close()
    return [Entry.from_row(dict(row)) for row in rows]


def run(walk: Walk, folder: Path) -> Report:
    """Run a walk to its end in a folder, and audit it."""
    began = time.monotonic()
    _keys(folder)
    port = _free_port()
    wire = Wire(port, walk.seed, walk.cuts)
    wire.start()
    given = {
        "seed": walk.seed,
        "stored_answers": walk.stored_answers,
        "amazon_port": port,
        "wire_port": wire.port,
        "workers_in_a_process": walk.workers // walk.processes,
        "kinds": walk.kinds,
        "drop": walk.drop,
    }
    (folder / "walk.json").write_text(json.dumps(given))
    shop = Shop(folder / "shop.db")
    shop.fill(walk.orders)
    running = _Running(folder, walk)
    dice = Random(f"{walk.seed} kills")  # noqa: S311 - to be repeated, no secrecy
    try:
        running.start_amazon()
        for number in range(walk.processes):
            running.start_worker(number)
        _watch(running, shop, dice, began)
    finally:
        running.stop()
        wire.stop()
    orders = [order(walk.seed, n, walk.kinds) for n in range(1, walk.orders + 1)]
    faults = audit(folder, orders, _entries(folder / "journal.db"))
    steps, _ = shop.steps_done()
    return Report(faults, running.kills, wire.cuts, time.monotonic() - began, steps)


def _watch(running: _Running, shop: Shop, dice: Random, began: float) -> None:
    """Kill a process now and then, until all orders are done."""
    walk = running.walk
    due = dice.randint(1, 2 * walk.kill_every)
    wait = threading.Event()
    while time.monotonic() - began < walk.patience:
        steps, left = shop.steps_done()
        if not left:
            return
        if steps >= due:
            running.kill(dice)
            due = steps + dice.randint(1, 2 * walk.kill_every)
        wait.wait(LOOK)


def main() -> int:
    """Run walks under each rule of stored answers; the exit code is what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--stored-answers", nargs="+", default=["2xx", "2xx+4xx", "all"]
    )
    parser.add_argument("--drop")
    parser.add_argument("--kill-every", type=int, default=400)
    arguments = parser.parse_args()
    found = 0
    share = -(-arguments.orders // len(arguments.stored_answers))
    for place, rule in enumerate(arguments.stored_answers):
        walk = Walk(
            orders=share,
            seed=arguments.seed + place,
            stored_answers=rule,
            kill_every=arguments.kill_every,
            drop=arguments.drop,
            patience=4 * 3600.0,
        )
        with tempfile.TemporaryDirectory() as folder:
            report = run(walk, Path(folder))
        found += len(report.faults)
        print(  # noqa: T201 - what the command is for
            f"stored answers {rule}, seed {walk.seed}: {walk.orders} purchases,"
            f" {report.steps} steps, {report.kills} kills, {report.cuts} cuts,"
            f" {len(report.faults)} faults, {report.seconds:.0f} s",
            *report.faults[:20],
            sep="\n  ",
            flush=True,
        )
    return 1 if found else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
