"""The two clients: `Client` blocks, and `AsyncClient` awaits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._base_client import BaseClient
from ._client_signatures import AsyncSignatures
from ._core.call import Call
from ._core.run import arun, run
from .errors import ConfigurationError

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2  # noqa: F401 - the quoted bases below name it

    from ._core.steps import Step
    from ._http import perform
    from ._http.connections import AsyncConnections, Connections
    from ._signing.request_signer import RequestSigner
    from .pacing import RateLimits
    from .response import Response


class Client(BaseClient["httpx2.BaseTransport"]):
    """Amazon Pay API v2, blocking. Threads may share one client.

    Args:
        public_key_id: The key id from Seller Central. If it starts with `LIVE` or
            `SANDBOX`, it decides the environment.
        private_key: A file path, PEM as text or bytes, DER as bytes (PKCS#1 or PKCS#8),
            or an RSA key of `cryptography`. At least 2048 bit. Escaped line ends,
            base64, UTF-16 and quotes, as other tools add them, are undone.
        region: `us`, `na`, `eu`, `de`, `uk` or `jp`, in any case.
        sandbox: For a key id without prefix, which is live by default.
        private_key_password: For encrypted PEM.
        signer: In place of `private_key`, a function or an object with a method `sign`
            that signs bytes, such as a KMS; see `docs/signing.md`.
        keys: In place of all three, pairs of key id and key or signer. The first signs;
            `with_options(public_key_id=…)` selects another one.
        algorithm: `AMZN-PAY-RSASSA-PSS` (salt 20) or `AMZN-PAY-RSASSA-PSS-V2` (32).
        endpoint_url: Another server: any over https, only this machine over http.
        timeout: Seconds for each socket step, or a `Timeout`.
        deadline: Seconds that all attempts of a call share. A call ends by then, or one
            socket time-out later. In a blocking client, a DNS look-up and a `transport`
            of your own may take longer.
        retry: How a call is repeated; see `Retry`.
        rate_limits: `"live"` or `"sandbox"` to send no faster than Amazon's limits
            allow, or a `RateLimits`, whose buckets may be in Redis. Off by default.
        breaker: A `Breaker` that starts no checkout while Amazon fails. Off by default.
        transport: An `httpx2` transport of your own; `close()` closes it. In a process
            forked afterwards, calls raise `ClientClosed`.
        verify: The path of a CA file, the only authorities that are then trusted, or an
            `ssl.SSLContext` that trusts a private CA and refuses TLS below 1.2.
            Verification cannot be switched off.
        proxy: The URL of a proxy: http, https, socks5 or socks5h.
        trust_env: Whether to read HTTPS_PROXY, ALL_PROXY, NO_PROXY and
            SSL_CERT_FILE/DIR, once, in either case,
            and to respect SSLKEYLOGFILE. If not, a context in `verify` that logs
            session keys for SSLKEYLOGFILE stops doing so.
        raise_for_status: Whether every call raises for a 4xx or 5xx.
        integrator_id: A solution provider's platform id, sent as a header.
        integrator_version: The version of a provider's plugin, sent as a header.
        platform_version: The version of the shop platform, sent as a header.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    def _connections_kind(self) -> type[Connections]:
        from ._http.connections import Connections

        return Connections

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
        """Run a call that an operation has built, and return its response."""
        return run(self._calls.run(call), self)

    def perform(self, step: Step) -> object:
        """Do one step of a flow, and return its result."""
        if isinstance(step, Call):
            return self.send(step)
        return self._performer.perform(step)

    def close(self) -> None:
        """Close the connections; later calls of this client or its views raise."""
        self._calls.shared.connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(AsyncSignatures, BaseClient["httpx2.AsyncBaseTransport"]):
    """Amazon Pay API v2, awaiting, on asyncio and trio.

    Its arguments are those of `Client`; `transport` is an `httpx2.AsyncBaseTransport`.
    Each event loop that uses it gets connections of its own. A `signer` may be async;
    one that is not runs in a thread.

    Raises:
        ConfigurationError: an argument is missing, unreadable or contradicts another.
    """

    def _connections_kind(self) -> type[AsyncConnections]:
        from ._http.connections import AsyncConnections

        return AsyncConnections

    def _performer_kind(self) -> type[perform.AsyncPerformer]:
        from ._http.perform import AsyncPerformer

        return AsyncPerformer

    async def send(self, call: Call) -> Response[Any]:
        """Run a call that an operation has built, and return its response."""
        return await arun(self._calls.run(call), self)

    async def perform(self, step: Step) -> object:
        """Do one step of a flow, and return its result."""
        if isinstance(step, Call):
            return await self.send(step)
        return await self._performer.perform(step)

    async def aclose(self) -> None:
        """Close the connections; later calls of this client or its views raise."""
        await self._calls.shared.connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
