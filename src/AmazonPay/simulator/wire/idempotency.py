"""Keys that repeat their first answer: `amazon-pay-api-v2/idempotency.html`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..engine.store import Stored
from .errors import APIRefusal

if TYPE_CHECKING:
    from ..engine.store import Transaction
    from ..settings import Settings
    from .messages import Request

HEADER = "x-amz-pay-idempotency-key"
_FORM = re.compile(r"[A-Za-z0-9_-]{1,32}")

# Calls whose reference page requires a key; enforcement elsewhere is unconfirmed.
REQUIRED = frozenset(
    {
        "create_checkout_session",
        "create_charge",
        "capture_charge",
        "create_refund",
        "create_dispute",
        "upload_file",
    }
)


def key_of(request: Request, operation: str, settings: Settings) -> str | None:
    """Read the key of a POST; on other methods it has no effect."""
    if request.method != "POST" or operation in settings.keys_ignored_by:
        return None
    key = request.header(HEADER)
    if key is None:
        if operation in REQUIRED and settings.requires_keys:
            # MissingHeaderValue is as likely (unconfirmed).
            raise APIRefusal("MissingHeader", f"The header {HEADER} is required")
        return None
    key = key.strip()
    if settings.requires_keys and _FORM.fullmatch(key) is None:
        # The answer to an illegal form is unconfirmed.
        raise APIRefusal(
            "InvalidHeaderValue", f"The value of {HEADER} is 1 to 32 of A-Z a-z 0-9 - _"
        )
    return key or None


def storage_key(key: str, operation: str, settings: Settings) -> str:
    """Tell under what a call's answer is stored: its key, or that of its operation."""
    return f"{key} {operation}" if settings.keys_per_operation else key


def _canonical(body: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(body, sort_keys=True, default=str)


def stored_response(  # noqa: PLR0913 - what makes two requests the same
    transaction: Transaction,
    owner: str,
    key: str,
    method: str,
    path: str,
    body: object,
) -> Stored | None:
    """Give the stored answer to the same request; refuse another one under its key."""
    stored = transaction.stored_response(owner, key)
    if stored is None:
        return None
    if (stored.method, stored.path, stored.body) == (method, path, _canonical(body)):
        return stored
    raise APIRefusal(
        "DuplicateIdempotencyKey", f"The key {key} was used for another request"
    )


def store_response(  # noqa: PLR0913 - the same
    transaction: Transaction,
    settings: Settings,
    owner: str,
    key: str,
    request: tuple[str, str, object],
    answer: tuple[int, bytes],
) -> None:
    """Store a first answer for ever, if the settings say that its kind is stored.

    `request` is method, path and body; `answer` is status and bytes.
    """
    method, path, body = request
    status, content = answer
    kinds = {"2xx": (2,), "2xx+4xx": (2, 4), "all": (2, 4, 5)}
    if status // 100 in kinds[settings.stored_answers]:
        stored = Stored(method, path, _canonical(body), status, content)
        transaction.store_response(owner, key, stored)
