"""Declare an API operation once; each client decides how to run it.

`@operation("POST", "/charges", repeat="key")` stands over a typed signature and a
docstring in `resources/`. The descriptor it makes is blocking on a `Client` and
awaitable on an `AsyncClient`, for type checkers; at run time `Operations` places real
functions on both classes, so that `help()`, `inspect` and `unittest.mock` see what a
user expects.
"""

from __future__ import annotations

import inspect
import os
import re
import string
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    overload,
)

from ._body import encode_body
from ._signing import canonical_query, percent_encode
from .errors import AmazonPayError, InvalidRequest, bare

if TYPE_CHECKING:
    from .response import Response

P = ParamSpec("P")
R = TypeVar("R")

Repeat: TypeAlias = Literal["read", "key", "state", "reference", "once"]
"""What an ambiguous failure of a call allows; see `docs/reliability.md`."""

Body: TypeAlias = Mapping[str, object] | str | bytes
"""A JSON object, or its text already encoded: sent and signed byte for byte."""

Query: TypeAlias = Mapping[str, "str | int | datetime | Sequence[str] | None"]

_REPEATS: frozenset[str] = frozenset(get_args(Repeat))
_KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")
# What the HTTP library sends: RFC 9110, 5.5 and 5.6.2, without text outside ASCII.
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"(?:[!-~]+(?:[ \t]+[!-~]+)*)?")
_LONGEST_TARGET = 60_000
"""The HTTP library refuses a URL of 65,536 characters."""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as the caller meant it, before any attempt is signed."""

    operation: str
    method: str
    route: str
    """The path template, safe to log."""
    path: str = field(repr=False)
    """The path below the API version, encoded."""
    query: str = field(repr=False)
    body: bytes | None = field(repr=False)
    idempotency_key: str | None = field(repr=False)
    repeat: Repeat
    empty_answer: bool = False
    """Whether a 2xx without a body is a whole answer."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if len(self.path) + len(self.query) > _LONGEST_TARGET:
            raise InvalidRequest(
                f"path and query have more than {_LONGEST_TARGET} characters"
            )


class SyncCaller(Protocol):
    """What an operation needs of a blocking client."""

    def send(self, call: Call, /) -> Response[Any]:
        """Run one call."""
        ...


class AsyncCaller(Protocol):
    """What an operation needs of an awaiting client."""

    def send(self, call: Call, /) -> Coroutine[Any, Any, Response[Any]]:
        """Run one call."""
        ...


def new_idempotency_key() -> str:
    """Make a random key of 32 characters, as Amazon recommends."""
    return os.urandom(16).hex()


def checked_idempotency_key(key: object) -> str:
    """Return `key`, or refuse what Amazon would: 1 to 32 of `A-Z a-z 0-9 - _`."""
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise InvalidRequest(
            "idempotency_key must be 1 to 32 characters of A-Z a-z 0-9 - _"
            " (a UUID fits without its dashes: uuid4().hex)"
        )
    return key


