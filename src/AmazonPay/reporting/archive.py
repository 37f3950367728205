"""A folder of pulled reports: what Amazon gave, its Parquet, and an entry of facts.

Each report has files of its own, named by its id: `ID.csv`, `ID.parquet` and the entry,
`ID.report.json`. The entry is written last and holds the hashes of the others, so a
pull that was killed leaves either a whole report or one that the next pull fetches
again. No file is shared by two reports, and so two pulls into one folder are harmless.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from dataclasses import asdict, dataclass, field, fields
from typing import IO, TYPE_CHECKING, Any, Final, cast

from .._core.whole_files import PARTS, replacing
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

VERSION: Final = 1

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ENTRY: Final = ".report.json"
_STALE: Final = 86_400.0
"""Seconds after which nobody writes to the part of a file any more."""
_CHUNK: Final = 1 << 20
_LARGEST_ENTRY: Final = 1 << 20
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one pulled report."""

    report_id: str
    report_type: str
    region: str
    environment: str
    created: str
    start: str
    end: str
    encoding: str
    csv_sha256: str
    parquet_sha256: str | None = None
    """None if there is no Parquet: not asked for, an empty file, or a problem."""
    facts: dict[str, str] = field(default_factory=dict[str, str])
    columns: list[str] = field(default_factory=list[str])
    rows: int | None = None
    """None if the file was not read to its end."""
    problem: str | None = None
    """Why there is no Parquet; the file of Amazon is kept as it is."""
    version: int = VERSION


_TEXTS: Final = (
    *("report_id", "report_type", "region", "environment", "created", "start", "end"),
    *("encoding", "csv_sha256"),
)


def is_safe_id(report_id: str) -> bool:
    """Return whether an id of a server may be the name of a file."""
    return bool(_ID.fullmatch(report_id)) and not _RESERVED.match(report_id)


class Archive:
    """The folder; errors of the disk are raised as the `OSError` that they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def csv(self, report_id: str) -> Path:
        """Return where the file of Amazon is."""
        return self.folder / f"{report_id}.csv"

    def parquet(self, report_id: str) -> Path:
        """Return where its Parquet is."""
        return self.folder / f"{report_id}.parquet"

    def _entry(self, report_id: str) -> Path:
        return self.folder / f"{report_id}{_ENTRY}"

    def prepare(self) -> None:
        """Make the folder, which is private, and remove parts that a kill has left."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = time.time()
        for part in self.folder.glob(PARTS):
            with contextlib.suppress(OSError):
                if now - part.stat().st_mtime > _STALE:
                    part.unlink()

    def find(self, report_id: str) -> Entry | None:
        """Return the entry of a report; None if there is none that can be read."""
        with contextlib.suppress(ConfigurationError):
            return self._read(self._entry(report_id))
        return None

    def entries(self) -> Iterator[Entry]:
        """Yield all entries, oldest report first.

        Raises:
            ConfigurationError: one cannot be read, so the folder may not be whole.
        """
        found = [self._read(path) for path in self.folder.glob(f"*{_ENTRY}")]
        yield from sorted(found, key=lambda entry: (entry.created, entry.report_id))

    def _read(self, path: Path) -> Entry:
        try:
            with path.open("rb") as file:
                held = json.loads(file.read(_LARGEST_ENTRY))
        except (OSError, ValueError, RecursionError):
            held = None
        entry = _entry_of(held)
        if entry is None or path.name != f"{entry.report_id}{_ENTRY}":
            raise ConfigurationError(
                f"{str(path)!r} is no entry of a pulled report: move it away, and"
                " pull again"
            )
        return entry

    def write(self, entry: Entry) -> None:
        """Write an entry; it is on the disk, whole, when this returns."""
        text = json.dumps(asdict(entry), indent=1, ensure_ascii=True)
        with self._new(self._entry(entry.report_id)) as file:
            file.write(f"{text}\n".encode())

    def keep_csv(self, report_id: str) -> str:
        """Make sure that a downloaded file is on the disk; return its hash."""
        path = self.csv(report_id)
        found = sha256_of(path)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        _sync_folder(self.folder)
        return found

    def place_parquet(self, source: Path, report_id: str) -> str:
        """Copy a Parquet file into the folder, whole or not at all; return its hash."""
        digest = hashlib.sha256()
        with (
            source.open("rb") as old,
            self._new(self.parquet(report_id)) as new,
        ):
            while chunk := old.read(_CHUNK):
                digest.update(chunk)
                new.write(chunk)
        return digest.hexdigest()

    def has_csv(self, entry: Entry) -> bool:
        """Return whether the file of Amazon is there as it came."""
        return _is(self.csv(entry.report_id), entry.csv_sha256)

    def has_parquet(self, entry: Entry) -> bool:
        """Return whether the Parquet is there as it was written."""
        expected = entry.parquet_sha256
        return expected is not None and _is(self.parquet(entry.report_id), expected)

    @contextlib.contextmanager
    def _new(self, target: Path) -> Generator[IO[bytes]]:
        """Open a file that replaces the target; it is on the disk when this ends."""
        with replacing(target) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.folder)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is(path: Path, expected: str) -> bool:
    try:
        return sha256_of(path) == expected
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _entry_of(held: object) -> Entry | None:
    """Return the entry in the JSON of a file; None if it is not one of this version."""
    if not isinstance(held, dict):
        return None
    members = cast("dict[str, Any]", held)
    if (
        set(members) != {one.name for one in fields(Entry)}
        or members["version"] != VERSION
        or not all(isinstance(members[name], str) for name in _TEXTS)
        or not is_safe_id(members["report_id"])
        or not isinstance(members["parquet_sha256"], (str, type(None)))
        or not isinstance(members["problem"], (str, type(None)))
        or not isinstance(members["rows"], (int, type(None)))
        or not _are_texts(members["columns"], list)
        or not _are_texts(members["facts"], dict)
        or not _are_texts(list(members["facts"].values()), list)
    ):
        return None
    return Entry(**members)


def _are_texts(held: object, kind: type) -> bool:
    return isinstance(held, kind) and all(
        isinstance(one, str) for one in cast("list[object]", held)
    )
