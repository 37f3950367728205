"""Encode request bodies, once, so that the bytes signed are the bytes sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn, cast

from ..errors import InvalidRequest
from .amounts import check_amount, decimal_text, is_signed_zero


def _encoded(value: object) -> object:
    """Return a JSON value for a type that `json` does not know."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise InvalidRequest(f"there is a {type(value).__name__}, which is no JSON")


def _check_members(value: object, *, amount: bool = False) -> bool:
    """Check that each member `amount` holds an amount, and that each name is a str.

    Return whether one of the amounts is a zero with a sign.
    """
    if isinstance(value, str):
        return False  # the most frequent type first
    signed = False
    if isinstance(value, Mapping):
        for name, member in cast("Mapping[object, object]", value).items():
            if not isinstance(name, str):
                # `json` writes it as text, so 1 and "1" would be the same member twice.
                raise InvalidRequest(
                    f"there is a member whose name is a {type(name).__name__}"
                )
            if name == "amount" and isinstance(member, str):
                signed = _check_text(member) or signed
            elif _check_members(member, amount=amount or name == "amount"):
                signed = True
    elif isinstance(value, (list, tuple)):
        for member in cast("list[object]", value):
            signed = _check_members(member, amount=amount) or signed
    elif amount:
        _check_number(value)
    return signed


def _check_number(amount: object) -> None:
    """Raise if an amount is a float, a bool or below zero; null passes."""
    if isinstance(amount, (float, bool)):
        raise InvalidRequest(
            f"an amount is a {type(amount).__name__}; pass a str, an int or a Decimal:"
            " a float such as 0.1 + 0.2 is 0.30000000000000004, and that is what the"
            " buyer would be asked for"
        )
    # A NaN cannot be compared, but has a sign.
    is_below = isinstance(amount, Decimal) and amount.is_signed()
    if amount and (is_below or (isinstance(amount, int) and amount < 0)):
        raise _below_zero()


def _check_text(amount: str) -> bool:
    """Raise if text is no amount, or is below zero; return whether it is `-0`."""
    check_amount(amount)
    signed_zero = is_signed_zero(amount)
    if amount.startswith("-") and not signed_zero:
        raise _below_zero()
    return signed_zero


def _below_zero() -> InvalidRequest:
    return InvalidRequest("an amount is not below zero")


def _without_signed_zeros(value: object, name: str = "") -> object:
    """Return a copy in which no amount is a zero with a sign."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value).items()
        return {name: _without_signed_zeros(member, name) for name, member in members}
    if isinstance(value, (list, tuple)):
        return [_without_signed_zeros(one) for one in cast("list[object]", value)]
    if name == "amount" and isinstance(value, str) and is_signed_zero(value):
        return value.removeprefix("-")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(number: str) -> float:
    read = float(number)
    if math.isinf(read):
        raise ValueError(number)
    return read


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidRequest(
            "the text has a member twice in one object: which of the two counts"
            " is not defined"
        )
    return members


# A lone surrogate can be escaped in JSON, but no UTF-8 can hold what it stands for.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _checked_text(text: str | bytes, what: str) -> bytes:
    """Return JSON text as it is, if it is an object: UTF-8, finite, no member twice."""
    data = str.encode(text) if isinstance(text, str) else bytes(text)
    read = json.loads(
        data.decode(),
        parse_constant=_no_constant,
        parse_float=_finite,
        object_pairs_hook=_members,
    )
    if not isinstance(read, dict):
        raise InvalidRequest(f"the {what} is JSON, but no object")
    if _SURROGATE.search(data):
        json.dumps(read, ensure_ascii=False).encode()
    if _check_members(cast("object", read)):
        raise InvalidRequest("an amount is zero with a sign; write it without")
    return data


# The key is whether members are sorted by name.
_ENCODERS = {
    ordered: json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=_encoded,
        sort_keys=ordered,
    )
    for ordered in (False, True)
}

# What `json` and strange mappings raise; RecursionError and "changed size during
# iteration" are a RuntimeError.
_NOT_JSON = (ValueError, TypeError, RuntimeError, LookupError)


def encode_body(body: object, *, ordered: bool = False) -> bytes:
    """Return a JSON object as bytes; text or bytes are checked, and not changed.

    With `ordered`, members are sorted, so equal objects become equal bytes. The
    caller's objects are never changed. An amount that is zero is written without sign.

    Raises:
        InvalidRequest: an amount is a float, a bool, or text other than digits with a
            point; a value is one that JSON cannot hold; or text is no object or has a
            member twice.
    """
    try:
        if isinstance(body, (str, bytes)):
            return _checked_text(body, "body")
        if isinstance(body, Mapping):
            members = cast("object", body)
            if _check_members(members):
                members = _without_signed_zeros(members)
            return _ENCODERS[ordered].encode(members).encode()
    except InvalidRequest:
        raise
    except _NOT_JSON:
        raise _not_json("body", text=isinstance(body, (str, bytes))) from None
    raise _no_mapping(body, "body")


def payload_text(payload: object) -> str:
    """Return the text of a button's payload, which is what must be signed.

    Text is checked, and not changed. A mapping is written as `json.dumps` writes it,
    and a `Decimal` in it as in a body.

    Raises:
        InvalidRequest: it is no JSON object, or `encode_body` would refuse it.
    """
    try:
        if isinstance(payload, (str, bytes)):
            return _checked_text(payload, "payload").decode()
        if isinstance(payload, Mapping):
            members = cast("object", payload)
            _check_members(members)
            # What is checked is the text, because a mapping can change meanwhile.
            text = json.dumps(members, default=_encoded, allow_nan=False)
            return _checked_text(text, "payload").decode()
    except InvalidRequest:
        raise
    except _NOT_JSON:
        raise _not_json("payload", text=isinstance(payload, (str, bytes))) from None
    raise _no_mapping(payload, "payload")


def _not_json(what: str, *, text: bool) -> InvalidRequest:
    return InvalidRequest(
        f"the {what} is text, but not JSON in UTF-8"
        if text
        else f"the {what} is not JSON: a NaN, an infinity, a lone surrogate, a mapping"
        " that holds itself or changes meanwhile, or one that is nested too deeply"
    )


def _no_mapping(value: object, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"the {what} must be a dict, another mapping, or JSON as str or bytes,"
        f" not {type(value).__name__}"
    )
