"""All of one row: what happened in words, both sides of the wire, and the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..._core.operation import operations_of
from ...resources import Operations
from ..wire.errors import APIRefusal
from . import canonical, lives
from .lines import line, refusal_of, route_of

if TYPE_CHECKING:
    from ..actors.controls import Controls
    from ..engine.exchanges import Exchange
    from ..engine.store import HistoryRow, Record

_LARGEST: Final = 2**63 - 1
_LONGEST_BODY: Final = 64 * 1024
_LOOKED_BACK: Final = 40
_MOST_TIES: Final = 50
_FIRST_REFUSAL: Final = 400
_REFUSED_AT_THE_DOOR: Final = frozenset({401, 403})


def row_of(controls: Controls, number: int) -> HistoryRow:
    """Return a row of the story, or refuse a number that it does not have."""
    is_number = 0 < number <= _LARGEST
    rows = controls.story(after=number - 1, limit=1) if is_number else []
    if not rows or rows[0].number != number or rows[0].kind == "dropped":
        raise APIRefusal("ResourceNotFound", f"The story has no row {number}")
    return rows[0]


def detail(controls: Controls, number: int) -> dict[str, Any]:
    """Return everything about one row."""
    row = row_of(controls, number)
    made: dict[str, Any] = {"line": line(row), "objects": _objects(row)}
    if row.kind != "request":
        hidden = {"explanation", "payload"}
        made["facts"] = {k: v for k, v in row.facts.items() if k not in hidden}
        made["explanation"] = row.facts.get("explanation")
        made["payload"] = row.facts.get("payload")
        return made
    facts = row.facts
    exchange = controls.exchanges.find(facts["requestId"])
    ties = _ties(controls, row)
    made["attempts"] = ties
    made["effects"] = _effects(controls, row)
    made["what"] = _what(controls, row, ties, made["effects"])
    made["operation"] = _operation(facts)
    made["request"] = _request(facts, exchange)
    made["answer"] = _answer(facts, exchange)
    made["milliseconds"] = exchange and round(exchange.seconds * 1000, 1)
    made["explanation"] = facts.get("explanation")
    made["signature"] = None
    if exchange is not None and exchange.request.header("authorization"):
        found = canonical.signature(exchange.request, controls.merchants)
        # Keep the explanation made when the call came: a date is judged by that time.
        told = facts.get("explanation")
        if told is not None:
            found |= {"holds": False, "explanation": told}
        made["signature"] = found
    return made


# The two sides ------------------------------------------------------------------------


def _operation(facts: Record) -> dict[str, Any] | None:
    found = route_of(facts)
    if found is None:
        return None
    declared = operations_of(Operations)[found.operation]
    return {
        "name": found.operation,
        "page": declared.page,
        "summary": (declared.__doc__ or "").partition("\n")[0],
    }


def _request(facts: Record, exchange: Exchange | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "method": facts["method"],
        "target": facts["target"],
        "headers": None,
        "body": facts["body"],
    }
    if exchange is not None:
        made["headers"] = [
            [name, canonical.shown_header(name, value)]
            for name, value in exchange.request.headers
        ]
        made["size"] = len(exchange.request.body)
    return made


def _answer(facts: Record, exchange: Exchange | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "status": facts["status"],
        "body": facts["answer"],
        "headers": [["x-amz-pay-request-id", facts["requestId"]]],
        "sent": None,
    }
    if exchange is None:
        return made
    sent = exchange.answer
    made["headers"] += [list(pair) for pair in sent.headers]
    if facts["fault"] and not facts["fault"].startswith("late"):
        text = sent.body[:_LONGEST_BODY].decode(errors="replace")
        made["sent"] = {"status": sent.status, "body": text, "fault": facts["fault"]}
    return made


# What it is tied to -------------------------------------------------------------------


def _ties(controls: Controls, row: HistoryRow) -> list[int]:
    """Return the numbers of all rows with this row's key, or else its request."""
    facts = row.facts
    key = facts["idempotencyKey"]
    if key is None and facts["method"] == "GET":
        return [row.number]
    found: list[int] = []
    for other in controls.story(row.order):
        if other.kind != "request" or other.owner != row.owner:
            continue
        theirs = other.facts
        if key is not None:
            same = theirs["idempotencyKey"] == key
        else:
            members = ("method", "target", "body")
            same = all(theirs[name] == facts[name] for name in members)
        if same or other.number == row.number:
            found.append(other.number)
    return found[-_MOST_TIES:]


