"""One attempt on a transport in memory: how long it may last."""

from __future__ import annotations

import contextvars
import errno
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import anyio
import httpx2
import pytest

from AmazonPay import (
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    TimedOut,
    Timeout,
)
from AmazonPay._core.call import Call
from AmazonPay._core.retry import Answer, AttemptResult, Failure
from AmazonPay._http import send
from AmazonPay._http.progress import PROGRESS, Progress
from AmazonPay._signing.request_signer import SignedRequest
from AmazonPay.errors import ResponseTooLarge
from interruptions import TimeLimit, interrupting


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give the attempt a clock that starts at 100.0 and moves as a test says."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(send, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def moves(now: float) -> None:
        clock.now = now

    return moves


def test_a_body_may_arrive_until_the_deadline_and_no_later(
    moves: Callable[[float], None],
) -> None:
    body = send._Body(ends_at=110.0)  # noqa: SLF001 - no attempt in memory lasts so long
    assert body.add(b"a") is None
    moves(110.0)
    assert body.add(b"b") is None
    moves(110.001)
    late = body.add(b"c")
    assert isinstance(late, Failure)
    assert (late.error, late.sent, late.final) == (TimedOut, True, False)


# What is sent -------------------------------------------------------------------------

CALL = Call(
    operation="create_charge",
    method="POST",
    route="/charges",
    path="/charges",
    body=b"{}",
    idempotency_key="k",
    repeat="key",
    empty_answer=False,
)
TIMEOUT = Timeout(connect=1.0, read=9.0, write=2.0, pool=None)
Answering = Callable[[httpx2.Request], httpx2.Response]


def signed(
    url: str = "https://pay-api.amazon.com/v2/charges", *, loopback_only: bool = False
) -> SignedRequest:
    return SignedRequest(
        "POST",
        url,
        [(b"x-a", b"b")],
        b"{}",
        loopback_only,
    )


def blocking(
    answering: Answering, ends: float, request: SignedRequest
) -> AttemptResult:
    transport = httpx2.MockTransport(answering)
    return send.send_once(transport, request, TIMEOUT, ends, CALL)


def awaiting(
    answering: Answering, ends: float, request: SignedRequest
) -> AttemptResult:
    transport = httpx2.MockTransport(answering)
    return anyio.run(send.asend_once, transport, request, TIMEOUT, ends, CALL)


BOTH = pytest.mark.parametrize("sends", [blocking, awaiting])
Sends = Callable[[Answering, float, SignedRequest], AttemptResult]


@BOTH
def test_a_request_is_sent_as_it_was_signed_and_within_the_time(
    sends: Sends, moves: Callable[[float], None]
) -> None:
    del moves
    seen: list[httpx2.Request] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(201, headers={"X-Z": "1"}, content=b"[]")

    assert sends(answering, 105.0, signed()) == Answer(
        201, {"content-length": "2", "x-z": "1"}, b"[]"
    )
    (request,) = seen
    assert (request.method, str(request.url)) == (
        "POST",
        "https://pay-api.amazon.com/v2/charges",
    )
    assert request.headers["x-a"] == "b"
    assert request.content == b"{}"
    assert request.extensions["timeout"] == {
        "connect": 1.0,
        "read": 5.0,
        "write": 2.0,
        "pool": 5.0,
    }
    assert callable(request.extensions["trace"])


@BOTH
@pytest.mark.parametrize("ends", [100.0, 99.0])
def test_nothing_is_sent_when_no_time_is_left(
    sends: Sends, ends: float, moves: Callable[[float], None]
) -> None:
    del moves

    def answering(_: httpx2.Request) -> httpx2.Response:
        pytest.fail("it was sent")

    failure = sends(answering, ends, signed())
    assert failure == Failure(
        TimedOut, "no time was left to send the request", sent=False, final=True
    )


def test_a_socket_step_takes_no_longer_than_its_own_limit() -> None:
    seen: list[httpx2.Request] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200)

    limits = Timeout(connect=1.0, read=9.0, write=2.0, pool=3.0)
    transport = httpx2.MockTransport(answering)
    send.send_once(transport, signed(), limits, HOUR, CALL)
    assert seen[0].extensions["timeout"] == {
        "connect": 1.0,
        "read": 9.0,
        "write": 2.0,
        "pool": 3.0,
    }


@BOTH
def test_a_time_out_is_never_nothing(
    sends: Sends, moves: Callable[[float], None]
) -> None:
    del moves
    seen: list[dict[str, float]] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["timeout"])
        return httpx2.Response(200)

    sends(answering, 100.0 + 1e-9, signed())
    assert set(seen[0].values()) == {0.001}


