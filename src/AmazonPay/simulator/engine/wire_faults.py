"""Faults besides those of `outcomes.TABLE`.

They are the errors that an operation's documentation names, an answer that comes late,
and a connection that is reset.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from ..._core.operation import operations_of
from ...resources import Operations
from ..wire.errors import STATUSES
from .outcomes import known_outcomes

if TYPE_CHECKING:
    from .outcomes import When

RESET: Final = "reset"
DELAYS: Final = {f"{seconds} s late": float(seconds) for seconds in (2, 10, 60)}
"""The seconds of each answer that comes late."""


@cache
def documented_errors(operation: str) -> tuple[str, ...]:
    """Return the reason codes that an operation's documentation names as errors."""
    text = operations_of(Operations)[operation].__doc__ or ""
    errors = text.partition("Errors:")[2].partition("\n\n")[0]
    codes = re.findall(r"`(\w+)`", errors)
    return tuple(dict.fromkeys(code for code in codes if code in STATUSES))


def wire_outcomes(operation: str, when: When) -> list[str]:
    """Return the names of the faults of this file that an operation can have."""
    if when == "after":
        return [RESET, *DELAYS]
    if when != "before":
        return []
    known = known_outcomes(operation, when)
    return [RESET, *(one for one in documented_errors(operation) if one not in known)]
