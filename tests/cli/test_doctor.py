"""`amazonpay doctor`: each mistake is named with its cure, and no secret is shown."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from sqlalchemy import create_engine

from AmazonPay import SQLiteJournal
from AmazonPay.cli import key_files
from AmazonPay.cli.distribution import described, imported_distribution
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
from command_line import has_pipes, piped
from doctored import changed, doctor, findings
from keys import KEY, OTHER_KEY
from simulated import KEY_ID

UUID = "123e4567-e89b-12d3-a456-426614174000"
STORE = "amzn1.application-oa2-client.0123456789abcdef"
MERCHANT = "A1B2C3D4E5F6G7"


pytestmark = pytest.mark.usefixtures("few_authorities")


def test_a_good_configuration_has_no_findings(good: list[str]) -> None:
    done = doctor(*good)
    assert (done.status, done.err) == (0, "Nothing is wrong.\n")
    assert doctor(*good, "--json").json["ok"] is True


def test_findings_end_with_1_and_a_cure() -> None:
    done = doctor()
    assert done.status == 1
    assert "do: make a pair by: amazonpay keys new" in done.out
    assert "3 things are wrong" in done.err


# `users.md` (a) B, and what stands beside it: an option, the check, and its words.
WRONG: dict[str, tuple[dict[str, str | None], str, str]] = {
    "B8 magento#1100 the merchant id as key id": (
        {"public_key_id": MERCHANT},
        "key id",
        "is a merchant id",
    ),
    "B8 the store id as key id": ({"public_key_id": STORE}, "key id", "store id"),
    "B8 the access key of another API": (
        {"public_key_id": "AKIAIOSFODNN7EXAMPLE"},
        "key id",
        "another API",
    ),
    "B8 magento#1083 a blank around the key id": (
        {"public_key_id": f" {KEY_ID}"},
        "key id",
        "blank",
    ),
    "B8 the name of the .pem as key id": (
        {"public_key_id": "AmazonPay_SANDBOX-A.pem"},
        "key id",
        "name of a file",
    ),
    "B8 shopware#2014 a misspelt prefix": (
        {"public_key_id": "SANBOX-AB12"},
        "key id",
        "misspelt SANDBOX",
    ),
    "a placeholder": (
        {"public_key_id": "SANDBOX-YOUR_PUBLIC_KEY_ID"},
        "key id",
        "placeholder",
    ),
    "no key id": ({"public_key_id": None}, "key id", "there is none"),
    "no private key": ({"private_key": None}, "private key", "there is none"),
    "B8 magento#1266 a file that is missing": (
        {"private_key": "no-such.pem"},
        "private key",
        "No such file",
    ),
    "no region": ({"region": None}, "region", "there is none"),
    "a region that does not exist": ({"region": "moon"}, "region and host", "moon"),
    "B5 php#47 the host of another region": (
        {"region": "eu", "endpoint_url": "https://pay-api.amazon.com"},
        "region and host",
        "serves the region na",
    ),
    "the host of another API": (
        {"endpoint_url": "https://mws.amazonservices.com"},
        "region and host",
        "no host of Amazon Pay API v2",
    ),
    "an endpoint without a scheme": (
        {"endpoint_url": "pay-api.amazon.com"},
        "region and host",
        "https://",
    ),
    "a live key for this machine": (
        {"public_key_id": "LIVE-AB12", "endpoint_url": "https://127.0.0.1"},
        "endpoint",
        "live client",
    ),
    "B5 dotnet#12 an algorithm that does not exist": (
        {"algorithm": "AMZN-PAY-RSASSA-PSS-V3"},
        "algorithm",
        "is not one of",
    ),
    "A2 a UUID as idempotency key": (
        {"idempotency_key": UUID},
        "idempotency key",
        "36 characters",
    ),
    "an idempotency key with a blank": (
        {"idempotency_key": "a b"},
        "idempotency key",
        "32 characters",
    ),
    "the merchant id as store id": (
        {"store_id": MERCHANT},
        "store id",
        "is a merchant id",
    ),
    "the store id as merchant id": (
        {"merchant_id": STORE},
        "merchant id",
        "is a store id",
    ),
    "the key id as merchant id": (
        {"merchant_id": "SANDBOX-AB12"},
        "merchant id",
        "is a key id",
    ),
    "neither id": ({"merchant_id": "shop"}, "merchant id", "does not have its form"),
    "a CA file that is missing": ({"ca_file": "/none.pem"}, "authorities", "No such"),
    "a journal that is missing": ({"journal": "/none.db"}, "journal", "no journal"),
    "a public key that is none": ({"public_key": "/none"}, "public key", "No such"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named(case: str, good: list[str]) -> None:
    options, check, words = WRONG[case]
    done = doctor(*changed(good, **options), "--json")
    assert done.status == 1
    assert words in findings(done, "wrong")[check]
    assert not done.json["ok"]


@pytest.mark.parametrize(
    ("key_id", "switch", "words"),
    [
        ("LIVE-AB12", "--sandbox", "contradicts"),
        ("SANDBOX-AB12", "--live", "contradicts"),
        ("AB12CD", None, "moves real money"),
    ],
)
def test_prefix_and_environment_are_compared(
    key_id: str, switch: str | None, words: str, good: list[str]
) -> None:
    line = [*changed(good, public_key_id=key_id), *([switch] if switch else [])]
    done = doctor(*line, "--json")
    assert words in findings(done, "wrong")["environment"]


@pytest.mark.parametrize("switch", ["--sandbox", "--live"])
def test_a_key_without_prefix_is_what_one_says(switch: str, good: list[str]) -> None:
    done = doctor(*changed(good, public_key_id="AB12CD"), switch, "--json")
    assert switch.removeprefix("--") in findings(done, "ok")["environment"]


def test_a_prefixed_key_id_is_right(good: list[str]) -> None:
    """`users.md` (a) B 8, magento#1110: another validator refused such ids."""
    done = doctor(*good, "--json")
    assert "sandbox" in findings(done, "ok")["environment"]


