"""What every journal must do, in a file and in a shop's database."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, MetaData

from AmazonPay import ConfigurationError, JournalConflict, JournalFailed, SQLiteJournal
from AmazonPay._once.bodies import digest_of, read_body
from AmazonPay._once.changes import (
    record_answer,
    record_decision,
    record_intent,
    start_send,
)
from AmazonPay._once.entry import time_text
from AmazonPay._once.outcomes import Assessment
from AmazonPay._once.sqlite_schema import COLUMNS
from AmazonPay.contrib import django as app
from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal, journal_table
from AmazonPay.journal import Entry
from journals import MemoryJournal, Ticks, intended
from side_by_side import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from AmazonPay import Journal

BODY = b'{"chargeAmount":{"amount":"10.00"},"note":"\xc3\xa9"}'

INTENDED = intended(
    key="0123456789abcdef0123456789abcdef",
    namespace="shop/sandbox/A1",
    order="M\u00fcller \U0001f4e6",
    body=BODY,
)


def sqlite(folder: Path) -> SQLiteJournal:
    return SQLiteJournal(folder / "journal.db", clock=Ticks())


def in_database(engine: Engine) -> SQLAlchemyJournal:
    journal = SQLAlchemyJournal(engine, clock=Ticks())
    journal.create_table()
    return journal


def in_django(alias: str) -> Journal:
    return app.DjangoJournal(alias, clock=Ticks())


# The journals that outlive a process: the fixture of a place, and what lies there.
LASTING: dict[str, tuple[str, Callable[[Any], Journal]]] = {
    "sqlite": ("tmp_path", sqlite),
    "sqlalchemy": ("sqlite_engine", in_database),
    "postgresql": ("postgres_engine", in_database),
    "django": ("sqlite_alias", in_django),
    "django-postgresql": ("postgres_alias", in_django),
}


@pytest.fixture
def shops(engine: Engine) -> SQLAlchemyJournal:
    """Keep the journal in the shop's own database."""
    return in_database(engine)


def journal_of(kind: str, request: pytest.FixtureRequest) -> Journal:
    if kind == "memory":
        return MemoryJournal()
    fixture, make = LASTING[kind]
    return make(request.getfixturevalue(fixture))


@pytest.fixture(params=LASTING)
def lasting(request: pytest.FixtureRequest) -> Journal:
    return journal_of(request.param, request)


@pytest.fixture(params=["memory", *LASTING])
def journal(request: pytest.FixtureRequest) -> Journal:
    return journal_of(request.param, request)


def untimed(entry: Entry | None) -> Entry:
    assert entry is not None
    return replace(entry, created=None, changed=None)


def stored(journal: Journal, entry: Entry) -> Entry:
    return journal.change(entry.key, lambda _: entry)


def numbered(number: int, outcome: Any = None) -> Entry:
    return replace(INTENDED, key=str(number) * 32, outcome=outcome)


def settled(outcome: Any, reason: str | None = None) -> Any:
    return record_decision(lambda _: Assessment(outcome, reason))


# The protocol -------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was_written(journal: Journal) -> None:
    entry = journal.change(INTENDED.key, record_intent(INTENDED))
    assert untimed(entry) == INTENDED
    assert journal.find(INTENDED.key) == entry


def test_every_member_of_an_entry_is_kept(journal: Journal) -> None:
    whole = replace(
        INTENDED,
        body=None,
        confirm_only=True,
        charge_ids=("S01-C1", "S01-C2"),
        runs=3,
        answers=2,
        outcome="pending",
        reason="TimedOut",
        object_id="S01-C1",
        other_object_ids=("S01-C3",),
        environment="sandbox",
        region="na",
        public_key_id="SANDBOX-KEY",
        abandoned="paid by card",
        created=datetime(2025, 12, 31, tzinfo=UTC),
    )
    journal.change(whole.key, lambda _: whole)
    found = journal.find(whole.key)
    assert found is not None
    assert replace(found, changed=None) == whole


def test_what_was_not_written_is_not_there(journal: Journal) -> None:
    assert journal.find("0" * 32) is None
    assert journal.open_entries() == []


def test_a_change_that_raises_changes_nothing(journal: Journal) -> None:
    before = journal.change(INTENDED.key, record_intent(INTENDED))
    other = replace(INTENDED, digest="other")
    with pytest.raises(JournalConflict):
        journal.change(INTENDED.key, start_send(other))
    assert journal.find(INTENDED.key) == before


def test_what_a_change_raises_passes_unchanged(journal: Journal) -> None:
    alarm = TimeoutError("a watchdog's")

    def change(_: Entry | None) -> Entry:
        raise alarm

    with pytest.raises(TimeoutError) as raised:
        journal.change(INTENDED.key, change)
    assert raised.value is alarm
    assert journal.find(INTENDED.key) is None


