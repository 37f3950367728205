"""Build the call of `client.request`, which has no declaration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._signing.canonical import canonical_path
from ..errors import InvalidRequest
from .call import Call
from .headers import (
    IDEMPOTENCY_KEY,
    callers_headers,
    checked_idempotency_key,
    new_idempotency_key,
)
from .json_body import encode_body
from .parameters import encoded_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import Body, Repeat
    from .config import Environment
    from .parameters import Query


def raw_call(  # noqa: PLR0913 - the parameters of `client.request`
    method: str,
    path: str,
    body: Body | None,
    query: Query | None,
    headers: Mapping[str, str] | None,
    idempotency_key: str | None,
    environment: Environment,
) -> Call:
    """Return the call of any method and path; nothing is sent.

    Raises:
        InvalidRequest: an argument cannot be sent.
    """
    if not isinstance(method, str) or re.fullmatch(r"[A-Za-z]+", method) is None:
        raise InvalidRequest("method must be an HTTP method, such as POST")
    method = method.upper()
    given = dict(callers_headers(headers, environment))
    named = given.pop(IDEMPOTENCY_KEY, None)
    key = idempotency_key if idempotency_key is not None else named
    if key is not None:
        key = checked_idempotency_key(key)
    repeat: Repeat = "once"
    if method == "GET":
        repeat = "read"
    elif method == "POST" and key is not None:
        repeat = "key"
    if method == "POST" and key is None:
        key = new_idempotency_key()
    return Call(
        operation="request",
        method=method,
        route="(request)",
        path=_checked_path(path),
        query=encoded_query(query),
        body=None if body is None else encode_body(body),
        idempotency_key=key,
        repeat=repeat,
        empty_answer=True,
        headers=tuple(given.items()),
    )


def _checked_path(path: str) -> str:
    segments = path.split("/") if isinstance(path, str) else []
    if (
        segments[:1] != [""]
        or not segments[1:]
        or any(not segment.strip(".") for segment in segments[1:])
        or re.search(r"[?#\\\x00-\x20\x7f]", path)
    ):
        raise InvalidRequest(
            "path starts below the API version, as in /charges/…, without query, blank,"
            " empty or dot-only parts; pass the query as query="
        )
    return canonical_path(path)
