"""HTTP calls for the buyer, the bank and whoever tests, below `/_simulator/`.

Amazon does not use this path. The calls need no signature; `control_guard` tells who
may make them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from ..handlers import charges
from ..wire import bodies
from ..wire.errors import APIRefusal
from ..wire.messages import json_response
from . import buyer, world_api
from .control_guard import check_caller
from .control_routes import check_members

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wire.messages import HTTPResponse, Request
    from .controls import Controls

PATH = "/_simulator/"

_PATH = re.compile(rf"{PATH}(?P<noun>\w+)(?:/(?P<id>[\w-]+)/(?P<act>\w+))?")

# The members of each act: the name of the argument, and its type.
_Members: TypeAlias = "dict[str, tuple[str, type]]"
ACTIONS: dict[tuple[str, str | None], _Members] = {
    ("checkoutSessions", "choose"): {
        "card": ("card", str),
        "shippingAddress": ("shipping_address", dict),
        "shippingAddressList": ("shipping_addresses", list),
        "productType": ("product_type", str),
        "consents": ("consents", bool),
        "buyer": ("buyer", int),
    },
    ("checkoutSessions", "pay"): {},
    ("checkoutSessions", "cancel"): {},
    ("checkoutSessions", "amazonCancel"): {},
    **{("charges", act): {} for act in charges.ACTIONS},
    ("outcomes", None): {
        "operation": ("operation", str),
        "outcome": ("outcome", str),
        "when": ("when", str),
        "times": ("times", int),
        "publicKeyId": ("public_key_id", str),
    },
    **{("chargePermissions", act): {} for act in buyer.ACCOUNT_ACTIONS},
    ("buyers", None): {
        "publicKeyId": ("public_key_id", str),
        "region": ("region", str),
        "scopes": ("scopes", list),
        "buyer": ("buyer", int),
    },
    ("charges", "dispute"): {"amount": ("amount", str), "reason": ("reason", str)},
    ("disputes", "decide"): {"decision": ("decision", str)},
    ("notifications", "resend"): {
        "times": ("times", int),
        "seconds": ("seconds", int),
        "altered": ("altered", bool),
        "asNewMessage": ("as_new_message", bool),
    },
    ("authorizationTokens", None): {
        "publicKeyId": ("public_key_id", str),
        "merchantId": ("merchant_id", str),
    },
}
# The members that the acts of a noun require.
REQUIRED: dict[str, tuple[str, ...]] = {
    "disputes": ("decision",),
    "authorizationTokens": ("publicKeyId", "merchantId"),
    "outcomes": ("operation", "outcome"),
}


def answer_control_call(backstage: Controls, request: Request) -> HTTPResponse:
    """Return the response to a control call."""
    check_caller(request, backstage.origin, backstage.token, backstage.addresses)
    found = _PATH.fullmatch(request.path)
    noun, id_, act = found.groups() if found else ("", "", "")
    if noun in world_api.NOUNS and act is None:
        return world_api.answer_world_call(backstage, request, noun)
    if (noun, act) not in ACTIONS:
        acts = ", ".join(name for of, name in ACTIONS if of == noun and name)
        hint = f": the acts of {noun} are {acts}" if act and acts else ""
        raise APIRefusal(
            "ResourceNotFound", f"Resource not found '{request.path}'{hint}"
        )
    if request.method != "POST":
        raise APIRefusal("RequestNotSupported", "A buyer acts by POST")
    body = bodies.parse_body(request.body)
    members = ACTIONS[noun, act]
    types = {name: type_ for name, (_, type_) in members.items()}
    check_members(body, types, REQUIRED.get(noun, ()))
    given = {members[name][0]: value for name, value in body.items()}
    if act is None:
        return json_response(200, _on_nothing(backstage, noun, given))
    return json_response(200, _on_object(backstage, noun, id_, act, given))


def _on_nothing(backstage: Controls, noun: str, given: dict[str, Any]) -> object:
    """Do what is about no object."""
    if noun == "buyers":
        key_id = given.pop("public_key_id", next(iter(backstage.merchants), ""))
        return {"buyerToken": backstage.sign_in(key_id, **given)}
    if noun == "authorizationTokens":
        return {"authorizationToken": backstage.authorize(**given)}
    backstage.provoke(**given)
    return {}


def _on_object(
    backstage: Controls, noun: str, id_: str, act: str, given: dict[str, Any]
) -> object:
    """Act on one object."""
    if act in charges.ACTIONS and noun == "charges":
        return backstage.end_charge(id_, act)
    if noun == "chargePermissions":
        return backstage.manage(id_, act)
    methods: dict[str, Callable[..., Any]] = {
        "choose": backstage.choose,
        "pay": backstage.pay,
        "cancel": backstage.cancel,
        "amazonCancel": backstage.amazon_cancel,
        "dispute": backstage.file_chargeback,
        "decide": backstage.decide_dispute,
        "resend": backstage.notifications.resend,
    }
    return methods[act](id_, **given)
