"""Calls of both clients to servers of this machine."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import anyio
import pytest

from AmazonPay import AsyncClient, Client, Retry, Timeout
from keys import KEY
from loopback import Server, read_request, serving, tls, trusting

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Generator, Iterator


T = TypeVar("T")


ONCE = Retry(attempts=1)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


CONTEXT, AUTHORITY = tls("localhost")


def options(server: Server, **more: Any) -> dict[str, Any]:
    scheme = "https" if server.context else "http"
    return {
        "private_key": KEY,
        "region": "us",
        "endpoint_url": f"{scheme}://localhost:{server.port}",
        "verify": trusting(AUTHORITY) if server.context else None,
        "retry": ONCE,
        **more,
    }


def over_tls(server: Server) -> dict[str, Any]:
    """Return the options of a client for a TLS server of a test authority."""
    url = f"https://localhost:{server.port}"
    return {"endpoint_url": url, "verify": trusting(AUTHORITY)}


def blocking(server: Server, **more: Any) -> Any:
    """Make one call that acts with a blocking client."""
    with Client("SANDBOX-A", **options(server, **more)) as client:
        return client.create_charge({}, idempotency_key="k")


def awaiting(server: Server, backend: str = "asyncio", **more: Any) -> Any:
    """Make one call that acts with an awaiting client."""

    async def main() -> Any:
        async with AsyncClient("SANDBOX-A", **options(server, **more)) as client:
            return await client.create_charge({}, idempotency_key="k")

    return anyio.run(main, backend=backend)


CLIENTS = pytest.mark.parametrize(
    "call",
    [blocking, awaiting, functools.partial(awaiting, backend="trio")],
    ids=["blocking", "asyncio", "trio"],
)


DRIPS: dict[str, tuple[bytes, Iterator[bytes]]] = {
    "head": (b"HTTP/1.1 200 OK\r\nx: ", itertools.repeat(b"y")),
    "many headers": (HEAD, itertools.repeat(b"x: y\r\n")),
    "informational answers": (b"", itertools.repeat(b"HTTP/1.1 103 Hints\r\n\r\n")),
    "chunk sizes": (CHUNKED, itertools.repeat(b"1\r\n \r\n")),
    "one chunk size": (CHUNKED + b"5;", itertools.repeat(b"x")),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", itertools.repeat(b"x: y\r\n")),
    "body": (HEAD + b"content-length: 100000\r\n\r\n", itertools.repeat(b" ")),
    "body without length": (HEAD + b"\r\n", itertools.repeat(b" ")),
}


UNLIMITED = Timeout(connect=None, read=None, write=None, pool=None)


@contextlib.contextmanager
def dripping(
    first: bytes,
    drops: Iterator[bytes],
    context: ssl.SSLContext | None = None,
    asked: threading.Event | None = None,
) -> Generator[Server]:
    """Answer a drop at a time, for a minute at most; `asked` tells of a request."""
    done = threading.Event()

    def speak(peer: socket.socket) -> None:
        if read_request(peer) and asked:
            asked.set()
        peer.sendall(first)
        for _ in range(6000):
            if done.wait(0.01):
                break
            peer.sendall(next(drops))

    with serving(speak, context) as server:
        try:
            yield server
        finally:
            done.set()


def until_asked(asked: threading.Event, act: Callable[[float], T]) -> T:
    """Return what `act` does with a deadline in which its request arrives.

    On a busy machine, a short one may pass before.
    """
    for seconds in (0.3, 3, 30):
        result = act(seconds)
        if asked.is_set():
            return result
    pytest.fail("no request arrived")


class Watchdog(Exception):  # noqa: N818 - as a caller might name it
    """An exception of the caller's own kind."""


def throw(error: BaseException) -> NoReturn:
    raise error


def raised(act: Callable[[], object]) -> Exception:
    """Return the exception that a function raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        act()
    return caught.value


AMAZON, _ = tls("pay-api.amazon.com", authority=AUTHORITY)
