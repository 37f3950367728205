"""The only place that does I/O: connections, one attempt, and the two drivers.

Connections are httpx2's transports, without its Client: an API call needs no cookies,
redirects or auth hooks. Everything httpx2 raises becomes a `Failure` that says whether
a part of the request may have left.
"""

from __future__ import annotations

import os
import random
import ssl
import time
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.lowlevel
import httpx2

from ._config import is_loopback
from ._exchange import Answer, Failure, Send, exchange
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
    from collections.abc import Awaitable, Callable

    from ._config import Endpoint, Retry, Timeout
    from ._exchange import Means, Outcome
    from ._identity import Attempt
    from ._operation import Call
    from .response import Response

_LARGEST_ANSWER = 32 * 1024 * 1024
_SHORTEST_TIMEOUT = 0.001
_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20)

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
_SENT: tuple[tuple[type[Exception], type[ConnectionLost | TimedOut], str], ...] = (
    (httpx2.TimeoutException, TimedOut, "no answer in time"),
    (httpx2.TransportError, ConnectionLost, "the connection broke"),
    (OSError, ConnectionLost, "the connection broke"),
)
TRANSPORT_EXCEPTIONS = (httpx2.TransportError, httpx2.StreamError, OSError)


class _PeerIsElsewhere(httpx2.ConnectError):
    """A name written as loopback led off this machine."""


def failure_of(error: Exception) -> Failure:
    """Translate what a transport raised."""
    if _is_certificate_error(error):
        return Failure(
            CertificateRefused,
            "the server's certificate is not trusted",
            sent=False,
            final=True,
            cause=error,
        )
    for kind, becomes, reason in _NOT_SENT:
        if isinstance(error, kind):
            final = isinstance(error, _PeerIsElsewhere)
            return Failure(becomes, reason, sent=False, final=final, cause=error)
    for kind, lost, reason in _SENT:
        if isinstance(error, kind):
            return Failure(lost, reason, sent=True, cause=error)
    return Failure(ConnectionLost, "the transport failed", sent=True, cause=error)


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


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
    return {
        "verify": shared,
        "proxy": checked_proxy,
        "trust_env": False,
        "limits": _LIMITS,
    }


def _checked_proxy(url: str, *, trust_env: bool) -> httpx2.Proxy:
    """Read a proxy's URL; one that is spoken to over TLS gets a context of its own.

    The default context would read SSLKEYLOGFILE and SSL_CERT_FILE in any case.
    """
    proxy = httpx2.Proxy(url)
    if proxy.url.scheme == "https":
        context = httpx2.create_ssl_context(trust_env=trust_env)
        proxy = httpx2.Proxy(url, ssl_context=context)
    return proxy


class Connections:
    """Blocking transports: one for each process, for a fork must not share sockets."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.BaseTransport | None
    ) -> None:
        self._options = options
        self._given = given
        self._by_process: dict[int, httpx2.BaseTransport] = {}
        self._closed = False
        # A client that nobody closes lets go of its sockets with itself.
        weakref.finalize(self, _close_mine, self._by_process)

    def current(self) -> httpx2.BaseTransport:
        """Give this process's transport; threads share it."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given
        process = os.getpid()
        found = self._by_process.get(process)
        if found is None:
            # setdefault is atomic: no lock, which a fork could leave locked for ever.
            made = httpx2.HTTPTransport(**self._options)
            found = self._by_process.setdefault(process, made)
        return found

    def close(self) -> None:
        """Close what this process opened; the caller's own transport too."""
        if not self._closed:
            self._closed = True
            _close_mine(self._by_process)
            if self._given is not None:
                self._given.close()


def _close_mine(by_process: dict[int, httpx2.BaseTransport]) -> None:
    """Close what this process opened; what a parent opened is the parent's."""
    mine = by_process.pop(os.getpid(), None)
    if mine is not None:
        mine.close()


