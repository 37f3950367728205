"""`amazonpay keys`: pairs are made, shown and checked."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from AmazonPay._signing.private_key import load_private_key
from AmazonPay.cli import key_files
from command_line import amazonpay, has_pipes, piped, write_key
from keys import KEY, OTHER_KEY
from simulated import START

PUBLIC = key_files.public_pem(KEY.public_key())
PASSWORD = "AMAZON_PAY_PRIVATE_KEY_PASSWORD"


def test_a_new_pair_belongs_together_and_is_private(tmp_path: Path) -> None:
    out = tmp_path / "shop.pem"
    done = amazonpay("keys", "new", "--out", str(out))
    assert done.status == 0
    key = load_private_key(out)
    assert key.key_size == 2048
    assert done.out == key_files.public_pem(key.public_key())
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "Seller Central" in done.err
    assert "PRIVATE" not in done.out + done.err


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_a_new_key_is_its_owners_under_every_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        done = amazonpay("keys", "new", "--out", str(tmp_path / "k.pem"))
    finally:
        os.umask(before)
    assert done.status == 0
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600


def test_a_key_that_is_written_in_part_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), descriptor)

    monkeypatch.setattr(os, "fsync", full)
    done = amazonpay("keys", "new", "--out", str(tmp_path / "k.pem"))
    assert (done.status, list(tmp_path.iterdir())) == (2, [])
    assert "cannot be written: No space left" in done.err


def test_a_new_key_replaces_no_file(tmp_path: Path) -> None:
    out = tmp_path / "shop.pem"
    out.write_text("mine")
    done = amazonpay("keys", "new", "--out", str(out))
    assert (done.status, done.out, out.read_text()) == (2, "", "mine")


def test_a_dangling_link_is_no_new_file(tmp_path: Path) -> None:
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere.pem")
    assert amazonpay("keys", "new", "--out", str(tmp_path / "link.pem")).status == 2
    assert not (tmp_path / "elsewhere.pem").exists()


@pytest.mark.parametrize("out", ["no/such/folder/k.pem", "k\0.pem", ""])
def test_a_key_that_cannot_be_written_is_told(out: str, tmp_path: Path) -> None:
    done = amazonpay("keys", "new", "--out", f"{tmp_path}/{out}")
    assert done.status == 2
    assert "cannot be written" in done.err or "is there already" in done.err


def test_a_new_key_is_encrypted_with_the_password_of_the_environment(
    tmp_path: Path,
) -> None:
    out = tmp_path / "shop.pem"
    done = amazonpay("keys", "new", "--out", str(out), "--json", env={PASSWORD: "pw"})
    assert done.json["encrypted"]
    assert load_private_key(out, "pw")
    shown = amazonpay("keys", "show", str(out), env={PASSWORD: "pw"})
    assert shown.out == done.json["public_key"]
    assert "encrypted" in amazonpay("keys", "show", str(out)).err
    again = amazonpay(
        "keys", "new", "--out", str(tmp_path / "2.pem"), env={PASSWORD: "pw"}
    )
    assert PASSWORD in again.err


def test_the_public_half_is_shown(tmp_path: Path) -> None:
    done = amazonpay("keys", "show", write_key(tmp_path / "k.pem"))
    assert (done.status, done.out) == (0, PUBLIC)
    assert key_files.fingerprint(KEY.public_key()) in done.err


def test_the_public_half_is_shown_for_the_environment(
    tmp_path: Path, private_key_pem: str
) -> None:
    for held in (private_key_pem, write_key(tmp_path / "k.pem")):
        done = amazonpay("keys", "show", "--json", env={"AMAZON_PAY_PRIVATE_KEY": held})
        assert done.json["public_key"] == PUBLIC
        assert done.json["bits"] == 2048


def test_without_a_key_there_is_nothing_to_show() -> None:
    done = amazonpay("keys", "show", env={"AMAZON_PAY_PRIVATE_KEY": None})
    assert done.status == 2


def certificate(encoding: Encoding) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
    made = x509.CertificateBuilder(name, name, KEY.public_key(), 1, START, START)
    return made.sign(KEY, SHA256()).public_bytes(encoding)


PUBLIC_FORMS = {
    "PEM": PUBLIC.encode(),
    "blanks": b"\n" + PUBLIC.encode() + b"\n\n",
    "PKCS#1": KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "DER": KEY.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ),
    "OpenSSH": KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "certificate": certificate(Encoding.PEM),
    "certificate in DER": certificate(Encoding.DER),
    "UTF-16": PUBLIC.encode("utf-16"),
    "CRLF after a mark": b"\xef\xbb\xbf" + PUBLIC.replace("\n", "\r\n").encode(),
    "escaped line ends": PUBLIC.replace("\n", "\\n").encode(),
    "without first and last line": "\n".join(PUBLIC.splitlines()[1:-1]).encode(),
}


@pytest.mark.parametrize("form", PUBLIC_FORMS)
@pytest.mark.parametrize("swapped", [False, True])
def test_two_halves_belong_together(form: str, swapped: bool, tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.write_bytes(PUBLIC_FORMS[form])
    files = [write_key(tmp_path / "k.pem"), str(public)]
    done = amazonpay("keys", "check", *(reversed(files) if swapped else files))
    assert (done.status, done.out) == (0, "yes\n")


def test_other_halves_do_not(tmp_path: Path) -> None:
    public = tmp_path / "public.pem"
    public.write_text(PUBLIC)
    files = [write_key(tmp_path / "k.pem", OTHER_KEY), str(public)]
    done = amazonpay("keys", "check", *files)
    assert (done.status, done.out) == (1, "no\n")
    assert key_files.fingerprint(OTHER_KEY.public_key()) in done.err
    assert not amazonpay("keys", "check", *files, "--json").json["belong_together"]


def test_two_private_keys_are_no_pair(tmp_path: Path) -> None:
    files = [write_key(tmp_path / "k.pem"), write_key(tmp_path / "o.pem", OTHER_KEY)]
    done = amazonpay("keys", "check", *files)
    assert done.status == 2
    assert "o.pem' holds no public key, but a private one" in done.err


@has_pipes
@pytest.mark.parametrize("swapped", [False, True])
def test_a_key_may_come_from_a_pipe(swapped: bool, tmp_path: Path) -> None:
    pem = Path(write_key(tmp_path / "k.pem")).read_bytes()
    (tmp_path / "public.pem").write_text(PUBLIC)
    with piped(pem) as pipe:
        files = [pipe, str(tmp_path / "public.pem")]
        done = amazonpay("keys", "check", *(reversed(files) if swapped else files))
    assert (done.status, done.out) == (0, "yes\n")


def test_an_encrypted_key_is_checked_with_its_password(tmp_path: Path) -> None:
    private, public = tmp_path / "k.pem", tmp_path / "public.pem"
    encrypted = BestAvailableEncryption(b"pw")
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted))
    public.write_text(PUBLIC)
    line = ("keys", "check", str(private), str(public))
    assert amazonpay(*line, env={PASSWORD: "pw"}).status == 0
    wrong = amazonpay(*line, env={PASSWORD: "geheim"})
    assert wrong.status == 2
    assert "geheim" not in wrong.err


def test_a_password_that_is_no_text_is_told(tmp_path: Path) -> None:
    line = ("keys", "new", "--out", str(tmp_path / "k.pem"))
    done = amazonpay(*line, env={PASSWORD: "\udcff"})
    assert (done.status, list(tmp_path.iterdir())) == (2, [])


def test_a_password_that_is_too_long_to_encrypt_with_is_told(tmp_path: Path) -> None:
    out = tmp_path / "k.pem"
    done = amazonpay("keys", "new", "--out", str(out), env={PASSWORD: "geheim" * 200})
    assert (done.status, done.out) == (2, "")
    assert PASSWORD in done.err
    assert "geheim" not in done.err
    assert not out.exists()


def test_a_needless_password_is_told_by_its_variable(tmp_path: Path) -> None:
    file = write_key(tmp_path / "k.pem")
    done = amazonpay("keys", "show", file, env={PASSWORD: "pw"})
    assert f"unset {PASSWORD}" in done.err


EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"no key",
        b"\x30\x82",
        PUBLIC.encode()[:100],
        EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        b"x" * (1024 * 1024 + 1),
    ],
    ids=["empty", "text", "DER cut", "PEM cut", "EC", "large"],
)
def test_what_is_no_public_key_is_told(held: bytes, tmp_path: Path) -> None:
    public = tmp_path / "public.pem"
    public.write_bytes(held)
    done = amazonpay("keys", "check", write_key(tmp_path / "k.pem"), str(public))
    assert (done.status, done.out) == (2, "")


@pytest.mark.parametrize("name", ["missing.pem", "", "a\0b"])
def test_a_missing_file_is_told(name: str, tmp_path: Path) -> None:
    file = write_key(tmp_path / "k.pem")
    assert amazonpay("keys", "check", file, f"{tmp_path}/{name}").status == 2


def test_permissions_are_unknown_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "k"
    file.touch(mode=0o644)
    assert key_files.readable_by_others(file)
    assert not key_files.readable_by_others(tmp_path / "missing")
    monkeypatch.setattr("AmazonPay.cli.key_files.os.name", "nt")
    assert not key_files.readable_by_others(str(file))


def test_the_public_half_is_what_the_library_reads() -> None:
    assert load_pem_public_key(PUBLIC.encode()) == KEY.public_key()
