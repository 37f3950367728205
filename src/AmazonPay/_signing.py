"""Request and button signatures, as pure functions of text and bytes.

Follows `amazon-pay-api-v2/signing-requests.html` and, where that page is silent, what
all four official SDKs do. `verify` mirrors `sign`: the simulator uses it, and so can a
test. Nothing here reads a clock, a file or the network.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from .errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPublicKey,
    )

    SignBytes = Callable[[bytes], bytes]
    Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of fixed length."""

    name: str
    salt_length: int


V1 = Algorithm("AMZN-PAY-RSASSA-PSS", 20)
V2 = Algorithm("AMZN-PAY-RSASSA-PSS-V2", 32)
ALGORITHMS = {algorithm.name: algorithm for algorithm in (V1, V2)}


class SignatureMismatch(Exception):  # noqa: N818 - it answers `verify`, it is no fault
    """The signature does not fit; `string_to_sign` is the verifier's own text."""

    def __init__(self, string_to_sign: str) -> None:
        super().__init__("the signature does not fit the request")
        self.string_to_sign = string_to_sign


class MalformedAuthorization(ValueError):  # noqa: N818 - the same
    """The authorization header does not have the documented form."""


# The texts ----------------------------------------------------------------------------


def percent_encode(text: str, safe: str = "") -> str:
    """Encode by RFC 3986: unreserved characters stay, all else is upper-case %XX.

    Raises:
        InvalidRequest: the text holds half a surrogate pair, which has no UTF-8.
    """
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        problem = "a path or a query holds half a surrogate pair, which has no UTF-8"
    raise InvalidRequest(problem)  # without the text, which the other error holds


def canonical_path(path: str) -> str:
    """Write a path in canonical form; a path already in it stays as it is.

    Runs of `/` become one and a trailing one stays, as in Java and .NET; `.` and `..`
    stay too, for no SDK resolves them. An existing %XX is kept: we encode once.
    """
    collapsed = re.sub("/+", "/", "/" + path)
    return re.sub(
        r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~/%])+",
        lambda found: percent_encode(found[0]),
        collapsed,
    )


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Encode and sort by name, then by value; a repeated name stays repeated."""
    encoded = sorted(
        (percent_encode(name), percent_encode(value)) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_query_of(raw: str) -> str:
    """Bring a query as it came over the wire into canonical form."""
    pairs = (piece.partition("=") for piece in raw.split("&") if piece)
    encoded = sorted(
        (
            quote(unquote_to_bytes(name), safe=""),
            quote(unquote_to_bytes(value), safe=""),
        )
        for name, _, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_headers(headers: Headers) -> tuple[str, str]:
    """Write the header lines, and the list of their names.

    Names are lower case and sorted; values are trimmed and inner runs of white space
    become one space; several values of one name are joined by a comma.
    """
    values: dict[str, str] = {}
    for given, text in headers:
        name, value = given.lower(), " ".join(text.split())
        values[name] = f"{values[name]},{value}" if name in values else value
    names = sorted(values)
    lines = "".join([f"{name}:{values[name]}\n" for name in names])
    return lines, ";".join(names)


def _hashed(data: bytes) -> str:
    from hashlib import sha256  # it loads OpenSSL

    return sha256(data).hexdigest()


def canonical_request(
    method: str, path: str, query: str, headers: Headers, body: bytes
) -> str:
    """Write the canonical request; `path` and `query` come in canonical form."""
    lines, names = canonical_headers(headers)
    digest = _hashed(body)
    return f"{method.upper()}\n{path}\n{query}\n{lines}\n{names}\n{digest}"


def string_to_sign(algorithm: Algorithm, text: str | bytes) -> str:
    """Write the string to sign over a canonical request or a button payload."""
    data = text.encode() if isinstance(text, str) else text
    return f"{algorithm.name}\n{_hashed(data)}"


# Signing ------------------------------------------------------------------------------


def rsa_signer(key: RSAPrivateKey, algorithm: Algorithm) -> SignBytes:
    """Make the function that signs with a key in memory."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
    from cryptography.hazmat.primitives.hashes import SHA256

    digest = SHA256()
    padding = PSS(MGF1(digest), algorithm.salt_length)

    def sign_bytes(message: bytes) -> bytes:
        return key.sign(message, padding, digest)

    return sign_bytes


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What there is to sign of a request, and where the signature goes."""

    message: bytes
    prefix: str

    def authorization(self, signature: bytes) -> str:
        """Write the `authorization` header."""
        return self.prefix + b64encode(signature).decode()


def unsigned(  # noqa: PLR0913 - a signature covers all of a request
    algorithm: Algorithm,
    public_key_id: str,
    method: str,
    path: str,
    query: str,
    headers: Headers,
    body: bytes,
) -> Unsigned:
    """Write what is signed of a request whose path and query are canonical."""
    lines, names = canonical_headers(headers)
    digest = _hashed(body)
    text = string_to_sign(
        algorithm, f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
    )
    return Unsigned(
        text.encode(),
        f"{algorithm.name} PublicKeyId={public_key_id}, SignedHeaders={names},"
        " Signature=",
    )


def sign(  # noqa: PLR0913 - the same
    sign_bytes: SignBytes,
    algorithm: Algorithm,
    public_key_id: str,
    method: str,
    path: str,
    query: str,
    headers: Headers,
    body: bytes,
) -> str:
    """Sign a request whose path and query are canonical; return `authorization`."""
    text = unsigned(algorithm, public_key_id, method, path, query, headers, body)
    return text.authorization(sign_bytes(text.message))


def button_message(algorithm: Algorithm, payload: bytes) -> bytes:
    """Write what is signed of a button's payload: no header and no date."""
    return string_to_sign(algorithm, payload).encode()


