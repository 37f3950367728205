"""What goes into the simulator and what comes out: requests and answers, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

Pairs = tuple[tuple[str, str], ...]

JSON: Pairs = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came over the wire."""

    method: str
    target: str
    """Path and query, still percent-encoded."""
    headers: Pairs = ()
    body: bytes = b""
    scheme: str = "https"

    @property
    def path(self) -> str:
        """The target before its first `?`."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target after its first `?`."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Give a header's value; several of one name are joined by a comma."""
        found = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(found) if found else None


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Pairs = field(default=())
