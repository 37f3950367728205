"""How a call is made: breaker, attempts, log and span.

`CallLife` holds what the calls of one view of a client need. The drivers of both
clients run its flows.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ._core.clock import InstantClock, Time
from ._core.retry import Answer, AttemptResult, Failure, Runtime, exchange, jitter
from ._core.steps import Sign, Transmit
from ._core.telemetry import Tracer, log_call
from .breaker import PROBE, PROBE_DEADLINE
from .errors import ConfigurationError, TransportError
from .pacing import turn

if TYPE_CHECKING:
    from ._core.call import Call
    from ._core.clock_skew import ClockOffset
    from ._core.options import Options
    from ._core.steps import Flow
    from ._signing.request_signer import RequestSigner, SignedRequest
    from .breaker import CircuitBreaker
    from .pacing import RateLimits
    from .response import Response

_REAL_TIME = Time()

SIMULATED = "x-simulator"
"""The header of every answer of a simulator."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The objects that a client and all its views share."""

    signers: dict[str, RequestSigner]
    """By public key id."""
    connections: Any
    rate_limits: RateLimits | None
    circuit: CircuitBreaker | None
    tracer: Tracer
    offset: ClockOffset
    instant_clock: InstantClock


class _LastRequest:
    """The last request of a call that was signed, until the call is over."""

    __slots__ = ("signed",)

    def __init__(self) -> None:
        self.signed: SignedRequest | None = None


@dataclass(frozen=True, slots=True)
class CallLife:
    """Makes the calls of one view of a client."""

    shared: Shared
    signer: RequestSigner
    options: Options
    runtime: Runtime

    @classmethod
    def of(cls, shared: Shared, signer: RequestSigner, options: Options) -> CallLife:
        """Return the `CallLife` of a view with this signer and these options."""
        time = _REAL_TIME if options.retry.wait else shared.instant_clock
        return cls(shared, signer, options, Runtime(time, shared.offset, jitter))

    def run(self, call: Call) -> Flow[Response[Any]]:
        """Run a call through breaker, attempts, log and span, and return its response.

        Raises:
            ClientClosed: the client is closed; nothing was sent.
            TransportError: no answer came.
            APIError: the answer is an error, and `raise_for_status` is set.
        """
        options, runtime, tracer = self.options, self.runtime, self.shared.tracer
        self.shared.connections.check_open()
        with tracer.span(call) as span:
            end: Response[Any] | TransportError
            last = _LastRequest()
            try:
                ends, pause_until = options.ends(runtime.time.now())
                yield from self._pass_breaker(call)
                now = runtime.time.now()
                end = yield from exchange(
                    call,
                    options.retry,
                    ends - now,
                    runtime,
                    partial(self._attempt, call, last),
                    pause_within=pause_until - now,
                )
            except TransportError as error:
                self._report(span, call, error)
                raise
            end.keep_refused_request(last.signed)
            self._report(span, call, end)
        return end.raise_for_status() if options.raise_for_status else end

    def _pass_breaker(self, call: Call) -> Flow[None]:
        """Send the probe that a half-open breaker needs; raise if it stays open."""
        circuit = self.shared.circuit
        if circuit is None or not circuit.gates(call):
            return
        if circuit.needs_probe(self.runtime.time.now()):
            options = replace(
                self.options,
                deadline=min(PROBE_DEADLINE, self.options.deadline / 2),
                retry=replace(self.options.retry, attempts=1),
                raise_for_status=False,
            )
            with suppress(TransportError):
                yield from replace(self, options=options).run(PROBE)
        circuit.check(call)

    def _attempt(
        self, call: Call, last: _LastRequest, time_left: float
    ) -> Flow[AttemptResult]:
        """Make one attempt: wait for a turn, sign, send; return its result."""
        signer, time = self.signer, self.runtime.time
        ends = time.now() + time_left
        limits = self.shared.rate_limits
        if limits is not None:
            held_back = yield from turn(limits, signer, call, time, time_left)
            if held_back is not None:
                return held_back
        correction = self.runtime.offset.correction(time.now())
        request = signer.unsigned(call, self.options, correction)
        signature: bytes | Failure = yield Sign(
            signer, request.message, ends - time.now()
        )
        if isinstance(signature, Failure):
            return signature
        last.signed = signed = request.signed(signature)
        result: AttemptResult = yield Transmit(
            call, signed, self.options.timeout, ends - time.now()
        )
        if (
            isinstance(result, Answer)
            and signer.public_key_id.startswith("LIVE")
            and SIMULATED in result.headers
        ):
            raise ConfigurationError(
                f"{call.operation}: a simulator has answered, and this key is live:"
                " nothing has happened at Amazon, and no money has moved. Use a sandbox"
                " key with a simulator"
            )
        return result

    def _report(
        self,
        span: Any,  # noqa: ANN401 - see Tracer
        call: Call,
        end: Response[Any] | TransportError,
    ) -> None:
        """Report the end of a call to breaker, log and span."""
        if self.shared.circuit is not None:
            self.shared.circuit.record(call, end, self.runtime.time.now())
        log_call(call, end)
        self.shared.tracer.finish(span, call, end)
