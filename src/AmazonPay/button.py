"""The checkout button: the text of its payload, as it is signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ._core.json_body import encode_body
from .errors import SigningFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._signing.request_signer import SignerFailed


def button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    """Return the bytes of a payload; a dict is written by `json.dumps`."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    encode_body(payload)  # refuses floats, NaN and what is no JSON, as for API bodies
    return json.dumps(payload).encode()


def signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    """Return the error of a button whose signer failed."""
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error