def sign_button(sign_bytes: SignBytes, algorithm: Algorithm, payload: bytes) -> str:
    """Sign a button payload: good until key or payload change."""
    return b64encode(sign_bytes(button_message(algorithm, payload))).decode()


# Verifying ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authorization:
    """The parts of an `authorization` header."""

    algorithm: str
    public_key_id: str
    signed_headers: tuple[str, ...]
    """Lower case, as the canonical form has them."""
    signature: bytes


_AUTHORIZATION = (
    r"(?P<algorithm>[A-Za-z0-9-]+) +"
    r"PublicKeyId=(?P<key>[^,\s]+), *"
    r"SignedHeaders=(?P<names>[^,\s]+), *"
    r"Signature=(?P<signature>[A-Za-z0-9+/=]+)"
)


def parse_authorization(value: str) -> Authorization:
    """Read an `authorization` header, or raise `MalformedAuthorization`."""
    found = re.fullmatch(_AUTHORIZATION, value.strip())
    if found is None:
        raise MalformedAuthorization(
            "expected: ALGORITHM PublicKeyId=…, SignedHeaders=…, Signature=…"
        )
    try:
        signature = b64decode(found["signature"], validate=True)
    except Base64Error:
        raise MalformedAuthorization("Signature is not base64") from None
    # Node writes the names as its caller did, PHP repeats none: compare in lower case.
    names = dict.fromkeys(found["names"].lower().split(";"))
    return Authorization(found["algorithm"], found["key"], tuple(names), signature)


def verify(  # noqa: PLR0913 - the mirror of `sign`
    public_key: RSAPublicKey,
    authorization: Authorization,
    method: str,
    path: str,
    raw_query: str,
    headers: Headers,
    body: bytes,
) -> None:
    """Check a signature over a request as it came, or raise `SignatureMismatch`.

    `authorization.algorithm` must be one of `ALGORITHMS` and every signed header must
    have come: see that first, they are other errors.
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
            [(name, value) for name, value in headers if name.lower() in signed],
            body,
        ),
    )
    padding = PSS(MGF1(SHA256()), algorithm.salt_length)
    try:
        public_key.verify(authorization.signature, text.encode(), padding, SHA256())
    except InvalidSignature:
        raise SignatureMismatch(text) from None


def algorithm_named(name: str) -> Algorithm:
    """Find an algorithm by its wire name."""
    if name not in ALGORITHMS:
        raise ConfigurationError(
            f"algorithm {name!r} is not one of {', '.join(ALGORITHMS)}"
        )
    return ALGORITHMS[name]
