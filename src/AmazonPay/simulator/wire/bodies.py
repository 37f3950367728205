"""Check bodies strictly against the types that the SDK declares for its callers.

pydantic is imported by the first check: the simulator starts without it.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, cast, get_args, get_type_hints

from typing_extensions import is_typeddict

from ..._core.operation import operations_of
from ...resources import Operations
from ...resources._button_payloads import BuyNowPayload, CartDetails, SignInPayload
from ...resources.checkout_sessions import FinalizeAddress
from .errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

_REASONS = {"missing": "MissingParameterValue", "extra_forbidden": "UnrecognizedField"}

# No body of the API comes near this depth; deeper nesting is an attack.
_DEEPEST = 32


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, with exact numbers; an empty body is `{}`."""
    if not body:
        return {}
    try:
        value = json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_no_constant
        )
        _check_sound(value, _DEEPEST)
    except (ValueError, RecursionError, InvalidOperation):
        raise APIRefusal("InvalidRequestFormat", "The body is not valid JSON") from None
    if not isinstance(value, dict):
        raise APIRefusal("InvalidRequestFormat", "The body is not a JSON object")
    return cast("dict[str, Any]", value)


def _check_sound(value: object, depth: int) -> None:
    """Raise ValueError for deep nesting and for lone surrogates, which JSON allows."""
    if depth < 0:
        raise ValueError
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _check_sound(item, depth - 1)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            name.encode()
            _check_sound(item, depth - 1)


@cache
def _adapter(type_: type) -> TypeAdapter[Any]:
    """Return the validator of a type."""
    from pydantic import TypeAdapter

    return TypeAdapter(type_)


@cache
def body_type(operation: str) -> type | None:
    """Return the type of an operation's body, a TypedDict; None if it takes none."""
    declared = operations_of(Operations)[operation].declared
    hints = get_type_hints(declared, include_extras=True)
    return next(filter(is_typeddict, get_args(hints.get("body"))), None)


def check_body(
    operation: str, body: Mapping[str, Any], *, takes_unknown_members: bool = False
) -> None:
    """Check a body's members, types, limits and enums; refuse the first error."""
    type_ = body_type(operation)
    if type_ is not None:
        _check(type_, body, takes_unknown_members=takes_unknown_members)


def check_address(given: Mapping[str, Any]) -> None:
    """Check an address that a buyer enters."""
    _check(FinalizeAddress, given)


def check_sign_in(payload: Mapping[str, Any]) -> None:
    """Check the payload of a button that signs a buyer in."""
    _check(SignInPayload, payload)


def check_buy_now(payload: Mapping[str, Any]) -> None:
    """Check the payload of a Buy Now button."""
    _check(BuyNowPayload, payload)


def check_cart(cart: Mapping[str, Any]) -> None:
    """Check the cart that a page with Buy Now gives."""
    _check(CartDetails, cart)


def _check(
    type_: type, body: Mapping[str, Any], *, takes_unknown_members: bool = False
) -> None:
    from pydantic import ValidationError

    try:
        _adapter(type_).validate_python(body, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        if takes_unknown_members:
            details = [one for one in details if one["type"] != "extra_forbidden"]
            if not details:
                return
        # Unknown and missing members are reported before bad values.
        detail = min(details, key=lambda one: one["type"] not in _REASONS)
        reason = _REASONS.get(detail["type"], "InvalidParameterValue")
        name = _name(detail["loc"], body)
        limit = "; or ".join(
            dict.fromkeys(
                f"{one['msg'][:1].lower()}{one['msg'][1:]}"
                for one in details
                if _name(one["loc"], body) == name
            )
        )
        raise APIRefusal(reason, _message(reason, name, limit)) from None


def _name(place: tuple[int | str, ...], body: Mapping[str, Any]) -> str:
    """Return a member's dotted name, without the branches that pydantic adds."""
    parts: list[str] = []
    value: Any = body
    for part in place:
        if isinstance(part, int):
            value = value[part]
        elif isinstance(value, dict):
            parts.append(part)
            value = cast("dict[str, Any]", value).get(part)
        else:
            break
    return ".".join(parts)


def _message(reason: str, name: str, limit: str) -> str:
    if reason == "UnrecognizedField":
        return f"The field '{name}' is invalid for this API."
    if reason == "MissingParameterValue":
        return f"The parameter '{name}' is required"
    return f"The value provided for '{name}' is invalid: {limit}"
