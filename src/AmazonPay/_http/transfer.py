"""Move files over pre-signed links, unsigned, without redirects, all or nothing.

A link comes from an answer, so it is not trusted. It must be https, and both its host
name and the address that the name resolves to must be public. A link to the endpoint
itself is allowed too. A client of a simulator on this machine may also follow links to
this machine. The address cannot be checked if a proxy or the caller's own transport
makes the connection.
"""

from __future__ import annotations

import re
import time
from typing import IO, TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread
import httpx2

from .._core.hosts import is_loopback, is_public_address, is_public_host
from .._core.whole_files import replacing
from ..errors import TransferFailed
from .progress import ending
from .send import failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from .._core.config import Endpoint, Timeout
    from .._core.steps import Transfer

LARGEST_FILE = 1024 * 1024 * 1024
"""The most bytes that are written to a disk."""

_CHUNK = 65536
_OK = 200
_SUCCESS = range(200, 300)
_PORTS = {"http": 80, "https": 443}
_LARGEST_PORT = 65535


# Links --------------------------------------------------------------------------------


def checked_link(url: str, *, at_home: bool, endpoint: Endpoint | None = None) -> str:
    """Return the link if it may be followed.

    `at_home` is whether the client's endpoint is this machine; `endpoint` is that
    endpoint.

    Raises:
        TransferFailed: the link is not https, names a user, or leads to a private
            host.
    """
    # URL parsers disagree about blanks, control characters, text outside ASCII and
    # backslashes, so a link with one of them is refused.
    if not re.fullmatch(r"[!-\[\]-~]+", url):
        raise _not_followed("is not https")
    try:
        parts = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise _not_followed("is not https") from None
    if parts.port is not None and not 0 < parts.port <= _LARGEST_PORT:
        raise _not_followed("is not https")
    host = parts.raw_host.decode()
    if "@" in re.split("[/?#]", url.partition("://")[2])[0]:
        raise _not_followed("names a user")
    if endpoint is not None and _is_the_endpoint(parts, endpoint):
        return url
    if parts.scheme in _PORTS and at_home and is_loopback(host):
        return url
    if parts.scheme != "https" or not host:
        raise _not_followed("is not https")
    if not is_public_host(host):
        raise _not_followed("leads to a host that is not public")
    return url


def _not_followed(reason: str) -> TransferFailed:
    return TransferFailed(f"the link {reason}; it was not followed", final=True)


def _is_the_endpoint(url: httpx2.URL, endpoint: Endpoint) -> bool:
    port = url.port or _PORTS.get(url.scheme)
    host = url.raw_host.decode().lower()
    return (url.scheme, host, port) == (endpoint.scheme, endpoint.host, endpoint.port)


class _PeerCheck:
    """Closes a connection to a forbidden address before anything is sent on it.

    httpcore2 calls it for each connection of a transfer. A connection to a proxy is not
    checked, because the proxy resolves the name of the link.
    """

    def __init__(self, url: str, endpoint: Endpoint) -> None:
        parts = httpx2.URL(url)
        self._host = parts.raw_host.decode()
        self._allows: Callable[[str], bool] | None = is_public_address
        if is_loopback(self._host):
            self._allows = is_loopback
        elif _is_the_endpoint(parts, endpoint):
            self._allows = None
        self._is_direct = False

    def refuses(self, event: str, info: dict[str, Any]) -> bool:
        """Return whether the connection of this trace event must be closed."""
        if event == "connection.connect_tcp.started":
            self._is_direct = info.get("host") == self._host
        if event != "connection.connect_tcp.complete" or self._allows is None:
            return False
        address = info["return_value"].get_extra_info("server_addr") or (
            "unknown",  # pragma: no mutate - any text but an address
        )
        return self._is_direct and not self._allows(str(address[0]))

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if self.refuses(event, info):
            info["return_value"].close()
            raise _not_followed("leads to an address that is not public")

    async def awaiting(self, event: str, info: dict[str, Any]) -> None:
        """Do what `__call__` does, awaiting."""
        if self.refuses(event, info):
            await info["return_value"].aclose()
            raise _not_followed("leads to an address that is not public")


# Shared by both drivers ---------------------------------------------------------------


