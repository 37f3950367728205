"""Every kind of fault, for every class of call, over TLS, by both clients."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from AmazonPay import (
    AsyncClient,
    Client,
    OutcomeUnknown,
    Response,
    Retry,
    Timeout,
    TransportError,
)
from AmazonPay._core.operation import operations_of
from AmazonPay.resources import Operations
from callers import closing, result
from keys import KEY
from loopback import OK, Server, read_request, tls, trusting
from reference.faults import AGAIN, CLASSES, FAULTS, Row, as_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PSS = padding.PSS(padding.MGF1(SHA256()), 20)
ATTEMPTS = 3
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
CONTEXT, AUTHORITY = tls("localhost")
STRANGER, _ = tls("localhost")

# One call of each class.
CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "read": ("get_charge", ("S01-0000000-0000000-C000000",)),
    "key": ("create_charge", ({},)),
    "state": ("cancel_charge", ("S01-0000000-0000000-C000000",)),
    "reference": ("instore_charge", ({},)),
    "once": ("create_delivery_tracker", ({},)),
}


def test_the_calls_are_one_of_each_class() -> None:
    declared = operations_of(Operations)
    assert {name: declared[call].repeat for name, (call, _) in CALLS.items()} == {
        name: name for name in CLASSES
    }


# The faults ---------------------------------------------------------------------------


def answer(status: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nlocation: https://localhost/"
    return f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def reset(peer: socket.socket) -> None:
    """Close so that the other end sees a reset, and no orderly end."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def silent(peer: socket.socket) -> None:
    """Say nothing until the other end gives up."""
    with contextlib.suppress(OSError):
        while peer.recv(65536):
            pass


def says(data: bytes, then: Callable[[socket.socket], None] | None = None) -> Any:
    """Make a fault that reads a request and says something; `then` ends it."""

    def act(peer: socket.socket) -> bool:
        read_request(peer)
        peer.sendall(data)
        if then is not None:
            then(peer)
            return False
        return True

    return act


def close(peer: socket.socket) -> bool:
    del peer
    return False


def reset_early(peer: socket.socket) -> bool:
    peer.recv(100)
    reset(peer)
    return False


def close_late(peer: socket.socket) -> bool:
    read_request(peer)
    return False


def say_nothing(peer: socket.socket) -> bool:
    silent(peer)
    return False


HTML = b"<html>a gateway</html>"
HALF = OK[:-1]
ERROR = b'{"reasonCode":"SomeReason","message":"some text"}'

# What happens before TLS, on the bare socket; the rest happens inside.
BARE: dict[str, Callable[[socket.socket], None]] = {
    "closed during the TLS handshake": lambda peer: peer.close(),
    "silent during the TLS handshake": silent,
}
INSIDE: dict[str, Callable[[socket.socket], bool]] = {
    "closed before the request was read": close,
    "reset in the middle of the request": reset_early,
    "closed without an answer": close_late,
    "no answer in time": say_nothing,
    "half the head of an answer": says(OK[:20], lambda _: None),
    "half the body of an answer": says(HALF, lambda _: None),
    "half the body, then silence": says(HALF, silent),
    "bytes that are no HTTP": says(b"SSH-2.0-x\r\n\r\n", lambda _: None),
    "200 with HTML of a gateway": says(answer("200 OK", HTML, "text/html")),
    "200 with half a JSON": says(answer("200 OK", b'{"chargeId":')),
    "408": says(answer("408 X", ERROR)),
    "425": says(answer("425 X", ERROR)),
    "429": says(answer("429 X", ERROR)),
    "500": says(answer("500 X", ERROR)),
    "502 with HTML of a gateway": says(answer("502 X", HTML, "text/html")),
    "503": says(answer("503 X", ERROR)),
    "504 without a body": says(answer("504 X", b"")),
    "507, which nobody expects": says(answer("507 X", ERROR)),
    "400": says(answer("400 X", ERROR)),
    "403": says(answer("403 X", ERROR)),
    "404": says(answer("404 X", ERROR)),
    "422": says(answer("422 X", ERROR)),
    "302 to another place": says(answer("302 X", b"")),
}


