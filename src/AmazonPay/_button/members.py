"""Check JSON values against the types that `resources` declares."""

from __future__ import annotations

import re
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import is_typeddict

from ..resources._constraints import Limit, Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHOWN = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_SCALARS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


@cache
def _members_of(kind: type) -> dict[str, tuple[Any, bool]]:
    """Return type and necessity of each member; annotations are text until now."""
    found: dict[str, tuple[Any, bool]] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        required = name in vars(kind)["__required_keys__"]
        if get_origin(hint) in {Required, NotRequired}:
            required = get_origin(hint) is Required
            (hint,) = get_args(hint)  # noqa: PLW2901 - the type inside
        found[name] = hint, required
    return found


def problem_in(kind: type, value: Mapping[str, Any], where: str = "") -> str | None:
    """Return what is wrong with the members of an object, or None.

    A null for a member that may be left out is the same as leaving it out, and so is
    the empty list that PHP writes for an empty object.
    """
    known = _members_of(kind)
    # Unknown and missing members are reported before bad values.
    for name in value if vars(kind).get("__closed__") else ():
        if name not in known:
            shown = name if _SHOWN.fullmatch(name) else "(a name that is not shown)"
            return f"{_inside(where, shown)} is no member that Amazon knows here"
    for name, (_hint, required) in known.items():
        if required and value.get(name) is None:
            return f"{_inside(where, name)} is missing"
    for name, member in value.items():
        hint, _required = known.get(name, (None, False))
        if hint is None or member is None or (member == [] and is_typeddict(hint)):
            continue
        problem = _problem(hint, member, _inside(where, name))
        if problem is not None:
            return problem
    return None


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _problem(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    if get_origin(hint) in {Union, UnionType}:
        return _problem_of_union(get_args(hint), value, where)
    limits: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        limits = tuple(rest)
    problem = _problem_of_type(hint, value, where)
    if problem is None:
        broken = next((text for one in limits if (text := _broken(one, value))), None)
        return None if broken is None else f"{where} {broken}"
    return problem


def _problem_of_union(hints: tuple[Any, ...], value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    problems = [_problem(hint, value, where) for hint in hints]
    if None in problems:
        return None
    # The alternative of the same type says best what is wrong.
    alike = [
        problem
        for hint, problem in zip(hints, problems, strict=True)
        if type(value) is (get_args(hint)[0] if get_args(hint) else hint)
    ]
    return (alike or problems)[0]


def _problem_of_type(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    origin = get_origin(hint)
    if origin is Literal:
        known = get_args(hint)
        choices = ", ".join(map(str, known))
        return None if value in known else f"{where} is none of {choices}"
    if origin is list:
        return _problem_of_list(get_args(hint)[0], value, where)
    if is_typeddict(hint) or origin is dict:
        return _problem_of_object(hint, value, where)
    if type(value) is hint or (hint is NoneType and value is None):
        return None
    return f"{where} must be {_SCALARS.get(hint, 'of another type')}"


def _problem_of_object(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    if not isinstance(value, dict):
        return f"{where} must be an object"
    members = cast("dict[str, Any]", value)
    if is_typeddict(hint):
        return problem_in(hint, members, where)
    name_hint, member_hint = get_args(hint)
    for name, member in members.items():
        problem = _problem(name_hint, name, f"a name in {where}") or _problem(
            member_hint, member, f"a member of {where}"
        )
        if problem is not None:
            return problem
    return None


def _problem_of_list(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    if value.__class__ is not list:
        return f"{where} must be a list"
    problems = (_problem(hint, item, f"an element of {where}") for item in value)
    return next((problem for problem in problems if problem is not None), None)


def _broken(limit: object, value: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return which limit a value breaks, or None; limits of other types hold."""
    if isinstance(limit, Pattern):
        good = re.fullmatch(limit.regex, value, re.ASCII)
        return None if good else f"must have the form {limit.regex}"
    if not isinstance(limit, Limit):
        return None
    holds, problem = _LIMITS[limit.name]
    return None if holds(value, limit.value) else problem.format(limit.value)


_LIMITS: dict[str, tuple[Callable[[Any, int], bool], str]] = {
    "MaxLen": (lambda value, most: len(value) <= most, "has more than {} characters"),
    "MinLen": (lambda value, least: len(value) >= least, "must not be empty"),
    "Ge": (lambda value, least: value >= least, "must be {} or more"),
    "Le": (lambda value, most: value <= most, "must be {} or less"),
}
