"""Check queries against the parameters that the SDK declares for its callers.

pydantic is imported by the first check: the simulator starts without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from ..._core.operation import operations_of
from ...resources import Operations
from ..observed import refuse
from .errors import invalid_combination, invalid_value, missing

if TYPE_CHECKING:
    from pydantic import TypeAdapter

NEXT_TOKEN = "nextToken"  # noqa: S105 - the name of a member


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
    from . import query_types

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
            return Parameter(
                name, required, is_list=True, type=query_types.listed(known)
            )
    if datetime in members:
        return Parameter(name, required, is_list=False, type=query_types.time())
    kind = query_types.page_size() if int in members else query_types.text()
    return Parameter(name, required, is_list=False, type=kind)


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
            raise missing(parameter.name)
    return given


def _is_long_page(operation: str, name: str, value: str) -> bool:
    is_page = (operation, name) == ("get_disbursements", "pageSize")
    return is_page and re.fullmatch("[1-9][0-9]{2}", value) is not None


def _is_valid(parameter: Parameter, value: str) -> bool:
    from pydantic import ValidationError

    try:
        parameter.type.validate_python(value)
    except ValidationError:
        return False
    return True
