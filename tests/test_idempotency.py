"""Keys derived from an intention."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import InvalidRequest
from AmazonPay.idempotency import idempotency_key

NAMED: dict[str, Any] = {
    "namespace": "shop/sandbox/A1",
    "order": "1007",
    "operation": "create_charge",
}


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


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(words, words, words, words)
def test_parts_do_not_run_into_each_other(a: str, b: str, c: str, d: str) -> None:
    first = idempotency_key(namespace=a + b, order=c, operation=d)
    second = idempotency_key(namespace=a, order=b + c, operation=d)
    assert first != second
    assert re.fullmatch("[0-9a-f]{32}", first)
