"""Connections, one attempt, and the two drivers.

Connections are httpx2's transports, without its Client: an API call needs no cookies,
redirects or auth hooks. What a transport raises becomes a `Failure` that says whether
a part of the request may have left. An exception that is not the transport's, such as
one that a signal handler raised meanwhile, leaves at once and unchanged.
"""

from __future__ import annotations

import math
import os
import random
import ssl
import time
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import anyio
import anyio.lowlevel
import httpx2

from ._config import is_loopback
from ._exchange import Answer, Failure, Send, exchange, note_unknown
from ._http.network import PROGRESS, Progress, causes_of, interruption_in
from ._http.transports import AsyncPoolTransport, PoolTransport, is_socks
from .errors import (
    CertificateRefused,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    ResponseTooLarge,
    TimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ._config import Endpoint, Retry, Timeout
    from ._exchange import Means, Outcome
    from ._identity import Attempt
    from ._operation import Call
    from .response import Response

_T = TypeVar("_T")

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


# Connections --------------------------------------------------------------------------


def checked_context(verify: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Return a private CA's context; refuse one that checks nothing, or old TLS."""
    if verify is None:
        return None
    if not isinstance(verify, ssl.SSLContext):
        raise ConfigurationError(
            "verify takes an ssl.SSLContext that trusts your CA, such as"
            " ssl.create_default_context(cafile=…); it cannot be switched off"
        )
    if verify.verify_mode is not ssl.CERT_REQUIRED or not verify.check_hostname:
        raise ConfigurationError(
            "the ssl.SSLContext in verify must check certificate and host name"
        )
    if verify.minimum_version < ssl.TLSVersion.TLSv1_2 and not _has_old_tls_off(verify):
        raise ConfigurationError(
            "the ssl.SSLContext in verify must refuse TLS below 1.2: set its"
            " minimum_version to ssl.TLSVersion.TLSv1_2"
        )
    return verify


def _has_old_tls_off(context: ssl.SSLContext) -> bool:
    """Whether options keep a context to TLS 1.2, as some systems configure it."""
    off = ssl.OP_NO_SSLv3 | ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    return context.options & off == off


def _without_environment(context: ssl.SSLContext) -> None:
    """Switch the log of session keys off that SSLKEYLOGFILE has switched on."""
    named = os.environ.get("SSLKEYLOGFILE")
    if named and getattr(context, "keylog_filename", None) == named:
        # Its stub does not know that None switches it off.
        context.keylog_filename = None  # type: ignore[assignment]


def _proxy_for(endpoint: Endpoint, proxy: str | None, *, trust_env: bool) -> str | None:
    if endpoint.is_loopback:
        if proxy is not None:
            raise ConfigurationError("a loopback endpoint takes no proxy")
        return None
    if proxy is not None or not trust_env:
        return proxy
    import urllib.request as system  # its stubs lack the bypass list

    proxies: dict[str, str] = system.getproxies_environment()
    bypassed: Any = vars(system)["proxy_bypass_environment"]
    if bypassed(endpoint.authority, proxies):
        return None
    return proxies.get(endpoint.scheme)


def transport_options(
    endpoint: Endpoint,
    *,
    verify: ssl.SSLContext | None,
    proxy: str | None,
    trust_env: bool,
    given: bool = False,
) -> dict[str, Any]:
    """Decide, once, how connections are made; the environment is read here only.

    A transport that the caller has `given` makes its own.
    """
    if given:
        if verify is not None or proxy is not None:
            raise ConfigurationError(
                "verify and proxy are the transport's own: give them to the one you"
                " pass as transport"
            )
        return {}
    context = checked_context(verify)
    chosen = _proxy_for(endpoint, proxy, trust_env=trust_env)
    try:
        shared = httpx2.create_ssl_context(
            verify=True if context is None else context, trust_env=trust_env
        )
        checked_proxy = _checked_proxy(chosen, trust_env=trust_env) if chosen else None
    except (ValueError, OSError, TypeError):
        raise ConfigurationError(
            "the proxy or the certificates named by SSL_CERT_FILE/SSL_CERT_DIR cannot"
            " be used"
        ) from None
    if not trust_env:
        _without_environment(shared)
    if checked_proxy is not None and is_socks(checked_proxy):
        _check_for_socks()
    return {"verify": shared, "proxy": checked_proxy}


def _check_for_socks() -> None:
    from importlib.util import find_spec

    if find_spec("socksio") is None:
        raise ConfigurationError("a SOCKS proxy needs the package socksio")


def _checked_proxy(url: str, *, trust_env: bool) -> httpx2.Proxy:
    """Read a proxy's URL; one that is spoken to over TLS gets a context of its own.

    The default context would read SSLKEYLOGFILE and SSL_CERT_FILE in any case.
    """
    proxy = httpx2.Proxy(url)
    if proxy.url.scheme == "https":
        context = httpx2.create_ssl_context(trust_env=trust_env)
        proxy = httpx2.Proxy(url, ssl_context=context)
    return proxy


class _Process:
    """A mark of this process: a forked child has another one."""


_this_process = _Process()


def _mark_the_child() -> None:
    global _this_process  # noqa: PLW0603 - one for each process
    _this_process = _Process()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_the_child)


class _Given(Generic[_T]):
    """A transport of the caller's, which belongs to the process that it came to."""

    def __init__(self, transport: _T) -> None:
        self._transport = transport
        self._process = _this_process

    @property
    def is_inherited(self) -> bool:
        """Whether this process was forked since."""
        return self._process is not _this_process

    def current(self) -> _T:
        """Return the transport; parent and child must not share its connections."""
        if self.is_inherited:
            raise ClientClosed(
                "the transport of this client belongs to the process that this one was"
                " forked from: build transport and client after the fork"
            )
        return self._transport


class Connections:
    """Blocking transports: one for each process, for a fork must not share sockets."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.BaseTransport | None
    ) -> None:
        self._options = options
        self._given = None if given is None else _Given(given)
        # What a parent opened stays untouched here for as long as the client lives.
        self._by_process: dict[_Process, httpx2.BaseTransport] = {}
        self._closed = False
        # A client that nobody closes lets go of its sockets with itself.
        weakref.finalize(self, _close_mine, self._by_process)

    def current(self) -> httpx2.BaseTransport:
        """Give this process's transport; threads share it."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given.current()
        found = self._by_process.get(_this_process)
        if found is None:
            # setdefault is atomic: no lock, which a fork could leave locked for ever.
            made = PoolTransport(**self._options)
            found = self._by_process.setdefault(_this_process, made)
        return found

    def close(self) -> None:
        """Close what this process opened; the caller's own transport too."""
        if not self._closed:
            self._closed = True
            _close_mine(self._by_process)
            if self._given is not None and not self._given.is_inherited:
                self._given.current().close()


def _close_mine(by_process: dict[_Process, httpx2.BaseTransport]) -> None:
    """Close what this process opened; what a parent opened is the parent's."""
    # pragma: no mutate block - a finalizer, which mutmut's call stack does not survive
    mine = by_process.pop(_this_process, None)
    if mine is not None:
        mine.close()


class AsyncConnections:
    """Awaiting transports: one for each event loop of each process."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._options = options
        self._given = None if given is None else _Given(given)
        # A forked child may go on with its parent's event loop. To close, there, a
        # connection of the parent would stop the parent's loop from watching it, so
        # what a parent opened stays untouched.
        self._by_loop: weakref.WeakKeyDictionary[
            object, dict[_Process, httpx2.AsyncBaseTransport]
        ] = weakref.WeakKeyDictionary()
        self._closed = False

    def current(self) -> httpx2.AsyncBaseTransport:
        """Give the running event loop's transport."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given.current()
        loop = anyio.lowlevel.current_token().native_token
        by_process = self._by_loop.setdefault(loop, {})
        found = by_process.get(_this_process)
        if found is None:
            found = by_process[_this_process] = AsyncPoolTransport(**self._options)
        return found

    async def aclose(self) -> None:
        """Close what the running event loop opened; the caller's own transport too."""
        if self._closed:
            return
        self._closed = True
        if self._given is not None:
            if not self._given.is_inherited:
                await self._given.current().aclose()
            return
        loop = anyio.lowlevel.current_token().native_token
        mine = self._by_loop.get(loop, {}).pop(_this_process, None)
        if mine is not None:
            await mine.aclose()


# One attempt --------------------------------------------------------------------------


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
    attempt: Attempt, timeout: Timeout, time_left: float, trace: object
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
    attempt: Attempt,
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
    attempt: Attempt,
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


# The drivers --------------------------------------------------------------------------


def jitter(limit: float) -> float:
    """Pick a pause below a limit."""
    return random.uniform(0.0, limit)  # noqa: S311 - spreads load, guards no secret


def run(  # noqa: PLR0913 - what `exchange` takes, and how to send
    call: Call,
    retry: Retry,
    deadline: float,
    means: Means,
    send: Callable[[float], Outcome],
    *,
    pause_within: float = math.inf,
) -> Response[Any]:
    """Drive an exchange to its end, blocking."""
    steps = exchange(call, retry, deadline, means, pause_within)
    outcome: Outcome | None = None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return] # the generator's Response
        try:
            if isinstance(step, Send):
                outcome = send(step.time_left)
            else:
                means.time.sleep(step.seconds)
                outcome = None
        except BaseException as error:
            if step.outcome_unknown:
                note_unknown(error, call)
            raise


async def arun(  # noqa: PLR0913 - what `exchange` takes, and how to send
    call: Call,
    retry: Retry,
    deadline: float,
    means: Means,
    send: Callable[[float], Awaitable[Outcome]],
    *,
    pause_within: float = math.inf,
) -> Response[Any]:
    """Drive an exchange to its end, awaiting."""
    steps = exchange(call, retry, deadline, means, pause_within)
    outcome: Outcome | None = None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return] # the generator's Response
        try:
            if isinstance(step, Send):
                outcome = await send(step.time_left)
            else:
                await means.time.asleep(step.seconds)
                outcome = None
        except BaseException as error:
            if step.outcome_unknown:
                note_unknown(error, call)
            raise
