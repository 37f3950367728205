"""Limits of members: `Annotated` metadata that annotated-types and pydantic read.

Type checkers ignore them. Nothing is imported for them until something reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    from annotated_types import BaseMetadata

_Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in an annotation, which a tool reads as one of annotated-types.

    That package is imported only then. The SDK itself does not check the limit.
    """

    name: Literal["Ge", "Le", "MaxLen", "MinLen"]
    value: int

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[BaseMetadata]:
        """Yield the limit, as `annotated_types.GroupedMetadata` does."""
        import annotated_types

        yield getattr(annotated_types, self.name)(self.value)


Ge = partial(Limit, "Ge")
Le = partial(Limit, "Le")
MaxLen = partial(Limit, "MaxLen")
MinLen = partial(Limit, "MinLen")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for the whole text, valid in JSON Schema and in Rust."""

    regex: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Return a schema with `pattern`, which pydantic checks and publishes."""
        return {**handler(source), "pattern": f"^(?:{self.regex})$"}


@dataclass(frozen=True, slots=True)
class Places:
    """A decimal that is not negative, with at most `most` digits after the point."""

    most: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Return a schema with the limit, which pydantic checks."""
        return {**handler(source), "ge": 0, "decimal_places": self.most}

    def __get_pydantic_json_schema__(
        self, _schema: object, _handler: Callable[[object], _Schema]
    ) -> _Schema:
        """Return a plain number: `multipleOf` 0.01 would fail on binary fractions."""
        return {"type": "number", "minimum": 0}
