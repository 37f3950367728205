"""Validators for the text of each type of query parameter."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
)

from ..engine.timestamps import parse_timestamp

_TIME_FORM = (
    "^[1-9][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    "T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z$"
)


def _calendar_time(text: str) -> str:
    parse_timestamp(text)
    return text


def _digits(text: str) -> int:
    if re.fullmatch("[0-9]{1,3}", text) is None:
        raise ValueError("at most three digits are expected")
    return int(text)


@cache
def text() -> TypeAdapter[Any]:
    """Return the validator of text that is not empty."""
    return TypeAdapter(Annotated[str, StringConstraints(min_length=1)])


@cache
def time() -> TypeAdapter[Any]:
    """Return the validator of a time."""
    form = StringConstraints(pattern=_TIME_FORM)
    return TypeAdapter(Annotated[str, form, AfterValidator(_calendar_time)])


@cache
def page_size() -> TypeAdapter[Any]:
    """Return the validator of the size of a page."""
    # UNCONFIRMED: the greatest page of disbursements; that of reports is taken.
    limits = Field(ge=1, le=100)
    return TypeAdapter(Annotated[int, limits, BeforeValidator(_digits)])


def listed(known: list[str]) -> TypeAdapter[Any]:
    """Return the validator of values that are joined by commas."""
    kind: Any = Annotated[
        list[Literal[tuple(known)]],  # type: ignore[misc] # made at run time
        BeforeValidator(lambda value: value.split(",")),
        Field(min_length=1),
    ]
    return TypeAdapter(kind)
