"""Send one signed request, and read its answer to the end.

What a transport raises becomes a `Failure` that says whether a part of the request may
have left. An exception that is not the transport's, such as one that a signal handler
raised meanwhile, leaves at once and unchanged.
"""

from __future__ import annotations

import ssl
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx2

from .._core.config import is_loopback
from .._core.retry import Answer, Failure, note_unknown
from ..errors import (
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    ResponseTooLarge,
    TimedOut,
)
from .network import PROGRESS, Progress, causes_of, interruption_in
from .transports import AsyncPoolTransport, PoolTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._core.call import Call
    from .._core.config import Timeout
    from .._core.retry import Outcome
    from .._signing.request_signer import SignedRequest

_LARGEST_ANSWER = 4 * 1024 * 1024
_SHORTEST_TIMEOUT = 0.001

# The order matters: an exception is what its first matching row says. What is not
# known to have failed before the request left counts as sent.
_NOT_SENT: tuple[
    tuple[type[Exception], type[ConnectionFailed | TimedOut], str], ...
] = (
    (httpx2.PoolTimeout, TimedOut, "no connection of the pool became free in time"),
    (httpx2.ConnectTimeout, ConnectionFailed, "no connection in time"),
    (httpx2.ConnectError, ConnectionFailed, "no connection"),
    (httpx2.ProxyError, ConnectionFailed, "the proxy refused the connection"),
    (httpx2.UnsupportedProtocol, ConnectionFailed, "no connection"),
    (ConnectionRefusedError, ConnectionFailed, "connection refused"),
)
# The same of our own transports, which know that nothing was sent.
_KNOWN_NOT_SENT: tuple[
    tuple[type[Exception], type[ConnectionFailed | TimedOut], str], ...
] = (
    *_NOT_SENT,
    (httpx2.LocalProtocolError, ConnectionFailed, "the request cannot be sent"),
    (httpx2.WriteTimeout, TimedOut, "no time was left to send the request"),
    (httpx2.TimeoutException, ConnectionFailed, "no connection in time"),
    (Exception, ConnectionFailed, "no connection"),
)
_SENT: tuple[tuple[type[Exception], type[ConnectionLost | TimedOut], str], ...] = (
    (httpx2.TimeoutException, TimedOut, "no answer in time"),
    (httpx2.DecodingError, ConnectionLost, "the answer cannot be decoded"),
    (httpx2.TransportError, ConnectionLost, "the connection broke"),
    (OSError, ConnectionLost, "the connection broke"),
)
_TRANSPORT_EXCEPTIONS = (
    httpx2.TransportError,
    httpx2.DecodingError,
    httpx2.StreamError,
)

NO_TIME_LEFT = Failure(
    TimedOut, "no time was left to send the request", sent=False, final=True
)


class _PeerIsElsewhere(httpx2.ConnectError):
    """A name written as loopback led off this machine."""


def failure_of(error: Exception, *, sent: bool | None = None) -> Failure:
    """Translate what a transport raised.

    `sent` says whether a part of the request may have left, if that is known. If not,
    the exception itself decides, and never what it was raised during.
    """
    if not sent:
        if _is_certificate_error(error):
            return Failure(
                CertificateRefused,
                "the server's certificate is not trusted",
                sent=False,
                final=True,
                cause=error,
            )
        for kind, becomes, reason in _NOT_SENT if sent is None else _KNOWN_NOT_SENT:
            if isinstance(error, kind):
                final = isinstance(error, (_PeerIsElsewhere, httpx2.LocalProtocolError))
                return Failure(becomes, reason, sent=False, final=final, cause=error)
    for kind, lost, reason in _SENT:
        if isinstance(error, kind):
            return Failure(lost, reason, sent=True, cause=error)
    return Failure(ConnectionLost, "the transport failed", sent=True, cause=error)


