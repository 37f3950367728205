"""Fetch a small file once: no redirect, no kept connection, bounded time and size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx2

from .._core.config import Endpoint, timeout_from
from .._core.regions import REGIONS
from .progress import ending
from .proxies import proxy_for
from .transports import PoolTransport

if TYPE_CHECKING:
    import ssl

_OK = 200
_PORTS = {"http": 80, "https": 443}


def fetch(
    url: str,
    verify: ssl.SSLContext,
    seconds: float,
    largest: int,
    *,
    trust_env: bool,
) -> bytes:
    """Return the body of a 200; `trust_env` is whether a proxy may be used.

    Raises:
        httpx2.TransportError: there was no answer in time.
        ValueError: the answer has another status, or more than `largest` bytes.
        ConfigurationError: the proxy of the environment cannot be used.
    """
    address = httpx2.URL(url)
    port = address.port or _PORTS[address.scheme]
    # Proxies are chosen by scheme, host and port alone.
    endpoint = Endpoint(
        address.scheme, address.host, port, REGIONS["na"], "sandbox", ""
    )
    request = httpx2.Request(
        "GET",
        url,
        headers={"accept-encoding": "identity"},
        extensions={"timeout": timeout_from(seconds).within(seconds)},
    )
    proxy = proxy_for(endpoint, None, trust_env=trust_env)
    transport = PoolTransport(verify, proxy)
    try:
        with ending(time.monotonic() + seconds):
            return _body(transport.handle_request(request), largest)
    finally:
        transport.close()


def _body(answer: httpx2.Response, largest: int) -> bytes:
    try:
        if answer.status_code != _OK:
            raise ValueError("another status than 200")
        body = b""
        for piece in answer.iter_raw():
            body += piece
            if len(body) > largest:
                raise ValueError("too large")
        return body
    finally:
        answer.close()
