"""Serve a simulator on sockets of this machine, over TLS or plain http."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import ConfigurationError
from .addresses import HERE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .addresses import Addresses
    from .app import App, Message, Receive, Send
    from .certificate import Certificate
    from .simulator import Simulator

_LARGEST_PORT = 65535

_GRACE = 5
"""Seconds that a request which is running when the server stops has to end."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a served simulator."""

    url: str
    port: int
    authority: Path | None
    """The certificate to trust; None over plain http."""


class OneWrite(asyncio.Transport):
    """A transport that sends at once what one step of the event loop writes.

    Head and body of a response are two writes. A client's kernel may delay its
    acknowledgement of the first by 40 ms, and the second must not wait for it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write what is collected when this step of the loop is over."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(bytes(data))

    def _flush(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Write the rest, then close, once: TLS does not answer after the second."""
        self._flush()
        if not self._transport.is_closing():
            self._transport.close()

    def is_closing(self) -> bool:
        """Return whether it is closing, or closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - as declared above
        """Return a fact about the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()


class Protocol(H11Protocol):
    """HTTP/1.1 over a transport that sends each response at once.

    An idle connection is cut when the server stops. TLS would wait for the client to
    say goodbye, which a client that keeps the connection for later never does.
    """

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to serve a connection."""
        self._socket = transport
        self._ending = False
        self.app_state = {
            **self.app_state,
            "is_ending": lambda: self._ending,
            "reset": self._reset,
        }
        super().connection_made(OneWrite(transport))

    def shutdown(self) -> None:
        """Cut an idle connection; let a running request end."""
        self._ending = True
        idle = self.is_idle
        super().shutdown()
        if idle and not self._socket.get_write_buffer_size():
            self._socket.abort()

    def _reset(self) -> None:
        """Reset the connection: what was not sent is dropped, and the peer is told."""
        peer: socket.socket = self._socket.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request is running."""
        return self.cycle is None or self.cycle.response_complete


def _nothing() -> None:
    """Do nothing."""


class _Loaded:
    """An application that is loaded when its server listens; requests wait for it."""

    def __init__(self, load: Callable[[], App]) -> None:
        self._load = load
        self._app: asyncio.Future[App] | None = None

    def loading(self) -> asyncio.Future[App]:
        """Return the application that is loaded in a thread; the first call begins."""
        if self._app is None:
            self._app = asyncio.get_running_loop().run_in_executor(None, self._load)
        return self._app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            # Shielded: a request that is given up does not end the loading.
            app = await asyncio.shield(self.loading())
        except Exception:  # noqa: BLE001 - the server ends, and tells it
            scope["state"]["reset"]()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await app(scope, receive, send)


class Server(uvicorn.Server):
    """Calls `ready` as soon as it listens, and loads its application then."""

    def __init__(
        self, config: uvicorn.Config, app: _Loaded, ready: Callable[[], object]
    ) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready
        self.failure: BaseException | None = None
        """Why the application could not be loaded; the server has ended then."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and begin to load the application."""
        await super().startup(sockets)
        self._ready()
        self._app.loading().add_done_callback(self._end_without)

    def _end_without(self, app: asyncio.Future[App]) -> None:
        self.failure = None if app.cancelled() else app.exception()
        self.should_exit = self.should_exit or self.failure is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close idle connections, and let the calls under way end."""
        connections = cast("set[Protocol]", self.server_state.connections)
        if all(connection.is_idle for connection in connections):
            for server in self.servers:
                # Those that are not through the handshake are no connections yet. An
                # older Python gives them the time of a running request.
                getattr(server, "abort_clients", _nothing)()
        await super().shutdown(sockets)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as opened:
        # asyncio sets TCP_NODELAY where the protocol is named, and only there.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        opened.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            # Without this, the IPv6 socket would also take IPv4 connections.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(128)
        opened.pop_all()
    return listener


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens on a port of an address; 0 is any free port.

    Raises:
        ConfigurationError: the port, or the address, cannot be used.
    """
    try:
        if not 0 <= port <= _LARGEST_PORT:
            raise OSError  # noqa: TRY301 - handled like the errors of the socket itself
        return _listening(host, port)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigurationError(f"{host} is no address of this machine") from None
        raise ConfigurationError(
            f"port {port} of this machine is taken or cannot be used;"
            " --port 0 finds a free one"
        ) from None


def listen_on(addresses: Addresses, port: int) -> list[socket.socket]:
    """Return a socket for each address, all with one port; see `listen`."""
    with contextlib.ExitStack() as opened:
        listeners: list[socket.socket] = []
        for host in addresses.binds:
            listeners.append(opened.enter_context(listen(port, host)))
            port = listeners[0].getsockname()[1]
        opened.pop_all()
        return listeners


def address_of(
    listener: socket.socket, authority: Path | None, host: str = "localhost"
) -> Address:
    """Return the address of a listening socket; the host is as a URL writes it."""
    port: int = listener.getsockname()[1]
    scheme = "http" if authority is None else "https"
    return Address(f"{scheme}://{host}:{port}", port, authority)


def server_for(
    load: Callable[[], App],
    certificate: Certificate | None,
    ready: Callable[[], object],
) -> Server:
    """Return a server; with a certificate, it serves TLS.

    `ready` is called as soon as it listens, and then `load`, in a thread: a request
    waits for the application that it returns.
    """
    app = _Loaded(load)
    files: dict[str, Any] = {}
    if certificate is not None:
        files = {"ssl_certfile": certificate.chain, "ssl_keyfile": certificate.key}
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the simulator sets it, by its own clock
        timeout_graceful_shutdown=_GRACE,
        **files,
    )
    return Server(config, app, ready)


@contextlib.contextmanager
def serving(
    simulator: Simulator,
    *,
    port: int = 0,
    tls: bool = True,
    addresses: Addresses = HERE,
) -> Generator[Address]:
    """Serve a simulator on this machine while the block runs.

    `port` 0 is any free one; `tls=False` serves plain http, on this machine only. The
    block gets the `Address`; clients take its `url`.

    Raises:
        ConfigurationError: an address cannot be used, or others than this machine
            may reach it and `tls` is False.
    """
    if addresses.is_open and not tls:
        raise ConfigurationError("beyond loopback a simulator serves TLS only")
    from .app import App  # the command listens before it has loaded this

    with contextlib.ExitStack() as stack:
        certificate = None
        if tls:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            from .certificate import make_certificate

            certificate = make_certificate(folder, addresses.certified)
        listeners = listen_on(addresses, port)
        for one in listeners:
            stack.enter_context(one)
        ready = threading.Event()
        app = App(simulator)
        server = server_for(lambda: app, certificate, ready.set)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": listeners}, daemon=True
        )
        authority = None if certificate is None else certificate.authority
        address = address_of(listeners[0], authority, addresses.host)
        before = simulator.origin, simulator.addresses
        simulator.origin, simulator.addresses = address.url, addresses
        thread.start()
        ready.wait()
        try:
            yield address
        finally:
            simulator.origin, simulator.addresses = before
            server.should_exit = True
            thread.join()
