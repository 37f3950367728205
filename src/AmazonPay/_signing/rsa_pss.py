"""RSASSA-PSS signatures of requests and buttons, and the `authorization` header.

`verify` is for the simulator and for tests.
Nothing here reads a clock, a file or the network.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .canonical import (
    canonical_headers,
    canonical_path,
    canonical_query_of,
    canonical_request,
    sha256_hex,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPublicKey,
    )


@dataclass(frozen=True, slots=True)
class Algorithm:
    """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of fixed length."""

    name: str
    salt_length: int
    """In bytes."""


V1 = Algorithm("AMZN-PAY-RSASSA-PSS", 20)
V2 = Algorithm("AMZN-PAY-RSASSA-PSS-V2", 32)
ALGORITHMS = {algorithm.name: algorithm for algorithm in (V1, V2)}


def algorithm_named(name: str) -> Algorithm:
    """Return the algorithm with a wire name.

    Raises:
        ConfigurationError: there is no such algorithm.
    """
    if not isinstance(name, str) or name not in ALGORITHMS:
        shown = repr(name[:30]) if isinstance(name, str) else type(name).__name__
        raise ConfigurationError(
            f"algorithm {shown} is not one of {', '.join(ALGORITHMS)}"
        )
    return ALGORITHMS[name]


# Signing ------------------------------------------------------------------------------


def string_to_sign(algorithm: Algorithm, text: str | bytes) -> str:
    """Return the string to sign for a canonical request or a button payload."""
    data = text.encode() if isinstance(text, str) else text
    return f"{algorithm.name}\n{sha256_hex(data)}"


def message_to_sign(  # noqa: PLR0913 - a signature covers all of a request
    algorithm: Algorithm,
    public_key_id: str,
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> tuple[bytes, str]:
    """Return the message to sign, and the `authorization` header up to the signature.

    `path` and `query` must be canonical. Append the signature as base64 to complete the
    header.
    """
    canonical = canonical_headers(headers)
    request = canonical_request(method, path, query, canonical, body)
    authorization = (
        f"{algorithm.name} PublicKeyId={public_key_id},"
        f" SignedHeaders={canonical.names}, Signature="
    )
    return string_to_sign(algorithm, request).encode(), authorization


def button_message(algorithm: Algorithm, payload: bytes) -> bytes:
    """Return the message to sign for a button payload, without headers or date."""
    return string_to_sign(algorithm, payload).encode()


def rsa_signer(key: RSAPrivateKey, algorithm: Algorithm) -> Callable[[bytes], bytes]:
    """Return the function that signs messages with a key in memory."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
    from cryptography.hazmat.primitives.hashes import SHA256

    digest = SHA256()
    padding = PSS(MGF1(digest), algorithm.salt_length)

    def sign_bytes(message: bytes) -> bytes:
        return key.sign(message, padding, digest)

    return sign_bytes


# Verifying ----------------------------------------------------------------------------


class SignatureMismatch(Exception):  # noqa: N818 - a result of `verify`
    """The signature does not match; `string_to_sign` is the verifier's own text."""

    def __init__(self, string_to_sign: str) -> None:
        super().__init__("the signature does not fit the request")
        self.string_to_sign = string_to_sign


class MalformedAuthorization(ValueError):  # noqa: N818 - the name says what was found
    """The `authorization` header does not have the documented form."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an `authorization` header."""

    algorithm: str
    public_key_id: str
    signed_headers: tuple[str, ...]
    """In lower case, as in the canonical form."""
    signature: bytes


_AUTHORIZATION = (
    r"(?P<algorithm>[A-Za-z0-9-]+) +"
    r"PublicKeyId=(?P<key>[^,\s]+), *"
    r"SignedHeaders=(?P<names>[^,\s]+), *"
    r"Signature=(?P<signature>[A-Za-z0-9+/=]+)"
)


def parse_authorization(value: str) -> Authorization:
    """Parse an `authorization` header.

    Raises:
        MalformedAuthorization: the header does not have the documented form.
    """
    found = re.fullmatch(_AUTHORIZATION, value.strip())
    if found is None:
        raise MalformedAuthorization(
            "expected: ALGORITHM PublicKeyId=…, SignedHeaders=…, Signature=…"
        )
    try:
        signature = b64decode(found["signature"], validate=True)
    except Base64Error:
        raise MalformedAuthorization("Signature is not base64") from None
    # The Node SDK sends names in the caller's case, so they are compared in lower case.
    # The dict drops repeated names.
    names = dict.fromkeys(found["names"].lower().split(";"))
    return Authorization(found["algorithm"], found["key"], tuple(names), signature)


def verify(  # noqa: PLR0913 - a signature covers all of a request
    public_key: RSAPublicKey,
    authorization: Authorization,
    method: str,
    path: str,
    raw_query: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> None:
    """Check the signature of a request as a server received it.

    Before the call, check that `authorization.algorithm` is one of `ALGORITHMS`, and
    that the request has each signed header.

    Raises:
        SignatureMismatch: the signature does not match.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
    from cryptography.hazmat.primitives.hashes import SHA256

    algorithm = ALGORITHMS[authorization.algorithm]
    signed = set(authorization.signed_headers)
    text = string_to_sign(
        algorithm,
        canonical_request(
            method,
            canonical_path(path),
            canonical_query_of(raw_query),
            canonical_headers(pair for pair in headers if pair[0].lower() in signed),
            body,
        ),
    )
    padding = PSS(MGF1(SHA256()), algorithm.salt_length)
    try:
        public_key.verify(authorization.signature, text.encode(), padding, SHA256())
    except InvalidSignature:
        raise SignatureMismatch(text) from None
