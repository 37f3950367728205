"""`amazonpay button`: what is signed holds, and what is refused is explained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.cli import key_files
from command_line import Done, amazonpay
from hand_signer import PAYLOAD, Signer, compact
from keys import KEY, OTHER_KEY
from simulated import Shop

if TYPE_CHECKING:
    from pathlib import Path

TEXT = json.dumps(Shop().session_body())


@pytest.fixture
def public(tmp_path: Path) -> tuple[str, str]:
    file = tmp_path / "public.pem"
    file.write_text(key_files.public_pem(KEY.public_key()))
    return ("--public-key", str(file))


def file_of(tmp_path: Path, content: object) -> str:
    file = tmp_path / "given.json"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def button(*line: str, **more: Any) -> Done:
    return amazonpay("button", *line, **more)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("algorithm", [(), ("--algorithm", "AMZN-PAY-RSASSA-PSS-V2")])
def test_what_is_signed_verifies(
    algorithm: tuple[str, ...],
    end: str,
    env: dict[str, str | None],
    tmp_path: Path,
    public: tuple[str, str],
) -> None:
    file = file_of(tmp_path, (TEXT + end).encode())
    done = button("sign", file, "--json", *algorithm, env=env)
    assert done.json["payloadJSON"] == TEXT
    verified = button("verify", file_of(tmp_path, done.out), *public)
    assert verified.status == 0
    by_private = button("verify", file_of(tmp_path, done.out), "--json", env=env)
    assert by_private.json["name"] == "holds"


def test_what_is_signed_is_piped_on(
    env: dict[str, str | None], public: tuple[str, str]
) -> None:
    done = button("sign", "-", "--json", env=env, stdin=TEXT)
    assert done.json["payloadJSON"] == TEXT
    assert button("verify", "-", *public, stdin=done.out).status == 0


def test_a_missing_configuration_is_told(public: tuple[str, str]) -> None:
    done = button("verify", "/none.json", *public)
    assert done.status == 2
    assert "cannot be read: No such file" in done.err


def test_a_signature_is_data(env: dict[str, str | None], tmp_path: Path) -> None:
    file = file_of(tmp_path, TEXT)
    done = button("sign", file, env=env)
    assert "AMZN-PAY-RSASSA-PSS" in done.err
    line = ("verify", file, "--signature", done.out.strip())
    assert button(*line, env=env).status == 0


def test_a_button_is_html(env: dict[str, str | None], tmp_path: Path) -> None:
    line = (
        "sign",
        file_of(tmp_path, TEXT),
        "--html",
        "--merchant-id",
        "A1B2C3D4E5F6G7",
    )
    done = button(*line, "--product-type", "PayOnly", env=env)
    assert "<script" in done.out
    config = button(*line, "--json", env=env).json["config"]
    assert button("verify", file_of(tmp_path, config), env=env).status == 0
    assert button("sign", file_of(tmp_path, TEXT), "--html", env=env).status == 2


@pytest.mark.parametrize("payload", ["", "[]", "{", '{"amount":1.5}'])
def test_a_payload_that_amazon_refuses_ends_with_2(
    payload: str, env: dict[str, str | None], tmp_path: Path
) -> None:
    assert button("sign", file_of(tmp_path, payload), env=env).status == 2


@pytest.mark.parametrize(
    "held",
    ["", "[]", "{", "{}", '{"payloadJSON":1}', pytest.param("[" * 9999, id="deep")],
)
def test_what_is_no_configuration_ends_with_2(
    held: str, env: dict[str, str | None], tmp_path: Path
) -> None:
    assert button("verify", file_of(tmp_path, held), env=env).status == 2


def test_without_a_key_nothing_is_verified(tmp_path: Path) -> None:
    config = file_of(tmp_path, {"payloadJSON": "{}", "signature": "x"})
    env = {"AMAZON_PAY_PRIVATE_KEY": None}
    assert button("verify", config, env=env).status == 2


SIGNER = Signer(body=compact(PAYLOAD))
SIGNATURE = SIGNER.button()

# `users.md` (a) B 4: the page's JSON is not the text that was signed.
REFUSED: dict[str, tuple[object, str]] = {
    "php#48 another encoding of the same JSON": (
        json.dumps(PAYLOAD),
        "white space",
    ),
    "php#18 escaped letters": (
        json.dumps(PAYLOAD, separators=(",", ":")),
        "",
    ),
    "php#13 backslashes removed by stripcslashes": (
        compact(PAYLOAD).decode().replace("/", "\\/"),
        "",
    ),
    "express-demo#15 quotes of HTML": (
        compact(PAYLOAD).decode().replace('"', "&quot;"),
        "",
    ),
    "Stack Overflow 62932932 the answer in place of the payload": (
        json.dumps({"checkoutSessionId": "1", "reasonCode": None}),
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_button_is_explained(
    case: str, tmp_path: Path, public: tuple[str, str]
) -> None:
    payload, words = REFUSED[case]
    config = {"payloadJSON": payload, "signature": SIGNATURE}
    done = button("verify", file_of(tmp_path, config), *public)
    assert done.status == 1
    assert words in done.out
    assert "fix" in done.out
    told = button("verify", file_of(tmp_path, config), *public, "--json").json
    assert told["name"] not in {"holds", "unknown"}


def test_the_payload_that_was_signed_is_compared(
    tmp_path: Path, public: tuple[str, str]
) -> None:
    signed = tmp_path / "signed.json"
    signed.write_bytes(compact(PAYLOAD))
    other = compact(PAYLOAD).decode().replace("14.00", "15.00")
    config = file_of(tmp_path, {"payloadJSON": other, "signature": SIGNATURE})
    done = button("verify", config, *public, "--signed", str(signed), "--json")
    assert done.json["difference"] is not None


def test_a_button_signed_with_another_key_is_explained(
    tmp_path: Path, public: tuple[str, str]
) -> None:
    """`users.md` (a) B 8, adyen-web#1081: the key is not the registered one."""
    signature = Signer(body=compact(PAYLOAD), key=OTHER_KEY).button()
    config = {"payloadJSON": compact(PAYLOAD).decode(), "signature": signature}
    done = button("verify", file_of(tmp_path, config), *public, "--json")
    assert done.json["keyIsRight"] is not True


