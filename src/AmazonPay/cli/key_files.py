"""Private and public keys in files, for commands: made, read and described."""

from __future__ import annotations

import os
import stat
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from .._core.environment import VARIABLES
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPublicKey,
    )

BITS: Final = 2048
_LARGEST_FILE: Final = 1024 * 1024
_OTHERS: Final = 0o077
_OWNER: Final = 0o600


class Half(NamedTuple):
    """The file of one half of a pair, and the public key in or behind it."""

    path: str
    key: RSAPublicKey


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


def read_pair(first: str, second: str) -> tuple[Half, Half]:
    """Read a private and a public key, in either order; return the private one first.

    Each file is read once: it may be a pipe of the shell, as in `<(…)`.

    Raises:
        ConfigurationError: one cannot be read, or they are not one of each.
    """
    from .._signing.private_key import load_private_key

    halves = [(path, read(path)) for path in (first, second)]
    if _holds_public_key(halves[0][1]) and not _holds_public_key(halves[1][1]):
        halves.reverse()
    (private, secret), (public, held) = halves
    # An error about a path has its name.
    source = Path(private) if Path(private).is_file() else secret
    ours = load_private_key(source, password()).public_key()
    return Half(private, ours), Half(public, _public_key_in(held, public))


def read_public_key(path: str) -> RSAPublicKey:
    """Read the public key in a file: PEM, DER, OpenSSH's form or a certificate.

    Raises:
        ConfigurationError: the file cannot be read, or holds no public RSA key.
    """
    return _public_key_in(read(path), path)


def _public_key_in(held: bytes, path: str) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from .._signing.key_forms import private_key_in
    from .._signing.public_key import public_key_in

    found = public_key_in(held)
    if isinstance(found, RSAPublicKey):
        return found
    if found is not None:
        raise ConfigurationError(
            f"{path!r} holds a public key of another kind than RSA"
        )
    other = ", neither as PEM nor as DER"
    if private_key_in(held) is not None:
        other = ", but a private one: its public half is shown by: amazonpay keys show"
    raise ConfigurationError(f"{path!r} holds no public key{other}")


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


def read_input(path: str, largest: int = _LARGEST_FILE) -> bytes:
    """Return the bytes of a file, or of stdin for `-`.

    Raises:
        ConfigurationError: it cannot be read, or is larger than the limit.
    """
    if path != "-":
        return read(path, largest)
    if sys.stdin is None:
        raise ConfigurationError("- reads stdin, which is closed")
    held = sys.stdin.buffer.read(largest + 1)
    if len(held) > largest:
        raise ConfigurationError(f"stdin is larger than {largest} bytes")
    return held


def in_utf8(data: bytes) -> bytes:
    """Return text that an editor or a shell has saved, without a byte order mark."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode(errors="replace")
    return data.removeprefix(BOM_UTF8)


def _holds_public_key(held: bytes) -> bool:
    try:
        _public_key_in(held, "")
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
        descriptor = os.open(path, flags, _OWNER)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if os.name == "posix":
                    os.fchmod(descriptor, _OWNER)  # a umask may deny it to its owner
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except OSError:  # such as a full disk: a part of it would block the next try
            Path(path).unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise ConfigurationError(
            f"{path!r} is there already, and is never replaced: name another file"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"{path!r} cannot be written: {reason}") from None


def is_pipe(path: Path) -> bool:
    """Return whether a file is a pipe, whose bytes can be read once."""
    try:
        return path.is_fifo()
    except (OSError, ValueError):
        return False


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
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()