def _is_certificate_error(error: Exception) -> bool:
    """Whether a connection was not made because of the server's certificate."""
    return isinstance(error, (httpx2.ConnectError, ssl.SSLError)) and any(
        isinstance(cause, ssl.SSLCertVerificationError) for cause in causes_of(error)
    )


def _timeouts(timeout: Timeout, time_left: float) -> dict[str, float]:
    left = max(time_left, _SHORTEST_TIMEOUT)

    def cut(seconds: float | None) -> float:
        return left if seconds is None else min(seconds, left)

    return {
        "connect": cut(timeout.connect),
        "read": cut(timeout.read),
        "write": cut(timeout.write),
        "pool": cut(timeout.pool),
    }


def _leads_away(stream: Any) -> bool:  # noqa: ANN401 - httpcore2's stream, as traced
    address: tuple[object, ...] = stream.get_extra_info("server_addr")
    return not is_loopback(str(address[0]))


def _stay_here(event: str, info: dict[str, Any]) -> None:
    """Close a connection to `localhost` that left this machine, before it is used."""
    if event == "connection.connect_tcp.complete" and _leads_away(info["return_value"]):
        info["return_value"].close()
        raise _PeerIsElsewhere("localhost is not this machine")
    _let_out(event, info)


def _let_out(event: str, info: dict[str, Any]) -> None:
    """Raise what a signal handler raised: httpcore2 passes over a failed write."""
    if event.endswith(".failed") and (found := interruption_in(info["exception"])):
        raise found


async def _astay_here(event: str, info: dict[str, Any]) -> None:
    """Do as `_stay_here`, awaiting."""
    if event == "connection.connect_tcp.complete" and _leads_away(info["return_value"]):
        await info["return_value"].aclose()
        raise _PeerIsElsewhere("localhost is not this machine")
    _let_out(event, info)


async def _alet_out(event: str, info: dict[str, Any]) -> None:
    """Do as `_let_out`, awaiting."""
    _let_out(event, info)


@lru_cache(maxsize=512)
def _url(text: str) -> httpx2.URL:
    """Parse a URL once: the paths of a shop's calls are few."""
    return httpx2.URL(text)


def _request(
    attempt: SignedRequest, timeout: Timeout, time_left: float, trace: object
) -> httpx2.Request:
    extensions: dict[str, object] = {"timeout": _timeouts(timeout, time_left)}
    if trace is not None:
        extensions["trace"] = trace
    return httpx2.Request(
        attempt.method,
        _url(attempt.url),
        headers=attempt.headers,
        stream=httpx2.ByteStream(attempt.body),
        extensions=extensions,
    )


