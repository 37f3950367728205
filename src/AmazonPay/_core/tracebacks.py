"""Take tracebacks off errors: their frames hold values of a call."""

from __future__ import annotations

from typing import TypeVar

from ..errors import SigningFailed

_E = TypeVar("_E", bound=BaseException)


def without_tracebacks(error: _E, handled: BaseException | None = None) -> _E:
    """Remove the tracebacks of an error and its causes, and return the error.

    Error trackers show the variables of each frame, which hold bodies and keys. The
    caller's own exceptions keep their tracebacks: the one that they `handled` when they
    made the call, and one that their signer raised.
    """
    seen = {id(None), id(handled)}
    following: list[BaseException | None] = [error]
    while following:
        found = following.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        found.__traceback__ = None
        if found.__suppress_context__ and found.__cause__ is None:
            found.__context__ = None
        if isinstance(found, SigningFailed):
            seen.add(id(found.__cause__))
        following += found.__cause__, found.__context__
    return error
