"""The awaiting network backend for httpcore2, on asyncio and trio.

It sets no deadline: `asend_once` has one cancel scope around the whole attempt.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpcore2

from .network import is_readable
from .progress import begin_connection, begin_write, interruption_in

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


class AsyncStream(httpcore2.AsyncNetworkStream):
    """A connection of httpcore2 that records whether the request may have left."""

    def __init__(
        self,
        stream: httpcore2.AsyncNetworkStream,
        tls_layers: int = 0,
        opened: weakref.WeakSet[AsyncStream] | None = None,
    ) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self.tls_layers = tls_layers
        self._opened = weakref.WeakSet[AsyncStream]() if opened is None else opened
        self._opened.add(self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as httpcore2 declares it
        """Receive some bytes."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as httpcore2 declares it
        """Send all bytes."""
        begin_write(self.tls_layers)
        try:
            await self._stream.write(buffer, timeout)
        except httpcore2.WriteError as error:
            # httpcore2 ignores a failed write.
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
        """Return this connection with a TLS layer, or one layer more."""
        try:
            inner = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        return AsyncStream(inner, self.tls_layers + 1, self._opened)

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore2 declares it
        """Return a property of the connection that httpcore2 asks for."""
        # Each call asks for this one; anyio would ask the system for the addresses.
        if info == "is_readable" and self._socket is not None:
            return is_readable(self._socket)
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for an awaiting pool, on asyncio or trio."""

    def __init__(self) -> None:
        self._opened = weakref.WeakSet[AsyncStream]()

    def close_sockets(self) -> None:
        """Close the sockets of all open connections, without their event loop."""
        for stream in list(self._opened):
            with contextlib.suppress(OSError, RuntimeError):
                # asyncio shows a socket that can be shut down and not closed.
                shown = stream.get_extra_info("socket")
                getattr(shown, "_sock", shown).close()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 declares it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncStream:
        """Connect to the first address of a host that answers."""
        begin_connection(host, port)
        loop = anyio.lowlevel.current_token().native_token
        is_trio = type(loop).__module__.startswith("trio.")
        backend: Any = httpcore2.TrioBackend() if is_trio else httpcore2.AnyIOBackend()
        try:
            return AsyncStream(
                await backend.connect_tcp(
                    host, port, timeout, local_address, socket_options
                ),
                opened=self._opened,
            )
        except UnicodeError as error:  # a name that DNS cannot hold
            raise httpcore2.ConnectError(error) from error
