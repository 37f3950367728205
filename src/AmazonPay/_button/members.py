"""Check JSON values against the types that `resources` declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import (
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

_SHOWN = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_SCALARS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return {
        name: _bare(hint)
        for name, hint in get_type_hints(kind, include_extras=True).items()
    }


def _bare(hint: Any) -> Any:  # noqa: ANN401 - a type
    while get_origin(hint) in {Required, NotRequired}:
        (hint,) = get_args(hint)
    return hint


def problem_in(kind: type, value: Mapping[str, Any], where: str = "") -> str | None:
    """Return what is wrong with the members of an object, or None.

    A null for a member that may be left out is the same as leaving it out, and so is
    the empty list that PHP writes for an empty object.
    """
    required: frozenset[str] = vars(kind)["__required_keys__"]
    hints = _hints(kind)
    # Unknown and missing members are reported before bad values.
    for name in value if vars(kind).get("__closed__") else ():
        if name not in hints:
            shown = name if _SHOWN.fullmatch(name) else "(a name that is not shown)"
            return f"{_inside(where, shown)} is no member that Amazon knows here"
    for name in sorted(required):
        if value.get(name) is None:
            return f"{_inside(where, name)} is missing"
    for name, member in value.items():
        hint = hints.get(name)
        if hint is None or (member is None and name not in required):
            continue
        if member == [] and is_typeddict(hint):
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


def _problem_of_type(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401, PLR0911 - types and JSON; one return for each kind
    if hint is Any or hint is object:
        return None
    if get_origin(hint) is Literal:
        known = get_args(hint)
        return (
            None
            if value in known
            else f"{where} is none of {', '.join(map(str, known))}"
        )
    if get_origin(hint) is list:
        return _problem_of_list(get_args(hint)[0], value, where)
    if is_typeddict(hint) or get_origin(hint) is dict:
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
    if hint in {None, NoneType}:
        return None if value is None else f"{where} must be null"
    if type(value) is hint:
        return None
    return f"{where} must be {_SCALARS.get(hint, 'of another type')}"


def _problem_of_list(hint: Any, value: Any, where: str) -> str | None:  # noqa: ANN401 - types and JSON
    if not isinstance(value, list):
        return f"{where} must be a list"
    items = cast("list[Any]", value)
    problems = (_problem(hint, item, f"an element of {where}") for item in items)
    return next((problem for problem in problems if problem is not None), None)


def _broken(limit: object, value: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return which limit a value breaks, or None; limits of other types hold."""
    if isinstance(limit, Pattern):
        good = re.fullmatch(limit.regex, value, re.ASCII)
        return None if good else f"must have the form {limit.regex}"
    if not isinstance(limit, Limit):
        return None
    if limit.name == "MaxLen" and len(value) > limit.value:
        return f"has more than {limit.value} characters"
    if limit.name == "MinLen" and len(value) < limit.value:
        return "must not be empty"
    if limit.name == "Ge" and value < limit.value:
        return f"must be {limit.value} or more"
    if limit.name == "Le" and value > limit.value:
        return f"must be {limit.value} or less"
    return None
