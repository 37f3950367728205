"""Numbers for optimistic locks: each write of a row gives it a new one."""

from __future__ import annotations

import secrets
from typing import Final

# `forget` adds one to a version, within the 32 bits of a column.
_VERSIONS: Final = 2**30


def new_version() -> int:
    """Return a random number of 1 or more; 0 is the version of a new row.

    It comes from the system. The module `random` gives equal numbers to workers that
    call `random.seed` alike, and each would take the other's write for its own.
    """
    return 1 + secrets.randbelow(_VERSIONS - 1)
