"""Load the private key from a path, PEM text or bytes, or a key object."""

from __future__ import annotations

import contextlib
import errno
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
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_ssh_private_key,
)

from ..errors import ConfigurationError
from .key_forms import NEW_PAIR, FoundKey, private_key_in, what_it_is

_MINIMUM_BITS = 2048
_HIDDEN = "(not shown: it may be a key)"
_LONGEST_NAME = 255
"""No file system allows a longer name, so anything longer may be key material."""
_LARGEST_FILE = 1024 * 1024
_DECRYPT = "openssl pkey -in KEY_FILE -out private.pem"
_CHECK = "openssl pkey -in KEY_FILE -noout -check"


def load_private_key(
    private_key: str | bytes | os.PathLike[str] | RSAPrivateKey,
    password: str | bytes | None = None,
) -> RSAPrivateKey:
    """Read an RSA private key of at least 2048 bit.

    It may be PKCS#1, PKCS#8 or OpenSSH's own format, encrypted with `password` or not,
    as PEM or DER. Escaped line ends, base64 around it, UTF-16, quotes and blanks are
    undone, and a missing first or last line does not matter. Errors never show what
    may be key material. They show the name of a missing file only if it is a `Path`,
    and nothing of a `str` that is neither a key nor a file's name.

    Raises:
        ConfigurationError: the file is missing or unreadable, the password is wrong, or
            the key is public, of another kind, or too short.
    """
    secret = _checked_password(password)
    if hasattr(private_key, "private_bytes"):
        if secret is not None:
            raise _needless_password()
        return _checked(private_key)
    return _checked(_parsed(_found_in(private_key), secret, empty=password is not None))


def _checked_password(password: object) -> bytes | None:
    """Return the password as bytes; None if there is none, or an empty one."""
    if isinstance(password, str):
        password = _encoded("private_key_password", password)
    if password is not None and not isinstance(password, bytes):
        raise ConfigurationError(
            f"private_key_password is a str or bytes, not {type(password).__name__}"
        )
    return password or None


def _found_in(private_key: object) -> FoundKey:
    """Return the key in what the caller gave, or in the file that it names."""
    if isinstance(private_key, (bytes, bytearray)):
        data = bytes(private_key)
        found = private_key_in(data)
        if found is None:
            raise _no_key("private_key", data)
        return found
    if isinstance(private_key, str):
        data = _encoded("private_key", private_key)
        found = private_key_in(data)
        if found is not None:
            return found
        if "-----BEGIN" in private_key or not private_key.strip() or what_it_is(data):
            raise _no_key("private_key", data)
        return _file(private_key, _HIDDEN)
    if isinstance(private_key, os.PathLike):
        name = os.fsdecode(cast("os.PathLike[str]", private_key))
        return _file(name, _shown(name))
    if hasattr(private_key, "public_bytes"):
        raise ConfigurationError(
            f"private_key is a public key or a certificate"
            f" ({type(private_key).__name__}); give the private half."
            f" {_way_out(NEW_PAIR)}"
        )
    raise ConfigurationError(
        "private_key must be a path, PEM as str or bytes, or an RSA private key of"
        f" cryptography, not {type(private_key).__name__}"
    )


def _no_key(where: str, data: bytes) -> ConfigurationError:
    """Return the error for data that holds no private key."""
    found = what_it_is(data)
    if found is not None and found.what == "empty":
        return ConfigurationError(
            f"{where} is empty: it holds no private key. {_way_out(NEW_PAIR)}"
        )
    if found is not None:
        return ConfigurationError(
            f"{where} holds {found.what}. {_way_out(found.command)}"
        )
    hint = (
        "; a path is given as str or Path, while bytes are the key itself"
        if len(data) <= _LONGEST_NAME
        else ", neither as PEM nor as DER"
    )
    return ConfigurationError(f"{where} holds no private key{hint}. {_way_out(_CHECK)}")


def _way_out(command: str) -> str:
    """Return a sentence with the command that helps."""
    purpose = {
        NEW_PAIR: "A new key, whose public half Seller Central takes, is made by",
        _CHECK: "What a file holds is shown by",
    }.get(command, "It is turned into the right form by")
    return f"{purpose}: {command}"


def _encoded(name: str, text: str) -> bytes:
    """Return a secret as UTF-8; raise an error that does not hold the secret."""
    with contextlib.suppress(UnicodeEncodeError):
        return text.encode()
    raise ConfigurationError(f"{name} holds half a surrogate pair, which has no UTF-8")


def _is_key_material(name: str) -> bool:
    """Return whether text that was given as a path may be a key, or a part of one."""
    return len(name) > _LONGEST_NAME or bool(
        re.search(r"[\r\n]|[A-Za-z0-9+/=]{64}|-----", name)
    )


def _shown(name: str) -> str:
    """Return a path for an error; hide what may be PEM without its first line."""
    return _HIDDEN if _is_key_material(name) else repr(name)


