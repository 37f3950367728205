"""The private key as other tools leave it: read if it is plain what it is, else named.

A form that cannot be read is named, with the one command that mends it.
"""

from __future__ import annotations

import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from AmazonPay import Client, ConfigurationError
from AmazonPay._signing.private_key import load_private_key
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = NoEncryption()
SECRET = b"open sesame"


def key_as(
    form: PrivateFormat, encoding: Encoding, secret: bytes | None = None
) -> bytes:
    encryption = PLAIN if secret is None else BestAvailableEncryption(secret)
    return KEY.private_bytes(encoding, form, encryption)


PKCS8 = key_as(PrivateFormat.PKCS8, Encoding.PEM)
PKCS1 = key_as(PrivateFormat.TraditionalOpenSSL, Encoding.PEM)
DER = key_as(PrivateFormat.PKCS8, Encoding.DER)
DER1 = key_as(PrivateFormat.TraditionalOpenSSL, Encoding.DER)
SSH = key_as(PrivateFormat.OpenSSH, Encoding.PEM)
LOCKED = key_as(PrivateFormat.PKCS8, Encoding.PEM, SECRET)
LOCKED_DER = key_as(PrivateFormat.PKCS8, Encoding.DER, SECRET)
LOCKED_OLD = key_as(PrivateFormat.TraditionalOpenSSL, Encoding.PEM, SECRET)
TEXT = PKCS8.decode()
LINES = TEXT.splitlines()
PIECE = LINES[2]
"""A part of the key, which no message may show."""


def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(KEY, SHA256())
    )


CERTIFICATE = certificate()
CERTIFICATE_PEM = CERTIFICATE.public_bytes(Encoding.PEM)
STORE = pkcs12.serialize_key_and_certificates(b"k", KEY, CERTIFICATE, None, PLAIN)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_DER = KEY.public_key().public_bytes(
    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
)
PUBLIC1_DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
PUBLIC_SSH = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
REQUEST = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(CERTIFICATE.subject)
    .sign(KEY, SHA256())
)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
SHORT_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - refused

READ: dict[str, bytes] = {
    "\\n for each line end": TEXT.replace("\n", "\\n").encode(),
    "\\r\\n for each line end": TEXT.replace("\n", "\\r\\n").encode(),
    "escaped twice": TEXT.replace("\n", "\\\\n").encode(),
    "as PowerShell escapes": TEXT.replace("\n", "`n").encode(),
    "a backslash at each line's end": TEXT.replace("\n", "\\\n").encode(),
    "JSON string": json.dumps(TEXT).encode(),
    "a member of JSON": json.dumps({"id": "A", "key": TEXT}).encode(),
    "JSON with escaped slashes": json.dumps(TEXT).replace("/", "\\/").encode(),
    "encoded as in a URL": quote(TEXT).encode(),
    "all in one line": TEXT.replace("\n", "").encode(),
    "blanks for line ends": TEXT.replace("\n", " ").encode(),
    "PKCS#1 with blanks": PKCS1.replace(b"\n", b" "),
    "old Mac line ends": TEXT.replace("\n", "\r").encode(),
    "Windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "indented": "\n".join(f"    {line}" for line in LINES).encode(),
    "tabs": "\n".join(f"\t{line}\t" for line in LINES).encode(),
    "blank lines between": TEXT.replace("\n", "\n\n").encode(),
    "double quotes": f'"{TEXT}"'.encode(),
    "single quotes": f"'{TEXT.strip()}'".encode(),
    "quotes and escapes": '"{}"'.format(TEXT.replace("\n", "\\n")).encode(),
    "a quote at one end": f'"{TEXT}'.encode(),
    "an assignment of a shell": f'export AMAZON_PAY_PRIVATE_KEY="{TEXT}"\n'.encode(),
    "YAML": ("key: |\n" + "\n".join(f"  {line}" for line in LINES)).encode(),
    "blanks around": b"\n\t " + PKCS8 + b"  \r\n",
    "a byte order mark": b"\xef\xbb\xbf" + PKCS8,
    "UTF-16 with a mark": TEXT.encode("utf-16"),
    "UTF-16 big-endian with a mark": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-16 big-endian without a mark": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "UTF-32 without a mark": TEXT.encode("utf-32-le"),
    "UTF-32 big-endian without a mark": TEXT.encode("utf-32-be"),
    "UTF-32 big-endian with a mark": b"\0\0\xfe\xff" + TEXT.encode("utf-32-be"),
    "UTF-16 with Windows line ends": TEXT.replace("\n", "\r\n").encode("utf-16"),
    "names in Latin-1 before it": "friendlyName: Schlüssel\n".encode("latin-1") + PKCS8,
    "after its certificate": CERTIFICATE_PEM + PKCS8,
    "before its public half": PKCS8 + PUBLIC,
    "twice the same": PKCS8 + PKCS8,
    "base64 of PEM": b64encode(PKCS8),
    "base64 in lines": encodebytes(PKCS8),
    "base64 for URLs": urlsafe_b64encode(PKCS8),
    "base64 without padding": b64encode(PKCS8 + b"\n\n").rstrip(b"="),
    "base64 of base64": b64encode(b64encode(PKCS8)),
    "base64 of UTF-16": b64encode(TEXT.encode("utf-16")),
    "base64 in quotes": b'"' + b64encode(PKCS8) + b'"\n',
    "base64 of DER": b64encode(DER),
    "base64 of DER for URLs": urlsafe_b64encode(DER1),
    "DER": DER,
    "DER of PKCS#1": DER1,
    "DER and a line end": DER + b"\n",
    "no armour": "".join(LINES[1:-1]).encode(),
    "no armour, in lines": "\n".join(LINES[1:-1]).encode(),
    "no first line": "\n".join(LINES[1:]).encode(),
    "no last line": "\n".join(LINES[:-1]).encode(),
    "four dashes": TEXT.replace("-----", "----").encode(),
    "OpenSSH": SSH,
    "OpenSSH with escapes": SSH.replace(b"\n", b"\\n"),
}


