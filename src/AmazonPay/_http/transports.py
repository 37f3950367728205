"""The default transports of clients: connection pools of httpcore2.

They do what httpx2's own transports do, on the backends of `network` and
`async_network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from .async_network import AsyncBackend
from .network import Backend
from .progress import PROGRESS

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator

ON_REQUEST: list[Callable[[bytes], object]] = []
"""Called with the host of each request; the guard of `AmazonPay.testing` adds one."""

_MAX_CONNECTIONS = 100
_MAX_KEPT_CONNECTIONS = 20
_KEPT_SECONDS = 5.0

_TRANSLATIONS: dict[type[Exception], type[httpx2.TransportError]] = {
    getattr(httpcore2, name): getattr(httpx2, name)
    for name in (
        "ConnectError",
        "ConnectTimeout",
        "LocalProtocolError",
        "PoolTimeout",
        "ProxyError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "UnsupportedProtocol",
        "WriteError",
        "WriteTimeout",
    )
}
# Unexpected errors of these libraries, such as a failed assertion about a proxy's
# answer, count as failures of the connection, too.
_LIBRARIES = frozenset({"anyio", "h11", "httpcore2", "socksio"})


def as_httpx2(error: Exception) -> httpx2.TransportError | None:
    """Return the httpx2 form of an error of `_LIBRARIES`; None for any other error.

    An `OSError` is never theirs, because the network backends translate the errors of
    their sockets.
    """
    kind = _TRANSLATIONS.get(type(error))
    if kind is not None:
        return kind(str(error))
    if isinstance(error, (OSError, httpx2.TransportError)):
        return None
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return None
    module: str = traceback.tb_frame.f_globals.get("__name__", "")
    if module.partition(".")[0] not in _LIBRARIES:
        return None
    return httpx2.RemoteProtocolError(f"{type(error).__name__} in {module}")


def _pool_options(
    context: ssl.SSLContext, proxy: httpx2.Proxy | None, backend: object
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": _MAX_CONNECTIONS,
        "max_keepalive_connections": _MAX_KEPT_CONNECTIONS,
        "keepalive_expiry": _KEPT_SECONDS,
        "network_backend": backend,
    }
    if proxy is None:
        return options
    options["proxy_url"] = httpcore2.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    options["proxy_auth"] = proxy.raw_auth
    if not is_socks(proxy):
        options["proxy_headers"] = proxy.headers.raw
        options["proxy_ssl_context"] = proxy.ssl_context
    return options


def is_socks(proxy: httpx2.Proxy) -> bool:
    """Return whether a proxy uses SOCKS rather than HTTP."""
    return proxy.url.scheme.startswith("socks")


def _proxy_layers(proxy: httpx2.Proxy | None) -> int:
    """Return the number of TLS layers between this process and the proxy."""
    return int(proxy is not None and proxy.url.scheme == "https")


def _pool_request(request: httpx2.Request, proxy_layers: int) -> httpcore2.Request:
    url = request.url
    for check in ON_REQUEST:
        check(url.raw_host)
    progress = PROGRESS.get()
    if progress is not None:
        progress.sent = False
        progress.tls_layers = proxy_layers + (url.scheme == "https")
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(
            scheme=url.raw_scheme,
            host=url.raw_host,
            port=url.port,
            target=url.raw_path,
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - httpcore2 types it loosely
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except Exception as error:
            if translated := as_httpx2(error):
                raise translated from error
            raise

    def close(self) -> None:
        self._stream.close()


class PoolTransport(httpx2.BaseTransport):
    """Blocking connections, kept for the next call; threads may share them."""

    def __init__(self, verify: ssl.SSLContext, proxy: httpx2.Proxy | None) -> None:
        options = _pool_options(verify, proxy, Backend())
        self._proxy_layers = _proxy_layers(proxy)
        self._pool: httpcore2.ConnectionPool
        if proxy is None:
            self._pool = httpcore2.ConnectionPool(**options)
        elif is_socks(proxy):
            self._pool = httpcore2.SOCKSProxy(**options)
        else:
            self._pool = httpcore2.HTTPProxy(**options)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the answer once its headers are read."""
        try:
            answer = self._pool.handle_request(
                _pool_request(request, self._proxy_layers)
            )
        except Exception as error:
            if translated := as_httpx2(error):
                raise translated from error
            raise
        return httpx2.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _AsyncBody(httpx2.AsyncByteStream):
    """An answer's body; it is no generator, which must be closed if it was not read."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - httpcore2 types it loosely
        self._stream = stream
        self._chunks = stream.__aiter__()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk: bytes = await self._chunks.__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:
            if translated := as_httpx2(error):
                raise translated from error
            raise
        return chunk

    async def aclose(self) -> None:
        await self._chunks.aclose()
        await self._stream.aclose()


class AsyncPoolTransport(httpx2.AsyncBaseTransport):
    """Awaiting connections of one event loop, kept for the next call."""

    def __init__(self, verify: ssl.SSLContext, proxy: httpx2.Proxy | None) -> None:
        self._backend = AsyncBackend()
        options = _pool_options(verify, proxy, self._backend)
        self._proxy_layers = _proxy_layers(proxy)
        self._pool: httpcore2.AsyncConnectionPool
        if proxy is None:
            self._pool = httpcore2.AsyncConnectionPool(**options)
        elif is_socks(proxy):
            self._pool = httpcore2.AsyncSOCKSProxy(**options)
        else:
            self._pool = httpcore2.AsyncHTTPProxy(**options)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the answer once its headers are read."""
        try:
            answer = await self._pool.handle_async_request(
                _pool_request(request, self._proxy_layers)
            )
        except Exception as error:
            if translated := as_httpx2(error):
                raise translated from error
            raise
        return httpx2.Response(
            answer.status,
            headers=answer.headers,
            stream=_AsyncBody(answer.stream),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    def close_sockets(self) -> None:
        """Close the sockets under the connections, whose event loop runs no longer."""
        self._backend.close_sockets()
