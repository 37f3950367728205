"""Certificates: which authorities a client trusts, and what is wrong with a CA file."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from ..errors import ConfigurationError

if TYPE_CHECKING:
    Verify = ssl.SSLContext | str | os.PathLike[str]

_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")


def tls_context(verify: Verify | None, *, trust_env: bool) -> ssl.SSLContext:
    """Return the TLS context of a client.

    `verify` is a context, or the path of a file of authorities, which are then the only
    ones that are trusted. Without it, the system's authorities are trusted, or those of
    SSL_CERT_FILE or SSL_CERT_DIR.

    Raises:
        ConfigurationError: a file cannot be used, or the context does not check
            certificates and host names, or allows TLS below 1.2.
    """
    if isinstance(verify, ssl.SSLContext):
        context = _checked_context(verify)
    elif isinstance(verify, (str, os.PathLike)):
        context = _context_of_file(verify)
    elif verify is None:
        context = default_context(trust_env=trust_env)
    else:
        raise ConfigurationError(
            "verify takes the path of a CA file, or an ssl.SSLContext that trusts your"
            " CA, such as ssl.create_default_context(cafile=…); it cannot be switched"
            " off"
        )
    if not trust_env:
        _without_environment(context)
    return context


def default_context(*, trust_env: bool) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the system or the environment.

    Raises:
        ConfigurationError: SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE names something
            that cannot be used.
    """
    if trust_env and not os.environ.get("SSL_CERT_FILE"):
        _check_directory(os.environ.get("SSL_CERT_DIR"))
    with contextlib.suppress(OSError, ValueError):  # ssl.SSLError is an OSError
        return httpx2.create_ssl_context(trust_env=trust_env)
    file = os.environ.get("SSL_CERT_FILE") if trust_env else None
    if file and (problem := _problem_with(Path(file))):
        raise ConfigurationError(
            f"the file that SSL_CERT_FILE names {problem}. Correct or unset the"
            " variable, or pass trust_env=False"
        )
    raise _no_key_log() or ConfigurationError(
        "the certificates of the system cannot be read: pass a CA file as verify"
    )


def _no_key_log() -> ConfigurationError | None:
    if not os.environ.get("SSLKEYLOGFILE"):
        return None
    return ConfigurationError(
        "the file that SSLKEYLOGFILE names cannot be written: correct or unset the"
        " variable"
    )


def _check_directory(named: str | None) -> None:
    """Raise if SSL_CERT_DIR names no directory in which OpenSSL finds a certificate."""
    if not named:
        return
    for directory in filter(None, named.split(os.pathsep)):
        with contextlib.suppress(OSError, ValueError):
            if any(map(_HASHED_NAME.fullmatch, os.listdir(directory))):  # noqa: PTH208 - names, no paths
                return
    raise ConfigurationError(
        "SSL_CERT_DIR names no directory with certificates under their hashed names:"
        " correct or unset the variable, or make the names by: openssl rehash DIRECTORY"
    )


def _context_of_file(verify: str | os.PathLike[str]) -> ssl.SSLContext:
    name = os.fsdecode(verify)
    with contextlib.suppress(OSError, ValueError):
        if name:
            return ssl.create_default_context(cafile=name)
    problem = "is not named" if not name else _problem_with(Path(name))
    if problem is None and (unwritable := _no_key_log()):
        raise unwritable
    raise ConfigurationError(
        f"verify takes the path of a CA file (it cannot be switched off), and this file"
        f" {problem or 'cannot be read'}"
    )


def _problem_with(path: Path) -> str | None:
    """Return why a CA file cannot be used, without its name; None if it can be."""
    problem = None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        problem = "holds no certificate in PEM"
        with contextlib.suppress(OSError), path.open("rb") as file:
            if file.read(1) == b"\x30":
                problem += "; DER becomes PEM by: openssl x509 -in FILE -out ca.pem"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        with contextlib.suppress(OSError):  # such as a name that is too long
            if path.is_dir():
                problem = "is a directory"
    except ValueError:
        problem = "has no possible name"
    return problem


def _checked_context(context: ssl.SSLContext) -> ssl.SSLContext:
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "the ssl.SSLContext in verify must check certificate and host name"
        )
    if context.minimum_version < ssl.TLSVersion.TLSv1_2 and not _has_old_tls_off(
        context
    ):
        raise ConfigurationError(
            "the ssl.SSLContext in verify must refuse TLS below 1.2: set its"
            " minimum_version to ssl.TLSVersion.TLSv1_2"
        )
    return context


def _has_old_tls_off(context: ssl.SSLContext) -> bool:
    """Return whether the options of a context exclude TLS below 1.2.

    Some systems configure contexts in this way.
    """
    off = ssl.OP_NO_SSLv3 | ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    return context.options & off == off


def _without_environment(context: ssl.SSLContext) -> None:
    """Switch off the logging of session keys that SSLKEYLOGFILE has enabled."""
    named = os.environ.get("SSLKEYLOGFILE")
    if named and getattr(context, "keylog_filename", None) == named:
        # The type stub does not allow None, which switches the log off.
        context.keylog_filename = None  # type: ignore[assignment]
