"""The private key in every form it comes in, and what is said of a wrong one."""

from __future__ import annotations

import traceback
from base64 import b64encode
from math import lcm
from textwrap import wrap
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from AmazonPay import ConfigurationError
from AmazonPay._signing.private_key import load_private_key
from keys import KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = NoEncryption()


def pem(form: PrivateFormat, encryption: KeySerializationEncryption = PLAIN) -> bytes:
    return KEY.private_bytes(Encoding.PEM, form, encryption)


PKCS1 = pem(PrivateFormat.TraditionalOpenSSL)
PKCS8 = pem(PrivateFormat.PKCS8)
ENCRYPTED = pem(PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
FORMS = pytest.mark.parametrize("text", [PKCS1, PKCS8], ids=["PKCS#1", "PKCS#8"])


def is_the_key(found: rsa.RSAPrivateKey) -> bool:
    return found.private_numbers() == KEY.private_numbers()


@FORMS
def test_pem_text_and_bytes_are_read(text: bytes) -> None:
    assert is_the_key(load_private_key(text))
    assert is_the_key(load_private_key(text.decode()))


@FORMS
def test_a_file_is_read_by_name_or_path(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "private.pem"
    file.write_bytes(text)
    assert is_the_key(load_private_key(file))
    assert is_the_key(load_private_key(str(file)))


def test_a_key_object_is_taken_as_it_is() -> None:
    assert load_private_key(KEY) is KEY


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def written(numbers: dict[str, int]) -> bytes:
    """Write a PKCS#1 key of any numbers."""
    integers = b"".join(
        _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))
        for number in (0, *numbers.values())
    )
    text = "\n".join(wrap(b64encode(_der(0x30, integers)).decode(), 64))
    label = "RSA PRIVATE KEY"
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


def numbers_of(key: rsa.RSAPrivateKey) -> dict[str, int]:
    found = key.private_numbers()
    public = found.public_numbers
    return {
        "n": public.n,
        "e": public.e,
        "d": found.d,
        "p": found.p,
        "q": found.q,
        "dmp1": found.dmp1,
        "dmq1": found.dmq1,
        "iqmp": found.iqmp,
    }


def consistent(p: int, q: int, e: int = 65537) -> dict[str, int]:
    """Make the numbers of a key from two factors, prime or not."""
    d = pow(e, -1, lcm(p - 1, q - 1))
    return {
        "n": p * q,
        "e": e,
        "d": d,
        "p": p,
        "q": q,
        "dmp1": d % (p - 1),
        "dmq1": d % (q - 1),
        "iqmp": pow(q, -1, p),
    }


NUMBERS = numbers_of(KEY)
OTHER = numbers_of(OTHER_KEY)


def test_the_numbers_of_a_sound_key_are_read() -> None:
    assert is_the_key(load_private_key(written(NUMBERS)))
    made = consistent(NUMBERS["p"], NUMBERS["q"])
    assert load_private_key(written(made)).private_numbers().d == made["d"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda name: NUMBERS[name] + 2,
        lambda name: NUMBERS[name] ^ (1 << NUMBERS[name].bit_length() // 2),
        lambda name: OTHER[name] + 2 * (name == "e"),
        lambda _: 0,
        lambda _: 1,
    ],
    ids=["plus 2", "one bit", "of another key", "0", "1"],
)
def test_a_key_with_one_damaged_number_is_refused(
    name: str, damage: Callable[[str], int]
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read; damaged PEM"):
        load_private_key(written({**NUMBERS, name: damage(name)}))


@pytest.mark.parametrize(
    "factors",
    [
        {"p": 1, "q": NUMBERS["n"]},
        {"p": NUMBERS["n"], "q": 1},
        {"p": OTHER["p"], "q": OTHER["q"]},
    ],
    ids=["1 and n", "n and 1", "of another key"],
)
def test_a_key_with_other_factors_is_refused(factors: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read; damaged PEM"):
        load_private_key(written({**NUMBERS, **factors}))


def test_a_key_with_a_factor_that_is_not_prime_is_refused() -> None:
    # Its numbers fit each other, and yet it makes no signature that holds.
    composite = numbers_of(rsa.generate_private_key(65537, 1024))["n"]  # noqa: S505 - a factor
    with pytest.raises(ConfigurationError, match="cannot be read; damaged PEM"):
        load_private_key(written(consistent(composite, NUMBERS["p"])))


def test_a_damaged_key_that_was_encrypted_may_have_had_another_password() -> None:
    damaged = rsa.RSAPrivateNumbers(
        **{name: NUMBERS[name] for name in ("p", "q", "d", "dmp1", "dmq1")},
        iqmp=NUMBERS["iqmp"] + 2,
        public_numbers=KEY.public_key().public_numbers(),
    ).private_key(unsafe_skip_rsa_key_validation=True)
    secret = b"open sesame"
    text = damaged.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret)
    )
    with pytest.raises(ConfigurationError, match="or damaged PEM"):
        load_private_key(text, secret)


def test_a_missing_file_is_named_where_it_is_given_as_a_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem.*No such file"):
        load_private_key(tmp_path / "nowhere.pem")


def test_a_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_private_key(tmp_path)


def test_a_file_that_holds_something_else_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    with pytest.raises(ConfigurationError, match=r"notes\.txt' holds no PEM"):
        load_private_key(file)


@pytest.mark.parametrize("value", [None, 5, object()])
def test_something_that_is_no_key_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(ConfigurationError, match="private_key must be"):
        load_private_key(value)  # type: ignore[arg-type] # what a caller may get wrong


def _body_of(text: bytes) -> str:
    return "".join(text.decode().split("\n")[1:-2])


@pytest.mark.parametrize(
    "value",
    [
        _body_of(PKCS8)[:-70],
        _body_of(PKCS8)[:70],
        PKCS8.decode()[: len(PKCS8) // 2].replace("BEGIN", "BEGLN"),
    ],
    ids=["cut off", "short", "misspelt"],
)
def test_key_material_taken_for_a_file_name_is_never_shown(value: str) -> None:
    with pytest.raises(ConfigurationError, match="not shown") as caught:
        load_private_key(value)
    assert _body_of(PKCS8)[:16] not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "secret",
    [
        "hunter2",
        "correct horse battery staple",
        "9f86d081884c7d65",
        "MIIEvQIBADANBg",
        "secret/with/slashes==",
        "~/keys/hunter2",
        "hunter2.pem",
        "hunter2\0",
        "h\ud800unter2",
        "hunter2" * 100,
        "-----BEGIN hunter2 \ud800",
    ],
)
def test_a_secret_taken_for_a_file_name_is_never_shown(secret: str) -> None:
    for given in (secret, secret.encode("utf-8", "surrogatepass")):
        with pytest.raises(ConfigurationError) as caught:
            load_private_key(given)
        shown = "".join(traceback.format_exception_only(caught.value))
        pieces = ("hunter2", "horse", "9f86d0", "MIIEvQ", "slashes")
        assert not any(piece in shown for piece in pieces)
        assert caught.value.__context__ is None


@pytest.mark.parametrize("password", ["open \ud800 sesame", "\udfff"])
def test_a_password_that_has_no_bytes_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(ConfigurationError, match="private_key_password") as caught:
        load_private_key(ENCRYPTED, password)
    assert "sesame" not in str(caught.value)
    assert caught.value.__context__ is None
