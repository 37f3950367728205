"""Who calls, and whom: a key id, its signer and an endpoint make requests of calls."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import _signing
from ._config import checked_public_key_id, endpoint_for
from ._key import load_private_key
from ._operation import checked_headers
from ._options import AUTH_TOKEN, IDEMPOTENCY_KEY, SIMULATION_CODE
from ._signer import awaits, checked_signature, signing_function
from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from typing_extensions import TypeIs

    from ._config import Endpoint
    from ._operation import Call
    from ._options import Options
    from ._signer import Signer

    Key = str | bytes | os.PathLike[str] | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed request, ready to leave."""

    method: str
    url: str = field(repr=False)
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    """Every header, `host` and `authorization` among them."""
    body: bytes = field(repr=False)
    must_stay_here: bool
    """Whether the peer must prove to be this machine."""


class SignerFailed(Exception):  # noqa: N818 - it becomes a `SigningFailed`
    """A signer of the caller's raised, or gave no signature; see the cause."""


def _signer_failed(error: Exception) -> SignerFailed:
    """Say that a signer failed; raise `error` if a signal came while it signed.

    The signer's error keeps the frames of the signer, without those above it.
    """
    from ._http.network import raised_by_a_signal_handler

    if raised_by_a_signal_handler(error):
        raise error
    traceback = error.__traceback__
    while traceback and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    return SignerFailed()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request that only lacks its signature."""

    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    text: _signing.Unsigned
    must_stay_here: bool

    def signed(self, signature: bytes) -> Attempt:
        authorization = self.text.authorization(signature).encode()
        self.headers.append((b"authorization", authorization))
        return Attempt(
            self.method, self.url, self.headers, self.body, self.must_stay_here
        )


def _user_agent() -> str:
    """Name this package; whatever cannot be found out is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    try:
        ours = version("AmazonPayClient")
    except PackageNotFoundError:
        ours = "unknown"
    return f"AmazonPayClient/{ours} (Python/{platform.python_version()})"


