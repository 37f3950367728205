"""Read foreign JSON: strict, and in bounded time and memory."""

from __future__ import annotations

import json
from typing import NoReturn, cast

from ._errors import NotificationForged


def read_object(text: str, what: str) -> dict[str, object]:
    """Return the members of a JSON object.

    Raises:
        NotificationForged: it is no JSON object, is nested too deeply, or has a member
            twice, an integer of more than 4,300 digits, a number beyond the range of
            floats, NaN, an infinity or a lone surrogate.
    """
    try:
        found = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_members
        )
        # A lone surrogate could be neither signed nor stored.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise NotificationForged(f"{what} is not JSON, or is strange JSON") from None
    if not isinstance(found, dict):
        raise NotificationForged(f"{what} is no JSON object")
    return cast("dict[str, object]", found)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members
