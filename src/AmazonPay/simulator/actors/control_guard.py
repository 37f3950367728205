"""Check who makes a control call: this machine's programs, and callers with the token.

A page of any site can make a browser send requests to this machine. So `Host` must be
this simulator's own address, which a page of another name (DNS rebinding) does not
send, `Origin` must be the same, and a call that may come from a browser needs the
token: in a header, or in the cookie that the printed link of the console has set.
Where others than this machine reach the simulator, every call needs it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Final

from ..addresses import HERE, Addresses
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from ..wire.messages import Request

TOKEN_HEADER: Final = "x-simulator-token"  # noqa: S105 - the name of a header
_COOKIE: Final = "amazonpay_simulator_console"


def check_caller(
    request: Request, origin: str, token: str, addresses: Addresses = HERE
) -> None:
    """Refuse a control call of another machine's page, or of a page without the token.

    On loopback, a call without an `Origin` comes from no page, and needs no token if
    its body is empty or JSON: a browser sends such a body with an `Origin` only. What
    says that it comes from a browser (`Sec-Fetch-Site`) needs the token all the same.
    `origin` is the simulator's own.
    """
    check_page(request, origin, addresses)
    from_page = request.header("origin") is not None
    says_so = request.header("sec-fetch-site") is not None
    plain = not request.body or _is_json(request)
    if not (from_page or says_so or addresses.is_open) and plain:
        return
    if (from_page or plain) and has_cookie(request, token):
        return
    said = (request.header(TOKEN_HEADER) or "").encode()
    if not secrets.compare_digest(said, token.encode()):
        who = "A page, or a body that is not application/json,"
        if addresses.is_open:
            who = "Beyond loopback every control call"
        raise APIRefusal("UnauthorizedAccess", f"{who} needs {TOKEN_HEADER}")


def check_page(request: Request, origin: str, addresses: Addresses = HERE) -> None:
    """Refuse a request of another site's page, or one that names another `Host`."""
    host = (request.header("host") or "").lower()
    if not addresses.are_called(host, origin):
        raise APIRefusal("UnauthorizedAccess", "The Host is not this simulator")
    given = request.header("origin")
    if given is not None and given.partition("://")[2] != host:
        raise APIRefusal("UnauthorizedAccess", "The Origin is another page")


def cookie_for(request: Request, token: str) -> str:
    """Return the cookie that lets a browser in, for this run and this port.

    Ports of one machine share a jar, so its name has the port. It is sent to the
    control calls alone, and holds no token.
    """
    secure = "; Secure" if request.scheme == "https" else ""
    return (
        f"{_cookie_name(request)}={_cookie_value(token)}; Path=/_simulator/; HttpOnly;"
        f" SameSite=Strict{secure}"
    )


def has_cookie(request: Request, token: str) -> bool:
    """Return whether a browser was let in before, in this run."""
    given = re.findall(
        rf"(?:^|[;,]\s*){_cookie_name(request)}=([0-9a-f]{{64}})(?=[;,]|$)",
        request.header("cookie") or "",
    )
    right = _cookie_value(token)
    return any(secrets.compare_digest(one, right) for one in given)


def _cookie_name(request: Request) -> str:
    port = (request.header("host") or "").rpartition(":")[2]
    return f"{_COOKIE}_{port}" if port.isascii() and port.isdigit() else _COOKIE


def _cookie_value(token: str) -> str:
    return hmac.digest(token.encode(), b"console", "sha256").hex()


def _is_json(request: Request) -> bool:
    kind = (request.header("content-type") or "").partition(";")[0]
    return kind.strip().lower() == "application/json"
