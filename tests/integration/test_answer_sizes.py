"""Streams of the network backend, and answers that are large, coded or cut."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any, NoReturn

import httpcore2
import pytest

from AmazonPay import ConnectionLost, ResponseTooLarge, Retry
from AmazonPay._http.network import Backend, Stream
from AmazonPay._http.progress import ending
from loopback import read_request, serving
from real_calls import CLIENTS, HEAD, throw

if TYPE_CHECKING:
    from collections.abc import Callable


# Streams ------------------------------------------------------------------------------


def addresses(*ports: int) -> Any:
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    return [(*kind, ("127.0.0.1", port)) for port in ports]


def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as gone:
        pass
    with serving() as server:
        found = addresses(gone.port, server.port)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        stream = Backend().connect_tcp("x", 1, 5)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.1"
        assert stream.get_extra_info("socket") is not None
        assert stream.get_extra_info("ssl_object") is None
        assert stream.get_extra_info("anything else") is None
        assert stream.get_extra_info("is_readable") is False
        stream.close()
        assert stream.get_extra_info("is_readable") is True


@pytest.mark.parametrize("error", [OSError(5, "x"), TimeoutError(110, "x")])
def test_an_address_that_fails_is_no_connection(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: addresses(1))
    monkeypatch.setitem(connect.__globals__, "__name__", "socket")
    monkeypatch.setattr("AmazonPay._http.network._connected", connect)
    kinds = (httpcore2.ConnectTimeout, httpcore2.ConnectError)
    with pytest.raises(kinds) as caught:
        Backend().connect_tcp("x", 1, 5)
    assert isinstance(caught.value, kinds[not isinstance(error, TimeoutError)])
    assert caught.value.__cause__ is error


def test_no_step_begins_after_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ending(time.monotonic() - 1) as progress:
        progress.sent = False
        with pytest.raises(httpcore2.ReadTimeout):
            Stream(ours).read(1)
        with pytest.raises(httpcore2.WriteTimeout):
            Stream(ours).write(b"x")
        assert progress.sent is False
        with serving() as server, pytest.raises(httpcore2.ConnectTimeout):
            Backend().connect_tcp("127.0.0.1", server.port, 5)
        with pytest.raises(httpcore2.ConnectTimeout):
            Stream(ours).start_tls(ssl.create_default_context(), "x")
        assert ours.fileno() < 0


def test_what_is_sent_to_a_peer_that_is_gone_is_a_failed_write() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours, pytest.raises(httpcore2.WriteError):
        Stream(ours).write(b"x", 5)


def test_what_a_peer_does_not_take_is_a_write_out_of_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(httpcore2.WriteTimeout):
        Stream(ours).write(bytes(10_000_000), 0.05)


def test_an_error_of_the_callers_code_inside_of_a_step_is_theirs() -> None:
    class Theirs(socket.socket):
        def recv(self, *_: Any) -> NoReturn:
            throw(ConnectionResetError(104, "theirs"))

        def send(self, *_: Any) -> NoReturn:
            throw(ConnectionResetError(104, "theirs"))

    with Theirs() as ours:
        with pytest.raises(ConnectionResetError, match="theirs"):
            Stream(ours).read(1, 5)
        with pytest.raises(ConnectionResetError, match="theirs"):
            Stream(ours).write(b"x", 5)


# Sizes --------------------------------------------------------------------------------


LIMIT = 4 * 1024 * 1024


def says(body: bytes, encoding: str = "") -> Callable[[socket.socket], None]:
    """Make a peer that answers with a body."""
    head = HEAD + f"content-length: {len(body)}\r\n".encode()
    if encoding:
        head += f"content-encoding: {encoding}\r\n".encode()

    def speak(peer: socket.socket) -> None:
        while read_request(peer):
            peer.sendall(head + b"\r\n" + body)

    return speak


def deflated(data: bytes) -> bytes:
    """Compress without the head of zlib, as some servers do."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "deflate": ("deflate", deflated),
    "twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "identity": ("identity", bytes),
    "none": ("", bytes),
}


@CLIENTS
@pytest.mark.parametrize("kind", ENCODINGS)
def test_an_answer_is_decoded(kind: str, call: Callable[..., Any]) -> None:
    encoding, pack = ENCODINGS[kind]
    with serving(says(pack(b'{"chargeId": "C1"}'), encoding)) as server:
        assert call(server).json() == {"chargeId": "C1"}


@CLIENTS
@pytest.mark.parametrize("kind", ENCODINGS)
def test_an_answer_beyond_four_mebibytes_is_refused(
    kind: str, call: Callable[..., Any]
) -> None:
    encoding, pack = ENCODINGS[kind]
    with serving(says(pack(b" " * (LIMIT + 1)), encoding)) as server:
        with pytest.raises(ResponseTooLarge) as caught:
            call(server, retry=Retry(base=0))
        assert caught.value.outcome_unknown
        assert caught.value.attempts == 1
    with serving(says(pack(b" " * (LIMIT - 2) + b"{}"), encoding)) as server:
        assert call(server).json() == {}


@CLIENTS
def test_a_bomb_uses_no_memory(call: Callable[..., Any]) -> None:
    bomb = gzip.compress(gzip.compress(bytes(512 * 1024 * 1024), 1), 1)
    with serving(says(bomb, "gzip, gzip")) as server:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLarge):
                call(server)
            assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
        finally:
            tracemalloc.stop()


@CLIENTS
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_cannot_be_decoded_leaves_the_outcome_unknown(
    encoding: str, call: Callable[..., Any]
) -> None:
    with (
        serving(says(b"no such thing", encoding)) as server,
        pytest.raises(ConnectionLost) as caught,
    ):
        call(server)
    assert caught.value.outcome_unknown
