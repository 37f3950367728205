"""Encode request bodies, once, so that the bytes signed are the bytes sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn, cast

from ..errors import InvalidRequest


def _encoded(value: object) -> object:
    """Return a JSON value for a type that `json` does not know."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidRequest("a Decimal in the body is not a finite number")
        return format(value, "f")
    raise InvalidRequest(f"the body holds a {type(value).__name__}, which is no JSON")


def _check_members(value: object, *, amount: bool = False) -> None:
    """Raise for a float under `amount`, or a member whose name is not a str."""
    if isinstance(value, str):
        return  # the most frequent type first
    if isinstance(value, Mapping):
        for name, member in cast("Mapping[object, object]", value).items():
            if not isinstance(name, str):
                # `json` writes it as text, so 1 and "1" would be the same member twice.
                raise InvalidRequest(
                    f"the body has a member whose name is a {type(name).__name__}"
                )
            _check_members(member, amount=amount or name == "amount")
    elif isinstance(value, (list, tuple)):
        for member in cast("list[object]", value):
            _check_members(member, amount=amount)
    elif amount and isinstance(value, (float, bool)):
        raise InvalidRequest(
            f"an amount is a {type(value).__name__}; pass a str, an int or a Decimal:"
            " a float such as 0.1 + 0.2 is 0.30000000000000004, and that is what the"
            " buyer would be asked for"
        )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidRequest(
            "the body's text has a member twice in one object: which of the two counts"
            " is not defined"
        )
    return members


def _read(text: bytes) -> object:
    """Parse JSON text strictly: UTF-8, finite numbers, no member twice."""
    return json.loads(
        text.decode(), parse_constant=_no_constant, object_pairs_hook=_members
    )


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


def encode_body(body: object, *, ordered: bool = False) -> bytes:
    """Return a JSON object as bytes; text or bytes are checked, and not changed.

    With `ordered`, members are sorted, so equal objects become equal bytes. The
    caller's objects are never changed.

    Raises:
        InvalidRequest: there is a float or bool under a member named `amount`, also in
            text; a value that JSON cannot hold; or text that has a member twice.
    """
    try:
        if isinstance(body, (str, bytes)):
            data = body.encode() if isinstance(body, str) else body
            _check_members(_read(data))
            return data
        if isinstance(body, Mapping):
            _check_members(cast("object", body))
            return _ENCODERS[ordered].encode(body).encode()
    except InvalidRequest:
        raise
    except (ValueError, TypeError, RecursionError):
        raise InvalidRequest(
            "the body is text, but not JSON in UTF-8"
            if isinstance(body, (str, bytes))
            else "the body is not JSON: a NaN, an infinity, a lone surrogate, or a"
            " mapping that holds itself"
        ) from None
    raise InvalidRequest(
        "the body must be a dict, another mapping, or JSON as str or bytes,"
        f" not {type(body).__name__}"
    )
