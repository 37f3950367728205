"""A call of the story as a line of Python, with our client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl

from ..._core.operation import operations_of
from ...resources import Operations
from .lines import route_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..engine.exchanges import Exchange
    from ..engine.store import Record

_WIDTH: Final = 78
_CARRIED: Final = ("x-amz-pay-simulation-code",)
"""The headers that change what a call does, and that a client does not set itself."""


@dataclass(frozen=True, slots=True)
class Name:
    """A piece of code that stands in the place of a value."""

    code: str

    def __repr__(self) -> str:
        return self.code


def call_of(
    facts: Record,
    exchange: Exchange | None,
    names: Mapping[str, Name] | None = None,
) -> str:
    """Return the call of a request; `names` are the ids that a variable stands for."""
    method, target = facts["method"], str(facts["target"])
    path, _, query = target.partition("?")
    found = route_of(facts)
    body = body_of(facts["body"], names or {})
    headers = {
        name: exchange.request.header(name)
        for name in _CARRIED
        if exchange is not None and exchange.request.header(name)
    }
    key = facts["idempotencyKey"]
    if found is None or query or headers:
        below = found.path if found else _below_version(path)
        arguments: list[Any] = [method, named(below, names or {})]
        more: dict[str, Any] = {"body": body, "query": dict(parse_qsl(query))}
        more |= {"headers": headers, "idempotency_key": key}
        return _call("request", arguments, more)
    declared = operations_of(Operations)[found.operation]
    arguments = [named(id_, names or {}) for id_ in found.ids.values()]
    if declared.has_body:
        arguments.append({} if body is None else body)
    return _call(found.operation, arguments, {"idempotency_key": key})


def _below_version(path: str) -> str:
    """Return what stands below the version in a path that is no operation's."""
    head, found, rest = path.partition("/v2/")
    return f"/{rest}" if found else head


def body_of(text: str, names: Mapping[str, Name]) -> Any:  # noqa: ANN401 - JSON, or bytes
    """Return a body as a value to write down; bytes if it is no plain JSON object."""
    if not text:
        return None
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text.encode()
    if not isinstance(parsed, dict) or _has_float(parsed):
        return text.encode()
    return named(parsed, names)


def _has_float(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a number is inexact: a client refuses it as an amount."""
    if isinstance(value, dict):
        return any(map(_has_float, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(_has_float, cast("Sequence[Any]", value)))
    return isinstance(value, float)


def named(value: Any, names: Mapping[str, Name]) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of a JSON value in which variables replace the ids of `names`."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: named(one, names) for name, one in members.items()}
    if isinstance(value, list):
        return [named(one, names) for one in cast("Sequence[Any]", value)]
    return names.get(value, value) if isinstance(value, str) else value


def _call(name: str, arguments: list[Any], more: Mapping[str, Any]) -> str:
    written = [literal(one) for one in arguments]
    written += [f"{key}={literal(one)}" for key, one in more.items() if one]
    flat = f"client.{name}({', '.join(written)})"
    if len(flat) <= _WIDTH and "\n" not in flat:
        return flat
    lines = "".join(f"    {indented(one)},\n" for one in written)
    return f"client.{name}(\n{lines})"


def literal(value: object, depth: int = 0) -> str:
    """Return Python code for a JSON value, as a formatter would write it."""
    flat = _flat(value)
    if len(flat) + 4 * depth <= _WIDTH - 12 or not isinstance(value, (dict, list)):
        return flat
    indent = "    " * (depth + 1)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        lines = [f"{_flat(name)}: {literal(one, depth + 1)}" for name, one in members]
        opening, closing = "{", "}"
    else:
        lines = [literal(one, depth + 1) for one in cast("Sequence[Any]", value)]
        opening, closing = "[", "]"
    written = "".join(f"{indent}{line},\n" for line in lines)
    return f"{opening}\n{written}{'    ' * depth}{closing}"


def _flat(value: object) -> str:
    """Return Python code in one line, with double quotes where that is simple."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        inside = ", ".join(f"{_flat(name)}: {_flat(one)}" for name, one in members)
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, cast('Sequence[Any]', value)))}]"
    text = repr(value)
    is_simple = text[:1] == "'" and '"' not in text and "\\'" not in text
    return f'"{text[1:-1]}"' if is_simple else text


def indented(text: str) -> str:
    """Return lines of code, all but the first indented by four blanks."""
    return text.replace("\n", "\n    ")
