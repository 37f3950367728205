"""Turn errors of a database into `JournalFailed`, which shows no values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import JournalFailed, shown

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

# PostgreSQL: serialization failure, deadlock; MySQL: deadlock. The database has rolled
# the transaction back, and asks for it again.
_CONFLICTS: Final = frozenset({"40001", "40P01", 1213})

# What the database raises, or a value that it cannot take. Anything else that comes
# out of a driver is the caller's own, such as an alarm, and passes unchanged.
DATABASE_ERRORS: Final = (SQLAlchemyError, ValueError)


def journal_failure(error: Exception) -> JournalFailed:
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


def is_broken(error: Exception) -> bool:
    """Whether the connection was lost; the next one is a new one."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_conflict(error: Exception) -> bool:
    """Whether the database has rolled back, and asks for the same again."""
    return isinstance(error, DBAPIError) and _code(error) in _CONFLICTS


def without_frames(work: Callable[[], _T]) -> _T:
    """Do work; take the frames off its failure, for their variables hold values."""
    try:
        return work()
    except JournalFailed as error:
        failure = error.with_traceback(None)
    raise failure
