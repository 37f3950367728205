"""What the network does to a call: deadlines, interruptions, doubt. Real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import itertools
import os
import signal
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import anyio
import h11
import httpcore2
import httpx2
import pytest

from AmazonPay import (
    APIError,
    AsyncClient,
    CertificateRefused,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    InvalidRequest,
    ResponseTooLarge,
    Retry,
    SigningFailed,
    TimedOut,
    Timeout,
    TransportError,
)
from AmazonPay._core.signals import raised_by_a_signal_handler
from AmazonPay._http.async_network import AsyncStream
from AmazonPay._http.network import Backend, Stream
from AmazonPay._http.progress import causes_of, ending
from AmazonPay._http.transports import (
    AsyncPoolTransport,
    PoolTransport,
    as_httpx2,
)
from AmazonPay.errors import without_tracebacks
from journals import MemoryJournal
from keys import KEY
from loopback import OK, Server, read_request, serving, tls, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from AmazonPay._once.entry import Change, Entry

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
    """Call a server by TLS that speaks for itself."""
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


# The deadline -------------------------------------------------------------------------

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


@contextlib.contextmanager
def dripping(
    first: bytes, drops: Iterator[bytes], context: ssl.SSLContext | None
) -> Generator[Server]:
    done = threading.Event()

    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(first)
        while not done.wait(0.01):
            peer.sendall(next(drops))

    with serving(speak, context) as server:
        try:
            yield server
        finally:
            done.set()


@CLIENTS
@pytest.mark.parametrize("context", [None, CONTEXT], ids=["plain", "tls"])
@pytest.mark.parametrize("drip", DRIPS)
def test_a_peer_that_drips_does_not_hold_a_call_beyond_its_deadline(
    drip: str, context: ssl.SSLContext | None, call: Callable[..., Any]
) -> None:
    with dripping(*DRIPS[drip], context) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            call(server, deadline=0.3, timeout=5)
        assert time.monotonic() - started < 5.3
    assert caught.value.outcome_unknown
    assert caught.value.attempts == 1


@CLIENTS
def test_informational_answers_at_full_speed_end_with_the_deadline(
    call: Callable[..., Any],
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        while True:
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    with serving(speak) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            call(server, deadline=0.3, timeout=5)
        assert time.monotonic() - started < 3


@CLIENTS
def test_a_peer_that_drips_its_tls_ends_with_the_deadline_and_nothing_was_sent(
    call: Callable[..., Any],
) -> None:
    done = threading.Event()

    def speak(peer: socket.socket) -> None:
        peer.recv(65536)
        # The head of a record of 16 KiB, which never comes to its end.
        peer.sendall(b"\x16\x03\x03\x40\x00")
        while not done.wait(0.01):
            peer.sendall(b"\x02")

    with serving(speak) as server:
        with pytest.raises(ConnectionFailed) as caught:
            call(server, deadline=0.3, timeout=5, **over_tls(server))
        done.set()
    assert not caught.value.outcome_unknown


@CLIENTS
def test_a_peer_that_takes_no_bytes_ends_with_the_deadline(
    call: Callable[..., Any],
) -> None:
    done = threading.Event()

    def speak(_: socket.socket) -> None:
        done.wait(10)

    with serving(speak) as server:
        large = {"integrator_id": "x" * 12_000_000}
        with pytest.raises(TimedOut) as caught:
            call(server, deadline=1.5, timeout=5, **large)
        done.set()
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("taken", [0.4, 0.6])
def test_the_time_that_a_signer_takes_is_a_part_of_the_deadline(taken: float) -> None:
    asked = threading.Event()

    def sign(message: bytes) -> bytes:
        del message
        threading.Event().wait(taken)
        return b"signature"

    def speak(peer: socket.socket) -> None:
        if read_request(peer):
            asked.set()
            peer.recv(1)

    with serving(speak) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            blocking(server, private_key=None, signer=sign, deadline=0.5, timeout=5)
        assert time.monotonic() - started < 3
    # With no time left, nothing is sent, and nothing is unknown.
    assert caught.value.outcome_unknown is (taken < 0.5)
    assert asked.is_set() is (taken < 0.5)


@CLIENTS
def test_time_outs_without_limit_are_the_deadlines(call: Callable[..., Any]) -> None:
    with dripping(b"", itertools.repeat(b""), None) as server:
        unlimited = Timeout(connect=None, read=None, write=None, pool=None)
        with pytest.raises(TimedOut):
            call(server, deadline=0.2, timeout=unlimited)


@CLIENTS
def test_the_longest_time_that_is_taken_is_one_that_sockets_take(
    call: Callable[..., Any],
) -> None:
    with serving() as server:
        assert call(server, deadline=1_000_000, timeout=1_000_000).ok


@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), 10**400, True, "1", None]
)
@pytest.mark.parametrize("name", ["deadline", "timeout"])
def test_a_limit_of_time_that_is_none_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Client("SANDBOX-A", KEY, "us", **{name: value})


# Interruptions ------------------------------------------------------------------------


class Watchdog(Exception):  # noqa: N818 - as a caller might name it
    """An exception of the caller's own kind."""


