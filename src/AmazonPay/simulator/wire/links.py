"""Pre-signed links: whoever holds one may use it unsigned, until it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

# Whoever follows a link has no account, so links belong to no owner.
_NO_OWNER = ""


def create_link(  # noqa: PLR0913 - the members of a link
    context: Context, call: APICall, method: str, kind: str, id_: str, life: timedelta
) -> str:
    """Create a link for one method on one object; return its URL."""
    token = context.ids.secret()
    link: Record = {
        "id": token,
        "method": method,
        "owner": context.owner,
        "kind": kind,
        "object_id": id_,
    }
    context.for_owner(_NO_OWNER).save_until(life, KIND, link)
    return f"{call.origin}{PATH}{token}"


def follow_link(context: Context, request: Request) -> tuple[Context, str, Record]:
    """Return the object that a link leads to, its kind, and its owner's context.

    A storage service answers 403 to links that have expired or never existed.
    """
    token = request.path.removeprefix(PATH)
    link = context.for_owner(_NO_OWNER).find(KIND, token)
    if link is None:
        raise APIRefusal("InvalidAuthentication", "The link is unknown, or has run out")
    if request.method != link["method"]:
        raise APIRefusal("RequestNotSupported", f"The link is for {link['method']}")
    context = context.for_owner(link["owner"])
    record = context.find(link["kind"], link["object_id"])
    if record is None:
        raise APIRefusal("InvalidAuthentication", "What the link led to is gone")
    return context, link["kind"], record