def test_an_entry_keeps_the_moment_of_its_first_writing(journal: Journal) -> None:
    first = journal.change(INTENDED.key, record_intent(INTENDED))
    assert first.created == first.changed is not None
    second = journal.change(INTENDED.key, start_send(INTENDED))
    assert second.changed != first.changed
    assert second.created == first.created
    assert journal.find(INTENDED.key) == second


def test_what_is_not_settled_is_listed_least_lately_changed_first(
    journal: Journal,
) -> None:
    outcomes = [None, "pending", "unknown", "moved", "success", "no"]
    for number, outcome in enumerate(outcomes):
        stored(journal, numbered(number, outcome))
    assert [one.key[0] for one in journal.open_entries()] == ["0", "1", "2", "3"]
    assert [one.key[0] for one in journal.open_entries(limit=2)] == ["0", "1"]
    assert [one.key[0] for one in journal.open_entries(limit=1)] == ["0"]


def test_only_what_was_left_alone_since_is_listed(lasting: Journal) -> None:
    first, second = (stored(lasting, numbered(number)) for number in (1, 2))
    assert lasting.open_entries(before=first.changed) == []
    assert lasting.open_entries(before=second.changed) == [first]
    lasting.change(first.key, record_intent(first))
    assert [one.key[0] for one in lasting.open_entries()] == ["2", "1"]


def test_bodies_of_what_is_settled_are_forgotten_and_all_else_stays(
    lasting: Journal,
) -> None:
    for number, outcome in enumerate(["success", "no", "pending"]):
        stored(lasting, numbered(number, outcome))
    moment = stored(lasting, numbered(9, "success")).changed
    assert moment is not None
    assert (lasting.forget(moment), lasting.forget(moment)) == (2, 0)
    kept = [one for n in (0, 1, 2, 9) if (one := lasting.find(str(n) * 32))]
    assert [one.body for one in kept] == [None, None, BODY, BODY]
    assert untimed(kept[0]) == replace(numbered(0, "success"), body=None)


@pytest.mark.parametrize("outcome", [None, "pending", "unknown", "moved"])
def test_a_body_that_may_be_needed_again_is_never_forgotten(
    lasting: Journal, outcome: Any
) -> None:
    stored(lasting, numbered(0, outcome))
    moment = stored(lasting, numbered(9)).changed
    assert moment is not None
    assert lasting.forget(moment) == 0
    found = lasting.find("0" * 32)
    assert found is not None
    assert found.body == BODY


def test_no_change_of_many_threads_is_lost(lasting: Journal) -> None:
    workers = 4
    barrier = threading.Barrier(workers)

    def work() -> None:
        barrier.wait()
        for _ in range(10):
            lasting.change(INTENDED.key, start_send(INTENDED))

    in_threads(work, workers)
    found = lasting.find(INTENDED.key)
    assert found is not None
    assert found.runs == 10 * workers


# SQLite -------------------------------------------------------------------------------


def _begin(path: str) -> None:
    journal = SQLiteJournal(path)
    for _ in range(5):
        journal.change(INTENDED.key, start_send(INTENDED))


