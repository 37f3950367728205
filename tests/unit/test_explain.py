"""Refused signatures are explained: each mistake is named, alone and in pairs."""

from __future__ import annotations

from base64 import b64encode
from itertools import combinations
from random import Random

import hypothesis
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from AmazonPay import explain
from hand_signer import Signer, compact
from seeded_mistakes import PUBLIC, SEEDS, Seed, explained, fits

MOST_GUESSES = 6000
"""Two or three microseconds each."""


def test_the_seeds_are_many() -> None:
    assert len({seed.name for seed in SEEDS}) >= 60


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_seeded_mistake_is_named(seed: Seed) -> None:
    explanation = explained(seed)
    assert explanation.name == seed.name
    assert explanation.guesses <= MOST_GUESSES
    assert explanation.key_is_right is (seed.name != "key_other")


PAIRS = Random(20).sample([*combinations(SEEDS, 2)], 120)  # noqa: S311 - a choice


def test_two_seeded_mistakes_are_both_named() -> None:
    wrong: list[str] = []
    tried = 0
    for one, two in PAIRS:
        if fits(one, two):
            tried += 1
            explanation = explained(one, two)
            if set(explanation.mistakes) != {one.name, two.name}:
                wrong.append(f"{one.name}+{two.name}: {explanation.name}")
            assert explanation.guesses <= MOST_GUESSES
    assert wrong == []
    assert tried > 90


def test_a_right_signature_holds() -> None:
    explanation = explained()
    assert (explanation.name, explanation.mistakes) == ("holds", ())
    assert explanation.key_is_right is True


ANY_TEXT = st.text(st.characters(), max_size=40)
"""Half surrogate pairs, too."""

# Garbage ------------------------------------------------------------------------------


@given(
    method=ANY_TEXT,
    target=ANY_TEXT,
    value=ANY_TEXT
    | st.builds(
        "{} PublicKeyId={}, SignedHeaders={}, Signature={}".format,
        st.sampled_from(["AMZN-PAY-RSASSA-PSS", "X"]),
        st.text(max_size=5),
        st.text(max_size=12),
        st.text(max_size=12)
        | st.binary(max_size=256).map(lambda b: b64encode(b).decode()),
    ),
    body=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")),
)
@hypothesis.settings(max_examples=25)
def test_garbage_ends_in_an_explanation(
    method: str, target: str, value: str, body: bytes
) -> None:
    headers = {"accept": "x", "x-amz-pay-date": value[:9], "authorization": value}
    explanation = explain.request(method, target, headers, body, public_key=PUBLIC)
    assert explanation.name != "holds"
    assert str(explanation)
    again = explain.button(body, value, public_key=PUBLIC, algorithm=method)
    assert again.name != "holds"


@given(st.text(max_size=60), st.text(max_size=8))
@hypothesis.settings(max_examples=25)
def test_a_right_key_is_never_blamed_for_a_strange_text(text: str, other: str) -> None:
    assume(text != other)
    data = text.encode("utf-8", "surrogatepass")
    explanation = explain.button(other, Signer(body=data).button(), public_key=PUBLIC)
    assert explanation.key_is_right is True
    assert "key_unknown" not in explanation.mistakes


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 5000 + b"]" * 5000,
        b"{" * 9999,
        b'"' + b"\\" * 9999,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
)
def test_a_deep_or_hostile_body_is_explained_in_time(body: bytes) -> None:
    explanation = explain.button(body, Signer().button(), public_key=PUBLIC)
    assert explanation.name == "unknown"


def test_a_large_body_is_not_rewritten_over_and_over() -> None:
    body = compact({"a": ["x" * 100] * 20_000})
    explanation = explain.button(body, Signer().button(), public_key=PUBLIC)
    assert explanation.name == "unknown"
    assert explanation.guesses < 400


@given(
    method=ANY_TEXT,
    target=ANY_TEXT,
    values=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3),
    names=ANY_TEXT,
    body=st.binary(max_size=30) | st.sampled_from([b"{}", b'{"amount":"x"}', b"[[]]"]),
)
@hypothesis.settings(max_examples=25)
def test_a_right_key_is_never_blamed_for_a_strange_request(
    method: str, target: str, values: dict[str, str], names: str, body: bytes
) -> None:
    value = (
        f"AMZN-PAY-RSASSA-PSS PublicKeyId=A, SignedHeaders=accept;{names},"
        f" Signature={Signer(body=b'another text').signature()}"
    )
    headers = {**values, "accept": "x", "authorization": value}
    explanation = explain.request(method, target, headers, body, public_key=PUBLIC)
    assert explanation.name != "holds"
    assert "key_unknown" not in explanation.mistakes
    assert str(explanation)
