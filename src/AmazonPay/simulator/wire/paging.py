"""Pages of a listing, newest first: the next one is asked for by its token alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from .errors import APIRefusal
from .queries import NEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from .api_call import APICall

KIND: Final = "pageToken"

_DEFAULT_SIZE = 10
_LIFE = timedelta(hours=24)  # how long a token lives is unconfirmed

Listing = list[tuple[str, Any]]
"""What is listed, each behind a text that says where it stands."""


def on_due(context: Context, record: Record, event: str) -> None:
    """Let a token run out."""
    del event
    context.delete(KIND, record["id"])


def page(
    context: Context, call: APICall, listed: Callable[[Mapping[str, str]], Listing]
) -> dict[str, Any]:
    """Give a page's items and its `nextToken`, which is null on the last (unconfirmed).

    A page begins below the last item of the one before: what is new meanwhile moves
    nothing from one page to another.
    """
    query, below = call.query, None
    token = query.get(NEXT_TOKEN)
    if token is not None:
        kept = context.find(KIND, token)
        if kept is None or kept["operation"] != call.operation:
            raise APIRefusal("InvalidParameterValue", "The nextToken is unknown")
        query, below = kept["query"], kept["below"]
    found = sorted(listed(query), key=lambda item: item[0], reverse=True)
    left = [item for item in found if below is None or item[0] < below]
    size = int(query.get("pageSize", _DEFAULT_SIZE))
    following = None
    if len(left) > size:
        following = _token(context, call.operation, query, left[size - 1][0])
    return {"items": [value for _, value in left[:size]], "nextToken": following}


def _token(
    context: Context, operation: str, query: Mapping[str, str], below: str
) -> str:
    record: Record = {
        "id": context.ids.page_token(),
        "operation": operation,
        "query": dict(query),
        "below": below,
    }
    context.save(KIND, record)
    context.schedule(_LIFE, KIND, record, "token runs out")
    return str(record["id"])
