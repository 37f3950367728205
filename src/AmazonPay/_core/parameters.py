"""Encode path and query parameters, once, so that the text signed is the text sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, cast

from .._signing.canonical import canonical_query, percent_encode
from ..errors import InvalidRequest
from .clock import utc_text

Query: TypeAlias = Mapping[str, "str | int | datetime | Sequence[str] | None"]

# Sequences that are no lists: text is one value, and bytes are refused.
_ONE_VALUE: tuple[type, ...] = (str, bytes, bytearray, memoryview)
# Amazon's numbers are smaller, and Python refuses to write very large ones.
_LARGEST_INT = 2**63


def encoded_id(name: str, value: object) -> str:
    """Return an id, percent-encoded for a path.

    Raises:
        InvalidRequest: it is not a str, is empty, or would name another resource.
    """
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip("."):
        raise InvalidRequest(f"{name} must not be empty or made of dots")
    try:
        return percent_encode(value)
    except InvalidRequest:
        problem = f"{name} holds half a surrogate pair, which has no UTF-8"
    raise InvalidRequest(problem)  # outside `except`: the other error holds the value


def encoded_query(query: Mapping[str, object] | None) -> str:
    """Return a query in canonical form; members that are None are left out.

    A bool becomes `true` or `false`, a datetime a UTC timestamp such as
    `20260131T120000Z`, and a list one value, joined by commas.

    Raises:
        InvalidRequest: the query is no mapping, a name is no str, a value has another
            type, an int has too many digits, or a datetime has no time zone.
    """
    if query is not None and not isinstance(query, Mapping):
        raise InvalidRequest("the query maps names to values: {'pageSize': 10}")
    return canonical_query(
        (_checked_name(name), _wire_value(name, value))
        for name, value in (query or {}).items()
        if value is not None
    )


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidRequest(f"a name in the query is a {type(name).__name__}, no str")
    return name


def _wire_value(name: str, value: object) -> str:
    if isinstance(value, _ONE_VALUE) or not isinstance(value, Sequence):
        return _single_value(name, value)
    # Amazon's samples join a list by commas: `amazon-pay-api-v2/reports.html`.
    items = cast("Sequence[object]", value)
    return ",".join(_single_value(name, item) for item in items)


def _single_value(name: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            if abs(value) > _LARGEST_INT:
                raise InvalidRequest(f"{name} is an int of too many digits")
            return str(value)
        case datetime():
            return utc_text(name, value, "%m%dT%H%M%SZ")
        case _:
            raise InvalidRequest(
                f"{name} must be a str, an int, a datetime or a list of str,"
                f" not {type(value).__name__}"
            )
