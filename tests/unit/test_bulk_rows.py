"""What becomes of a row: asked of Amazon, or told from the journal alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay._once.changes import record_intent
from AmazonPay.bulk.carry_out import carry_out, journal_result, settled_result
from AmazonPay.bulk.rows import Row
from AmazonPay.errors import JournalFailed
from journals import MemoryJournal
from simulated import Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.journal import Entry


def capture(charge: str = "S01-C1", reference: str = "a") -> Row:
    return Row(
        kind="capture",
        namespace="shop",
        reference=reference,
        subject=charge,
        body={"captureAmount": {"amount": "50.00", "currencyCode": "USD"}},
    )


def written(row: Row, **facts: Any) -> MemoryJournal:
    """Make a journal with the row's entry as these facts say."""
    journal = MemoryJournal()
    journal.change(row.entry().key, record_intent(replace(row.entry(), **facts)))
    return journal


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, "waiting"),
        ({"runs": 1}, "unknown"),
        ({"outcome": "unknown"}, "unsent"),
        ({"outcome": "unknown", "runs": 1}, "unknown"),
        ({"outcome": "pending", "runs": 1, "answers": 1}, "pending"),
        ({"outcome": "success"}, "success"),
    ],
    ids=["written", "sent", "untouched", "in-doubt", "pending", "success"],
)
def test_the_journal_alone_tells_how_far_a_row_has_come(
    facts: dict[str, Any], outcome: str
) -> None:
    row = capture()
    assert journal_result(row, written(row, **facts)).outcome == outcome


def test_a_row_that_the_journal_does_not_know_is_waiting() -> None:
    assert journal_result(capture(), MemoryJournal()).outcome == "waiting"


def test_a_row_whose_charge_another_reference_has_captured_is_a_conflict() -> None:
    shop, journal = Shop(), MemoryJournal()
    charge = shop.buy("50").charge
    first = carry_out(shop.client(), journal, capture(charge))
    assert (first.outcome, first.object_id) == ("success", charge)
    other = capture(charge, "b")
    assert journal_result(other, journal).outcome == "conflict"
    assert carry_out(shop.client(), journal, other).outcome == "conflict"


def _entry(**facts: Any) -> Callable[[Row], Entry]:
    return lambda row: replace(row.entry(), **facts)


@pytest.mark.parametrize(
    ("kind", "facts", "settled"),
    [
        ("capture", {"outcome": "success"}, True),
        ("capture", {"outcome": "no"}, True),
        ("capture", {"outcome": "moved"}, False),
        ("capture", {"outcome": "pending"}, False),
        ("cancel", {"outcome": "no"}, False),  # moves no money: it may be asked again
        ("cancel", {"outcome": "success"}, True),
    ],
    ids=["done", "refused", "moved", "pending", "cancel-refused", "canceled"],
)
def test_what_is_settled_for_good_is_asked_no_more(
    kind: Any, facts: dict[str, Any], settled: bool
) -> None:
    row = capture() if kind == "capture" else replace(capture(), kind=kind, body={})
    found = settled_result(row, _entry(**facts)(row))
    assert (found is not None) is settled
    if found is not None:
        assert (found.outcome, found.earlier) == (facts["outcome"], True)


def test_a_closed_client_leaves_a_row_unsent() -> None:
    shop, journal = Shop(), MemoryJournal()
    client = shop.client()
    client.close()
    result = carry_out(client, journal, capture(shop.buy("50").charge))
    assert (result.outcome, result.reason) == ("unsent", "ClientClosed")


def test_a_journal_that_fails_is_no_result() -> None:
    class Full(MemoryJournal):
        def change(self, key: str, change: Any, /) -> Entry:
            del key, change
            raise JournalFailed("full")

    shop = Shop()
    with pytest.raises(JournalFailed):
        carry_out(shop.client(), Full(), capture(shop.buy("50").charge))