def checked_headers(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Copy `headers`, names in lower case; refuse what could split a request."""
    checked: list[tuple[str, str]] = []
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:
            raise InvalidRequest("a header name is made of letters, digits and dashes")
        if not isinstance(value, str) or _HEADER_VALUE.fullmatch(value) is None:
            raise InvalidRequest(
                f"header {name!r} must be visible ASCII, with blanks only inside"
            )
        checked.append((name.lower(), value))
    return tuple(checked)


def encoded_id(name: str, value: object) -> str:
    """Percent-encode one path member; refuse what would name another resource."""
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip("."):
        raise InvalidRequest(f"{name} must not be empty or made of dots")
    try:
        return percent_encode(value)
    except InvalidRequest:
        problem = f"{name} holds half a surrogate pair, which has no UTF-8"
    raise InvalidRequest(problem)  # without the value, which the other error holds


def _wire_value(name: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case datetime():
            if value.tzinfo is None:
                raise InvalidRequest(
                    f"{name} needs a time zone: pass an aware datetime"
                )
            return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        case Sequence():
            # Samples join a list with commas (`amazon-pay-api-v2/reports.html`).
            items = cast("Sequence[object]", value)
            return ",".join(_wire_value(name, item) for item in items)
        case _:
            raise InvalidRequest(
                f"{name} must be a str, an int, a datetime or a list of str,"
                f" not {type(value).__name__}"
            )


def encoded_query(query: Mapping[str, object] | None) -> str:
    """Write a query once, in canonical order: the text signed is the text sent."""
    try:
        return canonical_query(
            (name, _wire_value(name, value))
            for name, value in (query or {}).items()
            if value is not None
        )
    except UnicodeEncodeError:
        raise InvalidRequest("the query holds a lone surrogate") from None


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Operation(Generic[P, R]):
    """An API operation: its wire form, and a method of both clients."""

    def __init__(
        self,
        declared: Callable[Concatenate[Any, P], R],
        method: str,
        template: str,
        repeat: Repeat,
        *,
        empty_answer: bool,
    ) -> None:
        self.__doc__ = declared.__doc__
        self.__wrapped__ = declared
        self.name = declared.__name__
        self.declared = declared
        self.method = method
        self.template = template
        self.repeat: Repeat = repeat
        self.empty_answer = empty_answer
        self.signature = inspect.signature(declared)
        parameters = list(self.signature.parameters.values())[1:]
        self._names = tuple(p.name for p in parameters)
        self._known = frozenset(self._names)
        self._required = frozenset(p.name for p in parameters if p.default is p.empty)
        self._positional = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        pieces = list(string.Formatter().parse(template))
        self._pieces = tuple((literal, field) for literal, field, _, _ in pieces)
        ids = {field for _, field in self._pieces if field}
        if missing := ids - self._known:
            raise TypeError(
                f"{self.name}: {template!r} names {sorted(missing)}, which"
                " are not parameters"
            )
        if repeat not in _REPEATS:
            raise TypeError(f"{self.name}: {repeat!r} is no repeat class")
        if (method == "POST") is not ("idempotency_key" in self._known):
            raise TypeError(f"{self.name}: a POST, and nothing else, takes a key")
        self._query = {
            name: _camel_case(name)
            for name in self._names
            if name not in ids | {"body", "idempotency_key"}
        }

    @property
    def query_names(self) -> tuple[str, ...]:
        """The query's members, by their wire names."""
        return tuple(self._query.values())

    @property
    def body_optional(self) -> bool:
        """Whether the body may be left out; `{}` is sent then."""
        return "body" in self._known - self._required

    def build(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Turn arguments into a `Call`; refuse bad ones before anything is sent."""
        given: dict[str, Any] = dict(zip(self._names, args, strict=False))
        given.update(kwargs)
        if (
            len(args) > self._positional
            or len(given) != len(args) + len(kwargs)
            or not self._required <= given.keys()
            or not self._known >= given.keys()
        ):
            self._explain(args, kwargs)
        path = "".join(
            literal + encoded_id(field, given[field]) if field else literal
            for literal, field in self._pieces
        )
        body: bytes | None = None
        if "body" in self._known:
            value = given.get("body")
            body = encode_body({} if value is None else value)
        key: str | None = None
        if self.method == "POST":
            key = given.get("idempotency_key")
            key = new_idempotency_key() if key is None else checked_idempotency_key(key)
        query = (
            encoded_query({w: given.get(name) for name, w in self._query.items()})
            if self._query
            else ""
        )
        return Call(
            self.name,
            self.method,
            self.template,
            path,
            query,
            body,
            key,
            self.repeat,
            self.empty_answer,
        )

    def _explain(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        try:
            self.signature.bind(None, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}") from None

    def placed_on(self, owner: type) -> Callable[..., Any]:
        """Make the method that `owner` shows: `async def` where its `send` is one."""

        def blocking(self: SyncCaller, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typed by __get__
            handled = sys.exception()
            try:
                call = build(args, kwargs)
            except (AmazonPayError, TypeError) as error:
                failure = bare(error, handled)
            else:
                args, kwargs = (), {}
                try:
                    return self.send(call)
                except AmazonPayError as error:
                    failure = bare(error, handled)
            # An error tracker shows this frame's variables.
            del args, kwargs
            raise failure

        async def awaitable(self: AsyncCaller, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typed by __get__
            handled = sys.exception()
            try:
                call = build(args, kwargs)
            except (AmazonPayError, TypeError) as error:
                failure = bare(error, handled)
            else:
                args, kwargs = (), {}
                try:
                    return await self.send(call)
                except AmazonPayError as error:
                    failure = bare(error, handled)
            # An error tracker shows this frame's variables.
            del args, kwargs
            raise failure

        build = self.build
        is_async = inspect.iscoroutinefunction(owner.send)  # type: ignore[attr-defined] # Operations' contract
        function: Any = awaitable if is_async else blocking
        function.__name__ = self.name
        function.__qualname__ = f"{owner.__qualname__}.{self.name}"
        function.__doc__ = self.__doc__
        function.__module__ = owner.__module__
        function.__signature__ = self.signature
        function.__operation__ = self
        return function  # type: ignore[no-any-return] # one of the two above

    @overload
    def __get__(self, instance: None, owner: type) -> Operation[P, R]: ...
    @overload
    def __get__(
        self, instance: AsyncCaller, owner: type
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, instance: SyncCaller, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Be itself: what clients show is placed on them by `Operations`."""
        return self


def operation(
    method: str, template: str, *, repeat: Repeat, empty_answer: bool = False
) -> Callable[[Callable[Concatenate[Any, P], R]], Operation[P, R]]:
    """Declare the function below as the API operation `method template`.

    `{names}` in the template are parameters of the function; `body` is the JSON body
    and `idempotency_key` the header; any other parameter is a query member, its name
    turned to camel case.
    """

    def declare(declared: Callable[Concatenate[Any, P], R]) -> Operation[P, R]:
        return Operation(declared, method, template, repeat, empty_answer=empty_answer)

    return declare


def operations_of(owner: type) -> dict[str, Operation[..., Any]]:
    """List the operations that `owner` inherits, by name, in order of declaration."""
    found: dict[str, Operation[..., Any]] = {}
    for base in owner.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, Operation) and name not in found:
                found[name] = value
    return found
