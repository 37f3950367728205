"""A journal in a SQLite file of its own."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from .._core import fork_gate
from .._core.clock import utc_now
from ..errors import ConfigurationError, JournalFailed
from .entry import entry_of_row, time_text
from .journal_steps import checked_limit
from .sqlite_schema import NO_JOURNAL, VERSION, FileState, migrate, pragma

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .entry import Change, Entry


_IS_OPEN: Final = "(outcome IS NULL OR outcome NOT IN ('success', 'no'))"

_LOCK_SECONDS: Final = 30.0
_READER_MILLISECONDS: Final = 5000
"""How long `forget` waits for readers because of which the log keeps erased bytes."""

_BY_KEY: Final = "SELECT * FROM entry WHERE idempotency_key = ?"
_WRITE: Final = "BEGIN IMMEDIATE"
_READ: Final = "BEGIN"

_FAILURES: Final = {
    "BUSY": "another connection keeps the journal locked",
    "CANTOPEN": "the journal's file, or the log beside it, cannot be opened",
    "CORRUPT": "the journal's file is damaged",
    "FULL": "the journal's disk is full",
    "IOERR": "the journal's disk fails",
    "NOTADB": "the journal's file is no SQLite database",
    "READONLY": "the journal is read-only",
}

_CANNOT_WRITE: Final = ("SQLITE_CANTOPEN", "SQLITE_READONLY")

# One thread creates the file while no other thread has it open: closing a descriptor of
# a file drops all locks that the process holds on that file.
_CREATION: Final = threading.Lock()

_INHERITED: Final[list[sqlite3.Connection]] = []
"""Connections that a forked child inherited; it must not even close them."""

_Result = TypeVar("_Result")


class SQLiteJournal:
    """A journal in a SQLite file, for shops without a database.

    Threads and processes of one machine can share the file. Each can create its own
    instance, and a process can fork at any time. The file must be on a local disk,
    because SQLite's write-ahead log does not work across a network. Every write is on
    the disk when it returns. On a read-only disk, the journal can only be read.

    A missing file is created, and a file of an older release is migrated. Only its
    owner can read and write the file (mode 0600); a wider mode is narrowed.

    A process that uses the journal must open the file only by SQLite: closing another
    descriptor would drop SQLite's locks.

    Raises:
        ConfigurationError: the file cannot be opened, is damaged, is no journal, was
            written by a newer release, or would not outlive the process.
        JournalFailed: raised by the methods if the file cannot be read or written, has
            disappeared, or was replaced by another file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        try:
            name = os.fsdecode(path)
        except TypeError:
            raise ConfigurationError("a journal needs the path of its file") from None
        if not name or "\0" in name or name.startswith((":memory:", "file:")):
            raise ConfigurationError(
                "a journal is a file: it must be there when the process is gone"
            )
        self._path = os.path.abspath(name)  # noqa: PTH100 - the folder may change later
        self._uri = Path(self._path).as_uri()
        self._clock = clock
        self._file: tuple[int, int] | None = None
        self._id = 0
        try:
            self._open()
        except JournalFailed as error:
            raise ConfigurationError(f"the journal cannot be opened: {error}") from None

    # Entries --------------------------------------------------------------------------

    def change(self, key: str, change: Change, /) -> Entry:
        """Replace an entry and write it to the disk. See `Journal.change`."""

        def work(connection: sqlite3.Connection) -> Entry:
            found = _select_entry(connection, key)
            made = change(found)
            moment = self._clock()
            entry = replace(made, changed=moment)
            if found is None and entry.created is None:
                entry = replace(entry, created=moment)
            row = entry.to_row()
            marks = ", ".join("?" * len(row))
            try:
                connection.execute(
                    f"INSERT OR REPLACE INTO entry ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
                    tuple(row.values()),
                )
            except (UnicodeError, OverflowError):
                raise JournalFailed("the journal cannot store the entry") from None
            return entry

        return self._run(work, _WRITE)

    def find(self, key: str, /) -> Entry | None:
        """Return the entry of `key`, or None."""
        return self._run(lambda connection: _select_entry(connection, key), _READ)

    def open_entries(
        self, *, before: datetime | None = None, limit: int = 100
    ) -> list[Entry]:
        """Return entries that are not settled. See `Journal.open_entries`."""
        until = None if before is None else time_text(before)
        most = checked_limit(limit)
        rows = self._run(
            lambda connection: connection.execute(
                f"SELECT * FROM entry WHERE {_IS_OPEN}"  # noqa: S608 - our own names
                " AND (:until IS NULL OR changed < :until)"
                " ORDER BY changed, idempotency_key LIMIT :most",
                {"until": until, "most": most},
            ).fetchall(),
            _READ,
        )
        return [entry_of_row(dict(row)) for row in rows]

    def forget(self, before: datetime, /) -> int:
        """Erase the bodies of settled entries. See `Journal.forget`.

        This rewrites the file and empties its log, so that no byte of them is left.

        Raises:
            JournalFailed: bytes are left because another connection reads the file or
                the disk is full; the next call erases them.
        """
        until = time_text(before)
        erased = self._run(
            lambda connection: (
                connection.execute(
                    "UPDATE entry SET body = NULL WHERE outcome IN ('success', 'no')"
                    " AND body IS NOT NULL AND changed < ?",
                    (until,),
                ).rowcount
            ),
            _WRITE,  # pragma: no mutate - one statement is a transaction by itself
        )
        try:
            self._run(_rewrite, begin=None)
        except JournalFailed as error:
            raise JournalFailed(
                f"{erased} bodies were forgotten, but bytes of them are left in the"
                f" journal's file or log until forget() is called again: {error}"
            ) from None
        return erased

    # The file -------------------------------------------------------------------------

    def _open(self) -> None:
        """Create or migrate the file, and remember its identity."""
        fork_gate.gate.run(self._create)
        self._file = self._file_id()
        found = self._run(FileState, _READ)
        if found.version < VERSION:
            try:
                self._id = self._run(migrate, _WRITE)
            except JournalFailed:
                # An older file that cannot be written can still be read.
                if not self._read_only() or not found.is_journal:
                    raise
        else:
            if not found.is_journal:
                raise JournalFailed(NO_JOURNAL)
            self._id = found.id
        if found.mode != "wal":  # pragma: no mutate - else it would do nothing
            # If busy or read-only: work without the log; the next instance tries again.
            with contextlib.suppress(JournalFailed):
                self._run(_enable_write_ahead_log, begin=None)
        self._make_private()

    def _create(self) -> None:
        """Create the file if it is missing."""
        with _CREATION:
            if _stat_or_none(self._path) is not None:
                return
            try:
                # Follow a link whose target does not exist yet.
                target = os.path.realpath(self._path)
                mode = 0o600  # pragma: no mutate - a wider one is narrowed below
                os.close(os.open(target, os.O_CREAT | os.O_EXCL, mode))
            except FileExistsError:
                pass  # another process has just created it
            except OSError as error:
                raise _system_failure(error) from None

    def _make_private(self) -> None:
        """Let only the owner read and write the file and its log."""
        for name in (self._path, self._beside("-wal"), self._beside("-shm")):
            found = _stat_or_none(name)
            if found is None:
                continue  # pragma: no mutate - what follows is missing, too
            if not found.st_mode & 0o077:  # pragma: no mutate - else nothing changes
                continue
            try:
                os.chmod(name, stat.S_IMODE(found.st_mode) & 0o700)  # noqa: PTH101 - a path
            except OSError as error:
                # The file belongs to another user, is read-only, or has disappeared.
                if error.errno is None:
                    raise

    def _beside(self, suffix: str) -> str:
        """Return the path of a file that SQLite keeps beside the journal."""
        return f"{os.path.realpath(self._path)}{suffix}"

    def _file_id(self) -> tuple[int, int]:
        """Return device and inode of the file, without opening it."""
        found = _stat_or_none(self._path)
        if found is None:
            raise JournalFailed("the journal's file has disappeared")
        if not stat.S_ISREG(found.st_mode):
            raise JournalFailed("the journal's path is no file")
        return found.st_dev, found.st_ino

    def _check_file(self) -> None:
        if self._file_id() != self._file:
            raise JournalFailed("the journal's file was replaced by another one")

    def _run(
        self, work: Callable[[sqlite3.Connection], _Result], begin: str | None
    ) -> _Result:
        """Do `work` in a transaction on a new connection, and commit it.

        Threads then share no connection, and a forked child inherits none.
        """
        return fork_gate.gate.run(lambda: self._run_with_fallback(work, begin))

    def _run_with_fallback(
        self, work: Callable[[sqlite3.Connection], _Result], begin: str | None
    ) -> _Result:
        try:
            try:
                return self._run_on_connection(work, begin, "mode=rw")
            except sqlite3.OperationalError as error:
                lacks_log = _error_name(error).startswith(_CANNOT_WRITE)
                if begin != _READ or not lacks_log or not self._read_only():
                    raise
                return self._run_read_only(work)
        except sqlite3.Error as error:
            raise _database_failure(error) from None

    def _run_on_connection(
        self,
        work: Callable[[sqlite3.Connection], _Result],
        begin: str | None,
        how: str,
    ) -> _Result:
        gate = fork_gate.gate
        self._check_file()
        connection = sqlite3.connect(
            f"{self._uri}?{how}",
            uri=True,  # pragma: no mutate - some builds of SQLite always take URIs
            timeout=_LOCK_SECONDS,
            isolation_level=None,  # pragma: no mutate - transactions begin explicitly
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            if begin is not None:
                connection.execute(begin)
            self._check_identity(connection)
            result = work(connection)
            gate.check()
            if begin is not None:
                connection.execute("COMMIT")
            self._check_file()
            return result
        finally:
            if gate is fork_gate.gate:
                connection.close()  # rolls back what is not committed
            else:
                _INHERITED.append(connection)

    def _check_identity(self, connection: sqlite3.Connection) -> None:
        version = pragma(connection, "user_version")
        if not 0 <= version <= VERSION:
            raise JournalFailed(
                f"the journal's file has version {version}: a newer release wrote it;"
                f" this one knows versions up to {VERSION}"
            )
        id_ = pragma(connection, "application_id")
        if self._id not in {0, id_}:
            raise JournalFailed("the journal's file was replaced by another one")

    # A read-only disk -----------------------------------------------------------------

    def _read_only(self) -> bool:
        folder = os.path.dirname(os.path.realpath(self._path))  # noqa: PTH120 - a path
        # Not every system can check the access of the effective user.
        in_effect = os.access in os.supports_effective_ids
        return not all(
            os.access(name, os.W_OK, effective_ids=in_effect)
            for name in (folder, self._path)
        )

    def _run_read_only(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Read a file on a read-only disk, where SQLite cannot create its log."""
        before = self._file_state()
        how = "mode=ro&immutable=1"  # pragma: no mutate - the latter alone would do
        result = self._run_on_connection(work, None, how)
        if self._file_state() != before:
            raise JournalFailed("the journal was changed while it was read; try again")
        return result

    def _file_state(self) -> tuple[int, int]:
        """Return time and size of the file; raise if a log beside it has newer data."""
        log, found = _stat_or_none(self._beside("-wal")), _stat_or_none(self._path)
        if log is not None and log.st_size:
            raise JournalFailed(
                "the journal's disk is read-only, and the log beside the file cannot be"
                " read there"
            )
        if found is None:
            raise JournalFailed("the journal's file has disappeared")
        return found.st_mtime_ns, found.st_size


def _stat_or_none(path: str) -> os.stat_result | None:
    """Return the status of a file without opening it, or None if it is missing."""
    try:
        return os.stat(path)  # noqa: PTH116 - a path
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _system_failure(error) from None


def _system_failure(error: OSError) -> JournalFailed:
    """Return an error of the system as `JournalFailed`; reraise any other one."""
    if error.errno is None:
        raise error  # from a signal handler, such as a watchdog's TimeoutError
    return JournalFailed(f"the journal's file: {error.strerror}")


def _error_name(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error, else the name of its Python class."""
    return getattr(error, "sqlite_errorname", type(error).__name__)


def _database_failure(error: sqlite3.Error) -> JournalFailed:
    """Return a database error as `JournalFailed`, without its text and values."""
    name = _error_name(error)
    kind = name.removeprefix("SQLITE_").partition("_")[0]
    what = _FAILURES.get(kind, "the journal's database fails")
    return JournalFailed(f"{what} ({name})")


def _select_entry(connection: sqlite3.Connection, key: str) -> Entry | None:
    rows = connection.execute(_BY_KEY, (key,)).fetchall()
    return entry_of_row(dict(rows[0])) if rows else None


def _enable_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, permanently; a write then needs one sync."""
    connection.execute("PRAGMA journal_mode = WAL")


def _rewrite(connection: sqlite3.Connection) -> None:
    """Rewrite the file and truncate its log, so that no erased byte is left."""
    connection.execute("VACUUM")
    connection.execute(f"PRAGMA busy_timeout = {_READER_MILLISECONDS}")
    blocked = pragma(connection, "wal_checkpoint(TRUNCATE)")
    if blocked:
        raise JournalFailed("another connection is reading it")