def is_the_key(found: rsa.RSAPrivateKey) -> bool:
    return found.private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("form", READ)
def test_a_form_that_can_be_nothing_else_is_read(form: str, tmp_path: Path) -> None:
    data = READ[form]
    assert is_the_key(load_private_key(data))
    assert is_the_key(load_private_key(bytearray(data)))  # type: ignore[arg-type] # it works too
    file = tmp_path / "key"
    file.write_bytes(data)
    assert is_the_key(load_private_key(file))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    assert is_the_key(load_private_key(text))


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem,
        lambda pem: pem.replace(b"\n", b"\\n"),
        lambda pem: pem.replace(b"\n", b" "),
        b64encode,
        lambda pem: pem.decode().encode("utf-16"),
    ],
    ids=["as it is", "escaped", "one line", "base64", "UTF-16"],
)
@pytest.mark.parametrize("pem", [LOCKED, LOCKED_OLD], ids=["PKCS#8", "PKCS#1"])
def test_an_encrypted_key_is_read_in_such_forms_too(
    pem: bytes, change: Callable[[bytes], bytes]
) -> None:
    assert is_the_key(load_private_key(change(pem), SECRET))
    with pytest.raises(ConfigurationError, match="is encrypted: pass"):
        load_private_key(change(pem))
    with pytest.raises(ConfigurationError, match="wrong private_key_password"):
        load_private_key(change(pem), "wrong")


def test_encrypted_der_is_read_with_its_password_and_else_said_to_be_encrypted() -> (
    None
):
    assert is_the_key(load_private_key(LOCKED_DER, SECRET))
    assert is_the_key(load_private_key(b64encode(LOCKED_DER).decode(), SECRET))
    with pytest.raises(ConfigurationError, match="is encrypted: pass"):
        load_private_key(LOCKED_DER)


def test_an_empty_password_is_no_password() -> None:
    for empty in ("", b""):
        assert is_the_key(load_private_key(PKCS8, empty))
        with pytest.raises(ConfigurationError, match="password, which is empty"):
            load_private_key(LOCKED, empty)


@pytest.mark.parametrize(
    "password", ["open sesame\n", " open sesame ", b"open sesame\r\n"]
)
def test_blanks_around_a_password_do_not_matter(password: str | bytes) -> None:
    assert is_the_key(load_private_key(LOCKED, password))


