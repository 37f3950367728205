"""Declare a method once, for both clients.

`@operation`, `@procedure` and `@iteration` decorate a function with a typed signature
and a docstring. For type checkers, they return a descriptor that is blocking on a
`Client` and awaitable on an `AsyncClient`. At run time, `Declarations` places ordinary
functions on both classes, so that `help()`, `inspect` and `unittest.mock` work.
"""

from __future__ import annotations

import ast
import inspect
import sys
from abc import ABC, abstractmethod
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)

from ..errors import AmazonPayError
from .config import checked_procedure_deadline
from .run import AsyncPerformer, Performer, aiterate, arun, iterate, run
from .tracebacks import without_values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from .steps import Flow, Pages

_REFUSALS = (AmazonPayError, TypeError)
"""The errors by which a method refuses its arguments, before a flow begins."""

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Declared(ABC, Generic[P, R]):
    """A method, declared once for `Client` and `AsyncClient`.

    It holds the signature, the docstring, and the flow that a call of it runs.
    """

    def __init__(self, declared: Callable[Concatenate[Any, P], Any]) -> None:
        self.__doc__ = declared.__doc__
        self.__wrapped__ = declared
        self.name = declared.__name__
        self.declared = declared
        self.signature = inspect.signature(declared)

    def bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name, defaults included.

        Raises:
            TypeError: the arguments do not fit the signature.
        """
        try:
            given = self.signature.bind(None, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}") from None
        given.apply_defaults()
        _, *arguments = given.arguments.items()
        return dict(arguments)

    def begin(self, client: object, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - returns a Flow, or Pages
        """Return the flow of one call of this method.

        Raises:
            TypeError: the arguments do not fit the signature.
            AmazonPayError: an argument cannot be sent.
        """
        return self.declared(client, *args, **kwargs)

    def _within(self, client: Any, kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a client, or a view of it
        """Return the client, or a view of it that ends at the method's `deadline`."""
        parameter = self.signature.parameters.get("deadline")
        if parameter is None:
            return client
        given = kwargs.get("deadline", parameter.default)
        return client.within(checked_procedure_deadline(given))

    def placed_on(self, owner: type) -> Callable[..., Any]:
        """Return the function for the class `owner`; it is async if `perform` is."""
        awaits = inspect.iscoroutinefunction(getattr(owner, "perform", None))
        function, returned = self._function(awaits=awaits)
        shown: Any = function
        shown.__name__ = self.name
        shown.__qualname__ = f"{owner.__qualname__}.{self.name}"
        shown.__doc__ = self.__doc__
        shown.__module__ = owner.__module__
        shown.__signature__ = self.signature.replace(return_annotation=returned)
        return function

    @abstractmethod
    def _function(self, *, awaits: bool) -> tuple[Callable[..., Any], object]:
        """Return a function that runs the flow, and its return annotation."""


class Method(Declared[P, R]):
    """A declared method that returns one result; an `Iteration` yields items."""

    def _function(self, *, awaits: bool) -> tuple[Callable[..., Any], object]:
        begin, within = self.begin, self._within

        # Error trackers show the variables of each frame. So an error is raised from a
        # frame that no longer holds the caller's arguments.
        def blocking(self: Performer, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typed by __get__
            handled = sys.exception()
            failure: BaseException
            try:
                flow = begin(self, *args, **kwargs)
                client = within(self, kwargs)
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = without_values(error, handled, _REFUSALS)
            else:
                args, kwargs = (), {}
                try:
                    return run(flow, client)
                except BaseException as error:  # noqa: BLE001 - raised below
                    failure = without_values(error, handled)
            del args, kwargs
            raise failure

        async def awaiting(self: AsyncPerformer, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typed by __get__
            handled = sys.exception()
            failure: BaseException
            try:
                flow = begin(self, *args, **kwargs)
                client = within(self, kwargs)
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = without_values(error, handled, _REFUSALS)
            else:
                args, kwargs = (), {}
                try:
                    return await arun(flow, client)
                except BaseException as error:  # noqa: BLE001 - raised below
                    failure = without_values(error, handled)
            del args, kwargs
            raise failure

        return awaiting if awaits else blocking, self._returned()

    def _returned(self) -> object:
        return _result_of(self.signature.return_annotation)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self, instance: AsyncPerformer, owner: type
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, instance: Performer, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Return the declaration; on a client, the placed function replaces it."""
        return self


class Iteration(Declared[P, T]):
    """A method that returns an iterator, which makes calls as it is used."""

    def _function(self, *, awaits: bool) -> tuple[Callable[..., Any], object]:
        begin, within = self.begin, self._within

        def blocking(self: Performer, /, *args: Any, **kwargs: Any) -> Iterator[T]:  # noqa: ANN401 - typed by __get__
            return iterate(begin(self, *args, **kwargs), within(self, kwargs))

        def awaiting(
            self: AsyncPerformer,
            /,
            *args: Any,  # noqa: ANN401 - typed by __get__
            **kwargs: Any,  # noqa: ANN401 - typed by __get__
        ) -> AsyncIterator[T]:
            return aiterate(begin(self, *args, **kwargs), within(self, kwargs))

        element = _result_of(self.signature.return_annotation)
        if awaits:
            return awaiting, f"AsyncIterator[{element}]"
        return blocking, f"Iterator[{element}]"

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self, instance: AsyncPerformer, owner: type
    ) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, instance: Performer, owner: type) -> Callable[P, Iterator[T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Return the declaration; on a client, the placed function replaces it."""
        return self


def _result_of(annotation: str) -> str:
    """Return the `R` of an annotation `Flow[R]`, and the `T` of `Pages[T]`."""
    parsed = ast.parse(annotation, mode="eval").body
    if not isinstance(parsed, ast.Subscript):
        raise TypeError(f"a flow is annotated as Flow[…] or Pages[…], not {annotation}")
    return ast.unparse(parsed.slice)


def procedure(declared: Callable[Concatenate[Any, P], Flow[R]]) -> Method[P, R]:
    """Declare a function that returns a flow as a method of both clients."""
    return Method(declared)


def iteration(declared: Callable[Concatenate[Any, P], Pages[T]]) -> Iteration[P, T]:
    """Declare a generator as a method of both clients that returns an iterator."""
    return Iteration(declared)


class Declarations:
    """Base of the classes that hold declarations.

    A subclass with a method `perform` gets the functions: async ones if `perform` is a
    coroutine function, else blocking ones.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Set a function on `cls` for each declaration that it inherits."""
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "perform"):
            return
        for base in cls.__mro__:
            for name, declared in vars(base).items():
                if isinstance(declared, Declared) and getattr(cls, name) is declared:
                    setattr(cls, name, declared.placed_on(cls))
