"""Judge a signature: whether key and scheme are right, and which text it covers."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .._signing.rsa_pss import ALGORITHMS
from .key_rows import ROWS
from .opening import open_signature
from .search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from .model import Came, Mistake
    from .opening import Opened
    from .search import Found

_LONGEST = 8 * 1024
"""The characters of a signature that are read; a key of 16384 bit needs fewer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is known about one signature."""

    mistakes: tuple[Mistake, ...]
    opened: Opened | None
    found: Found | None
    guesses: int
    key_name: str | None = None
    """The id of the key that opened it, if it is another one than the named."""
    canonical: bytes = field(default=b"", repr=False)

    @property
    def holds(self) -> bool:
        """Whether the signature is right."""
        return self.found is not None and not self.mistakes

    @property
    def proves_key(self) -> bool:
        """Whether this signature proves that the named key pair is right."""
        return (
            self.opened is not None
            and self.key_name is None
            and (self.opened.proves_key or self.found is not None)
        )


def judge(
    came: Came,
    signature: str,
    key: RSAPublicKey | None,
    others: Mapping[str, RSAPublicKey],
    signed: tuple[bytes, ...] = (),
) -> Verdict:
    """Return the verdict on a signature under the named key, or one of the others.

    `signed` are texts that the signer believes to have signed.
    """
    search = Search(came)
    candidates = list(_readings(signature[:_LONGEST]))
    keys: list[tuple[str | None, RSAPublicKey]] = [] if key is None else [(None, key)]
    keys += others.items()
    unsure: list[tuple[str | None, Mistake | None, Opened]] = []
    for name, one in keys:
        for data, reading in candidates:
            opened = open_signature(one, data)
            if opened is None:
                continue
            if opened.proves_key:
                return _verdict(search, name, reading, opened, signed)
            unsure.append((name, reading, opened))
    for name, reading, opened in unsure:
        verdict = _verdict(search, name, reading, opened, signed)
        if verdict.found is not None:
            return verdict
    return Verdict(
        (_unopened(candidates, key),),
        None,
        None,
        search.guesses,
        canonical=search.canonical,
    )


def _unopened(
    candidates: list[tuple[bytes, Mistake | None]], key: RSAPublicKey | None
) -> Mistake:
    """Return why no key opens a signature."""
    plain = [data for data, reading in candidates if reading is None]
    if not candidates:
        return ROWS["signature_not_base64"]
    if not plain:
        mistake = candidates[0][1]
        assert mistake is not None  # noqa: S101 - `plain` is empty
        return mistake
    if key is not None and len(plain[0]) != (key.key_size + 7) // 8:
        return ROWS["signature_length"]
    return ROWS["key_unknown"]


def _verdict(
    search: Search,
    name: str | None,
    reading: Mistake | None,
    opened: Opened,
    signed: tuple[bytes, ...],
) -> Verdict:
    found = search.run(opened.checker())
    mistakes = [] if reading is None else [reading]
    if name is not None:
        mistakes.append(ROWS["key_other"])
    mistakes += _scheme_mistakes(opened, search.came.algorithm, found)
    if found is not None:
        mistakes += found.mistakes
    elif any(_covers_text(opened, search.came, text) for text in signed):
        row = "altered_button" if search.came.is_button else "altered"
        mistakes.append(ROWS[row])
    return Verdict(
        tuple(mistakes), opened, found, search.guesses, name, search.canonical
    )


def _covers_text(opened: Opened, came: Came, text: bytes) -> bool:
    covers = opened.checker()
    return covers(text) or covers(came.message(text))


def _scheme_mistakes(
    opened: Opened, algorithm: str, found: Found | None
) -> Iterator[Mistake]:
    if opened.scheme == "PKCS1":
        yield ROWS["padding_pkcs1"]
        if opened.hash not in {"sha256", None}:
            yield ROWS["hash_other"]
        return
    if opened.hash != "sha256":
        yield ROWS["hash_other"]
    elif opened.mask_hash != "sha256":
        yield ROWS["mask_hash"]
    known = ALGORITHMS.get(algorithm)
    salt = len(opened.salt)
    if known is None or salt == known.salt_length:
        return
    # A button without `algorithm`, or a header with the wrong name, explains the salt.
    other = {one.salt_length for one in ALGORITHMS.values()} - {known.salt_length}
    names = () if found is None else [row.name for row in found.mistakes]
    if not (salt in other and "algorithm_other" in names):
        yield ROWS["salt_length"]


def _readings(signature: str) -> Iterator[tuple[bytes, Mistake | None]]:
    """Yield the bytes that a signature's text may mean, the right reading first."""
    text = signature.strip()
    joined = re.sub(r"\s+", "", text)
    plain = _decoded(text)
    inner = (plain or b"").decode("ascii", errors="replace").strip()
    readings: list[tuple[bytes | None, str]] = [
        ((plain or b"")[::-1], "signature_reversed"),
        (_decoded(inner) or _hex(inner), "signature_encoded_twice"),
    ]
    if joined != text:
        plus = re.sub(r"\s", "+", text)
        readings.append((_decoded(joined), "signature_wrapped"))
        readings.append((_decoded(plus), "signature_percent_encoded"))
    if "%" in text:
        readings.append((_decoded(unquote(text)), "signature_percent_encoded"))
    readings.append((_hex(joined), "signature_hex"))
    if plain is None:
        readings.append((_url_decoded(joined), "signature_url_safe"))
    if plain is not None:
        yield plain, None
    yield from ((data, ROWS[name]) for data, name in readings if data)


def _url_decoded(text: str) -> bytes | None:
    if re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", text) is None:
        return None
    padded = text.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        return urlsafe_b64decode(padded.replace("+", "-").replace("/", "_"))
    except Base64Error:
        return None


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True) or None
    except (Base64Error, ValueError):
        return None


def _hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) or None
    except ValueError:
        return None
