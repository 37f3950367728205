"""Who may make control calls: this machine's own programs, and who has the token.

A page of any site can make a browser send requests to this machine. So `Host` must be
this simulator's own address, which a page of another name (DNS rebinding) does not
send, `Origin` must be the same, and a call that may come from a browser needs the
token. Where others than this machine reach the simulator, every call needs it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from ..addresses import HERE, Addresses
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from ..wire.messages import Request

TOKEN_HEADER: Final = "x-simulator-token"  # noqa: S105 - the name of a header


def check_caller(
    request: Request, origin: str, token: str, addresses: Addresses = HERE
) -> None:
    """Refuse a control call of another machine's page, or of a page without the token.

    On loopback, a call without an `Origin` comes from no page, and needs no token if
    its body is empty or JSON: a browser sends such a body with an `Origin` only.
    `origin` is the simulator's own.
    """
    check_page(request, origin, addresses)
    by_itself = request.header("origin") is None
    if by_itself and not addresses.is_open and (not request.body or _is_json(request)):
        return
    said = (request.header(TOKEN_HEADER) or "").encode()
    if not secrets.compare_digest(said, token.encode()):
        who = "A page, or a body that is not application/json,"
        if addresses.is_open:
            who = "Beyond loopback every control call"
        raise APIRefusal("UnauthorizedAccess", f"{who} needs {TOKEN_HEADER}")


def check_page(request: Request, origin: str, addresses: Addresses = HERE) -> None:
    """Refuse what another page than this simulator's, or another host, has sent."""
    host = (request.header("host") or "").lower()
    if not addresses.are_called(host, origin):
        raise APIRefusal("UnauthorizedAccess", "The Host is not this simulator")
    given = request.header("origin")
    if given is not None and given.partition("://")[2] != host:
        raise APIRefusal("UnauthorizedAccess", "The Origin is another page")


def _is_json(request: Request) -> bool:
    kind = (request.header("content-type") or "").partition(";")[0]
    return kind.strip().lower() == "application/json"
