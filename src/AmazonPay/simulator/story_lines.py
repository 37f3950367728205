"""The story as text: a line a row, for terminals and the reports of tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .engine.notifications import NOBODY_LISTENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .engine.store import HistoryRow, Record

_FIRST_ERROR = 400


def is_told(row: HistoryRow) -> bool:
    """Return whether a row gets a line; what Amazon never sends gets none."""
    because = row.facts.get("because")
    return because is None or because == NOBODY_LISTENS


def story_lines(rows: Iterable[HistoryRow], of: int) -> str:
    """Return the lines of rows, the last ones `of` so many."""
    lines = [f"the last of {of} rows of the story" if of else "nothing has happened"]
    for row in rows:
        head = f"{row.number:>5}  {row.at[9:11]}:{row.at[11:13]}:{row.at[13:15]}"
        lines.append(f"{head}  {line_of(row)}")
        lines += [f"{' ' * 17}{line}" for line in _explanation(row.facts)]
    return "\n".join(lines)


def line_of(row: HistoryRow) -> str:
    """Return what one row says, in a line."""
    facts = row.facts
    return _LINES[row.kind](facts) if row.kind in _LINES else row.kind


def _request(facts: Record) -> str:
    parts = ["→ ", facts["method"], facts["target"], str(facts["status"])]
    if facts["status"] >= _FIRST_ERROR:
        parts += _refusal(facts["answer"])
    if facts["replayed"]:
        parts.append("(the stored answer of its key)")
    if facts["fault"]:
        parts.append(f"(fault: {facts['fault']})")
    return " ".join(parts)


def _refusal(answer: str) -> list[str]:
    try:
        found: Any = json.loads(answer)
        message = " ".join(str(found["message"]).split())
        return [found["reasonCode"], f"· {message}"]
    except (ValueError, LookupError, TypeError):
        return []


def _state(facts: Record) -> str:
    reason = f", {facts['reason']}" if facts["reason"] else ""
    before = f"{facts['before']} → " if facts["before"] else ""
    return (
        f"●  {facts['object']} {facts['id']}: {before}{facts['after']}{reason}"
        f" ({facts['event']})"
    )


def _notification(facts: Record) -> str:
    what = f"{facts['object']} {facts['objectId']}"
    if "because" in facts:
        return f"○  no notification of {what}: {facts['because']}"
    what += f": {facts['status']}"
    answers = ", ".join(str(one["answer"]) for one in facts.get("attempts", ()))
    until = f", next at {facts['until']}" if "until" in facts else ""
    return f"←  notification of {what}{f' ({answers})' if answers else ''}{until}"


def _buyer(facts: Record) -> str:
    chosen = [f"{name} {value}" for name, value in facts.items() if name != "did"]
    return " ".join(["◇ ", "buyer", str(facts["did"]), *chosen])


def _button(facts: Record) -> str:
    code = f": {facts['code']}" if "code" in facts else ""
    return f"◇  button {facts['did']}{code}"


_LINES: dict[str, Callable[[Record], str]] = {
    "request": _request,
    "state": _state,
    "notification": _notification,
    "buyer": _buyer,
    "button": _button,
    "provoked": lambda facts: (
        f"✂  {facts['times']} of {facts['operation']} will end in {facts['outcome']},"
        f" {facts['when']}"
    ),
    "issuer": lambda facts: f"◇  the bank {facts['did']}",
    "clock": lambda facts: (
        f"⏱  the clock was moved {'by ' if facts['to'] else ''}{facts['by']}"
    ),
    "pushed": lambda facts: (
        f"◇  {facts['object']} {facts['id']}: made to happen: {facts['event']}"
    ),
    "disarmed": lambda facts: (
        f"✂  disarmed: {facts['outcome']} of {facts['operation']}, {facts['when']}"
    ),
    "resent": lambda facts: f"←  a notification is sent again: {facts['how']}",
    "dropped": lambda facts: f"…  {facts['rows']} older rows are gone",
}


def _explanation(facts: Record) -> list[str]:
    found = facts.get("explanation")
    if found is None:
        return []
    lines = [found["headline"]]
    lines += [f"{name:5}  {found[name]}" for name in ("cause", "fix", "proof")]
    difference = found.get("difference")
    if difference is not None:
        lines.append(
            f"first difference at byte {difference['offset']} of the"
            f" {difference['part']}: {difference['signed']!r} was signed,"
            f" {difference['came']!r} came"
        )
    return [line for line in lines if line.strip()]
