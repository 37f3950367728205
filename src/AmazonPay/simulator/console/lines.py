"""Each row of the story in short: a sign, a few words, and what ties it to others."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..engine.notifications import NOBODY_LISTENS
from ..wire.errors import APIRefusal
from ..wire.routes import Route, route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..engine.store import HistoryRow, Record

PAGE: Final = 2_000
"""The most rows of one answer."""

_FIRST_REFUSAL: Final = 400
_FIRST_BREAKDOWN: Final = 500
_LONGEST: Final = 300
"""The characters of a text of somebody else's that a line shows."""
_MOST_AGAIN: Final = 200


class _Storyteller(Protocol):
    def story(
        self, order: str | None = None, after: int = 0, *, limit: int | None = None
    ) -> list[HistoryRow]: ...


def lines(
    controls: _Storyteller, after: int = 0, limit: int = PAGE, order: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows after a number, each in short."""
    rows = controls.story(order, after, limit=min(limit, PAGE))
    return [line(row) for row in rows]


def lines_of(controls: _Storyteller, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Return the rows with these numbers, as far as they are there."""
    found: list[dict[str, Any]] = []
    for number in list(numbers)[:_MOST_AGAIN]:
        rows = controls.story(after=number - 1, limit=1)
        found += [line(row) for row in rows if row.number == number]
    return found


def line(row: HistoryRow) -> dict[str, Any]:
    """Return one row in short, as JSON values."""
    made: dict[str, Any] = {
        "number": row.number,
        "at": row.at,
        "owner": row.owner,
        "order": row.order,
        "kind": row.kind,
        "sign": "·",
        "tone": "plain",
        "text": row.kind,
    }
    if row.kind in _LINES:
        made |= _LINES[row.kind](row.facts)
    return made


def name_of(kind: str) -> str:
    """Return the kind of an object in words: `charge permission`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()


def _clock_time(at: str) -> str:
    return f"{at[:4]}-{at[4:6]}-{at[6:8]} {at[9:11]}:{at[11:13]}:{at[13:15]}"


# Requests -----------------------------------------------------------------------------


def route_of(facts: Record) -> Route | None:
    """Return the operation of a call of the story, or None if there is none."""
    return _route(facts["method"], str(facts["target"]).partition("?")[0])


@lru_cache(maxsize=4096)
def _route(method: str, path: str) -> Route | None:
    try:
        return route(method, path)
    except APIRefusal:
        return None


def refusal_of(answer: str) -> tuple[str | None, str]:
    """Return the reason code and the message of an answer, if it has them."""
    try:
        found: Any = json.loads(answer)
        return str(found["reasonCode"]), str(found["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None, ""


def _request(facts: Record) -> dict[str, Any]:
    target = str(facts["target"])
    found = route_of(facts)
    status = facts["status"]
    fault = facts["fault"]
    made: dict[str, Any] = {
        "sign": "→",
        "tone": "ok",
        "status": status,
        "method": facts["method"],
        "target": target[:_LONGEST],
        "operation": found and found.operation,
        "key": facts["idempotencyKey"],
        "replayed": facts["replayed"],
        "requestId": facts["requestId"],
    }
    subject = next(iter(found.ids.values()), "") if found else ""
    words = found.operation.replace("_", " ") if found else facts["method"]
    made["text"] = words if found else f"{words} {target[:_LONGEST]}"
    made["about"] = subject[:_LONGEST]
    code, message = None, ""
    if status >= _FIRST_REFUSAL:
        code, message = refusal_of(facts["answer"])
        made["tone"] = "refused" if status < _FIRST_BREAKDOWN else "broken"
    made |= {"code": code, "message": " ".join(message.split())[:_LONGEST]}
    if facts["replayed"]:
        made["sign"] = "↺"
        made["note"] = "the stored answer of its key"
    if fault:
        # The row has the answer of the call itself; the fault's name, what was sent.
        made |= {"sign": "✂", "fault": fault, **_of_fault(str(fault), status, code)}
    if facts.get("explanation"):
        made["explained"] = facts["explanation"]["headline"]
    if "replayOf" in facts:
        made["replayOf"] = facts["replayOf"]
        made["note"] = f"replayed by the console from row {facts['replayOf']}"
    return made


def _of_fault(fault: str, status: int, code: str | None) -> dict[str, Any]:
    name, _, sent = fault.rpartition(": ")
    if name == "late":
        return {"note": f"its answer came {sent} late"}
    ran = status not in {0, int(sent) if sent.isdigit() else 0}
    return {
        "tone": "broken",
        "status": int(sent) if sent.isdigit() else None,
        "code": None if ran else code,
        "message": "",
        "note": f"{fault}; {_RAN if ran else _DID_NOT_RUN}",
    }


_RAN: Final = "the call was carried out, and its answer was lost"
_DID_NOT_RUN: Final = "the call was not carried out"


# The others ---------------------------------------------------------------------------


def _state(facts: Record) -> dict[str, Any]:
    before, name = facts["before"], name_of(facts["object"])
    return {
        "sign": "●",
        "text": f"{name} {before} → {facts['after']}"
        if before
        else f"{name} {facts['after']}",
        "note": ", ".join(one for one in (facts["event"], facts["reason"]) if one),
        "object": facts["object"],
        "about": facts["id"],
        "state": facts["after"],
        "tone": "ended" if facts["after"] in _ENDS else "plain",
    }


_ENDS: Final = frozenset({"Declined", "Canceled", "FAILED"})


def _notification(facts: Record) -> dict[str, Any]:
    made: dict[str, Any] = {
        "object": facts["object"],
        "about": facts["objectId"],
        "event": facts["change"],
    }
    if "because" in facts:
        because = facts["because"]
        quiet = because != NOBODY_LISTENS
        text = f"no notification of this {name_of(facts['object'])}"
        return made | {
            "sign": "○",
            "tone": "quiet" if quiet else "warned",
            "text": text,
            "note": because,
        }
    attempts: list[Mapping[str, Any]] = facts.get("attempts", [])
    right = [one for one in attempts if not one.get("altered")]
    last = right[-1]["answer"] if right else None
    notes = [
        f"{'altered, ' if one.get('altered') else ''}answered {one['answer']}"
        for one in attempts[-3:]
    ]
    if "until" in facts:
        notes.append(f"next at {_clock_time(facts['until'])}")
    is_bad = isinstance(last, str) or (last is not None and last >= _FIRST_REFUSAL)
    return made | {
        "sign": "←",
        "tone": "warned" if is_bad else "plain",
        "text": f"notification of this {name_of(facts['object'])}: {facts['status']}",
        "note": "; ".join(notes),
        "status": last,
        "waits": facts["status"] == "waiting",
        "messageId": facts["messageId"],
    }


def _buyer(facts: Record) -> dict[str, Any]:
    chosen = [f"{name} {value}" for name, value in facts.items() if name != "did"]
    text = f"buyer {facts['did']}"
    return {"sign": "◇", "text": text[:_LONGEST], "note": ", ".join(chosen)[:_LONGEST]}


def _button(facts: Record) -> dict[str, Any]:
    made: dict[str, Any] = {"sign": "◇", "text": f"button {facts['did']}"}
    if "code" in facts:
        made |= {"tone": "refused", "code": facts["code"]}
        made["message"] = str(facts["message"])[:_LONGEST]
    if facts.get("explanation"):
        made["explained"] = facts["explanation"]["headline"]
    return made


def _provoked(facts: Record) -> dict[str, Any]:
    times = facts["times"]
    return {
        "sign": "✂",
        "tone": "armed",
        "text": f"armed: {facts['operation'].replace('_', ' ')} → {facts['outcome']}",
        "note": f"{facts['when']}, {times} {'call' if times == 1 else 'calls'}",
    }


def _clock(facts: Record) -> dict[str, Any]:
    by, to = facts["by"], facts["to"]
    return {
        "sign": "⏱",
        "tone": "time",
        "text": f"the clock was moved {by}"
        if to is None
        else f"the clock was moved by {by}",
        "note": "" if to is None else f"to {_clock_time(to)}",
    }


_LINES: dict[str, Callable[[Record], dict[str, Any]]] = {
    "request": _request,
    "state": _state,
    "notification": _notification,
    "buyer": _buyer,
    "issuer": lambda facts: {
        "sign": "◇",
        "text": f"the bank {facts['did']}",
        "note": str(facts.get("reason") or facts.get("decision") or ""),
    },
    "button": _button,
    "provoked": _provoked,
    "clock": _clock,
    "pushed": lambda facts: {
        "sign": "◇",
        "text": f"the console made it happen: {facts['event']}",
        "object": facts["object"],
        "about": facts["id"],
    },
    "disarmed": lambda facts: {
        "sign": "✂",
        "tone": "quiet",
        "text": f"disarmed: {facts['operation'].replace('_', ' ')}",
        "note": f"{facts['outcome']}, {facts['when']}",
    },
    "resent": lambda facts: {
        "sign": "←",
        "text": "a notification is sent again",
        "note": facts["how"],
        "about": facts["messageId"],
    },
    "dropped": lambda facts: {
        "sign": "…",
        "tone": "quiet",
        "text": f"{facts['rows']} older rows are gone",
    },
}
