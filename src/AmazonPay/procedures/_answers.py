"""Return members of an answer that a procedure needs, or raise `InvalidResponse`.

A member of an answer may be missing or have another type, because a later version of
the API, a gateway or an attacker wrote it. Procedures check each member before use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._core.operation import ask
from .._core.parameters import encoded_id
from ..errors import InvalidRequest, InvalidResponse

if TYPE_CHECKING:
    from .._core.operation import Operation
    from .._core.steps import Flow
    from ..response import Response

T = TypeVar("T")

_LONGEST_ID = 1024


def object_of(response: Response[T]) -> T:
    """Return the JSON object of a successful answer.

    Raises:
        APIError: the answer is no success.
        InvalidResponse: its body is no JSON object.
    """
    found = response.raise_for_status().json()
    if not isinstance(found, dict):
        raise InvalidResponse(response, "is no JSON object")
    return cast("T", found)


def get_object(
    operation: Operation[[str], Response[T]], object_id: str, id_name: str
) -> Flow[Response[T]]:
    """Get an object by its id; return the answer, which may be an error.

    Raises:
        InvalidResponse: the answer is about an object with another id.
    """
    response = yield from ask(operation, object_id)
    if response.ok:
        found = member(object_of(response), id_name)
        if found is not None and found != object_id:
            raise InvalidResponse(response, f"has another {id_name} than was asked for")
    return response


def text_of(response: Response[Any], *path: str) -> str:
    """Return a text member of a success: `text_of(answer, "statusDetails", "state")`.

    Raises:
        APIError: the answer is no success.
        InvalidResponse: the member is missing, empty or no text.
    """
    found = member(object_of(response), *path)
    if not isinstance(found, str) or not found:
        raise InvalidResponse(response, f"has no text as {'.'.join(path)}")
    return found


def id_of(response: Response[Any], name: str) -> str:
    """Return a member of a success that can be an id in a path.

    Raises:
        APIError: the answer is no success.
        InvalidResponse: the member is missing or cannot be an id: it is no text,
            consists of dots, has a lone surrogate or more than 1,024 characters.
    """
    found = text_of(response, name)
    try:
        encoded_id(name, found)
    except InvalidRequest:
        found = ""
    if not 0 < len(found) <= _LONGEST_ID:
        raise InvalidResponse(response, f"has no id as {name}")
    return found


def objects_of(response: Response[Any], name: str) -> list[Any]:
    """Return a member of a success that is a list of JSON objects.

    Raises:
        APIError: the answer is no success.
        InvalidResponse: the member is missing, no list, or has what is no object.
    """
    found = member(object_of(response), name)
    if not isinstance(found, list):
        raise InvalidResponse(response, f"has no list as {name}")
    listed = cast("list[object]", found)
    if not all(isinstance(one, dict) for one in listed):
        raise InvalidResponse(response, f"has what is no object in {name}")
    return [*listed]


def member(value: object, *path: str) -> object:
    """Return a nested member, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, object]", value).get(name)
    return value
