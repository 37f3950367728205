"""Work in transactions of Django's own connection, with errors that show no values."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import Error, IntegrityError, close_old_connections, transaction

from ...errors import AmazonPayError, shown
from ...ipn._inbox import HandlerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_T = TypeVar("_T")

# Errors of the database, or of a value that it does not accept.
DATABASE_ERRORS: Final = (Error, ValueError)

TRIES: Final = 10
# Serialization failure and deadlock in PostgreSQL, deadlock in MySQL, another writer in
# SQLite: the transaction was rolled back and can be repeated.
_CONFLICTS: Final = frozenset(
    {"40001", "40P01", "1213", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT"}
)


class Database:
    """One of Django's databases, for a journal or an inbox.

    Each piece of work is a transaction of its own. Inside of another one, it could not
    commit: Django raises a RuntimeError then, except in a `TestCase`.
    """

    def __init__(
        self, using: str, what: str, error: Callable[[str], AmazonPayError]
    ) -> None:
        self.using = using
        self._what = what
        self._error = error

    def failure(self, error: Exception) -> AmazonPayError:
        """Return the error to raise in place of a database's; it shows no values."""
        names = [type(error).__name__]
        if error.__cause__ is not None:
            kind = type(error.__cause__)
            names += [f"{kind.__module__}.{kind.__qualname__}", shown(_code(error))]
        return self._error(f"the {self._what}'s database failed: {', '.join(names)}")

    def run(self, work: Callable[[], _T]) -> _T:
        """Do work in a transaction; repeat it after a conflict of transactions.

        A shop's handler inside the work may run again, too.
        """
        tries = 0
        failure: Exception
        while True:
            tries += 1
            try:
                return self.once(work)
            except AmazonPayError:
                raise
            except HandlerFailed as failed:
                failure, passes = failed, _is_passing(failed.error)
            except DATABASE_ERRORS as error:
                failure, passes = self.failure(error), _is_passing(error)
            # Outside of the block above, so that the failure has no context.
            if tries >= TRIES or not passes:
                raise failure
            _pause(tries)

    def once(self, work: Callable[[], _T]) -> _T:
        """Do work in one transaction."""
        close_old_connections()
        atomic: Any = transaction.atomic  # Django has no types
        with atomic(using=self.using, durable=True):
            return work()


def _pause(tries: int) -> None:
    """Sleep for a random time, so that others go first: SQLite does not wait for them.

    All pauses of one piece of work take a second on average.
    """
    time.sleep(random.uniform(0, 0.002 * 2**tries))  # noqa: S311 - no secret


def rows_of(model: Any, using: str) -> Any:  # noqa: ANN401 - Django has no types
    """Return the rows of a model in a database."""
    return model.objects.using(using)


def _is_passing(error: Exception) -> bool:
    """Return whether the same work may succeed when it is repeated.

    Two workers may insert the same row, for example.
    """
    is_conflict = isinstance(error, DATABASE_ERRORS) and _code(error) in _CONFLICTS
    return isinstance(error, IntegrityError) or is_conflict


def _code(error: Exception) -> str:
    driver: Any = error.__cause__
    code = getattr(driver, "sqlstate", None) or getattr(
        driver, "sqlite_errorname", None
    )
    return str(code or next(iter(getattr(driver, "args", ())), ""))


def fitted(model: Any, row: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a model of Django's, which has no types
    """Cut texts to the length of their columns, so that the database takes them."""
    fitting = dict(row)
    for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's public name
        value = fitting.get(field.attname)
        if field.null and isinstance(value, str):
            text = value.replace("\0", "?").encode(errors="replace").decode()
            fitting[field.attname] = text[: field.max_length]
    return fitting
