"""Encode path and query parameters, once, so that the text signed is the text sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, cast

from .._signing.canonical import canonical_query, percent_encode
from ..errors import InvalidRequest

Query: TypeAlias = Mapping[str, "str | int | datetime | Sequence[str] | None"]


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

    A bool becomes `true` or `false`, a datetime a UTC timestamp, and a list one value,
    joined by commas.

    Raises:
        InvalidRequest: a value has another type, or a datetime has no time zone.
    """
    return canonical_query(
        (name, _wire_value(name, value))
        for name, value in (query or {}).items()
        if value is not None
    )


def _wire_value(name: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case datetime():
            if value.tzinfo is None:
                raise InvalidRequest(
                    f"{name} needs a time zone: pass an aware datetime"
                )
            return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        case Sequence():
            # Amazon's samples join a list by commas: `amazon-pay-api-v2/reports.html`.
            items = cast("Sequence[object]", value)
            return ",".join(_wire_value(name, item) for item in items)
        case _:
            raise InvalidRequest(
                f"{name} must be a str, an int, a datetime or a list of str,"
                f" not {type(value).__name__}"
            )
