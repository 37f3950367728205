"""The payload of the checkout button, in the form that is signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ._core.json_body import encode_body
from .errors import SigningFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._signing.request_signer import SignerFailed


def button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    """Return the bytes of a payload; a dict is encoded by `json.dumps`."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    encode_body(payload)  # raises for float amounts and for what is not JSON
    return json.dumps(payload).encode()


def signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    """Return the error for a button signature whose signer failed."""
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error
