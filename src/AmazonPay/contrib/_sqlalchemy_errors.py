"""Turn an error of a database into one of this package, which shows no values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import (
    DBAPIError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from ..errors import AmazonPayError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

# Serialization failure and deadlock in PostgreSQL, deadlock in MySQL: the database has
# rolled back a transaction that can be repeated.
_CONFLICTS: Final = frozenset({"40001", "40P01", 1213})

_MEANINGS: Final[dict[str | int | None, str]] = {
    "SQLITE_NOTADB": "the file is no SQLite database",
    "SQLITE_CORRUPT": "the file is damaged; take a copy of it before anything else",
    "SQLITE_BUSY": "another process keeps it locked",
    "SQLITE_READONLY": "the file, or its folder, cannot be written",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_FULL": "the disk is full",
}
_WITHOUT_CODE: Final[dict[type[Exception], str]] = {
    OperationalError: "no connection, or it was lost; is the server running, and are"
    " host, user and password right?",
    ProgrammingError: "no connection; are the parameters of its URL right, after the"
    " `?`?",
}
"""What it means if the server has said nothing."""

# Errors of the database, or of a value that it does not accept. Any other exception,
# such as that of an alarm, is the caller's own and passes unchanged.
DATABASE_ERRORS: Final = (SQLAlchemyError, ValueError)


def database_failure(
    error: Exception, what: str, make: Callable[[str], AmazonPayError]
) -> AmazonPayError:
    """Return an error of ours that names the classes of `error`, and shows no value."""
    names, meaning = [type(error).__name__], None
    if isinstance(error, DBAPIError):
        kind, code = type(error.orig), _code(error)
        names.append(f"{kind.__module__}.{kind.__qualname__}")
        names += [] if code is None else [shown(str(code))]
        meaning = _MEANINGS.get(code)
        if code is None:
            meaning = _WITHOUT_CODE.get(type(error))
    text = f"the {what}'s database failed: {', '.join(names)}"
    return make(f"{text}: {meaning}" if meaning else text)


def _code(error: DBAPIError) -> str | int | None:
    """Return the code or name that the driver gives to a failure."""
    driver: Any = error.orig
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        if (code := getattr(driver, name, None)) is not None:
            return str(code)
    code = next(iter(driver.args), None)
    return code if isinstance(code, int) else None


def is_broken(error: Exception) -> bool:
    """Return whether the connection was lost: the pool then opens a new one."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_conflict(error: Exception) -> bool:
    """Return whether the database rolled a transaction back that can be repeated."""
    return isinstance(error, DBAPIError) and _code(error) in _CONFLICTS


def without_frames(work: Callable[[], _T]) -> _T:
    """Return what `work` returns; an error of ours is raised without its traceback."""
    try:
        return work()
    except AmazonPayError as error:
        failure = error.with_traceback(None)
    raise failure
