"""What is signed is what is sent: bodies as bytes."""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest
from AmazonPay._core.json_body import encode_body


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
        None,
        5,
        [1],
    ],
    ids=lambda body: type(body).__name__,
)
def test_what_is_no_json_object_is_refused_without_showing_it(body: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        encode_body(body)
    assert "\\ud800" not in str(caught.value)


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
