"""A journal's file in use: failures, forgetting, and transactions."""

from __future__ import annotations

import pickle
import resource
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import (
    AmazonPayError,
    ConfigurationError,
    InvalidRequest,
    JournalFailed,
    SQLiteJournal,
)
from AmazonPay._once import sqlite_journal as journals
from AmazonPay._once import sqlite_schema
from AmazonPay._once.changes import start_send
from sqlite_files import (
    INTENDED,
    KEY_OF_IT,
    bytes_left,
    in_the_middle,
    posix,
    settled,
    sql,
    stored,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


# Failures -----------------------------------------------------------------------------


def test_a_locked_journal_says_so(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFailed, match=r"locked \(SQLITE_BUSY\)") as one:
            journal.change(KEY_OF_IT, start_send(INTENDED))
        assert journal.find(KEY_OF_IT) is None
    assert one.value.outcome_unknown is False
    assert (one.value.__cause__, one.value.__suppress_context__) == (None, True)
    journal.change(KEY_OF_IT, start_send(INTENDED))


@contextmanager
def full_disk() -> Generator[None]:
    """Let no file become longer than two pages."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@posix
def test_a_full_disk_says_so_and_keeps_what_was_there(
    path: Path, journal: SQLiteJournal
) -> None:
    before = stored(journal, INTENDED)
    uses: list[Callable[[], object]] = [
        lambda: journal.change(KEY_OF_IT, start_send(INTENDED)),
        lambda: journal.forget(utc(1)),
        lambda: SQLiteJournal(path.with_name("other.db")),
    ]
    for use in uses:
        with (
            full_disk(),
            pytest.raises((JournalFailed, ConfigurationError), match="disk"),
        ):
            use()
    assert journal.find(KEY_OF_IT) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "half a surrogate: \ud800"},
        {"runs": 2**63},
        {"order": object()},
        {"namespace": None},
    ],
)
def test_what_cannot_be_stored_says_so_and_shows_no_value(
    journal: SQLiteJournal, wrong: Any
) -> None:
    before = stored(journal, INTENDED)
    with pytest.raises(JournalFailed) as one:
        stored(journal, replace(INTENDED, **wrong))
    assert not any(word in str(one.value) for word in ("surrogate", "9223", "entry."))
    assert journal.find(KEY_OF_IT) == before


def test_a_failure_is_pickled_without_the_answer() -> None:
    error = JournalFailed("it is full", outcome_unknown=True, object_id="S01-C1")
    kept = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(kept, JournalFailed)
    assert isinstance(kept, AmazonPayError)
    assert (str(kept), kept.outcome_unknown) == ("it is full", True)
    assert (kept.response, kept.object_id) == (None, "S01-C1")
    strange = JournalFailed("it is full", object_id="Mary Miller, 5 Main St")
    kept = pickle.loads(pickle.dumps(strange))  # noqa: S301 - our own bytes
    assert kept.object_id == "(not shown)"


def test_a_clock_without_a_zone_is_refused(path: Path) -> None:
    journal = SQLiteJournal(path, clock=datetime.now)
    with pytest.raises(InvalidRequest, match="zone"):
        journal.change(KEY_OF_IT, start_send(INTENDED))
    assert journal.find(KEY_OF_IT) is None


# Forgetting ---------------------------------------------------------------------------


@pytest.mark.parametrize("entries", [1, 40])
def test_what_is_forgotten_is_neither_in_the_file_nor_in_its_log(
    path: Path, journal: SQLiteJournal, entries: int
) -> None:
    with closing(sqlite3.connect(path)) as other:
        # It keeps the log from being removed.
        other.execute("SELECT * FROM entry").fetchall()
        for number in range(entries):
            stored(journal, settled(number))
        assert bytes_left(path)
        assert journal.forget(utc(1)) == entries
        assert not bytes_left(path)
    assert len(sql(path, "SELECT 1 FROM entry WHERE body IS NULL")) == entries


def test_what_others_left_of_a_body_in_the_file_is_forgotten_too(
    path: Path, journal: SQLiteJournal
) -> None:
    for number in range(20):
        stored(journal, settled(number))
    sql(path, "PRAGMA secure_delete = OFF", "UPDATE entry SET body = NULL")
    assert bytes_left(path)
    assert journal.forget(utc(1)) == 0
    assert not bytes_left(path)


def test_a_reader_that_keeps_forgotten_bytes_is_told_of_and_the_next_call_ends_it(
    path: Path, journal: SQLiteJournal, impatient: None
) -> None:
    del impatient
    stored(journal, settled(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM entry").fetchall()
        for erased in (1, 0):
            with pytest.raises(JournalFailed, match=f"{erased} bodies.*again.*reading"):
                journal.forget(utc(1))
        assert bytes_left(path)
        reader.execute("COMMIT")
        assert journal.forget(utc(1)) == 0
        assert not bytes_left(path)


def test_a_forgotten_journal_is_still_the_same(
    path: Path, journal: SQLiteJournal
) -> None:
    other = SQLiteJournal(path)
    stored(journal, settled(1))
    journal.forget(utc(1))
    assert other.find(settled(1).key) == journal.find(settled(1).key)
    assert sql(path, "PRAGMA user_version") == [(1,)]


# Transactions -------------------------------------------------------------------------


def locked_out(path: Path) -> None:
    """Find that no other connection can write now."""
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_nobody_else_writes_between_the_reading_and_the_writing_of_a_change(
    path: Path, journal: SQLiteJournal
) -> None:
    in_the_middle(journal, lambda: locked_out(path))
    assert journal.find(KEY_OF_IT) is not None


def test_a_file_is_migrated_by_one_who_waits_half_a_minute_for_the_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []

    def migrating(connection: sqlite3.Connection) -> int:
        locked_out(path)
        waits.append(sqlite_schema.pragma(connection, "busy_timeout"))
        return sqlite_schema.migrate(connection)

    monkeypatch.setattr(journals, "migrate", migrating)
    assert SQLiteJournal(path).find(KEY_OF_IT) is None
    assert waits == [30_000]


def test_a_file_that_disappears_before_it_is_opened_is_not_made_anew(
    path: Path, journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def connecting(*args: Any, **kwargs: Any) -> Any:
        path.unlink()
        return connect(*args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", connecting)
    with pytest.raises(JournalFailed, match=r"opened|disappeared"):
        journal.find(KEY_OF_IT)
    assert not path.exists()


def test_a_log_that_cannot_be_opened_is_not_passed_over(
    path: Path, journal: SQLiteJournal
) -> None:
    stored(journal, INTENDED)
    Path(f"{path}-wal").mkdir()
    with pytest.raises(JournalFailed, match="cannot be opened"):
        journal.find(KEY_OF_IT)


@posix
def test_the_log_of_a_private_file_is_made_private_too(
    path: Path, journal: SQLiteJournal
) -> None:
    log = Path(f"{path}-wal")
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM entry")
        stored(journal, INTENDED)
        log.chmod(0o644)
        SQLiteJournal(path)
        assert log.stat().st_mode & 0o777 == 0o600


def test_a_hundred_open_entries_are_listed_unless_a_number_is_given(
    path: Path, journal: SQLiteJournal
) -> None:
    row = stored(journal, INTENDED).to_row()
    marks = ", ".join("?" * len(row))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            f"INSERT INTO entry ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
            [
                tuple({**row, "idempotency_key": f"{number:032}"}.values())
                for number in range(100)
            ],
        )
    assert len(journal.open_entries()) == 100
    assert len(journal.open_entries(limit=101)) == 101


def test_an_error_of_the_database_without_a_name_shows_its_kind() -> None:
    failed = journals._database_failure(sqlite3.ProgrammingError("x"))  # noqa: SLF001 - no file raises it
    assert str(failed) == "the journal's database fails (ProgrammingError)"