@dataclass
class Amazon:
    """A server that commits a fault some times, and answers well after that."""

    fault: str
    left: int
    requests: list[bytes] = field(default_factory=list[bytes])

    def __call__(self, peer: socket.socket) -> None:
        if self.left and self.fault in BARE:
            self.left -= 1
            BARE[self.fault](peer)
            return
        untrusted = self.left and self.fault == "certificate not trusted"
        context = STRANGER if untrusted else CONTEXT
        with (
            contextlib.suppress(ssl.SSLError),
            context.wrap_socket(peer, server_side=True) as inside,
        ):
            self._speak(inside)

    def _speak(self, peer: socket.socket) -> None:
        while True:
            if self.left and self.fault in INSIDE:
                self.left -= 1
                if not INSIDE[self.fault](peer):
                    return
            else:
                if not read_request(peer):
                    return
                peer.sendall(OK)


@contextlib.contextmanager
def amazon(
    fault: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> Generator[tuple[int, Callable[[bytes], bytes]]]:
    """Serve a fault; gives the port, and a signer, which runs before each attempt."""
    servers = [Server(Amazon(fault, times))]
    port = servers[0].port
    if fault == "connection refused":
        servers.pop().close()
    attempts = 0
    found = socket.getaddrinfo

    def signer(message: bytes) -> bytes:
        nonlocal attempts
        attempts += 1
        if attempts > times and not servers:
            servers.append(Server(Amazon(fault, times), port=port))
        return KEY.sign(message, PSS, SHA256())

    def lookup(*args: Any, **kwargs: Any) -> Any:
        if fault == "name not found" and attempts <= times:
            raise socket.gaierror(socket.EAI_NONAME, "name not known")
        return found(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    try:
        yield port, signer
    finally:
        for server in servers:
            server.close()


def options(
    row: Row, port: int, signer: Callable[[bytes], bytes], patience: float
) -> dict[str, Any]:
    """Wait for `patience` seconds where the fault is that nothing comes."""
    silence = "silen" in row.name or "in time" in row.name
    connecting = "handshake" in row.name
    return {
        "signer": signer,
        "region": "us",
        "endpoint_url": f"https://localhost:{port}",
        "verify": trusting(AUTHORITY),
        "timeout": Timeout(
            connect=patience if silence and connecting else 30.0,
            read=patience if silence and not connecting else 30.0,
        ),
        "retry": Retry(attempts=ATTEMPTS, wait=False),
    }


Outcome = Response[Any] | TransportError


async def outcome_of(
    kind: Any, name: str, args: tuple[Any, ...], given: dict[str, Any]
) -> Outcome:
    async with closing(kind("SANDBOX-A", **given)) as client:
        try:
            outcome: Outcome = await result(getattr(client, name)(*args))
        except TransportError as error:
            outcome = error
        return outcome


# Both clients run one flow, so the awaiting one is asked for two classes that differ.
CALLERS = pytest.mark.parametrize(
    ("made", "kind"),
    [
        *((Client, kind) for kind in CLASSES),
        (AsyncClient, "key"),
        (AsyncClient, "once"),
    ],
)
IDS = [row.name for row in FAULTS]


def got(outcome: Outcome) -> str:
    if isinstance(outcome, Response):
        return str(outcome.status_code)
    return type(outcome).__name__


@pytest.mark.exhaustive
@CALLERS
@pytest.mark.parametrize("row", FAULTS, ids=IDS)
async def test_a_fault_that_stays_is_told_with_what_it_means(
    row: Row, kind: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, args = CALLS[kind]
    with amazon(row.name, 1000, monkeypatch) as (port, signer):
        outcome = await outcome_of(made, name, args, options(row, port, signer, 0.05))
    assert outcome.attempts == (ATTEMPTS if kind in AGAIN[row.again] else 1)
    assert got(outcome) == row.gets
    assert outcome.outcome_unknown is (row.doubt and kind != "read")
    if isinstance(outcome, Response) and outcome.outcome_unknown:
        with pytest.raises(OutcomeUnknown):
            outcome.raise_for_status()


REPEATED = [row for row in FAULTS if AGAIN.get(row.again)]


@pytest.mark.exhaustive
@CALLERS
@pytest.mark.parametrize("row", REPEATED, ids=lambda row: row.name)
async def test_a_fault_that_passes_is_healed_where_that_is_safe(
    row: Row, kind: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, args = CALLS[kind]
    with amazon(row.name, 1, monkeypatch) as (port, signer):
        outcome = await outcome_of(made, name, args, options(row, port, signer, 0.5))
    if kind in AGAIN[row.again]:
        assert (got(outcome), outcome.attempts) == ("200", 2)
        assert not outcome.outcome_unknown
    else:
        assert (got(outcome), outcome.attempts) == (row.gets, 1)


def test_the_page_has_this_table() -> None:
    assert as_markdown() in PAGE.read_text(encoding="utf-8")
