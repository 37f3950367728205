"""Sign requests for tests that are no client's: an `authorization` header."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from AmazonPay import _signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def authorization(
    sign_bytes: Callable[[bytes], bytes],
    algorithm: _signing.Algorithm,
    public_key_id: str,
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> str:
    """Return the `authorization` of a request whose path and query are canonical."""
    message, start = _signing.message_to_sign(
        algorithm, public_key_id, method, path, query, headers, body
    )
    return start + b64encode(sign_bytes(message)).decode()