# What is answered ---------------------------------------------------------------------

HOUR = 10_000_000_000.0


def answered(sends: Sends, response: httpx2.Response) -> AttemptResult:
    return sends(lambda _: response, HOUR, signed())


@BOTH
def test_headers_are_read_whatever_bytes_they_hold(sends: Sends) -> None:
    headers = [(b"X-A", b"1"), (b"x-a", b"\xe4"), (b"X-\xff", b"2")]
    outcome = answered(sends, httpx2.Response(200, headers=headers, stream=Body(b"")))
    assert isinstance(outcome, Answer)
    assert outcome.headers == {"x-a": "1, \u00e4", "x-\ufffd": "2"}


LARGEST = 4 * 1024 * 1024


@BOTH
@pytest.mark.parametrize("coded", [False, True])
def test_the_largest_answer_is_read_and_no_larger_one(
    sends: Sends, *, coded: bool
) -> None:
    headers = {"content-encoding": " GZip "} if coded else {}
    for size in (LARGEST, LARGEST + 1):
        body = gzip.compress(bytes(size), 1) if coded else bytes(size)
        response = httpx2.Response(200, headers=headers, stream=Body(body))
        outcome = answered(sends, response)
        if size == LARGEST:
            assert outcome == Answer(200, headers, bytes(LARGEST))
            continue
        assert outcome == Failure(
            ResponseTooLarge, "the answer is longer than 4 MiB", sent=True, final=True
        )


@BOTH
@pytest.mark.parametrize("coding", [b"identity", b" Identity", b"x-unknown", b"\xe4"])
def test_a_coding_that_changes_nothing_leaves_an_answer_as_it_is(
    sends: Sends, coding: bytes
) -> None:
    headers = [(b"content-encoding", coding)]
    outcome = answered(sends, httpx2.Response(200, headers=headers, stream=Body(b"{}")))
    assert isinstance(outcome, Answer)
    assert outcome.content == b"{}"


@BOTH
def test_an_answer_in_pieces_is_read_whole(sends: Sends) -> None:
    response = httpx2.Response(200, stream=Body(b"a", b"b", b"c"))
    assert answered(sends, response) == Answer(200, {}, b"abc")
    halves = [bytes(LARGEST // 2), bytes(LARGEST // 2), b"x"]
    response = httpx2.Response(200, stream=Body(*halves))
    assert isinstance(answered(sends, response), Failure)


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


# What failed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "sent", "becomes", "final"),
    [
        (httpx2.PoolTimeout("x"), None, TimedOut, False),
        (httpx2.ConnectTimeout("x"), None, ConnectionFailed, False),
        (httpx2.ConnectError("x"), None, ConnectionFailed, False),
        (httpx2.ProxyError("x"), None, ConnectionFailed, False),
        (httpx2.UnsupportedProtocol("x"), None, ConnectionFailed, False),
        (ConnectionRefusedError("x"), None, ConnectionFailed, False),
        (httpx2.LocalProtocolError("x"), False, ConnectionFailed, True),
        (httpx2.WriteTimeout("x"), False, TimedOut, False),
        (httpx2.ReadTimeout("x"), False, ConnectionFailed, False),
        (httpx2.ReadError("x"), False, ConnectionFailed, False),
        (OSError("x"), False, ConnectionFailed, False),
    ],
)
def test_a_failure_before_anything_left_is_known(
    error: Exception, sent: Any, becomes: type, *, final: bool
) -> None:
    failure = send.failure_of(error, sent=sent)
    assert (failure.error, failure.sent, failure.final) == (becomes, False, final)
    assert failure.cause is error


@pytest.mark.parametrize("sent", [None, True])
@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (httpx2.ReadTimeout("x"), TimedOut),
        (httpx2.WriteTimeout("x"), TimedOut),
        (httpx2.DecodingError("x"), ConnectionLost),
        (httpx2.ReadError("x"), ConnectionLost),
        (httpx2.LocalProtocolError("x"), ConnectionLost),
        (OSError("x"), ConnectionLost),
        (ValueError("x"), ConnectionLost),
    ],
)
def test_a_failure_after_something_may_have_left_is_in_doubt(
    error: Exception, becomes: type, sent: Any
) -> None:
    failure = send.failure_of(error, sent=sent)
    assert (failure.error, failure.sent, failure.final) == (becomes, True, False)
    assert failure.cause is error


