"""Bodies, checked strictly against the types that the SDK declares for its callers."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NoReturn, cast, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict

from ..._operation import operations_of
from ...resources import Operations
from ...resources.checkout_sessions import FinalizeAddress
from .errors import APIRefusal

_REASONS = {"missing": "MissingParameterValue", "extra_forbidden": "UnrecognizedField"}

_ADDRESS: TypeAdapter[Any] = TypeAdapter(FinalizeAddress)

# No body of the API comes near it; what is nested deeper is an attack on the reader.
_DEEPEST = 32


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def parse_body(body: bytes) -> dict[str, Any]:
    """Read a body as JSON, with exact numbers; an empty one is an empty object."""
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
    """Refuse what JSON can write and UTF-8 cannot, half a surrogate pair; and depth."""
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
def _adapter(operation: str) -> TypeAdapter[Any] | None:
    """Make the check for an operation's body: the TypedDict of its declaration."""
    declared = operations_of(Operations)[operation].declared
    hints = get_type_hints(declared, include_extras=True)
    for candidate in get_args(hints.get("body")):
        if is_typeddict(candidate):
            return TypeAdapter(candidate)
    return None


def check_body(
    operation: str, body: dict[str, Any], *, takes_unknown_members: bool = False
) -> dict[str, Any]:
    """Check a body's members, types, limits and enums, or refuse the first fault."""
    adapter = _adapter(operation)
    if adapter is None:
        return body
    return _check(adapter, body, takes_unknown_members=takes_unknown_members)


def check_address(given: dict[str, Any]) -> dict[str, Any]:
    """Check an address that a buyer enters."""
    return _check(_ADDRESS, given)


def _check(
    adapter: TypeAdapter[Any],
    body: dict[str, Any],
    *,
    takes_unknown_members: bool = False,
) -> dict[str, Any]:
    try:
        adapter.validate_python(body, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        if takes_unknown_members:
            faults = [fault for fault in faults if fault["type"] != "extra_forbidden"]
            if not faults:
                return body
        # An unknown or missing member is named before a bad value.
        faults.sort(key=lambda fault: fault["type"] not in _REASONS)
        fault = faults[0]
        reason = _REASONS.get(fault["type"], "InvalidParameterValue")
        raise APIRefusal(reason, _message(reason, _name(fault["loc"], body))) from None
    return body


def _name(place: tuple[int | str, ...], body: dict[str, Any]) -> str:
    """Name the member at fault, without the branches that pydantic adds for a union."""
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


def _message(reason: str, name: str) -> str:
    if reason == "UnrecognizedField":
        return f"The field '{name}' is invalid for this API."
    if reason == "MissingParameterValue":
        return f"The parameter '{name}' is required"
    return f"The value provided for '{name}' is invalid"
