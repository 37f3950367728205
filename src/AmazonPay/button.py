"""The payload of the checkout button, in the form that is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._core.json_body import payload_text
from .errors import SigningFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._signing.request_signer import SignerFailed


def button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    """Return the bytes of a payload; a mapping is encoded by `json.dumps`.

    Raises:
        InvalidRequest: it is no JSON object, or holds what no body may hold.
    """
    return payload_text(payload).encode()


def signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    """Return the error for a button signature whose signer failed."""
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error
