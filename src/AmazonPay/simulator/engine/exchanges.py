"""The last requests and answers as they were on the wire, in memory and bounded.

The story has what a reader needs of a call; this has the rest: headers, exact bytes,
the answer that left, and how long it took. Nothing is copied or rendered here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ..wire.messages import HTTPResponse, Request

MOST_ROWS: Final = 2_000
MOST_BYTES: Final = 16 * 1024 * 1024
_HEADERS: Final = 2_048
"""The bytes that headers and objects of one exchange take, roughly."""


class Exchange(NamedTuple):
    """A request, and the answer that it got; a plain tuple, for each call makes one."""

    request: Request
    answer: HTTPResponse
    """What left, after a fault."""
    seconds: float

    @property
    def size(self) -> int:
        """The bytes that it takes, roughly."""
        return len(self.request.body) + len(self.answer.body) + _HEADERS


class Exchanges:
    """The last exchanges by their request ids; the oldest go first."""

    def __init__(self, rows: int = MOST_ROWS, size: int = MOST_BYTES) -> None:
        self._most_rows = rows
        self._most_bytes = size
        self._bytes = 0
        self._kept: OrderedDict[str, Exchange] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, request_id: str, exchange: Exchange) -> None:
        """Keep an exchange, and let the oldest go while there is too much."""
        with self._lock:
            self._kept[request_id] = exchange
            self._bytes += exchange.size
            while len(self._kept) > self._most_rows or self._bytes > self._most_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= gone.size

    def find(self, request_id: str) -> Exchange | None:
        """Return an exchange, or None if it is gone or was never here."""
        with self._lock:
            return self._kept.get(request_id)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    @property
    def rows(self) -> int:
        """How many are kept."""
        return len(self._kept)

    @property
    def size(self) -> int:
        """The bytes that they take, roughly."""
        return self._bytes
