"""The console's HTTP calls below `/_simulator/`: all that its page shows and does."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from ..actors.control_routes import Route
from ..engine.clock import Clock
from ..engine.outcomes import MOMENTS, known_outcomes
from ..engine.wire_faults import wire_outcomes
from ..handlers import HANDLERS
from ..wire.errors import invalid_value
from ..wire.messages import HTTPResponse
from . import copies, detail, lines, lives, orders, replays, search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..actors.control_routes import Given
    from ..actors.controls import Controls

EVENTS: Final = "events"
EVENT_STREAM: Final = "text/event-stream"


def _state(controls: Controls, _: Given) -> dict[str, Any]:
    """Return what stands above the list: clock, keys, faults, how full it is."""
    due = controls.next_event_at()
    clock = controls.clock
    with controls.store.transaction() as transaction:
        last = transaction.last_number()
    return {
        "version": version("AmazonPayClient"),
        "world": controls.world,
        "clock": {
            "now": controls.clock().isoformat(),
            "nextEvent": None if due is None else due.isoformat(),
            "runs": not isinstance(clock, Clock) or clock.runs,
            "lead": clock.lead.total_seconds() if isinstance(clock, Clock) else 0,
            "canMove": isinstance(clock, Clock),
        },
        "keys": [
            {
                "publicKeyId": one.public_key_id,
                "merchantId": one.merchant_id,
                "region": one.region,
                "environments": sorted(one.environments),
            }
            for one in controls.merchants.values()
        ],
        "faults": controls.faults(),
        "notificationsAreHeard": controls.notifications.are_heard,
        "story": {"last": last, "most": controls.settings.story_rows},
        "exchanges": {
            "rows": controls.exchanges.rows,
            "bytes": controls.exchanges.size,
        },
    }


def _lines(controls: Controls, given: Given) -> dict[str, Any]:
    again = [one for one in str(given.get("again", "")).split(",") if one]
    if any(not one.isascii() or not one.isdigit() for one in again):
        raise invalid_value("again is numbers of rows, separated by commas")
    return {
        "world": controls.world,
        "rows": lines.lines(
            controls,
            given.get("after", 0),
            given.get("limit", lines.PAGE),
            given.get("order"),
        ),
        "again": lines.lines_of(controls, (int(one[:18]) for one in again)),
    }


def _fault_kinds(_: Controls, __: Given) -> dict[str, Any]:
    return {
        "operations": {
            operation: {
                when: [
                    *known_outcomes(operation, when),
                    *wire_outcomes(operation, when),
                ]
                for when in MOMENTS
            }
            for operation in sorted(HANDLERS)
        }
    }


def _push(controls: Controls, given: Given) -> dict[str, Any]:
    return controls.push(
        given["kind"],
        given["id"],
        given["event"],
        resolution=given.get("resolution"),
    )


def event(controls: Controls) -> bytes:
    """Return the event that says how far the world has come."""
    with controls.store.transaction() as transaction:
        last = transaction.last_number()
    data = json.dumps({"world": controls.world, "last": last})
    return f"event: world\nid: {controls.world}-{last}\ndata: {data}\n\n".encode()


def _events(controls: Controls, _: Given) -> HTTPResponse:
    """Return the first event; a server sends the next ones behind it."""
    headers = (("content-type", EVENT_STREAM), ("cache-control", "no-store"))
    return HTTPResponse(200, b"retry: 1000\n\n" + event(controls), headers)


ROUTES: Final[Mapping[tuple[str, str], Route]] = {
    ("GET", "console"): Route(
        "Clock, keys, armed faults, and how full the story is", _state, {}
    ),
    ("GET", "rows"): Route(
        "The rows of the story in short; `again` is numbers of rows to tell anew",
        _lines,
        {"after": int, "limit": int, "order": str, "again": str},
    ),
    ("GET", "row"): Route(
        "All of one row: request, answer, and both sides of its signature",
        lambda controls, given: detail.detail(controls, given["number"]),
        {"number": int},
        ("number",),
    ),
    ("GET", "search"): Route(
        "The numbers of the rows in which a text stands, in bodies, too",
        lambda controls, given: {"rows": search.numbers_with(controls, given["text"])},
        {"text": str},
        ("text",),
    ),
    ("GET", "orders"): Route(
        "The last orders, newest first: amount and states",
        lambda controls, _: orders.orders(controls),
        {},
    ),
    ("GET", "objects"): Route(
        "The objects of an order, oldest first",
        lambda controls, given: {"objects": lives.objects(controls, given["order"])},
        {"order": str},
        ("order",),
    ),
    ("GET", "object"): Route(
        "The life of one object: its path, what comes next, what can be done",
        lambda controls, given: lives.life(controls, given["kind"], given["id"]),
        {"kind": str, "id": str},
        ("kind", "id"),
    ),
    ("POST", "push"): Route(
        "Let an event of its life cycle happen to an object",
        _push,
        {"kind": str, "id": str, "event": str, "resolution": str},
        ("kind", "id", "event"),
    ),
    ("POST", "replay"): Route(
        "Send the call of a row again: `same`, `changed` with a body, or `newKey`",
        lambda controls, given: replays.replay(
            controls, given["number"], given["how"], given.get("body")
        ),
        {"number": int, "how": str, "body": str},
        ("number", "how"),
    ),
    ("GET", "copy"): Route(
        "A call as code: `python`, `curl`, or `pytest`",
        lambda controls, given: copies.copy(controls, given["number"], given["form"]),
        {"number": int, "form": str},
        ("number", "form"),
    ),
    ("POST", "redeliver"): Route(
        "Send the notifications of an order again, the newest first",
        lambda controls, given: {
            "messages": controls.notifications.redeliver(given["order"])
        },
        {"order": str},
        ("order",),
    ),
    ("GET", "faultKinds"): Route(
        "The outcomes that can be armed, by operation and moment", _fault_kinds, {}
    ),
    ("GET", EVENTS): Route(
        "Server-sent events: one now, and one with each change",
        _events,
        {},
        answers=EVENT_STREAM,
    ),
}
"""By method and noun."""
