"""The page at an address where nothing is: a person learns what is there.

API clients get the API's own answer, JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.errors import APIRefusal
from ..wire.routes import route
from . import web

if TYPE_CHECKING:
    from ..wire.messages import HTTPResponse, Request

_METHODS = ("GET", "HEAD")


def is_for_person(request: Request) -> bool:
    """Return whether a request is a browser's that opens an address.

    It asks for HTML before JSON, and is not signed.
    """
    if request.method not in _METHODS or request.header("authorization") is not None:
        return False
    wanted = _qualities(request.header("accept") or "")
    return wanted.get("text/html", 0.0) > wanted.get("application/json", 0.0)


def is_lost(request: Request) -> bool:
    """Return whether a person has opened an address that the API does not have."""
    if not is_for_person(request):
        return False
    try:
        route(request.method, request.path)
    except APIRefusal as refusal:
        return refusal.reason_code == "ResourceNotFound"
    return False


def page(request: Request) -> HTTPResponse:
    """Return the page that says what the simulator has."""
    return web.page("signpost", 404, path=request.path)


def _qualities(accept: str) -> dict[str, float]:
    """Return how much each kind is wanted, from 0 to 1, by the header's own words."""
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        given = [one[2:] for one in parameters if one.startswith("q=")]
        found[kind] = _number(given[0]) if given else 1.0
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