def _headers(step: Transfer) -> list[tuple[str, str]]:
    headers = [("accept-encoding", "identity")]
    if step.content_type is not None:
        headers.append(("content-type", step.content_type))
    if step.source is not None:
        headers.append(("content-length", str(step.source.stat().st_size)))
    return headers


def _request(
    step: Transfer,
    timeout: Timeout,
    seconds: float,
    trace: object,
    content: Iterator[bytes] | AsyncIterator[bytes] | None,
) -> httpx2.Request:
    return httpx2.Request(
        step.method,
        step.url,
        headers=_headers(step),
        content=content,
        extensions={"timeout": timeout.within(seconds), "trace": trace},
    )


def _check_status(step: Transfer, status: int) -> None:
    """Raise unless the status is a success; a partial download (206) is an error."""
    if status not in _SUCCESS or (step.target is not None and status != _OK):
        raise TransferFailed(f"the link answered {status}; it may have run out")


def _failed(error: Exception) -> TransferFailed:
    failure = failure_of(error)
    return TransferFailed(f"transfer: {failure.reason}")


def _too_late() -> TransferFailed:
    return TransferFailed("transfer: the file took too long", final=True)


def _write(file: IO[bytes], chunk: bytes) -> None:
    """Append a chunk; raise if the file becomes larger than the limit."""
    if file.tell() + len(chunk) > LARGEST_FILE:
        raise TransferFailed("transfer: the file is too large", final=True)
    file.write(chunk)


# The drivers --------------------------------------------------------------------------


def transfer(
    transport: httpx2.BaseTransport,
    step: Transfer,
    timeout: Timeout,
    seconds: float,
    endpoint: Endpoint,
) -> None:
    """Move one file within `seconds`, blocking.

    An error of the local file is raised as the `OSError` that it is.

    Raises:
        TransferFailed: the link may not be followed, its server did not answer with
            success, the connection broke, or the file is too large or took too long.
    """
    ends = time.monotonic() + seconds
    url = checked_link(step.url, at_home=endpoint.is_loopback, endpoint=endpoint)
    content = None if step.source is None else _chunks(step.source, ends)
    request = _request(step, timeout, seconds, _PeerCheck(url, endpoint), content)
    try:
        with ending(ends):
            response = transport.handle_request(request)
            try:
                _check_status(step, response.status_code)
                if step.target is None:
                    return
                with replacing(step.target) as file:
                    for chunk in cast("httpx2.SyncByteStream", response.stream):
                        if time.monotonic() > ends:
                            raise _too_late()
                        _write(file, chunk)
            finally:
                response.close()
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise _failed(error) from error


def _chunks(source: Path, ends: float) -> Iterator[bytes]:
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if time.monotonic() > ends:
                raise _too_late()
            yield chunk


async def atransfer(
    transport: httpx2.AsyncBaseTransport,
    step: Transfer,
    timeout: Timeout,  # noqa: ASYNC109 - it limits socket steps
    seconds: float,
    endpoint: Endpoint,
) -> None:
    """Move one file within `seconds`, awaiting.

    An error of the local file is raised as the `OSError` that it is.

    Raises:
        TransferFailed: the link may not be followed, its server did not answer with
            success, the connection broke, or the file is too large or took too long.
    """
    with anyio.move_on_after(seconds) as limit:
        await _atransfer(transport, step, timeout, seconds, endpoint)
    if limit.cancelled_caught:
        raise _too_late()


async def _atransfer(
    transport: httpx2.AsyncBaseTransport,
    step: Transfer,
    timeout: Timeout,  # noqa: ASYNC109 - it limits socket steps
    seconds: float,
    endpoint: Endpoint,
) -> None:
    url = checked_link(step.url, at_home=endpoint.is_loopback, endpoint=endpoint)
    check = _PeerCheck(url, endpoint)
    content = None if step.source is None else _achunks(step.source)
    try:
        response = await transport.handle_async_request(
            _request(step, timeout, seconds, check.awaiting, content)
        )
        try:
            _check_status(step, response.status_code)
            if step.target is None:
                return
            with replacing(step.target) as file:
                async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                    await anyio.to_thread.run_sync(_write, file, chunk)
        finally:
            await response.aclose()
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise _failed(error) from error


async def _achunks(source: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(source, "rb") as file:
        while chunk := await file.read(_CHUNK):
            yield chunk
