"""HTTP requests and responses as values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

Headers = tuple[tuple[str, str], ...]

JSON: Headers = (("content-type", "application/json"),)

# `json.dumps` makes a new one for each call with options.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it arrived."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: Headers = ()
    body: bytes = b""
    scheme: str = "https"
    _by_name: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            by_name[key] = f"{by_name[key]}, {value}" if key in by_name else value
        object.__setattr__(self, "_by_name", by_name)

    @property
    def path(self) -> str:
        """The target before its first `?`."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target after its first `?`."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return the value of a header, by its name in lower case.

        The values of a repeated header are joined by commas.
        """
        return self._by_name.get(name)


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """An HTTP response."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    cut: bool = False
    """Whether nothing of it is sent: the connection is reset."""
    late: float = 0.0
    """How many seconds after its call it is sent."""


def json_response(status: int, value: object) -> HTTPResponse:
    """Return a response with a JSON body; None makes an empty body."""
    if value is None:
        return HTTPResponse(status)
    return HTTPResponse(status, _encode(value).encode(), JSON)
