"""Time, story, faults and the whole world over HTTP, below `/_simulator/`."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from ...errors import ConfigurationError, InvalidRequest
from ..console import routes as console
from ..story_lines import line_of
from ..wire import bodies
from ..wire.errors import APIRefusal, invalid_value
from ..wire.messages import JSON, HTTPResponse, json_response
from .control_routes import Route, check_members, unknown_member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.store import HistoryRow
    from ..wire.messages import Request
    from .control_routes import Given
    from .controls import Controls

LARGEST_WORLD: Final = 64 * 1024 * 1024
"""Bytes; a longer world is refused unread."""

_LARGEST_NUMBER: Final = 2**63 - 1


def _clock(controls: Controls) -> dict[str, Any]:
    due = controls.next_event_at()
    return {
        "now": controls.clock().isoformat(),
        "nextEvent": None if due is None else due.isoformat(),
    }


def _rows(rows: list[HistoryRow]) -> list[dict[str, Any]]:
    return [{**asdict(row), "line": line_of(row)} for row in rows]


def _move(controls: Controls, given: Given) -> dict[str, Any]:
    by = {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in given.items()
        if name != "toNextEvent"
    }
    if not given.get("toNextEvent"):
        rows = controls.advance(**by)
    elif by:
        raise invalid_value("toNextEvent excludes the other members")
    else:
        rows = controls.advance_to_next_event()
    return {**_clock(controls), "happened": _rows(rows)}


def _story(controls: Controls, given: Given) -> dict[str, Any]:
    rows = controls.story(
        given.get("order"), given.get("after", 0), limit=given.get("limit")
    )
    return {"rows": _rows(rows)}


def _arm(controls: Controls, given: Given) -> dict[str, Any]:
    names = {"publicKeyId": "public_key_id"}
    controls.provoke(**{names.get(name, name): one for name, one in given.items()})
    return {"unused": controls.faults()}


def _reset(controls: Controls, _: Given) -> dict[str, Any]:
    controls.reset()
    return _clock(controls)


def _load(controls: Controls, given: Given) -> dict[str, Any]:
    controls.restore(given["world"])
    return _clock(controls)


_BY = dict.fromkeys(("days", "hours", "minutes", "seconds"), float)
_FAULT = {
    "operation": str,
    "outcome": str,
    "when": str,
    "times": int,
    "publicKeyId": str,
}

ROUTES: Final[Mapping[tuple[str, str], Route]] = {
    ("GET", "clock"): Route(
        "The simulator's time, and when something is due next",
        lambda controls, _: _clock(controls),
        {},
    ),
    ("POST", "clock"): Route(
        "Move time forward; the answer comes when all that is due has happened",
        _move,
        {**_BY, "toNextEvent": bool},
    ),
    ("GET", "story"): Route(
        "What has happened, to one order or at all, after a row's number",
        _story,
        {"order": str, "after": int, "limit": int},
    ),
    ("GET", "sessions"): Route(
        "All checkout sessions, oldest first",
        lambda controls, _: {"sessions": controls.sessions()},
        {},
    ),
    ("GET", "charges"): Route(
        "All charges, oldest first",
        lambda controls, _: {"charges": controls.charges()},
        {},
    ),
    ("GET", "faults"): Route(
        "The armed faults that no call has met yet",
        lambda controls, _: {"unused": controls.faults()},
        {},
    ),
    ("POST", "faults"): Route(
        "Arm a fault of the next calls of an operation",
        _arm,
        _FAULT,
        ("operation", "outcome"),
    ),
    ("DELETE", "faults"): Route(
        "Disarm the faults of an operation, or all; the answer is what no call has met",
        lambda controls, given: {"unused": controls.disarm(given.get("operation"))},
        {"operation": str},
    ),
    ("POST", "reset"): Route(
        "Forget everything; set the clock to its start", _reset, {}
    ),
    ("GET", "save"): Route(
        "The whole world as JSON, for `load`", lambda controls, _: controls.saved(), {}
    ),
    ("POST", "load"): Route(
        "Put a saved world in the place of this one", _load, {}, takes_world=True
    ),
    **console.ROUTES,
}
"""By method and noun."""

NOUNS: Final = frozenset(noun for _, noun in ROUTES)


def answer_world_call(controls: Controls, request: Request, noun: str) -> HTTPResponse:
    """Return the response to a control call about time, story, faults or the world."""
    route = ROUTES.get((request.method, noun))
    if route is None:
        raise APIRefusal("RequestNotSupported", f"{noun} does not take this method")
    try:
        answer = route.run(controls, _given(route, request))
    except (ConfigurationError, InvalidRequest) as error:
        raise APIRefusal("InvalidRequest", str(error)) from None
    if isinstance(answer, HTTPResponse):
        return answer
    if isinstance(answer, bytes):
        return HTTPResponse(200, answer, JSON)
    return json_response(200, answer)


def _given(route: Route, request: Request) -> Given:
    if request.method == "GET":
        return _query(route, request.query)
    if route.takes_world:
        return {"world": request.body}
    body = bodies.parse_body(request.body)
    check_members(body, route.members, route.required)
    return body


def _query(route: Route, query: str) -> Given:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in route.members or name in found:
            raise unknown_member(route.members)
        found[name] = value if route.members[name] is str else _number(name, value)
    check_members(found, route.members, route.required)
    return found


def _number(name: str, value: str) -> int:
    is_number = value.isascii() and value.isdigit()
    if not is_number or len(value) > len(str(_LARGEST_NUMBER)):
        raise invalid_value(f"The value of {name} is invalid")
    return min(int(value), _LARGEST_NUMBER)
