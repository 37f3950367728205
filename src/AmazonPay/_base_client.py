"""The base of `Client` and `AsyncClient`: configuration, views and operations.

Both inherit the operations of the API from `resources`, where each is declared once.
Constructing a client parses the key and reads the environment. Importing this module
does neither, and loads no HTTP or crypto library.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
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

from ._call_life import CallLife, Shared
from ._client_signatures import Signatures
from ._core.checks import check_switch
from ._core.clock import InstantClock
from ._core.clock_skew import ClockOffset
from ._core.config import Retry, Timeout, checked_deadline, checked_retry, timeout_from
from ._core.declare import procedure
from ._core.environment import arguments_from_env, with_variables
from ._core.headers import provider_headers
from ._core.operation import with_declared_rules
from ._core.options import DEFAULT_DEADLINE, DEFAULT_RETRY, DEFAULT_TIMEOUT, Options
from ._core.raw_call import raw_call
from ._core.steps import one_step
from ._core.telemetry import LOGGER, Tracer
from ._core.tracebacks import hiding_arguments
from ._signing.request_signer import key_pairs, request_signers
from .breaker import CircuitBreaker
from .errors import ConfigurationError, InvalidRequest
from .pacing import limits_from
from .procedures import Procedures
from .resources import Operations

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from typing_extensions import TypedDict, Unpack

    from ._core.call import Body
    from ._core.parameters import Query
    from ._core.steps import Flow
    from ._signing.request_signer import Key, RequestSigner
    from ._signing.signer import Signer
    from .breaker import Breaker
    from .pacing import RateLimits
    from .response import Response

TransportT = TypeVar("TransportT")

if TYPE_CHECKING:

    class _ClientOptions(TypedDict, Generic[TransportT], total=False, closed=True):
        """The keyword arguments of every constructor; see `Client`."""

        algorithm: str
        endpoint_url: str | None
        timeout: float | Timeout
        deadline: float
        retry: Retry
        rate_limits: RateLimits | Literal["live", "sandbox"] | None
        breaker: Breaker | None
        transport: TransportT | None
        verify: ssl.SSLContext | str | os.PathLike[str] | None
        proxy: str | None
        trust_env: bool
        raise_for_status: bool
        integrator_id: str | None
        integrator_version: str | None
        platform_version: str | None


class BaseClient(Operations, Procedures, Signatures, ABC, Generic[TransportT]):
    """The base of both clients: everything but I/O."""

    _calls: CallLife
    _performer: Any

    if TYPE_CHECKING:

        @overload
        def __init__(
            self,
            public_key_id: str,
            private_key: Key,
            region: str,
            sandbox: bool | None = None,  # noqa: FBT001 - positional, as in the README
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

    @hiding_arguments
    def __init__(  # noqa: PLR0913 - one parameter for each option
        self,
        public_key_id: str | None = None,
        private_key: Key | None = None,
        region: str | None = None,
        sandbox: bool | None = None,  # noqa: FBT001 - positional, as in the README
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
        verify: ssl.SSLContext | str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        raise_for_status: bool = False,
        integrator_id: str | None = None,
        integrator_version: str | None = None,
        platform_version: str | None = None,
    ) -> None:
        check_switch("raise_for_status", raise_for_status)
        check_switch("trust_env", trust_env)
        headers = {
            "integrator_id": integrator_id,
            "integrator_version": integrator_version,
            "platform_version": platform_version,
        }
        options = Options(
            timeout_from(timeout),
            checked_deadline(deadline),
            checked_retry(retry),
            raise_for_status,
        )
        signers = request_signers(
            key_pairs(public_key_id, private_key, signer, keys, private_key_password),
            region=region,
            sandbox=sandbox,
            password=private_key_password,
            algorithm=algorithm,
            endpoint_url=endpoint_url,
            unsigned=provider_headers(headers),
        )
        first = next(iter(signers.values()))
        limits = None if rate_limits is None else limits_from(rate_limits)
        self._check_awaited(signers, limits)
        shared = Shared(
            signers=signers,
            connections=self._connections_kind()(
                first.endpoint,
                transport,
                verify=verify,
                proxy=proxy,
                trust_env=trust_env,
            ),
            rate_limits=limits,
            circuit=None if breaker is None else CircuitBreaker(breaker),
            tracer=Tracer(first.endpoint),
            offset=ClockOffset(_warn_clock_skew),
            instant_clock=InstantClock(),
        )
        self._use(CallLife.of(shared, first, options))
        if sandbox is None and self._calls.signer.endpoint.base_path == "/live/v2":
            LOGGER.warning(
                "sandbox is not given and the public key id names no environment:"
                " this client is live and moves real money"
            )

    def _use(self, calls: CallLife) -> None:
        """Set the members of a client or a view, which depend on key and options."""
        performer = self._performer_kind()(
            calls.shared.connections,
            calls.runtime.time,
            calls.options,
            calls.signer.endpoint,
        )
        vars(self).update(_calls=calls, _performer=performer)

    @abstractmethod
    def _connections_kind(self) -> Any:  # noqa: ANN401 - each client has its own class
        """Return the class of the connections of this kind of client."""
        ...

    @abstractmethod
    def _performer_kind(self) -> Any:  # noqa: ANN401 - each client has its own class
        """Return the class that does the steps of this kind of client."""
        ...

    def _check_awaited(
        self, signers: dict[str, RequestSigner], limits: RateLimits | None
    ) -> None:
        """Raise for a signer or a Redis that this kind of client cannot use."""

    def __setattr__(self, name: str, value: object) -> None:
        """Replace a public method, as tests do; no other attribute can be set.

        Your own subclass may set attributes of its own.

        Raises:
            AttributeError: setting the attribute would change nothing.
        """
        kind = type(self)
        if kind.__module__ in _SEALED_MODULES and not callable(
            getattr(kind, name, None)
        ):
            raise AttributeError(
                f"{kind.__name__}.{name} cannot be set: pass options to the"
                " constructor or to with_options()"
            )
        super().__setattr__(name, value)

    @classmethod
    @hiding_arguments
    def from_env(cls, **options: Any) -> Self:  # noqa: ANN401 - the options of the constructor
        """Return a client for the variables `AMAZON_PAY_…`; they are read once.

        Reads `AMAZON_PAY_PUBLIC_KEY_ID`, `_PRIVATE_KEY` (PEM or path), `_REGION`, and,
        if they are set, `_SANDBOX` (true, 1, yes, on or false, 0, no, off),
        `_PRIVATE_KEY_PASSWORD`, `_ALGORITHM`, `_ENDPOINT_URL` and `_CA_FILE`, the path
        of a CA file for `verify`. `options` go to the constructor, and each takes the
        place of its variable.

        Raises:
            ConfigurationError: a variable is missing or has no usable value.
        """
        kind: Any = cls
        try:
            made: Self = kind(**arguments_from_env(options), **options)
        except ConfigurationError as error:
            raise with_variables(error, options) from None
        return made

    @hiding_arguments
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

        `headers` are added, unsigned; of two values of a name, the later one is sent.
        `simulation_code` (sandbox only) makes Amazon
        simulate a case, see `amazon-pay-checkout/sandbox-simulations.html`.
        `auth_token` is the token of a delegated call, see
        `amazon-pay-checkout/delegated-authorization.html`. `public_key_id` selects
        another one of `keys`: try a new key with a read before you put it first. An
        option that is left out does not change.

        Raises:
            ConfigurationError: an option is of another type, or out of its range.
            InvalidRequest: there is a simulation code on a live client, a header that
                the client itself sets, or a key id that is not in `keys`.
        """
        options = self._calls.options.changed(
            self._calls.signer.endpoint.environment,
            timeout=timeout,
            deadline=deadline,
            retry=retry,
            headers=headers,
            simulation_code=simulation_code,
            auth_token=auth_token,
            raise_for_status=raise_for_status,
        )
        signer = self._calls.signer
        if public_key_id is not None:
            if public_key_id not in self.public_key_ids:
                raise InvalidRequest("public_key_id is not among this client's keys")
            signer = self._calls.shared.signers[public_key_id]
        return self._view(signer, options)

    def _view(self, signer: RequestSigner, options: Options) -> Self:
        view = object.__new__(type(self))
        vars(view).update(vars(self))
        view._use(CallLife.of(self._calls.shared, signer, options))
        return view

    def within(self, seconds: float) -> Self:
        """Return a view for one procedure, which must end within `seconds`."""
        until = self._calls.runtime.time.now() + seconds
        return self._view(
            self._calls.signer, replace(self._calls.options, procedure_ends=until)
        )

    @property
    def public_key_id(self) -> str:
        """The id of the key that signs."""
        return self._calls.signer.public_key_id

    @property
    def public_key_ids(self) -> tuple[str, ...]:
        """The ids of all keys of this client; see `keys=`."""
        return tuple(self._calls.shared.signers)

    @property
    def algorithm(self) -> str:
        """The name of the signature algorithm."""
        return self._calls.signer.algorithm.name

    @property
    def region(self) -> str:
        """The region in requests: `na`, `eu` or `jp`."""
        return self._calls.signer.endpoint.region.code

    @property
    def sandbox(self) -> bool:
        """Whether this client uses the sandbox, where no real money moves."""
        return self._calls.signer.endpoint.environment == "sandbox"

    @property
    def available(self) -> bool:
        """Whether to offer a new checkout: False while the breaker is open or probes.

        It is True again when the breaker's `open_for` is over. Reading it sends no
        request. Without a `breaker` it is always True.
        """
        circuit = self._calls.shared.circuit
        return circuit is None or circuit.available(self._calls.runtime.time.now())

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

        `path` starts below the version: `/charges/…`. After a failure, a GET is
        repeated, and a POST if you pass an `idempotency_key`. Any other request is
        repeated only if no part of it has left. If a method of the client has the same
        HTTP method and path, its rules hold here too: what an answer proves, and
        whether a key allows a repeat. Rate limits and the breaker do not hold.

        Raises:
            InvalidRequest: path, query, body or headers cannot be sent.
            TransportError: no answer; see its `outcome_unknown`.
        """
        environment = self._calls.signer.endpoint.environment
        call = raw_call(
            method, path, body, query, headers, idempotency_key, environment
        )
        return one_step(with_declared_rules(call, Operations))

    def __repr__(self) -> str:
        if "_calls" not in vars(self):
            return f"<{type(self).__name__} that could not be built>"
        endpoint = self._calls.signer.endpoint
        return f"<{type(self).__name__} {endpoint.environment} {endpoint.authority}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a private key and is not pickled or copied")


_SEALED_MODULES = frozenset({"AmazonPay.client"})
"""The modules whose classes have no attributes that users may set."""


def _warn_clock_skew(lead: timedelta) -> None:
    LOGGER.warning(
        "Amazon Pay refused a request's date: the system clock is about %.0f s fast;"
        " dates are set back for ten minutes, but set the clock",
        lead.total_seconds(),
    )
