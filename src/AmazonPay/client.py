"""`Client` and `AsyncClient`: configuration in, operations out.

Every operation of the API is a method of both, inherited from `resources`, where each
is declared once. Constructing a client parses the key and reads the environment;
importing this module does neither, and loads no HTTP or crypto library.
"""

from __future__ import annotations

import os
import re
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, overload

from . import _signing
from ._body import encode_body
from ._clock import ClockOffset, SkippedTime, Time
from ._config import Retry, Timeout, checked_deadline, timeout_from
from ._exchange import Failure, Means, Wait
from ._identity import SignerFailed, identities, key_pairs
from ._operation import (
    Call,
    checked_idempotency_key,
    encoded_query,
    new_idempotency_key,
)
from ._options import (
    DEFAULT_DEADLINE,
    DEFAULT_RETRY,
    DEFAULT_TIMEOUT,
    IDEMPOTENCY_KEY,
    Options,
    callers_headers,
)
from ._procedure import Blocking, Now, Transfer
from ._telemetry import LOGGER, Tracer, tell
from .errors import (
    AmazonPayError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    SigningFailed,
    TransportError,
    bare,
)
from .procedures import Procedures
from .resources import Operations

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import timedelta
    from types import TracebackType

    import httpx2
    from typing_extensions import TypedDict, Unpack

    from ._exchange import Outcome
    from ._identity import Identity, Key
    from ._operation import Body, Query, Repeat
    from ._procedure import Step
    from ._signer import Signer
    from ._transport import AsyncConnections, Connections
    from .breaker import Breaker, Circuit
    from .pacing import RateLimits
    from .response import Response

    class _CommonOptions(TypedDict, total=False):
        algorithm: str
        endpoint_url: str | None
        timeout: float | Timeout
        deadline: float
        retry: Retry
        rate_limits: RateLimits | Literal["live", "sandbox"] | None
        breaker: Breaker | None
        verify: ssl.SSLContext | None
        proxy: str | None
        trust_env: bool
        raise_for_status: bool
        integrator_id: str | None
        integrator_version: str | None
        platform_version: str | None

    class _ClientOptions(_CommonOptions, total=False, closed=True):
        transport: httpx2.BaseTransport | None

    class _AsyncClientOptions(_CommonOptions, total=False, closed=True):
        transport: httpx2.AsyncBaseTransport | None


_REAL_TIME = Time()


def _tell_of_clock(lead: timedelta) -> None:
    LOGGER.warning(
        "Amazon Pay refused a request's date: the system clock is about %.0f s fast;"
        " dates are set back for ten minutes, but set the clock",
        lead.total_seconds(),
    )


