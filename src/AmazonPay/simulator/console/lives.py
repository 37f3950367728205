"""How an object lives: its path so far, where it is, and what can come next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from ...lifecycles import LIFE_CYCLES, Kind, transition
from ..actors import pushes
from ..engine.context import EXPIRES
from ..handlers import (
    charge_permissions,
    charges,
    checkout_sessions,
    disputes,
    refunds,
    reports,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..actors.controls import Controls
    from ..engine.context import Context
    from ..engine.store import HistoryRow, Record

BY_TIME: Final = frozenset(
    {
        "24 hours pass",
        "nobody captures it in time",
        "it expires",
        "the deadline passes",
        "issuer approves",
        "capture succeeds",
        "capture fails",
        "processing fails",
        "refund succeeds",
        "refund fails",
        "file is written",
    }
)
"""The events that come by themselves, never by a call."""

# The states in which each call of a shop works; None is all of them.
_OPEN_PERMISSION: Final = ("Chargeable", "NonChargeable")
CALLS: Final[dict[Kind, dict[str, tuple[str, ...] | None]]] = {
    "checkoutSession": {
        "get_checkout_session": None,
        "update_checkout_session": ("Open",),
        "complete_checkout_session": ("Open",),
    },
    "chargePermission": {
        "get_charge_permission": None,
        "update_charge_permission": None,
        "create_charge": ("Chargeable",),
        "close_charge_permission": _OPEN_PERMISSION,
    },
    "charge": {
        "get_charge": None,
        "capture_charge": ("Authorized",),
        "cancel_charge": ("AuthorizationInitiated", "Authorized"),
        "create_refund": ("Captured",),
    },
    "refund": {"get_refund": None},
    "dispute": {
        "get_dispute": None,
        "contest_dispute": ("ActionRequired",),
        "update_dispute": ("ActionRequired", "UnderReview", "Resolved"),
    },
    "report": {"get_report": None, "get_report_document": ("COMPLETED",)},
}

# The member of a record that moves the time of an event: an earlier one does nothing.
_NOT_BEFORE: Final = {"it expires": "expires", "the deadline passes": "deadline"}

_SHOWN: Final[dict[str, Callable[[Context, Record, str], dict[str, Any]]]] = {
    checkout_sessions.KIND: lambda _, record, origin: checkout_sessions.to_json(
        record, origin
    ),
    charge_permissions.KIND: lambda context, record, _: charge_permissions.to_json(
        context, record
    ),
    charges.KIND: lambda _, record, __: charges.to_json(record),
    refunds.KIND: lambda _, record, __: refunds.to_json(record),
    disputes.KIND: lambda _, record, __: disputes.to_json(record),
    reports.KIND: lambda _, record, __: reports.to_json(record),
}


def life(controls: Controls, kind: str, id_: str) -> dict[str, Any]:
    """Return the life of one object, ready to be drawn."""
    known = pushes.checked_kind(kind)
    with controls.found(known, id_) as (context, record):
        order = record.get("order") or (id_ if known == "checkoutSession" else None)
        made: dict[str, Any] = {
            "kind": known,
            "id": id_,
            "order": order,
            "state": record["state"],
            "reason": record["reason"],
            "shown": _SHOWN[known](context, record, controls.origin),
            "next": _next(context, known, record),
            "calls": _calls(known, record),
            "acts": _acts(known, record),
        }
    path = _path(controls.story(order), known, id_)
    return {**made, "path": path, **_diagram(known, made["state"], path)}


def objects(controls: Controls, order: str) -> list[dict[str, str]]:
    """Return the objects of an order in the order of their creation."""
    found: dict[tuple[str, str], None] = {}
    for row in controls.story(order):
        if row.kind == "state":
            found[row.facts["object"], row.facts["id"]] = None
    return [
        {"kind": kind, "id": id_} for kind, id_ in found if _exists(controls, kind, id_)
    ]


def _exists(controls: Controls, kind: str, id_: str) -> bool:
    return kind in pushes.KINDS and controls.has(kind, id_)


# What can happen ----------------------------------------------------------------------


def _path(rows: list[HistoryRow], kind: str, id_: str) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "at": row.at,
            "event": row.facts["event"],
            "before": row.facts["before"],
            "after": row.facts["after"],
            "reason": row.facts["reason"],
        }
        for row in rows
        if row.kind == "state"
        and row.facts["object"] == kind
        and row.facts["id"] == id_
    ]


def _next(context: Context, kind: Kind, record: Record) -> list[dict[str, Any]]:
    """Return what comes by itself if nobody acts, the earliest first."""
    coming: list[dict[str, Any]] = []
    for at, event in context.transaction.due_for(context.owner, kind, record["id"]):
        arrow = transition(kind, record["state"], event)
        not_before = record.get(_NOT_BEFORE.get(event, ""))
        if arrow is not None and (not_before is None or at >= not_before):
            coming.append({"at": at, "event": event, "to": arrow.to})
        elif event == EXPIRES:
            coming.append({"at": at, "event": "it is deleted", "to": None})
    return coming


def _calls(kind: Kind, record: Record) -> list[dict[str, Any]]:
    """Return the calls of a shop about an object, and why those that fail would."""
    made: list[dict[str, Any]] = []
    for operation, states in CALLS[kind].items():
        why = None
        if states is not None and record["state"] not in states:
            why = f"only while it is {' or '.join(states)}; it is {record['state']}"
        elif operation == "complete_checkout_session" and not record["paid"]:
            why = "the buyer has not paid yet"
        made.append({"operation": operation, "whyNot": why})
    return made


def _acts(kind: Kind, record: Record) -> list[dict[str, Any]]:
    return [
        {
            "event": event,
            "by": act.by,
            "words": act.words,
            "whyNot": pushes.why_not(kind, record, event),
        }
        for event, act in pushes.ACTS[kind].items()
    ]


# The drawing --------------------------------------------------------------------------


def _diagram(kind: Kind, state: str, path: list[dict[str, Any]]) -> dict[str, Any]:
    """Return states with their places, and the arrows between them."""
    ranks = _ranks(kind)
    reachable = _reachable(kind, state)
    visited = {step["after"]: step["at"] for step in path}
    walked = {(step["before"], step["after"]) for step in path}
    arrows: dict[tuple[str | None, str], list[dict[str, Any]]] = {}
    for arrow in LIFE_CYCLES[kind]:
        for start in arrow.states or (None,):
            arrows.setdefault((start, arrow.to), []).append(
                {"event": arrow.event, "reason": arrow.reason}
            )
    return {
        "states": [
            {
                "name": name,
                "rank": rank,
                "now": name == state,
                "at": visited.get(name),
                "reachable": name in reachable,
            }
            for name, rank in ranks.items()
        ],
        "arrows": [
            {
                "from": start,
                "to": end,
                "events": events,
                "walked": (start, end) in walked,
            }
            for (start, end), events in arrows.items()
        ],
    }


def _ranks(kind: Kind) -> dict[str, int]:
    """Return the row of each state in the drawing: how many arrows lead to it.

    The shortest way counts. Final states, which no arrow leaves, come in the last row.
    """
    arrows = LIFE_CYCLES[kind]
    first = next(arrow.to for arrow in arrows if not arrow.states)
    ranks = {first: 0}
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        for arrow in arrows:
            if state in arrow.states and arrow.to not in ranks:
                ranks[arrow.to] = ranks[state] + 1
                waiting.append(arrow.to)
    leaves = {start for arrow in arrows for start in arrow.states}
    last = max((rank for name, rank in ranks.items() if name in leaves), default=0) + 1
    return {name: rank if name in leaves else last for name, rank in ranks.items()}


def _reachable(kind: Kind, state: str) -> set[str]:
    found: set[str] = set()
    waiting = deque([state])
    while waiting:
        start = waiting.popleft()
        for arrow in LIFE_CYCLES[kind]:
            if start in arrow.states and arrow.to not in found:
                found.add(arrow.to)
                waiting.append(arrow.to)
    return found
