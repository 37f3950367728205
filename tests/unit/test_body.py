"""What is signed is what is sent: bodies as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest, price
from AmazonPay._core.json_body import encode_body, payload_text


def test_a_dict_is_written_without_blanks_and_as_utf_8() -> None:
    assert encode_body({"a": "é", "b": [1, 2]}) == '{"a":"é","b":[1,2]}'.encode()


def test_members_stay_in_their_order() -> None:
    assert encode_body({"b": 1, "a": 2}) == b'{"b":1,"a":2}'


def test_text_and_bytes_pass_byte_for_byte() -> None:
    text = '{ "a" : 1.50 }\n'
    assert encode_body(text) == text.encode()
    assert encode_body(text.encode()) == text.encode()


def test_any_mapping_will_do() -> None:
    inner = MappingProxyType({"amount": "1.00"})
    assert encode_body(MappingProxyType({"a": inner})) == b'{"a":{"amount":"1.00"}}'


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("10.50", b'"10.50"'),
        (10, b"10"),
        (Decimal("10.50"), b'"10.50"'),
        (Decimal("1E+3"), b'"1000"'),
        (Decimal("0.10"), b'"0.10"'),
    ],
)
def test_an_exact_amount_passes(amount: object, written: bytes) -> None:
    assert encode_body({"amount": amount}) == b'{"amount":' + written + b"}"


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 10.5},
        {"chargeAmount": {"amount": 0.1 + 0.2, "currencyCode": "USD"}},
        {"list": [{"deep": ({"amount": 1.0},)}]},
        MappingProxyType({"a": MappingProxyType({"amount": 1.0})}),
        {"amount": True},
        {"amount": [1.0]},
        {"amount": {"value": 1.0}},
    ],
)
def test_a_float_amount_is_refused_wherever_it_stands(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="pass a str, an int or a Decimal"):
        encode_body(body)


TWICE = [
    '{"amount": "1.00", "amount": "100.00"}',
    '{"a": [{"b": 1, "c": 2, "b": 1}]}',
    '{"a": 1, "\\u0061": 1}',
    '{"": 1, "": 2}',
]
FLOATS = [
    '{"amount": 10.5}',
    '{"amount": 10.0}',
    '{"amount": 1e1}',
    '{"amount": -1E-2}',
    '{"amount": 1e400}',
    '{"amount": true}',
    '{"a": [{"amount": {"value": 0.5}}]}',
    '{"amount": [0.5]}',
]


@pytest.mark.parametrize("text", [*TWICE, *FLOATS])
def test_text_is_held_to_the_same_rules(text: str) -> None:
    for body in (text, text.encode()):
        with pytest.raises(InvalidRequest):
            encode_body(body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_text_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidRequest, match="UTF-8"):
        encode_body('{"a": "\u00e9"}'.encode(encoding))


@pytest.mark.parametrize("body", [{1: "a", "1": "b"}, {"a": {None: 1}}, {True: 1}])
def test_a_member_whose_name_is_no_text_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRequest, match="whose name is a"):
        encode_body(body)


def test_a_float_that_is_no_amount_passes() -> None:
    assert encode_body({"ratio": 0.5}) == b'{"ratio":0.5}'


@pytest.mark.parametrize(
    "amount", ["-0", "-0.00", "-00.0", Decimal("-0.00"), Decimal(10) * Decimal("-0")]
)
def test_an_amount_of_zero_is_sent_without_sign(amount: str | Decimal) -> None:
    given = MappingProxyType({"a": ({"amount": amount, "currencyCode": "USD"},)})
    sent = encode_body(given)
    assert b"-" not in sent
    assert Decimal(json.loads(sent)["a"][0]["amount"]) == 0
    assert given["a"][0]["amount"] == amount


def test_other_text_than_an_amount_keeps_its_sign() -> None:
    assert b'"-0"' in encode_body({"amount": "-0.00", "note": ["-0"]})


def test_text_with_a_signed_zero_is_refused_because_it_cannot_be_changed() -> None:
    with pytest.raises(InvalidRequest, match="zero with a sign"):
        encode_body('{"amount": "-0.00"}')


NO_AMOUNTS = [
    ("1,234.50", "separators"),
    ("1.234,50", "separators"),
    ("1 234.50", "separators"),
    ("1\u00a0234.50", "separators"),
    ("1\u202f234", "separators"),
    ("1'234.50", "separators"),
    ("1_234", "separators"),
    ("10,50", "separators"),
    ("\uff11\uff10\uff10", "full-width"),
    ("10.\uff15", "full-width"),
    ("\u0661\u0660", "another script"),
    ("1e3", "exponent"),
    ("1E+2", "exponent"),
    ("1.5E-7", "exponent"),
    ("", "empty"),
    ("  ", "empty"),
    ("10.50 ", "blanks"),
    ("10.50\n", "blanks"),
    ("+10", "plus sign"),
    (".50", "a point"),
    ("10.", "a point"),
    ("$10", "currency"),
    ("10 USD", "currency"),
    ("\uffe5100", "currency"),
    ("NaN", "no number"),
    ("Infinity", "no number"),
    ("ten", "no number"),
    ("-5.00", "below zero"),
]


@pytest.mark.parametrize(("amount", "said"), NO_AMOUNTS)
def test_what_is_written_for_people_is_refused_and_the_mistake_is_named(
    amount: str, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        price(amount, "USD")
    given = {"chargeAmount": {"amount": amount, "currencyCode": "USD"}}
    for body in (given, json.dumps(given), json.dumps(given).encode()):
        with pytest.raises(InvalidRequest, match=said):
            encode_body(body)
    with pytest.raises(InvalidRequest, match=said):
        payload_text(given)


@pytest.mark.parametrize(
    "amount", [-1, Decimal(-1), Decimal("1E+50"), Decimal("1E-999999"), Decimal("sNaN")]
)
def test_a_number_that_is_no_amount_is_refused(amount: int | Decimal) -> None:
    with pytest.raises(InvalidRequest):
        price(amount, "USD")
    with pytest.raises(InvalidRequest):
        encode_body({"amount": amount})


def test_other_members_than_amounts_hold_any_text() -> None:
    note = {"noteToBuyer": "1,000", "recurringMetadata": {"amount": None}, "n": -1}
    assert json.loads(encode_body(note)) == note


circular: dict[str, object] = {}
circular["self"] = circular
deep: dict[str, object] = {}
for _ in range(100_000):
    deep = {"a": deep}


@pytest.mark.parametrize(
    "body",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": Decimal("NaN")},
        {"a": "\ud800"},
        {"a": object()},
        {"a": {1, 2}},
        {("a", "b"): 1},
        circular,
        deep,
        "{",
        "",
        b"\xff\xfe",
        '{"a": NaN}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]",
        b"[{}]",
        '"text"',
        "5",
        "null",
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"\\uDFFF": 1}',
        "\ud800",
        "\ufeff{}",
        "{} {}",
        f'{{"a": {"9" * 5000}}}',
        {"a": 10**5000},
        {"a": Decimal("1E+999999999")},
        None,
        5,
        [1],
    ],
    ids=lambda body: type(body).__name__,
)
def test_what_is_no_json_object_is_refused_without_showing_it(body: object) -> None:
    for encode in (encode_body, payload_text):
        with pytest.raises(InvalidRequest) as caught:
            encode(body)
        assert "\\ud800" not in str(caught.value)


class Changing(Mapping[str, object]):
    """A mapping that shows something else each time, or fails."""

    def __init__(self, *turns: object) -> None:
        self.turns = list(turns)

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(["amount"])

    def __getitem__(self, name: str) -> object:
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, Exception):
            raise turn
        return turn


@pytest.mark.parametrize(
    "payload",
    [
        Changing("1.00", 0.1),
        Changing("1.00", "1e3"),
        Changing(KeyError("amount")),
        Changing(RuntimeError("dictionary changed size during iteration")),
        {"deep": [Changing("1.00", float("nan"))]},
    ],
)
def test_what_a_mapping_shows_last_is_checked(payload: object) -> None:
    with pytest.raises(InvalidRequest):
        payload_text(payload)


@pytest.mark.parametrize(
    "payload",
    ['{ "a" : "\u20ac" }\n', b'\t{"a": [1.50, 1e5], "b": "\\ud83d\\ude00"}', "{}"],
)
def test_a_payload_of_text_is_signed_exactly_as_it_came(payload: str | bytes) -> None:
    text = payload if isinstance(payload, str) else payload.decode()
    assert payload_text(payload) == text


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"a": "\u20ac\U0001f600", "b": [1, None, True, 0.5]},
        {"chargeAmount": {"amount": "100", "currencyCode": "JPY"}},
    ],
)
def test_a_payload_of_a_dict_is_signed_as_json_writes_it(
    payload: dict[str, object],
) -> None:
    assert payload_text(payload) == json.dumps(payload)
    assert payload_text(MappingProxyType(payload)) == json.dumps(payload)


@pytest.mark.parametrize("amount", [Decimal("1E+2"), Decimal("10.50"), Decimal("-0.0")])
def test_a_decimal_in_a_payload_is_written_as_in_a_body(amount: Decimal) -> None:
    given = {"amount": amount}
    assert json.loads(payload_text(given)) == json.loads(encode_body(given))


def test_a_payload_with_text_of_a_signed_zero_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="zero with a sign"):
        payload_text({"amount": "-0.00"})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz"), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(st.dictionaries(st.text("abcxyz"), json_values))
def test_a_body_is_read_back_as_it_was_and_never_changed(body: dict[str, Any]) -> None:
    before = json.dumps(body)
    assert json.loads(encode_body(body)) == json.loads(before)
    assert json.dumps(body) == before


@given(st.dictionaries(st.text("abcxyz"), json_values))
def test_text_passes_byte_for_byte(body: dict[str, Any]) -> None:
    text = json.dumps(body, indent=1)
    assert encode_body(text) == text.encode()


@pytest.mark.slow
@given(
    st.dictionaries(st.text("abcxyz"), json_values, min_size=1),
    st.data(),
)
def test_text_with_a_member_twice_never_passes(
    body: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(body)))
    text = f"{json.dumps(body)[:-1]}, {json.dumps(name)}: 1}}"
    with pytest.raises(InvalidRequest, match="twice"):
        encode_body(f'{{"outer": [{text}]}}')
