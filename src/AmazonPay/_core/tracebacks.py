"""Take values out of the tracebacks of errors: frames hold keys, tokens and bodies."""

from __future__ import annotations

import functools
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..errors import AmazonPayError, SigningFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

P = ParamSpec("P")
R = TypeVar("R")
_E = TypeVar("_E", bound=BaseException)

# Packages whose frames hold what this package passed to them.
_OURS = frozenset(
    {
        "AmazonPay",
        "anyio",
        "base64",
        "codecs",
        "contextlib",
        "cryptography",
        "httpcore2",
        "httpx2",
        "json",
        "pathlib",
        "ssl",
        "urllib",
    }
)


def without_tracebacks(error: _E, handled: BaseException | None = None) -> _E:
    """Remove the tracebacks of an error and its causes, and return the error.

    Error trackers show the variables of each frame, which hold bodies and keys. The
    caller's own exceptions keep their tracebacks: the one that they `handled` when they
    made the call, and one that their signer raised.
    """
    for found in _chain(error, handled):
        found.__traceback__ = None
        if found.__suppress_context__ and found.__cause__ is None:
            found.__context__ = None
    return error


def without_locals(error: _E, handled: BaseException | None = None) -> _E:
    """Clear the variables of this package's frames in an exception, and return it.

    It is for exceptions of other code, such as an interrupt: they keep their
    tracebacks, and the variables of frames that are not this package's.
    """
    for found in _chain(error, handled):
        traceback = found.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            module: str = frame.f_globals.get("__name__", "")
            if module.partition(".")[0] in _OURS:
                with suppress(RuntimeError):  # the frame is still running
                    frame.clear()
            traceback = traceback.tb_next
    return error


def without_values(
    error: BaseException,
    handled: BaseException | None = None,
    own: tuple[type[BaseException], ...] = (AmazonPayError,),
) -> BaseException:
    """Return an exception whose traceback shows no value of the call that raised it.

    Errors of the types `own` lose their tracebacks, any other one only the variables.
    """
    if isinstance(error, own):
        return without_tracebacks(error, handled)
    return without_locals(error, handled)


def _chain(
    error: BaseException, handled: BaseException | None
) -> Iterator[BaseException]:
    """Yield an exception, its causes and contexts, without those of the caller."""
    seen = {id(None), id(handled)}
    following: list[BaseException | None] = [error]
    while following:
        found = following.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, SigningFailed):
            seen.add(id(found.__cause__))
        following += found.__cause__, found.__context__


def hiding_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a function so that no exception, of any kind, shows its arguments."""

    @functools.wraps(function)
    def hiding(*args: P.args, **kwargs: P.kwargs) -> R:
        handled = sys.exception()
        failure: BaseException
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = without_values(error, handled)
        finally:
            del args, kwargs
        raise failure

    return hiding


def hiding_awaited_arguments(
    function: Callable[P, Awaitable[R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Do what `hiding_arguments` does for a function that is awaited."""

    @functools.wraps(function)
    async def hiding(*args: P.args, **kwargs: P.kwargs) -> R:
        handled = sys.exception()
        failure: BaseException
        try:
            return await function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = without_values(error, handled)
        finally:
            del args, kwargs
        raise failure

    return hiding