class _BaseClient(Operations, Procedures, ABC):
    """What both clients share: everything but sending."""

    _identity: Identity
    _identities: dict[str, Identity]
    _options: Options
    _offset: ClockOffset
    _skipped: SkippedTime
    _tracer: Tracer
    _limits: RateLimits | None
    _circuit: Circuit | None
    _connections: Any

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
        transport: Any = None,  # noqa: ANN401 - typed by each client
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
            self._identities = identities(
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
            self._identity = next(iter(self._identities.values()))
            self._limits = _limits_from(rate_limits)
            self._circuit = _circuit_of(breaker)
            self._check_awaited()
            self._options = Options(
                timeout_from(timeout),
                checked_deadline(deadline),
                retry,
                raise_for_status,
            )
            self._connections = self._connect(transport, verify, proxy, trust_env)
        except (ConfigurationError, InvalidRequest) as error:
            refused = bare(error, handled)
        # An error tracker shows this frame's variables.
        del private_key, private_key_password, signer, keys
        if refused is not None:
            raise refused
        self._offset = ClockOffset(_tell_of_clock)
        self._skipped = SkippedTime()
        self._tracer = Tracer(self._identity.endpoint)
        if sandbox is None and self._identity.endpoint.base_path == "/live/v2":
            LOGGER.warning(
                "sandbox is not given and the public key id names no environment:"
                " this client is live and moves real money"
            )

    @abstractmethod
    def _connect(
        self,
        transport: Any,  # noqa: ANN401 - typed by each client
        verify: ssl.SSLContext | None,
        proxy: str | None,
        trust_env: bool,  # noqa: FBT001 - the constructor's own
    ) -> Any:  # noqa: ANN401 - the connections of each client
        """Make the connections of this kind of client, or keep a given transport."""
        ...

    def _check_awaited(self) -> None:
        """Refuse a signer or a Redis that this kind of client cannot use."""

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
        arguments: Any = (public_key_id, private_key, region, _TRUTH[text])
        return cls(*arguments, **options)

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
        one of `keys`: try a new key with a read before you put it first. What is left
        out stays.

        Raises:
            InvalidRequest: a simulation code on a live client, a header that the
                client itself decides, or a key id that is not among its own.
        """
        options = self._options.changed(
            self._identity.endpoint.environment,
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            headers=headers,
            simulation_code=simulation_code,
            auth_token=auth_token,
            raise_for_status=raise_for_status,
        )
        identity = self._identity
        if public_key_id is not None:
            if public_key_id not in self._identities:
                raise InvalidRequest("public_key_id is not among this client's keys")
            identity = self._identities[public_key_id]
        view = object.__new__(type(self))
        vars(view).update(vars(self), _options=options, _identity=identity)
        return view

    def within(self, seconds: float) -> Self:
        """Return a view for one procedure, which has so many seconds."""
        view = object.__new__(type(self))
        until = self._means().time.now() + seconds
        vars(view).update(
            vars(self), _options=replace(self._options, procedure_ends=until)
        )
        return view

    @property
    def available(self) -> bool:
        """Whether a new checkout makes sense: False while the breaker is open.

        It looks, and makes no call. Without a `breaker` it is always True.
        """
        circuit = self._circuit
        return circuit is None or circuit.available(self._means().time.now())

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
        if self._identity.signer_awaits:
            raise InvalidRequest(
                "this signer is awaited: use await agenerate_button_signature(…)"
            )
        try:
            return self._identity.button_signature(_button_payload(payload))
        except SignerFailed as failed:
            raise _signing_failed("generate_button_signature", failed) from None

    def _call(  # noqa: PLR0913 - `request`'s own parameters
        self,
        method: str,
        path: str,
        body: Body | None,
        query: Query | None,
        headers: Mapping[str, str] | None,
        idempotency_key: str | None,
    ) -> Call:
        """Build the call of `request`, which no declaration knows."""
        if not isinstance(method, str) or re.fullmatch(r"[A-Za-z]+", method) is None:
            raise InvalidRequest("method must be an HTTP method, such as POST")
        method = method.upper()
        given = dict(callers_headers(headers, self._identity.endpoint.environment))
        named = given.pop(IDEMPOTENCY_KEY, None)
        key = idempotency_key if idempotency_key is not None else named
        if key is not None:
            key = checked_idempotency_key(key)
        repeat: Repeat = "once"
        if method == "GET":
            repeat = "read"
        elif method == "POST" and key is not None:
            repeat = "key"
        if method == "POST" and key is None:
            key = new_idempotency_key()
        return Call(
            "request",
            method,
            "(request)",
            _checked_path(path),
            encoded_query(query),
            None if body is None else encode_body(body),
            key,
            repeat,
            empty_answer=True,
            headers=tuple(given.items()),
        )

    def _means(self) -> Means:
        from ._transport import jitter

        time = _REAL_TIME if self._options.retry.wait else self._skipped
        return Means(time, self._offset, jitter)

    def _gate(self, call: Call) -> Iterable[Call]:
        """Refuse a checkout that the breaker does; give the probe to make before."""
        circuit = self._circuit
        return () if circuit is None else circuit.gate(call, self._means().time)

    def _prober(self) -> Self:
        """Give a view that asks once, in a part of the time."""
        from .breaker import PROBE_DEADLINE

        options = self._options
        return self.with_options(
            deadline=min(PROBE_DEADLINE, options.deadline / 2),
            retry=replace(options.retry, attempts=1),
            raise_for_status=False,
        )

    def _told(
        self,
        span: Any,  # noqa: ANN401 - see Tracer
        call: Call,
        outcome: Response[Any] | TransportError,
    ) -> None:
        if self._circuit is not None:
            self._circuit.record(call, outcome, self._means().time.now())
        tell(call, outcome)
        self._tracer.end(span, call, outcome)

    def _finished(self, response: Response[Any]) -> Response[Any]:
        return (
            response.raise_for_status() if self._options.raise_for_status else response
        )

    def __repr__(self) -> str:
        if "_identity" not in vars(self):
            return f"<{type(self).__name__} that could not be built>"
        endpoint = self._identity.endpoint
        return f"<{type(self).__name__} {endpoint.environment} {endpoint.authority}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a private key and is not pickled or copied")


_TRUTH = {"": None, "true": True, "1": True, "false": False, "0": False}


def _checked_path(path: str) -> str:
    segments = path.split("/") if isinstance(path, str) else []
    if (
        segments[:1] != [""]
        or not segments[1:]
        or any(not segment.strip(".") for segment in segments[1:])
        or re.search(r"[?#\\\x00-\x20\x7f]", path)
    ):
        raise InvalidRequest(
            "path starts below the API version, as in /charges/…, without query, blank,"
            " empty or dot-only parts; pass the query as query="
        )
    return _signing.canonical_path(path)


def _button_payload(payload: Mapping[str, object] | str | bytes) -> bytes:
    import json

    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    encode_body(payload)  # the same refusals: floats, NaN, what is no JSON
    return json.dumps(payload).encode()


def _limits_from(
    rate_limits: RateLimits | Literal["live", "sandbox"] | None,
) -> RateLimits | None:
    if rate_limits is None:
        return None
    from .pacing import limits_from

    return limits_from(rate_limits)


def _circuit_of(breaker: Breaker | None) -> Circuit | None:
    if breaker is None:
        return None
    from .breaker import Circuit

    return Circuit(breaker)


def _signing_failed(operation: str, failed: SignerFailed) -> SigningFailed:
    error = SigningFailed(
        f"{operation}: the signer failed; nothing was sent", operation=operation
    )
    error.__cause__ = failed.__cause__
    return error


def _not_signed(failed: SignerFailed) -> Failure:
    reason = "the signer failed"
    return Failure(SigningFailed, reason, sent=False, cause=failed.__cause__)


_CLOSED = Failure(
    ConnectionFailed, "this client was closed meanwhile", sent=False, final=True
)


class Client(_BaseClient):
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

    _connections: Connections

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
            **options: Unpack[_ClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            public_key_id: str,
            *,
            signer: Signer,
            region: str,
            sandbox: bool | None = None,
            **options: Unpack[_ClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            keys: Sequence[tuple[str, Key | Signer]],
            region: str,
            sandbox: bool | None = None,
            private_key_password: str | bytes | None = None,
            **options: Unpack[_ClientOptions],
        ) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    def _connect(
        self,
        transport: httpx2.BaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
        trust_env: bool,  # noqa: FBT001 - the constructor's own
    ) -> Connections:
        from ._transport import Connections, transport_options

        options = transport_options(
            self._identity.endpoint,
            given=transport is not None,
            verify=verify,
            proxy=proxy,
            trust_env=trust_env,
        )
        return Connections(options, transport)

    def _check_awaited(self) -> None:
        if any(one.signer_awaits for one in self._identities.values()):
            raise ConfigurationError("a signer that is awaited needs an AsyncClient")
        if self._limits is not None and self._limits.awaits:
            raise ConfigurationError("a Redis that is awaited needs an AsyncClient")

    def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built: sign, send, repeat."""
        from ._transport import run, send_once

        identity, options, means = self._identity, self._options, self._means()
        self._connections.current()

        def attempt(time_left: float) -> Outcome:
            ends = monotonic() + time_left
            set_back = means.offset.set_back(means.time.now())
            try:
                signed = identity.attempt(call, options, set_back)
                connection = self._connections.current()
            except SignerFailed as failed:
                return _not_signed(failed)
            except ClientClosed:
                return _CLOSED
            return send_once(connection, signed, options.timeout, ends, call)

        with self._tracer.span(call) as span:
            try:
                ends, pause_until = options.ends(means.time.now())
                for probe in self._gate(call):
                    with suppress(TransportError):
                        self._prober().send(probe)
                now = means.time.now()
                send: Callable[[float], Outcome] = attempt
                if self._limits is not None:
                    from .pacing import paced

                    send = paced(self._limits, identity, call, means.time, attempt)
                response = run(
                    call,
                    options.retry,
                    ends - now,
                    means,
                    send,
                    pause_within=pause_until - now,
                )
            except TransportError as error:
                self._told(span, call, error)
                raise
            self._told(span, call, response)
        return self._finished(response)

    def perform(self, step: Step) -> object:
        """Do one step of a procedure."""
        from ._transfer import transfer

        match step:
            case Call():
                return self.send(step)
            case Wait():
                self._means().time.sleep(step.seconds)
            case Transfer():
                transfer(
                    self._connections.current(),
                    step,
                    self._options.timeout,
                    max(step.seconds, self._options.deadline),
                    self._identity.endpoint,
                )
            case Blocking():
                return step.work()
            case Now():
                return self._means().time.now()
        return None

    def request(  # noqa: PLR0913 - one parameter for each part of a request
        self,
        method: str,
        path: str,
        body: Body | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Response[dict[str, Any]]:
        """Call any path of the API, signed like every operation.

        `path` starts below the version: `/charges/…`. A GET is repeated after a
        failure, a POST only with an `idempotency_key` of yours, anything else not once
        bytes have left.

        Raises:
            InvalidRequest: path, query, body or headers cannot be sent.
            TransportError: no answer; see its `outcome_unknown`.
        """
        handled = sys.exception()
        try:
            return self.send(
                self._call(method, path, body, query, headers, idempotency_key)
            )
        except AmazonPayError as error:
            failure = bare(error, handled)
        # An error tracker shows this frame's variables.
        del path, body, query, headers, idempotency_key
        raise failure

    def close(self) -> None:
        """Close the connections; any later call of this client or its views says so."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(_BaseClient):
    """Amazon Pay API v2, awaiting, on asyncio and trio.

    Takes what `Client` takes, `transport` being an `httpx2.AsyncBaseTransport`. Used
    from a second event loop it opens connections of its own there. A `signer` may be
    awaited; one that is not runs in a thread.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    _connections: AsyncConnections

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
            **options: Unpack[_AsyncClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            public_key_id: str,
            *,
            signer: Signer,
            region: str,
            sandbox: bool | None = None,
            **options: Unpack[_AsyncClientOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *,
            keys: Sequence[tuple[str, Key | Signer]],
            region: str,
            sandbox: bool | None = None,
            private_key_password: str | bytes | None = None,
            **options: Unpack[_AsyncClientOptions],
        ) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    def _connect(
        self,
        transport: httpx2.AsyncBaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
        trust_env: bool,  # noqa: FBT001 - the constructor's own
    ) -> AsyncConnections:
        from ._transport import AsyncConnections, transport_options

        options = transport_options(
            self._identity.endpoint,
            given=transport is not None,
            verify=verify,
            proxy=proxy,
            trust_env=trust_env,
        )
        return AsyncConnections(options, transport)

    async def agenerate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Sign the payload of a checkout button with a signer that is awaited.

        See `generate_button_signature`, which does the same with a key in memory.
        """
        try:
            return await self._identity.abutton_signature(
                _button_payload(payload), self._options.deadline
            )
        except SignerFailed as failed:
            raise _signing_failed("agenerate_button_signature", failed) from None

    async def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built: sign, send, repeat."""
        from ._transport import arun, asend_once

        identity, options, means = self._identity, self._options, self._means()
        self._connections.current()

        async def attempt(time_left: float) -> Outcome:
            ends = monotonic() + time_left
            set_back = means.offset.set_back(means.time.now())
            try:
                signed = await identity.aattempt(call, options, set_back, time_left)
                connection = self._connections.current()
            except SignerFailed as failed:
                return _not_signed(failed)
            except ClientClosed:
                return _CLOSED
            return await asend_once(connection, signed, options.timeout, ends, call)

        with self._tracer.span(call) as span:
            try:
                ends, pause_until = options.ends(means.time.now())
                for probe in self._gate(call):
                    with suppress(TransportError):
                        await self._prober().send(probe)
                now = means.time.now()
                send: Callable[[float], Awaitable[Outcome]] = attempt
                if self._limits is not None:
                    from .pacing import apaced

                    send = apaced(self._limits, identity, call, means.time, attempt)
                response = await arun(
                    call,
                    options.retry,
                    ends - now,
                    means,
                    send,
                    pause_within=pause_until - now,
                )
            except TransportError as error:
                self._told(span, call, error)
                raise
            self._told(span, call, response)
        return self._finished(response)

    async def perform(self, step: Step) -> object:
        """Do one step of a procedure."""
        import anyio.to_thread

        from ._transfer import atransfer

        match step:
            case Call():
                return await self.send(step)
            case Wait():
                await self._means().time.asleep(step.seconds)
            case Transfer():
                await atransfer(
                    self._connections.current(),
                    step,
                    self._options.timeout,
                    max(step.seconds, self._options.deadline),
                    self._identity.endpoint,
                )
            case Blocking():
                return await anyio.to_thread.run_sync(step.work)
            case Now():
                return self._means().time.now()
        return None

    async def request(  # noqa: PLR0913 - one parameter for each part of a request
        self,
        method: str,
        path: str,
        body: Body | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Response[dict[str, Any]]:
        """Call any path of the API, signed like every operation.

        See `Client.request`.

        Raises:
            InvalidRequest: path, query, body or headers cannot be sent.
            TransportError: no answer; see its `outcome_unknown`.
        """
        handled = sys.exception()
        try:
            return await self.send(
                self._call(method, path, body, query, headers, idempotency_key)
            )
        except AmazonPayError as error:
            failure = bare(error, handled)
        # An error tracker shows this frame's variables.
        del path, body, query, headers, idempotency_key
        raise failure

    async def aclose(self) -> None:
        """Close the connections; any later call of this client or its views says so."""
        await self._connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
