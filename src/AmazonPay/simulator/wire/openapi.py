"""The OpenAPI document of the simulator, made from the SDK's declarations."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from pydantic import TypeAdapter
from typing_extensions import TypedDict, is_typeddict

from ..._core.operation import operations_of
from ...resources import Operations
from . import queries
from .bodies import body_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.json_schema import JsonSchemaMode

    from ..._core.operation import Operation

_REFERENCE = "#/components/schemas/{model}"

_KEY = {
    "name": "x-amz-pay-idempotency-key",
    "in": "header",
    "required": True,
    "description": "1 to 32 characters; the same key and request, the same answer.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"},
}
_DATE = {
    "name": "x-amz-pay-date",
    "in": "header",
    "required": True,
    "description": "UTC, not in the future: `20260101T120000Z`.",
    "schema": {"type": "string", "pattern": r"^[0-9]{8}T[0-9]{6}Z$"},
}


class Error(TypedDict):
    """An error; branch on `reasonCode`, never on `message`."""

    reasonCode: str
    message: str


def _answer_type(operation: Operation[..., Any]) -> type | None:
    """Return the type of an operation's response; None if its body is empty."""
    (answer,) = get_args(get_type_hints(operation.declared)["return"])
    return answer if is_typeddict(answer) else None


def _content(types: Iterable[type]) -> dict[str, Any]:
    """Return the `content` of a body or a response: JSON of one of these types."""
    schemas = [
        {"$ref": _REFERENCE.format(model=type_.__name__)}
        for type_ in dict.fromkeys(types)
    ]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"application/json": {"schema": schema}}


def _query(parameter: queries.Parameter) -> dict[str, Any]:
    described = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": parameter.type.json_schema(),
    }
    # Lists are joined by commas.
    return described | ({"explode": False} if parameter.is_list else {})


def _parameters(operation: Operation[..., Any]) -> list[dict[str, Any]]:
    listed = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", operation.template)
    ]
    listed += map(_query, queries.parameters(operation.name).values())
    return [*listed, _DATE, *([_KEY] if operation.method == "POST" else [])]


def _endpoint(operations: list[Operation[..., Any]]) -> dict[str, Any]:
    first = operations[0]
    bodies = [body for one in operations if (body := body_type(one.name))]
    responses: dict[str, Any] = {}
    for status in dict.fromkeys(s for one in operations for s in map(str, one.answers)):
        answers = [
            answer
            for one in operations
            if int(status) in one.answers and (answer := _answer_type(one))
        ]
        responses[status] = {"description": "Success"}
        if answers and not all(one.empty_answer for one in operations):
            responses[status]["content"] = _content(answers)
    responses["4XX"] = {"description": "Refused", "content": _content([Error])}
    endpoint: dict[str, Any] = {
        "operationId": "_or_".join(one.name for one in operations),
        "summary": (first.__doc__ or "").partition("\n")[0],
        "tags": [first.declared.__module__.rpartition(".")[2]],
        "parameters": _parameters(first),
        "responses": responses,
    }
    if bodies:
        endpoint["requestBody"] = {
            "required": not first.body_optional,
            "content": _content(bodies),
        }
    return endpoint


def _schemas(operations: Iterable[Operation[..., Any]]) -> dict[str, Any]:
    mode: JsonSchemaMode = "validation"
    types: set[type] = {Error}
    for operation in operations:
        types.update(filter(None, (body_type(operation.name), _answer_type(operation))))
    _, definitions = TypeAdapter.json_schemas(
        [(type_.__name__, mode, TypeAdapter(type_)) for type_ in types],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return dict(sorted(schemas.items()))


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, with one endpoint for each method and path."""
    operations = list(operations_of(Operations).values())
    paths: dict[str, dict[str, list[Operation[..., Any]]]] = {}
    for operation in operations:
        methods = paths.setdefault(operation.template, {})
        methods.setdefault(operation.method.lower(), []).append(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Amazon Pay API v2, as this simulator answers it",
            "version": version("AmazonPayClient"),
            "description": "Made from the declarations of the SDK; not by Amazon.",
        },
        "servers": [{"url": "/v2"}],
        "security": [{"signature": []}],
        "paths": {
            path: {method: _endpoint(named) for method, named in methods.items()}
            for path, methods in paths.items()
        },
        "components": {
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "authorization",
                    "description": "AMZN-PAY-RSASSA-PSS PublicKeyId=…,"
                    " SignedHeaders=…, Signature=…",
                }
            },
            "schemas": _schemas(operations),
        },
    }
