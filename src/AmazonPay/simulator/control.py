"""What stands under `/_simulator/`, a path that Amazon does not use: the buyer's part.

No signature is asked for, so these calls are taken from this machine's own pages only:
the Host must be loopback, and an Origin, if there is one, must be the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from .._config import is_loopback
from . import validation
from .refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .simulator import Simulator
    from .values import Request

_PATH = re.compile(r"/_simulator/(\w+)(?:/([\w-]+)/(\w+))?")

# What each act takes: the member, the name of the argument, and its type.
_Members: TypeAlias = "dict[str, tuple[str, type]]"
_ACTS: dict[tuple[str, str | None], _Members] = {
    ("checkoutSessions", "choose"): {
        "card": ("card", str),
        "shippingAddress": ("shipping_address", dict),
        "productType": ("product_type", str),
    },
    ("checkoutSessions", "pay"): {},
    ("checkoutSessions", "cancel"): {},
    ("charges", "dispute"): {"amount": ("amount", str), "reason": ("reason", str)},
    ("disputes", "decide"): {"decision": ("decision", str)},
    ("authorizationTokens", None): {
        "publicKeyId": ("public_key_id", str),
        "merchantId": ("merchant_id", str),
    },
}
_REQUIRED = ("decision", "publicKeyId", "merchantId")


def control(simulator: Simulator, request: Request) -> tuple[int, Any]:
    """Answer a control call."""
    _check_origin(request)
    found = _PATH.fullmatch(request.path)
    what, id_, act = found.groups() if found else ("", "", "")
    if (what, act) not in _ACTS:
        raise Refusal("ResourceNotFound", f"Resource not found '{request.path}'")
    if request.method != "POST":
        raise Refusal("RequestNotSupported", "A buyer acts by POST")
    given = _read(validation.parsed(request.body), _ACTS[what, act])
    if what == "authorizationTokens":
        return 200, {"authorizationToken": simulator.authorize(**given)}
    acts: dict[str, Callable[..., Any]] = {
        "choose": simulator.choose,
        "pay": simulator.pay,
        "cancel": simulator.cancel,
        "dispute": simulator.file_chargeback,
        "decide": simulator.decide_dispute,
    }
    return 200, acts[act](id_, **given)


def _check_origin(request: Request) -> None:
    host = request.header("host") or ""
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        raise Refusal("UnauthorizedAccess", "The Host is not this machine")
    origin = request.header("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise Refusal("UnauthorizedAccess", "The Origin is another page")


def _read(body: dict[str, Any], known: _Members) -> dict[str, Any]:
    """Read what was chosen; an unknown member is refused, not swallowed."""
    for name, value in body.items():
        if name not in known:
            raise Refusal(
                "UnrecognizedField", f"This takes {', '.join(known) or 'no members'}"
            )
        if not isinstance(value, known[name][1]):
            raise Refusal("InvalidParameterValue", f"The value of {name} is invalid")
    for name in _REQUIRED:
        if name in known and name not in body:
            raise Refusal("MissingParameterValue", f"The member {name} is required")
    return {known[name][0]: value for name, value in body.items()}
