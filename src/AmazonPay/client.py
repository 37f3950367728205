"""`Client` and `AsyncClient`: configuration in, operations out.

Every operation of the API is a method of both, inherited from `resources`, where each
is declared once. Constructing a client parses the key and reads the environment;
importing this module does neither, and loads no HTTP or crypto library.
"""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from . import _signing
from ._body import encode_body
from ._config import (
    Endpoint,
    Retry,
    Timeout,
    checked_deadline,
    checked_public_key_id,
    endpoint_for,
    timeout_from,
)
from ._exchange import Wait
from ._key import load_private_key
from ._operation import (
    Call,
    checked_headers,
    checked_idempotency_key,
    encoded_query,
    new_idempotency_key,
)
from ._procedure import Now, Transfer
from .errors import ConfigurationError, InvalidRequest
from .procedures import Procedures
from .resources import Operations

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType

    import httpx2
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ._exchange import Outcome
    from ._operation import Body, Query, Repeat
    from ._procedure import Step
    from ._transport import AsyncConnections, Connections
    from .response import Response

_LOGGER = logging.getLogger("AmazonPay")

_AUTH_TOKEN = "x-amz-pay-authtoken"  # noqa: S105 - the name of a header
_SIMULATION_CODE = "x-amz-pay-simulation-code"
_IDEMPOTENCY_KEY = "x-amz-pay-idempotency-key"

# What the client itself decides: a caller's value would break signature or framing.
_RESERVED = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-amz-pay-date",
        "x-amz-pay-host",
        "x-amz-pay-region",
    }
)

DEFAULT_TIMEOUT = Timeout()
DEFAULT_RETRY = Retry()
DEFAULT_DEADLINE = 60.0


def _user_agent() -> str:
    """Name this package; whatever cannot be found out is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    try:
        ours = version("AmazonPayClient")
    except PackageNotFoundError:
        ours = "unknown"
    return f"AmazonPayClient/{ours} (Python/{platform.python_version()})"


@dataclass(frozen=True, slots=True)
class _Options:
    """What `with_options` may change for some calls."""

    timeout: Timeout = DEFAULT_TIMEOUT
    deadline: float = DEFAULT_DEADLINE
    retry: Retry = DEFAULT_RETRY
    raise_for_status: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """Sent unsigned."""
    auth_token: str | None = None
    simulation_code: str | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A signed request; see `_transport.Attempt`."""

    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    must_stay_here: bool


class _Identity:
    """Who calls, and whom: made once, shared by every view of a client."""

    def __init__(
        self,
        public_key_id: str,
        key: RSAPrivateKey,
        algorithm: _signing.Algorithm,
        endpoint: Endpoint,
        unsigned: Mapping[str, str],
    ) -> None:
        self.public_key_id = public_key_id
        self.algorithm = algorithm
        self.endpoint = endpoint
        self.sign_bytes = _signing.rsa_signer(key, algorithm)
        self.signed_headers = (
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-amz-pay-host", endpoint.host),
            ("x-amz-pay-region", endpoint.region.code),
        )
        self.fixed = [
            (b"host", endpoint.authority.encode()),
            *(
                (name.encode(), value.encode())
                for name, value in (
                    *self.signed_headers,
                    ("accept-encoding", "identity"),
                    ("user-agent", _user_agent()),
                    *checked_headers(unsigned),
                )
            ),
        ]
        self.origin = f"{endpoint.scheme}://{endpoint.authority}"
        self.must_stay_here = endpoint.scheme == "http" and endpoint.host == "localhost"

    def attempt(self, call: Call, options: _Options) -> _Attempt:
        """Sign a call as of now: a fresh date and signature, the same key and bytes."""
        path = self.endpoint.base_path + call.path
        date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        body = call.body if call.body is not None else b""
        own = [("x-amz-pay-date", date)]
        if call.idempotency_key is not None:
            own.append((_IDEMPOTENCY_KEY, call.idempotency_key))
        token = next(
            (v for n, v in call.headers if n == _AUTH_TOKEN), options.auth_token
        )
        if token is not None:
            own.append((_AUTH_TOKEN, token))
        authorization = _signing.sign(
            self.sign_bytes,
            self.algorithm,
            self.public_key_id,
            call.method,
            path,
            call.query,
            (*self.signed_headers, *own),
            body,
        )
        unsigned = [(n, v) for n, v in call.headers if n != _AUTH_TOKEN]
        unsigned += options.headers
        if options.simulation_code is not None:
            unsigned.append((_SIMULATION_CODE, options.simulation_code))
        headers = [
            *self.fixed,
            *[(n.encode(), v.encode()) for n, v in (*own, *unsigned)],
            (b"authorization", authorization.encode()),
        ]
        if call.body is not None:
            headers.append((b"content-length", str(len(body)).encode()))
        query = f"?{call.query}" if call.query else ""
        url = f"{self.origin}{path}{query}"
        return _Attempt(call.method, url, headers, body, self.must_stay_here)


