"""Workers that fork and start together over one `SQLAlchemyJournal`.

`main` is a soak: it tries each scenario on SQLite and on a PostgreSQL of its own.
`journal_forks.py SIZE SCENARIO URL` tries one; its exit code says whether anything was
wrong.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event

from AmazonPay import JournalFailed
from AmazonPay._once.changes import start_send
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal
from forks import exit_code, fork
from journals import intended
from postgres_server import postgres_server

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from AmazonPay.journal import Journal

CALLS = 5
TOGETHER = 20
THREADS = 3
AT_ONCE = 4
PATIENCE = 60
"""Seconds after which a child counts as hung."""


def use(journal: Journal, key: str) -> None:
    """Change an entry and read it."""
    entry = intended(key=f"{key:0>32}", order=key)
    journal.change(entry.key, start_send(entry))
    journal.find(entry.key)


def runs_of(journal: Journal, key: str) -> int:
    found = journal.find(f"{key:0>32}")
    return 0 if found is None else found.runs


def engine_for(url: str, *, wal: bool = False) -> Engine:
    # SQLite has one writer at a time, so that many workers wait for long.
    arguments = {"timeout": PATIENCE} if url.startswith("sqlite") else {}
    engine = create_engine(url, connect_args=arguments)

    def set_mode(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")

    if wal:
        event.listen(engine, "connect", set_mode)
    return engine


def tables(url: str, size: int) -> list[str]:
    """Let `size` workers create the table at the same moment, and use it."""
    waiting, start = os.pipe()

    def work() -> None:
        os.close(start)
        os.read(waiting, 1)
        journal = SQLAlchemyJournal(engine_for(url))
        journal.create_table()
        use(journal, "all")

    children = [fork(work, seconds=PATIENCE) for _ in range(size)]
    os.close(waiting)
    os.close(start)
    codes = [exit_code(child) for child in children]
    faults = [f"a worker ended with {code}" for code in codes if code]
    runs = runs_of(SQLAlchemyJournal(engine_for(url)), "all")
    return faults if runs == size else [*faults, f"{runs} of {size} changes are there"]


class Busy(threading.Thread):
    """A thread of the parent that uses the journal without a pause."""

    def __init__(self, journal: Journal, key: str) -> None:
        super().__init__()
        self.key = key
        self.done = 0
        self.ended = threading.Event()
        self.fault: str | None = None
        self._journal = journal

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                use(self._journal, self.key)
                self.done += 1
        except Exception as error:  # noqa: BLE001 - what is looked for
            self.fault = f"a thread of the parent: {error!r}"
            sys.stderr.write(f"{self.fault}\n")


@contextlib.contextmanager
def busy(journal: Journal) -> Generator[list[Busy]]:
    threads = [Busy(journal, f"thread{number}") for number in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.ended.set()
        for thread in threads:
            thread.join()


def forks(url: str, size: int, *, wal: bool = False) -> list[str]:
    """Fork `size` children while threads use the journal; each child uses it, too."""
    engine = engine_for(url, wal=wal)
    journal = SQLAlchemyJournal(engine)
    journal.create_table()
    # More connections than the threads use: a child finds some in the pool.
    for connection in [engine.connect() for _ in range(THREADS + AT_ONCE // 2)]:
        connection.close()
    faults: list[str] = []

    def work(name: str) -> None:
        for _ in range(CALLS):
            use(journal, name)

    names = [f"child{number}" for number in range(size)]
    expected = dict.fromkeys(names, CALLS)
    with busy(journal) as threads:
        for start in range(0, size, AT_ONCE):
            batch = names[start : start + AT_ONCE]
            children = [fork(partial(work, name), seconds=PATIENCE) for name in batch]
            for child in children:
                code = exit_code(child)
                if code:
                    how = "hung" if code == -signal.SIGALRM else f"ended with {code}"
                    faults.append(f"a child {how}")
    faults += [thread.fault for thread in threads if thread.fault]
    expected |= {thread.key: thread.done for thread in threads}
    # Read by a process that has not forked.
    fresh = SQLAlchemyJournal(engine_for(url, wal=wal))
    for name, runs in expected.items():
        found = runs_of(fresh, name)
        if found != runs:
            faults.append(f"{found} of {runs} changes of {name} are there")
    return faults


def inside(url: str, size: int) -> list[str]:
    """Let a signal handler fork in the middle of a change, `size` times."""
    engine = engine_for(url)
    journal = SQLAlchemyJournal(engine)
    journal.create_table()
    faults: list[str] = []
    children: list[int] = []

    def handle(*seen: object) -> None:
        if str(seen[2]).startswith("UPDATE") and not children:
            children.append(os.fork())

    event.listen(engine, "after_cursor_execute", handle)
    for number in range(size):
        children.clear()
        use(journal, f"fork{number}")
        try:
            use(journal, f"fork{number}")
        except JournalFailed:
            if children == [0]:
                os._exit(0)  # the child has left its parent's connection alone
            raise
        if children == [0]:
            os._exit(1)
        if exit_code(children[0]):
            faults.append("a child has used its parent's connection")
        if (runs := runs_of(journal, f"fork{number}")) != 2:
            faults.append(f"{runs} of 2 changes are there")
    return faults


SCENARIOS: dict[str, Callable[[str, int], list[str]]] = {
    "tables": tables,
    "forks": forks,
    "inside": inside,
    "forks-wal": partial(forks, wal=True),
}


def run(scenario: str, url: str, size: int) -> list[str]:
    """Run one scenario, print its result, and return its faults."""
    faults = SCENARIOS[scenario](url, size)
    place = url.partition(":")[0]
    sys.stdout.write(f"{scenario}, {place}, {size} workers: {len(faults)} faults\n")
    return [f"{scenario}, {place}: {fault}" for fault in faults]


def main(size: int) -> list[str]:
    """Try all scenarios, with a fork for every fifty of `size`; return the faults."""
    forked = max(AT_ONCE, size // 50)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for scenario in SCENARIOS:
            workers = TOGETHER if scenario == "tables" else forked
            faults += run(scenario, f"sqlite:///{folder}/{scenario}.db", workers)
    for scenario in SCENARIOS:
        if scenario != "forks-wal":  # a mode of SQLite
            workers = TOGETHER if scenario == "tables" else forked
            with postgres_server() as url:
                faults += run(scenario, url, workers)
    return faults


if __name__ == "__main__":
    found = run(sys.argv[2], sys.argv[3], int(sys.argv[1]))
    sys.stdout.writelines(f"  {fault}\n" for fault in found[:20])
    sys.exit(bool(found))
