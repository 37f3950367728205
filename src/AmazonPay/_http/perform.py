"""Do the steps of flows: blocking for a `Client`, awaiting for an `AsyncClient`."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import anyio.to_thread

from .._core.retry import AttemptResult, Failure
from .._core.steps import Now, RunInThread, Sign, TakeTurn, Transfer, Transmit, Wait
from .._signing.request_signer import SignerFailed
from ..errors import ClientClosed, ConnectionFailed, SigningFailed
from .send import asend_once, send_once
from .transfer import atransfer, transfer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._core.clock import Time
    from .._core.config import Endpoint
    from .._core.options import Options
    from .._core.steps import Step
    from .connections import AsyncConnections, Connections

_CLOSED = Failure(
    ConnectionFailed, "this client was closed meanwhile", sent=False, final=True
)


def _not_signed(failed: SignerFailed) -> Failure:
    reason = "the signer failed"
    return Failure(SigningFailed, reason, sent=False, cause=failed.__cause__)


@dataclass(frozen=True, slots=True)
class Performer:
    """Does the steps of flows, blocking."""

    connections: Connections
    time: Time
    options: Options
    endpoint: Endpoint

    def perform(self, step: Step) -> object:
        """Do one step, and return its result."""
        return self._BY_KIND[type(step)](self, step)

    def _sign(self, step: Sign) -> bytes | Failure:
        try:
            return step.signer.sign(step.message)
        except SignerFailed as failed:
            return _not_signed(failed)

    def _transmit(self, step: Transmit) -> AttemptResult:
        try:
            transport = self.connections.current()
        except ClientClosed:
            return _CLOSED
        ends = monotonic() + step.time_left
        return send_once(transport, step.request, step.timeout, ends, step.call)

    def _wait(self, step: Wait) -> None:
        self.time.sleep(step.seconds)

    def _take_turn(self, step: TakeTurn) -> float:
        return step.limits.take_turn(step.bucket, self.time)

    def _now(self, _: Now) -> float:
        return self.time.now()

    def _run(self, step: RunInThread) -> object:
        return step.work()

    def _transfer(self, step: Transfer) -> None:
        transfer(
            self.connections.current(),
            step,
            self.options.timeout,
            max(step.seconds, self.options.deadline),
            self.endpoint,
        )

    _BY_KIND: ClassVar[dict[type, Callable[[Performer, Any], object]]] = {
        Sign: _sign,
        Transmit: _transmit,
        Wait: _wait,
        TakeTurn: _take_turn,
        Now: _now,
        RunInThread: _run,
        Transfer: _transfer,
    }


@dataclass(frozen=True, slots=True)
class AsyncPerformer:
    """Does the steps of flows, awaiting."""

    connections: AsyncConnections
    time: Time
    options: Options
    endpoint: Endpoint

    async def perform(self, step: Step) -> object:
        """Do one step, and return its result."""
        return await self._BY_KIND[type(step)](self, step)

    async def _sign(self, step: Sign) -> bytes | Failure:
        try:
            return await step.signer.asign(step.message, step.time_left)
        except SignerFailed as failed:
            return _not_signed(failed)

    async def _transmit(self, step: Transmit) -> AttemptResult:
        try:
            transport = self.connections.current()
        except ClientClosed:
            return _CLOSED
        ends = monotonic() + step.time_left
        return await asend_once(transport, step.request, step.timeout, ends, step.call)

    async def _wait(self, step: Wait) -> None:
        await self.time.asleep(step.seconds)

    async def _take_turn(self, step: TakeTurn) -> float:
        return await step.limits.atake_turn(step.bucket, self.time)

    async def _now(self, _: Now) -> float:
        return self.time.now()

    async def _run(self, step: RunInThread) -> object:
        return await anyio.to_thread.run_sync(step.work)

    async def _transfer(self, step: Transfer) -> None:
        await atransfer(
            self.connections.current(),
            step,
            self.options.timeout,
            max(step.seconds, self.options.deadline),
            self.endpoint,
        )

    _BY_KIND: ClassVar[
        dict[type, Callable[[AsyncPerformer, Any], Awaitable[object]]]
    ] = {
        Sign: _sign,
        Transmit: _transmit,
        Wait: _wait,
        TakeTurn: _take_turn,
        Now: _now,
        RunInThread: _run,
        Transfer: _transfer,
    }
