"""Check that an engine and its connections fit a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine
from sqlalchemy.pool import AssertionPool, SingletonThreadPool, StaticPool

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

IN_MEMORY: Final = (
    "the {what} in the memory of a process is gone with the process; give it an engine"
    " whose URL names a file or a server"
)


def check_engine(engine: Engine, what: str = "journal") -> None:
    """Raise unless a journal or an inbox can commit by itself on this engine."""
    if not isinstance(engine, Engine):
        raise ConfigurationError(
            f"the {what} needs an Engine, not a {type(engine).__name__}: it"
            " must commit by itself, whatever becomes of a transaction of yours; for"
            " asyncio, make one by create_engine too"
        )
    if engine.dialect.is_async:
        raise ConfigurationError(
            f"the {what} needs an engine with a blocking driver, made by create_engine;"
            " an AsyncClient uses it in a worker thread"
        )
    url = engine.url
    place = f"{url.database or ':memory:'}?mode={url.query.get('mode', '')}"
    if engine.dialect.name == "sqlite" and (
        ":memory:" in place or "mode=memory" in place
    ):
        raise ConfigurationError(IN_MEMORY.format(what=what))
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool, AssertionPool)):
        raise ConfigurationError(
            f"a {type(engine.pool).__name__} has one connection for all: the {what}"
            " would commit, or roll back, what the shop has begun there; give it an"
            " engine with a QueuePool or a NullPool"
        )


def has_open_transaction(connection: Connection) -> bool:
    """Return whether the driver reports an open transaction; not every driver can."""
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
