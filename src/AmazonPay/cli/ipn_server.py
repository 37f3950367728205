"""Small HTTP servers of `amazonpay ipn`: one that hears, one with a certificate."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError
from ..ipn import LARGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

LOOPBACK: Final = "127.0.0.1"

_SECONDS: Final = 10.0
"""How long a client may be silent."""
_POLL: Final = 0.1
_NOT_POSTED: Final = 405
_NO_LENGTH: Final = 411
_TOO_LARGE: Final = 413
_NOT_FOUND: Final = 404
_OK: Final = 200


class Handler(BaseHTTPRequestHandler):
    """Answers one request of a connection, and logs nothing."""

    server_version = "amazonpay"
    sys_version = ""
    timeout = _SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Log nothing: what matters is printed."""

    def answer(self, status: int, body: bytes = b"", kind: str = "") -> None:
        """Send an answer, and close the connection."""
        self.close_connection = True
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """An HTTP server on this machine; each request has its own thread."""

    daemon_threads = True

    def __init__(
        self, address: str, port: int, handler: type[BaseHTTPRequestHandler]
    ) -> None:
        """Listen.

        Raises:
            ConfigurationError: the address is none of this machine, or is taken.
        """
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            super().__init__((address, port), handler)
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no address of this machine"
            raise ConfigurationError(
                f"cannot listen at {address} port {port}: {reason}"
            ) from None

    @property
    def url(self) -> str:
        """The address of the server."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if self.address_family == socket.AF_INET6 else host
        return f"http://{shown!s}:{port}"

    def server_bind(self) -> None:
        """Bind, without a look at the names of this machine, which asks the network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Say nothing: a client that goes away is no failure of ours."""


class Ears:
    """Answers each POST with a status, until it has heard enough."""

    def __init__(
        self, hear: Callable[[bytes], int], is_done: Callable[[], bool]
    ) -> None:
        self._hear = hear
        self._is_done = is_done
        self._turn = threading.Lock()

    def server(self, address: str, port: int) -> Server:
        """Return a server that listens already.

        Raises:
            ConfigurationError: it cannot listen there.
        """
        ears = self

        class Hearing(Handler):
            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if not (length.isascii() and length.isdigit()):
                    self.answer(_NO_LENGTH)
                elif len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
                    self.answer(_TOO_LARGE)
                else:
                    self.answer(ears.heard(self.rfile.read(int(length))))
                    ears.rest(self.server)

            def do_GET(self) -> None:
                self.answer(_NOT_POSTED)

        return Server(address, port, Hearing)

    def heard(self, body: bytes) -> int:
        """Return the status for a body, one after the other."""
        with self._turn:
            return self._hear(body)

    def rest(self, server: Any) -> None:  # noqa: ANN401 - its own server
        """Stop the server once enough was heard."""
        if self._is_done():
            server.shutdown()


def serve(server: Server) -> None:
    """Serve until it is shut down, or interrupted at the keyboard."""
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever(_POLL)


@contextlib.contextmanager
def serving_file(path: str, content: bytes, port: int) -> Generator[str]:
    """Serve one file to this machine; return the address of the server.

    Raises:
        ConfigurationError: the port is taken.
    """

    class Filing(Handler):
        def do_GET(self) -> None:
            if self.path == path:
                self.answer(_OK, content)
            else:
                self.answer(_NOT_FOUND)

    with Server(LOOPBACK, port, Filing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,))
        thread.daemon = True
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
