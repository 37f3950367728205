"""Procedures: several calls that belong together, written once for both clients.

A procedure is a generator. It yields steps (a `Call`, a `Wait`, a `Transfer`, `Now`,
`Blocking` work) and is sent what came of each; an error of a step is raised inside it.
So it is plain data in, plain data out: tests play it without a client, a clock or a
network.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
)
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

from ._config import checked_procedure_deadline
from ._exchange import Wait
from ._operation import Call, Operation
from .errors import AmazonPayError, bare

if TYPE_CHECKING:
    from pathlib import Path

    from .response import Response

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Now:
    """Tell the monotonic clock, in seconds."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move a file to or from a pre-signed link: no signature, no redirect."""

    method: str
    url: str = field(repr=False)
    content_type: str | None = None
    source: Path | None = None
    """What to send."""
    target: Path | None = None
    """Where to write the file; nothing is left there on failure."""
    seconds: float = field(default=0.0, compare=False)
    """How long it may take, where that is longer than the client's own deadline."""


@dataclass(frozen=True, slots=True)
class Blocking:
    """Do work of the caller's that blocks, such as a write to his database.

    A blocking client does it in place, an awaiting one in a worker thread, where it
    runs to its end even if the task is cancelled.
    """

    work: Callable[[], object]


Step: TypeAlias = Call | Wait | Now | Transfer | Blocking
Flow: TypeAlias = Generator[Step, Any, R]
"""A procedure under way: it ends with an `R`."""


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One element of an iteration, handed to the caller."""

    value: T = field(repr=False)


Pages: TypeAlias = Generator[Step | Item[T], Any, None]
"""An iteration under way: it yields many a `T`."""


class SyncPerformer(Protocol):
    """What a procedure needs of a blocking client."""

    def perform(self, step: Step, /) -> object:
        """Do one step."""
        ...


class SyncClient(SyncPerformer, Protocol):
    """What a method that is a procedure needs of a blocking client."""

    def within(self, seconds: float, /) -> SyncPerformer:
        """Make a performer that has so many seconds."""
        ...


class AsyncPerformer(Protocol):
    """What a procedure needs of an awaiting client."""

    def perform(self, step: Step, /) -> Coroutine[Any, Any, object]:
        """Do one step."""
        ...


class AsyncClient(AsyncPerformer, Protocol):
    """What a method that is a procedure needs of an awaiting client."""

    def within(self, seconds: float, /) -> AsyncPerformer:
        """Make a performer that has so many seconds."""
        ...


def ask(
    operation: Operation[P, Response[T]], *args: P.args, **kwargs: P.kwargs
) -> Flow[Response[T]]:
    """Make one API call from inside a procedure, checked like the method itself."""
    return cast("Response[T]", (yield operation.build(args, kwargs)))


def now() -> Flow[float]:
    """Read the clock from inside a procedure."""
    return cast("float", (yield Now()))


class _Declared(Generic[P, R]):
    """What procedures and iterations share: a declaration, shown on both clients."""

    def __init__(self, declared: Callable[Concatenate[Any, P], Any]) -> None:
        self.__doc__ = declared.__doc__
        self.__wrapped__ = declared
        self.name = declared.__name__
        self.declared = declared
        self.signature = inspect.signature(declared)

    def _deadline(self, kwargs: Mapping[str, Any]) -> float | None:
        """Return the seconds that a call of this may take; None if it sets no limit."""
        parameter = self.signature.parameters.get("deadline")
        if parameter is None:
            return None
        return checked_procedure_deadline(kwargs.get("deadline", parameter.default))

    def _dressed(self, function: Any, owner: type, returned: str) -> Callable[..., Any]:  # noqa: ANN401 - one of the functions below
        inner = (
            str(self.signature.return_annotation).partition("[")[2].removesuffix("]")
        )
        annotation = returned.format(inner) if returned else inner
        function.__name__ = self.name
        function.__qualname__ = f"{owner.__qualname__}.{self.name}"
        function.__doc__ = self.__doc__
        function.__module__ = owner.__module__
        function.__signature__ = self.signature.replace(return_annotation=annotation)
        return cast("Callable[..., Any]", function)


class Procedure(_Declared[P, R]):
    """A method that makes several calls and returns once."""

    def placed_on(self, owner: Any) -> Callable[..., Any]:  # noqa: ANN401 - either client
        """Make the method that `owner` shows: `async def` where it awaits."""
        declared, deadline_of = self.declared, self._deadline

        # An error tracker shows each frame's variables: an error leaves from one that
        # has let go of the caller's values.
        def blocking(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> R:
            handled = sys.exception()
            try:
                flow: Flow[R] = declared(self, *args, **kwargs)
                deadline = deadline_of(kwargs)
                return run(flow, self if deadline is None else self.within(deadline))
            except AmazonPayError as error:
                failure = bare(error, handled)
            del args, kwargs
            raise failure

        async def awaitable(
            self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
        ) -> R:
            handled = sys.exception()
            try:
                flow: Flow[R] = declared(self, *args, **kwargs)
                deadline = deadline_of(kwargs)
                return await arun(
                    flow, self if deadline is None else self.within(deadline)
                )
            except AmazonPayError as error:
                failure = bare(error, handled)
            del args, kwargs
            raise failure

        awaits = inspect.iscoroutinefunction(owner.perform)
        return self._dressed(awaitable if awaits else blocking, owner, "")

    @overload
    def __get__(self, instance: None, owner: type) -> Procedure[P, R]: ...
    @overload
    def __get__(
        self, instance: AsyncPerformer, owner: type
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, instance: SyncPerformer, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Be itself: what clients show is placed on them."""
        return self


