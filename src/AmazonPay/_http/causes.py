"""Why a connection or a certificate failed, in words: no value of a request is shown.

Errors of sockets and of OpenSSL reach a call wrapped in errors of several libraries.
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

from .progress import causes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_NAME = frozenset(
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
)

# The order matters if a host has several addresses: the first row that fits one of
# their errors decides.
_BY_ERRNO: tuple[tuple[frozenset[int], str], ...] = (
    (frozenset({errno.ECONNREFUSED}), "connection refused"),
    (
        frozenset({errno.EMFILE, errno.ENFILE}),
        "this process has too many files and connections open",
    ),
    (
        frozenset({errno.EACCES, errno.EPERM}),
        "this machine forbids it; look at its firewall",
    ),
    (
        frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}),
        "the other side closed the connection",
    ),
    (frozenset({errno.ETIMEDOUT}), "time-out"),
    (
        frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}),
        "unreachable; look at the network of this machine",
    ),
    (frozenset({errno.EADDRNOTAVAIL}), "this machine has no free address or port"),
)

_TRUST = "pass the file of its authority as verify=, if it is yours"
# The codes of X509_V_ERR_… in OpenSSL's x509_vfy.h.
_BY_VERIFY_CODE: dict[int, str] = {
    9: "it is not valid yet: check the clock of this machine",
    10: "it has expired: renew it, or check the clock of this machine",
    18: f"it is self-signed: {_TRUST}",
    19: f"its authority is self-signed and unknown here: {_TRUST}",
    20: f"its authority is unknown here: {_TRUST}",
    21: f"its authority is unknown here: {_TRUST}",
    23: "it has been revoked",
    62: "it is for another host: check endpoint_url, or renew it with this name",
    64: "it is for another host: check endpoint_url, or renew it with this address",
}


def connection_cause(error: BaseException) -> str:
    """Return why there was no connection; empty if it is not known."""
    found = list(_all_causes(error))
    for cause in found:
        if isinstance(cause, socket.gaierror):
            if cause.errno in _NO_NAME:
                return "this name was not found; check it, and the DNS of this machine"
            return "this name could not be looked up; check the DNS of this machine"
        if isinstance(cause, UnicodeError):
            return "DNS holds no such name"
    # The number of an `SSLError` is OpenSSL's, and no errno.
    numbers = {
        cause.errno
        for cause in found
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
    }
    for row, text in _BY_ERRNO:
        if not row.isdisjoint(numbers):
            return text
    if any(isinstance(cause, ssl.SSLError) for cause in found):
        return "the TLS handshake failed; the other side may not speak TLS, or not 1.2"
    return "time-out" if any(isinstance(one, TimeoutError) for one in found) else ""


def certificate_cause(error: BaseException) -> str | None:
    """Return why a certificate was refused; None if that was not the reason."""
    for cause in _all_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            code: int = getattr(cause, "verify_code", 0)
            return _BY_VERIFY_CODE.get(code, f"OpenSSL's reason is number {code}")
    return None


def _all_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its causes, and the members of groups among them."""
    for cause in causes_of(error):
        yield cause
        members: tuple[BaseException, ...] = getattr(cause, "exceptions", ())
        for member in members:
            yield from _all_causes(member)
