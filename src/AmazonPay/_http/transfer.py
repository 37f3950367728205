"""Files over pre-signed links: unsigned, without redirects, whole or not at all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import anyio
import httpx2

from .._core.config import is_loopback
from ..errors import TransferFailed
from .send import failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from .._core.config import Timeout
    from .._core.steps import Transfer

_CHUNK = 65536
_SUCCESS = range(200, 300)


def _headers(step: Transfer) -> list[tuple[str, str]]:
    headers = [("accept-encoding", "identity")]
    if step.content_type is not None:
        headers.append(("content-type", step.content_type))
    if step.source is not None:
        headers.append(("content-length", str(step.source.stat().st_size)))
    return headers


def checked_link(url: str, *, at_home: bool) -> str:
    """Refuse a link that is not https; plain http only where the client is at home."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and at_home and is_loopback(parts.hostname or ""):
        return url
    raise TransferFailed("the link is not https", operation="transfer")


def _extensions(timeout: Timeout) -> dict[str, object]:
    return {
        "timeout": {
            "connect": timeout.connect,
            "read": timeout.read,
            "write": timeout.write,
            "pool": timeout.pool,
        }
    }


def _refused(status: int) -> TransferFailed:
    return TransferFailed(
        f"the link answered {status}; it may have run out", operation="transfer"
    )


def _failed(error: Exception) -> TransferFailed:
    failure = failure_of(error)
    return TransferFailed(f"transfer: {failure.reason}", operation="transfer")


def _part(target: Path | None) -> Path | None:
    """Name the unfinished file: beside the target, so that renaming is atomic."""
    return None if target is None else target.with_name(f"{target.name}.part")


def _kept(target: Path | None, part: Path | None) -> None:
    if target is not None and part is not None:
        part.replace(target)


def _dropped(part: Path | None) -> None:
    if part is not None:
        with contextlib.suppress(OSError):
            part.unlink()


def transfer(transport: httpx2.BaseTransport, step: Transfer, timeout: Timeout) -> None:
    """Move one file, blocking.

    A fault of the local file is an `OSError`, as ever.

    Raises:
        TransferFailed: the link answered no 2xx, or the connection broke.
    """
    part = _part(step.target)
    try:
        request = httpx2.Request(
            step.method,
            step.url,
            headers=_headers(step),
            content=None if step.source is None else _chunks(step.source),
            extensions=_extensions(timeout),
        )
        response = transport.handle_request(request)
        try:
            if response.status_code not in _SUCCESS:
                raise _refused(response.status_code)
            with contextlib.ExitStack() as stack:
                file = None if part is None else stack.enter_context(part.open("wb"))
                for chunk in cast("httpx2.SyncByteStream", response.stream):
                    if file is not None:
                        file.write(chunk)
        finally:
            response.close()
        _kept(step.target, part)
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise _failed(error) from error
    finally:
        _dropped(part)


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


async def atransfer(
    transport: httpx2.AsyncBaseTransport,
    step: Transfer,
    timeout: Timeout,  # noqa: ASYNC109 - socket steps
) -> None:
    """Move one file, awaiting.

    A fault of the local file is an `OSError`, as ever.

    Raises:
        TransferFailed: the link answered no 2xx, or the connection broke.
    """
    part = _part(step.target)
    try:
        request = httpx2.Request(
            step.method,
            step.url,
            headers=_headers(step),
            content=None if step.source is None else _achunks(step.source),
            extensions=_extensions(timeout),
        )
        response = await transport.handle_async_request(request)
        try:
            if response.status_code not in _SUCCESS:
                raise _refused(response.status_code)
            async with contextlib.AsyncExitStack() as stack:
                file = None
                if part is not None:
                    file = await stack.enter_async_context(
                        await anyio.open_file(part, "wb")
                    )
                async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                    if file is not None:
                        await file.write(chunk)
        finally:
            await response.aclose()
        _kept(step.target, part)
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise _failed(error) from error
    finally:
        _dropped(part)


async def _achunks(source: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(source, "rb") as file:
        while chunk := await file.read(_CHUNK):
            yield chunk
