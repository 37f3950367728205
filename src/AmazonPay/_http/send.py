"""Send one signed request, and read its answer to the end.

An exception of the transport becomes a `Failure`, which records whether a part of the
request may have left. Any other exception, such as one that a signal handler raised
meanwhile, propagates at once and unchanged.
"""

from __future__ import annotations

import ssl
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpx2

from .._core.hosts import is_loopback
from .._core.retry import Answer, Failure, note_unknown
from ..errors import (
    CertificateRefused,
    ConnectionFailed,
    ConnectionLost,
    ResponseTooLarge,
    TimedOut,
)
from .causes import certificate_cause, connection_cause
from .progress import PROGRESS, Progress, interruption_in
from .transports import AsyncPoolTransport, PoolTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._core.call import Call
    from .._core.config import Timeout
    from .._core.retry import AttemptResult
    from .._signing.request_signer import SignedRequest

_LARGEST_ANSWER = 4 * 1024 * 1024
_SHORTEST_TIMEOUT = 0.001
# How the names and the values of headers are encoded.
_NAMES, _VALUES = "ascii", "latin-1"
_ENCODING = "content-encoding"

_NO_CONNECTION = "no connection"
"""Completed by the place and the cause."""

# The order matters: the first matching row decides. A request counts as sent unless it
# is known to have failed before it left.
_NOT_SENT: tuple[
    tuple[type[Exception], type[ConnectionFailed | TimedOut], str], ...
] = (
    (httpx2.PoolTimeout, TimedOut, "no connection of the pool became free in time"),
    (httpx2.ConnectTimeout, ConnectionFailed, _NO_CONNECTION),
    (httpx2.ConnectError, ConnectionFailed, _NO_CONNECTION),
    (httpx2.ProxyError, ConnectionFailed, "the proxy refused the connection"),
    (httpx2.UnsupportedProtocol, ConnectionFailed, _NO_CONNECTION),
    (ConnectionRefusedError, ConnectionFailed, _NO_CONNECTION),
)
# For the transports of this package, which know that nothing was sent.
_KNOWN_NOT_SENT: tuple[
    tuple[type[Exception], type[ConnectionFailed | TimedOut], str], ...
] = (
    *_NOT_SENT,
    (httpx2.LocalProtocolError, ConnectionFailed, "the request cannot be sent"),
    (httpx2.WriteTimeout, TimedOut, "no time was left to send the request"),
    (httpx2.TimeoutException, ConnectionFailed, _NO_CONNECTION),
    (Exception, ConnectionFailed, _NO_CONNECTION),
)
_SENT: tuple[tuple[type[Exception], type[ConnectionLost | TimedOut], str], ...] = (
    (httpx2.TimeoutException, TimedOut, "no answer in time"),
    (httpx2.DecodingError, ConnectionLost, "the answer cannot be decoded"),
    (httpx2.TransportError, ConnectionLost, "the connection broke"),
    (OSError, ConnectionLost, "the connection broke"),
)
_TLS_ERRORS = (httpx2.ConnectError, ssl.SSLError)
_TRANSPORT_EXCEPTIONS = (
    httpx2.TransportError,
    httpx2.DecodingError,
    httpx2.StreamError,
)

NO_TIME_LEFT = Failure(
    TimedOut, "no time was left to send the request", sent=False, final=True
)


class _PeerNotLoopback(httpx2.ConnectError):
    """The name `localhost` resolved to an address that is not loopback."""


def failure_of(
    error: Exception, *, sent: bool | None = None, place: str = ""
) -> Failure:
    """Return the `Failure` for an exception of a transport.

    `sent` is whether a part of the request may have left, or None if that is not known.
    Then the type of the exception decides; its `__context__` never does. `place` is
    where the attempt tried to connect.
    """
    if not sent:
        why = certificate_cause(error) if isinstance(error, _TLS_ERRORS) else None
        if why is not None:
            return Failure(
                CertificateRefused,
                f"the certificate of {place or 'the server'} is not trusted: {why}",
                sent=False,
                final=True,
                cause=error,
            )
        for kind, becomes, reason in _NOT_SENT if sent is None else _KNOWN_NOT_SENT:
            if isinstance(error, kind):
                final = isinstance(error, (_PeerNotLoopback, httpx2.LocalProtocolError))
                if reason is _NO_CONNECTION:
                    reason = _no_connection(error, place)  # noqa: PLW2901 - completed
                return Failure(becomes, reason, sent=False, final=final, cause=error)
    for kind, lost, reason in _SENT:
        if isinstance(error, kind):
            return Failure(lost, reason, sent=True, cause=error)
    return Failure(ConnectionLost, "the transport failed", sent=True, cause=error)


