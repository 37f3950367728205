"""Forged notifications end in one of our errors, and in no fetch from elsewhere."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from AmazonPay.ipn import (
    LARGEST_BODY,
    NotificationForged,
    NotificationRefused,
    Verifier,
)
from forgeries import (
    GENUINE,
    HOST,
    KINDS,
    LEAF,
    MERCHANT,
    NOW,
    TOPIC,
    body,
    certificate,
    envelope,
    message,
    sealed,
)


class Wire:
    """Serves one certificate, and notes what it was asked for."""

    def __init__(self, served: bytes = LEAF) -> None:
        self.served = served
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        """Answer a fetch."""
        self.asked.append(url)
        return self.served

    def verifier(self) -> Verifier:
        return Verifier([TOPIC], merchant_id=MERCHANT, fetch=self, clock=lambda: NOW)

    def accepts(self, forged: bytes) -> bool:
        """Whether a body is verified; no other host than Amazon's may be asked."""
        try:
            self.verifier().verify(forged)
        except NotificationForged:
            return False
        finally:
            assert all(url.startswith(f"https://{HOST}/") for url in self.asked)
        return True


def test_what_they_are_made_of_is_accepted() -> None:
    wire = Wire()
    assert wire.accepts(body(GENUINE))
    assert len(wire.asked) == 1


def test_there_are_hundreds_of_kinds() -> None:
    made = [(one.body, one.served) for make in KINDS.values() for one in make()]
    assert len(set(made)) > 400


@pytest.mark.parametrize("kind", KINDS)
def test_no_forgery_is_accepted(kind: str) -> None:
    made = list(KINDS[kind]())
    assert [one.title for one in made if Wire(one.served).accepts(one.body)] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(data=st.binary(max_size=2000))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert not Wire().accepts(data)


@given(value=JSON)
def test_any_json_is_refused(value: Any) -> None:
    assert not Wire().accepts(json.dumps(value).encode(errors="replace"))


@given(member=st.sampled_from(sorted(GENUINE)), value=JSON)
def test_any_other_value_of_a_member_is_refused(member: str, value: Any) -> None:
    if value == GENUINE[member] or member == "UnsubscribeURL":
        return
    assert not Wire().accepts(
        json.dumps({**GENUINE, member: value}).encode(errors="replace")
    )


@given(member=st.sampled_from(sorted(message())), value=JSON)
def test_any_signed_message_is_read_or_refused(member: str, value: Any) -> None:
    inner = {**message(), member: value}
    try:
        text = json.dumps(inner)
        wire = Wire()
        found = wire.verifier().verify(body(sealed(envelope(text))))
    except NotificationRefused:
        return
    assert found.merchant_id == MERCHANT


@given(position=st.integers(0, len(LEAF) - 1), byte=st.integers(0, 255))
def test_a_damaged_certificate_ends_in_no_other_error(position: int, byte: int) -> None:
    damaged = bytearray(LEAF)
    damaged[position] = byte
    try:
        Wire(bytes(damaged)).verifier().verify(body(GENUINE))
    except NotificationForged:
        return


@given(data=st.binary(max_size=2000))
@example(data=certificate(names=()))
def test_any_certificate_is_refused(data: bytes) -> None:
    assert not Wire(data).accepts(body(GENUINE))


@given(
    depth=st.integers(1, 120_000),
    opening=st.sampled_from(["[", '{"a":', '[{"b":']),
)
def test_deep_json_is_refused_in_bounded_memory(depth: int, opening: str) -> None:
    data = (opening * depth)[:LARGEST_BODY].encode()
    tracemalloc.start()
    try:
        assert not Wire().accepts(data)
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 50_000_000])
def test_a_giant_body_is_not_read(size: int) -> None:
    data = b'{"Type": "' + b"x" * size + b'"}'
    tracemalloc.start()
    try:
        assert not Wire().accepts(data)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()
