"""Pre-signed links: whoever holds one may use it, unsigned, as long as it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..engine.timestamps import format_timestamp
from .errors import APIRefusal

if TYPE_CHECKING:
    from datetime import timedelta

    from ..engine.context import Context
    from ..engine.store import Record
    from .api_call import APICall
    from .messages import Request

KIND: Final = "link"
PATH: Final = "/_simulator/links/"
"""A path that Amazon does not use."""

# A link's caller has no account, so links belong to nobody.
_NOBODY = ""


def create_link(  # noqa: PLR0913 - what a link says
    context: Context, call: APICall, method: str, kind: str, id_: str, life: timedelta
) -> str:
    """Make a link for one method on one object."""
    token = context.ids.secret()
    record: Record = {
        "id": token,
        "method": method,
        "owner": context.owner,
        "kind": kind,
        "object_id": id_,
    }
    context.transaction.save(_NOBODY, KIND, record)
    end = format_timestamp(context.now + life)
    context.transaction.schedule(end, _NOBODY, KIND, token, "link runs out")
    return f"{call.origin}{PATH}{token}"


def on_due(context: Context, record: Record, event: str) -> None:
    """Let a link run out."""
    del event
    context.delete(KIND, record["id"])


def follow_link(context: Context, request: Request) -> tuple[str, Record]:
    """Find the object that a link leads to, and act for its owner from here on.

    A storage service answers 403 to a link that has run out and to one that never was.
    """
    token = request.path.removeprefix(PATH)
    link = context.transaction.find(_NOBODY, KIND, token)
    if link is None:
        raise APIRefusal("InvalidAuthentication", "The link is unknown, or has run out")
    if request.method != link["method"]:
        raise APIRefusal("RequestNotSupported", f"The link is for {link['method']}")
    context.owner = link["owner"]
    record = context.find(link["kind"], link["object_id"])
    if record is None:
        raise APIRefusal("InvalidAuthentication", "What the link led to is gone")
    return link["kind"], record
