"""The progress of one attempt: its deadline, and what may have been sent.

`network` and `async_network` read and write it. They translate only the errors of
their own sockets: an exception that a signal handler raised meanwhile passes through
them unchanged.
"""

from __future__ import annotations

import contextlib
import socket
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .._core.signals import raised_by_a_signal_handler

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import httpcore2

# The modules in which errors of a socket are raised. gevent and eventlet replace the
# standard ones.
_SOCKET_MODULES = frozenset(
    {"AmazonPay", "socket", "ssl", "select", "selectors", "gevent", "eventlet"}
)
_TIMER_SLACK = 0.01


class Progress:
    """The progress of one attempt, as its connection sees it."""

    __slots__ = ("ends", "peer", "sent", "stream", "tls_layers")

    def __init__(self, ends: float) -> None:
        self.ends = ends
        """When the attempt must end, on the monotonic clock."""
        self.peer: str | None = None
        """The host and port of the latest connection that was tried."""
        self.sent: bool | None = None
        """Whether a part of the request may have left; None if that is not known."""
        self.tls_layers = 0
        """The number of TLS layers that the request is sent through."""
        self.stream: httpcore2.NetworkStream | None = None
        """The blocking connection in use."""

    def close_connection(self) -> None:
        """Close the blocking connection, so that no later call uses it."""
        if self.stream is not None:
            self.stream.close()


PROGRESS: ContextVar[Progress | None] = ContextVar("AmazonPay.progress", default=None)


@contextlib.contextmanager
def ending(ends: float) -> Generator[Progress]:
    """Limit every socket step inside the `with` block to end by `ends`."""
    outer, progress = PROGRESS.get(), Progress(ends)
    PROGRESS.set(progress)
    try:
        yield progress
    finally:
        PROGRESS.set(outer)


def begin_step(
    seconds: float | None, stream: httpcore2.NetworkStream | None = None
) -> tuple[float, float | None]:
    """Return the start of a socket step, and its time-out.

    The time-out is `seconds`, or what is left of the attempt if that is shorter.
    """
    now = time.monotonic()
    progress = PROGRESS.get()
    if progress is not None:
        progress.stream = stream
        left = progress.ends - now
        seconds = left if seconds is None or left < seconds else seconds
    return now, seconds


def begin_connection(host: str, port: int) -> None:
    """Record where the attempt connects to: the endpoint, or a proxy."""
    progress = PROGRESS.get()
    if progress is not None:
        progress.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def begin_write(tls_layers: int) -> None:
    """Record that a part of the request may leave with this write.

    A write through fewer TLS layers than the request needs is a message to a proxy.
    """
    progress = PROGRESS.get()
    if progress is not None and tls_layers >= progress.tls_layers:
        progress.sent = True


# Exceptions that are not the transport's ----------------------------------------------


def is_foreign(error: OSError, started: float, seconds: float | None) -> bool:
    """Return whether code outside the socket raised `error` during a step on it.

    An error of a socket has an errno, or is a time-out that came after `seconds`. Its
    traceback holds only frames of this package, the standard library's socket modules,
    gevent and eventlet.
    """
    if isinstance(error, (socket.gaierror, socket.herror)):
        return False
    if error.errno is None:
        elapsed = time.monotonic() - started
        timed_out = seconds is not None and elapsed >= seconds - _TIMER_SLACK
        if not (timed_out and isinstance(error, TimeoutError)):
            return True
    traceback = error.__traceback__
    while traceback is not None:
        module: str = traceback.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _SOCKET_MODULES:
            return True
        traceback = traceback.tb_next
    return False


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its `__cause__`, the cause of that, and so on, each once."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        wrapped = found.args[0] if found.args else None
        found = found.__cause__
        # A pool of httpcore2 removes the cause of an exception that passes through it.
        # The translated exception is in the arguments, too.
        if found is None and isinstance(wrapped, BaseException):
            found = wrapped


def interruption_in(error: BaseException) -> BaseException | None:
    """Return the exception of a signal handler that is among the causes of `error`.

    Return None if there is none. The causes are those of `causes_of`: an exception that
    a library of HTTP keeps in the arguments is one of them.
    """
    return next(filter(raised_by_a_signal_handler, causes_of(error)), None)
