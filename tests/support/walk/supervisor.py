"""Run a walk, kill what runs, notice what dies by itself, and audit what is left."""

from __future__ import annotations

import contextlib
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
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn

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
from .pulse import Pulse, Slot
from .shop import Shop
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

SUPPORT = Path(__file__).parents[1]
LOOK = 0.05
_MOST = 3
"""How many times as many orders there may be, so that everyone has called."""


class WalkFailed(Exception):  # noqa: N818 - it says what the walk has done
    """The walk could not go on: something that it needs died or stood still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How a walk is made."""

    orders: int = 30
    seed: int = 1
    stored_answers: str = "2xx"
    processes: int = 4
    workers_in_a_process: int = 4
    """Threads; the first of them resumes what is open."""
    cuts: float = 0.04
    """The chance that a piece on the wire is cut."""
    kill_every: int = 25
    """A process is killed after about so many steps."""
    kinds: tuple[Kind, ...] = KINDS
    sweeps: bool = True
    """Whether open entries are resumed while the workers are at them."""
    forks: bool = True
    """Whether each process forks, and parent and child both go on."""
    journal_per_job: bool = True
    """Whether every second worker opens the journal anew for each job."""
    swaps: bool = True
    """Whether every fifth order presents the checkout session of the one before it."""
    dropped: tuple[str, ...] = ()
    """Operations whose keys do nothing, to see that the audit finds it."""
    patience: float = 60.0
    """Seconds that may pass without progress: a step of the walk, a turn of a worker.

    An order has a bounded number of steps, so that this bounds the whole walk.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a walk."""

    faults: list[str]
    kills: int
    cuts: int
    refused: int
    seconds: float
    steps: int
    answers: Counter[str]
    """Calls that came to a decision, by who made them."""


