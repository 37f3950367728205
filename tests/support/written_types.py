"""Write a `TypedDict` in the notation of `reference.words`, for comparison."""

from __future__ import annotations

import builtins
import types
import typing
from decimal import Decimal
from typing import Any, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, MaxLen, MinLen
from typing_extensions import get_type_hints, is_typeddict

from AmazonPay.resources._carrier_codes import KnownCarrierCode
from AmazonPay.resources._constraints import Pattern, Places
from reference.words import NOT_EMPTY, NULL, Members, Table, enum

if typing.TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN: dict[object, str] = {
    str: "text",
    bool: "flag",
    int: "whole",
    float: "number",
    Decimal: "decimal",
    Any: "anything",
    object: "anything",
}

_CARRIERS = frozenset(get_args(KnownCarrierCode))


def _limits(metadata: tuple[object, ...]) -> Iterator[object]:
    for limit in metadata:
        yield from limit if isinstance(limit, GroupedMetadata) else [limit]


def _limited(said: Table, limit: object) -> Table:
    match said, limit:
        case "text", MaxLen(length):
            return f"text <={length}"
        case "text", MinLen(1):
            return "id"
        case "text", Pattern(regex):
            return f"text /{regex}/"
        case "whole", Ge(0):
            return "whole >=0"
        case "decimal", Places(most):
            return f"decimal <={most} places"
        case list(), MinLen(1):
            return [NOT_EMPTY, *said]
        case _:
            raise AssertionError(f"{limit} on {said!r} has no word")


def _alternatives(kinds: tuple[object, ...]) -> Table:
    values = {v for k in kinds if _origin(k) is typing.Literal for v in get_args(k)}
    others = [written(k) for k in kinds if _origin(k) is not typing.Literal]
    if not values and len(others) == 1:
        return others[0]
    leaves = [leaf for leaf in others if isinstance(leaf, str)]
    assert len(leaves) == len(others), "an object stands alone, or beside null"
    if values:
        leaves.append("carrier" if values == _CARRIERS else enum(" ".join(values)))
    return " or ".join(sorted(leaves))


def written(kind: Any) -> Table:
    """Return the notation of one type; whether it may be null, its member says."""
    if is_typeddict(kind):
        return members(kind)
    parts: tuple[Any, ...] = get_args(kind)
    match _origin(kind):
        case None:
            said: Table = _PLAIN[kind]
        case typing.Annotated:
            said = written(parts[0])
            for limit in _limits(parts[1:]):
                said = _limited(said, limit)
        case typing.Literal:
            said = _alternatives((kind,))
        case builtins.list:
            element = _without_null(parts[0])
            said = [written(element)]
            if element != parts[0]:
                said = [NULL, *said]
        case builtins.dict:
            said = {f"<{written(parts[0])}>": written(parts[1])}
        case typing.Union | types.UnionType:
            said = _alternatives(tuple(p for p in parts if p is not types.NoneType))
        case _:
            raise AssertionError(f"{kind!r} has no word")
    return said


def _origin(kind: object) -> object:
    return get_origin(kind)


def _without_null(kind: Any) -> Any:
    parts: tuple[Any, ...] = get_args(kind)
    if types.NoneType not in parts:
        return kind
    return Union[tuple(p for p in parts if p is not types.NoneType)]  # noqa: UP007 - of parts known at run time only


def members(kind: Any) -> Members:
    """Write an object."""
    found: Members = {}
    for name, given in get_type_hints(kind, include_extras=True).items():
        match _origin(given):
            case typing.Required:
                present, hint = True, get_args(given)[0]
            case typing.NotRequired:
                present, hint = False, get_args(given)[0]
            case _:
                present, hint = bool(kind.__total__), given
        bare = _without_null(hint)
        mark = ("*" if present else "") + ("?" if bare != hint else "")
        found[name + mark] = written(bare)
    return found


def objects(kind: Any) -> set[Any]:
    """Collect a `TypedDict` and all that it is made of."""
    found: set[Any] = {kind} if is_typeddict(kind) else set()
    parts = (
        get_type_hints(kind, include_extras=True).values()
        if is_typeddict(kind)
        else get_args(kind)
        if _origin(kind) is not typing.Literal
        else ()
    )
    return found.union(*(objects(part) for part in parts))
