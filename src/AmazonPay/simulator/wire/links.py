"""Pre-signed links: whoever holds one may use it, unsigned, as long as it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..engine.timestamps import written
from .errors import Refusal

if TYPE_CHECKING:
    from datetime import timedelta

    from ..engine.context import World
    from ..engine.store import Record
    from .api_call import APICall
    from .messages import Request

KIND: Final = "link"
PATH: Final = "/_simulator/links/"
"""A path that Amazon does not use."""

# A link's caller has no account, so links belong to nobody.
_NOBODY = ""


def make(  # noqa: PLR0913 - what a link says
    world: World, call: APICall, method: str, kind: str, id_: str, life: timedelta
) -> str:
    """Make a link for one method on one object."""
    token = world.ids.secret()
    record: Record = {
        "id": token,
        "method": method,
        "owner": world.owner,
        "kind": kind,
        "of": id_,
    }
    world.transaction.save(_NOBODY, KIND, record)
    end = written(world.now + life)
    world.transaction.plan(end, _NOBODY, KIND, token, "link runs out")
    return f"{call.origin}{PATH}{token}"


def happen(world: World, record: Record, event: str) -> None:
    """Let a link run out."""
    del event
    world.delete(KIND, record["id"])


def follow(world: World, request: Request) -> tuple[str, Record]:
    """Find the object that a link leads to, and act for its owner from here on.

    A storage service answers 403 to a link that has run out and to one that never was.
    """
    token = request.path.removeprefix(PATH)
    link = world.transaction.find(_NOBODY, KIND, token)
    if link is None:
        raise Refusal("InvalidAuthentication", "The link is unknown, or has run out")
    if request.method != link["method"]:
        raise Refusal("RequestNotSupported", f"The link is for {link['method']}")
    world.owner = link["owner"]
    record = world.find(link["kind"], link["of"])
    if record is None:
        raise Refusal("InvalidAuthentication", "What the link led to is gone")
    return link["kind"], record
