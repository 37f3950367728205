"""The least that answers: keep-alive TLS, one fixed answer, in a process of its own.

    python -m benchmarks.server CHAIN

prints the port of 127.0.0.1 that it took.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
from typing import cast

from benchmarks.orders import ANSWER

_BODY = json.dumps(ANSWER).encode()
_RESPONSE = (
    b"HTTP/1.1 201 Created\r\n"
    b"Date: Thu, 15 Jan 2026 12:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"x-amz-pay-request-id: 2e4d1f0a-8c5b-4a53-9d1e-0b6b7f3f2a10\r\n"
    b"Connection: keep-alive\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class _Peer(asyncio.Protocol):
    """Counts requests in a stream of bytes, and answers each."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._received = rest[size:]
            self._transport.write(_RESPONSE)


async def _serve(chain: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Peer, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