def _no_connection(error: Exception, place: str) -> str:
    """Return the reason of a failed connection: where to, and why."""
    to_place = f"{_NO_CONNECTION} to {place}" if place else _NO_CONNECTION
    if isinstance(error, httpx2.TimeoutException):
        return f"{to_place} in time"
    if isinstance(error, _PeerNotLoopback):
        return f"{to_place}: the name leads to another machine"
    cause = connection_cause(error)
    return f"{to_place}: {cause}" if cause else to_place


def _place_of(request: SignedRequest, progress: Progress) -> str:
    """Return where an attempt connects to: host and port, and the proxy, if any."""
    url = _url(request.url)
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = url.port or (80 if url.scheme == "http" else 443)
    place = f"{host}:{port}"
    if progress.peer is None or progress.peer == place:
        return place
    return f"{place} by the proxy {progress.peer}"


def _left_this_machine(stream: Any) -> bool:  # noqa: ANN401 - httpcore2's stream, as traced
    address: tuple[object, ...] = stream.get_extra_info("server_addr")
    return not is_loopback(str(address[0]))


def _keep_on_loopback(event: str, info: dict[str, Any]) -> None:
    """Close a connection that does not lead to loopback, before anything is sent."""
    if event == "connection.connect_tcp.complete" and _left_this_machine(
        info["return_value"]
    ):
        info["return_value"].close()
        raise _PeerNotLoopback("localhost is not this machine")
    _raise_interruption(event, info)


def _raise_interruption(event: str, info: dict[str, Any]) -> None:
    """Raise a signal handler's exception, because httpcore2 ignores failed writes."""
    if event.endswith(".failed") and (found := interruption_in(info["exception"])):
        raise found


async def _akeep_on_loopback(event: str, info: dict[str, Any]) -> None:
    """Do what `_keep_on_loopback` does, awaiting."""
    if event == "connection.connect_tcp.complete" and _left_this_machine(
        info["return_value"]
    ):
        await info["return_value"].aclose()
        raise _PeerNotLoopback("localhost is not this machine")
    _raise_interruption(event, info)


async def _araise_interruption(event: str, info: dict[str, Any]) -> None:
    """Do what `_raise_interruption` does, awaiting."""
    _raise_interruption(event, info)


@lru_cache(maxsize=512)
def _url(text: str) -> httpx2.URL:
    """Return the parsed URL; the cache helps because most calls repeat few URLs."""
    return httpx2.URL(text)


def _request(
    signed: SignedRequest, timeout: Timeout, time_left: float, trace: object
) -> httpx2.Request:
    timeouts = timeout.within(max(time_left, _SHORTEST_TIMEOUT))
    extensions: dict[str, object] = {"timeout": timeouts}
    if trace is not None:
        extensions["trace"] = trace
    return httpx2.Request(
        signed.method,
        _url(signed.url),
        headers=signed.headers,
        stream=httpx2.ByteStream(signed.body),
        extensions=extensions,
    )


