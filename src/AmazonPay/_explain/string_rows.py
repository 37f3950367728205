"""Mistakes in the canonical request as a whole, and in the string to sign."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from .._signing.canonical import sha256_hex
from .._signing.rsa_pss import ALGORITHMS
from .model import Came, Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STRING = (
    "Sign the algorithm's name, a line feed, and the SHA-256 of the canonical request"
    " (of a button, of the payload) in lower-case hex."
)


def _end(_: Came, text: bytes) -> Iterator[bytes]:
    yield text + b"\n"
    yield text + b"\r\n"


def _carriage_returns(_: Came, text: bytes) -> Iterator[bytes]:
    yield text.replace(b"\n", b"\r\n")


def _joined(_: Came, text: bytes) -> Iterator[bytes]:
    yield text.replace(b"\n", rb"\n")
    yield text.replace(b"\n", b"")
    yield text.replace(b"\n", b" ")


def _string(make: Callable[[Came, bytes], bytes]) -> Callable[..., Iterator[bytes]]:
    def variants(came: Came, text: bytes) -> Iterator[bytes]:
        yield make(came, text)

    return variants


def _other_algorithm(came: Came, text: bytes) -> Iterator[bytes]:
    for name in (*ALGORITHMS, came.algorithm.lower(), "RSASSA-PSS", "AMZN-PAY"):
        yield f"{name}\n{came.hashed(text)}".encode()


def _separators(came: Came, text: bytes) -> Iterator[bytes]:
    for separator in ("\\n", "", "\r\n", "\n\n", " "):
        yield f"{came.algorithm}{separator}{came.hashed(text)}".encode()


def _more_lines(came: Came, text: bytes) -> Iterator[bytes]:
    """Yield strings as other schemes of AWS have them: with a date, with the key id."""
    date = came.value("x-amz-pay-date")
    yield f"{came.algorithm}\n{date}\n{came.hashed(text)}".encode()


def _prehashed(came: Came, text: bytes) -> Iterator[bytes]:
    digest = sha256(came.message(text))
    yield digest.digest()
    yield digest.hexdigest().encode()
    yield b64encode(digest.digest())


def _hash_of_what_was_hashed(came: Came, text: bytes) -> Iterator[bytes]:
    once = came.hashed(text)
    yield f"{came.algorithm}\n{sha256_hex(once.encode())}".encode()
    yield f"{came.algorithm}\n{sha256_hex(bytes.fromhex(once))}".encode()


_canonical = partial(Mistake, part="canonical")
_string_row = partial(Mistake, part="string")

CANONICAL_ROWS: tuple[Mistake, ...] = (
    _canonical(
        "canonical_end",
        "The text that was hashed ends with a line feed too many.",
        "Each part was written with a line feed, also the last one.",
        "Let the text end with its last character.",
        _end,
    ),
    _canonical(
        "canonical_carriage_returns",
        "The lines that were signed end with CR LF.",
        "The system's own line ends were written.",
        "Join the lines by line feeds alone.",
        _carriage_returns,
    ),
    _canonical(
        "canonical_joined",
        "The lines that were signed are not joined by line feeds.",
        "The line feed stands between 'single' quotes, or it was forgotten.",
        "Join the lines by line feeds.",
        _joined,
    ),
)

STRING_ROWS: tuple[Mistake, ...] = (
    _string_row(
        "algorithm_other",
        "The string that was signed names another algorithm than the one that came.",
        "The two sides have different defaults: without its field `algorithm` a button"
        " uses AMZN-PAY-RSASSA-PSS.",
        "Send the algorithm's name that was signed, for a button in its configuration.",
        _other_algorithm,
    ),
    _string_row(
        "string_without_algorithm",
        "The hash was signed without the algorithm's name before it.",
        "The string to sign has two lines.",
        _STRING,
        _string(lambda came, text: came.hashed(text).encode()),
    ),
    _string_row(
        "string_not_hashed",
        "The text itself was signed, in place of its hash.",
        "A signing function was given the text: the string to sign is short.",
        _STRING,
        _string(lambda _, text: text),
    ),
    _string_row(
        "string_hash_missing",
        "The algorithm's name was signed with the text itself, not with its hash.",
        "The hash was forgotten.",
        _STRING,
        _string(lambda came, text: came.algorithm.encode() + b"\n" + text),
    ),
    _string_row(
        "string_hash_upper",
        "The hash in the string to sign is in upper-case hex.",
        "The encoder of hex digits writes A to F.",
        _STRING,
        _string(
            lambda came, text: f"{came.algorithm}\n{came.hashed(text).upper()}".encode()
        ),
    ),
    _string_row(
        "string_hash_base64",
        "The hash in the string to sign is in base64.",
        "Other schemes write hashes in base64.",
        _STRING,
        _string(
            lambda came, text: (
                f"{came.algorithm}\n".encode() + b64encode(sha256(text).digest())
            )
        ),
    ),
    _string_row(
        "string_hash_raw",
        "The hash in the string to sign is raw bytes, not hex.",
        "The hash was not written as text.",
        _STRING,
        _string(
            lambda came, text: f"{came.algorithm}\n".encode() + sha256(text).digest()
        ),
    ),
    _string_row(
        "string_hashed_twice",
        "The text was hashed twice before it was signed.",
        "One function hashes what another one has hashed already.",
        _STRING,
        _hash_of_what_was_hashed,
    ),
    _string_row(
        "string_end",
        "The string to sign ends with a line feed.",
        "Both lines were written with a line feed.",
        _STRING,
        _string(lambda came, text: f"{came.algorithm}\n{came.hashed(text)}\n".encode()),
    ),
    _string_row(
        "string_separator",
        "The two lines of the string to sign are not joined by a line feed.",
        "The line feed stands between 'single' quotes, or is the system's own.",
        _STRING,
        _separators,
    ),
    _string_row(
        "string_with_date",
        "The string to sign has a date, as AWS's own scheme has it.",
        "Signature Version 4 of AWS was taken as the model.",
        _STRING,
        _more_lines,
    ),
    _string_row(
        "string_prehashed",
        "The string to sign was hashed before it was signed, so it was hashed twice.",
        "The signing function hashes by itself; KMS needs MessageType=RAW for that.",
        "Give the string to sign to the signing function, or its hash with the option"
        " that says so (MessageType=DIGEST, Prehashed).",
        _prehashed,
    ),
)
