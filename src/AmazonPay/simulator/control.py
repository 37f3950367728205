"""What stands under `/_simulator/`, a path that Amazon does not use: the buyer's part.

No signature is asked for, so these calls are taken from this machine's own pages only:
the Host must be loopback, and an Origin, if there is one, must be the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._config import is_loopback
from . import validation
from .refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .simulator import Simulator
    from .values import Request

_SESSION = re.compile(r"/_simulator/checkoutSessions/([0-9a-f-]{36})/(\w+)")

_MEMBERS = {"card": str, "shippingAddress": dict, "productType": str}


def control(simulator: Simulator, request: Request) -> tuple[int, Any]:
    """Answer a control call."""
    _check_origin(request)
    found = _SESSION.fullmatch(request.path)
    acts: dict[str, Callable[[str, dict[str, Any]], Any]] = {
        "choose": lambda session, body: simulator.choose(session, **_chosen(body)),
        "pay": lambda session, _: simulator.pay(session),
        "cancel": lambda session, _: simulator.cancel(session),
    }
    if found is None or found[2] not in acts:
        raise Refusal("ResourceNotFound", f"Resource not found '{request.path}'")
    if request.method != "POST":
        raise Refusal("RequestNotSupported", "A buyer acts by POST")
    body = validation.parsed(request.body)
    return 200, acts[found[2]](found[1], body)


def _check_origin(request: Request) -> None:
    host = request.header("host") or ""
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        raise Refusal("UnauthorizedAccess", "The Host is not this machine")
    origin = request.header("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise Refusal("UnauthorizedAccess", "The Origin is another page")


def _chosen(body: dict[str, Any]) -> dict[str, Any]:
    """Read what the buyer chose; an unknown member is refused, not swallowed."""
    for name, value in body.items():
        if name not in _MEMBERS:
            raise Refusal("UnrecognizedField", f"A buyer chooses {', '.join(_MEMBERS)}")
        if not isinstance(value, _MEMBERS[name]):
            raise Refusal("InvalidParameterValue", f"The value of {name} is invalid")
    names = {"shippingAddress": "shipping_address", "productType": "product_type"}
    return {names.get(name, name): value for name, value in body.items()}