def test_blanks_that_belong_to_a_password_do() -> None:
    pem = key_as(PrivateFormat.PKCS8, Encoding.PEM, b" open ")
    assert is_the_key(load_private_key(pem, " open "))
    with pytest.raises(ConfigurationError, match="wrong private_key_password"):
        load_private_key(pem, "open")


@pytest.mark.parametrize("form", [PKCS8, DER, SSH, KEY], ids=["PEM", "DER", "SSH", ""])
def test_a_password_that_nothing_needs_is_refused(
    form: bytes | rsa.RSAPrivateKey,
) -> None:
    with pytest.raises(ConfigurationError, match="leave private_key_password out"):
        load_private_key(form, "needless")


@pytest.mark.parametrize("password", [5, ["x"], True, bytearray(b"x")])
def test_a_password_is_text_or_bytes(password: object) -> None:
    with pytest.raises(ConfigurationError, match="private_key_password is a str or"):
        load_private_key(LOCKED, password)  # type: ignore[arg-type] # what a caller may get wrong


CERT_DER = CERTIFICATE.public_bytes(Encoding.DER)
REQUEST_PEM = REQUEST.public_bytes(Encoding.PEM)

NAMED: dict[str, tuple[bytes, str, str]] = {
    "public key": (PUBLIC, "a public key", "openssl genpkey"),
    "public key, escaped": (
        PUBLIC.replace(b"\n", b"\\n"),
        "a public key",
        "openssl genpkey",
    ),
    "public key in base64": (b64encode(PUBLIC), "a public key", "openssl genpkey"),
    "public key in UTF-16": (
        PUBLIC.decode().encode("utf-16"),
        "a public key",
        "openssl genpkey",
    ),
    "public DER": (PUBLIC_DER, "a public key", "openssl genpkey"),
    "public DER of PKCS#1": (PUBLIC1_DER, "a public key", "openssl genpkey"),
    "public DER in base64": (b64encode(PUBLIC_DER), "a public key", "openssl genpkey"),
    "public SSH key": (PUBLIC_SSH, "a public key", "openssl genpkey"),
    "certificate": (CERTIFICATE_PEM, "a certificate", "openssl genpkey"),
    "certificate as DER": (CERT_DER, "a certificate", "openssl genpkey"),
    "certificate request": (REQUEST_PEM, "certificate request", "openssl genpkey"),
    "request as DER": (
        REQUEST.public_bytes(Encoding.DER),
        "certificate request",
        "openssl genpkey",
    ),
    "PKCS#12": (STORE, "PKCS#12", "openssl pkcs12 -in"),
    "PKCS#12 in base64": (b64encode(STORE), "PKCS#12", "openssl pkcs12 -in"),
    "Java key store": (b"\xfe\xed\xfe\xed" + STORE, "a Java key store", "keytool"),
    "PuTTY": (b"PuTTY-User-Key-File-3: ssh-rsa\n", "PuTTY", "puttygen"),
    "JSON Web Key": (b'{"kty":"RSA","n":"x"}', "JSON Web Key", "openssl genpkey"),
    "EC": (
        EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN),
        "signs with RSA; this key is ECPrivateKey",
        "openssl genpkey",
    ),
    "EC, old": (
        EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, PLAIN),
        "signs with RSA; this key is ECPrivateKey",
        "openssl genpkey",
    ),
    "EC as DER": (
        EC_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, PLAIN),
        "signs with RSA; this key is ECPrivateKey",
        "openssl genpkey",
    ),
    "EC of OpenSSH": (
        EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, PLAIN),
        "signs with RSA; this key is ECPrivateKey",
        "openssl genpkey",
    ),
    "EC of an unknown curve": (
        EC_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, PLAIN).replace(
            bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030177")
        ),
        "cannot be read here",
        "openssl pkey -in",
    ),
    "1024 bit": (
        SHORT_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN),
        "1024 bit",
        "openssl genpkey",
    ),
    "two keys": (
        PKCS8 + OTHER_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, PLAIN),
        "more than one private key",
        "openssl pkey -in",
    ),
    "damaged": (
        PKCS8.replace(PIECE.encode(), PIECE[::-1].encode()),
        "damaged PEM",
        "openssl pkey -in",
    ),
    "damaged OpenSSH": (SSH.replace(b"AAAA", b"AAAB", 1), "OpenSSH", "ssh-keygen"),
    "cut off": (PKCS8[:700], "cut off", "openssl pkey -in"),
    "DER cut off": (DER[:700], "no private key", "openssl pkey -in"),
    "PGP": (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "PGP", "openssl genpkey"),
    "parameters": (
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----",
        "parameters",
        "openssl genpkey",
    ),
    "empty": (b"", "is empty", "openssl genpkey"),
    "blank": (b" \r\n\t", "is empty", "openssl genpkey"),
    "only a mark": (b"\xff\xfe", "is empty", "openssl genpkey"),
    "only quotes": (b'""', "is empty", "openssl genpkey"),
    "a path": (b"keys/private.pem", "a path is given as str", "openssl pkey -in"),
    "noise": (bytes(range(1, 256)) * 3, "no private key", "openssl pkey -in"),
}


