"""`Client` and `AsyncClient`: configuration in, operations out.

Every operation of the API is a method of both, inherited from `resources`, where each
is declared once. Constructing a client parses the key and reads the environment.
Importing this module does neither, and loads no HTTP or crypto library.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    overload,
)

from ._core.call import Call
from ._core.clock import InstantClock, Time
from ._core.clock_skew import ClockOffset
from ._core.config import Retry, Timeout, checked_deadline, timeout_from
from ._core.declare import procedure
from ._core.json_body import encode_body
from ._core.options import (
    DEFAULT_DEADLINE,
    DEFAULT_RETRY,
    DEFAULT_TIMEOUT,
    Options,
)
from ._core.raw_call import raw_call
from ._core.retry import Failure, Outcome, Runtime, exchange
from ._core.run import arun, run
from ._core.steps import Sign, Transmit, one_step
from ._core.telemetry import LOGGER, Tracer, log_call
from ._signing.request_signer import SignerFailed, key_pairs, request_signers
from .errors import (
    AmazonPayError,
    ConfigurationError,
    InvalidRequest,
    SigningFailed,
    TransportError,
    without_tracebacks,
)
from .procedures import Procedures
from .resources import Operations

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType

    import httpx2
    from typing_extensions import TypedDict, Unpack

    from ._core.call import Body
    from ._core.parameters import Query
    from ._core.steps import Flow, Step
    from ._http import perform
    from ._http.send import AsyncConnections, Connections
    from ._signing.request_signer import Key, RequestSigner
    from ._signing.signer import Signer
    from .breaker import Breaker, CircuitBreaker
    from .pacing import RateLimits
    from .response import Response

TransportT = TypeVar("TransportT")

if TYPE_CHECKING:

    class _ClientOptions(TypedDict, Generic[TransportT], total=False, closed=True):
        """What every way to construct a client takes; see `Client`."""

        algorithm: str
        endpoint_url: str | None
        timeout: float | Timeout
        deadline: float
        retry: Retry
        rate_limits: RateLimits | Literal["live", "sandbox"] | None
        breaker: Breaker | None
        transport: TransportT | None
        verify: ssl.SSLContext | None
        proxy: str | None
        trust_env: bool
        raise_for_status: bool
        integrator_id: str | None
        integrator_version: str | None
        platform_version: str | None


_REAL_TIME = Time()


def _warn_clock_skew(lead: timedelta) -> None:
    LOGGER.warning(
        "Amazon Pay refused a request's date: the system clock is about %.0f s fast;"
        " dates are set back for ten minutes, but set the clock",
        lead.total_seconds(),
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a client and all its views share."""

    signers: dict[str, RequestSigner]
    """By public key id."""
    connections: Any
    rate_limits: RateLimits | None
    circuit: CircuitBreaker | None
    tracer: Tracer
    offset: ClockOffset
    instant_clock: InstantClock


