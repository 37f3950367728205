"""Work on separate connections of an engine: none lives across a fork."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from .._core import fork_gate
from ..errors import AmazonPayError, JournalFailed
from ._sqlalchemy_engine import check_engine, has_open_transaction
from ._sqlalchemy_errors import (
    DATABASE_ERRORS,
    database_failure,
    is_broken,
    is_conflict,
)
from ._sqlalchemy_forks import engines, inherited

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine


_T = TypeVar("_T")

TRIES: Final = 5
"""How often something is tried that fails without another worker's change."""


class Database:
    """The engine of a journal or an inbox.

    Each piece of work has a connection of its own, and commits by itself.
    """

    def __init__(
        self,
        engine: Engine,
        what: str = "journal",
        error: Callable[[str], AmazonPayError] = JournalFailed,
    ) -> None:
        check_engine(engine, what)
        # This copy shares pool and events, but its log shows no values.
        self._engine = engine.execution_options()
        self._engine.hide_parameters = True
        engines.add(engine)
        self._what = what
        self._error = error
        self._shared: Connection | None = None

    def failure(self, error: Exception) -> AmazonPayError:
        """Return the error to raise in place of a database's; it shows no values."""
        return database_failure(error, self._what, self._error)

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Call `work`; repeat it after a lost connection or a conflict."""
        tries = 0
        while True:
            tries += 1
            try:
                return self.connected(work)
            except AmazonPayError:
                raise
            except DATABASE_ERRORS as error:
                failure = self.failure(error)
                if (is_broken(error) or is_conflict(error)) and tries < TRIES:
                    continue
            # Raise outside of the block above, so that the failure has no context.
            raise failure

    def connected(self, work: Callable[[Connection], _T]) -> _T:
        """Call `work` once on a connection of its own, while no fork can happen."""
        return fork_gate.gate.run(partial(self._use, work))

    def _use(self, work: Callable[[Connection], _T]) -> _T:
        gate = fork_gate.gate
        connection = None if self._shared else self._engine.connect()
        if connection is None or has_open_transaction(connection):
            # Keep it for ever: closing it would roll back the shop's transaction.
            self._shared = connection or self._shared
            raise self._error(
                f"the engine gave the {self._what} a connection with an open"
                " transaction, which it would commit; give it an engine whose"
                " connections are its own, and whose listeners leave no transaction"
                " open"
            )
        if connection.dialect.name == "sqlite":
            connection.detach()  # so that it is closed before a fork
        try:
            return work(connection)
        finally:
            if gate is fork_gate.gate:
                connection.close()
            else:  # a signal handler has forked: this is the parent's connection
                inherited.append(connection)


def commit(connection: Connection) -> None:
    """Commit, but not in a child that a signal handler has forked meanwhile."""
    fork_gate.gate.check()
    connection.commit()