class AsyncConnections:
    """Awaiting transports: one for each event loop."""

    def __init__(
        self, options: dict[str, Any], given: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._options = options
        self._given = given
        self._by_loop: weakref.WeakKeyDictionary[object, httpx2.AsyncBaseTransport]
        self._by_loop = weakref.WeakKeyDictionary()
        self._process = os.getpid()
        self._closed = False

    def current(self) -> httpx2.AsyncBaseTransport:
        """Give the running event loop's transport."""
        if self._closed:
            raise ClientClosed("this client is closed; build a new one")
        if self._given is not None:
            return self._given
        loop = anyio.lowlevel.current_token().native_token
        if self._process != os.getpid():
            self._by_loop.clear()
            self._process = os.getpid()
        found = self._by_loop.get(loop)
        if found is None:
            found = self._by_loop[loop] = httpx2.AsyncHTTPTransport(**self._options)
        return found

    async def aclose(self) -> None:
        """Close what the running event loop opened; the caller's own transport too."""
        if not self._closed:
            self._closed = True
            loop = anyio.lowlevel.current_token().native_token
            mine = self._given or self._by_loop.pop(loop, None)
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


async def _astay_here(event: str, info: dict[str, Any]) -> None:
    """Do the same, awaiting."""
    if event == "connection.connect_tcp.complete" and _leads_away(info["return_value"]):
        await info["return_value"].aclose()
        raise _PeerIsElsewhere("localhost is not this machine")


@lru_cache(maxsize=512)
def _url(text: str) -> httpx2.URL:
    """Parse a URL once: the paths of a shop's calls are few."""
    return httpx2.URL(text)


def _request(
    attempt: Attempt, timeout: Timeout, time_left: float, stay_here: object
) -> httpx2.Request:
    extensions: dict[str, object] = {"timeout": _timeouts(timeout, time_left)}
    if attempt.must_stay_here:
        extensions["trace"] = stay_here
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


class _Body:
    """Collects an answer's body within size and time."""

    def __init__(self, ends_at: float) -> None:
        self.chunks: list[bytes] = []
        self._size = 0
        self._ends_at = ends_at

    def add(self, chunk: bytes) -> Failure | None:
        self._size += len(chunk)
        self.chunks.append(chunk)
        if self._size > _LARGEST_ANSWER:
            reason = "the answer is longer than 32 MiB"
            return Failure(ResponseTooLarge, reason, sent=True, final=True)
        if time.monotonic() > self._ends_at:
            return Failure(TimedOut, "no whole answer in time", sent=True)
        return None


def send_once(
    transport: httpx2.BaseTransport,
    attempt: Attempt,
    timeout: Timeout,
    time_left: float,
) -> Outcome:
    """Send one signed request, and read its answer to the end."""
    body = _Body(time.monotonic() + time_left)
    try:
        response = transport.handle_request(
            _request(attempt, timeout, time_left, _stay_here)
        )
        try:
            for chunk in cast("httpx2.SyncByteStream", response.stream):
                if failure := body.add(chunk):
                    return failure
        finally:
            response.close()
    except TRANSPORT_EXCEPTIONS as error:
        return failure_of(error)
    return Answer(response.status_code, _headers(response), b"".join(body.chunks))


async def asend_once(
    transport: httpx2.AsyncBaseTransport,
    attempt: Attempt,
    timeout: Timeout,  # noqa: ASYNC109 - socket steps, beside the deadline
    time_left: float,
) -> Outcome:
    """Send one signed request, and read its answer to the end."""
    body = _Body(time.monotonic() + time_left)
    try:
        response = await transport.handle_async_request(
            _request(attempt, timeout, time_left, _astay_here)
        )
        try:
            async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                if failure := body.add(chunk):
                    return failure
        finally:
            await response.aclose()
    except TRANSPORT_EXCEPTIONS as error:
        return failure_of(error)
    return Answer(response.status_code, _headers(response), b"".join(body.chunks))


# The drivers --------------------------------------------------------------------------


def jitter(limit: float) -> float:
    """Pick a pause below a limit."""
    return random.uniform(0.0, limit)  # noqa: S311 - spreads load, guards no secret


def run(
    call: Call,
    retry: Retry,
    deadline: float,
    means: Means,
    send: Callable[[float], Outcome],
) -> Response[Any]:
    """Drive an exchange to its end, blocking."""
    steps = exchange(call, retry, deadline, means)
    outcome: Outcome | None = None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return] # the generator's Response
        if isinstance(step, Send):
            outcome = send(step.time_left)
        else:
            means.time.sleep(step.seconds)
            outcome = None


async def arun(
    call: Call,
    retry: Retry,
    deadline: float,
    means: Means,
    send: Callable[[float], Awaitable[Outcome]],
) -> Response[Any]:
    """Drive an exchange to its end, awaiting."""
    steps = exchange(call, retry, deadline, means)
    outcome: Outcome | None = None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return] # the generator's Response
        if isinstance(step, Send):
            outcome = await send(step.time_left)
        else:
            await means.time.asleep(step.seconds)
            outcome = None
