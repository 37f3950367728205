"""Small servers on this machine, for the tests that are about sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from typing import Any

import trustme

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

Speak = Callable[[socket.socket], None]


def read_request(peer: socket.socket) -> bytes:
    """Read one request, head and body; empty when the peer is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(peer: socket.socket) -> None:
    """Answer every request of a connection."""
    while read_request(peer):
        peer.sendall(OK)


class Server:
    """A TCP server whose every connection is spoken to by a function."""

    def __init__(
        self, speak: Speak, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self._speak = speak
        self.context = context
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            if self.context is None:
                self._speak(peer)
            else:
                with self.context.wrap_socket(peer, server_side=True) as wrapped:
                    self._speak(wrapped)

    def close(self) -> None:
        """Stop listening and drop every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._open:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()


@contextlib.contextmanager
def serving(
    speak: Speak = answering, context: ssl.SSLContext | None = None
) -> Generator[Server]:
    """Serve for the length of a block."""
    server = Server(speak, context)
    try:
        yield server
    finally:
        server.close()


def tls(*names: str, authority: trustme.CA | None = None) -> tuple[Any, trustme.CA]:
    """Make a server context for `names`, and the authority that vouches for it."""
    authority = authority or trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context, authority


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Make a client context that trusts one authority, and none of the system's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context
