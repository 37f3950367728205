"""Private and public keys in files, for commands: made, read and described."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .._core.environment import VARIABLES
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPublicKey,
    )
    from cryptography.x509 import Certificate

BITS: Final = 2048
_LARGEST_FILE: Final = 1024 * 1024
_OTHERS: Final = 0o077


def password() -> str | None:
    """Return the password of private keys, which the environment alone holds.

    Raises:
        ConfigurationError: it is no text in UTF-8.
    """
    variable = VARIABLES["private_key_password"]
    secret = os.environ.get(variable) or None
    if secret is not None and secret.encode(errors="replace") != secret.encode(
        errors="surrogateescape"
    ):
        raise ConfigurationError(f"{variable} is no text in UTF-8")
    return secret


def read_private_key(path: str) -> RSAPrivateKey:
    """Read the private key in a file.

    Raises:
        ConfigurationError: it cannot be read; the error says why.
    """
    from .._signing.private_key import load_private_key

    return load_private_key(Path(path), password())


def read_public_key(path: str) -> RSAPublicKey:
    """Read the public key in a file: PEM, DER, OpenSSH's form or a certificate.

    Raises:
        ConfigurationError: the file cannot be read, or holds no public RSA key.
    """
    return _public_key_in(read(path), path)


def _public_key_in(held: bytes, path: str) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
        load_ssh_public_key,
    )
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

    loaders: tuple[Callable[[bytes], object], ...] = (
        load_pem_public_key,
        load_der_public_key,
        load_ssh_public_key,
        _of_certificate(load_pem_x509_certificate),
        _of_certificate(load_der_x509_certificate),
    )
    for load in loaders:
        try:
            found = load(held.strip() if held[:1] != b"\x30" else held)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if not isinstance(found, RSAPublicKey):
            raise ConfigurationError(
                f"{path!r} holds a public key of another kind than RSA"
            )
        return found
    raise ConfigurationError(f"{path!r} holds no public key, neither as PEM nor as DER")


def _of_certificate(
    load: Callable[[bytes], Certificate],
) -> Callable[[bytes], object]:
    return lambda content: load(content).public_key()


def read(path: str, largest: int = _LARGEST_FILE) -> bytes:
    """Return the bytes of a file; the limit is above any key or body.

    Raises:
        ConfigurationError: it cannot be read, or is larger than the limit.
    """
    try:
        with Path(path).open("rb") as file:
            held = file.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"{path!r} cannot be read: {reason}") from None
    if len(held) > largest:
        raise ConfigurationError(f"{path!r} is larger than {largest} bytes")
    return held


def holds_public_key(path: str) -> bool:
    """Return whether a file holds a public key.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    held = read(path)
    try:
        _public_key_in(held, path)
    except ConfigurationError:
        return False
    return True


def write_new(path: str, content: bytes) -> None:
    """Write a file that only its owner can read; never replace one.

    Raises:
        ConfigurationError: there is such a file, or it cannot be written.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConfigurationError(
            f"{path!r} is there already, and is never replaced: name another file"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"{path!r} cannot be written: {reason}") from None


def readable_by_others(path: str | Path) -> bool:
    """Return whether more users than its owner may read or write a file."""
    if os.name != "posix":
        return False
    try:
        return bool(stat.S_IMODE(os.stat(path).st_mode) & _OTHERS)  # noqa: PTH116 - a path
    except (OSError, ValueError):
        return False


def public_pem(key: RSAPublicKey) -> str:
    """Return a public key as PEM, the form that Seller Central takes."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made.decode("ascii")


def fingerprint(key: RSAPublicKey) -> str:
    """Return the SHA-256 of a public key, as `openssl pkey -pubin` makes its DER."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()
