"""Keep a browser up to date: an event with each change of the world, until it goes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from .routes import EVENT_STREAM, event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from ..actors.controls import Controls
    from ..wire.messages import HTTPResponse

    Message = MutableMapping[str, Any]

MOST: Final = 32
"""The most streams at a time; a further one gets its first event alone."""

_PAUSE: Final = 0.2
_SETTLE: Final = 5
"""After so many pauses, events that are due by the running clock are applied."""
_BEAT: Final = 75
"""After so many pauses without a change a line is sent, to see whether anyone reads."""


def is_stream(response: HTTPResponse) -> bool:
    """Return whether a response goes on after its first event."""
    return response.status == 200 and (  # noqa: PLR2004 - as every stream has
        ("content-type", EVENT_STREAM) in response.headers
    )


class Streams:
    """The streams of one server."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._open = 0

    async def send(
        self,
        response: HTTPResponse,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
        is_ending: Callable[[], bool],
    ) -> None:
        """Send events until the browser goes, or the server ends."""
        headers = [(name.encode(), value.encode()) for name, value in response.headers]
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": headers,
            }
        )
        goes_on = self._open < MOST
        await send(_piece(response.body, more=goes_on))
        if not goes_on:
            return
        self._open += 1
        gone = asyncio.ensure_future(receive())
        try:
            await self._follow(send, lambda: gone.done() or is_ending())
        finally:
            self._open -= 1
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
        with suppress(OSError):
            await send(_piece(b"", more=False))

    async def _follow(
        self, send: Callable[[Message], Awaitable[None]], is_over: Callable[[], bool]
    ) -> None:
        seen = self._controls.store.changes
        quiet = 0
        while not is_over():
            await asyncio.sleep(_PAUSE)
            if quiet % _SETTLE == 0:
                await asyncio.to_thread(self._controls.settle)
            changes = self._controls.store.changes
            quiet += 1
            if changes != seen:
                seen, quiet = changes, 0
                await send(_piece(await asyncio.to_thread(event, self._controls)))
            elif quiet >= _BEAT:
                quiet = 0
                await send(_piece(b": quiet\n\n"))


def _piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
