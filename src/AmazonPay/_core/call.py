"""One API call, before it is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..errors import InvalidRequest

Repeat: TypeAlias = Literal["read", "key", "state", "reference", "once"]
"""What may be repeated after an ambiguous failure; see `docs/reliability.md`."""

Body: TypeAlias = Mapping[str, object] | str | bytes
"""A JSON object, or its encoded text, which is sent and signed byte for byte."""


_LONGEST_TARGET = 60_000
"""The HTTP library refuses a URL of 65,536 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call with checked and encoded arguments, before it is signed."""

    operation: str
    """The name of the client's method."""
    method: str
    """The HTTP method."""
    route: str
    """The path template, which is safe to log."""
    path: str = field(repr=False)
    """The encoded path below the API version."""
    query: str = field(default="", repr=False)
    """The canonical query."""
    body: bytes | None = field(default=None, repr=False)
    idempotency_key: str | None = field(default=None, repr=False)
    repeat: Repeat
    declared: str = ""
    """The operation with method and path of a raw call; empty for other calls."""
    empty_answer: bool = False
    """Whether a 2xx answer without a body is complete."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Further headers, sent unsigned."""

    def __post_init__(self) -> None:
        if len(self.path) + len(self.query) > _LONGEST_TARGET:
            raise InvalidRequest(
                f"path and query have more than {_LONGEST_TARGET} characters"
            )