class BaseClient(Operations, Procedures, ABC, Generic[TransportT]):
    """What both clients share: everything but I/O."""

    _shared: _Shared
    _signer: RequestSigner
    _options: Options
    _runtime: Runtime
    _performer: Any

    if TYPE_CHECKING:

        @overload
        def __init__(
            self,
            public_key_id: str,
            private_key: Key,
            region: str,
            sandbox: bool | None = None,  # noqa: FBT001 - positional by the README
            *,
            private_key_password: str | bytes | None = None,
            **options: Unpack[_ClientOptions[TransportT]],
        ) -> None: ...
        @overload
        def __init__(
            self,
            public_key_id: str,
            *,
            signer: Signer,
            region: str,
            sandbox: bool | None = None,
            **options: Unpack[_ClientOptions[TransportT]],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            keys: Sequence[tuple[str, Key | Signer]],
            region: str,
            sandbox: bool | None = None,
            private_key_password: str | bytes | None = None,
            **options: Unpack[_ClientOptions[TransportT]],
        ) -> None: ...

    def __init__(  # noqa: PLR0913 - the constructor of the README, and its options
        self,
        public_key_id: str | None = None,
        private_key: Key | None = None,
        region: str | None = None,
        sandbox: bool | None = None,  # noqa: FBT001 - positional by the README
        *,
        private_key_password: str | bytes | None = None,
        signer: Signer | None = None,
        keys: Sequence[tuple[str, Key | Signer]] | None = None,
        algorithm: str = "AMZN-PAY-RSASSA-PSS",
        endpoint_url: str | None = None,
        timeout: float | Timeout = DEFAULT_TIMEOUT,
        deadline: float = DEFAULT_DEADLINE,
        retry: Retry = DEFAULT_RETRY,
        rate_limits: RateLimits | Literal["live", "sandbox"] | None = None,
        breaker: Breaker | None = None,
        transport: TransportT | None = None,
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        raise_for_status: bool = False,
        integrator_id: str | None = None,
        integrator_version: str | None = None,
        platform_version: str | None = None,
    ) -> None:
        handled = sys.exception()
        refused: AmazonPayError | None = None
        try:
            signers = request_signers(
                key_pairs(public_key_id, private_key, signer, keys),
                region=region,
                sandbox=sandbox,
                password=private_key_password,
                algorithm=algorithm,
                endpoint_url=endpoint_url,
                unsigned={
                    "x-amz-pay-integrator-id": integrator_id,
                    "x-amz-pay-integrator-version": integrator_version,
                    "x-amz-pay-platform-version": platform_version,
                },
            )
            first = next(iter(signers.values()))
            limits = _rate_limits(rate_limits)
            self._check_awaited(signers, limits)
            options = Options(
                timeout_from(timeout),
                checked_deadline(deadline),
                retry,
                raise_for_status,
            )
            shared = _Shared(
                signers=signers,
                connections=self._connect(
                    transport,
                    first,
                    {"verify": verify, "proxy": proxy, "trust_env": trust_env},
                ),
                rate_limits=limits,
                circuit=_circuit(breaker),
                tracer=Tracer(first.endpoint),
                offset=ClockOffset(_warn_clock_skew),
                instant_clock=InstantClock(),
            )
            self._use(shared, first, options)
        except (ConfigurationError, InvalidRequest) as error:
            refused = without_tracebacks(error, handled)
        # Error trackers show the variables of this frame.
        del private_key, private_key_password, signer, keys
        if refused is not None:
            raise refused
        if sandbox is None and self._signer.endpoint.base_path == "/live/v2":
            LOGGER.warning(
                "sandbox is not given and the public key id names no environment:"
                " this client is live and moves real money"
            )

    def _use(self, shared: _Shared, signer: RequestSigner, options: Options) -> None:
        """Set all that a client consists of; a view shares `shared`."""
        from ._http.send import jitter

        time = _REAL_TIME if options.retry.wait else shared.instant_clock
        vars(self).update(
            _shared=shared,
            _signer=signer,
            _options=options,
            _runtime=Runtime(time, shared.offset, jitter),
            _performer=self._performer_kind()(
                shared.connections, time, options, signer.endpoint
            ),
        )

    @abstractmethod
    def _connect(
        self,
        transport: TransportT | None,
        signer: RequestSigner,
        options: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - the connections of each client
        """Return the connections of this kind of client."""
        ...

    @abstractmethod
    def _performer_kind(self) -> Any:  # noqa: ANN401 - a class of each client
        """Return the class that does the steps of this kind of client."""
        ...

    def _check_awaited(
        self, signers: dict[str, RequestSigner], limits: RateLimits | None
    ) -> None:
        """Refuse a signer or a Redis that this kind of client cannot use."""

    def __setattr__(self, name: str, value: object) -> None:
        """Replace a public method, as tests do; nothing else can be set.

        A subclass of your own may set attributes of its own.

        Raises:
            AttributeError: setting the attribute would change nothing.
        """
        kind = type(self)
        if kind.__module__ == __name__ and not callable(getattr(kind, name, None)):
            raise AttributeError(
                f"{kind.__name__}.{name} cannot be set: pass options to the"
                " constructor or to with_options()"
            )
        super().__setattr__(name, value)

    @classmethod
    def from_env(cls, **options: Any) -> Self:  # noqa: ANN401 - the constructor's own
        """Build a client from `AMAZON_PAY_…` variables, read now and never again.

        Reads `AMAZON_PAY_PUBLIC_KEY_ID`, `_PRIVATE_KEY` (PEM or path), `_REGION`,
        `_SANDBOX` (true or false, may be left out) and `_ENDPOINT_URL` (may be left
        out). `options` go to the constructor.

        Raises:
            ConfigurationError: a variable is missing or has no usable value.
        """
        try:
            public_key_id, private_key, region = (
                os.environ[f"AMAZON_PAY_{name}"]
                for name in ("PUBLIC_KEY_ID", "PRIVATE_KEY", "REGION")
            )
        except KeyError as error:
            raise ConfigurationError(
                f"the environment variable {error.args[0]} is not set"
            ) from None
        text = os.environ.get("AMAZON_PAY_SANDBOX", "").strip().lower()
        if text not in _TRUTH:
            raise ConfigurationError("AMAZON_PAY_SANDBOX must be true or false")
        options.setdefault("endpoint_url", os.environ.get("AMAZON_PAY_ENDPOINT_URL"))
        kind: Any = cls
        made: Self = kind(public_key_id, private_key, region, _TRUTH[text], **options)
        return made

    def with_options(  # noqa: PLR0913 - one keyword for each option
        self,
        *,
        timeout: float | Timeout | None = None,
        deadline: float | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        simulation_code: str | None = None,
        auth_token: str | None = None,
        raise_for_status: bool | None = None,
        public_key_id: str | None = None,
    ) -> Self:
        """Return a view of this client with other options, on the same connections.

        `headers` are added, unsigned. `simulation_code` (sandbox only) makes Amazon
        act out a case, see `amazon-pay-checkout/sandbox-simulations.html`.
        `auth_token` is the token of a delegated call, see
        `amazon-pay-checkout/delegated-authorization.html`. `public_key_id` is another
        one of `keys`: try a new key with a read before you put it first. An option
        that is left out stays as it is.

        Raises:
            InvalidRequest: a simulation code on a live client, a header that the
                client itself decides, or a key id that is not among its own.
        """
        options = self._options.changed(
            self._signer.endpoint.environment,
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            headers=headers,
            simulation_code=simulation_code,
            auth_token=auth_token,
            raise_for_status=raise_for_status,
        )
        signer = self._signer
        if public_key_id is not None:
            if public_key_id not in self._shared.signers:
                raise InvalidRequest("public_key_id is not among this client's keys")
            signer = self._shared.signers[public_key_id]
        return self._view(signer, options)

    def _view(self, signer: RequestSigner, options: Options) -> Self:
        view = object.__new__(type(self))
        vars(view).update(vars(self))
        view._use(self._shared, signer, options)
        return view

    def within(self, seconds: float) -> Self:
        """Return a view for one procedure, which must end within so many seconds."""
        until = self._runtime.time.now() + seconds
        return self._view(self._signer, replace(self._options, procedure_ends=until))

    @property
    def available(self) -> bool:
        """Whether a new checkout makes sense: False while the breaker is open.

        Reading it makes no call. Without a `breaker` it is always True.
        """
        circuit = self._shared.circuit
        return circuit is None or circuit.available(self._runtime.time.now())

    def generate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Sign the payload of a checkout button; nothing is sent.

        A dict is signed as `json.dumps(payload)` writes it, so embed exactly that text
        in the page. The signature does not expire while payload, key and algorithm
        stay; it differs at each call all the same, for PSS is salted.
        Follows `amazon-pay-checkout/add-the-amazon-pay-button.html`.

        Raises:
            InvalidRequest: the payload is no JSON, or holds a float amount.
            SigningFailed: the signer did; it is the cause.
        """
        if self._signer.signer_awaits:
            raise InvalidRequest(
                "this signer is awaited: use await agenerate_button_signature(…)"
            )
        try:
            return self._signer.button_signature(_button_payload(payload))
        except SignerFailed as failed:
            raise _signing_failed("generate_button_signature", failed) from None

    @procedure
    def request(  # noqa: PLR0913 - one parameter for each part of a request
        self,
        method: str,
        path: str,
        body: Body | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Flow[Response[dict[str, Any]]]:
        """Call any path of the API, signed like every operation.

        `path` starts below the version: `/charges/…`. A GET is repeated after a
        failure, a POST only with an `idempotency_key` of yours, anything else not once
        bytes have left.

        Raises:
            InvalidRequest: path, query, body or headers cannot be sent.
            TransportError: no answer; see its `outcome_unknown`.
        """
        environment = self._signer.endpoint.environment
        return one_step(
            raw_call(method, path, body, query, headers, idempotency_key, environment)
        )

    # The life of a call ---------------------------------------------------------------

    def _life(self, call: Call) -> Flow[Response[Any]]:
        """Run a call: the breaker, the attempts, the log and the span."""
        options, runtime, tracer = self._options, self._runtime, self._shared.tracer
        self._shared.connections.current()  # a closed client says so before all else
        with tracer.span(call) as span:
            outcome: Response[Any] | TransportError
            try:
                ends, pause_until = options.ends(runtime.time.now())
                yield from self._pass_breaker(call)
                now = runtime.time.now()
                outcome = yield from exchange(
                    call,
                    options.retry,
                    ends - now,
                    runtime,
                    partial(self._attempt, call),
                    pause_within=pause_until - now,
                )
            except TransportError as error:
                self._report(span, call, error)
                raise
            self._report(span, call, outcome)
        return outcome.raise_for_status() if options.raise_for_status else outcome

    def _pass_breaker(self, call: Call) -> Flow[None]:
        """Make the probe that a half-open breaker needs, and raise if it stays open."""
        circuit, time = self._shared.circuit, self._runtime.time
        if circuit is None or not circuit.gates(call):
            return
        if circuit.needs_probe(time.now()):
            from .breaker import PROBE, PROBE_DEADLINE

            options = self._options
            prober = self.with_options(
                deadline=min(PROBE_DEADLINE, options.deadline / 2),
                retry=replace(options.retry, attempts=1),
                raise_for_status=False,
            )
            with suppress(TransportError):
                yield from prober._life(PROBE)  # noqa: SLF001 - a view of this client
        circuit.check(call)

    def _attempt(self, call: Call, time_left: float) -> Flow[Outcome]:
        """Make one attempt: wait for a turn, sign, send."""
        signer, runtime, limits = self._signer, self._runtime, self._shared.rate_limits
        ends = runtime.time.now() + time_left
        if limits is not None:
            from .pacing import turn

            held_back = yield from turn(limits, signer, call, runtime.time, time_left)
            if held_back is not None:
                return held_back
        set_back = runtime.offset.set_back(runtime.time.now())
        request = signer.unsigned(call, self._options, set_back)
        signature: bytes | Failure = yield Sign(
            signer, request.message, ends - runtime.time.now()
        )
        if isinstance(signature, Failure):
            return signature
        outcome: Outcome = yield Transmit(
            call,
            request.signed(signature),
            self._options.timeout,
            ends - runtime.time.now(),
        )
        return outcome

    def _report(
        self,
        span: Any,  # noqa: ANN401 - see Tracer
        call: Call,
        outcome: Response[Any] | TransportError,
    ) -> None:
        """Tell breaker, log and span how a call ended."""
        if self._shared.circuit is not None:
            self._shared.circuit.record(call, outcome, self._runtime.time.now())
        log_call(call, outcome)
        self._shared.tracer.end(span, call, outcome)

    def __repr__(self) -> str:
        if "_signer" not in vars(self):
            return f"<{type(self).__name__} that could not be built>"
        endpoint = self._signer.endpoint
        return f"<{type(self).__name__} {endpoint.environment} {endpoint.authority}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a private key and is not pickled or copied")


_TRUTH = {"": None, "true": True, "1": True, "false": False, "0": False}


def _button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    import json

    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    encode_body(payload)  # refuses floats, NaN and what is no JSON, as for API bodies
    return json.dumps(payload).encode()


def _rate_limits(
    given: RateLimits | Literal["live", "sandbox"] | None,
) -> RateLimits | None:
    if given is None:
        return None
    from .pacing import limits_from

    return limits_from(given)


def _circuit(breaker: Breaker | None) -> CircuitBreaker | None:
    if breaker is None:
        return None
    from .breaker import CircuitBreaker

    return CircuitBreaker(breaker)


def _signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error


class Client(BaseClient["httpx2.BaseTransport"]):
    """Amazon Pay API v2, blocking. Threads may share one client.

    Args:
        public_key_id: The key id of Seller Central. One that starts with `LIVE` or
            `SANDBOX` decides the environment.
        private_key: A file path, PEM as text or bytes (PKCS#1 or PKCS#8), or an RSA
            key of `cryptography`. At least 2048 bit.
        region: `us`, `na`, `eu`, `de`, `uk` or `jp`, in any case.
        sandbox: For a key id without prefix; left out, such a key is live.
        private_key_password: For encrypted PEM.
        signer: In place of `private_key`, a function or an object with a method `sign`
            that signs bytes, such as a KMS; see `docs/signing.md`.
        keys: In place of both, pairs of key id and key or signer: the first signs, the
            others stand by for `with_options(public_key_id=…)`.
        algorithm: `AMZN-PAY-RSASSA-PSS` (salt 20) or `AMZN-PAY-RSASSA-PSS-V2` (32).
        endpoint_url: Another server: https anywhere, http to this machine only.
        timeout: Seconds for each socket step, or a `Timeout`.
        deadline: Seconds that all attempts of a call share. A call ends by then, or one
            socket time-out later; looking up a host's name, and a `transport` of your
            own in a blocking client, are not bound by it.
        retry: How a call is repeated; see `Retry`.
        rate_limits: `"live"` or `"sandbox"` to send no faster than Amazon's limits
            allow, or a `RateLimits`, whose buckets may be in Redis. Off by default.
        breaker: A `Breaker` that starts no checkout while Amazon fails. Off by default.
        transport: An `httpx2` transport of your own; `close()` closes it. A process
            that was forked since cannot use it: `ClientClosed`.
        verify: An `ssl.SSLContext` that trusts a private CA and refuses TLS below 1.2.
            Never switched off.
        proxy: A proxy's URL.
        trust_env: Whether to read HTTP(S)_PROXY, NO_PROXY and SSL_CERT_FILE/DIR, once,
            and to leave SSLKEYLOGFILE in force. If not, a context in `verify` that
            logs session keys for SSLKEYLOGFILE stops doing so.
        raise_for_status: Whether every call raises for a 4xx or 5xx.
        integrator_id: A solution provider's platform id, sent as a header.
        integrator_version: The version of a provider's plugin, sent as a header.
        platform_version: The version of the shop platform, sent as a header.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    def _connect(
        self,
        transport: httpx2.BaseTransport | None,
        signer: RequestSigner,
        options: dict[str, Any],
    ) -> Connections:
        from ._http.send import Connections, transport_options

        given = transport is not None
        made = transport_options(signer.endpoint, given=given, **options)
        return Connections(made, transport)

    def _performer_kind(self) -> type[perform.Performer]:
        from ._http.perform import Performer

        return Performer

    def _check_awaited(
        self, signers: dict[str, RequestSigner], limits: RateLimits | None
    ) -> None:
        if any(one.signer_awaits for one in signers.values()):
            raise ConfigurationError("a signer that is awaited needs an AsyncClient")
        if limits is not None and limits.awaits:
            raise ConfigurationError("a Redis that is awaited needs an AsyncClient")

    def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built."""
        return run(self._life(call), self)

    def perform(self, step: Step) -> object:
        """Do one step of a flow, and return its result."""
        if isinstance(step, Call):
            return self.send(step)
        return self._performer.perform(step)

    def close(self) -> None:
        """Close the connections; any later call of this client or its views says so."""
        self._shared.connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(BaseClient["httpx2.AsyncBaseTransport"]):
    """Amazon Pay API v2, awaiting, on asyncio and trio.

    Takes what `Client` takes, `transport` being an `httpx2.AsyncBaseTransport`. Used
    from a second event loop it opens connections of its own there. A `signer` may be
    awaited; one that is not runs in a thread.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    def _connect(
        self,
        transport: httpx2.AsyncBaseTransport | None,
        signer: RequestSigner,
        options: dict[str, Any],
    ) -> AsyncConnections:
        from ._http.send import AsyncConnections, transport_options

        given = transport is not None
        made = transport_options(signer.endpoint, given=given, **options)
        return AsyncConnections(made, transport)

    def _performer_kind(self) -> type[perform.AsyncPerformer]:
        from ._http.perform import AsyncPerformer

        return AsyncPerformer

    async def agenerate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Sign the payload of a checkout button with a signer that is awaited.

        See `generate_button_signature`, which does the same with a key in memory.
        """
        try:
            return await self._signer.abutton_signature(
                _button_payload(payload), self._options.deadline
            )
        except SignerFailed as failed:
            raise _signing_failed("agenerate_button_signature", failed) from None

    async def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built."""
        return await arun(self._life(call), self)

    async def perform(self, step: Step) -> object:
        """Do one step of a flow, and return its result."""
        if isinstance(step, Call):
            return await self.send(step)
        return await self._performer.perform(step)

    async def aclose(self) -> None:
        """Close the connections; any later call of this client or its views says so."""
        await self._shared.connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