@pytest.mark.parametrize("form", NAMED)
def test_what_is_no_key_is_named_with_the_command_that_mends_it(
    form: str, tmp_path: Path
) -> None:
    data, what, command = NAMED[form]
    file = tmp_path / "key"
    file.write_bytes(data)
    with pytest.raises(ConfigurationError, match=what) as caught:
        load_private_key(data)
    with pytest.raises(ConfigurationError) as in_file:
        load_private_key(file)
    assert command in str(caught.value)
    if form not in {"noise", "DER cut off", "a path"}:
        assert what in str(in_file.value)
    for error in (caught.value, in_file.value):
        assert PIECE not in str(error)
        assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize(
    "form",
    [
        "public key",
        "public SSH key",
        "certificate",
        "PKCS#12 in base64",
        "JSON Web Key",
    ],
)
def test_text_that_is_no_key_is_named_too(form: str) -> None:
    data, what, command = NAMED[form]
    with pytest.raises(ConfigurationError, match=what) as caught:
        load_private_key(data.decode())
    assert command in str(caught.value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (KEY.public_key(), "is a public key or a certificate"),
        (CERTIFICATE, "is a public key or a certificate"),
        (EC_KEY, "signs with RSA; this key is ECPrivateKey"),
        (ed25519.Ed25519PrivateKey.generate(), "signs with RSA; this key is Ed25519"),
        (SHORT_KEY, "1024 bit; Amazon Pay needs 2048"),
    ],
    ids=["public", "certificate", "EC", "Ed25519", "short"],
)
def test_an_object_that_is_no_private_rsa_key_is_named(key: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Client("SANDBOX-A", key, "us")
    with pytest.raises(ConfigurationError, match=said):
        Client(keys=[("SANDBOX-A", key)], region="us")


@pytest.mark.parametrize("text", ["", " ", "\n", '""', "\ufeff"])
def test_empty_text_is_said_to_be_empty(text: str) -> None:
    with pytest.raises(ConfigurationError, match="private_key is empty"):
        load_private_key(text)


@pytest.mark.parametrize("name", ["keys/private.pem\n", " private.pem", '"key.pem"'])
def test_blanks_and_quotes_around_a_file_name_do_not_matter(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name.strip('" \n'))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(PKCS8)
    assert is_the_key(load_private_key(name))


@pytest.mark.parametrize("start", ["~/", "file://{home}/"])
def test_a_file_is_found_as_other_tools_write_its_name(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "private.pem").write_bytes(PKCS8)
    assert is_the_key(load_private_key(start.format(home=tmp_path) + "private.pem"))


@pytest.mark.parametrize("form", ["PEM", "base64", "one line"])
def test_a_key_in_place_of_a_path_is_said_to_be_one_and_not_shown(form: str) -> None:
    name = {
        "PEM": TEXT,
        "base64": b64encode(PKCS8).decode(),
        "one line": TEXT.replace("\n", "\\n"),
    }[form]
    with pytest.raises(ConfigurationError, match="as str or bytes") as caught:
        load_private_key(Path(name))
    assert PIECE not in str(caught.value)


def test_a_missing_file_says_where_a_relative_path_begins() -> None:
    with pytest.raises(ConfigurationError, match="begins at the current directory"):
        load_private_key("keys/nowhere.pem")


def test_a_file_that_is_no_key_by_its_size_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "disk.img"
    with file.open("wb") as opened:
        opened.truncate(2**32)
    with pytest.raises(ConfigurationError, match="larger than any key"):
        load_private_key(file)
