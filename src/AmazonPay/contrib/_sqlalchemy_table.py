"""The journal's table: describe it, and compare it with the one in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    inspect,
)
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from ._sqlalchemy_engine import IN_MEMORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

TABLE_NAME = "amazonpay_journal"


def journal_table(metadata: MetaData, name: str = TABLE_NAME) -> Table:
    """Add the journal's table to `metadata`, so that your migrations create it."""
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
        # Text of fixed length in UTC, which sorts by time in every database.
        Column("changed", String(32), nullable=False),
        # An optimistic lock: each change writes a new number. An update that finds
        # another number than it read is retried; its own number means it is committed.
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{name}_open", table.c.outcome, table.c.changed)
    return table


def _schema(connection: Connection, table: Table) -> str | None:
    """Return the schema of the table for this engine."""
    schemas: Mapping[str | None, str | None] = connection.get_execution_options().get(
        "schema_translate_map", {}
    )
    return schemas.get(table.schema, table.schema)


def table_exists(connection: Connection, table: Table) -> bool:
    return inspect(connection).has_table(table.name, _schema(connection, table))


def table_fault(
    connection: Connection, table: Table, what: str = "journal"
) -> str | None:
    """Compare the table in the database with the columns of this release.

    Returns:
        A message that says what is wrong and how to correct it, or None.
    """
    dialect = connection.dialect
    if dialect.name == "sqlite":
        files = connection.exec_driver_sql("PRAGMA database_list").all()
        if not any(row[1] == "main" and row[2] for row in files):
            return IN_MEMORY.format(what=what)
    if not table_exists(connection, table):
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
