"""The engine that joins tables: DuckDB in a private folder, with little memory.

It reads and writes files on this disk only: no extension is ever downloaded.
"""

from __future__ import annotations

import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    import duckdb

T = TypeVar("T")

MEMORY: Final = "256MB"
"""How much DuckDB holds; the rest of a table is in files of the folder."""

_THREADS: Final = 2
_FETCHED: Final = 1_000
_HEARD: Final = 0.05
"""Seconds in which DuckDB ends what was interrupted, before it is told again."""

_OFFLINE: Final = {
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Engine:
    """A database in memory and a folder of its own; both are gone after the `with`.

    Raises:
        ConfigurationError: there is no place for temporary files.
    """

    folder: Path
    """A private folder (0700) for files of any size; `TMPDIR` says where."""

    def __init__(self, *, memory: str = MEMORY) -> None:
        import duckdb

        self._error = duckdb.Error
        self._held = contextlib.ExitStack()
        try:
            self.folder = Path(
                self._held.enter_context(
                    tempfile.TemporaryDirectory(prefix="amazonpay-reports-")
                )
            )
        except OSError as error:
            raise ConfigurationError(
                f"there is no folder for temporary files: {error.strerror}. TMPDIR"
                " names one"
            ) from None
        self._thread = self._held.enter_context(ThreadPoolExecutor(1))
        self._memory = memory

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The open database; it is opened at its first use."""
        import duckdb

        settings: dict[str, Any] = {
            **_OFFLINE,
            "memory_limit": self._memory,
            "temp_directory": str(self.folder / "spilled"),
            "threads": _THREADS,
        }
        opened = duckdb.connect(":memory:", config=settings)
        self._held.callback(opened.close)
        return opened

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Execute a statement.

        Raises:
            ConfigurationError: the engine fails, for example on a full disk.
        """
        self._execute(self._connection, statement, values)

    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as tuples; few of them are in memory at a time.

        `values` are those of its parameters.

        Raises:
            ConfigurationError: the engine fails, for example on a full disk.
        """
        found = self._connection.cursor()
        self._execute(found, query, values)
        while some := self._heard(found, lambda: found.fetchmany(_FETCHED)):
            yield from some

    def _execute(
        self, on: duckdb.DuckDBPyConnection, query: str, values: Sequence[object]
    ) -> None:
        self._heard(on, lambda: on.execute(query, list(values)))

    def _heard(self, on: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
        """Let DuckDB work in another thread: in its own, Ctrl-C is not heard."""
        doing = self._thread.submit(work)
        try:
            with self._words():
                return doing.result()
        finally:
            while not doing.done():  # what has not begun yet ignores the first one
                on.interrupt()
                wait([doing], _HEARD)

    @contextlib.contextmanager
    def _words(self) -> Generator[None]:
        try:
            yield
        except self._error as error:
            # Its first line names the kind of failure; the rest may repeat values.
            first = str(error).partition("\n")[0].partition(":")[0]
            raise ConfigurationError(
                f"the tables cannot be joined: DuckDB ends with {first!r}. Is the disk"
                f" of {str(self.folder.parent)!r} full? TMPDIR names another folder"
            ) from None


def literal(text: str) -> str:
    """Return text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """Return the name of a column as SQL writes it."""
    return '"' + text.replace('"', '""') + '"'
