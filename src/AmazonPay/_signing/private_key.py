"""Load the private key from a path, PEM text or bytes, or a key object."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import cast

from cryptography.exceptions import (
    InternalError,
    InvalidSignature,
    UnsupportedAlgorithm,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..errors import ConfigurationError

_MINIMUM_BITS = 2048
_HIDDEN = "(not shown: it may be a key)"
_LONGEST_NAME = 255
"""No file system allows a longer name, so anything longer may be key material."""


def load_private_key(
    private_key: str | bytes | os.PathLike[str] | RSAPrivateKey,
    password: str | bytes | None = None,
) -> RSAPrivateKey:
    """Read an RSA private key of at least 2048 bit.

    PEM may be PKCS#1 or PKCS#8, encrypted with `password` or not. Errors never show
    what may be key material. They show the name of a missing file only if it is a
    `Path`, and nothing of a `str` that is neither PEM nor a file's name.

    Raises:
        ConfigurationError: the file is missing or unreadable, the password is wrong, or
            the key is public, of another kind, or too short.
    """
    if isinstance(private_key, RSAPrivateKey):
        return _checked(private_key)
    return _checked(_parsed(_pem_of(private_key), password))


def _pem_of(private_key: object) -> bytes:
    if isinstance(private_key, str) and "-----BEGIN" in private_key:
        return _encoded("private_key", private_key.strip("\ufeff \t\r\n"))
    if isinstance(private_key, bytes):
        return private_key.removeprefix(b"\xef\xbb\xbf").strip()
    if isinstance(private_key, str):
        return _file(private_key, _HIDDEN)
    if isinstance(private_key, os.PathLike):
        name = os.fsdecode(cast("os.PathLike[str]", private_key))
        return _file(name, _shown(name))
    raise ConfigurationError(
        "private_key must be a path, PEM as str or bytes, or an RSA private key of"
        f" cryptography, not {type(private_key).__name__}"
    )


def _encoded(name: str, text: str) -> bytes:
    """Return a secret as UTF-8; raise an error that does not hold the secret."""
    with contextlib.suppress(UnicodeEncodeError):
        return text.encode()
    raise ConfigurationError(f"{name} holds half a surrogate pair, which has no UTF-8")


def _shown(name: str) -> str:
    """Return a path for an error; hide what may be PEM without its first line."""
    hidden = len(name) > _LONGEST_NAME or re.search(
        r"[\r\n]|[A-Za-z0-9+/=]{64}|-----", name
    )
    return _HIDDEN if hidden else repr(name)


def _file(name: str, shown: str) -> bytes:
    """Return the file's PEM; errors show `shown`, because `name` may be a secret."""
    try:
        data = Path(name).read_bytes() if name else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        problem = (
            f"private_key is no PEM text, and as a file {shown} cannot be read:"
            f" {reason}"
        )
    else:
        if b"-----BEGIN" in data:
            return data.removeprefix(b"\xef\xbb\xbf").strip()
        problem = f"the file {_shown(name) if name else _HIDDEN} holds no PEM"
    raise ConfigurationError(problem)  # outside `except`: the other error has the name


def _parsed(pem: bytes, password: str | bytes | None) -> object:

    secret = (
        _encoded("private_key_password", password)
        if isinstance(password, str)
        else password
    )
    if b"PRIVATE KEY-----" not in pem:
        kind = "a public key" if b"PUBLIC KEY-----" in pem else "no private key"
        raise ConfigurationError(f"private_key holds {kind}; give the private half")
    try:
        # The library's own check proves that both factors are prime. That takes half of
        # a client's start; `_is_sound` takes a fiftieth of that.
        key = load_pem_private_key(pem, secret, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise ConfigurationError(
            "the private key is encrypted: pass private_key_password"
            if secret is None
            else "the private key is not encrypted: leave private_key_password out"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unreadable(secret) from None
    if isinstance(key, RSAPrivateKey) and not _is_sound(key):
        raise _unreadable(secret)
    return key


def _unreadable(secret: bytes | None) -> ConfigurationError:
    return ConfigurationError(
        "the private key cannot be read"
        + (
            ": wrong private_key_password, or damaged PEM"
            if secret
            else "; damaged PEM?"
        )
    )


def _is_sound(key: RSAPrivateKey) -> bool:
    """Return whether the numbers of a key are consistent, and it can sign.

    A signature alone does not prove it: OpenSSL corrects some damaged numbers.
    """
    key_numbers = key.private_numbers()
    public = key_numbers.public_numbers
    p, q, d = key_numbers.p, key_numbers.q, key_numbers.d
    if (
        min(p, q) <= 1  # prevents a division by zero below
        or p * q != public.n
        or (d * public.e) % (p - 1) != 1
        or (d * public.e) % (q - 1) != 1
        or key_numbers.dmp1 != d % (p - 1)
        or key_numbers.dmq1 != d % (q - 1)
        or (key_numbers.iqmp * q) % p != 1
    ):
        return False
    message, padding, digest = b"AmazonPay", PKCS1v15(), SHA256()
    try:
        signature = key.sign(message, padding, digest)
        key.public_key().verify(signature, message, padding, digest)
    except (InternalError, InvalidSignature, ValueError):
        return False
    return True


def _checked(key: object) -> RSAPrivateKey:

    if not isinstance(key, RSAPrivateKey):
        kind = type(key).__name__
        raise ConfigurationError(f"Amazon Pay signs with RSA; this key is {kind}")
    if key.key_size < _MINIMUM_BITS:
        raise ConfigurationError(
            f"the RSA key has {key.key_size} bit; Amazon Pay needs {_MINIMUM_BITS}"
        )
    return key
