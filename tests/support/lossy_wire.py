"""A wire to PostgreSQL that loses a COMMIT before, after or long after it arrives."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING, Literal

from sqlalchemy import make_url

from loopback import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Loss = Literal["before", "after", "late"]


class LossyWire:
    """Passes what client and server say, until it is told to lose the next COMMIT."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._late: tuple[socket.socket, bytes] | None = None
        self.loss: Loss | None = None
        self.losses = 0
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens after a COMMIT was carried out, and before it is lost."""
        self.url = ""

    def listen(self, server: Server) -> None:
        """Set `url` to the address of the server that clients connect to."""
        self.url = f"postgresql+psycopg://shop@127.0.0.1:{server.port}/postgres"

    def speak(self, client: socket.socket) -> None:
        """Pass one connection's bytes on, in both directions."""
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._path)
            # The end of a test may close the socket just before it is waited for.
            with contextlib.suppress(ValueError):
                self._pass(client, server)
        finally:
            if self._late is None or self._late[0] is not server:
                server.close()

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            for ready in select.select([client, server], [], [])[0]:
                piece = ready.recv(65536)
                if ready is client and b"COMMIT" in piece and self.loss is not None:
                    self._lose(server, piece)
                    return
                if not piece:
                    return
                (server if ready is client else client).sendall(piece)
                if self._late is not None and (
                    b"UPDATE" in piece or b"INSERT" in piece
                ):
                    # It waits for the row that the lost one has locked.
                    (held, commit), self._late = self._late, None
                    with held:
                        held.sendall(commit)
                        held.recv(65536)

    def _lose(self, server: socket.socket, commit: bytes) -> None:
        loss, self.loss = self.loss, None
        self.losses += 1
        if loss == "late":
            self._late = server, commit
            return
        if loss == "after":
            server.sendall(commit)
            server.recv(65536)
            self.meanwhile()


@contextlib.contextmanager
def lossy_wire(url: str) -> Generator[LossyWire]:
    """Stand between clients and the server of a URL."""
    wire = LossyWire(f"{make_url(url).query['host']}/.s.PGSQL.5432")
    with serving(wire.speak) as server:
        wire.listen(server)
        yield wire
