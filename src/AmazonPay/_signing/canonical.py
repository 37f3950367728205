"""The canonical form of a request: path, query, headers, and the text of them all.

Follows `amazon-pay-api-v2/signing-requests.html` and, where that page is silent, what
all four official SDKs do.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable


class CanonicalHeaders(NamedTuple):
    """The headers of a request in canonical form."""

    lines: str
    """One `name:value` line for each header, sorted by name."""
    names: str
    """The sorted names, joined by semicolons: `SignedHeaders`."""


_NO_OTHERS: Final = ""
"""What `quote` leaves as it is beside letters, digits and `-._~`."""


def percent_encode(text: str) -> str:
    """Return text encoded by RFC 3986: all but unreserved characters become %XX.

    Raises:
        InvalidRequest: the text holds half a surrogate pair, which has no UTF-8.
    """
    try:
        return quote(text, safe=_NO_OTHERS)
    except UnicodeEncodeError:
        problem = "a path or a query holds half a surrogate pair, which has no UTF-8"
    raise InvalidRequest(problem)  # outside `except`: the other error holds the text


def canonical_path(path: str) -> str:
    """Return the canonical form of a path; a canonical path is returned unchanged.

    Repeated slashes become one and a trailing slash is kept, as in the SDKs for Java
    and .NET. `.` and `..` are kept, because no SDK resolves them. An existing %XX is
    kept, because a path is encoded only once.
    """
    collapsed = re.sub("/+", "/", "/" + path)
    return re.sub(
        r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~/%])+",
        lambda found: percent_encode(found[0]),
        collapsed,
    )


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the encoded query, with members sorted by name, then by value.

    A name that occurs several times is kept several times.
    """
    encoded = sorted(
        (percent_encode(name), percent_encode(value)) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_query_of(raw: str) -> str:
    """Return the canonical form of a query as a server received it."""
    pairs = (piece.partition("=") for piece in raw.split("&") if piece)
    encoded = sorted(
        (
            quote(unquote_to_bytes(name), safe=_NO_OTHERS),
            quote(unquote_to_bytes(value), safe=_NO_OTHERS),
        )
        for name, _, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_headers(headers: Iterable[tuple[str, str]]) -> CanonicalHeaders:
    """Return the canonical form of headers.

    Names become lower case and are sorted. Values are trimmed, and white space inside
    them becomes one space. Several values of one name are joined by a comma.
    """
    values: dict[str, str] = {}
    for given, text in headers:
        name, value = given.lower(), " ".join(text.split())
        values[name] = f"{values[name]},{value}" if name in values else value
    names = sorted(values)
    lines = "".join([f"{name}:{values[name]}\n" for name in names])
    return CanonicalHeaders(lines, ";".join(names))


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` as lower-case hex digits."""
    return sha256(data).hexdigest()


def canonical_request(
    method: str, path: str, query: str, headers: CanonicalHeaders, body: bytes
) -> str:
    """Return the canonical request; `path` and `query` must be canonical."""
    digest = sha256_hex(body)
    return (
        f"{method.upper()}\n{path}\n{query}\n{headers.lines}\n{headers.names}\n{digest}"
    )
