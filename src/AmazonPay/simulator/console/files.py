"""The console's page: its files, and the door that lets a browser in.

The page holds nothing of the world; all of that comes by control calls, which need the
cookie that the printed link sets.
"""

from __future__ import annotations

import secrets
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from ..actors.control_guard import check_page, cookie_for
from ..addresses import HERE, Addresses
from ..wire.errors import APIRefusal
from ..wire.messages import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..wire.messages import Headers, Request

PATH: Final = "/console/"
_BEGINNINGS: Final = ("/?", PATH)
_METHODS: Final = ("GET", "HEAD")
_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGE: Final = "index.html"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Headers = (
    ("content-security-policy", _POLICY),
    ("cache-control", "no-cache"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)


def is_ours(request: Request) -> bool:
    """Return whether a request is for the page or one of its files.

    A signed request is a call of the API, even at `/`.
    """
    target = request.target
    # Nearly every request ends here.
    if target != "/" and not target.startswith(_BEGINNINGS):
        return False
    if request.method not in _METHODS or request.header("authorization") is not None:
        return False
    return request.path == "/" or target.startswith(PATH)


def answer(
    request: Request, origin: str, token: str, addresses: Addresses = HERE
) -> HTTPResponse:
    """Return the page, one of its files, or what the printed link leads to.

    Raises:
        APIRefusal: the request is another host's or another page's; there is no such
            file.
    """
    check_page(request, origin, addresses)
    if request.path != "/":
        return _file(request.path.removeprefix(PATH))
    given = parse_qs(request.query, max_num_fields=20).get("token", [])
    if not given:
        return HTTPResponse(
            200,
            _static()[_PAGE],
            (("content-type", "text/html; charset=utf-8"), *_HEADERS),
        )
    # The token leaves the address bar at once.
    right = secrets.compare_digest(given[0].encode(errors="replace"), token.encode())
    headers: Headers = (("location", "/" if right else "/?door=wrong"), *_HEADERS)
    if right:
        headers = (("set-cookie", cookie_for(request, token)), *headers)
    return HTTPResponse(303, b"", headers)


def _file(name: str) -> HTTPResponse:
    content = _static().get(name)
    kind = _KINDS.get(name[name.rfind(".") :])
    if content is None or kind is None:
        raise APIRefusal("ResourceNotFound", "There is no such file")
    return HTTPResponse(200, content, (("content-type", kind), *_HEADERS))


@cache
def _static() -> Mapping[str, bytes]:
    """Return all files by their names: no path of a request is ever opened."""
    folder = files(__package__ or "").joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}
