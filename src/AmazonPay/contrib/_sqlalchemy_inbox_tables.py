"""The tables of an inbox, and how one row of them is changed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, String, Table, Text, select, update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, MetaData

INBOX_NAME: Final = "amazonpay_inbox"
OBJECTS_NAME: Final = "amazonpay_object"

NEW, DONE, PARKED = "new", "done", "parked"
LONGEST_ERROR: Final = 250
_VERSIONS: Final = 2**30


def inbox_tables(
    metadata: MetaData, name: str = INBOX_NAME, objects_name: str = OBJECTS_NAME
) -> tuple[Table, Table]:
    """Add the inbox's two tables to `metadata`, so that your migrations create them."""
    prefix = "" if metadata.schema is None else f"{metadata.schema}."
    known = metadata.tables.get(prefix + name)
    if known is not None:
        return known, metadata.tables[prefix + objects_name]
    entries = Table(
        name,
        metadata,
        Column("message_id", String(64), primary_key=True),
        Column("notification_id", String(64), nullable=False),
        Column("topic_arn", String(512), nullable=False),
        Column("object_type", String(32), nullable=False),
        Column("object_id", String(64), nullable=False),
        Column("notification_type", String(32), nullable=False),
        Column("charge_permission_id", String(64)),
        Column("merchant_id", String(64), nullable=False),
        # Texts of fixed length in UTC, which sort by time in every database.
        Column("sent", String(32), nullable=False),
        Column("received", String(32), nullable=False),
        Column("state", String(16), nullable=False),
        Column("failures", Integer, nullable=False),
        Column("error", String(LONGEST_ERROR)),
        Column("due", String(32), nullable=False),
        # An optimistic lock: each change writes a new number.
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{name}_due", entries.c.state, entries.c.due)
    objects = Table(
        objects_name,
        metadata,
        Column("object_id", String(64), primary_key=True),
        Column("object_type", String(32), nullable=False),
        Column("view", Text, nullable=False),
        Column("is_open", Integer, nullable=False),
        Column("checks", Integer, nullable=False),
        Column("due", String(32), nullable=False),
        Column("changed", String(32), nullable=False),
        Column("version", Integer, nullable=False),
    )
    Index(f"ix_{objects_name}_due", objects.c.is_open, objects.c.due)
    return entries, objects


def update_row(
    connection: Connection,
    table: Table,
    key: str,
    where: ColumnElement[bool],
    values: Mapping[str, Any],
) -> int:
    """Update the row of a key if it fits; return its new version, or 0.

    The row is locked from here to the end of the transaction.
    """
    column = next(iter(table.primary_key.columns))
    version = random.randrange(1, _VERSIONS)  # noqa: S311 - no secret
    change = update(table).where(column == key, where)
    connection.execute(change.values(**values, version=version))
    # Not every driver counts rows, but only this update has written this number.
    found = connection.scalar(select(table.c.version).where(column == key))
    return version if found == version else 0
