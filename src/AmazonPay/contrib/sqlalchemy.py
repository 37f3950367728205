"""A journal in the shop's own database, on SQLAlchemy Core; the extra `[sqlalchemy]`.

Works on every database that SQLAlchemy speaks to with a blocking driver. For an
`AsyncClient` the work is done in a worker thread, so the engine is a plain one there
too: one made by `create_engine`, beside the shop's `create_async_engine`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from .._entry import Entry, time_text
from ..errors import ConfigurationError
from ..journal import checked_limit, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from .._entry import Change

TABLE_NAME = "amazonpay_journal"


def journal_table(metadata: MetaData, name: str = TABLE_NAME) -> Table:
    """Describe the journal's table in `metadata`, so that your migrations make it."""
    if name in metadata.tables:
        return metadata.tables[name]
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
        # Raised by each change: who finds another one than he read has lost the race.
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{name}_open", table.c.outcome, table.c.changed)
    return table


class SQLAlchemyJournal:
    """A journal in a table of the shop's database.

    Each change is a transaction of its own, on a connection of its own from the
    engine's pool, and committed when it returns. That is on purpose, and there is no
    way to hand in a connection or a session: what joined the shop's transaction would
    be undone by its rollback, after the money has moved. So call the helpers outside
    of a transaction: on SQLite an open one locks the journal out, and on any database
    an order that is locked meanwhile stays locked while Amazon is waited for.

    Create the table by your migrations, from `journal_table(metadata)`, or by
    `create_table()`.

    Raises:
        ConfigurationError: `engine` is no engine.
    """

    def __init__(
        self,
        engine: Engine,
        table_name: str = TABLE_NAME,
        *,
        metadata: MetaData | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if not isinstance(engine, Engine):
            raise ConfigurationError(
                f"a journal needs an Engine, not a {type(engine).__name__}: it must"
                " commit before a request is sent, whatever becomes of a transaction"
                " of yours; for asyncio, make one by create_engine too"
            )
        self._engine = engine
        self._clock = clock
        self.table = journal_table(
            MetaData() if metadata is None else metadata, table_name
        )

    def create_table(self) -> None:
        """Create the table, unless it is there."""
        self.table.create(self._engine, checkfirst=True)

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry; committed when it returns. See `Journal.change`."""
        while True:
            try:
                with self._engine.begin() as connection:
                    entry = self._try(connection, key, change)
            except IntegrityError:
                # Another worker has written the key first; what else it may be would
                # be there again.
                if self.find(key) is None:
                    raise
                continue
            if entry is not None:
                return entry

    def _try(self, connection: Connection, key: str, change: Change) -> Entry | None:
        """Change an entry, unless another worker has changed it meanwhile."""
        table = self.table
        row = self._row(connection, table.c.idempotency_key == key)
        found = None if row is None else Entry.from_row(row)
        entry = replace(change(found), changed=self._clock())
        if row is None:
            connection.execute(table.insert().values(**entry.to_row(), version=1))
            return entry
        version = row["version"]
        done = connection.execute(
            update(table)
            .where(table.c.idempotency_key == key, table.c.version == version)
            .values(**entry.to_row(), version=version + 1)
        )
        return entry if done.rowcount == 1 else None

    def _row(self, connection: Connection, where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a row's mapping, or None
        return connection.execute(select(self.table).where(where)).mappings().first()

    def find(self, key: str, /) -> Entry | None:
        """Read an entry."""
        with self._engine.connect() as connection:
            row = self._row(connection, self.table.c.idempotency_key == key)
        return None if row is None else Entry.from_row(row)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """List what is not settled. See `Journal.open_entries`."""
        table = self.table
        wanted = or_(
            table.c.outcome.is_(None), table.c.outcome.not_in(["success", "no"])
        )
        listed = select(table).where(wanted)
        if before is not None:
            listed = listed.where(table.c.changed < time_text(before))
        listed = listed.order_by(table.c.changed, table.c.idempotency_key)
        listed = listed.limit(checked_limit(limit))
        with self._engine.connect() as connection:
            rows = connection.execute(listed).mappings().all()
        return [Entry.from_row(dict(row)) for row in rows]

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of what was settled. See `Journal.forget`."""
        table = self.table
        with self._engine.begin() as connection:
            return connection.execute(
                update(table)
                .where(
                    table.c.outcome.in_(["success", "no"]),
                    table.c.body.is_not(None),
                    table.c.changed < time_text(before),
                )
                .values(body=None, version=table.c.version + 1)
            ).rowcount
