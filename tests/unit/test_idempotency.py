"""Keys derived from an intention."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest
from AmazonPay.idempotency import derived_key, idempotency_key
from reference.operations import OPERATIONS as ROWS

NAMED: dict[str, Any] = {
    "namespace": "shop/sandbox/A1",
    "order": "1007",
    "operation": "create_charge",
}


def of_order(order: str) -> str:
    return idempotency_key(namespace="shop", order=order, operation="create_charge")


def test_the_key_of_an_intention_never_changes() -> None:
    # A worker of the next release must find the key of this one.
    assert idempotency_key(**NAMED) == "7c5ed5deaf5b59efe6baa7ad8bd40413"
    assert idempotency_key(**NAMED, attempt=1) == idempotency_key(**NAMED)


def test_every_part_matters() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"namespace": "shop/live/A1"},
        {"order": "1008"},
        {"operation": "create_refund"},
        {"attempt": 2},
    ]
    assert len({idempotency_key(**{**NAMED, **change}) for change in changes}) == 5


class _Attempt(int, Enum):
    SECOND = 2


class _Shop(str, Enum):  # noqa: UP042 - a StrEnum is written as its value anyway
    EU = "shop"


def test_values_of_an_enum_give_the_key_of_what_they_stand_for() -> None:
    plain = idempotency_key(**{**NAMED, "namespace": "shop"}, attempt=2)
    enum = idempotency_key(**{**NAMED, "namespace": _Shop.EU}, attempt=_Attempt.SECOND)
    assert enum == plain


def test_an_attempt_is_any_number_that_a_column_takes() -> None:
    assert idempotency_key(**NAMED, attempt=2**31 - 1)
    with pytest.raises(InvalidRequest, match="attempt is an int from 1 to 2147483647"):
        idempotency_key(**NAMED, attempt=2**31)


def test_two_spellings_of_one_letter_are_one_order() -> None:
    keys = [
        idempotency_key(namespace="shop", order=order, operation="create_charge")
        for order in ("Mu\u0308ller", "M\u00fcller")
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    "change",
    [
        {"order": ""},
        {"order": None},
        {"order": 1007},
        {"namespace": "\ud800"},
        {"attempt": 0},
        {"attempt": True},
        {"attempt": "1"},
    ],
)
def test_a_part_that_says_nothing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        idempotency_key(**{**NAMED, **change})


@pytest.mark.parametrize("member", ["namespace", "order", "operation"])
@pytest.mark.parametrize(
    "name",
    [
        " 1007",
        "1007 ",
        "1007\n",
        "\t1007",
        "\u00a01007",
        "1007\u3000",
        "1007\u2800",
        " ",
        "\r\n",
        "10\x0007",
        "10\x7f07",
        "10\x8507",
        "10\u200b07",
        "10\u200d07",
        "\ufeff1007",
        "10\u00ad07",
        "\u202e1007",
        "1007\u2069",
        "10\u202807",
        "10\u034f07",
        "10\u316407",
        "1007\ufe0f",
        "10\U000e003107",
        "10\U000e010007",
        "10\ud80007",
        "\udfff",
        b"1007",
        1007.0,
        ["1007"],
    ],
)
def test_a_name_that_looks_like_another_is_refused(member: str, name: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"^{member} "):
        idempotency_key(**{**NAMED, member: name})


@pytest.mark.parametrize(
    "name",
    [
        "1007 / 2",
        "\u30b7\u30e7\u30c3\u30d7\u3000\u672c\u756a",
        "M\u00fcller",
        "\U0001f4e6",
    ],
)
def test_blanks_inside_and_letters_of_any_language_pass(name: str) -> None:
    assert of_order(name)


EARLIER = {
    " 1007 ": "6aa738ed82d443665ac62756e24507a0",
    "10\u200b07": "4a5025d231ff67ba1554b6df81177863",
}


@pytest.mark.parametrize("name", EARLIER)
def test_a_key_that_an_older_version_derived_is_still_derived(name: str) -> None:
    named: dict[str, Any] = {**NAMED, "order": name, "attempt": 1}
    assert derived_key(**named) == EARLIER[name]


# What the names of shops and orders are made of.
words = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u2800"),
    min_size=1,
).filter(lambda text: re.search("[\u115f\u1160\u3164\uffa0]", text) is None)
unseen = st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])
blanks = st.characters(categories=["Zs"])


@given(words, words, unseen)
def test_no_unseen_character_passes_wherever_it_stands(
    before: str, after: str, character: str
) -> None:
    for name in (character + after, before + character, before + character + after):
        with pytest.raises(InvalidRequest):
            of_order(name)


@given(words, blanks)
def test_no_name_begins_or_ends_with_a_blank(word: str, blank: str) -> None:
    for name in (blank + word, word + blank, blank):
        with pytest.raises(InvalidRequest, match="order begins or ends with a blank"):
            of_order(name)


@given(words, words, words, words)
def test_parts_do_not_run_into_each_other(a: str, b: str, c: str, d: str) -> None:
    first = derived_key(namespace=a + b, order=c, operation=d, attempt=1)
    second = derived_key(namespace=a, order=b + c, operation=d, attempt=1)
    assert first != second
    assert re.fullmatch("[0-9a-f]{32}", first)


@pytest.mark.parametrize(
    "operation", [*(row.name for row in ROWS), "POST /newThings", "PATCH /a/b/c"]
)
def test_a_key_is_for_an_operation_of_the_api_or_a_path_of_it(operation: str) -> None:
    key = idempotency_key(namespace="shop", order="1", operation=operation)
    assert re.fullmatch("[0-9a-f]{32}", key)


@pytest.mark.parametrize(
    "operation",
    [
        "capture",
        "create_chrge",
        "Create_Charge",
        "createCharge",
        "create_charge_or_get",
        "wait_for_charge",
        "request",
        "POST",
        "POST charges",
        "post /charges",
    ],
)
def test_an_operation_that_does_not_exist_is_refused(operation: str) -> None:
    with pytest.raises(InvalidRequest, match="operation is the name of a method"):
        idempotency_key(namespace="shop", order="1", operation=operation)
