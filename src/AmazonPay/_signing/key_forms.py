r"""Recognise the forms that a private key takes on its way through other tools.

An environment variable escapes line ends, a secret store adds base64, a Windows shell
writes UTF-16, an editor adds quotes. `private_key_in` undoes these where the result
cannot be anything else. `what_it_is` names what is there in place of a private key.

Nothing here reads a file or raises an error that holds a value.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind: TypeAlias = Literal["PEM", "DER", "SSH"]

NEW_PAIR = (
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem"
)
"""Makes a new private key; Seller Central gets its public half."""

_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+?)-----(.*?)-----END \1-----", re.DOTALL)
_ANY_ARMOUR = re.compile(r"-{2,} ?(?:BEGIN|END)[A-Z0-9 ]*-{2,}")
_PRIVATE_LABELS = frozenset(
    {"PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"}
    | {"DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"}
)
# A key that old versions of OpenSSL encrypted has two headers and a blank line.
_OLD_ENCRYPTION = re.compile(
    r"\s*(Proc-Type:\s*4,ENCRYPTED)\s+(DEK-Info:\s*[A-Z0-9-]+,[0-9A-Fa-f]+)\s+(.*)",
    re.DOTALL,
)
_LINE = 64
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_LEAST_TEXT = 64
"""Shorter text is no key in base64."""
_MOST_LAYERS = 3
_DER_SEQUENCE = 0x30
_SHORT_LENGTH = 0x80
_MOST_LENGTH_BYTES = 4

# The order matters: the first one that is found decides.
_BY_TEXT: tuple[tuple[str, str, str], ...] = (
    (
        r"-----BEGIN (?:NEW )?CERTIFICATE REQUEST",
        "a certificate request",
        NEW_PAIR,
    ),
    (
        r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE",
        "a certificate, which has only the public half of a key; give the private half",
        NEW_PAIR,
    ),
    (
        r"BEGIN [A-Z ]*PUBLIC KEY|BEGIN SSH2 PUBLIC KEY|\b(?:ssh|ecdsa)-\S+ AAAA",
        "a public key; give the private half",
        NEW_PAIR,
    ),
    (
        r"PuTTY-User-Key-File-",
        "a key of PuTTY",
        "puttygen KEY_FILE -O private-openssh -o private.pem",
    ),
    (r"-----BEGIN PGP ", "a key of PGP", NEW_PAIR),
    (r"-----BEGIN [A-Z ]*PARAMETERS", "parameters and no key", NEW_PAIR),
    (
        r'^\s*\{.*"kty"\s*:',
        "a JSON Web Key; Amazon Pay's key is PEM",
        NEW_PAIR,
    ),
    (
        r"-----BEGIN",
        "PEM that is cut off or of another kind",
        "openssl pkey -in KEY_FILE -noout -check",
    ),
)
_PKCS12 = re.compile(
    rb"\x30(?:[\x00-\x7f]|[\x80-\x84].{0,4}?)\x02\x01\x03\x30", re.DOTALL
)
_JAVA_STORE = b"\xfe\xed\xfe\xed"


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A private key in a form that can be loaded."""

    kind: Kind
    data: bytes


@dataclass(frozen=True, slots=True)
class NotAKey:
    """What was found in place of a private key, and the command that mends it."""

    what: str
    command: str


def private_key_in(data: bytes) -> FoundKey | None:
    """Return the private key in `data`; None if there is none, or more than one."""
    for layer in _layers(data):
        if isinstance(layer, bytes):
            return None if _by_bytes(layer) else FoundKey("DER", layer)
        blocks = {
            _pem(label, body)
            for label, body in _ARMOUR.findall(layer)
            if label in _PRIVATE_LABELS
        }
        if len(blocks) == 1:
            pem = blocks.pop()
            return FoundKey("SSH" if b"OPENSSH" in pem[:40] else "PEM", pem)
        if blocks:
            return None
    return None


def public_forms(data: bytes) -> Iterator[bytes]:
    """Yield what a public key in `data` may be loaded from: PEM, DER or one line."""
    for layer in _layers(data):
        if isinstance(layer, bytes):
            yield layer
            continue
        for label, body in _ARMOUR.findall(layer):
            yield _pem(label, body)
        yield layer.encode()


def what_it_is(data: bytes) -> NotAKey | None:
    """Return what `data` is if it is something else than a private key."""
    if not data.strip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n\"'"):
        return NotAKey("empty", NEW_PAIR)
    for layer in (data, *_layers(data)):
        found = _by_bytes(layer) if isinstance(layer, bytes) else _by_text(layer)
        if found is not None:
            return found
    return None


