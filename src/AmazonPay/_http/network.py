"""Network backends for httpcore2 that keep the deadline of an attempt.

httpcore2 starts a read time-out anew at each read, so a peer that sends a byte now and
then holds a blocking call for as long as it likes. These backends cut each step on a
socket to the time that is left of the attempt. They also know whether a part of the
request may have left, and translate the errors of their own sockets only: an exception
that a signal handler raised meanwhile passes through them unchanged.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.lowlevel
import httpcore2

from .._core.signals import raised_by_a_signal_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

_TLS_RECORD = 16_384
# Where the errors of a socket are raised. The last two replace the first ones.
_SOCKET_MODULES = frozenset(
    {"AmazonPay", "socket", "ssl", "select", "selectors", "gevent", "eventlet"}
)
_TIMER_SLACK = 0.01


class Progress:
    """How far one attempt has come, as its connection sees it."""

    __slots__ = ("ends", "sent", "stream", "tls_layers")

    def __init__(self, ends: float) -> None:
        self.ends = ends
        """When the attempt must be over, on the monotonic clock."""
        self.sent: bool | None = None
        """Whether a part of the request may have left; None if nobody watches."""
        self.tls_layers = 0
        """How many layers of TLS the request is sent through."""
        self.stream: Stream | None = None
        """The blocking connection in use."""

    def put_away(self) -> None:
        """Close the connection, so that no later call uses it."""
        if self.stream is not None:
            self.stream.close()


PROGRESS: ContextVar[Progress | None] = ContextVar("AmazonPay.progress", default=None)


@contextlib.contextmanager
def ending(ends: float) -> Generator[Progress]:
    """Have every step of the block on a socket end by `ends`."""
    outer, progress = PROGRESS.get(), Progress(ends)
    PROGRESS.set(progress)
    try:
        yield progress
    finally:
        PROGRESS.set(outer)


def _step(
    seconds: float | None, stream: Stream | None = None
) -> tuple[float, float | None]:
    """Begin a step: return its start, and its time-out or what is left, if shorter."""
    now = time.monotonic()
    progress = PROGRESS.get()
    if progress is not None:
        progress.stream = stream
        left = progress.ends - now
        seconds = left if seconds is None or left < seconds else seconds
    return now, seconds


def _begin_write(stream: Stream | AsyncStream) -> None:
    """Note that the request itself, and not the talk with a proxy, is being written."""
    progress = PROGRESS.get()
    if progress is not None and stream.tls_layers >= progress.tls_layers:
        progress.sent = True


# Exceptions that are not the transport's ----------------------------------------------


def _is_foreign(error: OSError, started: float, seconds: float | None) -> bool:
    """Whether something else than our socket raised `error` during a step on it.

    A socket's error has a number, a time-out of ours comes when the time is over, and
    no code but that of `socket` and `ssl` takes part in raising either of them.
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
    """Yield an exception, and what it was explicitly raised from; each one once."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        wrapped = found.args[0] if found.args else None
        found = found.__cause__
        # A pool of httpcore2 takes the cause off an exception that passes through it;
        # the exception that was translated is in its arguments, too.
        if found is None and isinstance(wrapped, BaseException):
            found = wrapped


def interruption_in(error: BaseException) -> BaseException | None:
    """Return the signal handler's exception that a library has wrapped in `error`."""
    return next(filter(raised_by_a_signal_handler, causes_of(error)), None)


# Blocking -----------------------------------------------------------------------------


class _Socket(Protocol):
    """What a stream needs of a socket, with or without TLS."""

    def settimeout(self, seconds: float | None, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: memoryview, /) -> int: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def getpeername(self) -> Any: ...  # noqa: ANN401 - as the family of addresses has it
    def getsockname(self) -> Any: ...  # noqa: ANN401 - as the family of addresses has it


