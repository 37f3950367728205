"""A journal in the shop's own database, on SQLAlchemy Core; the extra `[sqlalchemy]`.

Works on every database that SQLAlchemy speaks to with a blocking driver. For an
`AsyncClient` the work is done in a worker thread, so the engine is a plain one there
too: one made by `create_engine`, beside the shop's `create_async_engine`.
"""

from __future__ import annotations

import os
import random
import time
import weakref
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import AssertionPool, SingletonThreadPool, StaticPool
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from .._core import fork_gate
from .._once.entry import Entry, time_text
from .._once.journal_steps import checked_limit
from .._once.sqlite_journal import utc_now
from ..errors import ConfigurationError, JournalFailed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import (
        ColumnElement,
        Connection,
        CursorResult,
        Insert,
        RowMapping,
        Update,
    )
    from sqlalchemy.pool import Pool

    from .._once.entry import Change

TABLE_NAME = "amazonpay_journal"

_T = TypeVar("_T")

# How long one change keeps trying while other workers keep changing the same entry.
_PATIENCE: Final = 30.0
# How often something is tried that no other worker's progress explains.
_TRIES: Final = 5
# Versions are random, and leave room for `forget`, which adds one, in 32 bits.
_VERSIONS: Final = 2**30
# PostgreSQL: serialization failure, deadlock; MySQL: deadlock. The database has rolled
# the transaction back, and asks for it again.
_CONFLICTS: Final = frozenset({"40001", "40P01", 1213})


def journal_table(metadata: MetaData, name: str = TABLE_NAME) -> Table:
    """Describe the journal's table in `metadata`, so that your migrations make it."""
    schema = metadata.schema
    known = metadata.tables.get(name if schema is None else f"{schema}.{name}")
    if known is not None:
        return known
    table = Table(
        name,
        metadata,
        Column("idempotency_key", String(32), primary_key=True),
        Column("namespace", Text, nullable=False),
        Column("shop_order", Text, nullable=False),
        Column("operation", String(64), nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("path", Text, nullable=False),
        Column("body", LargeBinary),
        Column("digest", String(64), nullable=False),
        Column("confirm_only", Integer, nullable=False),
        Column("charge_ids", Text),
        Column("runs", Integer, nullable=False),
        Column("answers", Integer, nullable=False),
        Column("outcome", String(16)),
        Column("reason", String(64)),
        Column("object_id", String(64)),
        Column("other_object_ids", Text),
        Column("environment", String(16)),
        Column("region", String(16)),
        Column("public_key_id", String(128)),
        Column("abandoned", Text),
        Column("created", String(32)),
        # Text of one length, in UTC: it sorts alike in every database.
        Column("changed", String(32), nullable=False),
        # Each change writes another number. A change that finds another one than it
        # has read has lost the race; one that finds its own has been committed.
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{name}_open", table.c.outcome, table.c.changed)
    return table


# --- Forks ----------------------------------------------------------------------------

# No thread works with a journal while the process forks: `_fork_gate` sees to that.
# What is left are the connections that nobody uses just then.
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
# What a child inherits is never closed there, nor collected: some drivers end the
# parent's session when they do.
_inherited: list[Pool | Connection] = []


def _before_fork() -> None:
    # SQLite must not be carried across a fork even if it is idle: the child would
    # believe that it holds the locks of its parent.
    for engine in list(_engines):
        if engine.dialect.name == "sqlite":
            engine.dispose()


def _after_fork_in_child() -> None:
    for engine in list(_engines):
        _inherited.append(engine.pool)
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):  # a system that cannot fork lacks it
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


# --- Engines and tables that will not do ----------------------------------------------


def _check_engine(engine: Engine) -> None:
    """Refuse an engine on which a journal could not commit by itself."""
    if not isinstance(engine, Engine):
        raise ConfigurationError(
            f"a journal needs an Engine, not a {type(engine).__name__}: it must"
            " commit before a request is sent, whatever becomes of a transaction"
            " of yours; for asyncio, make one by create_engine too"
        )
    if engine.dialect.is_async:
        raise ConfigurationError(
            "a journal needs an engine with a blocking driver, made by create_engine;"
            " an AsyncClient uses it in a worker thread"
        )
    url = engine.url
    place = f"{url.database or ':memory:'}?mode={url.query.get('mode', '')}"
    if engine.dialect.name == "sqlite" and (
        ":memory:" in place or "mode=memory" in place
    ):
        raise ConfigurationError(_IN_MEMORY)
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool, AssertionPool)):
        raise ConfigurationError(
            f"a {type(engine.pool).__name__} has one connection for all: the journal"
            " would commit, or roll back, what the shop has begun there; give it an"
            " engine with a QueuePool or a NullPool"
        )


_IN_MEMORY: Final = (
    "a journal in the memory of a process is gone with the process; give it an engine"
    " whose URL names a file or a server"
)


