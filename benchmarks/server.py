"""A server that does the least: keep-alive TLS, one fixed answer.

    python -m benchmarks.server CHAIN

prints the port of 127.0.0.1 that it listens on.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys

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


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            length = _LENGTH.search(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(_RESPONSE)
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


async def _serve(chain: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