class Identity:
    """One key id at one endpoint; made once, shared by every view of a client."""

    def __init__(
        self,
        public_key_id: str,
        key: RSAPrivateKey | Signer,
        algorithm: _signing.Algorithm,
        endpoint: Endpoint,
        unsigned: Mapping[str, str | None],
    ) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        self.public_key_id = public_key_id
        self.algorithm = algorithm
        self.endpoint = endpoint
        self.in_memory = isinstance(key, RSAPrivateKey)
        """Whether signing takes no time worth a thread, and cannot fail."""
        self._sign: Callable[[bytes], Any] = (
            _signing.rsa_signer(key, algorithm)
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
        self._must_stay_here = (
            endpoint.scheme == "http" and endpoint.host == "localhost"
        )

    # Signatures -----------------------------------------------------------------------

    def attempt(self, call: Call, options: Options, set_back: timedelta) -> Attempt:
        """Sign a call as of now: a fresh date and signature, the same key and bytes.

        Raises:
            SignerFailed: the caller's own signer did.
        """
        draft = self._draft(call, options, set_back)
        return draft.signed(self._signature(draft.text.message))

    async def aattempt(
        self, call: Call, options: Options, set_back: timedelta, time_left: float
    ) -> Attempt:
        """Do the same, awaiting, for as long as there is time."""
        draft = self._draft(call, options, set_back)
        return draft.signed(await self._asignature(draft.text.message, time_left))

    def button_signature(self, payload: bytes) -> str:
        """Sign a button's payload."""
        message = _signing.button_message(self.algorithm, payload)
        return b64encode(self._signature(message)).decode()

    async def abutton_signature(self, payload: bytes, time_left: float) -> str:
        """Do the same, awaiting."""
        message = _signing.button_message(self.algorithm, payload)
        return b64encode(await self._asignature(message, time_left)).decode()

    def _signature(self, message: bytes) -> bytes:
        if self.in_memory:
            return self._sign(message)  # type: ignore[no-any-return] # rsa_signer's bytes
        try:
            return checked_signature(self._sign(message))
        except Exception as error:
            raise _signer_failed(error) from error

    async def _asignature(self, message: bytes, time_left: float) -> bytes:
        if self.in_memory:
            return self._sign(message)  # type: ignore[no-any-return] # rsa_signer's bytes
        import anyio.to_thread

        try:
            with anyio.fail_after(max(time_left, 0.0)):
                if self.signer_awaits:
                    return checked_signature(await self._sign(message))
                # It may ask a server: the event loop goes on meanwhile.
                signature = await anyio.to_thread.run_sync(
                    self._sign, message, abandon_on_cancel=True
                )
                return checked_signature(signature)
        except Exception as error:
            raise _signer_failed(error) from error

    # Requests -------------------------------------------------------------------------

    def _draft(self, call: Call, options: Options, set_back: timedelta) -> _Draft:
        path = self.endpoint.base_path + call.path
        date = (datetime.now(UTC) - set_back).strftime("%Y%m%dT%H%M%SZ")
        body = call.body if call.body is not None else b""
        own = [("x-amz-pay-date", date)]
        if call.idempotency_key is not None:
            own.append((IDEMPOTENCY_KEY, call.idempotency_key))
        token = next(
            (v for n, v in call.headers if n == AUTH_TOKEN), options.auth_token
        )
        if token is not None:
            own.append((AUTH_TOKEN, token))
        text = _signing.unsigned(
            self.algorithm,
            self.public_key_id,
            call.method,
            path,
            call.query,
            (*self._signed_headers, *own),
            body,
        )
        unsigned = [(n, v) for n, v in call.headers if n != AUTH_TOKEN]
        unsigned += options.headers
        if options.simulation_code is not None:
            unsigned.append((SIMULATION_CODE, options.simulation_code))
        headers = [
            *self._fixed,
            *[(n.encode(), v.encode()) for n, v in (*own, *unsigned)],
        ]
        if call.body is not None:
            headers.append((b"content-length", str(len(body)).encode()))
        query = f"?{call.query}" if call.query else ""
        url = f"{self._origin}{path}{query}"
        return _Draft(call.method, url, headers, body, text, self._must_stay_here)


def key_pairs(
    public_key_id: str | None,
    private_key: Key | None,
    signer: Signer | None,
    keys: Sequence[tuple[str, Key | Signer]] | None,
) -> list[tuple[str, Key | Signer]]:
    """Read the three ways to say who signs; the first pair is the one that does."""
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
        return [(public_key_id, given)]
    if any(given is not None for given in (public_key_id, private_key, signer)):
        raise ConfigurationError(
            "keys takes the place of public_key_id, private_key and signer"
        )
    pairs = list(keys)
    if not pairs or len({key_id for key_id, _ in pairs}) != len(pairs):
        raise ConfigurationError("keys are pairs of distinct public key ids and keys")
    return pairs


def _is_key(given: Key | Signer) -> TypeIs[Key]:
    """Tell a key from a signer; what is neither is refused as a key."""
    if isinstance(given, (str, bytes, os.PathLike)) or hasattr(
        given, "private_numbers"
    ):
        return True
    return not hasattr(given, "sign") and not callable(given)


def identities(  # noqa: PLR0913 - what both constructors take
    pairs: Sequence[tuple[str, Key | Signer]],
    *,
    region: str | None,
    sandbox: bool | None,
    password: str | bytes | None,
    algorithm: str,
    endpoint_url: str | None,
    unsigned: Mapping[str, str | None],
) -> dict[str, Identity]:
    """Make an identity for each key id, in order; all of one environment."""
    if region is None:
        raise ConfigurationError("region is missing: us, eu or jp")
    chosen = _signing.algorithm_named(algorithm)
    made: dict[str, Identity] = {}
    for given_id, key in pairs:
        key_id = checked_public_key_id(given_id)
        endpoint = endpoint_for(key_id, region, sandbox, endpoint_url)
        loaded = load_private_key(key, password) if _is_key(key) else key
        made[key_id] = Identity(key_id, loaded, chosen, endpoint, unsigned)
    if len({one.endpoint.environment for one in made.values()}) > 1:
        raise ConfigurationError("the public key ids in keys name two environments")
    return made
