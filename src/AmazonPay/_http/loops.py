"""The connections of an `AsyncClient` in each event loop, and what ends them.

A program may use one client in many loops, one after another, as Celery tasks and
`asyncio.run` do. The connections of a loop end with it: an asynchronous generator is
suspended in the loop, which closes such generators when it ends. A loop that was closed
without that is found when the client is used in the next one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from .transports import AsyncPoolTransport


class LoopConnections:
    """The connections of one event loop, in one process."""

    def __init__(
        self,
        loop: object,
        transport: AsyncPoolTransport,
        forget: Callable[[], bool],
    ) -> None:
        self._loop: Any = loop
        self.transport = transport
        self._forget = forget
        self._closing: object = None
        self._guard = _closing(transport, forget)
        # Start it, without awaiting: the loop now knows it, and will close it.
        with contextlib.suppress(StopIteration):
            self._guard.asend(None).send(None)

    @property
    def is_over(self) -> bool:
        """Whether the event loop is closed, so that it can close nothing any more."""
        is_closed = getattr(self._loop, "is_closed", None)  # trio has none
        return is_closed is not None and bool(is_closed())

    async def aclose(self) -> None:
        """Close the connections from inside their own loop."""
        await self._guard.aclose()

    def drop(self) -> None:
        """Close the connections from outside of their loop, as far as it is possible.

        A running loop is asked to close them. One that was closed or stopped cannot, so
        their sockets are closed under it. trio closes them when it ends.
        """
        loop = self._loop
        if not hasattr(loop, "is_running"):
            return
        if loop.is_running():
            with contextlib.suppress(RuntimeError):  # it was closed just now
                loop.call_soon_threadsafe(self._close_soon)
        elif self._forget():
            self.transport.close_sockets()

    def _close_soon(self) -> None:
        self._closing = self._loop.create_task(self.aclose())


async def _closing(
    transport: AsyncPoolTransport, forget: Callable[[], bool]
) -> AsyncGenerator[None]:
    """Wait until the event loop or the client ends, then close the connections.

    `forget` removes them from the client, and returns whether they are this process's:
    a forked child must not touch those of its parent.
    """
    try:
        yield
    finally:
        if forget():
            await transport.aclose()


def running_loop() -> object:
    """Return the event loop that runs in this thread; it is one of asyncio or trio."""
    return anyio.lowlevel.current_token().native_token
