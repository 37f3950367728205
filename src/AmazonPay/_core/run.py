"""The drivers: run a flow to its end, blocking or awaiting.

An exception of a step is raised inside the flow. If the flow does not handle it, as
with a cancellation, it propagates at once and unchanged.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from .steps import Item
from .tracebacks import without_values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from .steps import Flow, Pages, Step

R = TypeVar("R")
T = TypeVar("T")


class Performer(Protocol):
    """What a driver needs of a blocking client."""

    def perform(self, step: Step, /) -> object:
        """Do one step, and return its result."""
        ...


class AsyncPerformer(Protocol):
    """What a driver needs of an awaiting client."""

    def perform(self, step: Step, /) -> Coroutine[Any, Any, object]:
        """Do one step, and return its result."""
        ...


def run(flow: Flow[R], client: Performer) -> R:
    """Run a flow to its end, blocking."""
    try:
        step = next(flow)
        while True:
            try:
                result = client.perform(step)
            except BaseException as error:  # noqa: BLE001 - the flow handles or re-raises it
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as stop:
        return cast("R", stop.value)
    finally:
        flow.close()


async def arun(flow: Flow[R], client: AsyncPerformer) -> R:
    """Run a flow to its end, awaiting."""
    try:
        step = next(flow)
        while True:
            try:
                result = await client.perform(step)
            except BaseException as error:  # noqa: BLE001 - the flow handles or re-raises it
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as stop:
        return cast("R", stop.value)
    finally:
        flow.close()


def iterate(pages: Pages[T], client: Performer) -> Iterator[T]:
    """Yield the elements of an iteration as the caller uses them, blocking."""
    handled = sys.exception()
    failure: BaseException
    try:
        step = next(pages)
        while True:
            if isinstance(step, Item):
                yield step.value
                handled = sys.exception()
                step = pages.send(None)
                continue
            try:
                result = client.perform(step)
            except BaseException as error:  # noqa: BLE001 - the flow handles or re-raises it
                step = pages.throw(error)
            else:
                step = pages.send(result)
    except StopIteration:
        return
    except BaseException as error:  # noqa: BLE001 - raised below
        failure = without_values(error, handled)
    finally:
        pages.close()
    raise failure


async def aiterate(pages: Pages[T], client: AsyncPerformer) -> AsyncIterator[T]:
    """Yield the elements of an iteration as the caller uses them, awaiting."""
    handled = sys.exception()
    failure: BaseException
    try:
        step = next(pages)
        while True:
            if isinstance(step, Item):
                yield step.value
                handled = sys.exception()
                step = pages.send(None)
                continue
            try:
                result = await client.perform(step)
            except BaseException as error:  # noqa: BLE001 - the flow handles or re-raises it
                step = pages.throw(error)
            else:
                step = pages.send(result)
    except StopIteration:
        return
    except BaseException as error:  # noqa: BLE001 - raised below
        failure = without_values(error, handled)
    finally:
        pages.close()
    raise failure
