"""Provoked outcomes: the next calls of an operation end in them, one for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..engine.outcomes import MOMENTS, Outcome, known_outcomes
from ..engine.wire_faults import wire_outcomes
from ..handlers import HANDLERS
from ..wire.errors import invalid_value

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.outcomes import When
    from ..wire.api_call import APICall

KIND: Final = "outcome"

_MOST = 100
"""The most calls that can be asked for at a time."""


def _of_account(context: Context) -> Context:
    """Return the context of the records that both environments of an account share."""
    return context.for_owner(f"{context.account}/")


def provoke(
    context: Context, operation: str, outcome: str, when: When, times: int
) -> None:
    """Queue an outcome for the next `times` calls of an operation."""
    if operation not in HANDLERS:
        raise invalid_value(f"The operation is one of {', '.join(sorted(HANDLERS))}")
    if when not in MOMENTS:
        raise invalid_value(f"The value of when is one of {', '.join(MOMENTS)}")
    known = [*known_outcomes(operation, when), *wire_outcomes(operation, when)]
    if outcome not in known:
        raise invalid_value(
            f"The outcome of {operation}, {when}, is one of {', '.join(known)}"
            if known
            else f"{operation} has no outcome {when}"
        )
    if not 1 <= times <= _MOST:
        raise invalid_value(f"The value of times is 1 to {_MOST}")
    ours = _of_account(context)
    record = ours.find(KIND, operation) or {"id": operation, "next": []}
    record["next"] += [[outcome, when]] * times
    ours.save(KIND, record)
    facts: dict[str, Any] = {"operation": operation, "outcome": outcome, "when": when}
    context.add_story_row("provoked", None, **facts, times=times)


def armed(context: Context) -> list[dict[str, str]]:
    """Return the outcomes that no call has met yet."""
    return [
        {"operation": record["id"], "outcome": outcome, "when": when}
        for record in _of_account(context).all(KIND)
        for outcome, when in record["next"]
    ]


def disarm(context: Context, operation: str | None = None) -> list[dict[str, str]]:
    """Remove and return the outcomes that no call has met, of one operation or all."""
    unused = [one for one in armed(context) if operation in {None, one["operation"]}]
    for one in unused:
        _of_account(context).delete(KIND, one["operation"])
    return unused


def take(context: Context, call: APICall) -> Outcome | None:
    """Remove and return the next outcome that is queued for a call, or None."""
    ours = _of_account(context)
    record = ours.find(KIND, call.operation)
    if record is None:
        return None
    name, when = record["next"].pop(0)
    if record["next"]:
        ours.save(KIND, record)
    else:
        ours.delete(KIND, call.operation)
    return Outcome(call.operation, name, when)
