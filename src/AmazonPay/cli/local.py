"""Calls to servers on this machine, a simulator or a shop: without key or proxy."""

from __future__ import annotations

import os
import re
import ssl
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from .._core.config import endpoint_for
from .._core.environment import VARIABLES
from ..errors import ConfigurationError
from .failures import NO_ANSWER, Failure, with_options
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click
    import httpx2

DEFAULT_URL: Final = "http://localhost:8421"
"""Where `amazonpay simulate` listens if its port is free."""


def origin_of(url: str) -> str:
    """Return the origin in a URL without a path, which is on this machine.

    Raises:
        ConfigurationError: it is not a URL, or leads to another machine.
    """
    endpoint = endpoint_for("SANDBOX-A", "us", None, url)
    if not endpoint.is_loopback:
        raise ConfigurationError(
            "a simulator is on this machine: localhost, 127.0.0.0/8 or ::1"
        )
    return f"{endpoint.scheme}://{endpoint.authority}"


def shop_url(url: str) -> str:
    """Return a URL of a shop on this machine; it may have a path and a query.

    Raises:
        ConfigurationError: it is not a URL, or leads to another machine.
    """
    try:
        if re.search(r"[^!-~]", url):
            raise ValueError(url)  # noqa: TRY301 - as for one that is no URL at all
        parts = urlsplit(url)
        origin = origin_of(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, ConfigurationError):
        raise ConfigurationError(
            "--to takes the URL of a shop on this machine (localhost, 127.0.0.0/8 or"
            " ::1), such as http://localhost:8000/ipn"
        ) from None
    return origin + urlunsplit(("", "", parts.path or "/", parts.query, ""))


def simulator_url(given: str | None) -> str:
    """Return the simulator's address: given, in the environment, or the default.

    Raises:
        ConfigurationError: it is not a URL, or leads to another machine.
    """
    named = given or os.environ.get(VARIABLES["endpoint_url"], "").strip()
    return origin_of(named or DEFAULT_URL)


def trust(url: str, ca_file: str | None) -> ssl.SSLContext:
    """Return the TLS context for a server.

    Raises:
        ConfigurationError: the file of the authority cannot be used.
    """
    from .._http.trust import tls_context

    if url.startswith("http://"):  # to load the trusted authorities takes long
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    named = ca_file or os.environ.get(VARIABLES["verify"], "").strip() or None
    return tls_context(named, trust_env=True)


def asked(  # noqa: PLR0913 - the parts of a call
    ctx: click.Context,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | str,
    ca_file: str | None,
    seconds: float,
    otherwise: str,
) -> httpx2.Response:
    """Return the answer to one request, without a redirect.

    Raises:
        Failure: there was none; `otherwise` says so, with `{cause}` in it.
        ConfigurationError: the file of the authority cannot be used.
    """
    import httpx2

    from .._http.causes import certificate_cause, connection_cause

    fixed: dict[str, Any] = {
        "transport": ctx.ensure_object(Session).options.get("transport")
    }
    try:
        with httpx2.Client(
            verify=trust(url, ca_file), trust_env=False, timeout=seconds, **fixed
        ) as client:
            return client.request(method, url, content=content, headers=dict(headers))
    except httpx2.TransportError as error:
        cause = certificate_cause(error) or connection_cause(error)
        told = f": {with_options(cause)}" if cause else ""
        raise Failure(otherwise.format(cause=told), NO_ANSWER) from None
