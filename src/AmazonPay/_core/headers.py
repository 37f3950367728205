"""Request headers: their names, and the checks on what a caller passes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, InvalidRequest
from .checks import check_text

if TYPE_CHECKING:
    from .config import Environment

AUTH_TOKEN = "x-amz-pay-authtoken"  # noqa: S105 - the name of a header
SIMULATION_CODE = "x-amz-pay-simulation-code"
IDEMPOTENCY_KEY = "x-amz-pay-idempotency-key"

# The client sets these itself. A caller's value would break the signature or framing.
_RESERVED = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-amz-pay-date",
        "x-amz-pay-host",
        "x-amz-pay-region",
    }
)
_KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")
# What the HTTP library can send: RFC 9110, 5.5 and 5.6.2, limited to ASCII.
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"(?:[!-~]+(?:[ \t]+[!-~]+)*)?")


def new_idempotency_key() -> str:
    """Return a random key of 32 characters, as Amazon recommends."""
    return os.urandom(16).hex()


def checked_idempotency_key(key: object) -> str:
    """Return `key` if Amazon accepts it: 1 to 32 of `A-Z a-z 0-9 - _`.

    Raises:
        InvalidRequest: Amazon would refuse it.
    """
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise InvalidRequest(
            "idempotency_key must be 1 to 32 characters of A-Z a-z 0-9 - _"
            " (a UUID fits without its dashes: uuid4().hex)"
        )
    return key


def checked_headers(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return a copy of `headers`, with names in lower case.

    Raises:
        InvalidRequest: a name or value could split a request, or is not ASCII.
    """
    if headers is not None and not isinstance(headers, Mapping):
        raise InvalidRequest("headers map names to values: {'x-name': 'value'}")
    checked: list[tuple[str, str]] = []
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:
            raise InvalidRequest("a header name is made of letters, digits and dashes")
        if not isinstance(value, str) or _HEADER_VALUE.fullmatch(value) is None:
            raise InvalidRequest(
                f"header {name!r} must be visible ASCII, with blanks only inside"
            )
        checked.append((name.lower(), value))
    return tuple(checked)


_PROVIDER_HEADERS = {
    "integrator_id": "x-amz-pay-integrator-id",
    "integrator_version": "x-amz-pay-integrator-version",
    "platform_version": "x-amz-pay-platform-version",
}


def provider_headers(options: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the headers of a solution provider, from the client's options.

    Raises:
        ConfigurationError: an option cannot be sent in a header.
    """
    headers: dict[str, str | None] = {}
    for name, value in options.items():
        check_text(name, value)
        if value is not None and _HEADER_VALUE.fullmatch(value) is None:
            raise ConfigurationError(
                f"{name} must be visible ASCII, with blanks only inside"
            )
        headers[_PROVIDER_HEADERS[name]] = value
    return headers


def callers_headers(
    headers: Mapping[str, str] | None, environment: Environment
) -> tuple[tuple[str, str], ...]:
    """Return a checked copy of headers that a caller passed.

    Raises:
        InvalidRequest: the client sets one of these headers itself, or there is a
            simulation code for the live environment.
    """
    checked = checked_headers(headers)
    for name, _ in checked:
        if name in _RESERVED:
            raise InvalidRequest(f"the header {name} is the client's own to set")
        if name == SIMULATION_CODE and environment == "live":
            raise InvalidRequest("a simulation code makes no sense on a live client")
    return checked
