"""What a journal's file must survive: jobs, forks, and signals anywhere."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import exactly_once_soak as soak
from AmazonPay import JournalFailed, SQLiteJournal
from AmazonPay._core import fork_gate
from AmazonPay._once.changes import start_send
from forks import forked
from sqlite_files import INTENDED, KEY_OF_IT, Watchdog, at_step, in_the_middle, posix
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.mark.process
def test_jobs_that_open_the_journal_each_for_itself_lose_nothing(
    tmp_path: Path,
) -> None:
    assert soak.jobs_of_their_own(tmp_path, 30) == {}


@pytest.mark.process
@posix
def test_forks_of_a_process_that_uses_the_journal_lose_nothing(tmp_path: Path) -> None:
    assert soak.forks_in_use(tmp_path, 6) == {}


@contextmanager
def in_use(journal: SQLiteJournal) -> Generator[None]:
    """Let another thread be in the middle of a change."""
    inside, go_on = threading.Event(), threading.Event()

    def act() -> None:
        inside.set()
        go_on.wait()

    thread = threading.Thread(target=in_the_middle, args=(journal, act))
    thread.start()
    inside.wait()
    try:
        yield
    finally:
        go_on.set()
        thread.join()


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_waits_until_no_other_thread_uses_the_journal(
    journal: SQLiteJournal,
) -> None:
    codes: list[int] = []

    def child() -> None:
        journal.change(KEY_OF_IT, start_send(INTENDED))

    def fork() -> None:
        codes.append(forked(child, seconds=30))

    forking = threading.Thread(target=fork)
    with in_use(journal):
        forking.start()
        # It has come as far as it can: from here on nobody else may begin.
        while not fork_gate.gate._held:  # noqa: SLF001 - no other sign of it
            pass
        assert codes == []
    forking.join()
    found = journal.find(KEY_OF_IT)
    assert (codes, found and found.runs) == ([0], 2)


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_could_not_be_waited_for_refuses_to_use_the_journal(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_gate, "_FORK_TIMEOUT", 0.0)

    def child() -> None:
        for _ in range(2):
            with pytest.raises(JournalFailed, match="forked"):
                journal.find(KEY_OF_IT)
        assert forked(grandchild) == 0

    def grandchild() -> None:
        with pytest.raises(JournalFailed, match="forked"):
            journal.find(KEY_OF_IT)

    with in_use(journal):
        assert forked(child) == 0
    found = journal.find(KEY_OF_IT)
    assert found is not None


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_change_leaves_it_to_the_parent(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[int] = []
    closed: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    class Noted(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Noted))

    def fork() -> None:
        children.append(os.fork())

    try:
        in_the_middle(journal, fork)
    except JournalFailed:
        if children == [0]:
            # Closing the parent's connection would roll its change back.
            os._exit(8 if closed else 7)
        raise
    assert len(closed) == 1
    if children == [0]:
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7
    found = journal.change(KEY_OF_IT, start_send(INTENDED))
    assert found.runs == 2


@pytest.mark.process
def test_a_system_without_forks_needs_no_gate() -> None:
    code = (
        "import os\n"
        "for name in {'fork', 'register_at_fork'} & {*dir(os)}: delattr(os, name)\n"
        "from AmazonPay import SQLiteJournal\n"
        "import sys; SQLiteJournal(sys.argv[1])"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", code, f"{folder}/journal.db"]
        assert subprocess.run(command, check=False, env=unmeasured()).returncode == 0


# Between its opening and the next line nothing can close a connection but its end, of
# which Python 3.13 tells.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_an_exception_of_a_signal_handler_passes_unchanged_and_leaves_nothing(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient

    def bark() -> None:
        raise Watchdog

    def interrupted(step: int) -> bool:
        at_step(step, bark)
        try:
            SQLiteJournal(path).change(KEY_OF_IT, start_send(INTENDED))
        except Watchdog:
            return True
        finally:
            sys.setprofile(None)
        return False

    def use() -> None:
        journal.change(KEY_OF_IT, start_send(INTENDED))
        used.append(journal.find(KEY_OF_IT))

    used: list[Any] = []
    steps = 0
    for steps in count(1):
        if not interrupted(steps):
            break
        # No lock of the file is left behind, and none of the gate.
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert len(used) == steps
        fork_gate.gate.before_fork()
        assert fork_gate.gate._quiet  # noqa: SLF001 - a child would tell
        fork_gate.gate.after_fork_in_parent()
    assert steps > 20
    gc.collect()