class _TLSOverTLS:
    """A socket with TLS inside of TLS: the way through an https proxy."""

    def __init__(
        self, outer: _Socket, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._outer = outer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._inner = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        self._ends: float | None = None
        self.close = outer.close
        self.fileno = outer.fileno
        self.getpeername = outer.getpeername
        self.getsockname = outer.getsockname

    def settimeout(self, seconds: float | None, /) -> None:
        """Limit the next call, with all its steps on the outer socket."""
        self._ends = None if seconds is None else time.monotonic() + seconds

    def do_handshake(self) -> None:
        """Agree on the inner TLS."""
        self._run(self._inner.do_handshake)

    def recv(self, size: int, /) -> bytes:
        """Receive; `b""` at the end, orderly or not."""
        try:
            data: bytes = self._run(self._inner.read, size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        return data

    def send(self, data: memoryview, /) -> int:
        """Send, and return how much was sent."""
        sent: int = self._run(self._inner.write, data)
        return sent

    def selected_alpn_protocol(self) -> str | None:
        """Return the protocol that both ends have agreed on."""
        return self._inner.selected_alpn_protocol()

    def _run(self, step: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - what the step returns
        while True:
            try:
                result = step(*args)
            except ssl.SSLWantReadError:
                self._flush()
                self._limit()
                if data := self._outer.recv(_TLS_RECORD):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        left = memoryview(self._outgoing.read())
        while left:
            self._limit()
            left = left[self._outer.send(left) :]

    def _limit(self) -> None:
        if self._ends is None:
            self._outer.settimeout(None)
            return
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "the time is over")
        self._outer.settimeout(left)


def _is_readable(connected: _Socket) -> bool:
    """Whether a read would return at once: of an idle connection, that it has ended."""
    number = connected.fileno()
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


class Stream(httpcore2.NetworkStream):
    """A connection whose every step ends with the attempt."""

    def __init__(self, connected: _Socket, tls_layers: int = 0) -> None:
        self._socket = connected
        self.tls_layers = tls_layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        started, seconds = _step(timeout, self)
        if seconds is not None and seconds <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        try:
            self._socket.settimeout(seconds)
            return self._socket.recv(max_bytes)
        except OSError as error:
            if _is_foreign(error, started, seconds):
                raise
            if isinstance(error, TimeoutError):
                raise httpcore2.ReadTimeout(error) from error
            raise httpcore2.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        left = memoryview(buffer)
        while left:
            started, seconds = _step(timeout, self)
            if seconds is not None and seconds <= 0:
                raise httpcore2.WriteTimeout("the deadline has passed")
            _begin_write(self)
            try:
                self._socket.settimeout(seconds)
                left = left[self._socket.send(left) :]
            except OSError as error:
                if _is_foreign(error, started, seconds):
                    raise
                if isinstance(error, TimeoutError):
                    raise httpcore2.WriteTimeout(error) from error
                raise httpcore2.WriteError(error) from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        """Turn this connection into one with TLS, or another layer of it."""
        started, seconds = _step(timeout)
        wrapped: Any = self._socket
        try:
            if seconds is not None and seconds <= 0:
                raise httpcore2.ConnectTimeout("the deadline has passed")  # noqa: TRY301 - closed below
            if isinstance(self._socket, socket.socket) and not self.tls_layers:
                self._socket.settimeout(seconds)
                wrapped = ssl_context.wrap_socket(
                    self._socket,
                    server_hostname=server_hostname,
                    do_handshake_on_connect=False,
                )
            else:
                wrapped = _TLSOverTLS(self._socket, ssl_context, server_hostname)
                wrapped.settimeout(seconds)
            wrapped.do_handshake()
        except OSError as error:
            wrapped.close()
            if _is_foreign(error, started, seconds):
                raise
            if isinstance(error, TimeoutError):
                raise httpcore2.ConnectTimeout(error) from error
            raise httpcore2.ConnectError(error) from error
        except BaseException:
            wrapped.close()
            raise
        return Stream(wrapped, self.tls_layers + 1)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore2 declares it
        """Tell what httpcore2 asks of a connection."""
        match info:
            case "ssl_object":
                return self._socket if self.tls_layers else None
            case "server_addr":
                return self._socket.getpeername()
            case "client_addr":
                return self._socket.getsockname()
            case "is_readable":
                return _is_readable(self._socket)
            case "socket":
                return self._socket
            case _:
                return None


class Backend(httpcore2.NetworkBackend):
    """Opens connections for a blocking pool."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the pools are made without one
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> Stream:
        """Try each address of a host; looking its name up is not limited in time."""
        started, seconds = _step(timeout)
        try:
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if isinstance(error, OSError) and _is_foreign(error, started, seconds):
                raise
            raise httpcore2.ConnectError(error) from error
        failure: OSError | None = None
        for address in addresses:
            started, seconds = _step(timeout)
            if seconds is not None and seconds <= 0:
                raise httpcore2.ConnectTimeout("the deadline has passed") from failure
            try:
                return Stream(_connected(address, seconds))
            except OSError as error:
                if _is_foreign(error, started, seconds):
                    raise
                failure = error
        if isinstance(failure, TimeoutError):
            raise httpcore2.ConnectTimeout(failure) from failure
        raise httpcore2.ConnectError(failure) from failure


def _connected(address: Any, seconds: float | None) -> socket.socket:  # noqa: ANN401 - as getaddrinfo tells it
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.settimeout(seconds)
        made.connect(place)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made


# Awaiting -----------------------------------------------------------------------------

# One cancel scope around the attempt keeps its deadline here; see `asend_once`.


class AsyncStream(httpcore2.AsyncNetworkStream):
    """A connection of httpcore2's own that knows what was sent on it."""

    def __init__(
        self, stream: httpcore2.AsyncNetworkStream, tls_layers: int = 0
    ) -> None:
        self._stream = stream
        self.tls_layers = tls_layers

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as httpcore2 declares it
        """Receive some bytes."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as httpcore2 declares it
        """Send all bytes."""
        _begin_write(self)
        try:
            await self._stream.write(buffer, timeout)
        except httpcore2.WriteError as error:
            # httpcore2 passes over a failed write.
            interruption = interruption_in(error)
            if interruption is None:
                raise
        else:
            return
        raise interruption

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 declares it
    ) -> AsyncStream:
        """Turn this connection into one with TLS, or another layer of it."""
        try:
            inner = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        return AsyncStream(inner, self.tls_layers + 1)

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore2 declares it
        """Tell what httpcore2 asks of a connection."""
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for an awaiting pool, on asyncio or trio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 declares it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncStream:
        """Try the addresses of a host."""
        loop = anyio.lowlevel.current_token().native_token
        is_trio = type(loop).__module__.startswith("trio.")
        backend: Any = httpcore2.TrioBackend() if is_trio else httpcore2.AnyIOBackend()
        try:
            return AsyncStream(
                await backend.connect_tcp(
                    host, port, timeout, local_address, socket_options
                )
            )
        except UnicodeError as error:  # a name that no DNS can have
            raise httpcore2.ConnectError(error) from error