class Iteration(_Declared[P, T]):
    """A method that pages: it yields elements and asks for more as they are used."""

    def placed_on(self, owner: Any) -> Callable[..., Any]:  # noqa: ANN401 - either client
        """Make the method that `owner` shows: an async generator where it awaits."""
        declared, deadline_of = self.declared, self._deadline

        def blocking(
            self: SyncClient, /, *args: P.args, **kwargs: P.kwargs
        ) -> Iterator[T]:
            pages: Pages[T] = declared(self, *args, **kwargs)
            deadline = deadline_of(kwargs)
            return iterate(pages, self if deadline is None else self.within(deadline))

        def awaitable(
            self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
        ) -> AsyncIterator[T]:
            pages: Pages[T] = declared(self, *args, **kwargs)
            deadline = deadline_of(kwargs)
            return aiterate(pages, self if deadline is None else self.within(deadline))

        if inspect.iscoroutinefunction(owner.perform):
            return self._dressed(awaitable, owner, "AsyncIterator[{}]")
        return self._dressed(blocking, owner, "Iterator[{}]")

    @overload
    def __get__(self, instance: None, owner: type) -> Iteration[P, T]: ...
    @overload
    def __get__(
        self, instance: AsyncPerformer, owner: type
    ) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(
        self, instance: SyncPerformer, owner: type
    ) -> Callable[P, Iterator[T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Be itself: what clients show is placed on them."""
        return self


def procedure(declared: Callable[Concatenate[Any, P], Flow[R]]) -> Procedure[P, R]:
    """Declare the generator below as a method of both clients."""
    return Procedure(declared)


def iteration(declared: Callable[Concatenate[Any, P], Pages[T]]) -> Iteration[P, T]:
    """Declare the generator below as an iterator of both clients."""
    return Iteration(declared)


def run(flow: Flow[R], performer: SyncPerformer) -> R:
    """Drive a procedure to its end, blocking."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = performer.perform(step)
            except AmazonPayError as error:
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as stop:
        return cast("R", stop.value)
    finally:
        flow.close()


async def arun(flow: Flow[R], performer: AsyncPerformer) -> R:
    """Drive a procedure to its end, awaiting."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = await performer.perform(step)
            except AmazonPayError as error:
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as stop:
        return cast("R", stop.value)
    finally:
        flow.close()


def iterate(pages: Pages[T], performer: SyncPerformer) -> Iterator[T]:
    """Drive an iteration as far as it is used, blocking."""
    handled = sys.exception()
    try:
        step = next(pages)
        while True:
            if isinstance(step, Item):
                yield step.value
                handled = sys.exception()
                step = pages.send(None)
                continue
            try:
                outcome = performer.perform(step)
            except AmazonPayError as error:
                step = pages.throw(error)
            else:
                step = pages.send(outcome)
    except StopIteration:
        return
    except AmazonPayError as error:
        failure = bare(error, handled)
    finally:
        pages.close()
    raise failure


async def aiterate(pages: Pages[T], performer: AsyncPerformer) -> AsyncIterator[T]:
    """Drive an iteration as far as it is used, awaiting."""
    handled = sys.exception()
    try:
        step = next(pages)
        while True:
            if isinstance(step, Item):
                yield step.value
                handled = sys.exception()
                step = pages.send(None)
                continue
            try:
                outcome = await performer.perform(step)
            except AmazonPayError as error:
                step = pages.throw(error)
            else:
                step = pages.send(outcome)
    except StopIteration:
        return
    except AmazonPayError as error:
        failure = bare(error, handled)
    finally:
        pages.close()
    raise failure