@pytest.mark.process
def test_processes_share_a_file_from_its_first_moment(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_begin, args=(path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    found = SQLiteJournal(path).find(INTENDED.key)
    assert found is not None
    assert found.runs == 15


def test_what_was_written_is_on_the_disk(tmp_path: Path) -> None:
    def told(connection: sqlite3.Connection) -> list[Any]:
        pragmas = ("journal_mode", "synchronous")
        return [connection.execute(f"PRAGMA {one}").fetchone()[0] for one in pragmas]

    assert sqlite(tmp_path)._run(told, None) == ["wal", 2]  # noqa: SLF001 - no other connection can tell


def test_the_columns_are_those_of_an_entry() -> None:
    assert list(INTENDED.to_row()) == list(COLUMNS)


def test_a_journal_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = SQLiteJournal("journal.db")
    monkeypatch.chdir("/")
    journal.change(INTENDED.key, record_intent(INTENDED))
    assert SQLiteJournal(tmp_path / "journal.db").find(INTENDED.key) is not None


def test_a_journal_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        SQLiteJournal(tmp_path / "none" / "journal.db")


@pytest.mark.process
def test_importing_the_package_loads_no_database() -> None:
    code = (
        # What measures coverage has loaded one already.
        "import sys; before = set(sys.modules); import AmazonPay;"
        "sys.exit(bool({'sqlite3', 'sqlalchemy'} & (set(sys.modules) - before)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_journals_own_clock_is_the_machines(tmp_path: Path) -> None:
    journal = SQLiteJournal(tmp_path / "journal.db")
    changed = journal.change(INTENDED.key, record_intent(INTENDED)).changed
    assert changed is not None
    assert changed.tzinfo is UTC


# SQLAlchemy ---------------------------------------------------------------------------


def test_migrations_see_the_table(engine: Engine) -> None:
    metadata = MetaData()
    table = journal_table(metadata, "pay_journal")
    assert metadata.tables["pay_journal"] is table
    assert SQLAlchemyJournal(engine, "pay_journal", metadata=metadata).table is table
    assert {*COLUMNS} == {column.name for column in table.columns} - {"version"}


def test_creating_the_table_twice_is_no_mistake(shops: SQLAlchemyJournal) -> None:
    shops.create_table()
    assert shops.open_entries() == []


def test_only_an_engine_can_commit_by_itself(engine: Engine) -> None:
    with engine.connect() as connection:
        wrong: Any = connection
        with pytest.raises(ConfigurationError, match="not a Connection"):
            SQLAlchemyJournal(wrong)


def test_an_entry_outlives_the_shops_own_rollback(
    engine: Engine, shops: SQLAlchemyJournal
) -> None:
    with contextlib.suppress(ZeroDivisionError), engine.begin():
        shops.change(INTENDED.key, record_intent(INTENDED))
        raise ZeroDivisionError
    assert shops.find(INTENDED.key) is not None


# What happens to an entry -------------------------------------------------------------


def after(*changes: Any, start: Entry | None = None) -> Entry:
    entry = start
    for change in changes:
        entry = change(entry)
    assert entry is not None
    return entry


BEGUN = start_send(INTENDED)


def test_a_forgotten_body_comes_back_only_to_be_sent() -> None:
    session = replace(INTENDED, operation="complete_checkout_session")
    forgotten = replace(session, body=None, outcome="no")
    assert after(record_intent(session), start=forgotten).body is None
    assert after(start_send(session), start=forgotten).body == BODY


def test_a_conflict_names_no_values() -> None:
    other = replace(INTENDED, digest="other", order="1008", body=b"secret")
    with pytest.raises(JournalConflict) as one:
        after(record_intent(INTENDED), start_send(other))
    text = str(one.value)
    values = (INTENDED.order, INTENDED.namespace, INTENDED.digest, "1008", "secret")
    assert not any(value in text for value in (*values, INTENDED.key))


@pytest.mark.parametrize(
    "change", [record_answer("succeeded", None, None), settled("success"), start_send]
)
def test_an_entry_that_is_gone_is_missed(change: Any) -> None:
    if change is start_send:
        assert after(BEGUN).runs == 1
        return
    with pytest.raises(JournalFailed, match="lost"):
        change(None)


def test_an_entry_shows_no_body_and_no_order() -> None:
    text = repr(replace(INTENDED, order="1007"))
    assert "create_charge" in text
    assert not any(one in text for one in ("1007", "10.00", "sandbox", "/charges"))


# Bodies and times ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        b'{"a":{"c":[1,2],"b":"x"},"d":1.10}',
        b'{ "d": 1.10, "a": {"b": "\\u0078", "c": [1, 2]} }',
    ],
)
def test_order_and_blanks_make_no_other_body(other: bytes) -> None:
    assert digest_of(other) == digest_of(b'{"a":{"b":"x","c":[1,2]},"d":1.10}')


@pytest.mark.parametrize("other", [b'{"a":"1"}', b'{"a":"1.0"}', b'{"a":null}', b"{}"])
def test_every_value_makes_another_body(other: bytes) -> None:
    assert digest_of(other) != digest_of(b'{"a":"1.00"}')


def test_a_body_that_is_no_object_has_no_members() -> None:
    assert read_body(b"[1]") == {}
    assert read_body(b'{"a":0.1}')["a"].as_tuple().digits == (1,)


moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(moments, moments)
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert (one < other) == (time_text(one) < time_text(other))
    row = {**INTENDED.to_row(), "changed": time_text(one)}
    assert Entry.from_row(row).changed == one


@pytest.mark.parametrize(
    ("path", "subject"),
    [("/charges", ""), ("/charges/S01-C1/capture", "S01-C1"), ("/x/a%2Fb/c", "a/b")],
)
def test_an_entry_knows_the_id_in_its_path(path: str, subject: str) -> None:
    assert replace(INTENDED, path=path).subject == subject


def test_no_connection_is_left_open(tmp_path: Path) -> None:
    journal = sqlite(tmp_path)
    journal.change(INTENDED.key, record_intent(INTENDED))
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        # Only who is alone may leave the write-ahead log.
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    assert mode == ("delete",)


@pytest.mark.process
@pytest.mark.parametrize(
    "journal",
    [
        "from AmazonPay import SQLiteJournal",
        "from AmazonPay.contrib.sqlalchemy import SQLAlchemyJournal",
    ],
)
def test_whoever_has_a_journal_has_loaded_the_helpers_before_any_fork(
    journal: str,
) -> None:
    code = f"{journal}\nimport sys\nprint('AmazonPay._once.flow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