def pem(
    key: Any = KEY, form: PrivateFormat = PrivateFormat.PKCS8, word: bytes = b""
) -> bytes:
    how = BestAvailableEncryption(word) if word else NoEncryption()
    made: bytes = key.private_bytes(Encoding.PEM, form, how)
    return made


PUBLIC = key_files.public_pem(KEY.public_key()).encode()
BAD_KEYS: dict[str, tuple[bytes, str]] = {
    "B6 php#45 a public key": (PUBLIC, "a public key"),
    "B6 php#45 a key that is cut off": (pem()[:400], "cut off"),
    "empty": (b"", "is empty"),
    "an EC key": (pem(ec.generate_private_key(ec.SECP256R1())), "signs with RSA"),
    "1024 bit": (
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - it is refused
        "1024 bit",
    ),
    "encrypted, without its password": (pem(word=b"pw"), "is encrypted"),
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_a_private_key_that_cannot_sign_is_named(
    case: str, good: list[str], tmp_path: Path
) -> None:
    held, words = BAD_KEYS[case]
    (tmp_path / "key.pem").write_bytes(held)
    done = doctor(*good, "--json")
    assert words in findings(done, "wrong")["private key"]
    assert "MII" not in done.out


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (pem(), "2048 bit, PEM"),
        (pem(form=PrivateFormat.TraditionalOpenSSL), "PEM"),
        (pem().replace(b"\n", b"\\n"), "not in the usual form"),
        (base64.b64encode(pem()), "not in the usual form"),
        (pem().decode().encode("utf-16"), "not in the usual form"),
        (pem(form=PrivateFormat.OpenSSH), "SSH"),
    ],
    ids=["PKCS#8", "PKCS#1", "magento#1266 escaped", "base64", "UTF-16", "OpenSSH"],
)
def test_the_form_of_a_key_is_told(
    held: bytes, words: str, good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_bytes(held)
    assert words in findings(doctor(*good, "--json"), "ok")["private key"]


def test_a_key_in_the_environment_has_no_permissions(private_key_pem: str) -> None:
    env = {
        "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
        "AMAZON_PAY_PRIVATE_KEY": private_key_pem,
        "AMAZON_PAY_REGION": "us",
        "AMAZON_PAY_SANDBOX": "yes",
    }
    done = doctor("--json", env=env)
    assert done.status == 0
    assert "permissions" not in findings(done, "ok")


@has_pipes
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER], ids=["PEM", "DER"])
def test_a_key_may_come_from_a_pipe(good: list[str], encoding: Encoding) -> None:
    held = KEY.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
    with piped(held) as pipe:
        done = doctor(*good, "--private-key", pipe)
    assert (done.status, done.err) == (0, "Nothing is wrong.\n")
    assert "private key: RSA, 2048 bit" in done.out


@has_pipes
def test_a_pipe_without_a_key_is_named(good: list[str]) -> None:
    with piped(b"") as pipe:
        done = doctor(*good, "--private-key", pipe, "--json")
    assert "amazonpay keys new" in findings(done, "wrong")["private key"]


