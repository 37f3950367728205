"""Mistakes in the last line of a canonical request, the hash of the body."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING

from .._signing.canonical import sha256_hex
from .model import Came, Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def _digests(change: Callable[[bytes], Iterable[str]]) -> Callable[..., Iterator[str]]:
    def variants(came: Came, value: object) -> Iterator[str]:
        if isinstance(value, bytes) and not came.is_button:
            yield from change(value)

    return variants


def _plain(body: bytes) -> Iterator[str]:
    yield body.decode(errors="replace")


_row = partial(Mistake, part="body")

ROWS: tuple[Mistake, ...] = (
    _row(
        "body_hash_upper",
        "The hash of the body was signed in upper-case hex.",
        "The encoder of hex digits writes A to F.",
        "Write hashes in lower-case hex.",
        _digests(lambda body: (sha256_hex(body).upper(),)),
    ),
    _row(
        "body_hash_base64",
        "The hash of the body was signed in base64.",
        "Other schemes write hashes in base64.",
        "Write hashes in lower-case hex.",
        _digests(lambda body: (b64encode(bytes.fromhex(sha256_hex(body))).decode(),)),
    ),
    _row(
        "body_hash_twice",
        "The body was hashed twice.",
        "One function hashes what another one has hashed already.",
        "Hash the bytes of the body once.",
        _digests(
            lambda body: (
                sha256_hex(sha256_hex(body).encode()),
                sha256_hex(bytes.fromhex(sha256_hex(body))),
            )
        ),
    ),
    _row(
        "body_not_hashed",
        "The body itself stands in the canonical request, in place of its hash.",
        "The last line of a canonical request is a hash, not a text.",
        "End the canonical request with the SHA-256 of the body in lower-case hex.",
        _digests(_plain),
    ),
    _row(
        "body_hash_missing",
        "The canonical request that was signed has no hash of the body.",
        "For a request without a body the hash of the empty text is needed, too.",
        "End the canonical request with the SHA-256 of the body, also of an empty one.",
        _digests(lambda _: ("",)),
    ),
)
