"""Turn a `Call` into a signed HTTP request, for one key id and one endpoint."""

from __future__ import annotations

import os
import platform
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from .._core.config import endpoint_for
from .._core.headers import (
    AUTH_TOKEN,
    IDEMPOTENCY_KEY,
    SIMULATION_CODE,
    checked_headers,
)
from .._core.key_ids import checked_public_key_id
from .._core.signals import raised_by_a_signal_handler
from .._core.version import installed_version
from ..errors import ConfigurationError
from .rsa_pss import algorithm_named, button_message, message_to_sign, rsa_signer
from .signer import awaits, checked_signature, signing_function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from typing_extensions import TypeIs

    from .._core.call import Call
    from .._core.config import Endpoint
    from .._core.options import Options
    from .rsa_pss import Algorithm
    from .signer import Signer

    Key = str | bytes | os.PathLike[str] | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """An HTTP request that is complete and signed."""

    method: str
    url: str = field(repr=False)
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    """Every header, `host` and `authorization` among them."""
    body: bytes = field(repr=False)
    loopback_only: bool
    """Whether the connection must lead to loopback."""


class SignerFailed(Exception):  # noqa: N818 - internal; users see a `SigningFailed`
    """The caller's signer raised an error or returned no signature; see the cause."""


def _signer_failed(error: Exception) -> SignerFailed:
    """Return a `SignerFailed` for the error of a caller's signer.

    The signer's error keeps the frames of the signer, without those above it.
    """
    if raised_by_a_signal_handler(error):
        raise error
    traceback = error.__traceback__
    while traceback and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    return SignerFailed()


@dataclass(frozen=True, slots=True)
class UnsignedRequest:
    """An HTTP request that lacks only its `authorization` header."""

    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    message: bytes
    """The bytes to sign."""
    authorization: str
    """The `authorization` header up to the signature."""
    loopback_only: bool

    def signed(self, signature: bytes) -> SignedRequest:
        """Return the request with its `authorization` header."""
        authorization = self.authorization.encode() + b64encode(signature)
        headers = [*self.headers, (b"authorization", authorization)]
        return SignedRequest(
            self.method, self.url, headers, self.body, self.loopback_only
        )


def _user_agent() -> str:
    ours = installed_version()
    return f"AmazonPayClient/{ours} (Python/{platform.python_version()})"


