"""The journal in a shop's database, where the database or the shop misbehaves."""

from __future__ import annotations

import gc
import importlib.util
import os
import pickle
import random
import sqlite3
import traceback
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    AssertionPool,
    CursorResult,
    Engine,
    MetaData,
    NullPool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.ext.asyncio import create_async_engine

from AmazonPay import ConfigurationError, JournalFailed
from AmazonPay._once.changes import record_answer, record_intent, start_send
from AmazonPay.contrib import sqlalchemy as module
from AmazonPay.contrib._sqlalchemy_forks import engines
from AmazonPay.contrib.sqlalchemy import TABLE_NAME, SQLAlchemyJournal, journal_table
from journals import Ticks, intended
from lossy_wire import lossy_wire
from side_by_side import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from AmazonPay._once.entry import Change, Entry
    from lossy_wire import Loss, LossyWire

BODY = b'{"chargeAmount":{"amount":"10.00"},"note":"canary-body"}'
INTENDED = intended(
    key="0123456789abcdef0123456789abcdef",
    namespace="canary-namespace",
    order="canary-order",
    body=BODY,
)
KEY = INTENDED.key
RUN = start_send(INTENDED)


@pytest.fixture
def journal(engine: Engine) -> SQLAlchemyJournal:
    journal = SQLAlchemyJournal(engine, clock=Ticks())
    journal.create_table()
    return journal


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def counted(change: Change) -> tuple[Change, list[int]]:
    """Count how often a change is asked for."""
    asked: list[int] = []

    def counting(found: Entry | None) -> Entry:
        asked.append(1)
        return change(found)

    return counting, asked


def on_update(engine: Engine, what: str) -> None:
    """Let the database do something whenever an entry is updated."""
    if engine.dialect.name == "sqlite":
        action = {
            "refuse": "SELECT RAISE(ABORT, 'CHECK constraint failed: canary-body')",
            "ignore": "SELECT RAISE(IGNORE)",
        }[what]
        execute(
            engine,
            f"CREATE TRIGGER t BEFORE UPDATE ON {TABLE_NAME} BEGIN {action}; END",
        )
        return
    action = {
        "refuse": "RAISE check_violation USING MESSAGE = 'canary-body'",
        "ignore": "RETURN NULL",
        "conflict": "RAISE serialization_failure",
    }[what]
    execute(
        engine,
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql"
        f" AS 'BEGIN {action.replace(chr(39), chr(39) * 2)}; RETURN NEW; END'",
        f"CREATE TRIGGER t BEFORE UPDATE ON {TABLE_NAME}"
        " FOR EACH ROW EXECUTE FUNCTION f()",
    )


def interfere(engine: Engine, verb: str, times: int = 1) -> list[str]:
    """Let another worker come between the reading and the writing, some times."""
    # Without the listener, and without a connection that stays.
    calm = create_engine(engine.url, poolclass=NullPool)
    other = SQLAlchemyJournal(calm, clock=Ticks())
    came: list[str] = []

    def listen(*seen: Any) -> None:
        statement: str = seen[2]
        if statement.startswith(verb) and len(came) < times:
            came.append(statement)
            other.change(KEY, RUN)

    event.listen(engine, "before_cursor_execute", listen)
    return came


def runs_of(journal: SQLAlchemyJournal) -> int:
    found = journal.find(KEY)
    assert found is not None
    return found.runs


# Every loop ends ----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["refuse", "ignore"])
def test_an_update_that_the_database_refuses_is_tried_once(
    engine: Engine, journal: SQLAlchemyJournal, what: str
) -> None:
    journal.change(KEY, RUN)
    on_update(engine, what)
    change, asked = counted(RUN)
    with pytest.raises(JournalFailed):
        journal.change(KEY, change)
    assert len(asked) == 1
    assert runs_of(journal) == 1


