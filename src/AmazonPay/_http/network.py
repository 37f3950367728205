"""The blocking network backend for httpcore2, which keeps the deadline of an attempt.

httpcore2 restarts the read time-out at each read, so a peer that sends a byte now and
then would hold a blocking call without end. This backend limits each socket step to
the time that is left of the attempt.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Protocol

import httpcore2

from .progress import begin_connection, begin_step, begin_write, is_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TLS_RECORD = 16_384


class _Socket(Protocol):
    """What a stream needs of a socket, with or without TLS."""

    def settimeout(self, seconds: float | None, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: memoryview, /) -> int: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def getpeername(self) -> Any: ...  # noqa: ANN401 - its type depends on the address family
    def getsockname(self) -> Any: ...  # noqa: ANN401 - its type depends on the address family


class _TLSOverTLS:
    """A socket with TLS inside TLS, as an https proxy needs it."""

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
        """Limit the next call, including all its steps on the outer socket."""
        self._ends = None if seconds is None else time.monotonic() + seconds

    def do_handshake(self) -> None:
        """Do the handshake of the inner TLS."""
        self._run(self._inner.do_handshake)

    def recv(self, size: int, /) -> bytes:
        """Receive bytes; return `b""` at the end, even without a TLS close."""
        try:
            data: bytes = self._run(self._inner.read, size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        return data

    def send(self, data: memoryview, /) -> int:
        """Send, and return the number of bytes sent."""
        sent: int = self._run(self._inner.write, data)
        return sent

    def selected_alpn_protocol(self) -> str | None:
        """Return the protocol that ALPN selected."""
        return self._inner.selected_alpn_protocol()

    def _run(self, step: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - the type depends on the step
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


def is_readable(connected: _Socket) -> bool:
    """Return whether a read would not block; an idle connection has then ended."""
    number = connected.fileno()
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


class Stream(httpcore2.NetworkStream):
    """A connection whose steps all end by the deadline of the attempt."""

    def __init__(self, connected: _Socket, tls_layers: int = 0) -> None:
        self._socket = connected
        self.tls_layers = tls_layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        started, seconds = begin_step(timeout, self)
        if seconds is not None and seconds <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        try:
            self._socket.settimeout(seconds)
            return self._socket.recv(max_bytes)
        except OSError as error:
            if is_foreign(error, started, seconds):
                raise
            if isinstance(error, TimeoutError):
                raise httpcore2.ReadTimeout(error) from error
            raise httpcore2.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        left = memoryview(buffer)
        while left:
            started, seconds = begin_step(timeout, self)
            if seconds is not None and seconds <= 0:
                raise httpcore2.WriteTimeout("the deadline has passed")
            begin_write(self.tls_layers)
            try:
                self._socket.settimeout(seconds)
                left = left[self._socket.send(left) :]
            except OSError as error:
                if is_foreign(error, started, seconds):
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
        """Return this connection with a TLS layer, or one layer more."""
        started, seconds = begin_step(timeout)
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
            if is_foreign(error, started, seconds):
                raise
            if isinstance(error, TimeoutError):
                raise httpcore2.ConnectTimeout(error) from error
            raise httpcore2.ConnectError(error) from error
        except BaseException:
            wrapped.close()
            raise
        return Stream(wrapped, self.tls_layers + 1)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore2 declares it
        """Return a property of the connection that httpcore2 asks for."""
        match info:
            case "ssl_object":
                return self._socket if self.tls_layers else None
            case "server_addr":
                return self._socket.getpeername()
            case "client_addr":
                return self._socket.getsockname()
            case "is_readable":
                return is_readable(self._socket)
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
        local_address: str | None = None,  # noqa: ARG002 - no pool here sets it
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - no pool here sets them
    ) -> Stream:
        """Connect to the first address that answers; the DNS look-up has no limit."""
        begin_connection(host, port)
        started, seconds = begin_step(timeout)
        try:
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if isinstance(error, OSError) and is_foreign(error, started, seconds):
                raise
            raise httpcore2.ConnectError(error) from error
        failure: OSError | None = None
        for address in addresses:
            started, seconds = begin_step(timeout)
            if seconds is not None and seconds <= 0:
                raise httpcore2.ConnectTimeout("the deadline has passed") from failure
            try:
                return Stream(_connected(address, seconds))
            except OSError as error:
                if is_foreign(error, started, seconds):
                    raise
                failure = error
        if isinstance(failure, TimeoutError):
            raise httpcore2.ConnectTimeout(failure) from failure
        raise httpcore2.ConnectError(failure) from failure


def _connected(address: Any, seconds: float | None) -> socket.socket:  # noqa: ANN401 - as getaddrinfo returns it
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
