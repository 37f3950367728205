"""Declare an API operation once.

`@operation("POST", "/charges", repeat="key")` decorates a function with a typed
signature and a docstring in `resources/`. It holds the operation's wire form, and
builds a `Call` from the arguments of each call.
"""

from __future__ import annotations

import inspect
import re
import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast, get_args

from .call import Call, Repeat
from .declare import Method
from .headers import checked_idempotency_key, new_idempotency_key
from .json_body import encode_body
from .parameters import encoded_id, encoded_query
from .steps import one_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..response import Response
    from .steps import Flow

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_PAGES = "https://developer.amazon.com/docs/"
_REPEATS: frozenset[str] = frozenset(get_args(Repeat))


class Operation(Method[P, R]):
    """An API operation: its wire form, and a method of both clients."""

    def __init__(  # noqa: PLR0913 - one argument for each fact of the declaration
        self,
        declared: Callable[Concatenate[Any, P], R],
        method: str,
        template: str,
        repeat: Repeat,
        *,
        answers: tuple[int, ...],
        page: str,
        empty_answer: bool,
    ) -> None:
        super().__init__(declared)
        if not answers or not page:
            raise TypeError(f"{self.name}: its answers and its page are missing")
        self.answers = answers
        """The statuses of success."""
        self.page = _PAGES + page
        """Amazon's own page about the operation."""
        statuses = " or ".join(str(status) for status in answers)
        self.__doc__ = (
            f"{inspect.cleandoc(declared.__doc__ or '')}\n\n"
            f"Answers: {statuses}.\nAmazon's page: {self.page}"
        )
        self.method = method
        self.template = template
        self.repeat: Repeat = repeat
        self.empty_answer = empty_answer
        self._pieces = tuple(
            (literal, field)
            for literal, field, _, _ in string.Formatter().parse(template)
        )
        self._path = re.compile(
            "".join(
                re.escape(literal) + ("[^/]+" if field else "")
                for literal, field in self._pieces
            )
        )
        parameters = dict(list(self.signature.parameters.items())[1:])
        ids = {field for _, field in self._pieces if field}
        if missing := ids - parameters.keys():
            raise TypeError(
                f"{self.name}: {template!r} names {sorted(missing)}, which"
                " are not parameters"
            )
        if repeat not in _REPEATS:
            raise TypeError(f"{self.name}: {repeat!r} is no repeat class")
        if (method == "POST") is not ("idempotency_key" in parameters):
            raise TypeError(f"{self.name}: a POST, and nothing else, takes a key")
        self.has_body = "body" in parameters
        self.body_optional = (
            self.has_body and parameters["body"].default is not parameters["body"].empty
        )
        """Whether the body may be left out; then `{}` is sent."""
        self._query = {
            name: _camel_case(name)
            for name in parameters
            if name not in ids | {"body", "idempotency_key"}
        }

    @property
    def query_names(self) -> tuple[str, ...]:
        """The wire names of the query's members."""
        return tuple(self._query.values())

    def build(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Return the `Call` for these arguments; nothing is sent.

        Raises:
            TypeError: the arguments do not fit the signature.
            InvalidRequest: an argument cannot be sent.
        """
        given = self.bound(args, kwargs)
        body = None
        if self.has_body:
            value = given["body"]
            body = encode_body({} if value is None else value)
        key = None
        if self.method == "POST":
            key = given["idempotency_key"]
            key = new_idempotency_key() if key is None else checked_idempotency_key(key)
        return Call(
            operation=self.name,
            method=self.method,
            route=self.template,
            path="".join(
                literal + encoded_id(field, given[field]) if field else literal
                for literal, field in self._pieces
            ),
            query=encoded_query({w: given[n] for n, w in self._query.items()}),
            body=body,
            idempotency_key=key,
            repeat=self.repeat,
            empty_answer=self.empty_answer,
        )

    def matches(self, method: str, path: str) -> bool:
        """Return whether an encoded path below the API version is this operation's."""
        return method == self.method and self._path.fullmatch(path) is not None

    def begin(self, client: object, /, *args: Any, **kwargs: Any) -> Flow[R]:  # noqa: ANN401 - typed by __get__
        """Return the flow of one call: a single step."""
        del client
        return one_step(self.build(args, kwargs))

    def _returned(self) -> object:
        return self.signature.return_annotation


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def operation(  # noqa: PLR0913 - one argument for each fact of the declaration
    method: str,
    template: str,
    *,
    repeat: Repeat,
    answers: tuple[int, ...],
    page: str,
    empty_answer: bool = False,
) -> Callable[[Callable[Concatenate[Any, P], R]], Operation[P, R]]:
    """Declare a function as the API operation `method template`.

    `{names}` in the template are parameters of the function. `body` is the JSON body
    and `idempotency_key` the header. Any other parameter is a query member, whose wire
    name is the parameter's name in camel case. `answers` are the statuses of success,
    and `page` is Amazon's page below `https://developer.amazon.com/docs/`.
    """

    def declare(declared: Callable[Concatenate[Any, P], R]) -> Operation[P, R]:
        return Operation(
            declared,
            method,
            template,
            repeat,
            answers=answers,
            page=page,
            empty_answer=empty_answer,
        )

    return declare


def ask(
    operation: Operation[P, Response[T]], *args: P.args, **kwargs: P.kwargs
) -> Flow[Response[T]]:
    """Make one API call from inside a flow, with arguments checked as usual."""
    return cast("Response[T]", (yield operation.build(args, kwargs)))


def with_declared_rules(call: Call, owner: type) -> Call:
    """Return a raw call with the rules of the operation of `owner` at its path, if any.

    If several have the path, the first one counts: Amazon cannot distinguish them
    either. A call without a key of the caller is still not repeated.
    """
    for known in operations_of(owner).values():
        if known.matches(call.method, call.path):
            return replace(
                call,
                declared=known.name,
                repeat=known.repeat if call.repeat == "key" else call.repeat,
                empty_answer=known.empty_answer,
            )
    return call


def operations_of(owner: type) -> dict[str, Operation[..., Any]]:
    """Return the operations that `owner` inherits, by name, in order of declaration."""
    found: dict[str, Operation[..., Any]] = {}
    for base in owner.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, Operation) and name not in found:
                found[name] = value
    return found