def test_a_connection_error_after_something_has_left_is_in_doubt() -> None:
    failure = send.failure_of(httpx2.ConnectError("x"), sent=True)
    assert (failure.error, failure.sent) == (ConnectionLost, True)


@pytest.mark.parametrize("sent", [None, False])
def test_a_certificate_that_is_refused_is_final_and_nothing_has_left(
    sent: Any,
) -> None:
    cause = ssl.SSLCertVerificationError("x")
    error = httpx2.ConnectError("x")
    error.__cause__ = cause
    for refused in (error, cause):
        failure = send.failure_of(refused, sent=sent)
        assert failure.error is CertificateRefused
        assert (failure.sent, failure.final) == (False, True)
        assert failure.cause is refused
    assert send.failure_of(error, sent=True).error is ConnectionLost


def test_a_certificate_counts_only_where_a_connection_was_made() -> None:
    error = httpx2.ReadError("x")
    error.__cause__ = ssl.SSLCertVerificationError("x")
    assert send.failure_of(error, sent=False).error is ConnectionFailed


def test_a_failure_names_its_place_if_it_is_known() -> None:
    refused = ssl.SSLCertVerificationError("x")
    told = send.failure_of(refused).reason
    assert told.startswith("the certificate of the server is not trusted")
    told = send.failure_of(refused, place="a.example").reason
    assert told.startswith("the certificate of a.example is not trusted")


# On loopback alone --------------------------------------------------------------------


class Connection:
    """A connection that was just made."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.closed = 0

    def get_extra_info(self, info: str) -> tuple[str, int]:
        assert info == "server_addr"
        return self.address, 443

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


@BOTH
@pytest.mark.parametrize(
    ("address", "refused"), [("127.0.0.1", False), ("::1", False), ("10.0.0.1", True)]
)
def test_a_request_for_this_machine_is_sent_to_no_other(
    sends: Sends, address: str, *, refused: bool
) -> None:
    made = Connection(address)

    def traced(request: httpx2.Request) -> Any:
        event = "connection.connect_tcp.complete"
        return request.extensions["trace"](event, {"return_value": made})

    class Tracing(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            traced(request)
            return httpx2.Response(200, stream=Body())

        async def handle_async_request(
            self, request: httpx2.Request
        ) -> httpx2.Response:
            await traced(request)
            return httpx2.Response(200, stream=Body())

    request = signed(loopback_only=True)
    if sends is blocking:
        outcome = send.send_once(Tracing(), request, TIMEOUT, HOUR, CALL)
    else:
        outcome = anyio.run(send.asend_once, Tracing(), request, TIMEOUT, HOUR, CALL)
    assert made.closed == refused
    assert isinstance(outcome, Failure) is refused
    if isinstance(outcome, Failure):
        assert (outcome.error, outcome.sent, outcome.final) == (
            ConnectionFailed,
            False,
            True,
        )


@BOTH
def test_a_request_for_amazon_may_leave_this_machine(sends: Sends) -> None:
    seen: list[Any] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["trace"])
        return httpx2.Response(200)

    sends(answering, HOUR, signed())
    made = Connection("10.0.0.1")
    event = "connection.connect_tcp.complete"
    if sends is blocking:
        seen[0](event, {"return_value": made})
    else:
        anyio.run(seen[0], event, {"return_value": made})
    assert not made.closed


# Where, and what had left -------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("url", "peer", "place"),
    [
        ("https://a.example/v2", None, "a.example:443"),
        ("https://a.example/v2", "a.example:443", "a.example:443"),
        ("https://[::1]:8443/v2", "[::1]:8443", "[::1]:8443"),
        ("http://[::1]/v2", None, "[::1]:80"),
        ("http://localhost/v2", "localhost:80", "localhost:80"),
        (
            "https://a.example/v2",
            "10.0.0.1:3128",
            "a.example:443 by the proxy 10.0.0.1:3128",
        ),
    ],
)
def test_a_failed_connection_says_where_it_should_have_led(
    sends: Sends, url: str, peer: str | None, place: str
) -> None:
    def failing(_: httpx2.Request) -> httpx2.Response:
        progress().peer = peer
        raise httpx2.ConnectError("x")

    failure = sends(failing, HOUR, signed(url))
    assert isinstance(failure, Failure)
    assert failure.reason == f"no connection to {place}"


def test_a_failed_connection_to_an_unknown_place_says_no_more() -> None:
    told = send.failure_of(httpx2.ConnectError("x")).reason
    assert told == "no connection"


def test_a_failed_connection_says_why_if_that_is_known() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    told = send.failure_of(refused, place="a.example:443").reason
    assert told == "no connection to a.example:443: connection refused"


def progress() -> Progress:
    found = PROGRESS.get()
    assert found is not None
    return found


WHAT_HAD_LEFT = pytest.mark.parametrize("left", [None, False, True])


@BOTH
@WHAT_HAD_LEFT
def test_a_failure_is_known_if_the_transport_knows_that_nothing_left(
    sends: Sends, left: Any
) -> None:
    def failing(_: httpx2.Request) -> httpx2.Response:
        progress().sent = left
        raise httpx2.ReadError("x")

    failure = sends(failing, HOUR, signed())
    assert isinstance(failure, Failure)
    assert failure.sent is (left is not False)


@WHAT_HAD_LEFT
async def test_an_attempt_that_awaits_ends_with_its_time(left: Any) -> None:
    class Silent(httpx2.AsyncBaseTransport):
        async def handle_async_request(
            self, request: httpx2.Request
        ) -> httpx2.Response:
            progress().sent = left
            await anyio.sleep_forever()
            raise AssertionError(request)

    ends = time.monotonic() + 0.2
    with anyio.fail_after(10):
        failure = await send.asend_once(Silent(), signed(), TIMEOUT, ends, CALL)
    assert isinstance(failure, Failure)
    assert failure.sent is (left is not False)
    if left is False:
        assert failure.reason == "no connection to pay-api.amazon.com:443 in time"
    else:
        assert failure.error is TimedOut


@BOTH
def test_an_attempt_leaves_the_progress_of_another_alone(sends: Sends) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200))
    other = Progress(HOUR)

    async def attempt() -> None:
        PROGRESS.set(other)
        await send.asend_once(transport, signed(), TIMEOUT, HOUR, CALL)
        assert PROGRESS.get() is other

    def call() -> None:
        PROGRESS.set(other)
        send.send_once(transport, signed(), TIMEOUT, HOUR, CALL)
        assert PROGRESS.get() is other

    if sends is blocking:
        contextvars.copy_context().run(call)
    else:
        anyio.run(attempt)


# Exceptions that are not the transport's ----------------------------------------------


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Let a signal come, whose handler raises `TimeLimit`."""
    with interrupting(TimeLimit()) as interrupt:
        yield interrupt


