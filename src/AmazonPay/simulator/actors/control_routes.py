"""What a control call is: a method and a noun, its members, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
