"""Find the operation of a request, from the SDK's own declarations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..._core.operation import Operation, operations_of
from ...resources import Operations
from .errors import APIRefusal

if TYPE_CHECKING:
    from ..._core.config import Environment

_PREFIX = re.compile(r"(?:/(?P<environment>sandbox|live))?/(?P<version>v\d+)(?=/|$)")

_ENVIRONMENTS: dict[str, Environment] = {"sandbox": "sandbox", "live": "live"}


@dataclass(frozen=True, slots=True)
class Route:
    """The operation of a request, and the ids in its path."""

    operation: str
    """The name of the operation, as the clients have it."""
    environment: Environment | None
    path: str
    """The path below the version, without a trailing slash."""
    ids: dict[str, str]


@cache
def _table() -> dict[str, list[tuple[re.Pattern[str], Operation[..., Any]]]]:
    """Return the operations by the first word of their paths, which holds no id."""
    table: dict[str, list[tuple[re.Pattern[str], Operation[..., Any]]]] = {}
    for operation in operations_of(Operations).values():
        pattern = re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", operation.template)
        rows = table.setdefault(_first_word(operation.template), [])
        rows.append((re.compile(pattern), operation))
    return table


def _first_word(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def is_call(path: str) -> bool:
    """Return whether a path is one of the API, known or not."""
    return _PREFIX.match(path) is not None


def route(method: str, path: str) -> Route:
    """Return the operation for a method and a path, or refuse the request."""
    collapsed = re.sub("/+", "/", path)
    prefix = _PREFIX.match(collapsed)
    if prefix is None:
        raise _unknown(path)
    if prefix["version"] != "v2":
        raise APIRefusal(
            "InvalidAPIVersion", f"The version {prefix['version']} is unknown"
        )
    below = collapsed[prefix.end() :].rstrip("/")
    other_method = False
    for pattern, operation in _table().get(_first_word(below), ()):
        found = pattern.fullmatch(below)
        if found is None:
            continue
        if operation.method == method:
            ids = {name: unquote(value) for name, value in found.groupdict().items()}
            environment: Environment | None = _ENVIRONMENTS.get(prefix["environment"])
            return Route(operation.name, environment, below, ids)
        other_method = True
    if other_method:
        raise APIRefusal(
            "RequestNotSupported", f"{method} is not supported for this path"
        )
    raise _unknown(path)


def _unknown(path: str) -> APIRefusal:
    return APIRefusal("ResourceNotFound", f"Resource not found '{path}'")
