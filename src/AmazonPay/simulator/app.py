"""A simulator as an ASGI application."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .actors.control_api import PATH
from .actors.world_api import LARGEST_WORLD
from .console import stream
from .wire.errors import APIRefusal
from .wire.messages import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from .simulator import Simulator
    from .wire.messages import HTTPResponse

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_LOOK = 0.1
"""Seconds between two looks of a late answer at whether the server ends."""

_TOO_LARGE = APIRefusal("InvalidRequest", "The body is too large")


class App:
    """A simulator as an ASGI application."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._calls: list[tuple[Request, asyncio.Future[HTTPResponse]]] = []
        self._streams = stream.Streams(simulator)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; other protocols are ignored."""
        if scope["type"] != "http":
            return
        body = await self._body(receive, self._largest(scope))
        if body is None:
            refused = self._simulator.refuse(_TOO_LARGE)
            headers = (*refused.headers, ("connection", "close"))
            await _send_response(send, replace(refused, headers=headers))
            return
        query: bytes = scope["query_string"]
        target: bytes = scope["raw_path"] + (b"?" + query if query else b"")
        request = Request(
            scope["method"],
            target.decode("latin-1"),
            tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in scope["headers"]
            ),
            body,
            scope["scheme"],
        )
        if self._simulator.answers_at_once(request):
            response = await self._answered(request)
        else:
            # A late answer waits in no thread: others need it.
            response = await asyncio.to_thread(self._simulator.handle_now, request)
        is_ending = scope.get("state", {}).get("is_ending", _never)
        if response.cut or await _is_cut_off(response.late, is_ending):
            await _reset(scope, receive)
        elif stream.is_stream(response):
            await self._streams.send(response, receive, send, is_ending)
        else:
            await _send_response(send, response)

    def _answered(self, request: Request) -> asyncio.Future[HTTPResponse]:
        """Return the response to a call, committed with those that came with it."""
        loop = asyncio.get_running_loop()
        if not self._calls:
            loop.call_soon(self._answer_calls)
        future: asyncio.Future[HTTPResponse] = loop.create_future()
        self._calls.append((request, future))
        return future

    def _answer_calls(self) -> None:
        calls, self._calls = self._calls, []
        responses = self._simulator.handle_together([request for request, _ in calls])
        for (_, future), response in zip(calls, responses, strict=True):
            if not future.cancelled():
                future.set_result(response)

    def _largest(self, scope: Message) -> int:
        """Return the most bytes of a body: a world is larger than a call."""
        is_world = scope["raw_path"] == f"{PATH}load".encode()
        return LARGEST_WORLD if is_world else self._simulator.settings.largest_body

    async def _body(self, receive: Receive, largest: int) -> bytes | None:
        """Return the body; None if it is too large, or if the client has gone."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece: bytes = message.get("body", b"")
            body += piece
            if len(body) > largest:
                return None
            if not message.get("more_body"):
                return bytes(body)


def _never() -> bool:
    return False


async def _is_cut_off(seconds: float, is_ending: Callable[[], bool]) -> bool:
    """Wait, at most until the server ends; return whether it did."""
    time = asyncio.get_running_loop().time
    until = time() + seconds
    while (left := until - time()) > 0:
        if is_ending():
            return True
        await asyncio.sleep(min(left, _LOOK))
    return False


async def _reset(scope: Message, receive: Receive) -> None:
    """Reset the connection of a request, which then gets no answer."""
    scope["state"]["reset"]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_response(send: Send, response: HTTPResponse) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send(
        {"type": "http.response.start", "status": response.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": response.body})
