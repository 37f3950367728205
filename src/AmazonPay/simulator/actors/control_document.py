"""The control calls in the OpenAPI document."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ..wire import openapi
from .control_api import ACTIONS, PATH, REQUIRED
from .control_guard import TOKEN_HEADER
from .world_api import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .control_routes import Route

_TYPES: Final = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
}
_ERROR: Final = {"$ref": "#/components/schemas/Error"}
_JSON: Final = "application/json"


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the API and of the control calls."""
    made = openapi.document()
    paths = dict(made["paths"])
    for (method, noun), route in ROUTES.items():
        _add(paths, f"{PATH}{noun}", method, _of_route(noun, route, method))
    for (noun, act), members in ACTIONS.items():
        path = f"{PATH}{noun}" + (f"/{{id}}/{act}" if act else "")
        types = {name: kind for name, (_, kind) in members.items()}
        verb = re.sub(r"(?<!^)(?=[A-Z])", " ", act).lower() if act else "add to"
        call = _call(
            f"{noun}_{act or 'new'}",
            f"{verb.capitalize()}: {noun}",
            body=_object(types, REQUIRED.get(noun, ())),
        )
        if act:
            call["parameters"] = [_parameter("id", str, "path", required=True)]
        _add(paths, path, "POST", call)
    components = dict(made["components"])
    components["securitySchemes"] = {
        **components["securitySchemes"],
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": TOKEN_HEADER,
            "description": "For calls from a page; the simulator prints it.",
        },
    }
    return {**made, "paths": paths, "components": components}


def _add(paths: dict[str, Any], path: str, method: str, call: dict[str, Any]) -> None:
    # They stand beside the versions of the API, not below them.
    item = paths.setdefault(path, {"servers": [{"url": "/"}]})
    item[method.lower()] = call


def _of_route(noun: str, route: Route, method: str) -> dict[str, Any]:
    name = f"{method.lower()}_{noun}"
    if method == "GET":
        call = _call(name, route.summary, answers=route.answers)
        call["parameters"] = [
            _parameter(one, kind, "query", required=one in route.required)
            for one, kind in route.members.items()
        ]
        return call
    body = {"type": "object"} if route.takes_world else None
    return _call(
        name, route.summary, body=body or _object(route.members, route.required)
    )


def _call(
    name: str,
    summary: str,
    *,
    body: dict[str, Any] | None = None,
    answers: str = _JSON,
) -> dict[str, Any]:
    schema = {"type": "object" if answers == _JSON else "string"}
    call: dict[str, Any] = {
        "operationId": f"simulator_{name}",
        "summary": summary,
        "tags": ["simulator"],
        "security": [{}, {"token": []}],
        "responses": {
            "200": {
                "description": "Success",
                "content": {answers: {"schema": schema}},
            },
            "4XX": {"description": "Refused", "content": {_JSON: {"schema": _ERROR}}},
        },
    }
    if body is not None:
        call["requestBody"] = {"content": {_JSON: {"schema": body}}}
    return call


def _object(members: Mapping[str, type], required: Iterable[str]) -> dict[str, Any]:
    named = {name: {"type": _TYPES[kind]} for name, kind in members.items()}
    made: dict[str, Any] = {
        "type": "object",
        "properties": named,
        "additionalProperties": False,
    }
    return made | ({"required": list(required)} if required else {})


def _parameter(
    name: str, kind: type, place: str, *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": required,
        "schema": {"type": _TYPES[kind]},
    }
