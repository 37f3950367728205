"""Send a call again, with intent: as it was, changed under its key, or as a new one.

An unchanged call is verified again, by its own signature. A changed one cannot be
signed here, because the private key is the shop's. So its signature is not checked, and
its row says so.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..wire.errors import invalid_value
from ..wire.idempotency import HEADER
from .copies import exchange_of
from .detail import row_of

if TYPE_CHECKING:
    from ..actors.controls import Controls
    from ..wire.messages import Request

SAME: Final = "same"
CHANGED: Final = "changed"
NEW_KEY: Final = "newKey"
WAYS: Final = (SAME, CHANGED, NEW_KEY)


def replay(
    controls: Controls, number: int, how: str, body: str | None = None
) -> dict[str, Any]:
    """Send the call of a row again; return the number and the status of the new row."""
    if how not in WAYS:
        raise invalid_value(f"how is one of {', '.join(WAYS)}")
    if how != NEW_KEY and (how == CHANGED) is not (body is not None):
        raise invalid_value("changed needs a body, and same takes none")
    row = row_of(controls, number)
    if row.kind != "request":
        raise invalid_value("Only the row of a call can be replayed")
    request = exchange_of(controls, row).request
    if how == NEW_KEY and request.method != "POST":
        raise invalid_value("Only a POST has a key")
    request_id = controls.repeat(
        _changed(request, how, body), number, signed=how == SAME
    )
    for new in reversed(controls.story(after=number)):
        if new.kind == "request" and new.facts["requestId"] == request_id:
            facts = new.facts
            return {
                "number": new.number,
                "status": facts["status"],
                "replayed": facts["replayed"],
            }
    raise invalid_value("The story was reset meanwhile")


def _changed(request: Request, how: str, body: str | None) -> Request:
    headers = request.headers
    if how == NEW_KEY:
        key = secrets.token_hex(16)
        headers = (
            *((name, one) for name, one in headers if name.lower() != HEADER),
            (HEADER, key),
        )
    data = request.body if body is None else body.encode(errors="replace")
    return replace(request, headers=headers, body=data)