class Progress:
    """When each of several counters was last seen to move."""

    def __init__(
        self, patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._seen: dict[object, tuple[int, float]] = {}

    def stands_still(self, name: object, count: int) -> bool:
        """Record a counter; return whether it has not changed for too long."""
        now = self._clock()
        before, since = self._seen.get(name, (-1, now))
        if count != before:
            self._seen[name] = count, now
            return False
        return now - since > self._patience


@dataclass
class Supervisor:
    """The processes of a walk, and what watches over them."""

    walk: Walk
    folder: Path
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict[int, Any])
    amazon: subprocess.Popen[bytes] | None = None
    starts: int = 0
    kills: int = 0

    def __post_init__(self) -> None:
        walk, self.place = self.walk, _free_place()
        self.port: int = self.place.getsockname()[1]
        self.wire = Wire(self.port, walk.seed, walk.cuts)
        # A process may be stopped or killed while it has the database locked.
        self.shop = Shop(self.folder / "shop.db", patience=1.0)
        self.shop.create()
        self.orders = 0
        self.pulse = Pulse(
            self.folder / "pulse", walk.processes, walk.workers_in_a_process
        )
        self.progress = Progress(walk.patience)
        self.dice = Random(f"{walk.seed} kills")  # noqa: S311 - to be repeated, no secrecy

    def run(self) -> Report:
        """Run the walk to its end, and audit it.

        Raises:
            WalkFailed: a process or the wire died by itself, or stood still.
        """
        began = time.monotonic()
        self.take_orders(self.walk.orders)
        try:
            self.start()
            self.watch()
        finally:
            self.stop()
        report = self.audit(time.monotonic() - began)
        self.pulse.close()
        return report

    # Processes ------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything."""
        _keys(self.folder)
        self.wire.start()
        given = asdict(self.walk) | {
            "amazon_port": self.port,
            "wire_port": self.wire.port,
        }
        (self.folder / "walk.json").write_text(json.dumps(given))
        self.start_amazon()
        for number in range(self.walk.processes):
            self.start_worker(number)

    def python(
        self, name: str, *args: str, out: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process whose complaints go to `NAME.txt`.

        It has a session of its own, so that it dies together with what it forks, and
        ends by itself once this process is gone and its standard input with it.
        """
        command = [sys.executable, "-m", *args, str(self.folder)]
        with (self.folder / f"{name}.txt").open("ab") as complaints:
            return subprocess.Popen(
                command,
                cwd=SUPPORT,
                env=unmeasured(),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=complaints,
                start_new_session=True,
            )

    def start_amazon(self) -> None:
        """Start the simulator, and wait until it listens."""
        self.amazon = self.python("amazon", "walk.amazon", out=subprocess.PIPE)
        assert self.amazon.stdout is not None
        if not self.amazon.stdout.readline():
            self.fail("the simulator did not start", "amazon")

    def start_worker(self, number: int) -> None:
        """Start the workers of one process."""
        self.starts += 1
        self.pulse.restart(number)
        self.workers[number] = self.python(
            f"process-{number}", "walk.worker", str(number), str(self.starts)
        )

    def kill(self) -> None:
        """Kill a worker process, or the simulator, without a word of warning.

        A process whose workers have not called yet is left alone: a short walk could
        end before they do.
        """
        self.kills += 1
        number = self.dice.choice([None, *filter(self.has_called, self.workers)])
        if number is None:
            assert self.amazon is not None
            _kill(self.amazon)
            self.start_amazon()
        else:
            _kill(self.workers[number])
            self.start_worker(number)

    def has_called(self, number: int) -> bool:
        """Return whether a process and its forked child have each made a call."""
        called = {
            slot.forked
            for slot in self.pulse.slots()
            if slot.process == number and self.pulse.answers(slot) and not slot.sweeps
        }
        return called == ({False, True} if self.walk.forks else {False})

    def stop(self) -> None:
        """Kill everything."""
        for process in [*self.workers.values(), self.amazon]:
            if process is not None:
                _kill(process)
        self.wire.stop()
        self.place.close()

    def take_orders(self, number: int) -> None:
        """Add new orders to the shop."""
        self.shop.fill(number)
        self.orders += number

    # Watching -------------------------------------------------------------------------

    def watch(self) -> None:
        """Kill a process now and then, until all orders are done."""
        every = 2 * self.walk.kill_every
        due = self.dice.randint(1, every)
        wait = threading.Event()
        steps, left = 0, self.walk.orders
        while True:
            self.look()
            with contextlib.suppress(sqlite3.OperationalError):
                # If it is locked for good, nothing moves.
                steps, left = self.shop.steps_done()
            if not left:
                # A short walk may be over before each kind of worker has called.
                if not self.not_called() or self.orders >= _MOST * self.walk.orders:
                    return
                with contextlib.suppress(sqlite3.OperationalError):
                    self.take_orders(1)
            if self.progress.stands_still("steps", steps):
                self.fail(
                    f"no step was done for {self.walk.patience:g} s; {self.stuck()}"
                )
            if steps >= due:
                self.kill()
                due = steps + self.dice.randint(1, every)
            wait.wait(LOOK)

    def stuck(self) -> str:
        """Return a text with the orders that are not done, and their steps."""
        try:
            orders = self.shop.open_orders()
        except sqlite3.OperationalError:
            return "the shop's database is locked"
        return "order " + ", ".join(f"{at.number} at {at.step}" for at in orders[:20])

    def look(self) -> None:
        """Raise `WalkFailed` if a process has ended, or a worker stands still."""
        if self.amazon is None or self.amazon.poll() is not None:
            self.fail("the simulator ended by itself", "amazon")
        if not self.wire.alive:
            self.fail("the wire ended by itself")
        for number in range(self.walk.processes):
            process = self.workers.get(number)
            if process is None:
                self.fail(f"process {number} was not started")
            if process.poll() is not None:
                self.fail(
                    f"process {number} ended by itself ({process.returncode})",
                    f"process-{number}",
                )
        for slot in self.pulse.slots():
            beats = self.pulse.beats(slot)
            expected = not slot.forked or beats
            name = slot, self.workers[slot.process].pid
            if expected and self.progress.stands_still(name, beats):
                self.fail(
                    f"{slot} has not moved for {self.walk.patience:g} s",
                    f"process-{slot.process}",
                )

    def fail(self, what: str, name: str | None = None) -> NoReturn:
        """Raise `WalkFailed` with the end of a process's error output."""
        complaints = self.folder / f"{name}.txt"
        said = complaints.read_text()[-2000:] if complaints.exists() else ""
        raise WalkFailed(f"{what}\n{said}".strip())

    # Afterwards -----------------------------------------------------------------------

    def audit(self, seconds: float) -> Report:
        """Compare all with the plan, and see that the walk was what it should be."""
        walk = self.walk
        orders = [
            order(walk.seed, number, walk.kinds, swaps=walk.swaps)
            for number in range(1, self.orders + 1)
        ]
        found = audit(self.folder, orders, _entries(self.folder / "journal.db"))
        steps, _ = self.shop.steps_done()
        report = Report(
            faults=found.faults,
            kills=self.kills,
            cuts=self.wire.cuts,
            refused=found.refused,
            seconds=seconds,
            steps=steps,
            answers=self.answers(),
        )
        seen = {"order": found.orders, "charge": found.charges, "entry": found.entries}
        report.faults.extend(
            f"no {what} was audited" for what, n in seen.items() if not n
        )
        report.faults.extend(self.not_shown(report))
        return report

    def answers(self) -> Counter[str]:
        """Count the calls that came to a decision, by who made them."""
        answers = Counter[str]()
        for slot in self.pulse.slots():
            answers[_role(slot)] += self.pulse.answers(slot)
        return answers

    def not_called(self) -> list[str]:
        """List who should have called and has not."""
        walk = self.walk
        expected: list[Slot] = []
        for kind in range(min(walk.processes, 2)):
            expected.append(Slot(kind, forked=False, place=1))
            if walk.sweeps:
                expected.append(Slot(kind, forked=False, place=0))
            if walk.forks:
                expected.append(Slot(kind, forked=True, place=1))
        answers = self.answers()
        return [role for role in map(_role, expected) if not answers[role]]

    def not_shown(self, report: Report) -> list[str]:
        """List what the walk should have had, and has not."""
        walk = self.walk
        missing = [f"no {role} has called" for role in self.not_called()]
        if walk.cuts and not report.cuts:
            missing.append("the wire has cut nothing")
        if report.steps > 2 * walk.kill_every and not report.kills:
            missing.append("nothing was killed")
        if walk.swaps and not report.refused:
            missing.append("no session was presented for two orders")
        return missing


def _role(slot: Slot) -> str:
    kind = "awaiting" if slot.awaits else "blocking"
    what = "sweeper" if slot.sweeps else "worker"
    return f"{'forked ' if slot.forked else ''}{kind} {what}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has forked."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _free_place() -> socket.socket:
    """Return a socket that keeps a free port from others, but from no listener."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


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
    return Supervisor(walk, folder).run()


RULES = ("2xx", "2xx+4xx", "all")


def main(size: int) -> list[str]:
    """Walk through `size` purchases, a third under each rule of stored answers."""
    faults: list[str] = []
    for place, rule in enumerate(RULES):
        walk = Walk(
            orders=-(-size // len(RULES)),
            seed=place + 1,
            stored_answers=rule,
            kill_every=max(size // 25, 25),
        )
        with tempfile.TemporaryDirectory() as folder:
            report = run(walk, Path(folder))
        faults += report.faults
        print(  # noqa: T201 - what the command is for
            f"stored answers {rule}, seed {walk.seed}: {walk.orders} purchases,"
            f" {report.steps} steps, {report.kills} kills, {report.cuts} cuts,"
            f" {report.refused} refused, {dict(report.answers)},"
            f" {len(report.faults)} faults, {report.seconds:.0f} s",
            flush=True,
        )
    return faults
