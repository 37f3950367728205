"""Check queries against the parameters that the SDK declares for its callers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from ..._core.operation import operations_of
from ...resources import Operations
from ..engine.timestamps import parse_timestamp
from ..observed import refuse
from .errors import APIRefusal, invalid_combination, invalid_value

NEXT_TOKEN = "nextToken"  # noqa: S105 - the name of a member

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


# What each kind of parameter may be, as text in a query.
_Text = Annotated[str, StringConstraints(min_length=1)]
_Time = Annotated[
    str, StringConstraints(pattern=_TIME_FORM), AfterValidator(_calendar_time)
]
# UNCONFIRMED: the greatest page of disbursements; it is taken to be that of reports.
_PageSize = Annotated[int, Field(ge=1, le=100), BeforeValidator(_digits)]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query, under the name that goes over the wire."""

    name: str
    required: bool
    is_list: bool
    type: TypeAdapter[Any]


def _members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any annotation
    """Return the members of a union, or the one type."""
    return (hint,) if get_origin(hint) in {Literal, Sequence} else get_args(hint)


def _parameter(name: str, hint: Any, *, required: bool) -> Parameter:  # noqa: ANN401 - any annotation
    members = _members(hint) or (hint,)
    for member in members:
        if get_origin(member) is Sequence:
            # Enums of responses are open (`Literal | str`); requests accept the known
            # values only.
            known = [
                value
                for element in _members(get_args(member)[0])
                for value in get_args(element)
            ]
            listed: Any = Annotated[
                list[Literal[tuple(known)]],  # type: ignore[misc] # made at run time
                BeforeValidator(lambda text: text.split(",")),
                Field(min_length=1),
            ]
            return Parameter(name, required, is_list=True, type=TypeAdapter(listed))
    kind: Any = _Time if datetime in members else _PageSize if int in members else _Text
    return Parameter(name, required, is_list=False, type=TypeAdapter(kind))


@cache
def parameters(operation: str) -> dict[str, Parameter]:
    """Return the parameters that an operation's query can have, by their names."""
    declared = operations_of(Operations)[operation]
    hints = get_type_hints(declared.declared)
    python_names = {name.replace("_", ""): name for name in hints}
    found: dict[str, Parameter] = {}
    for name in declared.query_names:
        python_name = python_names[name.lower()]
        default = declared.signature.parameters[python_name].default
        required = default is declared.signature.empty
        found[name] = _parameter(name, hints[python_name], required=required)
    return found


def parse_query(operation: str, query: str) -> dict[str, str]:
    """Return a query's parameters, each known, well-formed and given once."""
    known = parameters(operation)
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            # UNCONFIRMED: the code; UnrecognizedField, a code for bodies, is as likely.
            refuse(
                "unknown-query-member",
                invalid_value(f"The parameter '{name}' is not of this API"),
            )
            continue
        doubled = name in given and not known[name].is_list
        if name in given:  # `k=a&k=b`, as the SDKs for Java and .NET write lists
            value = f"{given[name]},{value}"  # noqa: PLW2901 - the whole list
        if doubled or not _is_valid(known[name], value):
            wrong = invalid_value(f"The value provided for '{name}' is invalid")
            if doubled or not _is_long_page(operation, name, value):
                raise wrong
            refuse("page-size", wrong)
        given[name] = value
    if NEXT_TOKEN in given and len(given) > 1:
        # UNCONFIRMED: the code; that the call fails is documented.
        raise invalid_combination("nextToken goes without any other parameter")
    for parameter in known.values():
        if parameter.required and parameter.name not in given:
            raise APIRefusal(
                "MissingParameterValue", f"The parameter '{parameter.name}' is required"
            )
    return given


def _is_long_page(operation: str, name: str, value: str) -> bool:
    is_page = (operation, name) == ("get_disbursements", "pageSize")
    return is_page and re.fullmatch("[1-9][0-9]{2}", value) is not None


def _is_valid(parameter: Parameter, value: str) -> bool:
    try:
        parameter.type.validate_python(value)
    except ValidationError:
        return False
    return True
