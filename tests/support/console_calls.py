"""The console's calls in memory, as its page makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from AmazonPay.simulator import Request
from simulated import Reply, reply_of

if TYPE_CHECKING:
    from AmazonPay.simulator import Simulator


def console(
    simulator: Simulator, method: str, noun: str, body: Any = None, **query: Any
) -> Reply:
    """Make a control call; without a body, the rest is its query."""
    search = f"?{urlencode(query)}" if query else ""
    data = b"" if body is None else json.dumps(body).encode()
    target = f"/_simulator/{noun}{search}"
    host = urlsplit(simulator.origin).netloc
    headers = (("host", host), ("content-type", "application/json"))
    return reply_of(simulator.handle(Request(method, target, headers, data)))


def asked(simulator: Simulator, noun: str, **query: Any) -> Any:
    """Make a GET of the console's, and return its JSON; fail if it is refused."""
    reply = console(simulator, "GET", noun, **query)
    assert reply.status == 200, reply
    return reply.json


def rows(simulator: Simulator, **query: Any) -> list[dict[str, Any]]:
    """Get the story in short."""
    found: list[dict[str, Any]] = asked(simulator, "rows", **query)["rows"]
    return found


def last_call(simulator: Simulator, operation: str | None = None) -> dict[str, Any]:
    """Get the last row of a request, of one operation or any, in short."""
    found = [row for row in rows(simulator) if row["kind"] == "request"]
    if operation is not None:
        found = [row for row in found if row["operation"] == operation]
    return found[-1]


def detail(simulator: Simulator, number: int) -> dict[str, Any]:
    """Get all of one row."""
    found: dict[str, Any] = asked(simulator, "row", number=number)
    return found