class Closing:
    """A connection in use that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def noted(error: BaseException) -> bool:
    return any("outcome is unknown" in note for note in getattr(error, "__notes__", ()))


@BOTH
@WHAT_HAD_LEFT
def test_a_signal_that_the_transport_wraps_ends_the_call_as_itself(
    sends: Sends, left: Any, interrupt: Callable[[], None]
) -> None:
    stream: Any = Closing()

    def failing(_: httpx2.Request) -> httpx2.Response:
        progress().sent, progress().stream = left, stream
        try:
            interrupt()
        except TimeLimit as error:
            raise httpx2.WriteError("x") from error
        raise AssertionError

    with pytest.raises(TimeLimit) as caught:
        sends(failing, HOUR, signed())
    assert noted(caught.value) is (left is not False)
    assert stream.closed


@BOTH
@WHAT_HAD_LEFT
def test_an_error_of_the_system_is_the_transports_if_that_translates_none(
    sends: Sends, left: Any
) -> None:
    def failing(_: httpx2.Request) -> httpx2.Response:
        progress().sent = left
        raise OSError("x")

    if left is None:
        assert isinstance(sends(failing, HOUR, signed()), Failure)
        return
    with pytest.raises(OSError, match="x") as caught:
        sends(failing, HOUR, signed())
    assert noted(caught.value) is left


@BOTH
def test_a_signal_during_a_step_that_httpcore2_ignores_ends_the_call(
    sends: Sends, interrupt: Callable[[], None]
) -> None:
    seen: list[Any] = []

    def answering(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["trace"])
        return httpx2.Response(200)

    def told(event: str, error: BaseException) -> None:
        if sends is blocking:
            seen[0](event, {"exception": error})
        else:
            anyio.run(seen[0], event, {"exception": error})

    sends(answering, HOUR, signed())
    with pytest.raises(TimeLimit) as caught:
        interrupt()
    told("http11.send_request_body.failed", OSError("x"))
    told("http11.send_request_body.complete", caught.value)
    with pytest.raises(TimeLimit):
        told("http11.send_request_body.failed", caught.value)
