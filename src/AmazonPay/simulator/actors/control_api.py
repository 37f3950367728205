"""What stands under `/_simulator/`, a path that Amazon does not use: the buyer's part.

No signature is asked for, so these calls are taken from this machine's own pages only:
the Host must be loopback, and an Origin, if there is one, must be the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from ..._config import is_loopback
from ..wire import bodies
from ..wire.errors import APIRefusal
from . import buyer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..simulator import Simulator
    from ..wire.messages import Request

_PATH = re.compile(r"/_simulator/(?P<what>\w+)(?:/(?P<id>[\w-]+)/(?P<act>\w+))?")

# What each act takes: the member, the name of the argument, and its type.
_Members: TypeAlias = "dict[str, tuple[str, type]]"
ACTIONS: dict[tuple[str, str | None], _Members] = {
    ("checkoutSessions", "choose"): {
        "card": ("card", str),
        "shippingAddress": ("shipping_address", dict),
        "shippingAddressList": ("shipping_addresses", list),
        "productType": ("product_type", str),
        "consents": ("consents", bool),
    },
    ("checkoutSessions", "pay"): {},
    ("checkoutSessions", "cancel"): {},
    **{("chargePermissions", act): {} for act in buyer.ACCOUNT_ACTIONS},
    ("buyers", None): {
        "publicKeyId": ("public_key_id", str),
        "region": ("region", str),
        "scopes": ("scopes", list),
    },
    ("charges", "dispute"): {"amount": ("amount", str), "reason": ("reason", str)},
    ("disputes", "decide"): {"decision": ("decision", str)},
    ("authorizationTokens", None): {
        "publicKeyId": ("public_key_id", str),
        "merchantId": ("merchant_id", str),
    },
}
# Acts whose members must all be there.
_REQUIRED = {"disputes", "authorizationTokens"}


def answer_control_call(simulator: Simulator, request: Request) -> tuple[int, Any]:
    """Answer a control call."""
    _check_origin(request)
    found = _PATH.fullmatch(request.path)
    what, id_, act = found.groups() if found else ("", "", "")
    if (what, act) not in ACTIONS:
        raise APIRefusal("ResourceNotFound", f"Resource not found '{request.path}'")
    if request.method != "POST":
        raise APIRefusal("RequestNotSupported", "A buyer acts by POST")
    body = bodies.parse_body(request.body)
    given = _arguments(body, ACTIONS[what, act], required=what in _REQUIRED)
    if what == "buyers":
        key_id = given.pop("public_key_id", next(iter(simulator.merchants), ""))
        return 200, {"buyerToken": simulator.sign_in(key_id, **given)}
    if what == "authorizationTokens":
        return 200, {"authorizationToken": simulator.authorize(**given)}
    if what == "chargePermissions":
        return 200, simulator.manage(id_, act)
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
    if not is_loopback(_hostname(host)):
        raise APIRefusal("UnauthorizedAccess", "The Host is not this machine")
    origin = request.header("origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise APIRefusal("UnauthorizedAccess", "The Origin is another page")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _arguments(
    body: Mapping[str, Any], known: _Members, *, required: bool
) -> dict[str, Any]:
    """Read what was chosen; an unknown member is refused, not swallowed."""
    for name, value in body.items():
        if name not in known:
            raise APIRefusal(
                "UnrecognizedField", f"This takes {', '.join(known) or 'no members'}"
            )
        if not isinstance(value, known[name][1]):
            raise APIRefusal("InvalidParameterValue", f"The value of {name} is invalid")
    for name in known:
        if required and name not in body:
            raise APIRefusal("MissingParameterValue", f"The member {name} is required")
    return {known[name][0]: value for name, value in body.items()}