def _has_open_transaction(connection: Connection) -> bool:
    """Whether the driver says that a transaction is open; not all of them tell."""
    driver: Any = connection.connection.dbapi_connection
    status = getattr(getattr(driver, "info", None), "transaction_status", 0)
    if status in {2, 3}:  # libpq: in a transaction, in a failed one
        return True
    # With `autocommit=False`, sqlite3 is always in a transaction.
    always = (
        type(driver).__module__ == "sqlite3"
        and getattr(driver, "autocommit", None) is False
    )
    return getattr(driver, "in_transaction", False) is True and not always


def _schema(connection: Connection, table: Table) -> str | None:
    """Return the schema in which the engine finds the table."""
    schemas: Mapping[str | None, str | None] = connection.get_execution_options().get(
        "schema_translate_map", {}
    )
    return schemas.get(table.schema, table.schema)


def _table_exists(connection: Connection, table: Table) -> bool:
    return inspect(connection).has_table(table.name, _schema(connection, table))


def _fault_of_table(connection: Connection, table: Table) -> str | None:
    """Compare the table that is there with what this release writes.

    Returns:
        What is wrong and how to mend it, or None.
    """
    dialect = connection.dialect
    if dialect.name == "sqlite":
        files = connection.exec_driver_sql("PRAGMA database_list").all()
        if not any(row[1] == "main" and row[2] for row in files):
            return _IN_MEMORY
    if not _table_exists(connection, table):
        indexes = [
            str(CreateIndex(one).compile(dialect=dialect)) for one in table.indexes
        ]
        made = [str(CreateTable(table).compile(dialect=dialect)).strip(), *indexes]
        return (
            f"there is no table {table.name}; create it by create_table() or by a"
            " migration:\n" + ";\n".join(made)
        )
    columns = inspect(connection).get_columns(table.name, _schema(connection, table))
    there = {one["name"]: one for one in columns}
    name = dialect.identifier_preparer.format_table(table)
    changes = [
        f"ALTER TABLE {name} ADD {CreateColumn(column).compile(dialect=dialect)}"
        for column in table.columns
        if column.name not in there
    ]
    if changes:
        return (
            f"the table {table.name} is older than this release, which never alters"
            " it; add by a migration:\n" + ";\n".join(changes)
        )
    short = [
        f"{column.name} {column.type.compile(dialect)}"
        for column in table.columns
        if isinstance(wanted := getattr(column.type, "length", None), int)
        and isinstance(got := getattr(there[column.name]["type"], "length", None), int)
        and got < wanted
    ]
    if short:
        return (
            f"columns of the table {table.name} are too short; widen them by a"
            f" migration: {', '.join(short)}"
        )
    unknown = [
        one
        for one, column in there.items()
        if one not in table.columns and not column["nullable"]
    ]
    if unknown:
        return (
            f"the table {table.name} has columns that this release does not know and"
            f" that must not be NULL: {', '.join(sorted(unknown))}; a newer release"
            " made them, or let them be NULL"
        )
    return None


# --- Errors of the database -----------------------------------------------------------

# What the database raises, or a value that it cannot take. Anything else that comes
# out of a driver is the caller's own, such as an alarm, and passes unchanged.
_ERRORS: Final = (SQLAlchemyError, ValueError)


def _failed(error: Exception) -> JournalFailed:
    """Make our error of a database's, from its kinds alone: its text shows values."""
    names = [type(error).__name__]
    if isinstance(error, DBAPIError):
        kind = type(error.orig)
        names += [f"{kind.__module__}.{kind.__qualname__}", shown(str(_code(error)))]
    return JournalFailed(f"the journal's database failed: {', '.join(names)}")


def _code(error: DBAPIError) -> str | int | None:
    """Return how the driver numbers or names a failure."""
    driver: Any = error.orig
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        if (code := getattr(driver, name, None)) is not None:
            return str(code)
    code = next(iter(driver.args), None)
    return code if isinstance(code, int) else None


def _is_broken(error: Exception) -> bool:
    """Whether the connection was lost; the next one is a new one."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_conflict(error: Exception) -> bool:
    """Whether the database has rolled back, and asks for the same again."""
    return isinstance(error, DBAPIError) and _code(error) in _CONFLICTS


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A write that failed, or whose end is not known."""

    failure: JournalFailed
    tries: int
    """How often it may be made while no other worker changes the entry."""
    in_doubt: bool = False
    """Whether it may be committed all the same."""


# --- The journal ----------------------------------------------------------------------


