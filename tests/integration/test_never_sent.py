"""A call that never left leaves no doubt; real sockets and proxies."""

from __future__ import annotations

import functools
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import h11
import httpcore2
import httpx2
import pytest

from AmazonPay import (
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    Retry,
)
from AmazonPay._http.progress import ending
from AmazonPay._http.transports import AsyncPoolTransport, PoolTransport, as_httpx2
from journals import MemoryJournal
from keys import KEY
from loopback import OK, Server, read_request, serving, trusting
from real_calls import (
    AMAZON,
    AUTHORITY,
    CLIENTS,
    CONTEXT,
    Watchdog,
    awaiting,
    blocking,
    options,
    raised,
    throw,
    until_asked,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from AmazonPay._once.entry import Change, Entry


# Never sent ---------------------------------------------------------------------------


@CLIENTS
@pytest.mark.parametrize(
    "speech", [b"", b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", b"garbage\r\n\r\n"]
)
def test_a_proxy_that_makes_no_tunnel_has_seen_no_request(
    speech: bytes, call: Callable[..., Any]
) -> None:
    def speak(peer: socket.socket) -> None:
        assert read_request(peer).startswith(b"CONNECT pay-api.amazon.com:443 ")
        peer.sendall(speech)

    with serving(speak) as proxy, pytest.raises(ConnectionFailed) as caught:
        call(proxy, endpoint_url=None, proxy=f"http://127.0.0.1:{proxy.port}")
    assert not caught.value.outcome_unknown


@CLIENTS
def test_a_proxy_that_says_nothing_has_seen_no_request(
    call: Callable[..., Any],
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.recv(1)

    with serving(speak) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        with pytest.raises(ConnectionFailed) as caught:
            call(proxy, endpoint_url=None, proxy=url, timeout=0.1)
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a "),
        ("x", " a"),
        ("x", "a\x0bb"),
        ("x", "a\x0cb"),
        ("x", "\t"),
        ("x", "a\x01"),
        ("x", "a\x7f"),
        ("x", "ä"),
        ("x", 5),
        ("x", None),
        ("x", b"a"),
        ("x y", "a"),
        ("x(y)", "a"),
        ("x/y", "a"),
        ('x"', "a"),
        ("x@y", "a"),
        (5, "a"),
    ],
)
def test_a_header_that_the_http_library_refuses_is_refused_before(
    name: Any, value: Any
) -> None:
    headers: dict[Any, Any] = {name: value}
    with serving() as server, Client("SANDBOX-A", **options(server)) as client:
        with pytest.raises(InvalidRequest, match="header"):
            client.request("POST", "/charges", {}, headers=headers)
        with pytest.raises(InvalidRequest, match="header"):
            client.with_options(headers=headers)
        assert server.connections == 0


@pytest.mark.parametrize("value", ["", "a", "a b", "a\tb", 'a, b;c="d"', "!~"])
def test_a_header_that_the_http_library_takes_is_sent(value: str) -> None:
    with serving() as server, Client("SANDBOX-A", **options(server)) as client:
        assert client.request("POST", "/x", {}, headers={"X-a_b.c": value}).ok


@CLIENTS
def test_a_request_that_the_http_library_refuses_all_the_same_was_not_sent(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "AmazonPay._signing.request_signer._user_agent", lambda: "a\r\nb"
    )
    with serving() as server, pytest.raises(ConnectionFailed) as caught:
        call(server, retry=Retry(base=0))
    assert not caught.value.outcome_unknown
    assert caught.value.attempts == 1


@pytest.mark.parametrize("awaits", [False, True])
@pytest.mark.parametrize("name", ["create_charge_or_get", "capture_or_get_charge"])
def test_a_client_that_is_closed_before_the_request_leaves_no_doubt_in_the_journal(
    name: str, awaits: bool
) -> None:
    money = {"amount": "1.00", "currencyCode": "USD"}
    charge = {"chargeId": "C1", "statusDetails": {"state": "Authorized"}}
    kind: Any = AsyncClient if awaits else Client
    acted: list[str] = []

    def peer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            acted.append(request.method)
        return httpx2.Response(200, json=charge)

    class Closing(MemoryJournal):
        """Closes the client between what is written down and the request."""

        def change(self, key: str, change: Change, /) -> Entry:
            entry = super().change(key, change)
            if entry.in_doubt:
                client._calls.shared.connections._closed = True  # noqa: SLF001 - in any thread
            return entry

    journal = Closing()
    client = kind("A", KEY, "us", True, transport=httpx2.MockTransport(peer))
    arguments = {
        "create_charge_or_get": ({"chargePermissionId": "S", "chargeAmount": money},),
        "capture_or_get_charge": ("C1", {"captureAmount": money}),
    }[name]
    call = functools.partial(
        getattr(client, name), *arguments, journal=journal, namespace="n", order="1"
    )
    with pytest.raises(ClientClosed):
        anyio.run(call) if awaits else call()
    assert acted == []
    assert not journal.entry.in_doubt
    assert journal.entry.outcome is None


@pytest.mark.parametrize(
    "call", [blocking, functools.partial(awaiting, backend="trio")]
)
def test_a_name_that_no_dns_can_have_is_no_connection(
    call: Callable[..., Any],
) -> None:
    with serving() as server, pytest.raises(ConnectionFailed) as caught:
        call(server, endpoint_url=f"https://{'a' * 70}.example")
    assert not caught.value.outcome_unknown


def test_what_a_library_below_fails_with_is_a_failure_of_the_connection() -> None:
    bug = raised(lambda: h11.Request(method="GET", target="/", headers=[("a b", "c")]))
    assert isinstance(as_httpx2(bug), httpx2.RemoteProtocolError)
    assert isinstance(
        as_httpx2(httpcore2.ReadTimeout(TimeoutError("x"))), httpx2.ReadTimeout
    )


@pytest.mark.parametrize(
    "theirs",
    [Watchdog("x"), OSError(5, "x"), TimeoutError("x"), httpx2.ReadError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_no_library_below_has_raised_is_left_alone(theirs: Exception) -> None:
    assert as_httpx2(theirs) is None
    assert as_httpx2(raised(lambda: throw(theirs))) is None


# Proxies ------------------------------------------------------------------------------


URL = "https://pay-api.amazon.com/x"


def inside(peer: socket.socket) -> tuple[ssl.SSLObject, Callable[..., Any]]:
    """Make the server's end of TLS inside of a connection, and what runs its steps."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    inner = AMAZON.wrap_bio(incoming, outgoing, server_side=True)

    def run(step: Callable[..., Any], *args: Any) -> Any:
        while True:
            try:
                result = step(*args)
            except ssl.SSLWantReadError:
                peer.sendall(outgoing.read())
                if not (data := peer.recv(65536)):
                    raise ConnectionError from None
                incoming.write(data)
            else:
                peer.sendall(outgoing.read())
                return result

    return inner, run


def tunnel(
    *said: bytes,
    request_of: int = 0,
    breaks_off: bool = False,
    asked: threading.Event | None = None,
) -> Callable[[socket.socket], None]:
    """Make an https proxy that is its own end: it speaks TLS inside of TLS."""

    def speak(peer: socket.socket) -> None:
        assert read_request(peer).startswith(b"CONNECT pay-api.amazon.com:443 ")
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        inner, run = inside(peer)
        run(inner.do_handshake)
        received = b""
        while b"\r\n\r\n" not in received or len(received) < request_of:
            received += run(inner.read, 65536)
            if asked:
                asked.set()
        for piece in said:
            run(inner.write, piece)
        if not breaks_off:
            run(inner.read, 1)

    return speak


def sent_through(
    server: Server, content: bytes = b"{}", limit: float | None = 5
) -> bytes:
    """Send a request through an https proxy; give what is answered."""
    trusted = trusting(AUTHORITY)
    proxy = httpx2.Proxy(f"https://localhost:{server.port}", ssl_context=trusted)
    limits = dict.fromkeys(("connect", "read", "write", "pool"), limit)
    request = httpx2.Request(
        "POST", URL, content=content, extensions={"timeout": limits}
    )
    with PoolTransport(trusted, proxy) as transport:
        return transport.handle_request(request).read()


def asent_through(server: Server, content: bytes = b"{}") -> bytes:
    """Do the same, awaiting."""
    trusted = trusting(AUTHORITY)
    proxy = httpx2.Proxy(f"https://localhost:{server.port}", ssl_context=trusted)

    async def main() -> bytes:
        async with AsyncPoolTransport(trusted, proxy) as transport:
            request = httpx2.Request("POST", URL, content=content)
            return await (await transport.handle_async_request(request)).aread()

    return anyio.run(main)


@pytest.mark.parametrize("send", [sent_through, asent_through])
@pytest.mark.parametrize("size", [2, 500_000])
def test_an_https_proxy_carries_tls_inside_of_tls(
    size: int, send: Callable[..., bytes]
) -> None:
    with (
        serving(tunnel(OK, request_of=size), CONTEXT) as server,
        ending(time.monotonic() + 30) as progress,
    ):
        assert send(server, b"x" * size) == b"{}"
        assert (progress.tls_layers, progress.sent) == (2, True)


def test_an_https_proxy_is_waited_for_where_nothing_limits_it() -> None:
    with serving(tunnel(OK), CONTEXT) as server:
        assert sent_through(server, limit=None) == b"{}"


def test_an_https_proxy_keeps_the_deadline_inside_of_tls() -> None:
    asked = threading.Event()

    def act(seconds: float) -> Exception:
        with ending(time.monotonic() + seconds):
            return raised(lambda: sent_through(server, limit=60))

    with serving(tunnel(request_of=10_000, asked=asked), CONTEXT) as server:
        assert isinstance(until_asked(asked, act), httpx2.ReadTimeout)


@pytest.mark.parametrize("send", [sent_through, asent_through])
def test_an_answer_that_breaks_off_inside_of_tls_has_been_asked_for(
    send: Callable[..., bytes],
) -> None:
    with (
        serving(tunnel(breaks_off=True), CONTEXT) as server,
        ending(time.monotonic() + 30) as progress,
        pytest.raises(httpx2.TransportError),
    ):
        send(server)
    assert progress.sent


@pytest.mark.parametrize("send", [sent_through, asent_through])
def test_an_https_proxy_that_ends_the_tunnel_has_seen_no_request(
    send: Callable[..., bytes],
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with (
        serving(speak, CONTEXT) as server,
        ending(time.monotonic() + 30) as progress,
        pytest.raises(httpx2.ConnectError),
    ):
        send(server)
    assert progress.sent is False


def test_a_socks_proxy_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for url in ("socks5://localhost:1", "socks5h://localhost:1"):
        with pytest.raises(ConfigurationError, match="socksio"):
            Client("A", KEY, "us", True, proxy=url)
