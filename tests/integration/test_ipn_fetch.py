"""The fetch of a certificate over sockets: its bounds, and what it does not follow."""

from __future__ import annotations

import contextlib
import ssl
from functools import partial
from typing import TYPE_CHECKING

import httpx2
import pytest

from AmazonPay._http.fetch import fetch
from AmazonPay.ipn import NotificationUnverifiable, Verifier
from AmazonPay.ipn._fetch import fetch_certificate
from AmazonPay.testing import Authority, verifier_for
from forgeries import GENUINE, LEAF, NOW, TOPIC, body
from loopback import Server, Speak, read_request, serving, tls, trusting

if TYPE_CHECKING:
    import socket

pytestmark = pytest.mark.slow
PLAIN = ssl.create_default_context()


def answering(answer: bytes) -> Speak:
    def speak(peer: socket.socket) -> None:
        while read_request(peer):
            peer.sendall(answer)

    return speak


def ok(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content)


def get(server: Server, seconds: float = 5.0, largest: int = 100) -> bytes:
    address = f"http://127.0.0.1:{server.port}/x.pem"
    return fetch(address, PLAIN, seconds, largest, trust_env=False)


def test_a_small_file_is_fetched() -> None:
    with serving(answering(ok(b"content"))) as server:
        assert get(server) == b"content"


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary"])
def test_no_redirect_is_followed(status: bytes) -> None:
    with serving(answering(ok(b"elsewhere"))) as target:
        place = b"http://127.0.0.1:%d/" % target.port
        answer = b"HTTP/1.1 %s\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n"
        with (
            serving(answering(answer % (status, place))) as server,
            pytest.raises(ValueError, match="status"),
        ):
            get(server)
        assert target.connections == 0


@pytest.mark.parametrize("status", [b"403 Forbidden", b"404 Not Found", b"206 Partial"])
def test_any_other_status_is_a_failure(status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n"
    with (
        serving(answering(answer)) as server,
        pytest.raises(ValueError, match="status"),
    ):
        get(server)


def test_a_large_answer_is_not_read_to_its_end() -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:  # the client hangs up
                peer.sendall(b"x" * 65536)

    with serving(speak) as server, pytest.raises(ValueError, match="large"):
        get(server)


def test_an_answer_that_drips_ends_before_it_is_whole() -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        with contextlib.suppress(OSError):
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n")
            peer.settimeout(0.05)
            while True:
                peer.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    peer.recv(1)

    with serving(speak) as server, pytest.raises(httpx2.TransportError):
        get(server, seconds=0.5)


def test_a_certificate_that_the_system_does_not_trust_is_no_answer() -> None:
    context, authority = tls("localhost")
    with serving(answering(ok(b"content")), context) as server:
        ask = partial(fetch, f"https://localhost:{server.port}/", trust_env=False)
        assert ask(trusting(authority), 5.0, 100) == b"content"
        with pytest.raises(NotificationUnverifiable, match="ConnectError"):
            fetch_certificate(partial(ask, PLAIN))


def test_the_default_fetch_goes_to_amazon_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    def speak(peer: socket.socket) -> None:
        seen.append(read_request(peer))

    with serving(speak) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
        with pytest.raises(NotificationUnverifiable):
            Verifier([TOPIC], clock=lambda: NOW).verify(body(GENUINE))
    assert [one.partition(b" HTTP/")[0] for one in seen] == [
        b"CONNECT sns.us-east-1.amazonaws.com:443"
    ]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_simulator_is_asked_for_its_certificate(authority: Authority) -> None:
    asked: list[bytes] = []

    def speak(peer: socket.socket) -> None:
        while request := read_request(peer):
            asked.append(request.partition(b" HTTP/")[0])
            peer.sendall(ok(authority.leaf))

    context, tls_authority = tls("localhost")
    made = authority.notification("CHARGE", "S01-1", topic=TOPIC, merchant_id="A1")
    with serving(speak, context) as server:
        chosen = verifier_for(
            f"https://localhost:{server.port}/",
            allowed_topics=[TOPIC],
            verify=trusting(tls_authority),
        )
        assert chosen.verify(made).object_id == "S01-1"
    (line,) = asked
    assert line.startswith(b"GET /SimpleNotificationService-")


def test_a_simulator_that_has_stopped_is_unverifiable(authority: Authority) -> None:
    with serving(answering(ok(LEAF))) as server:
        address = f"http://localhost:{server.port}"
    made = authority.notification("CHARGE", "S01-1", topic=TOPIC, merchant_id="A1")
    with pytest.raises(NotificationUnverifiable, match="ConnectError"):
        verifier_for(address, allowed_topics=[TOPIC]).verify(made)