def _file(name: str, shown: str) -> FoundKey:
    """Return the file's key; errors show `shown`, because `name` may be a secret."""
    try:
        data = _read(name)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        problem = (
            f"private_key is no PEM text, and as a file {shown} cannot be read:"
            f" {reason}"
        )
        if getattr(error, "errno", None) == errno.ENOENT and not name.startswith("/"):
            problem += "; a relative path begins at the current directory"
        if _is_key_material(name) and shown == _HIDDEN:
            problem += (
                "; a key itself is given as str or bytes, whole and not as a Path"
            )
    else:
        if len(data) > _LARGEST_FILE:
            raise ConfigurationError("the file in private_key is larger than any key")
        found = private_key_in(data)
        if found is not None:
            return found
        where = f"the file {_shown(name)}"
        if what_it_is(data) is not None:
            raise _no_key(where, data)
        problem = f"{where} holds no PEM, and no DER. {_way_out(_CHECK)}"
    raise ConfigurationError(problem)  # outside `except`: the other error has the name


def _read(name: str) -> bytes:
    """Return the beginning of a file, whose name may have blanks or quotes around it.

    Raises:
        OSError, ValueError, RuntimeError: there is no such file.
    """
    with contextlib.suppress(FileNotFoundError):
        return _beginning_of(Path(name))
    # What a shell would have removed or replaced, and did not.
    bare = name.strip("\"' \t\r\n").removeprefix("file://")
    return _beginning_of(Path(bare).expanduser())


def _beginning_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_FILE + 1)


def _parsed(found: FoundKey, secret: bytes | None, *, empty: bool) -> object:
    """Return the loaded key; `empty` is whether an empty password was given."""
    try:
        key = _load(found, secret)
    except TypeError:
        if secret is not None:
            raise _needless_password() from None
        given = ", which is empty," if empty else ""
        raise ConfigurationError(
            f"the private key is encrypted: pass private_key_password{given} or remove"
            f" the encryption by: {_DECRYPT}"
        ) from None
    except UnsupportedAlgorithm:
        if found.kind == "SSH":
            raise _unreadable(found, secret) from None
        raise ConfigurationError(
            "the private key is of a kind, or encrypted in a way, that cannot be read"
            f" here. {_way_out(_DECRYPT)}"
        ) from None
    except ValueError:
        # A file of a password often ends with a line end.
        if secret is not None and secret.strip() not in {secret, b""}:
            return _parsed(found, secret.strip(), empty=empty)
        raise _unreadable(found, secret) from None
    if isinstance(key, RSAPrivateKey) and not _is_sound(key):
        raise _unreadable(found, secret)
    return key


def _load(found: FoundKey, secret: bytes | None) -> object:
    if found.kind == "SSH":
        return load_ssh_private_key(found.data, secret)
    load = load_der_private_key if found.kind == "DER" else load_pem_private_key
    # The library's own check proves that both factors are prime. That takes half of a
    # client's start; `_is_sound` takes a fiftieth of that.
    return load(found.data, secret, unsafe_skip_rsa_key_validation=True)


def _needless_password() -> ConfigurationError:
    return ConfigurationError(
        "the private key is not encrypted: leave private_key_password out"
    )


def _unreadable(found: FoundKey, secret: bytes | None) -> ConfigurationError:
    if found.kind == "DER" and (other := _other_der(found.data)) is not None:
        return ConfigurationError(
            f"private_key holds {other}; give the private half. {_way_out(NEW_PAIR)}"
        )
    if found.kind == "SSH":
        return ConfigurationError(
            "the private key is in the format of OpenSSH, and cannot be read. It is"
            " turned into PEM by: ssh-keygen -p -m PEM -f KEY_FILE"
        )
    problem = (
        ": wrong private_key_password, or damaged PEM." if secret else "; damaged PEM?"
    )
    return ConfigurationError(
        f"the private key cannot be read{problem} {_way_out(_CHECK)}"
    )


def _other_der(der: bytes) -> str | None:
    """Return what DER holds that is no private key, if it is known."""
    from cryptography.x509 import load_der_x509_certificate, load_der_x509_csr

    for load, what in (
        (load_der_public_key, "a public key"),
        (load_der_x509_certificate, "a certificate, which has only the public half"),
        (load_der_x509_csr, "a certificate request, which has only the public half"),
    ):
        with contextlib.suppress(ValueError, UnsupportedAlgorithm):
            load(der)
            return what
    return None


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
        raise ConfigurationError(
            f"Amazon Pay signs with RSA; this key is {kind}. {_way_out(NEW_PAIR)}"
        )
    if key.key_size < _MINIMUM_BITS:
        raise ConfigurationError(
            f"the RSA key has {key.key_size} bit; Amazon Pay needs {_MINIMUM_BITS}."
            f" {_way_out(NEW_PAIR)}"
        )
    return key