def test_a_button_that_names_another_key_id_is_told(
    good: list[str], tmp_path: Path
) -> None:
    """`users.md` (a) B 8: the key belongs to another id than the one named."""
    (tmp_path / "payload.json").write_bytes(compact(PAYLOAD))
    made = button("sign", str(tmp_path / "payload.json"), *good, "--json").json
    assert button("verify", file_of(tmp_path, made), *good).status == 0
    made["publicKeyId"] = "SANDBOX-OTHER"
    done = button("verify", file_of(tmp_path, made), *good)
    assert (done.status, "another key id" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("signed_with", "named"),
    [
        ("AMZN-PAY-RSASSA-PSS", "AMZN-PAY-RSASSA-PSS-V2"),
        ("AMZN-PAY-RSASSA-PSS-V2", "AMZN-PAY-RSASSA-PSS"),
    ],
)
def test_a_button_that_names_another_algorithm_is_explained(
    signed_with: str, named: str, tmp_path: Path, public: tuple[str, str]
) -> None:
    """`users.md` (a) B 5, php#47 and dotnet#12: the button must name it, too.

    PHP 2.3.0 and Node 2.2.0 changed the default, and were withdrawn.
    """
    signature = Signer(body=compact(PAYLOAD), algorithm=signed_with).button()
    config = {
        "payloadJSON": compact(PAYLOAD).decode(),
        "signature": signature,
        "algorithm": named,
    }
    done = button("verify", file_of(tmp_path, config), *public)
    assert done.status == 1
    assert "algorithm" in done.out.lower() or "salt" in done.out.lower()