def _by_bytes(data: bytes) -> NotAKey | None:
    if _PKCS12.match(data):
        return NotAKey(
            "PKCS#12, a store of keys and certificates",
            "openssl pkcs12 -in KEY_FILE -nocerts -nodes -out private.pem",
        )
    if data.startswith(_JAVA_STORE):
        return NotAKey(
            "a Java key store",
            "keytool -importkeystore -srckeystore KEY_FILE -destkeystore key.p12"
            " -deststoretype PKCS12",
        )
    return None


def _by_text(text: str) -> NotAKey | None:
    labels = [label for label, _ in _ARMOUR.findall(text)]
    if sum(label in _PRIVATE_LABELS for label in labels) > 1:
        return NotAKey(
            "more than one private key; give one",
            "openssl pkey -in KEY_FILE -out private.pem",
        )
    for pattern, what, command in _BY_TEXT:
        if re.search(pattern, text, re.DOTALL):
            return NotAKey(what, command)
    return None


def _layers(data: bytes) -> Iterator[str | bytes]:
    """Yield the text in `data`, and then what its base64 holds; DER as bytes."""
    for _ in range(_MOST_LAYERS):
        der = _der(data)
        if der is not None:
            yield der
            return
        text = _text(data)
        if text is None:
            return
        text = _unescaped(text)
        yield text
        inner = _from_base64(text)
        if inner is None:
            return
        data = inner


def _der(data: bytes) -> bytes | None:
    """Return the ASN.1 sequence that `data` is; None if it is anything else."""
    if len(data) < _LEAST_TEXT or data[0] != _DER_SEQUENCE:
        return None
    length, start = data[1], 2
    if length >= _SHORT_LENGTH:
        size = length - _SHORT_LENGTH
        if not 1 <= size <= _MOST_LENGTH_BYTES:
            return None
        length, start = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    rest = data[start + length :]
    # An editor or `echo` may have added a line end.
    if len(data) < start + length or rest.strip(b"\r\n"):
        return None
    return data[: start + length]


def _text(data: bytes) -> str | None:
    """Return `data` as text: UTF-8, or UTF-16 or UTF-32 with or without its mark."""
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        encoding = "utf-32"
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data:
        width = 32 if b"\0\0" in data[:4] else 16
        encoding = f"utf-{width}-{'be' if data[0] == 0 else 'le'}"
    try:
        return data.decode(encoding).strip("\ufeff\0 \t\r\n")
    except UnicodeDecodeError:
        # PEM may stand among names in another encoding, as `openssl pkcs12` writes it.
        return data.decode("latin-1") if b"-----BEGIN" in data else None


def _unescaped(text: str) -> str:
    r"""Undo the escapes of shells, JSON, YAML and URLs, none of which is in PEM."""
    if "%" in text and "BEGIN" in text:
        text = unquote(text)
    if "\\" in text or "`" in text:
        text = re.sub(r"\\+r\\+n|\\+[nr]|`r`n|`[nr]|\\+(?=\r?\n)", "\n", text)
        text = re.sub(r"\\+([/\"'=+])", r"\1", text)
    return text.strip("\ufeff \t\r\n\"'")


def _pem(label: str, body: str) -> bytes:
    """Write a block of PEM anew, with lines of the usual length."""
    head = ""
    if old := _OLD_ENCRYPTION.fullmatch(body):
        head, body = f"{old[1]}\n{old[2]}\n\n", old[3]
    if ":" not in body:
        bare = re.sub(r"[\s\"',]+", "", body)
        lines = (bare[at : at + _LINE] for at in range(0, len(bare), _LINE))
        body = "\n".join(lines)
    text = f"-----BEGIN {label}-----\n{head}{body.strip()}\n-----END {label}-----\n"
    return text.encode("ascii", "replace")


def _from_base64(text: str) -> bytes | None:
    """Return what base64 with or without a part of its armour holds, else None."""
    if "-----BEGIN" in text and _ARMOUR.search(text):
        return None
    bare = _ANY_ARMOUR.sub("", text)
    if "+" not in bare and "/" not in bare:
        bare = bare.translate(str.maketrans("-_", "+/"))
    if len(bare) < _LEAST_TEXT or not _BASE64.fullmatch(bare):
        return None
    packed = re.sub(r"[\s=]+", "", bare)
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except Base64Error:
        return None
