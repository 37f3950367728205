"""What a call makes of exceptions that are not the transport's; real sockets."""

from __future__ import annotations

import functools
import signal
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import anyio
import httpcore2
import httpx2
import pytest

from AmazonPay import (
    APIError,
    AsyncClient,
    CertificateRefused,
    Client,
    Retry,
    SigningFailed,
    TimedOut,
    Timeout,
    TransportError,
)
from AmazonPay._core.signals import raised_by_a_signal_handler
from AmazonPay._core.tracebacks import without_tracebacks
from AmazonPay._http.async_network import AsyncStream
from AmazonPay._http.progress import causes_of
from callers import on_both_loops
from interruptions import interrupting
from keys import KEY
from loopback import OK, read_request, serving
from real_calls import (
    CLIENTS,
    CONTEXT,
    DRIPS,
    ONCE,
    Watchdog,
    blocking,
    dripping,
    options,
    over_tls,
    throw,
)

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T")


# Interruptions ------------------------------------------------------------------------


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


@on_both_loops
async def test_a_cancelled_call_leaves_as_such_with_a_note() -> None:
    asked = threading.Event()

    def speak(peer: socket.socket) -> None:
        if read_request(peer):
            asked.set()
            peer.recv(1)

    noted: list[str] = []

    with serving(speak) as server:
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
    assert any("outcome is unknown" in note for note in noted)


@on_both_loops
async def test_a_limit_of_the_callers_is_theirs() -> None:
    with dripping(*DRIPS["head"], None) as server:
        async with AsyncClient("SANDBOX-A", **options(server)) as client:
            with pytest.raises(TimeoutError), anyio.fail_after(0.2):
                await client.create_charge({})


def while_handling(error: Exception, act: Callable[[], T]) -> T:
    """Do something in an `except` block of the caller's."""
    try:
        throw(error)
    except Exception:  # noqa: BLE001 - the caller's, whatever it is
        return act()


@needs_alarm
@pytest.mark.parametrize("kind", ["os error", "time-out"])
async def test_what_a_signal_handler_raises_in_an_awaited_write_leaves_unchanged(
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
        await AsyncStream(Inner()).write(b"x")
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
        while_handling(handled, lambda: call(server, timeout=Timeout(read=0.1)))
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
