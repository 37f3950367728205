"""One entry of a journal: what happens to it, with values."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay._once.bodies import digest_as_written, digest_of
from AmazonPay._once.changes import (
    record_answer,
    record_decision,
    record_intent,
    start_send,
)
from AmazonPay._once.entry import Entry, time_text
from AmazonPay._once.outcomes import Assessment
from journals import intended

if TYPE_CHECKING:
    from collections.abc import Generator
    from decimal import Decimal

ENTRY = intended("complete_checkout_session", "/checkoutSessions/s/complete")


def test_what_a_later_call_knows_of_the_charge_is_noted() -> None:
    known = replace(ENTRY, confirm_only=True, charge_ids=("S01-C1",))
    entry = record_intent(known)(ENTRY)
    assert entry.confirm_only
    assert entry.charge_ids == ("S01-C1",)


def test_the_first_body_is_the_one_that_is_sent() -> None:
    same = replace(ENTRY, body=b"{ }")
    assert start_send(same)(ENTRY).body == b"{}"
    assert start_send(same)(replace(ENTRY, body=None)).body == b"{ }"


# The ids of the objects ---------------------------------------------------------------

MADE = replace(ENTRY, operation="create_charge", path="/charges", runs=3)


def answered(entry: Entry, *ids: str | None) -> Entry:
    for object_id in ids:
        entry = record_answer("succeeded", None, object_id)(entry)
    return entry


def test_the_first_object_of_a_key_is_kept_and_later_ones_are_noted() -> None:
    entry = answered(MADE, "C1", "C2", "C3")
    assert entry.object_id == "C1"
    assert entry.other_object_ids == ("C2", "C3")
    assert (entry.outcome, entry.reason) == ("unknown", "ObjectMismatch")


def test_an_object_that_is_named_again_changes_nothing() -> None:
    assert answered(MADE, "C1", "C1", None).other_object_ids == ()
    assert answered(MADE, "C1", "C2", "C2", "C1").other_object_ids == ("C2",)


def test_the_charge_of_a_session_takes_the_place_of_its_own_id() -> None:
    known = replace(ENTRY, runs=3)
    assert answered(known, "s", "C1").object_id == "C1"
    entry = answered(known, "C1", "s")
    assert (entry.object_id, entry.other_object_ids) == ("C1", ())


def test_a_charge_that_is_seen_later_does_not_replace_the_answered_one() -> None:
    change = record_decision(lambda _: Assessment("pending"), "C2")
    entry = change(replace(ENTRY, object_id="C1"))
    assert (entry.object_id, entry.other_object_ids) == ("C1", ("C2",))


# Times and bodies ---------------------------------------------------------------------


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_is_written_in_utc() -> None:
    tokyo = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=9)))
    assert time_text(tokyo) == time_text(datetime(2026, 1, 1, 18, tzinfo=UTC))
    assert time_text(tokyo).startswith("20260101T180000")


def test_amounts_that_floats_cannot_tell_apart_differ() -> None:
    one, other = b'{"a": 0.10000000000000000001}', b'{"a": 0.1}'
    assert digest_of(one) != digest_of(other)


def test_a_body_is_hashed_as_older_releases_did() -> None:
    as_text = json.dumps({"amount": "0.10", "b": [1]}).encode()
    hashed = sha256(as_text).hexdigest()
    assert digest_as_written(b'{"b": [1], "amount": 0.10}') == hashed


@pytest.mark.parametrize(
    ("currency", "amount"), [("USD", "10.00"), ("JPY", "10"), ("???", "10")]
)
def test_the_digest_of_a_body_is_the_same_in_every_release(
    currency: str, amount: str
) -> None:
    said = json.dumps({"a": {"amount": amount, "currencyCode": currency}})
    body = f'{{"a":{{"currencyCode":"{currency}","amount":10.0}}}}'.encode()
    assert digest_of(body) == sha256(said.encode()).hexdigest()


def test_a_row_without_a_time_is_an_entry_without_one() -> None:
    assert Entry.from_row(ENTRY.to_row()) == ENTRY


currencies = st.sampled_from(["USD", "EUR", "JPY", "???"])
sums = st.decimals(0, 10**9, places=3)


def priced(amount: str, currency: str) -> bytes:
    return f'{{"a":[{{"amount":{amount},"currencyCode":"{currency}"}}]}}'.encode()


@given(sums, sums, currencies)
def test_two_amounts_make_one_digest_if_and_only_if_they_are_equal(
    one: Decimal, other: Decimal, currency: str
) -> None:
    digests = [digest_of(priced(f'"{each}"', currency)) for each in (one, other)]
    assert (digests[0] == digests[1]) is (one == other)


@given(sums, st.integers(0, 5), st.integers(0, 5), currencies)
def test_no_zero_at_either_end_of_an_amount_makes_another_digest(
    amount: Decimal, before: int, after: int, currency: str
) -> None:
    plain = f"{amount:f}"
    padded = f"{'0' * before}{plain}{'0' * after}"
    assert digest_of(priced(f'"{plain}"', currency)) == digest_of(
        priced(f'"{padded}"', currency)
    )


@pytest.mark.parametrize("amount", ["null", "{}", '"ten"', '" 10"', '"1e1"', "true"])
def test_what_is_no_amount_is_hashed_as_it_is(amount: str) -> None:
    assert digest_of(priced(amount, "USD")) != digest_of(priced("10", "USD"))


_READS = """
import sys
from datetime import UTC, datetime
from AmazonPay.journal import Entry
moment = datetime(2026, 1, 1, tzinfo=UTC)
entry = Entry(
    key="k", namespace="n", order="o", operation="create_charge", attempt=1,
    path="/charges", body=b"{}", digest="d", created=moment, changed=moment,
)
before = set(sys.modules)
assert Entry.from_row(entry.to_row()) == entry
sys.exit(", ".join(set(sys.modules) - before) or 0)
"""


def test_reading_an_entry_imports_nothing() -> None:
    # A child that is forked in the middle of an import never sees the end of it.
    done = subprocess.run([sys.executable, "-c", _READS], check=False)
    assert done.returncode == 0
