"""Queries, checked against the parameters that the SDK declares for its callers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from urllib.parse import parse_qsl

from ..._operation import operations_of
from ...resources import Operations
from ..engine.timestamps import parse_timestamp
from .errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT_TOKEN = "nextToken"  # noqa: S105 - the name of a member
LARGEST_PAGE = 100
"""For disbursements the greatest page is unconfirmed, and taken to be the same."""

TIME_FORM = (
    "[1-9][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    "T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z"
)


@dataclass(frozen=True, slots=True)
class Member:
    """One parameter of a query."""

    name: str
    """As it goes over the wire."""
    kind: Literal["text", "time", "number", "list"]
    required: bool
    values: tuple[str, ...] = ()
    """What a list is made of."""

    def allows(self, text: str) -> bool:
        """Whether a text can be its value."""
        match self.kind:
            case "time":
                return is_time(text)
            case "number":
                whole = re.fullmatch("[0-9]{1,3}", text)
                return whole is not None and 1 <= int(text) <= LARGEST_PAGE
            case "list":
                return all(part in self.values for part in text.split(","))
            case _:
                return text != ""


def is_time(text: str) -> bool:
    """Whether a text is a time of the calendar, written as the API does."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return re.fullmatch(TIME_FORM, text) is not None


def _parts(hint: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    """Take a type apart: the members of a union, without what annotates them."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _parts(part)
    elif get_origin(hint) is Annotated:
        yield from _parts(get_args(hint)[0])
    else:
        yield hint


def _member(name: str, hint: Any, *, required: bool) -> Member:  # noqa: ANN401 - any annotation
    parts = list(_parts(hint))
    for part in parts:
        if get_origin(part) is Sequence:
            # An answer's enum is open, a question's is not: what is known is taken.
            known = [
                value
                for element in _parts(get_args(part)[0])
                if get_origin(element) is Literal
                for value in get_args(element)
            ]
            return Member(name, "list", required, tuple(known))
    if datetime in parts:
        return Member(name, "time", required)
    return Member(name, "number" if int in parts else "text", required)


@cache
def parameters(operation: str) -> dict[str, Member]:
    """List the members that an operation's query can have, by their names."""
    declared = operations_of(Operations)[operation]
    hints = get_type_hints(declared.declared, include_extras=True)
    parameters = declared.signature.parameters
    written = {name.replace("_", ""): name for name in parameters}
    found: dict[str, Member] = {}
    for wire in declared.query_names:
        name = written[wire.lower()]
        required = parameters[name].default is parameters[name].empty
        found[wire] = _member(wire, hints[name], required=required)
    return found


def parse_query(operation: str, query: str) -> dict[str, str]:
    """Read a query whose members are all known, well-formed and there once."""
    known = parameters(operation)
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            # UnrecognizedField, which is for bodies, is as likely (unconfirmed).
            raise APIRefusal(
                "InvalidParameterValue", f"The parameter '{name}' is not of this API"
            )
        if name in given or not known[name].allows(value):
            raise APIRefusal(
                "InvalidParameterValue", f"The value provided for '{name}' is invalid"
            )
        given[name] = value
    if NEXT_TOKEN in given and len(given) > 1:
        # That the call fails is documented, the code is unconfirmed.
        raise APIRefusal(
            "InvalidParameterCombination", "nextToken goes without any other parameter"
        )
    for member in known.values():
        if member.required and member.name not in given:
            raise APIRefusal(
                "MissingParameterValue", f"The parameter '{member.name}' is required"
            )
    return given