def _headers(response: httpx2.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = (
            raw_name.decode("ascii", "replace").lower(),
            raw_value.decode("latin-1"),
        )
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


_TOO_LARGE = Failure(
    ResponseTooLarge, "the answer is longer than 4 MiB", sent=True, final=True
)


class _Whole(httpx2.SyncByteStream):
    """A body that has come to its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class _Body:
    """Collects an answer's body within size and time."""

    def __init__(self, ends_at: float) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._ends_at = ends_at

    def add(self, chunk: bytes) -> Failure | None:
        self._size += len(chunk)
        if self._size > _LARGEST_ANSWER:
            return _TOO_LARGE
        self._chunks.append(chunk)
        if time.monotonic() > self._ends_at:
            return Failure(TimedOut, "no whole answer in time", sent=True)
        return None

    def outcome(self, response: httpx2.Response) -> Outcome:
        """Make an answer of it all."""
        headers = _headers(response)
        content = b"".join(self._chunks)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":  # requests ask for that alone
            decoded = _decoded(content, encoding)
            if decoded is None:
                return _TOO_LARGE
            content = decoded
        return Answer(response.status_code, headers, content)


def _decoded(content: bytes, encoding: str) -> bytes | None:
    """Decode a body as httpx2 does, piece by piece; None if it grows too large."""
    coded = httpx2.Response(
        200, headers={"content-encoding": encoding}, stream=_Whole(content)
    )
    pieces: list[bytes] = []
    size = 0
    for piece in coded.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER:
            return None
    return b"".join(pieces)


def send_once(
    transport: httpx2.BaseTransport,
    attempt: SignedRequest,
    timeout: Timeout,
    ends: float,
    call: Call,
) -> Outcome:
    """Send one signed request, and read its answer to the end.

    The attempt is over at `ends`, on the monotonic clock, or one socket time-out later.
    """
    time_left = ends - time.monotonic()
    if time_left <= 0:
        return NO_TIME_LEFT
    trace = _stay_here if attempt.must_stay_here else None
    if trace is None and not isinstance(transport, PoolTransport):
        trace = _let_out
    progress, outer = Progress(ends), PROGRESS.get()
    PROGRESS.set(progress)
    answer: Outcome | None = None
    try:
        response = transport.handle_request(
            _request(attempt, timeout, time_left, trace)
        )
        try:
            body = _Body(ends)
            for chunk in cast("httpx2.SyncByteStream", response.stream):
                if failure := body.add(chunk):
                    return failure
            answer = body.outcome(response)
            # Closing the answer frees its connection for another call.
            progress.stream = None
        finally:
            response.close()
        return answer  # noqa: TRY300 - here it is known to be one
    except (*_TRANSPORT_EXCEPTIONS, OSError) as error:
        interruption = interruption_in(error)
        if interruption is error or _is_foreign(error, progress):
            _leave(error, progress, call)
            raise
        if interruption is None:
            return answer or failure_of(error, sent=progress.sent)
    except BaseException as error:
        _leave(error, progress, call)
        raise
    finally:
        PROGRESS.set(outer)
    # The transport has wrapped an exception that is not its own.
    _leave(interruption, progress, call)
    raise interruption


def _leave(error: BaseException, progress: Progress, call: Call) -> None:
    """Prepare for an exception that is not the transport's: it ends the call."""
    progress.put_away()
    if progress.sent is not False:
        note_unknown(error, call)


def _is_foreign(error: Exception, progress: Progress) -> bool:
    """Whether an `OSError` came out of our own transport: it raises none."""
    return isinstance(error, OSError) and progress.sent is not None


async def asend_once(
    transport: httpx2.AsyncBaseTransport,
    attempt: SignedRequest,
    timeout: Timeout,  # noqa: ASYNC109 - socket steps, beside the deadline
    ends: float,
    call: Call,
) -> Outcome:
    """Send one signed request, and read its answer to the end.

    The attempt is over at `ends`, on the monotonic clock.
    """
    time_left = ends - time.monotonic()
    if time_left <= 0:
        return NO_TIME_LEFT
    trace = _astay_here if attempt.must_stay_here else None
    if trace is None and not isinstance(transport, AsyncPoolTransport):
        trace = _alet_out
    progress, outer = Progress(ends), PROGRESS.get()
    PROGRESS.set(progress)
    answer: Outcome | None = None
    try:
        # A cancellation of the caller's leaves this scope; that of the deadline does
        # not.
        with anyio.move_on_after(time_left):
            response = await transport.handle_async_request(
                _request(attempt, timeout, time_left, trace)
            )
            try:
                body = _Body(ends)
                async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                    if failure := body.add(chunk):
                        return failure
                answer = body.outcome(response)
            finally:
                await response.aclose()
        return answer or failure_of(
            httpx2.ReadTimeout("the deadline has passed"), sent=progress.sent
        )
    except (*_TRANSPORT_EXCEPTIONS, OSError) as error:
        interruption = interruption_in(error)
        if interruption is error or _is_foreign(error, progress):
            _leave(error, progress, call)
            raise
        if interruption is None:
            return answer or failure_of(error, sent=progress.sent)
    except BaseException as error:
        _leave(error, progress, call)
        raise
    finally:
        PROGRESS.set(outer)
    # The transport has wrapped an exception that is not its own.
    _leave(interruption, progress, call)
    raise interruption
