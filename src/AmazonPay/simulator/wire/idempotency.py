"""Idempotency keys repeat the first response: `amazon-pay-api-v2/idempotency.html`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..engine.store import Stored
from ..observed import refuse
from .errors import APIRefusal, missing_header

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..settings import Settings
    from .api_call import APICall
    from .messages import HTTPResponse, Request

HEADER = "x-amz-pay-idempotency-key"
_FORM = re.compile(r"[A-Za-z0-9_-]{1,32}")
_STORED_CLASSES = {"2xx": (2,), "2xx+4xx": (2, 4), "all": (2, 4, 5)}

# UNCONFIRMED: which calls require a key; these are those whose reference page says so.
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
    """Return the key of a POST; on other methods a key has no effect."""
    if request.method != "POST" or operation in settings.keys_ignored_by:
        return None
    key = request.header(HEADER)
    if key is None:
        if operation in REQUIRED:
            # UNCONFIRMED: the code; MissingHeaderValue is as likely.
            refuse(
                "missing-key",
                missing_header(HEADER),
                guessed=settings.requires_keys,
            )
        return None
    key = key.strip()
    if _FORM.fullmatch(key) is None:
        # UNCONFIRMED: the response to a key of another form.
        said = f"The value of {HEADER} is 1 to 32 of A-Z a-z 0-9 - _"
        refuse(
            "malformed-key",
            APIRefusal("InvalidHeaderValue", said),
            guessed=settings.requires_keys,
        )
    return key or None


def _storage_key(context: Context, call: APICall) -> str:
    key = str(call.idempotency_key)
    return f"{key} {call.operation}" if context.settings.keys_per_operation else key


def _canonical(call: APICall) -> str:
    return json.dumps(call.body, sort_keys=True, default=str)


def stored_response(context: Context, call: APICall) -> HTTPResponse | None:
    """Return the response that a call's key repeats, or None for a fresh key.

    Another request under a used key is refused.
    """
    if call.idempotency_key is None:
        return None
    key = _storage_key(context, call)
    stored = context.transaction.stored(context.owner, key)
    if stored is None:
        return None
    request = (call.method, call.path, _canonical(call))
    if (stored.method, stored.path, stored.body) == request:
        return stored.response
    raise APIRefusal(
        "DuplicateIdempotencyKey", f"The key {key} was used for another request"
    )


def store_response(context: Context, call: APICall, response: HTTPResponse) -> None:
    """Store the first response under a call's key for ever.

    `Settings.stored_answers` says which statuses are stored.
    """
    classes = _STORED_CLASSES[context.settings.stored_answers]
    if call.idempotency_key is not None and response.status // 100 in classes:
        stored = Stored(call.method, call.path, _canonical(call), response)
        key = _storage_key(context, call)
        context.transaction.store_response(context.owner, key, stored)