def _headers(response: httpx2.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = (
            raw_name.decode(_NAMES, "replace").lower(),
            raw_value.decode(_VALUES),
        )
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


_TOO_LARGE = Failure(
    ResponseTooLarge, "the answer is longer than 4 MiB", sent=True, final=True
)


class _CompleteBody(httpx2.SyncByteStream):
    """A body that was received completely."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class _Body:
    """Collects an answer's body within the limits of size and time."""

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

    def result(self, response: httpx2.Response) -> AttemptResult:
        """Return the complete answer, or a `Failure` if it is too large decoded."""
        headers = _headers(response)
        content = b"".join(self._chunks)
        if _ENCODING in headers:  # few answers have it: requests accept `identity` only
            decoded = _decoded(content, response)
            if decoded is None:
                return _TOO_LARGE
            content = decoded
        return Answer(response.status_code, headers, content)


def _decoded(content: bytes, response: httpx2.Response) -> bytes | None:
    """Return the body as httpx2 decodes it; None if it grows too large."""
    coded = httpx2.Response(
        response.status_code, headers=response.headers, stream=_CompleteBody(content)
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
    request: SignedRequest,
    timeout: Timeout,
    ends: float,
    call: Call,
) -> AttemptResult:
    """Send one signed request, and read its answer to the end.

    The attempt ends at `ends`, on the monotonic clock, or one socket time-out later.
    """
    time_left = ends - time.monotonic()
    if time_left <= 0:
        return NO_TIME_LEFT
    trace = _keep_on_loopback if request.loopback_only else None
    if trace is None and not isinstance(transport, PoolTransport):
        trace = _raise_interruption
    progress, outer = Progress(ends), PROGRESS.get()
    PROGRESS.set(progress)
    answer: AttemptResult | None = None
    try:
        response = transport.handle_request(
            _request(request, timeout, time_left, trace)
        )
        try:
            body = _Body(ends)
            for chunk in cast("httpx2.SyncByteStream", response.stream):
                if failure := body.add(chunk):
                    return failure
            answer = body.result(response)
            # Closing the answer frees its connection for another call.
            progress.stream = None
        finally:
            response.close()
        return answer  # noqa: TRY300 - here `answer` is not None
    except (*_TRANSPORT_EXCEPTIONS, OSError) as error:
        interruption = interruption_in(error)
        if interruption is error or _is_not_transports(error, progress):
            _close_and_note(error, progress, call)
            raise
        if interruption is None:
            return answer or failure_of(
                error, sent=progress.sent, place=_place_of(request, progress)
            )
    except BaseException as error:
        _close_and_note(error, progress, call)
        raise
    finally:
        PROGRESS.set(outer)
    # The transport wrapped an exception that is not its own.
    _close_and_note(interruption, progress, call)
    raise interruption


def _close_and_note(error: BaseException, progress: Progress, call: Call) -> None:
    """Close the connection before a foreign exception ends the call.

    Add a note to the exception if a part of the request may have left.
    """
    progress.close_connection()
    if progress.sent is not False:
        note_unknown(error, call)


def _is_not_transports(error: Exception, progress: Progress) -> bool:
    """Return whether other code than the transport raised an `OSError`.

    A transport of this package translates the errors of its own sockets.
    """
    return isinstance(error, OSError) and progress.sent is not None


async def asend_once(
    transport: httpx2.AsyncBaseTransport,
    request: SignedRequest,
    timeout: Timeout,  # noqa: ASYNC109 - it limits socket steps
    ends: float,
    call: Call,
) -> AttemptResult:
    """Send one signed request, and read its answer to the end.

    The attempt ends at `ends`, on the monotonic clock.
    """
    time_left = ends - time.monotonic()
    if time_left <= 0:
        return NO_TIME_LEFT
    trace = _akeep_on_loopback if request.loopback_only else None
    if trace is None and not isinstance(transport, AsyncPoolTransport):
        trace = _araise_interruption
    progress, outer = Progress(ends), PROGRESS.get()
    PROGRESS.set(progress)
    answer: AttemptResult | None = None
    try:
        # This scope absorbs the cancellation at the deadline. A cancellation by the
        # caller propagates.
        with anyio.move_on_after(time_left):
            response = await transport.handle_async_request(
                _request(request, timeout, time_left, trace)
            )
            try:
                body = _Body(ends)
                async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                    if failure := body.add(chunk):
                        return failure
                answer = body.result(response)
            finally:
                await response.aclose()
        return answer or failure_of(
            httpx2.ReadTimeout("the deadline has passed"),
            sent=progress.sent,
            place=_place_of(request, progress),
        )
    except (*_TRANSPORT_EXCEPTIONS, OSError) as error:
        interruption = interruption_in(error)
        if interruption is error or _is_not_transports(error, progress):
            _close_and_note(error, progress, call)
            raise
        if interruption is None:
            return answer or failure_of(
                error, sent=progress.sent, place=_place_of(request, progress)
            )
    except BaseException as error:
        _close_and_note(error, progress, call)
        raise
    finally:
        PROGRESS.set(outer)
    # The transport wrapped an exception that is not its own.
    _close_and_note(interruption, progress, call)
    raise interruption
