"""Drop the members of a body that stand for missing ones: null, and PHP's empty array.

Amazon has taken such requests to Create and Update. PHP writes an empty array as `[]`,
even where an object is meant.
"""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NotRequired,
    Required,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import is_typeddict

from .bodies import body_type

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPERATIONS = ("create_", "update_")


@cache
def _members(type_: Any) -> dict[str, Any]:  # noqa: ANN401 - a TypedDict
    return get_type_hints(type_, include_extras=True)


@cache
def _branches(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any annotation
    """Return the types that an annotation allows, without what is around them."""
    if get_origin(hint) in {Annotated, Required, NotRequired}:
        return _branches(get_args(hint)[0])
    if get_origin(hint) in {list, dict} or not get_args(hint):
        return (hint,)
    return tuple(one for branch in get_args(hint) for one in _branches(branch))


def without_nulls(operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without the members that stand for missing ones."""
    if not operation.startswith(_OPERATIONS):
        return dict(body)
    tidied: dict[str, Any] = _tidied(body_type(operation), dict(body))
    return tidied


def _tidied(hint: Any, value: Any) -> Any:  # noqa: ANN401 - any JSON
    for branch in _branches(hint):
        if is_typeddict(branch) and isinstance(value, dict):
            return _tidied_object(branch, cast("dict[str, Any]", value))
        if get_origin(branch) is list and isinstance(value, list):
            (item,) = get_args(branch)
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType] # any JSON
            return [_tidied(item, one) for one in items]
        if get_origin(branch) is dict and isinstance(value, dict):
            item = get_args(branch)[1]
            given = cast("dict[str, Any]", value)
            return {name: _tidied(item, one) for name, one in given.items()}
    return value


def _tidied_object(type_: Any, value: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a TypedDict
    members = _members(type_)
    return {
        name: _tidied(members[name], one) if name in members else one
        for name, one in value.items()
        if name not in members
        or _is_required(type_, members[name])
        or not _is_left_out(_branches(members[name]), one)
    }


def _is_required(type_: Any, hint: Any) -> bool:  # noqa: ANN401 - any annotation
    if type_.__total__:
        return get_origin(hint) is not NotRequired
    return get_origin(hint) is Required


def _is_left_out(branches: tuple[Any, ...], value: object) -> bool:
    if value is None:
        return NoneType not in branches
    return value == [] and any(map(is_typeddict, branches))
