"""Open a signature with the public key: padding, salt, and what its hash covers.

RFC 8017: 8.1.2 and 9.1.2 for PSS, 9.2 for PKCS #1 v1.5.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

HashName = Literal["sha1", "sha256", "sha384", "sha512"]

# Hash of the message and hash of the mask, the right pair first. Some libraries leave
# the hash of the mask at SHA-1.
_PAIRS: tuple[tuple[HashName, HashName], ...] = (
    ("sha256", "sha256"),
    ("sha256", "sha1"),
    ("sha1", "sha1"),
    ("sha384", "sha384"),
    ("sha512", "sha512"),
    ("sha512", "sha1"),
    ("sha384", "sha1"),
    ("sha1", "sha256"),
)
_LEAST_ZEROS = 8
"""Fewer zeros of padding may be chance, so they prove no key."""
_TRAILER = 0xBC

# The DER before a digest: RFC 8017, 9.2, note 1.
_DIGEST_INFO: dict[HashName, bytes] = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a signature shows when a public key opens it."""

    scheme: Literal["PSS", "PKCS1"]
    digest: bytes
    hash: HashName | None = "sha256"
    """None for PKCS #1 v1.5 without the name of a hash."""
    mask_hash: HashName = "sha256"
    salt: bytes = b""
    proves_key: bool = True
    """Whether the padding alone proves that the private key belongs to this one."""

    def checker(self) -> Callable[[bytes], bool]:
        """Return the function that tells whether the signature covers a message."""
        digest, salt, name = self.digest, self.salt, self.hash
        if name is None:
            return lambda message: digest in {message, hashlib.sha256(message).digest()}
        hashed: Callable[[bytes], Any] = getattr(hashlib, name)
        if self.scheme == "PKCS1":
            return lambda message: hashed(message).digest() == digest
        zeros = bytes(8)
        return lambda message: (
            hashed(zeros + hashed(message).digest() + salt).digest() == digest
        )


def open_signature(key: RSAPublicKey, signature: bytes) -> Opened | None:
    """Return what a key reads in a signature; None if it is no signature of the key.

    A foreign key shows padding by chance once in 2**64 times. A salt of nearly maximal
    length leaves no padding to see: then `proves_key` is false.
    """
    numbers = key.public_numbers()
    value = int.from_bytes(signature)
    if len(signature) != (key.key_size + 7) // 8 or value >= numbers.n:
        return None
    opened = pow(value, numbers.e, numbers.n)
    return _pkcs1(opened, len(signature)) or _pss(opened, key.key_size - 1)


def _pkcs1(opened: int, length: int) -> Opened | None:
    start, _, rest = opened.to_bytes(length).partition(b"\x00" + b"\x01" + b"\xff" * 8)
    padded, zero, info = rest.partition(b"\x00")
    if start or not zero or padded.strip(b"\xff"):
        return None
    for name, prefix in _DIGEST_INFO.items():
        if info.startswith(prefix):
            return Opened("PKCS1", info.removeprefix(prefix), name)
    return Opened("PKCS1", info, None)


def _pss(opened: int, bits: int) -> Opened | None:
    length = (bits + 7) // 8
    if opened >> bits:
        return None
    encoded = opened.to_bytes(length)
    if encoded[-1] != _TRAILER:
        return None
    unsure: Opened | None = None
    for name, mask_name in _PAIRS:
        size = hashlib.new(name).digest_size
        masked, digest = encoded[: -size - 1], encoded[-size - 1 : -1]
        block = _unmasked(masked, digest, mask_name, 8 * length - bits)
        zeros, one, salt = block.partition(b"\x01")
        if not one or zeros.strip(b"\x00"):
            continue
        found = Opened("PSS", digest, name, mask_name, salt)
        if len(zeros) >= _LEAST_ZEROS:
            return found
        if unsure is None:
            unsure = Opened("PSS", digest, name, mask_name, salt, proves_key=False)
    return unsure


def _unmasked(masked: bytes, seed: bytes, name: HashName, unused: int) -> bytes:
    """Return the data block: MGF1 removed, and its unused first bits set to zero."""
    mask, counter = b"", 0
    while len(mask) < len(masked):
        mask += hashlib.new(name, seed + counter.to_bytes(4)).digest()
        counter += 1
    size = len(masked)
    block = int.from_bytes(masked) ^ int.from_bytes(mask[:size])
    return (block & ((1 << (8 * size - unused)) - 1)).to_bytes(size)