def test_an_encrypted_key_is_read_with_its_password(
    good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_bytes(pem(word=b"geheim"))
    env = {"AMAZON_PAY_PRIVATE_KEY_PASSWORD": "geheim"}
    done = doctor(*good, "--json", env=env)
    assert "encrypted" in findings(done, "ok")["private key"]
    assert "geheim" not in done.out


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666])
def test_files_that_others_can_read_are_named(
    mode: int, good: list[str], tmp_path: Path
) -> None:
    (tmp_path / "key.pem").chmod(mode)
    assert "chmod 600" in findings(doctor(*good, "--json"), "wrong")["permissions"]


def test_a_pair_that_belongs_together_is_told(good: list[str], tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_bytes(PUBLIC)
    line = [*good, "--public-key", str(tmp_path / "public.pem"), "--json"]
    assert "belong together" in findings(doctor(*line), "ok")["pair"]
    alone = doctor(*changed(line[:-1], private_key=None), "--json")
    assert "pair" in findings(alone, "unknown")


def test_a_pair_that_does_not_is_named(good: list[str], tmp_path: Path) -> None:
    """`users.md` (a) B 6, java#22, and B 8, adyen-web#1081: not the same pair."""
    other = key_files.public_pem(OTHER_KEY.public_key())
    (tmp_path / "public.pem").write_text(other)
    done = doctor(*good, "--public-key", str(tmp_path / "public.pem"), "--json")
    assert "not the other half" in findings(done, "wrong")["pair"]


def test_both_algorithms_are_explained(good: list[str]) -> None:
    """`users.md` (a) B 4, php#8: users expect one signature for one text."""
    for name, salt in (("AMZN-PAY-RSASSA-PSS", 20), ("AMZN-PAY-RSASSA-PSS-V2", 32)):
        done = doctor(*changed(good, algorithm=name), "--json")
        text = findings(done, "ok")["algorithm"]
        assert f"salt of {salt}" in text
        assert "differs each time" in text


@pytest.mark.parametrize(
    ("variables", "check", "words"),
    [
        ({"AMAZON_PAY_SANDBOX_MODE": "true"}, "environment variables", "is it"),
        ({"AMAZON_PAY_SANDBOX": "maybe"}, "environment variables", "true or false"),
        ({"HTTPS_PROXY": "proxy:geheim"}, "proxy", "no scheme"),
        ({"SSL_CERT_FILE": "/none.pem"}, "authorities", "SSL_CERT_FILE"),
    ],
)
def test_the_environment_is_looked_at(
    variables: dict[str, str], check: str, words: str, good: list[str]
) -> None:
    done = doctor(*good, "--json", env=variables)
    assert words in findings(done, "wrong")[check]
    assert "geheim" not in done.out


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("AMAZON_PAY_PUBLICKEY_ID", "AMAZON_PAY_PUBLIC_KEY_ID"),
        ("AMAZONPAY_PRIVATE_KEY", "AMAZON_PAY_PRIVATE_KEY"),
        ("amazon_pay_region", "AMAZON_PAY_REGION"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, variable: str) -> None:
    done = doctor("--json", env={name: "x"})
    found = findings(done, "wrong")["environment variables"]
    assert f"{name} is not read: is it {variable}?" in found


def test_another_variable_of_the_shop_is_left_alone(good: list[str]) -> None:
    env = {"AMAZON_PAY_STORE_ID": STORE, "AMAZON_PAY_MERCHANT_ID": MERCHANT}
    assert doctor(*good, env=env).status == 0
    assert "STORE_ID" not in doctor(env=env).out


def test_a_proxy_is_named_without_its_password(good: list[str]) -> None:
    env = {"HTTPS_PROXY": "http://u:geheim@proxy.example:3128"}
    done = doctor(*good, "--json", env=env)
    assert findings(done, "ok")["proxy"].strip() == "proxy.example:3128"
    assert "geheim" not in done.out


def test_a_ca_file_is_named(good: list[str]) -> None:
    with trustme.CA().cert_pem.tempfile() as file:
        done = doctor(*good, "--ca-file", file, "--json")
    assert file in findings(done, "ok")["authorities"]


@pytest.mark.parametrize(
    ("line", "env", "named"),
    [
        (["--ca-file", "none.pem"], {}, "--ca-file takes the path"),
        ([], {"AMAZON_PAY_CA_FILE": "none.pem"}, "AMAZON_PAY_CA_FILE takes the path"),
        ([], {"SSL_CERT_FILE": "none.pem"}, "Correct or unset the variable"),
    ],
    ids=["option", "variable", "file of the system"],
)
def test_a_ca_file_that_is_none_is_told_by_what_named_it(
    line: list[str], env: dict[str, str | None], named: str, good: list[str]
) -> None:
    done = doctor(*good, *line, "--json", env=env)
    text = findings(done, "wrong")["authorities"]
    assert (named in text, "trust_env" in text) == (True, False)


def test_an_endpoint_that_is_none_is_told_by_what_named_it(good: list[str]) -> None:
    url, name = "http://pay.example", "AMAZON_PAY_ENDPOINT_URL"
    by_option = doctor(*good, "--endpoint-url", url, "--json")
    text = findings(by_option, "wrong")["region and host"]
    assert text.strip().startswith("--endpoint-url takes plain http only")
    by_variable = doctor(*good, "--json", env={name: url})
    assert f"{name} takes" in findings(by_variable, "wrong")["region and host"]


def test_a_profile_is_looked_at(tmp_path: Path, key_file: str) -> None:
    del key_file
    file = tmp_path / "profiles.toml"
    file.write_text(
        f'[shop]\npublic_key_id="{KEY_ID}"\nprivate_key="key.pem"\nregion="us"\n'
    )
    file.chmod(0o600)
    env = {"AMAZON_PAY_PROFILES": str(file)}
    done = doctor("--profile", "shop", "--json", env=env)
    assert done.status == 0
    file.chmod(0o644)
    open_file = doctor("--profile", "shop", "--json", env=env)
    assert "chmod 600" in findings(open_file, "wrong")["profile"]


@pytest.mark.parametrize("noun", ["journal", "inbox"])
def test_offline_asks_no_server_of_a_database(noun: str, good: list[str]) -> None:
    url = "postgresql+psycopg://shop:geheim@127.0.0.1:1/x"
    env = {f"AMAZON_PAY_{noun.upper()}": url}
    done = doctor(*good, "--json", env=env)
    assert done.status == 0
    assert "not asked because of --offline" in findings(done, "unknown")[noun]


def test_a_missing_extra_is_named_for_the_inbox(
    good: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    done = doctor(*good, "--json", env={"AMAZON_PAY_INBOX": "sqlite:///shop.db"})
    assert "the extra [sqlalchemy]" in findings(done, "wrong")["inbox"]


def test_a_journal_is_looked_at(good: list[str], tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    SQLiteJournal(file)
    done = doctor(*good, "--journal", str(file), "--json")
    assert "can be read" in findings(done, "ok")["journal"]
    env = {"AMAZON_PAY_JOURNAL": f"sqlite:///{tmp_path}/none.db"}
    assert "journal" in findings(doctor(*good, "--json", env=env), "wrong")


def test_an_inbox_is_looked_at(good: list[str], tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    SQLAlchemyInbox(create_engine(f"sqlite:///{file}")).create_table()
    file.chmod(0o644)
    done = doctor(*good, "--inbox", str(file), "--json")
    assert "can be read" in findings(done, "ok")["inbox"]
    assert "the inbox" in findings(done, "wrong")["permissions"]
    for place in (f"sqlite:///{tmp_path}/none.db", str(tmp_path / "none.db"), "x://"):
        env = {"AMAZON_PAY_INBOX": place}
        assert "inbox" in findings(doctor(*good, "--json", env=env), "wrong")


def test_what_only_the_constructor_finds_is_told(good: list[str]) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY_PASSWORD": ""}
    line = changed(good, endpoint_url="http://shop.example")
    done = doctor(*line, "--json", env=env)
    assert done.status == 1
    assert findings(done, "wrong")


def test_nothing_secret_is_shown(good: list[str], private_key_pem: str) -> None:
    env = {"AMAZON_PAY_PRIVATE_KEY": private_key_pem[:900]}
    line = changed(good, private_key=None)
    for done in (doctor(*line, env=env), doctor(*line, "--json", env=env)):
        assert done.status == 1
        assert private_key_pem[100:160] not in done.out + done.err


# The package ----------------------------------------------------------------------


def test_the_distribution_is_named(good: list[str]) -> None:
    assert "AmazonPayClient" in findings(doctor(*good, "--json"), "ok")["package"]


def test_another_authors_package_is_named() -> None:
    other = "Amazon Pay API v2 client for Python"
    found = described("2.0.1", other, Path("/site/AmazonPay"))
    assert found.status == "wrong"
    assert "another author's" in found.text
    assert "pip uninstall" in found.fix


def test_a_folder_on_the_path_is_no_installation() -> None:
    assert described(None, "", Path("/src/AmazonPay")).status == "wrong"


@pytest.mark.parametrize("name", ["AmazonPay", "AmazonPay.py"])
def test_a_second_package_on_the_path_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    found = imported_distribution([str(tmp_path)])
    assert found.status == "wrong"
    assert str(tmp_path) in found.text
    assert imported_distribution([str(tmp_path / "none")]).status == "ok"
