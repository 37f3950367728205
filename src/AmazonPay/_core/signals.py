"""Recognise exceptions that a signal handler raised."""

from __future__ import annotations

import functools
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType


def _code_of(handler: Any) -> CodeType | None:  # noqa: ANN401 - any callable
    """Return the code object that runs when a signal handler is called."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not hasattr(handler, "__code__"):
        handler = getattr(handler, "__func__", type(handler).__call__)
    code: CodeType | None = getattr(handler, "__code__", None)
    return code


def raised_by_a_signal_handler(error: BaseException) -> bool:
    """Return whether a signal handler raised `error`, whatever code it interrupted."""
    handlers = {signal.getsignal(number) for number in signal.valid_signals()}
    codes = {_code_of(handler) for handler in handlers if callable(handler)} - {None}
    traceback = error.__traceback__
    while codes and traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


def signal_error_in(
    error: BaseException, handled: BaseException | None
) -> BaseException | None:
    """Return the exception of a signal handler that is behind `error`, or None.

    A library may catch an exception that a signal handler raised, and raise `error` in
    its place. The first one then is in the chain of `__cause__` and `__context__`.
    `handled` is what the caller was handling before its call: it is in that chain, too,
    and ends the search.
    """
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and found is not handled and id(found) not in seen:
        if raised_by_a_signal_handler(found):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None