class _BaseClient(Operations, Procedures):
    """What both clients share: everything but sending."""

    _identity: _Identity
    _options: _Options

    @staticmethod
    def _identified(  # noqa: PLR0913 - the constructors' own parameters
        public_key_id: str,
        private_key: str | bytes | os.PathLike[str] | RSAPrivateKey,
        region: str,
        sandbox: bool | None,  # noqa: FBT001 - the same
        *,
        private_key_password: str | bytes | None,
        algorithm: str,
        endpoint_url: str | None,
        integrator_id: str | None,
        integrator_version: str | None,
        platform_version: str | None,
    ) -> _Identity:
        key_id = checked_public_key_id(public_key_id)
        chosen = _signing.algorithm_named(algorithm)
        endpoint = endpoint_for(key_id, region, sandbox, endpoint_url)
        key = load_private_key(private_key, private_key_password)
        if sandbox is None and endpoint.base_path == "/live/v2":
            _LOGGER.warning(
                "sandbox is not given and the public key id names no environment:"
                " this client is live and moves real money"
            )
        unsigned = {
            name: value
            for name, value in (
                ("x-amz-pay-integrator-id", integrator_id),
                ("x-amz-pay-integrator-version", integrator_version),
                ("x-amz-pay-platform-version", platform_version),
            )
            if value is not None
        }
        return _Identity(key_id, key, chosen, endpoint, unsigned)

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
    ) -> Self:
        """Return a view of this client with other options, on the same connections.

        `headers` are added, unsigned. `simulation_code` (sandbox only) makes Amazon
        act out a case, see `amazon-pay-checkout/sandbox-simulations.html`.
        `auth_token` is the token of a delegated call, see
        `amazon-pay-checkout/delegated-authorization.html`. What is left out stays.

        Raises:
            InvalidRequest: a simulation code on a live client, or a header that the
                client itself decides.
        """
        changes: dict[str, Any] = {}
        if timeout is not None:
            changes["timeout"] = timeout_from(timeout)
        if deadline is not None:
            changes["deadline"] = checked_deadline(deadline)
        if retry is not None:
            changes["retry"] = retry
        if raise_for_status is not None:
            changes["raise_for_status"] = raise_for_status
        given = dict(self._checked(headers))
        if key := given.pop(_IDEMPOTENCY_KEY, None):
            raise InvalidRequest(
                f"an idempotency key belongs to one call: pass idempotency_key={key!r}"
            )
        auth_token = given.pop(_AUTH_TOKEN, auth_token)
        simulation_code = given.pop(_SIMULATION_CODE, simulation_code)
        if auth_token is not None:
            changes["auth_token"] = dict(checked_headers({_AUTH_TOKEN: auth_token}))[
                _AUTH_TOKEN
            ]
        if simulation_code is not None:
            self._checked({_SIMULATION_CODE: simulation_code})
            changes["simulation_code"] = simulation_code
        if given:
            changes["headers"] = (*self._options.headers, *given.items())
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._options = replace(self._options, **changes)
        return view

    def generate_button_signature(
        self, payload: Mapping[str, object] | str | bytes
    ) -> str:
        """Sign the payload of a checkout button; nothing is sent.

        A dict is signed as `json.dumps(payload)` writes it, so embed exactly that text
        in the page. The signature does not expire while payload, key and algorithm
        stay; it differs at each call all the same, for PSS is salted.
        Follows `amazon-pay-checkout/add-the-amazon-pay-button.html`.
        """
        import json

        if isinstance(payload, bytes):
            data = payload
        elif isinstance(payload, str):
            data = payload.encode()
        else:
            encode_body(payload)  # the same refusals: floats, NaN, what is no JSON
            data = json.dumps(payload).encode()
        return _signing.sign_button(
            self._identity.sign_bytes, self._identity.algorithm, data
        )

    def _checked(
        self, headers: Mapping[str, str] | None
    ) -> tuple[tuple[str, str], ...]:
        checked = checked_headers(headers)
        for name, _ in checked:
            if name in _RESERVED:
                raise InvalidRequest(f"the header {name} is the client's own to set")
            if (
                name == _SIMULATION_CODE
                and self._identity.endpoint.environment == "live"
            ):
                raise InvalidRequest(
                    "a simulation code makes no sense on a live client"
                )
        return checked

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
        given = dict(self._checked(headers))
        named = given.pop(_IDEMPOTENCY_KEY, None)
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

    def _finished(self, response: Response[Any]) -> Response[Any]:
        return (
            response.raise_for_status() if self._options.raise_for_status else response
        )

    def __repr__(self) -> str:
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
        algorithm: `AMZN-PAY-RSASSA-PSS` (salt 20) or `AMZN-PAY-RSASSA-PSS-V2` (32).
        endpoint_url: Another server: https anywhere, http to this machine only.
        timeout: Seconds for each socket step, or a `Timeout`.
        deadline: Seconds that all attempts of a call share.
        retry: How a call is repeated; see `Retry`.
        transport: An `httpx2` transport of your own; `close()` closes it.
        verify: An `ssl.SSLContext` that trusts a private CA. Never switched off.
        proxy: A proxy's URL.
        trust_env: Whether to read HTTP(S)_PROXY, NO_PROXY and SSL_CERT_FILE/DIR, once.
        raise_for_status: Whether every call raises for a 4xx or 5xx.
        integrator_id: A solution provider's platform id, sent as a header.
        integrator_version: The version of a provider's plugin, sent as a header.
        platform_version: The version of the shop platform, sent as a header.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    _connections: Connections

    def __init__(  # noqa: PLR0913 - the constructor of the README, and its options
        self,
        public_key_id: str,
        private_key: str | bytes | os.PathLike[str] | RSAPrivateKey,
        region: str,
        sandbox: bool | None = None,  # noqa: FBT001 - positional by the README
        *,
        private_key_password: str | bytes | None = None,
        algorithm: str = "AMZN-PAY-RSASSA-PSS",
        endpoint_url: str | None = None,
        timeout: float | Timeout = DEFAULT_TIMEOUT,
        deadline: float = DEFAULT_DEADLINE,
        retry: Retry = DEFAULT_RETRY,
        transport: httpx2.BaseTransport | None = None,
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        raise_for_status: bool = False,
        integrator_id: str | None = None,
        integrator_version: str | None = None,
        platform_version: str | None = None,
    ) -> None:
        self._identity = self._identified(
            public_key_id,
            private_key,
            region,
            sandbox,
            private_key_password=private_key_password,
            algorithm=algorithm,
            endpoint_url=endpoint_url,
            integrator_id=integrator_id,
            integrator_version=integrator_version,
            platform_version=platform_version,
        )
        self._options = _Options(
            timeout_from(timeout), checked_deadline(deadline), retry, raise_for_status
        )
        from ._transport import Connections, transport_options

        options = transport_options(
            self._identity.endpoint, verify=verify, proxy=proxy, trust_env=trust_env
        )
        self._connections = Connections(options, transport)

    def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built: sign, send, repeat."""
        from ._transport import run, send_once

        options = self._options

        def attempt(time_left: float) -> Outcome:
            return send_once(
                self._connections.current(),
                self._identity.attempt(call, options),
                options.timeout,
                time_left,
            )

        return self._finished(run(call, options.retry, options.deadline, attempt))

    def perform(self, step: Step) -> object:
        """Do one step of a procedure."""
        from ._transfer import checked_link, transfer

        match step:
            case Call():
                return self.send(step)
            case Wait():
                time.sleep(step.seconds)
            case Transfer():
                checked_link(step.url, at_home=self._identity.endpoint.is_loopback)
                transfer(self._connections.current(), step, self._options.timeout)
            case Now():
                return time.monotonic()
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
        return self.send(
            self._call(method, path, body, query, headers, idempotency_key)
        )

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
    from a second event loop it opens connections of its own there.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    _connections: AsyncConnections

    def __init__(  # noqa: PLR0913 - the constructor of the README, and its options
        self,
        public_key_id: str,
        private_key: str | bytes | os.PathLike[str] | RSAPrivateKey,
        region: str,
        sandbox: bool | None = None,  # noqa: FBT001 - positional by the README
        *,
        private_key_password: str | bytes | None = None,
        algorithm: str = "AMZN-PAY-RSASSA-PSS",
        endpoint_url: str | None = None,
        timeout: float | Timeout = DEFAULT_TIMEOUT,
        deadline: float = DEFAULT_DEADLINE,
        retry: Retry = DEFAULT_RETRY,
        transport: httpx2.AsyncBaseTransport | None = None,
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        raise_for_status: bool = False,
        integrator_id: str | None = None,
        integrator_version: str | None = None,
        platform_version: str | None = None,
    ) -> None:
        self._identity = self._identified(
            public_key_id,
            private_key,
            region,
            sandbox,
            private_key_password=private_key_password,
            algorithm=algorithm,
            endpoint_url=endpoint_url,
            integrator_id=integrator_id,
            integrator_version=integrator_version,
            platform_version=platform_version,
        )
        self._options = _Options(
            timeout_from(timeout), checked_deadline(deadline), retry, raise_for_status
        )
        from ._transport import AsyncConnections, transport_options

        options = transport_options(
            self._identity.endpoint, verify=verify, proxy=proxy, trust_env=trust_env
        )
        self._connections = AsyncConnections(options, transport)

    async def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built: sign, send, repeat."""
        from ._transport import arun, asend_once

        options = self._options

        async def attempt(time_left: float) -> Outcome:
            return await asend_once(
                self._connections.current(),
                self._identity.attempt(call, options),
                options.timeout,
                time_left,
            )

        return self._finished(
            await arun(call, options.retry, options.deadline, attempt)
        )

    async def perform(self, step: Step) -> object:
        """Do one step of a procedure."""
        import anyio

        from ._transfer import atransfer, checked_link

        match step:
            case Call():
                return await self.send(step)
            case Wait():
                await anyio.sleep(step.seconds)
            case Transfer():
                checked_link(step.url, at_home=self._identity.endpoint.is_loopback)
                await atransfer(
                    self._connections.current(), step, self._options.timeout
                )
            case Now():
                return time.monotonic()
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
        return await self.send(
            self._call(method, path, body, query, headers, idempotency_key)
        )

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