def _effects(controls: Controls, row: HistoryRow) -> list[dict[str, Any]]:
    """Return the changes that a call has made: the rows just before its own."""
    after = max(0, row.number - 1 - _LOOKED_BACK)
    rows = controls.story(after=after, limit=_LOOKED_BACK)
    found: list[dict[str, Any]] = []
    for other in reversed([one for one in rows if one.number < row.number]):
        if other.kind == "notification":
            continue
        if other.kind != "state" or other.order != row.order:
            break
        if other.facts["event"] not in lives.BY_TIME:
            found.insert(0, {"number": other.number, **other.facts})
    return found


def _objects(row: HistoryRow) -> list[dict[str, str]]:
    """Return kind and id of each object that a row of the story names."""
    facts = row.facts
    if row.kind in {"state", "pushed"}:
        return [{"kind": facts["object"], "id": facts["id"]}]
    if row.kind == "notification":
        return [{"kind": facts["object"], "id": facts["objectId"]}]
    if row.kind != "request":
        return []
    found = route_of(facts)
    named = found.ids if found else {}
    kinds = {
        "checkout_session_id": "checkoutSession",
        "charge_permission_id": "chargePermission",
        "charge_id": "charge",
        "refund_id": "refund",
        "dispute_id": "dispute",
        "report_id": "report",
    }
    return [
        {"kind": kinds[name], "id": id_} for name, id_ in named.items() if name in kinds
    ]


# In words -----------------------------------------------------------------------------


def _what(
    controls: Controls,
    row: HistoryRow,
    ties: list[int],
    effects: list[dict[str, Any]],
) -> list[str]:
    """Return what happened, as sentences."""
    facts = row.facts
    said: list[str] = []
    earlier = [number for number in ties if number < row.number]
    if "replayOf" in facts:
        checked = facts["signatureChecked"]
        said.append(
            f"The console sent row {facts['replayOf']} again"
            + (
                ", the same bytes with the same signature."
                if checked
                else ", changed; so its signature was not looked at."
            )
        )
    if facts["replayed"]:
        where = f" (row {earlier[0]})" if earlier else ""
        said.append(
            f"Its key was used before{where}: the stored answer came back, and nothing"
            " was done a second time."
        )
    elif facts["fault"]:
        said += _of_fault(controls, row)
    elif facts["status"] >= _FIRST_REFUSAL:
        said += _of_refusal(controls, row, earlier, effects)
    elif effects:
        said.append("It was carried out.")
    if not facts["replayed"] and earlier and facts["idempotencyKey"]:
        said.append(f"Row {earlier[0]} came with the same key.")
    return said


def _of_fault(controls: Controls, row: HistoryRow) -> list[str]:
    facts = row.facts
    if facts["fault"].startswith("late"):
        return [f"It was carried out, and its answer came late ({facts['fault']})."]
    exchange = controls.exchanges.find(facts["requestId"])
    sent = exchange.answer.body if exchange else b""
    did_not_run = facts["status"] == 0
    if did_not_run or sent.decode(errors="replace") == (facts["answer"] or None):
        return [f"A fault ({facts['fault']}) answered in its place: nothing was done."]
    return [
        f"It was carried out, and a fault ({facts['fault']}) took its answer away.",
        "The caller cannot know that it worked: the same call again, or a GET, tells.",
    ]


def _of_refusal(
    controls: Controls,
    row: HistoryRow,
    earlier: list[int],
    effects: list[dict[str, Any]],
) -> list[str]:
    facts = row.facts
    code, message = refusal_of(facts["answer"])
    said = [f"Refused: {code or facts['status']}. {message}".strip()]
    if facts.get("explanation"):
        said = [f"Refused: {code}."]
    if facts["status"] in _REFUSED_AT_THE_DOOR:
        return [*said, "It was refused before the ledger: nothing was changed."]
    worked = [
        number
        for number in earlier
        if (before := row_of(controls, number).facts)["target"] == facts["target"]
        and before["status"] < _FIRST_REFUSAL
    ]
    if worked and not effects:
        said.append(
            f"Row {worked[0]} was the same request, and it worked: this refusal says"
            " that there is nothing left to do, not that the first one failed."
        )
    elif not effects:
        said.append("Nothing was changed.")
    return said
