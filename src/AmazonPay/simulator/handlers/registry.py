"""The table of handlers, which the decorator `handles` fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from ..._core.operation import Operation
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

    Subject: TypeAlias = Callable[[Context, APICall], Record]
    Plain: TypeAlias = Callable[[Context, APICall], Result]
    WithSubject: TypeAlias = Callable[[Context, APICall, Record], Result]


@dataclass(frozen=True, slots=True)
class Handler:
    """The function that answers an operation."""

    run: Callable[..., Result]
    subject: Subject | None = None
    """Finds the object of a call, which `run` gets, or refuses the call."""


HANDLERS: dict[str, Handler] = {}
"""The handler of each operation, by its name."""


@overload
def handles(
    *operations: Operation[..., Any], subject: Subject
) -> Callable[[WithSubject], WithSubject]: ...
@overload
def handles(*operations: Operation[..., Any]) -> Callable[[Plain], Plain]: ...
def handles(
    *operations: Operation[..., Any], subject: Subject | None = None
) -> Callable[..., Any]:
    """Register the function below as the handler of operations.

    Raises:
        TypeError: an operation has a handler already.
    """

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        for operation in operations:
            if operation.name in HANDLERS:
                raise TypeError(f"{operation.name} has two handlers")
            HANDLERS[operation.name] = Handler(function, subject)
        return function

    return register


def check_complete(operations: Iterable[str]) -> None:
    """Raise TypeError if an operation has no handler."""
    missing = set(operations) - HANDLERS.keys()
    if missing:
        raise TypeError(f"operations without a handler: {', '.join(sorted(missing))}")


def in_path(kind: str) -> Subject:
    """Return a function that finds the object of the first id in a call's path."""
    return lambda context, call: _find(
        context, call, kind, next(iter(call.ids.values()))
    )


def in_body(kind: str, member: str) -> Subject:
    """Return a function that finds the object whose id is a member of a call's body."""
    return lambda context, call: _find(context, call, kind, call.body[member])


def _find(context: Context, call: APICall, kind: str, id_: str) -> Record:
    record = context.find(kind, id_)
    if record is None:
        raise call.not_found()
    return record
