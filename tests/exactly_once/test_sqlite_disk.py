"""A journal on a disk that cannot be written."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from AmazonPay import ConfigurationError, JournalFailed, SQLiteJournal
from AmazonPay._once.changes import start_send
from forks import forked
from sqlite_files import INTENDED, KEY_OF_IT, VERSION_0, posix, sql, utc

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


@contextmanager
def read_only(folder: Path, *, mode: int = 0o400) -> Generator[None]:
    """Be a user for a while who can write nothing in a folder."""
    me = os.geteuid()
    user = me or 65534  # a privileged user could write all the same
    for one in folder.iterdir():
        os.chown(one, user, -1)
        one.chmod(mode)
    folder.chmod(0o555)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(me)
        folder.chmod(0o755)
        for one in folder.iterdir():
            one.chmod(0o600)


@pytest.fixture
def disk() -> Iterator[Path]:
    # The folders of `tmp_path` are closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "journal.db"


@posix
@pytest.mark.parametrize("mode", [0o400, 0o600])
@pytest.mark.parametrize("version", [0, 1])
def test_a_journal_on_a_read_only_disk_can_be_read(
    disk: Path, version: int, mode: int
) -> None:
    shutil.copyfile(VERSION_0, disk)
    if version:
        SQLiteJournal(disk)
    before = disk.read_bytes()
    with read_only(disk.parent, mode=mode):
        journal = SQLiteJournal(disk)
        orders = [entry.order for entry in journal.open_entries()]
        assert orders == ["1001", "1002", "1003", "1004", "1005"]
        assert journal.find("b93d4af7d8f94a96802ead5c4d7c33a7") is not None
        for use in (
            lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
            lambda: journal.forget(utc(1)),
        ):
            with pytest.raises(JournalFailed):
                use()
    assert disk.read_bytes() == before


@posix
def test_a_journal_is_written_again_when_its_disk_can_be_written(disk: Path) -> None:
    SQLiteJournal(disk)
    with read_only(disk.parent):
        journal = SQLiteJournal(disk)
    journal.change(KEY_OF_IT, start_send(INTENDED))
    assert journal.find(KEY_OF_IT) is not None


def left_by_a_killed_process(path: Path) -> None:
    """Leave an entry in the log alone, as a process that is killed does."""

    def child() -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT * FROM entry").fetchall()
            SQLiteJournal(path).change(KEY_OF_IT, start_send(INTENDED))
            os.kill(os.getpid(), signal.SIGKILL)

    assert forked(child) == -signal.SIGKILL
    assert path.with_name("journal.db-wal").stat().st_size > 0


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_log_on_a_read_only_disk_is_read_too(disk: Path) -> None:
    SQLiteJournal(disk)
    left_by_a_killed_process(disk)
    with read_only(disk.parent):
        assert SQLiteJournal(disk).find(KEY_OF_IT) is not None


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_log_that_cannot_be_read_is_not_passed_over(disk: Path) -> None:
    SQLiteJournal(disk)
    left_by_a_killed_process(disk)
    disk.with_name("journal.db-shm").unlink()
    with (
        read_only(disk.parent),
        pytest.raises(ConfigurationError, match="log beside the file"),
    ):
        SQLiteJournal(disk)


@posix
@pytest.mark.parametrize("empty", [True, False])
def test_a_journal_cannot_be_made_on_a_read_only_disk(disk: Path, empty: bool) -> None:
    if empty:
        disk.touch()
    with (
        read_only(disk.parent),
        pytest.raises(ConfigurationError, match="cannot be opened"),
    ):
        SQLiteJournal(disk)


@posix
def test_what_changes_while_it_is_read_without_locks_is_not_believed(
    disk: Path,
) -> None:
    SQLiteJournal(disk)

    def work(connection: sqlite3.Connection) -> None:
        del connection
        moment = (datetime.now(UTC) + timedelta(days=1)).timestamp()
        os.utime(disk, (moment, moment))

    with read_only(disk.parent):
        journal = SQLiteJournal(disk)
        with pytest.raises(JournalFailed, match="changed while it was read"):
            journal._run(work, "BEGIN")  # noqa: SLF001 - nobody else comes between


@posix
@pytest.mark.usefixtures("impatient")
def test_a_locked_journal_on_a_read_only_disk_is_not_read_without_its_lock(
    disk: Path,
) -> None:
    shutil.copyfile(VERSION_0, disk)
    sql(disk, "PRAGMA journal_mode = DELETE")
    with read_only(disk.parent, mode=0o400):
        journal = SQLiteJournal(disk)
    with closing(sqlite3.connect(disk, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            read_only(disk.parent, mode=0o400),
            pytest.raises(JournalFailed, match="locked"),
        ):
            journal.find(KEY_OF_IT)
