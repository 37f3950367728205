"""Trust one simulator on this machine, for a shop in development."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._core.clock import utc_now
from .._core.hosts import is_loopback, split_url
from ..errors import ConfigurationError
from ..ipn._fetch import fetch_certificate
from ..ipn._verifier import MAX_AGE
from ._authority import TestVerifier

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from ..ipn import Verifier


def verifier_for(  # noqa: PLR0913 - those of `Verifier`, and the place
    endpoint_url: str,
    *,
    allowed_topics: Iterable[str],
    merchant_id: str | None = None,
    max_age: timedelta = MAX_AGE,
    verify: ssl.SSLContext | None = None,
    hosts: Iterable[str] = (),
    clock: Callable[[], datetime] = utc_now,
) -> Verifier:
    """Return a verifier that trusts what one running simulator signs.

    `endpoint_url` is the simulator's address, as for `Client`, and must be this
    machine, or over https one of `hosts`. Its certificate is fetched from there, and
    nothing from anywhere else.
    Choose this in code that is started beside a simulator only; it refuses ids of the
    live environment.

    Args:
        endpoint_url: `http://localhost:8421`, for example.
        allowed_topics: The simulator's topics; it prints them at its start.
        merchant_id: As for `Verifier`.
        max_age: As for `Verifier`.
        verify: Trusts the TLS certificate of the simulator; by default SSL_CERT_FILE
            names it, as for `Client`.
        hosts: The names of a simulator in a container of yours, such as `amazonpay`.
        clock: As for `Verifier`.

    Raises:
        ConfigurationError: `endpoint_url` is not this machine, or as for `Verifier`.
    """
    parts = split_url(str(endpoint_url))
    host = parts.hostname or ""
    schemes = {"https", "http"} if is_loopback(host) else {"https"}
    known = is_loopback(host) or host in {*hosts}
    if parts.scheme not in schemes or not known:
        raise ConfigurationError(
            "endpoint_url is no address of a simulator on this machine, such as"
            " http://localhost:8421, nor over https one of hosts"
        )
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return TestVerifier(
        allowed_topics,
        merchant_id=merchant_id,
        max_age=max_age,
        fetch=partial(_fetch, origin, verify),
        clock=clock,
    )


def _fetch(origin: str, verify: ssl.SSLContext | None, url: str) -> bytes:
    """Fetch from the simulator what an address of Amazon SNS names."""
    import httpx2

    from .._http.fetch import fetch

    context = verify or httpx2.create_ssl_context()
    address = f"{origin}{urlsplit(url).path}"
    return fetch_certificate(partial(fetch, address, context, trust_env=False))
