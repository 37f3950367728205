"""The caller's own signer, such as a KMS or an HSM: its types and checks."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from ..errors import ConfigurationError

SignBytes: TypeAlias = Callable[[bytes], bytes]
AsyncSignBytes: TypeAlias = Callable[[bytes], Awaitable[bytes]]


@runtime_checkable
class SignerObject(Protocol):
    """An object that signs bytes, at once or awaiting."""

    def sign(self, message: bytes, /) -> bytes | Awaitable[bytes]:
        """Return the RSASSA-PSS signature of a message, with SHA-256, as raw bytes."""
        ...


Signer: TypeAlias = SignerObject | SignBytes | AsyncSignBytes
"""Signs a message with RSASSA-PSS, SHA-256 and the salt length of the algorithm."""


def signing_function(signer: object) -> Callable[[bytes], Any]:
    """Return the signing function of a signer.

    Raises:
        ConfigurationError: the value cannot be a signer.
    """
    found = getattr(signer, "sign", signer)
    if not callable(found) or isinstance(signer, type):
        raise ConfigurationError(
            "signer must be a function that signs bytes, or an object with such a"
            f" method named sign, not {type(signer).__name__}"
        )
    if hasattr(signer, "private_bytes"):
        raise ConfigurationError("a key object is given as private_key, not as signer")
    return found


def awaits(function: Callable[[bytes], Any]) -> bool:
    """Return whether a signing function is declared as async."""
    call: object = getattr(function, "__call__", None)  # noqa: B004 - a callable object may be async
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def checked_signature(signature: object) -> bytes:
    """Return what a signer returned if it is a signature, else raise `TypeError`."""
    if not isinstance(signature, (bytes, bytearray)) or not signature:
        if inspect.iscoroutine(signature):
            signature.close()
        raise TypeError(
            f"the signer gave a {type(signature).__name__}; it must give the signature"
            " as bytes"
        )
    return bytes(cast("bytes", signature))