class RequestSigner:
    """Builds and signs requests for one key id at one endpoint.

    There is one for each key id; all views of a client share it.
    """

    def __init__(
        self,
        public_key_id: str,
        key: RSAPrivateKey | Signer,
        algorithm: Algorithm,
        endpoint: Endpoint,
        unsigned: Mapping[str, str | None],
    ) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        self.public_key_id = public_key_id
        self.algorithm = algorithm
        self.endpoint = endpoint
        self.in_memory = isinstance(key, RSAPrivateKey)
        """Whether the key is in memory, so that signing is fast and cannot fail."""
        self.public_key = key.public_key() if isinstance(key, RSAPrivateKey) else None
        """The public half of a key in memory; None for a signer of the caller's."""
        self._sign: Callable[[bytes], Any] = (
            rsa_signer(key, algorithm)
            if isinstance(key, RSAPrivateKey)
            else signing_function(key)
        )
        self.signer_awaits = awaits(self._sign)
        self._signed_headers = (
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-amz-pay-host", endpoint.host),
            ("x-amz-pay-region", endpoint.region.code),
        )
        self._fixed = [
            (b"host", endpoint.authority.encode()),
            *(
                (name.encode(), value.encode())
                for name, value in (
                    *self._signed_headers,
                    ("accept-encoding", "identity"),
                    ("user-agent", _user_agent()),
                    *checked_headers(
                        {n: v for n, v in unsigned.items() if v is not None}
                    ),
                )
            ),
        ]
        self._origin = f"{endpoint.scheme}://{endpoint.authority}"
        self._loopback_only = endpoint.scheme == "http" and endpoint.host == "localhost"

    # Signatures -----------------------------------------------------------------------

    def button_signature(self, payload: bytes) -> str:
        """Return the signature of a button's payload, as base64."""
        message = button_message(self.algorithm, payload)
        return b64encode(self.sign(message)).decode()

    async def abutton_signature(self, payload: bytes, time_left: float) -> str:
        """Return the signature of a button's payload, awaiting the signer."""
        message = button_message(self.algorithm, payload)
        return b64encode(await self.asign(message, time_left)).decode()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, the string to sign, as raw bytes.

        Raises:
            SignerFailed: a signer that the caller gave in place of a key failed.
        """
        if self.in_memory:
            return self._sign(message)  # type: ignore[no-any-return] # rsa_signer's bytes
        try:
            return checked_signature(self._sign(message))
        except Exception as error:
            raise _signer_failed(error) from error

    async def asign(self, message: bytes, time_left: float) -> bytes:
        """Return the signature of a message, waiting at most `time_left` seconds.

        Raises:
            SignerFailed: the caller's own signer failed, or took too long.
        """
        if self.in_memory:
            return self._sign(message)  # type: ignore[no-any-return] # rsa_signer's bytes
        import anyio.to_thread

        try:
            with anyio.fail_after(max(time_left, 0.0)):
                if self.signer_awaits:
                    return checked_signature(await self._sign(message))
                # It may call a server, so it must not block the event loop.
                signature = await anyio.to_thread.run_sync(
                    self._sign, message, abandon_on_cancel=True
                )
                return checked_signature(signature)
        except Exception as error:
            raise _signer_failed(error) from error

    # Requests -------------------------------------------------------------------------

    def unsigned(
        self, call: Call, options: Options, correction: timedelta
    ) -> UnsignedRequest:
        """Return the request for a call, dated the system clock minus `correction`."""
        path = self.endpoint.base_path + call.path
        date = (datetime.now(UTC) - correction).strftime("%Y%m%dT%H%M%SZ")
        body = call.body if call.body is not None else b""
        signed = [("x-amz-pay-date", date)]
        if call.idempotency_key is not None:
            signed.append((IDEMPOTENCY_KEY, call.idempotency_key))
        token = next(
            (v for n, v in call.headers if n == AUTH_TOKEN), options.auth_token
        )
        if token is not None:
            signed.append((AUTH_TOKEN, token))
        message, authorization = message_to_sign(
            self.algorithm,
            self.public_key_id,
            call.method,
            path,
            call.query,
            (*self._signed_headers, *signed),
            body,
        )
        # The nearest value of a name counts: the call's, the view's, the client's own.
        unsigned = dict(options.headers)
        if options.simulation_code is not None:
            unsigned[SIMULATION_CODE] = options.simulation_code
        unsigned |= {n: v for n, v in call.headers if n != AUTH_TOKEN}
        added = [(n.encode(), v.encode()) for n, v in (*signed, *unsigned.items())]
        names = {name for name, _ in added}
        headers = [*(one for one in self._fixed if one[0] not in names), *added]
        if call.body is not None:
            headers.append((b"content-length", str(len(body)).encode()))
        query = f"?{call.query}" if call.query else ""
        return UnsignedRequest(
            call.method,
            f"{self._origin}{path}{query}",
            headers,
            body,
            message,
            authorization,
            self._loopback_only,
        )


def key_pairs(
    public_key_id: str | None,
    private_key: Key | None,
    signer: Signer | None,
    keys: Sequence[tuple[str, Key | Signer]] | None,
    password: str | bytes | None = None,
) -> list[tuple[str, Key | Signer]]:
    """Return pairs of key id and key or signer; the first pair signs."""
    if keys is None:
        if public_key_id is None:
            raise ConfigurationError("public_key_id is missing")
        given = private_key if signer is None else signer
        if given is None:
            raise ConfigurationError("private_key is missing; or give a signer")
        if private_key is not None and signer is not None:
            raise ConfigurationError("give private_key or signer, not both")
        if signer is not None:
            signing_function(signer)
            if password is not None:
                raise ConfigurationError(
                    "private_key_password does nothing with a signer: leave it out"
                )
        return [(public_key_id, given)]
    if any(given is not None for given in (public_key_id, private_key, signer)):
        raise ConfigurationError(
            "keys takes the place of public_key_id, private_key and signer"
        )
    if not isinstance(keys, (list, tuple)) or not all(map(_is_pair, keys)):
        raise ConfigurationError(
            "keys is a list of pairs of public key id and key or signer:"
            " [(id, key), (other_id, other_key)]"
        )
    pairs = list(keys)
    if not pairs or len({key_id for key_id, _ in pairs}) != len(pairs):
        raise ConfigurationError("keys are pairs of distinct public key ids and keys")
    return pairs


def _is_pair(value: object) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    pair = cast("Sequence[object]", value)
    return len(pair) == 2 and isinstance(pair[0], str)  # noqa: PLR2004 - a pair


def _is_key(given: Key | Signer) -> TypeIs[Key]:
    """Return whether `given` is a key, and not a signer.

    It is True for a value of any other type, which the loading of the key refuses.
    """
    # Keys of `cryptography` that are not RSA's have a method `sign`, too.
    if isinstance(given, (str, bytes, os.PathLike)) or hasattr(given, "private_bytes"):
        return True
    return not hasattr(given, "sign") and not callable(given)


def request_signers(  # noqa: PLR0913 - the constructor's parameters for keys
    pairs: Sequence[tuple[str, Key | Signer]],
    *,
    region: str | None,
    sandbox: bool | None,
    password: str | bytes | None,
    algorithm: str,
    endpoint_url: str | None,
    unsigned: Mapping[str, str | None],
) -> dict[str, RequestSigner]:
    """Return a request signer for each key id, in order.

    Raises:
        ConfigurationError: an argument is invalid, or the keys belong to different
            environments.
    """
    from .private_key import load_private_key  # it imports cryptography

    if region is None:
        raise ConfigurationError("region is missing: us, eu or jp")
    chosen = algorithm_named(algorithm)
    made: dict[str, RequestSigner] = {}
    for given_id, key in pairs:
        key_id = checked_public_key_id(given_id)
        endpoint = endpoint_for(key_id, region, sandbox, endpoint_url)
        loaded = load_private_key(key, password) if _is_key(key) else key
        made[key_id] = RequestSigner(key_id, loaded, chosen, endpoint, unsigned)
    if len({one.endpoint.environment for one in made.values()}) > 1:
        raise ConfigurationError("the public key ids in keys name two environments")
    return made
