"""A transport for both clients that hands requests to a simulator in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from ..simulator import Request

if TYPE_CHECKING:
    from ..simulator import Simulator


class SimulatorTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Reaches a simulator without a socket, blocking and awaiting.

    `Client(…, transport=SimulatorTransport(simulator))` signs and reads as it always
    does. Any URL leads to the simulator.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the simulator's answer."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the simulator's answer."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        answer = self._simulator.handle(
            Request(
                request.method,
                request.url.raw_path.decode("ascii"),
                tuple(request.headers.multi_items()),
                body,
                request.url.scheme,
            )
        )
        if answer.cut:
            raise httpx2.ReadError("the armed fault has reset the connection")
        return httpx2.Response(
            answer.status, headers=list(answer.headers), content=answer.body
        )