def test_an_insert_that_the_database_refuses_is_tried_once(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    # A shop's own constraint, which no later try would satisfy.
    execute(engine, f"CREATE UNIQUE INDEX one ON {TABLE_NAME} (namespace)")
    journal.change("0" * 32, record_intent(replace(INTENDED, key="0" * 32)))
    change, asked = counted(RUN)
    with pytest.raises(JournalFailed, match="IntegrityError"):
        journal.change(KEY, change)
    assert len(asked) == 1


def test_a_conflict_that_never_ends_is_given_up(postgres_engine: Engine) -> None:
    journal = SQLAlchemyJournal(postgres_engine)
    journal.create_table()
    journal.change(KEY, RUN)
    on_update(postgres_engine, "conflict")
    change, asked = counted(RUN)
    with pytest.raises(JournalFailed, match="40001"):
        journal.change(KEY, change)
    assert len(asked) == 5


def test_workers_that_are_always_faster_are_given_way_for_some_time(
    engine: Engine, journal: SQLAlchemyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.change(KEY, RUN)
    came = interfere(engine, "UPDATE", times=1000)
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    with pytest.raises(JournalFailed, match="does not change"):
        journal.change(KEY, RUN)
    assert 0 < len(came) < 1000


def test_who_was_not_the_first_to_write_a_key_reads_it(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    interfere(engine, "INSERT")
    assert journal.change(KEY, RUN).runs == 2


def test_who_lost_a_race_reads_again(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    journal.change(KEY, RUN)
    came = interfere(engine, "UPDATE", times=2)
    assert journal.change(KEY, RUN).runs == 4
    assert len(came) == 2


def test_a_worker_that_seeds_random_again_loses_no_change(
    journal: SQLAlchemyJournal,
) -> None:
    for _ in range(3):
        random.seed(1)
        journal.change(KEY, RUN)
    assert journal.change(KEY, RUN).runs == 4


def test_two_workers_that_seed_random_alike_lose_no_change(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    journal.change(KEY, RUN)
    others = [SQLAlchemyJournal(engine)]

    def change(found: Entry | None) -> Entry:
        if others:
            random.seed(1)
            others.pop().change(KEY, RUN)
        return RUN(found)

    random.seed(1)
    assert journal.change(KEY, change).runs == 3


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_no_change_of_many_workers_is_lost_at_any_isolation(
    postgres_engine: Engine, level: Any
) -> None:
    engine = postgres_engine.execution_options(isolation_level=level)
    journal = SQLAlchemyJournal(engine)
    journal.create_table()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                journal.change(KEY, RUN)
        except BaseException as error:  # noqa: BLE001 - for the main thread
            failures.append(error)

    in_threads(work, 8)
    found = journal.find(KEY)
    assert failures == []
    assert found is not None
    assert found.runs == 80


# Drivers that do not count rows -------------------------------------------------------


@pytest.fixture(params=["not sane", "minus one"])
def uncounted(
    request: pytest.FixtureRequest, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    """Take the row count away, in the two ways in which a driver says so."""
    if request.param == "not sane":
        monkeypatch.setattr(engine.dialect, "supports_sane_rowcount", False)
    monkeypatch.setattr(CursorResult, "rowcount", -1)
    return engine


def test_a_driver_that_counts_no_rows_changes_an_entry(
    uncounted: Engine, journal: SQLAlchemyJournal
) -> None:
    assert [journal.change(KEY, RUN).runs for _ in range(3)] == [1, 2, 3]
    interfere(uncounted, "UPDATE", times=2)
    assert journal.change(KEY, RUN).runs == 6


def test_a_driver_that_counts_no_rows_notices_what_is_not_written(
    uncounted: Engine, journal: SQLAlchemyJournal
) -> None:
    journal.change(KEY, RUN)
    on_update(uncounted, "ignore")
    with pytest.raises(JournalFailed, match="does not change"):
        journal.change(KEY, RUN)


def test_a_driver_that_counts_no_rows_still_counts_what_is_forgotten(
    uncounted: Engine, journal: SQLAlchemyJournal
) -> None:
    del uncounted
    journal.change(KEY, lambda _: replace(INTENDED, outcome="no"))
    later = journal.change(
        "1" * 32, record_intent(replace(INTENDED, key="1" * 32))
    ).changed
    assert later is not None
    assert [journal.forget(later), journal.forget(later)] == [1, 0]


def test_without_a_row_count_and_a_transaction_nobody_can_tell_who_won(
    uncounted: Engine, journal: SQLAlchemyJournal
) -> None:
    journal.change(KEY, RUN)
    alone = uncounted.execution_options(isolation_level="AUTOCOMMIT")
    interfere(uncounted, "UPDATE")
    with pytest.raises(JournalFailed, match="nobody can tell"):
        SQLAlchemyJournal(alone).change(KEY, RUN)
    assert runs_of(journal) == 2


def test_an_engine_that_commits_each_statement_loses_no_change(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    alone = SQLAlchemyJournal(engine.execution_options(isolation_level="AUTOCOMMIT"))
    assert alone.change(KEY, RUN).runs == 1
    interfere(engine, "UPDATE", times=2)
    assert alone.change(KEY, RUN).runs == 4
    assert runs_of(journal) == 4


# A commit that is lost ----------------------------------------------------------------


@pytest.fixture
def wire(postgres_url: str, postgres_engine: Engine) -> Iterator[LossyWire]:
    SQLAlchemyJournal(postgres_engine).create_table()
    with lossy_wire(postgres_url) as wire:
        yield wire


@pytest.fixture
def remote(wire: LossyWire) -> Iterator[SQLAlchemyJournal]:
    engine = create_engine(wire.url)
    journal = SQLAlchemyJournal(engine)
    assert journal.find(KEY) is None
    yield journal
    engine.dispose()


@pytest.mark.parametrize("loss", ["before", "after", "late"])
def test_a_lost_commit_counts_once(
    wire: LossyWire, remote: SQLAlchemyJournal, loss: Loss
) -> None:
    for runs in (1, 2):  # an INSERT, and an UPDATE
        wire.loss = loss
        assert remote.change(KEY, RUN).runs == runs
    wire.loss = loss
    assert remote.change(KEY, record_answer("succeeded", None, "S01-C1")).answers == 1
    assert wire.losses == 3
    found = remote.find(KEY)
    assert found is not None
    assert (found.runs, found.answers) == (2, 1)


def test_a_lost_commit_that_another_change_hides_is_not_made_again(
    wire: LossyWire, remote: SQLAlchemyJournal, postgres_engine: Engine
) -> None:
    other = SQLAlchemyJournal(postgres_engine)
    other.change(KEY, RUN)
    other.change(KEY, RUN)
    wire.loss, wire.meanwhile = "after", lambda: other.change(KEY, RUN)
    with pytest.raises(JournalFailed, match="was written before, or not"):
        remote.change(KEY, record_answer("succeeded", None, "S01-C1"))
    found = other.find(KEY)
    assert found is not None
    # A charge that is there is not begun again.
    assert (found.runs, found.answers) == (2, 1)


def test_a_pool_of_dead_connections_is_replaced(
    wire: LossyWire, remote: SQLAlchemyJournal, postgres_engine: Engine
) -> None:
    del wire
    remote.change(KEY, RUN)
    execute(
        postgres_engine,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE client_addr IS NOT NULL",
    )
    found = remote.find(KEY)
    assert found is not None
    assert remote.change(KEY, RUN).runs == 2


def test_a_database_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    engine = create_engine(f"postgresql+psycopg://shop@/postgres?host={tmp_path}")
    with pytest.raises(JournalFailed, match="OperationalError") as one:
        SQLAlchemyJournal(engine).change(KEY, RUN)
    assert not one.value.outcome_unknown


def test_a_database_that_is_locked_is_a_failure(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    SQLAlchemyJournal(sqlite_engine).create_table()
    hasty = create_engine(sqlite_engine.url, connect_args={"timeout": 0})
    locker = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalFailed, match="SQLITE_BUSY"):
        SQLAlchemyJournal(hasty).change(KEY, RUN)
    locker.close()
    hasty.dispose()


# Engines that will not do -------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&cache=shared&uri=true",
        "sqlite:///file:x?cache=shared&mode=memory&uri=true",
    ],
)
@pytest.mark.parametrize("pool", [SingletonThreadPool, NullPool, QueuePool])
def test_a_database_in_memory_is_refused(url: str, pool: Any) -> None:
    with pytest.raises(ConfigurationError, match="memory"):
        SQLAlchemyJournal(create_engine(url, poolclass=pool))


@pytest.mark.parametrize("place", [":memory:", ""])
def test_a_database_in_memory_under_the_name_of_a_file_is_refused(
    place: str, tmp_path: Path
) -> None:
    engine = create_engine(
        f"sqlite:///{tmp_path}/shop.db", creator=lambda: sqlite3.connect(place)
    )
    with pytest.raises(ConfigurationError, match="memory"):
        SQLAlchemyJournal(engine).create_table()
    engine.dispose()


@pytest.mark.parametrize("pool", [StaticPool, SingletonThreadPool, AssertionPool])
def test_a_pool_of_one_connection_is_refused(pool: Any, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/shop.db", "postgresql+psycopg:///shop"):
        with pytest.raises(ConfigurationError, match=pool.__name__):
            SQLAlchemyJournal(create_engine(url, poolclass=pool))


def test_an_engine_of_asyncio_is_refused() -> None:
    engine = create_async_engine("postgresql+psycopg:///shop")
    with pytest.raises(ConfigurationError, match="blocking"):
        SQLAlchemyJournal(engine.sync_engine)


@pytest.fixture
def shared(engine: Engine) -> Iterator[Any]:
    """Connect as a shop that gives the same connection to everyone."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    yield connection
    connection.close()


def test_an_open_transaction_of_the_shop_is_neither_committed_nor_undone(
    engine: Engine, journal: SQLAlchemyJournal, shared: Any
) -> None:
    del journal
    execute(engine, "CREATE TABLE orders (name TEXT)")
    handed = create_engine(engine.url, creator=lambda: shared)
    handed.connect().close()  # SQLAlchemy rolls its first connection back
    shared.cursor().execute("INSERT INTO orders VALUES ('1007')")
    ours = SQLAlchemyJournal(handed)
    for _ in range(2):
        with pytest.raises(JournalFailed, match="open transaction"):
            ours.change(KEY, RUN)
    assert shared.cursor().execute("SELECT name FROM orders").fetchall() == [("1007",)]
    shared.rollback()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM orders")).all() == []


def test_an_engine_that_hands_out_the_shops_connection_is_passed_by(
    engine: Engine, journal: SQLAlchemyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    del journal
    if engine.dialect.name == "sqlite":
        # Its open transaction would lock the journal out.
        execute(engine, "PRAGMA user_version = 0")
    with engine.connect() as shops:
        monkeypatch.setattr(engine, "connect", lambda: shops)
        monkeypatch.setattr(engine, "begin", shops.begin)
        SQLAlchemyJournal(engine).change(KEY, RUN)
        shops.rollback()
    monkeypatch.undo()
    assert SQLAlchemyJournal(engine).find(KEY) is not None


# The table ----------------------------------------------------------------------------

ADDED = ("other_object_ids", "environment", "region", "public_key_id", "abandoned")


def statements_in(message: str) -> list[str]:
    return message.partition("migration:\n")[2].split(";\n")


@pytest.mark.parametrize("lost", [ADDED, ("created",), ("version",)])
def test_an_older_table_is_refused_with_what_mends_it(
    engine: Engine, journal: SQLAlchemyJournal, lost: tuple[str, ...]
) -> None:
    for column in lost:
        execute(engine, f"ALTER TABLE {TABLE_NAME} DROP COLUMN {column}")
    before = inspect(engine).get_columns(TABLE_NAME)
    uses: tuple[Callable[[SQLAlchemyJournal], object], ...] = (
        lambda one: one.change(KEY, RUN),
        lambda one: one.find(KEY),
        lambda one: one.open_entries(),
        lambda one: one.forget(Ticks()()),
        lambda one: one.create_table(),
    )
    del journal
    said: set[str] = set()
    for use in uses:
        with pytest.raises(ConfigurationError, match="older") as refused:
            use(SQLAlchemyJournal(engine))
        said.add(str(refused.value))
    assert len(inspect(engine).get_columns(TABLE_NAME)) == len(before)
    (once,) = said
    mended = statements_in(once)
    assert len(mended) == len(lost)
    if lost != ("version",):  # must not be NULL, which SQLite cannot add
        execute(engine, *mended)
        assert SQLAlchemyJournal(engine).change(KEY, RUN).runs == 1


def test_a_table_that_is_not_there_is_refused_with_what_makes_it(
    engine: Engine,
) -> None:
    journal = SQLAlchemyJournal(engine)
    with pytest.raises(ConfigurationError, match="no table") as refused:
        journal.change(KEY, RUN)
    execute(engine, *statements_in(str(refused.value)))
    assert journal.change(KEY, RUN).runs == 1
    assert inspect(engine).get_indexes(TABLE_NAME) != []


@pytest.mark.parametrize("default", ["", " DEFAULT 0"])
def test_a_newer_table_is_refused(engine: Engine, default: str) -> None:
    table = journal_table(MetaData())
    table.create(engine)
    if engine.dialect.name == "sqlite" and not default:
        execute(engine, f"DROP TABLE {TABLE_NAME}")
        columns = ", ".join(f"{one.name} TEXT" for one in table.columns)
        execute(engine, f"CREATE TABLE {TABLE_NAME} ({columns}, shiny INT NOT NULL)")
    else:
        execute(engine, f"ALTER TABLE {TABLE_NAME} ADD shiny INTEGER NOT NULL{default}")
    with pytest.raises(ConfigurationError, match="shiny"):
        SQLAlchemyJournal(engine).change(KEY, RUN)


def test_a_column_of_the_shops_own_may_be_there(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    execute(engine, f"ALTER TABLE {TABLE_NAME} ADD note TEXT")
    assert journal.change(KEY, RUN).runs == 1
    assert SQLAlchemyJournal(engine).change(KEY, RUN).runs == 2


def test_a_column_that_is_too_short_is_refused(engine: Engine) -> None:
    metadata = MetaData()
    table = journal_table(metadata)
    table.c.reason.type.length = 16  # type: ignore[attr-defined] # a String
    metadata.create_all(engine)
    with pytest.raises(ConfigurationError, match=r"too short.*reason VARCHAR\(64\)"):
        SQLAlchemyJournal(engine).change(KEY, RUN)


def test_a_table_may_lie_in_a_schema(postgres_engine: Engine) -> None:
    execute(postgres_engine, "CREATE SCHEMA one", "CREATE SCHEMA two")
    try:
        metadata = MetaData("one")
        journal = SQLAlchemyJournal(postgres_engine, metadata=metadata)
        journal.create_table()
        assert (
            SQLAlchemyJournal(postgres_engine, metadata=metadata).table is journal.table
        )
        moved = postgres_engine.execution_options(schema_translate_map={"one": "two"})
        elsewhere = SQLAlchemyJournal(moved, metadata=metadata)
        elsewhere.create_table()
        assert journal.change(KEY, RUN).runs == 1
        assert elsewhere.find(KEY) is None
    finally:
        execute(postgres_engine, "DROP SCHEMA one CASCADE", "DROP SCHEMA two CASCADE")


def test_a_table_that_cannot_be_created_is_a_failure(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        engine = create_engine(
            f"{engine.url}?mode=ro&uri=true".replace("///", "///file:")
        )
        expected = "OperationalError"
    else:
        options = {"options": "-c default_transaction_read_only=on"}
        engine = create_engine(engine.url, connect_args=options)
        expected = "25006"
    with pytest.raises(JournalFailed, match=expected):
        SQLAlchemyJournal(engine).create_table()
    engine.dispose()


# What has happened is written, whatever it is called ----------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("x" * 500, "x" * 64),
        ("\U0001f4e6" * 65, "\U0001f4e6" * 64),
        ("a\0b", "a?b"),
        ("a\ud800b", "a?b"),
    ],
)
def test_a_reason_and_an_id_are_cut_to_their_columns(
    journal: SQLAlchemyJournal, given: str, kept: str
) -> None:
    journal.change(KEY, RUN)
    done = replace(
        INTENDED,
        outcome="unknown",
        reason=given,
        object_id=given,
        other_object_ids=(given,),
        public_key_id=given,
    )
    written = journal.change(KEY, lambda _: done)
    assert (written.reason, written.object_id) == (kept, kept)
    assert written.other_object_ids == (given,)
    assert journal.find(KEY) == written


def test_an_older_entry_takes_the_earliest_moment_that_is_known(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    first = journal.change(KEY, RUN).changed
    execute(engine, "UPDATE amazonpay_journal SET created = NULL")
    assert journal.change(KEY, RUN).created == first


# What an error shows ------------------------------------------------------------------


def shown_by(error: BaseException) -> str:
    """Collect all that an error tracker would show, the frames' variables included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    told.stack[:] = [frame for frame in told.stack if frame.filename != __file__]
    assert any("sqlalchemy.py" in frame.filename for frame in told.stack)
    parts = [*told.format(), str(error), repr(error), str(vars(error))]
    parts.append(repr(pickle.loads(pickle.dumps(error))))  # noqa: S301 - our own
    parts.append(str(pickle.dumps(error)))
    return "".join(parts)


def damage(engine: Engine) -> None:
    execute(engine, "UPDATE amazonpay_journal SET charge_ids = 'canary-damage'")


def refuse(engine: Engine) -> None:
    on_update(engine, "refuse")


def drop(engine: Engine) -> None:
    execute(engine, f"DROP TABLE {TABLE_NAME}")


@pytest.mark.parametrize("harm", [damage, refuse, drop])
def test_an_error_of_the_database_shows_no_values(
    engine: Engine, journal: SQLAlchemyJournal, harm: Any
) -> None:
    journal.change(KEY, RUN)
    harm(engine)
    with pytest.raises(JournalFailed) as failed:
        journal.change(KEY, RUN)
    assert "canary" not in shown_by(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


@pytest.mark.parametrize("order", ["canary-\ud800", "canary-\0"])
def test_a_value_that_the_database_cannot_take_is_not_shown(
    postgres_engine: Engine, order: str
) -> None:
    journal = SQLAlchemyJournal(postgres_engine)
    journal.create_table()
    with pytest.raises(JournalFailed) as failed:
        journal.change(KEY, record_intent(replace(INTENDED, order=order)))
    assert "canary" not in shown_by(failed.value)


# The engine drops a connection that an alarm has interrupted; Python 3.13 tells.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_an_alarm_while_the_database_works_passes_unchanged(
    engine: Engine, journal: SQLAlchemyJournal
) -> None:
    alarm = TimeoutError("a watchdog's")

    def listen(*seen: Any) -> None:
        del seen
        raise alarm

    event.listen(engine, "before_cursor_execute", listen)
    with pytest.raises(TimeoutError) as raised:
        journal.change(KEY, RUN)
    event.remove(engine, "before_cursor_execute", listen)
    assert raised.value is alarm
    del raised
    alarm.__traceback__ = None
    gc.collect()


def test_the_engines_log_shows_no_values(
    engine: Engine, journal: SQLAlchemyJournal, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="sqlalchemy.engine"):
        loud = create_engine(engine.url, echo=True)
        SQLAlchemyJournal(loud).change(KEY, RUN)
        journal.find(KEY)
        loud.dispose()
    assert "INSERT" in caplog.text
    assert "canary" not in caplog.text


# Forks --------------------------------------------------------------------------------


def test_a_journal_keeps_no_engine_alive(sqlite_engine: Engine) -> None:
    engine = create_engine(sqlite_engine.url)
    SQLAlchemyJournal(engine)
    kept = weakref.ref(engine)
    del engine
    gc.collect()
    assert kept() is None


def test_without_forks_there_is_nothing_to_watch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    spec = importlib.util.find_spec("AmazonPay.contrib._sqlalchemy_forks")
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.engines is not engines