class SQLAlchemyJournal:
    """A journal in a table of the shop's database.

    Each change is a transaction of its own, on a connection of its own from the
    engine's pool, and committed when it returns. That is on purpose, and there is no
    way to hand in a connection or a session: what joined the shop's transaction would
    be undone by its rollback, after the money has moved. So call the helpers outside
    of a transaction: on SQLite an open one locks the journal out, and on any database
    an order that is locked meanwhile stays locked while Amazon is waited for.

    Create the table by your migrations, from `journal_table(metadata)`, or by
    `create_table()`. A table is never altered: one that lacks columns, or that a newer
    release has made, is refused at the first use, with the statements that mend it.

    A process may fork at any time: the child gets a pool of its own, and leaves the
    connections of its parent alone.

    Raises:
        ConfigurationError: `engine` is no engine, its database is in memory, or its
            pool has a single connection. At the first use: the table will not do.
        JournalFailed: from each method: the database failed. It shows no values.
    """

    def __init__(
        self,
        engine: Engine,
        table_name: str = TABLE_NAME,
        *,
        metadata: MetaData | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        _check_engine(engine)
        # The same pool and events, but the engine's log shows no bodies.
        self._engine = engine.execution_options()
        self._engine.hide_parameters = True
        _engines.add(engine)
        self._clock = clock
        self._checked = False
        self._shared: Connection | None = None
        self.table = journal_table(
            MetaData() if metadata is None else metadata, table_name
        )

    def create_table(self) -> None:
        """Create the table, unless it is there; many workers may do so at once.

        Raises:
            ConfigurationError: there is one, of another release.
            JournalFailed: the database failed.
        """
        try:
            self._run(self._create)
        except JournalFailed:
            # Another worker may have been faster; then it is there by now.
            if not self._run(partial(_table_exists, table=self.table)):
                raise
        self._check()

    def _create(self, connection: Connection) -> None:
        self.table.create(connection, checkfirst=True)
        # A worker that was killed may have left the table without it.
        for index in self.table.indexes:
            index.create(connection, checkfirst=True)
        _commit(connection)

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry; committed when it returns. See `Journal.change`.

        A change whose commit was interrupted is looked for, and not applied twice.

        Raises:
            JournalFailed: the database failed, or does not take the change.
        """
        return _without_frames(partial(self._change, key, change))

    def _change(self, key: str, change: Change) -> Entry:
        self._check()
        version = random.randrange(_VERSIONS)  # noqa: S311 - no secret
        ends = time.monotonic() + _PATIENCE
        lost: _Unwritten | None = None
        in_doubt, tries, rounds = False, 0, 0
        before: int | None = None
        while True:
            found, read = self._read(key)
            if found is not None and read == version:
                return found  # an interrupted commit that arrived
            if in_doubt and read != before:
                raise JournalFailed(
                    "the journal's database failed in a commit, and another worker has"
                    " changed the entry since: this change was written before, or not"
                )
            if lost is not None:
                tries = tries + 1 if read == before else 0
                if tries >= lost.tries or time.monotonic() > ends:
                    raise lost.failure
                _pause(rounds)
            before, rounds = read, rounds + 1
            entry, now = change(found), self._clock()
            created = entry.created or (now if found is None else None)
            entry = replace(entry, created=created, changed=now)
            written = self._write(entry, read, version)
            if isinstance(written, Entry):
                return written
            lost, in_doubt = written, in_doubt or written.in_doubt

    def _write(
        self, entry: Entry, read: int | None, version: int
    ) -> Entry | _Unwritten:
        """Write an entry if its version still is the one that was read; commit it."""
        table, row = self.table, self._fitted(entry.to_row())
        where = table.c.idempotency_key == entry.key
        statement: Insert | Update = (
            table.insert()
            if read is None
            else update(table).where(where, table.c.version == read)
        )
        committing = False

        def work(connection: Connection) -> bool:
            nonlocal committing
            done = connection.execute(statement.values(**row, version=version))
            if read is not None and not self._took(
                connection, done, where, read, version
            ):
                return False
            committing = True
            _commit(connection)
            return True

        try:
            if self._connected(work):
                return Entry.from_row(row)
            return _Unwritten(JournalFailed(_NOT_TAKEN), 1)
        except _ERRORS as error:
            failure = _failed(error)
            refused, conflict = isinstance(error, IntegrityError), _is_conflict(error)
            told = refused or conflict  # by the server, which has rolled back
            in_doubt = _is_broken(error) or (committing and not told)
            # Two workers may write the first entry of a key; what else violates a
            # constraint would do so again.
            tries = _TRIES if in_doubt or conflict else int(refused and read is None)
        return _Unwritten(failure, tries, in_doubt)

    def _took(
        self,
        connection: Connection,
        done: CursorResult[Any],
        where: ColumnElement[bool],
        read: int,
        version: int,
    ) -> bool:
        """Whether an UPDATE has found the version that was read."""
        if connection.dialect.supports_sane_rowcount and done.rowcount >= 0:
            return done.rowcount == 1
        # The driver does not count rows: look, while they are still locked.
        now = connection.scalar(select(self.table.c.version).where(where))
        if now not in {read, version} and not _has_open_transaction(connection):
            raise JournalFailed(
                "the journal's database counts no rows and commits each statement:"
                " nobody can tell whether this change or another worker's was written"
            )
        return bool(now == version)

    def _fitted(self, row: dict[str, Any]) -> dict[str, Any]:
        """Cut texts to their columns: no database must refuse what has happened."""
        for column in self.table.columns:
            value, kind = row.get(column.name), column.type
            if column.nullable and isinstance(value, str) and isinstance(kind, String):
                text = value.replace("\0", "?").encode(errors="replace").decode()
                row[column.name] = text[: kind.length]
        return row

    def find(self, key: str, /) -> Entry | None:
        """Read an entry."""
        self._check()
        return _without_frames(partial(self._read, key))[0]

    def _read(self, key: str) -> tuple[Entry | None, int | None]:
        """Read an entry and its version."""
        table = self.table
        wanted = select(table).where(table.c.idempotency_key == key)
        row = self._run(
            lambda connection: connection.execute(wanted).mappings().first()
        )
        return (None, None) if row is None else (_entry(row), row["version"])

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """List what is not settled. See `Journal.open_entries`."""
        self._check()
        table = self.table
        listed = select(table).where(
            or_(table.c.outcome.is_(None), table.c.outcome.not_in(["success", "no"]))
        )
        if before is not None:
            listed = listed.where(table.c.changed < time_text(before))
        listed = listed.order_by(table.c.changed, table.c.idempotency_key)
        listed = listed.limit(checked_limit(limit))

        def work(connection: Connection) -> list[Entry]:
            return [_entry(row) for row in connection.execute(listed).mappings()]

        return _without_frames(partial(self._run, work))

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of what was settled. See `Journal.forget`."""
        self._check()
        table = self.table
        settled = and_(
            table.c.outcome.in_(["success", "no"]),
            table.c.body.is_not(None),
            table.c.changed < time_text(before),
        )

        def work(connection: Connection) -> int:
            # Counted before: not every driver counts what it has changed.
            count = connection.scalar(
                select(func.count()).select_from(table).where(settled)
            )
            connection.execute(
                update(table)
                .where(settled)
                .values(body=None, version=table.c.version + 1)
            )
            _commit(connection)
            return count or 0

        return self._run(work)

    def _check(self) -> None:
        """Look at the table, until it was once found to be as it should."""
        if self._checked:
            return
        fault = self._run(partial(_fault_of_table, table=self.table))
        if fault is not None:
            raise ConfigurationError(fault)
        self._checked = True

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        """Do work that may be done again if its connection turns out to be lost."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._connected(work)
            except _ERRORS as error:
                failure = _failed(error)
                if (_is_broken(error) or _is_conflict(error)) and tries < _TRIES:
                    continue
            # Outside of the block above, so that nobody finds its error in this one.
            raise failure

    def _connected(self, work: Callable[[Connection], _T]) -> _T:
        """Work on a connection of our own, and let no fork come between."""
        return fork_gate.gate.run(partial(self._use, work))

    def _use(self, work: Callable[[Connection], _T]) -> _T:
        gate = fork_gate.gate
        connection = None if self._shared else self._engine.connect()
        if connection is None or _has_open_transaction(connection):
            # Kept for ever: closing it would roll the shop's transaction back.
            self._shared = connection or self._shared
            raise JournalFailed(
                "the engine gave the journal a connection with an open transaction,"
                " which it would commit; give it an engine whose connections are"
                " its own, and whose listeners leave no transaction open"
            )
        if connection.dialect.name == "sqlite":
            connection.detach()  # so that it is closed before a fork
        try:
            return work(connection)
        finally:
            if gate is fork_gate.gate:
                connection.close()
            else:  # a signal handler has forked: here it is the parent's
                _inherited.append(connection)


def _commit(connection: Connection) -> None:
    """Commit, but never in a child that was forked by a signal handler meanwhile."""
    fork_gate.gate.check()
    connection.commit()


_NOT_TAKEN: Final = "the journal's database does not change the entry, and says not why"


def _without_frames(work: Callable[[], _T]) -> _T:
    """Do work; take the frames off its failure, for their variables hold values."""
    try:
        return work()
    except JournalFailed as error:
        failure = error.with_traceback(None)
    raise failure


def _entry(row: RowMapping) -> Entry:
    """Read a row; one that was damaged is a failure of the database."""
    try:
        return Entry.from_row(dict(row))
    except (ValueError, TypeError):
        failure = JournalFailed("the journal has an entry that cannot be read")
    raise failure


def _pause(rounds: int) -> None:
    """Let other workers finish; a little longer each time, and never alike."""
    time.sleep(random.uniform(0, 0.001 * 2 ** min(rounds, 6)))  # noqa: S311 - no secret
