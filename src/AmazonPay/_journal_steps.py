"""Reading and writing a journal, as steps of a procedure.

A journal is the caller's: whatever it raises ends in a `JournalFailed`, so that the
procedure can say what is known of the money meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from ._procedure import Blocking
from .errors import JournalConflict, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._entry import Change, Entry
    from ._procedure import Flow
    from .journal import Journal

R = TypeVar("R")


def find(journal: Journal, key: str) -> Flow[Entry | None]:
    """Read an entry; None where there is none."""
    work = partial(_guarded, journal.find, key)
    return cast("Entry | None", (yield Blocking(work)))


def write(journal: Journal, key: str, change: Change) -> Flow[Entry]:
    """Change an entry, and return what it has become."""
    work = partial(_guarded, journal.change, key, change)
    return cast("Entry", (yield Blocking(work)))


def _guarded(work: Callable[..., R], *args: object) -> R:
    try:
        return work(*args)
    except (JournalConflict, JournalFailed):
        raise
    except Exception as error:
        raise JournalFailed(
            "the journal could not be read or written; its own error is the cause"
        ) from error