INTERRUPTIONS: dict[str, Callable[[], BaseException]] = {
    "time-out": lambda: TimeoutError("watchdog"),
    "time-out with a number": lambda: TimeoutError(110, "watchdog"),
    "os error": lambda: OSError("watchdog"),
    "os error with a number": lambda: ConnectionResetError(104, "watchdog"),
    "interrupted": lambda: InterruptedError(4, "watchdog"),
    "refused": lambda: ConnectionRefusedError(111, "watchdog"),
    "own": lambda: Watchdog("watchdog"),
    "keyboard": KeyboardInterrupt,
    "exit": SystemExit,
}


def notes_of(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


needs_alarm = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="this system sends no such signals"
)


@contextlib.contextmanager
def interrupting(error: BaseException) -> Generator[Callable[[], None]]:
    """Give a function that makes a signal handler raise `error` in this thread."""

    def handle(number: int, frame: object) -> NoReturn:
        del number, frame
        raise error

    me = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield lambda: signal.pthread_kill(me, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


@needs_alarm
@pytest.mark.parametrize("given", [False, True], ids=["ours", "httpx2's"])
@pytest.mark.parametrize("context", [None, CONTEXT], ids=["plain", "tls"])
@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_what_a_signal_handler_raises_while_an_answer_is_awaited_leaves_unchanged(
    kind: str, context: ssl.SSLContext | None, given: bool
) -> None:
    error = INTERRUPTIONS[kind]()
    requests: list[bytes] = []

    def speak(peer: socket.socket) -> None:
        while request := read_request(peer):
            requests.append(request)
            if len(requests) == 1:
                interrupt()
                peer.recv(1)
                return
            peer.sendall(OK)

    with interrupting(error) as interrupt, serving(speak, context) as server:
        more = options(server, retry=Retry(base=0))
        if given:
            more["transport"] = httpx2.HTTPTransport(
                verify=more.pop("verify") or ssl.create_default_context()
            )
        with Client("SANDBOX-A", **more) as client:
            with pytest.raises(type(error)) as caught:
                client.create_charge({}, idempotency_key="k")
            assert caught.value is error
            assert any("outcome is unknown" in note for note in notes_of(error))
            assert len(requests) == 1
            # The connection was put away: the next call opens another one.
            assert client.get_charge("C1").ok
    assert server.connections == 2


@needs_alarm
@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_an_interrupted_handshake_leaves_unchanged_and_without_a_doubt(
    kind: str,
) -> None:
    error = INTERRUPTIONS[kind]()

    def speak(peer: socket.socket) -> None:
        peer.recv(65536)
        interrupt()
        peer.recv(65536)

    with interrupting(error) as interrupt, serving(speak) as server:
        with pytest.raises(type(error)) as caught:
            blocking(server, retry=Retry(base=0), **over_tls(server))
        assert caught.value is error
        assert notes_of(error) == []
        assert server.connections == 1


@needs_alarm
def test_an_interrupted_read_of_an_object_has_nothing_to_note() -> None:
    error = TimeoutError("watchdog")

    def speak(peer: socket.socket) -> None:
        read_request(peer)
        interrupt()
        peer.recv(1)

    with (
        interrupting(error) as interrupt,
        serving(speak) as server,
        Client("SANDBOX-A", **options(server)) as client,
        pytest.raises(TimeoutError) as caught,
    ):
        client.get_charge("C1")
    assert caught.value is error
    assert notes_of(error) == []


@needs_alarm
def test_an_interrupted_pause_tells_of_the_attempts_before() -> None:
    error = TimeoutError("watchdog")

    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 503 X\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n")
        interrupt()
        peer.recv(1)

    with (
        interrupting(error) as interrupt,
        serving(speak) as server,
        pytest.raises(TimeoutError) as caught,
    ):
        blocking(server, retry=Retry())
    assert caught.value is error
    assert any("outcome is unknown" in note for note in notes_of(error))


@needs_alarm
@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_what_a_signal_handler_raises_in_a_signer_leaves_unchanged(kind: str) -> None:
    error = INTERRUPTIONS[kind]()

    def sign(message: bytes) -> bytes:
        del message
        interrupt()
        threading.Event().wait(10)
        return b""

    with interrupting(error) as interrupt, serving() as server:
        with pytest.raises(type(error)) as caught:
            blocking(server, private_key=None, signer=sign, retry=Retry(base=0))
        assert caught.value is error
        assert notes_of(error) == []
        assert server.connections == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_leaves_as_such_with_a_note(backend: str) -> None:
    asked = threading.Event()

    def speak(peer: socket.socket) -> None:
        if read_request(peer):
            asked.set()
            peer.recv(1)

    noted: list[str] = []

    async def main() -> None:
        async with AsyncClient("SANDBOX-A", **options(server)) as client:

            async def call() -> None:
                try:
                    await client.create_charge({})
                except anyio.get_cancelled_exc_class() as error:
                    noted.extend(notes_of(error))
                    raise

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await anyio.to_thread.run_sync(asked.wait, 10)
                tasks.cancel_scope.cancel()

    with serving(speak) as server:
        anyio.run(main, backend=backend)
    assert any("outcome is unknown" in note for note in noted)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_limit_of_the_callers_is_theirs(backend: str) -> None:
    async def main() -> None:
        async with AsyncClient("SANDBOX-A", **options(server)) as client:
            with anyio.fail_after(0.2):
                await client.create_charge({})

    with dripping(*DRIPS["head"], None) as server, pytest.raises(TimeoutError):
        anyio.run(main, backend=backend)


def while_handling(error: Exception, act: Callable[[], T]) -> T:
    """Do something in an `except` block of the caller's."""
    try:
        throw(error)
    except Exception:  # noqa: BLE001 - the caller's, whatever it is
        return act()


def throw(error: BaseException) -> NoReturn:
    raise error


@needs_alarm
@pytest.mark.parametrize("kind", ["os error", "time-out"])
def test_what_a_signal_handler_raises_in_an_awaited_write_leaves_unchanged(
    kind: str,
) -> None:
    error = INTERRUPTIONS[kind]()

    class Inner(httpcore2.AsyncNetworkStream):
        async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as declared
            del buffer, timeout
            try:
                signal.raise_signal(signal.SIGUSR1)
            except OSError as raised:
                raise httpcore2.WriteError(raised) from raised

    with interrupting(error), pytest.raises(type(error)) as caught:
        anyio.run(AsyncStream(Inner()).write, b"x")
    assert caught.value is error


def handle(number: int, frame: object) -> NoReturn:
    del number, frame
    raise TimeoutError("watchdog")


class Handler:
    """A handler that is no function."""

    def __call__(self, number: int, frame: object) -> NoReturn:
        handle(number, frame)

    def method(self, number: int, frame: object) -> NoReturn:
        handle(number, frame)


@needs_alarm
@pytest.mark.parametrize(
    "handler",
    [
        handle,
        Handler(),
        Handler().method,
        functools.partial(handle),
        functools.partial(functools.partial(Handler().method)),
        lambda *_: throw(TimeoutError()),
    ],
)
def test_whatever_handles_a_signal_is_known(handler: Any) -> None:
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(TimeoutError) as caught:
            signal.raise_signal(signal.SIGUSR1)
        assert raised_by_a_signal_handler(caught.value)
        assert not raised_by_a_signal_handler(TimeoutError())
    finally:
        signal.signal(signal.SIGUSR1, before)


# What decides -------------------------------------------------------------------------


@CLIENTS
@pytest.mark.parametrize(
    "handled",
    [
        ssl.SSLCertVerificationError("another server's"),
        ConnectionRefusedError(111, "another server"),
        httpx2.ConnectError("another server"),
        socket.gaierror(-2, "another name"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_caller_is_handling_says_nothing_of_the_call(
    handled: Exception, call: Callable[..., Any]
) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.recv(1)

    with serving(speak) as server, pytest.raises(TimedOut) as caught:
        while_handling(handled, lambda: call(server, timeout=0.1))
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    "raised",
    [
        httpx2.ReadTimeout("x"),
        httpx2.ReadError("x"),
        httpx2.RemoteProtocolError("x"),
        OSError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_given_transports_own_context_decides_nothing(raised: Exception) -> None:
    def peer(request: httpx2.Request) -> httpx2.Response:
        del request
        other = ssl.SSLCertVerificationError("another server's")
        return while_handling(other, lambda: throw(raised))

    transport = httpx2.MockTransport(peer)
    client = Client("SANDBOX-A", KEY, "us", transport=transport, retry=ONCE)
    with pytest.raises(TransportError) as caught:
        client.create_charge({})
    assert caught.value.outcome_unknown
    assert not isinstance(caught.value, CertificateRefused)


@pytest.mark.parametrize("kind", ["wrapped", "wrapped twice", "plain"])
def test_a_given_transports_certificate_error_is_one(kind: str) -> None:
    def peer(request: httpx2.Request) -> httpx2.Response:
        del request
        refused = ssl.SSLCertVerificationError("not trusted")
        if kind == "plain":
            raise refused
        if kind == "wrapped":
            raise httpx2.ConnectError("x") from refused
        # As it comes out of a pool of httpcore2, which takes the cause off.
        raise httpx2.ConnectError("x") from httpcore2.ConnectError(refused)

    transport = httpx2.MockTransport(peer)
    client = Client("SANDBOX-A", KEY, "us", transport=transport)
    with pytest.raises(CertificateRefused) as caught:
        client.create_charge({})
    assert not caught.value.outcome_unknown


def cyclic() -> httpx2.ReadTimeout:
    first, second = httpx2.ReadTimeout("x"), OSError("y")
    first.__cause__, second.__cause__ = second, first
    first.__context__, second.__context__ = second, first
    return first


def test_a_cycle_of_causes_is_walked_once() -> None:
    def peer(_: httpx2.Request) -> httpx2.Response:
        raise cyclic()

    transport = httpx2.MockTransport(peer)
    client = Client("SANDBOX-A", KEY, "us", transport=transport, retry=ONCE)
    with pytest.raises(TimedOut) as caught:
        client.create_charge({})
    assert caught.value.outcome_unknown
    assert len(list(causes_of(cyclic()))) == 2
    own = cyclic()
    own.__cause__ = own
    assert list(causes_of(own)) == [own]
    assert without_tracebacks(own) is own


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


def raised(act: Callable[[], object]) -> Exception:
    """Give what a function raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        act()
    return caught.value


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
        throw(error)

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


# Forks --------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork"
)


def in_a_child(check: Callable[[], None]) -> None:
    """Run a check in a forked process."""
    child = os.fork()
    if child == 0:  # pragma: no cover - in a process of its own
        try:
            check()
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@needs_fork
def test_a_given_transport_is_not_used_in_a_forked_child() -> None:
    closed: list[int] = []

    class Given(httpx2.MockTransport):
        def close(self) -> None:
            closed.append(os.getpid())

    transport = Given(lambda _: httpx2.Response(200, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)

    def child() -> None:
        with pytest.raises(ClientClosed, match="fork"):
            client.get_charge("C1")
        with pytest.raises(ClientClosed, match="fork"):
            client.with_options(timeout=1).create_charge({})
        client.close()
        assert closed == []

    assert client.get_charge("C1").ok
    in_a_child(child)
    assert client.get_charge("C1").ok
    client.close()
    assert closed == [os.getpid()]


@needs_fork
def test_a_given_awaited_transport_is_not_used_in_a_forked_child() -> None:
    closed: list[int] = []

    class Given(httpx2.MockTransport):
        async def aclose(self) -> None:
            closed.append(os.getpid())

    transport = Given(lambda _: httpx2.Response(200, json={}))
    client = AsyncClient("SANDBOX-A", KEY, "us", transport=transport)

    async def in_child() -> None:
        with pytest.raises(ClientClosed, match="fork"):
            await client.get_charge("C1")
        await client.aclose()
        assert closed == []

    async def in_parent() -> None:
        assert (await client.get_charge("C1")).ok
        await client.aclose()

    in_a_child(lambda: asyncio.run(in_child()))
    asyncio.run(in_parent())
    assert closed == [os.getpid()]


@needs_fork
def test_a_child_forked_from_a_running_loop_leaves_its_parents_connection_alone() -> (
    None
):
    async def main() -> None:
        async with AsyncClient("SANDBOX-A", **options(server)) as client:
            assert (await client.get_charge("C1")).ok
            connections = client._calls.shared.connections  # noqa: SLF001 - the child runs no loop
            mine = connections.current()

            def child() -> None:
                assert connections.current() is not mine

            in_a_child(child)
            assert connections.current() is mine
            assert (await client.get_charge("C1")).ok

    with serving() as server:
        anyio.run(main, backend="trio")
        assert server.connections == 1


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


# Errors of the caller's ---------------------------------------------------------------


def test_the_signers_error_keeps_the_signers_frames() -> None:
    def sign(message: bytes) -> bytes:
        del message
        raise RuntimeError("no KMS")

    with serving() as server, pytest.raises(SigningFailed) as caught:
        blocking(server, private_key=None, signer=sign)
    cause = caught.value.__cause__
    assert isinstance(cause, RuntimeError)
    assert cause.__traceback__ is not None
    assert cause.__traceback__.tb_frame.f_code is sign.__code__


@pytest.mark.parametrize("name", ["get_charge", "wait_for_charge", "request"])
def test_what_the_caller_is_handling_keeps_its_traceback(name: str) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(404, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)
    client = client.with_options(raise_for_status=True)
    arguments = ("GET", "/x") if name == "request" else ("C1",)
    first, second = ValueError("theirs"), KeyError("theirs, too")
    call = functools.partial(getattr(client, name), *arguments)
    with pytest.raises(APIError) as caught:
        while_handling(first, lambda: while_handling(second, call))
    assert caught.value.__context__ is second
    assert second.__context__ is first
    for error in (first, second):
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_frame.f_code is while_handling.__code__


def test_what_the_caller_is_handling_keeps_its_traceback_in_an_iteration() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(404, json={}))
    client = Client("SANDBOX-A", KEY, "us", transport=transport)
    error = ValueError("theirs")
    with pytest.raises(APIError) as caught:
        while_handling(error, lambda: next(client.iter_reports()))
    assert caught.value.__context__ is error
    assert error.__traceback__ is not None


# Proxies ------------------------------------------------------------------------------

AMAZON, _ = tls("pay-api.amazon.com", authority=AUTHORITY)
URL = "https://pay-api.amazon.com/x"


def tunnel(*said: bytes, request_of: int = 0) -> Callable[[socket.socket], None]:
    """Make an https proxy that is its own end: it speaks TLS inside of TLS."""

    def speak(peer: socket.socket) -> None:
        assert read_request(peer).startswith(b"CONNECT pay-api.amazon.com:443 ")
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
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

        run(inner.do_handshake)
        received = b""
        while b"\r\n\r\n" not in received or len(received) < request_of:
            received += run(inner.read, 65536)
        for piece in said:
            run(inner.write, piece)
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
    with (
        serving(tunnel(request_of=10_000), CONTEXT) as server,
        ending(time.monotonic() + 0.5),
        pytest.raises(httpx2.ReadTimeout),
    ):
        sent_through(server)


@pytest.mark.parametrize("send", [sent_through, asent_through])
def test_an_answer_that_breaks_off_inside_of_tls_has_been_asked_for(
    send: Callable[..., bytes],
) -> None:
    def speak(peer: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            tunnel()(peer)

    def cut(peer: socket.socket) -> None:
        threading.Timer(0.2, peer.close).start()
        speak(peer)

    with (
        serving(cut, CONTEXT) as server,
        ending(time.monotonic() + 5) as progress,
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
        ending(time.monotonic() + 5) as progress,
        pytest.raises(httpx2.ConnectError),
    ):
        send(server)
    assert progress.sent is False


def test_a_socks_proxy_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for url in ("socks5://localhost:1", "socks5h://localhost:1"):
        with pytest.raises(ConfigurationError, match="socksio"):
            Client("A", KEY, "us", True, proxy=url)
