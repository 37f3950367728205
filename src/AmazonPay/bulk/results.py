"""What became of a row, of all rows, and the file that says so."""

from __future__ import annotations

import contextlib
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .. import errors
from .._core.whole_files import replacing
from ..errors import ConfigurationError, TransportError
from ..money import add
from .kinds import REFERENCE, RESULT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from ..resources._common import Price
    from .rows import Row

RowOutcome: TypeAlias = Literal[
    "success", "pending", "no", "moved", "unknown", "unsent", "conflict", "waiting"
]

MEANINGS: Final[Mapping[RowOutcome, str]] = {
    "success": "done, and seen",
    "pending": "not decided yet: run the same command again later",
    "no": "refused for good; to try again, give it a new reference",
    "moved": "money has moved otherwise than asked: a person looks",
    "unknown": "it may have been carried out: run the same command again",
    "unsent": "nothing was carried out: see the reason, then run it again",
    "conflict": "another reference has settled the object: nothing was sent",
    "waiting": "not begun: run the same command again",
}
"""What each outcome of a row asks of a person; in this order they are listed."""

_LONGEST_HEAD: Final = 64 * 1024
_EXPECTED: Final = frozenset({"success", "pending", "waiting"})

RESULT_COLUMNS: Final = tuple(
    f"{RESULT_PREFIX}{name}" for name in ("", "_reason", "_id", "_key")
)


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of one row."""

    row: Row
    outcome: RowOutcome
    reason: str | None = None
    object_id: str | None = None
    key: str | None = None
    earlier: bool = False
    """Whether an earlier run has settled it, so that nothing was asked now."""

    @property
    def is_transport(self) -> bool:
        """Whether no answer came at all."""
        kind = getattr(errors, self.reason or "", None)
        return isinstance(kind, type) and issubclass(kind, TransportError)

    @property
    def no_answer(self) -> bool:
        """Whether the row is open because of Amazon or the network, not its content.

        A row whose object does not exist is no sign that the others will fail.
        """
        reason = self.reason or ""
        if self.outcome == "unsent":
            return reason != "ResourceNotFound"
        lost = self.is_transport or reason.startswith("HTTP 5")
        return self.outcome == "unknown" and lost


class Summary:
    """The outcomes of all rows, counted, with the sum of their amounts."""

    def __init__(self, results: Iterable[RowResult]) -> None:
        self.results = tuple(results)
        self.counts = Counter(result.outcome for result in self.results)
        self.sums: dict[RowOutcome, dict[str, Price]] = {
            outcome: total_of(r.row for r in self.results if r.outcome == outcome)
            for outcome in MEANINGS
            if self.counts[outcome]
        }

    @property
    def attention(self) -> list[RowResult]:
        """The rows that a person must look at, in the order of the file."""
        return [one for one in self.results if one.outcome not in _EXPECTED]


def total_of(rows: Iterable[Row]) -> dict[str, Price]:
    """Return the sum of the rows' amounts, by currency."""
    sums: dict[str, Price] = {}
    for row in rows:
        if (value := row.price) is not None:
            code = value["currencyCode"]
            sums[code] = add(sums[code], value) if code in sums else value
    return sums


def check_place(path: str) -> None:
    """Raise unless a file of results can appear at a path.

    Raises:
        ConfigurationError: its folder is missing, or something else is there, such as
            a folder, a journal or a key.
    """
    target, usable = Path(path), False
    with contextlib.suppress(OSError, ValueError):  # such as a name that is too long
        usable = target.parent.is_dir() and (target.is_file() or not target.exists())
    if "\0" in path or not usable:
        raise ConfigurationError(
            f"the results cannot be written to {path!r}: name a file in a folder that"
            " is there"
        )
    if target.exists() and not _has_rows(target):
        raise ConfigurationError(
            f"the results cannot be written to {path!r}: what is there is no file of"
            " rows, and is not replaced: name another file"
        )


def _has_rows(path: Path) -> bool:
    """Return whether a file is empty, or begins with the column of references."""
    try:
        with path.open("rb") as file:
            head = file.readline(_LONGEST_HEAD)
    except OSError:
        return False
    names = head.decode("utf-8-sig", errors="replace").strip().split(",")
    return not head or REFERENCE in {name.strip('"') for name in names}


def write_results(
    path: str, columns: Sequence[str], results: Iterable[RowResult]
) -> None:
    """Write all rows with their results to a file, which appears whole or not at all.

    It can be given to the same command again: the columns of results are not read.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    check_place(path)
    kept = [n for n, name in enumerate(columns) if name not in RESULT_COLUMNS]
    target = Path(path)
    try:
        with (
            replacing(target) as file,
            io.TextIOWrapper(file, encoding="utf-8", newline="") as text,
        ):
            _write(text, [columns[n] for n in kept], kept, results)
    except OSError as error:
        raise ConfigurationError(
            f"the results cannot be written to {path!r}: {error.strerror}"
        ) from None


def _write(
    file: TextIO, names: list[str], kept: list[int], results: Iterable[RowResult]
) -> None:
    writer = csv.writer(file)
    writer.writerow([*names, *RESULT_COLUMNS])
    for result in results:
        ours = (result.outcome, result.reason, result.object_id, result.key)
        cells = [result.row.cells[n] for n in kept]
        writer.writerow([*cells, *("" if one is None else one for one in ours)])
