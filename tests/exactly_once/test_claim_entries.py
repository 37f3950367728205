"""The entry that a claim is, and who may take it, with values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from AmazonPay._once.claims import (
    claim_is_free,
    claim_key,
    holds_claim,
    new_claim,
    record_claim,
    take_claim,
)
from AmazonPay._once.entry import Entry
from journals import MemoryJournal, Player, intended

HOLDER = intended(
    "capture_charge",
    "/charges/S01-C1/capture",
    key="k" * 32,
    order="1007",
    attempt=2,
    runs=3,
    environment="sandbox",
    region="eu",
    public_key_id="SANDBOX-A",
)


def test_the_key_of_a_claim_is_the_same_in_every_release() -> None:
    named = b"AmazonPay claim capture_charge S01-C1"
    key = claim_key("capture_charge", "S01-C1")
    assert key == sha256(named).hexdigest()[:32]
    assert len(key) == 32


def test_both_ways_to_complete_a_session_share_a_claim() -> None:
    keys = {
        claim_key(f"{way}_checkout_session", "s1") for way in ("complete", "finalize")
    }
    assert len(keys) == 1
    operations = {
        new_claim(replace(HOLDER, operation=f"{way}_checkout_session"), "s1").operation
        for way in ("complete", "finalize")
    }
    assert operations == {"claim complete_checkout_session"}


def test_no_two_operations_or_objects_share_a_claim() -> None:
    pairs = [("capture_charge", "1"), ("capture_charge", "2"), ("cancel_charge", "1")]
    assert len({claim_key(*pair) for pair in pairs}) == 3


def test_an_id_of_half_a_surrogate_can_be_claimed() -> None:
    assert claim_key("create_charge", "\ud800") != claim_key("create_charge", "\ud801")


def test_a_claim_says_who_holds_which_object() -> None:
    assert new_claim(HOLDER, "S01-C1") == Entry(
        key=claim_key("capture_charge", "S01-C1"),
        namespace="shop",
        order="1007",
        operation="claim capture_charge",
        attempt=2,
        path="/charges/S01-C1/capture",
        body=None,
        digest=HOLDER.key,
        runs=1,
        answers=0,
        outcome="success",
        object_id="S01-C1",
        environment="sandbox",
        region="eu",
        public_key_id="SANDBOX-A",
    )


CLAIM = new_claim(HOLDER, "S01-C1")
OTHERS = new_claim(replace(HOLDER, key="o" * 32, order="1008"), "S01-C1")


def test_a_claim_that_is_free_is_taken() -> None:
    assert record_claim(CLAIM, None)(None) == CLAIM


def test_a_claim_of_another_order_is_left_alone() -> None:
    assert record_claim(CLAIM, None)(OTHERS) == OTHERS


@pytest.mark.parametrize("changed", [{"runs": 2}, {"digest": "x"}])
def test_a_claim_that_was_taken_again_since_it_was_seen_is_left_alone(
    changed: dict[str, Any],
) -> None:
    found = replace(OTHERS, **changed)
    assert record_claim(CLAIM, OTHERS)(found) == found


def test_a_claim_that_is_as_it_was_seen_is_taken_over_and_counted() -> None:
    found = replace(OTHERS, runs=4, created=datetime(2026, 1, 1, tzinfo=UTC))
    taken = replace(CLAIM, runs=5, created=found.created)
    assert record_claim(CLAIM, found)(found) == taken


@pytest.mark.parametrize(
    "own", [{}, {"attempt": 1}, {"operation": "claim of an older release"}]
)
def test_another_attempt_of_the_same_order_takes_its_claim(
    own: dict[str, Any],
) -> None:
    found = replace(CLAIM, digest="earlier", runs=2, **own)
    assert record_claim(CLAIM, None)(found) == replace(CLAIM, runs=3)


@pytest.mark.parametrize("name", ["order", "namespace"])
def test_an_order_is_the_same_in_either_form_of_unicode(name: str) -> None:
    composed: dict[str, Any] = {name: "caf\u00e9"}
    decomposed: dict[str, Any] = {name: "cafe\u0301"}
    claim = replace(CLAIM, **composed)
    found = replace(CLAIM, digest="earlier", **decomposed)
    assert record_claim(claim, None)(found).digest == claim.digest


@pytest.mark.parametrize("name", ["order", "namespace"])
def test_orders_of_another_name_or_namespace_are_others(name: str) -> None:
    other: dict[str, Any] = {name: "other"}
    found = replace(CLAIM, **other)
    assert record_claim(CLAIM, None)(found) == found


def test_only_the_entry_that_took_a_claim_holds_it() -> None:
    journal = MemoryJournal()
    holds = holds_claim(journal, HOLDER, "S01-C1")
    assert Player().play(holds) is False
    assert Player().play(take_claim(journal, HOLDER, "S01-C1")) is True
    assert Player().play(holds_claim(journal, HOLDER, "S01-C1")) is True
    assert Player().play(holds_claim(journal, HOLDER, "S01-C2")) is False
    canceling = replace(HOLDER, operation="cancel_charge")
    assert Player().play(holds_claim(journal, canceling, "S01-C1")) is False
    later = replace(HOLDER, key="l" * 32, attempt=3)
    assert Player().play(holds_claim(journal, later, "S01-C1")) is False


@pytest.mark.parametrize(
    ("outcome", "free"),
    [("no", True), ("success", False), ("unknown", False), ("moved", False)],
)
def test_a_claim_of_another_order_is_free_after_its_definite_no(
    outcome: Any, *, free: bool
) -> None:
    journal = MemoryJournal()
    Player().play(take_claim(journal, HOLDER, "S01-C1"))
    journal.change(HOLDER.key, lambda _: replace(HOLDER, outcome=outcome))
    other = replace(HOLDER, key="o" * 32, order="1008")
    assert Player().play(claim_is_free(journal, other, "S01-C1")) is free
    assert Player().play(take_claim(journal, other, "S01-C1")) is free
    assert Player().play(holds_claim(journal, other, "S01-C1")) is free


def test_a_claim_whose_holder_is_missing_is_not_free() -> None:
    journal = MemoryJournal()
    Player().play(take_claim(journal, HOLDER, "S01-C1"))
    other = replace(HOLDER, key="o" * 32, order="1008")
    assert Player().play(claim_is_free(journal, other, "S01-C1")) is False
    assert Player().play(take_claim(journal, other, "S01-C1")) is False
