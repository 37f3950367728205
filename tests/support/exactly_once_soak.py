"""Processes, threads and forks that share one journal's file; one of the soaks.

`make test` runs the same functions at a small size. Each returns what went wrong, by
its kind; an empty answer is a success.
"""

from __future__ import annotations

import multiprocessing
import signal
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from AmazonPay import SQLiteJournal
from AmazonPay._once.changes import start_send
from forks import forked
from journals import intended
from side_by_side import all_in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Barrier

    from AmazonPay.journal import Entry

PROCESSES, THREADS = 2, 3
PATIENCE = 30
"""After so many seconds, a child that does not end counts as hung."""

BODY = b'{"chargeAmount":{"amount":"10.00","currencyCode":"USD"}}'


def entry_named(name: str) -> Entry:
    return intended(key=name, order=name, body=BODY)


def _begin(path: str, name: str) -> None:
    """Do what a job does: open the journal, and write an entry."""
    SQLiteJournal(path).change(name, start_send(entry_named(name)))


def _missing(path: Path, names: Iterator[str]) -> Counter[str]:
    """Count what a journal should hold and does not."""
    found: Counter[str] = Counter()
    with closing(sqlite3.connect(path)) as connection:
        try:
            checked = connection.execute("PRAGMA integrity_check(1)").fetchone()
            rows = connection.execute("SELECT idempotency_key FROM entry").fetchall()
        except sqlite3.DatabaseError:
            return Counter(corrupt=1)
    found["corrupt"] = int(checked != ("ok",))
    found["lost"] = len({*names} - {name for (name,) in rows})
    return +found


# Jobs that open the journal, each for itself ------------------------------------------


def _worker(path: str, number: int, size: int, start: Barrier) -> None:
    failed = Counter[str]()

    def jobs(thread: int) -> None:
        for job in range(size):
            try:
                _begin(path, f"{number}-{thread}-{job}")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                failed[repr(error)] += 1

    start.wait()
    all_in_threads(*(partial(jobs, thread) for thread in range(THREADS)))
    if failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(1)


def jobs_of_their_own(folder: Path, size: int) -> Counter[str]:
    """Let each thread of some processes do `size` jobs, each with a journal of its own.

    Opening and closing the file beside SQLite drops the locks of the whole process:
    then another process takes itself to be alone, and removes the log that is in use.
    """
    path = folder / "journal.db"
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PROCESSES)
    workers = [
        context.Process(target=_worker, args=(str(path), number, size, start))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wrong = _missing(
        path,
        (
            f"{number}-{thread}-{job}"
            for number in range(PROCESSES)
            for thread in range(THREADS)
            for job in range(size)
        ),
    )
    wrong["failed"] = sum(worker.exitcode != 0 for worker in workers)
    return +wrong


# A process whose threads use the journal while it forks -------------------------------


def _child(path: str, name: str) -> None:
    """Be a forked child: write an entry, and read it."""
    signal.alarm(PATIENCE)
    _begin(path, name)
    found = SQLiteJournal(path).find(name)
    assert found is not None
    assert found.runs == 1


def _fork(path: str, name: str) -> int:
    return forked(partial(_child, path, name))


def _multiprocess(path: str, name: str) -> int:
    child = multiprocessing.get_context("fork").Process(
        target=_child, args=(path, name)
    )
    child.start()
    child.join()
    return child.exitcode or 0


def _forking(path: str, size: int) -> None:
    """Fork while threads write; print what came of it as the exit code says."""
    done = threading.Event()
    failed = Counter[str]()
    journal = SQLiteJournal(path)

    def write(thread: int) -> None:
        written = 0
        while not done.is_set():
            name = f"parent-{thread}-{written}"
            try:
                journal.change(name, start_send(entry_named(name)))
                if journal.find(name) is None:
                    failed["lost in the parent"] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                failed[repr(error)] += 1
            written += 1

    def fork() -> None:
        for number in range(size):
            way = (_fork, _multiprocess)[number % 2]
            code = way(path, f"child-{number}")
            if code:
                failed["hung" if code == -signal.SIGALRM else "child failed"] += 1
        done.set()

    all_in_threads(fork, *(partial(write, thread) for thread in range(THREADS)))
    if failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(1)


def forks_in_use(folder: Path, size: int) -> Counter[str]:
    """Fork `size` children of a process whose threads use the journal meanwhile."""
    path = folder / "journal.db"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_forking, args=(str(path), size))
    process.start()
    process.join()
    wrong = _missing(path, (f"child-{number}" for number in range(size)))
    wrong["failed"] = int(process.exitcode != 0)
    return +wrong


def main(size: int) -> list[str]:
    """Run all at a fifth of `size`; return what was lost, hung or raised."""
    faults: list[str] = []
    for run in (jobs_of_their_own, forks_in_use):
        with tempfile.TemporaryDirectory() as folder:
            wrong = run(Path(folder), max(size // 5, 1))
        faults += [f"{run.__name__}: {name} {count}" for name, count in wrong.items()]
    return faults
