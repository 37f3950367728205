"""What a control call is: a method and a noun, its members, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from ..wire.errors import APIRefusal, invalid_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .controls import Controls

Given: TypeAlias = "Mapping[str, Any]"


@dataclass(frozen=True, slots=True)
class Route:
    """What a method and a noun do."""

    summary: str
    run: Callable[[Controls, Given], object]
    """Returns JSON values, bytes of JSON, or a whole response."""
    members: Mapping[str, type]
    """The members of the body, or of a GET's query, and their types."""
    required: tuple[str, ...] = ()
    takes_world: bool = False
    """Whether the body is a world, as `save` returns it."""
    answers: str = "application/json"
    """The media type of its answer."""


def check_members(
    given: Given, members: Mapping[str, type], required: Iterable[str]
) -> None:
    """Refuse a member that is unknown, of another type, or required and missing."""
    for name, value in given.items():
        if name not in members:
            raise unknown_member(members)
        kinds = {int, Decimal} if members[name] is float else {members[name]}
        if type(value) not in kinds:
            raise invalid_value(f"The value of {name} is invalid")
    for name in required:
        if name not in given:
            raise APIRefusal("MissingParameterValue", f"The member {name} is required")


def unknown_member(members: Iterable[str]) -> APIRefusal:
    """Return the refusal of a member that a call does not take."""
    known = ", ".join(members) or "no members"
    return APIRefusal("UnrecognizedField", f"This takes {known}")
