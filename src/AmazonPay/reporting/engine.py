"""The engine that joins tables: DuckDB in a private folder, with little memory.

It reads and writes files on this disk only: no extension is ever downloaded.
"""

from __future__ import annotations

import contextlib
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import duckdb

MEMORY: Final = "256MB"
"""How much DuckDB holds; the rest of a table is in files of the folder."""

_THREADS: Final = 2
_FETCHED: Final = 1_000
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
        with self._words():
            self._connection.execute(statement, list(values))

    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as tuples; few of them are in memory at a time.

        `values` are those of its parameters.

        Raises:
            ConfigurationError: the engine fails, for example on a full disk.
        """
        with self._words():
            found = self._connection.cursor().execute(query, list(values))
        while True:
            with self._words():
                some = found.fetchmany(_FETCHED)
            if not some:
                return
            yield from some

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
