"""Pages of a listing, newest first; a token alone asks for the next page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..observed import answer_to
from .errors import invalid_value
from .queries import NEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from .api_call import APICall

KIND: Final = "pageToken"

_DEFAULT_SIZE = 10
# UNCONFIRMED: how long a token lives.
_LIFE = timedelta(hours=24)

Listing = list[tuple[str, Any]]
"""The items of a listing, each behind the text that it is sorted by."""


def page(
    context: Context,
    call: APICall,
    name: str,
    listing: Callable[[Mapping[str, str]], Listing],
) -> dict[str, Any]:
    """Return a page's items under `name`, and its `nextToken`.

    A page begins below the last item of the page before: new items move nothing from
    one page to another.
    """
    query, below = call.query, None
    token = query.get(NEXT_TOKEN)
    if token is not None:
        saved = context.find(KIND, token)
        if saved is None or saved["operation"] != call.operation:
            raise invalid_value("The nextToken is unknown")
        query, below = saved["query"], saved["below"]
    found = sorted(listing(query), key=lambda item: item[0], reverse=True)
    left = [item for item in found if below is None or item[0] < below]
    size = int(query.get("pageSize", _DEFAULT_SIZE))
    # UNCONFIRMED: that the nextToken of the last page is null.
    next_token = None
    if len(left) > size:
        record: Record = {
            "id": context.ids.page_token(),
            "operation": call.operation,
            "query": dict(query),
            "below": left[size - 1][0],
        }
        context.save_until(_LIFE, KIND, record)
        next_token = record["id"]
    listed: dict[str, Any] = {name: [value for _, value in left[:size]]}
    if next_token is not None or answer_to("last-page-token") == "null":
        listed[NEXT_TOKEN] = next_token
    return listed
