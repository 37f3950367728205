"""Refused signatures of buttons are explained."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import explain
from hand_signer import Signer
from seeded_mistakes import PUBLIC, SEEDS, Seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.explain import Explanation


# The button ---------------------------------------------------------------------------

OTHER_ALGORITHM = "AMZN-PAY-RSASSA-PSS-V2"


def pressed(signer: Signer, payload: str | None = None, **given: Any) -> Explanation:
    text = Signer().body.decode() if payload is None else payload
    given.setdefault("public_key", PUBLIC)
    return explain.button(text, signer.button(), **given)


BUTTONS = {
    "payload_in_javascript": '{"note":"say \\"hi\\" to\\nall"}',
    "body_slashes": '{"url":"https:\\/\\/shop.example\\/a"}',
    "body_escapes": '{"note":"Gr\\u00f6\\u00dfe"}',
    "body_line_feeds": '{\n "a": 1\n}',
    "body_as_string": '{"a": 1}',
    "body_numbers": '{"a": 14.0, "b": [2.0]}',
}
POSTED = {
    "payload_in_javascript": '{"note":"say "hi" to\nall"}',
    "body_slashes": '{"url":"https://shop.example/a"}',
    "body_escapes": '{"note":"Größe"}',
    "body_line_feeds": '{\r\n "a": 1\r\n}',
    "body_as_string": '"{\\"a\\": 1}"',
    "body_numbers": '{"a": 14, "b": [2]}',
}


@pytest.mark.parametrize("name", BUTTONS)
def test_what_a_page_does_to_a_payload_is_named(name: str) -> None:
    signer = Signer(body=BUTTONS[name].encode())
    assert pressed(signer, POSTED[name]).name == name


def test_plain_text_that_was_escaped_later_is_named() -> None:
    signer = Signer(body='{"note":"Größe 😀 \\\\u00e4"}'.encode())
    posted = '{"note":"Gr\\u00f6\\u00dfe \\ud83d\\ude00 \\\\u00e4"}'
    assert pressed(signer, posted).name == "body_escapes"


@pytest.mark.parametrize(
    "escaped", [html.escape, lambda text: text.replace('"', "&quot;")]
)
def test_a_payload_escaped_for_html_is_named(escaped: Callable[[str], str]) -> None:
    payload = escaped(Signer().body.decode())
    assert pressed(Signer(), payload).name == "payload_as_html"


def test_a_button_without_its_algorithm_is_named() -> None:
    signer = Signer(algorithm=OTHER_ALGORITHM)
    explanation = pressed(signer)
    assert explanation.name == "algorithm_other"
    assert "field `algorithm`" in explanation.cause


def test_the_wrong_salt_under_the_right_name_is_named() -> None:
    signer = Signer(algorithm=OTHER_ALGORITHM, salt=20)
    assert pressed(signer, algorithm=OTHER_ALGORITHM).name == "salt_length"


def test_a_button_that_holds_holds() -> None:
    assert pressed(Signer()).name == "holds"


BUTTON_AREAS = {"escapes", "slashes", "markup", "sorted", "end", "bytes", "amount"}


@pytest.mark.parametrize(
    "seed",
    [
        seed
        for seed in SEEDS
        if seed.name.startswith(("body_", "string_", "payload_"))
        and not seed.name.startswith(("body_hash", "body_not_hashed"))
        and seed.name != "string_with_date"
    ],
    ids=lambda seed: seed.name,
)
def test_a_mistake_in_a_payload_is_named(seed: Seed) -> None:
    signer = Signer()
    seed.make(signer)
    assert pressed(signer).name == seed.name


def test_an_amount_that_was_changed_after_signing_is_shown() -> None:
    old = Signer().body.decode()
    new = old.replace("14.00", "15.00")
    assert pressed(Signer(), new).name == "unknown"
    explanation = pressed(Signer(), new, signed=old)
    assert explanation.name == "altered_button"
    assert explanation.difference is not None
    assert explanation.difference.offset == old.index("14.00") + 1
    assert explanation.difference.signed.startswith(b"4.00")


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ("[object Object]", "payload_is_object"),
        ('{"checkoutSessionId": "x", "a": 1}', "payload_is_answer"),
        ('{"reasonCode": "InvalidParameterValue"}', "payload_is_answer"),
    ],
)
def test_a_payload_that_is_none_is_named(payload: str, name: str) -> None:
    assert pressed(Signer(), payload).name == name


@pytest.mark.parametrize(
    ("product", "payload", "name"),
    [
        ("SignIn", '{"storeId":"x"}', "sign_in_payload"),
        ("PayAndShip", '{"signInReturnUrl":"x"}', "sign_in_payload"),
        ("SignIn", '{"signInReturnUrl":"x"}', "holds"),
        ("PayOnly", '{"storeId":"x"}', "holds"),
    ],
)
def test_sign_in_and_checkout_are_told_apart(
    product: str, payload: str, name: str
) -> None:
    signer = Signer(body=payload.encode())
    assert pressed(signer, payload, product_type=product).name == name


def test_one_blank_is_white_space_although_the_text_has_amounts() -> None:
    signed = '{"a":{"amount":"10.00","value":1},"b":{},"c":[2,1]}'
    came = signed.replace('"a":', '"a": ')
    explanation = explain.button(
        came, Signer(body=signed.encode()).button(), public_key=PUBLIC
    )
    assert explanation.name == "body_white_space"
