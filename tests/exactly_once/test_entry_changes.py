"""Each change of an entry, with values: what it writes, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from AmazonPay import InvalidRequest, JournalConflict
from AmazonPay._once.bodies import digest_as_written, digest_of
from AmazonPay._once.changes import (
    check_place,
    record_abandonment,
    record_answer,
    record_decision,
    record_intent,
    record_resolution,
    reopen,
    same_body,
    start_send,
)
from AmazonPay._once.entry import Entry, time_text
from AmazonPay._once.outcomes import Assessment
from journals import intended

CREATE = intended(body=b'{"a":1}')
COMPLETE = replace(
    CREATE, operation="complete_checkout_session", path="/checkoutSessions/s/complete"
)


# Where an entry belongs ---------------------------------------------------------------

HERE = replace(CREATE, environment="sandbox", region="eu")


@pytest.mark.parametrize(
    ("environment", "region"), [("live", "eu"), ("sandbox", "na"), ("live", None)]
)
def test_an_entry_of_another_place_is_refused(
    environment: str | None, region: str | None
) -> None:
    with pytest.raises(JournalConflict, match="belongs to sandbox, region eu"):
        check_place(HERE, environment, region)
    with pytest.raises(JournalConflict, match="belongs to sandbox, region eu"):
        record_intent(replace(CREATE, environment=environment, region=region))(HERE)


@pytest.mark.parametrize(
    ("environment", "region"),
    [("sandbox", "eu"), (None, "eu"), ("sandbox", None), (None, None)],
)
def test_a_place_that_is_the_same_or_not_known_is_accepted(
    environment: str | None, region: str | None
) -> None:
    check_place(HERE, environment, region)
    check_place(
        replace(CREATE, environment=environment, region=region), "sandbox", "eu"
    )


# Before a send ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [{"operation": "create_refund"}, {"path": "/charges/S01-C1"}, {"digest": "x"}],
)
def test_another_request_under_the_same_key_is_refused(other: dict[str, Any]) -> None:
    found = replace(CREATE, body=None, **other)
    with pytest.raises(JournalConflict, match="another request"):
        record_intent(CREATE)(found)


def test_an_entry_without_a_first_moment_gets_the_earliest_known_one() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    intend = record_intent(CREATE)
    assert intend(replace(CREATE, changed=last)).created == last
    assert intend(replace(CREATE, created=first, changed=last)).created == first


@pytest.mark.parametrize(
    ("before", "after"),
    [("no", None), ("pending", "pending"), ("unknown", "unknown"), (None, None)],
)
def test_only_a_no_is_cleared_by_a_send(before: Any, after: Any) -> None:
    found = replace(COMPLETE, outcome=before, runs=2, answers=2)
    entry = start_send(COMPLETE)(found)
    assert (entry.outcome, entry.runs, entry.answers) == (after, 3, 2)


@pytest.mark.parametrize(
    ("changes", "final"),
    [
        ({}, False),
        ({"outcome": "pending"}, False),
        ({"outcome": "unknown"}, False),
        ({"outcome": "success"}, True),
        ({"outcome": "moved"}, True),
        ({"outcome": "no"}, True),
        ({"abandoned": "dropped"}, True),
        ({"object_id": "S01-C1"}, True),
        ({"operation": "capture_charge", "outcome": "no"}, True),
        ({"operation": "capture_charge", "object_id": "S01-C1"}, False),
        ({"operation": "cancel_charge", "outcome": "no"}, False),
        ({"operation": "cancel_charge", "outcome": "success"}, True),
    ],
)
def test_what_is_final_is_not_sent_again(
    changes: dict[str, Any], *, final: bool
) -> None:
    entry = replace(CREATE, **changes)
    assert entry.final is final
    assert (start_send(entry)(entry) == entry) is final


def test_an_entry_whose_no_was_used_for_nothing_yet_is_reopened() -> None:
    found = replace(COMPLETE, outcome="no", reason="Why", runs=3, answers=2)
    assert reopen(found) == replace(
        COMPLETE, outcome="unknown", reason="JournalChanged", runs=4, answers=3
    )


@pytest.mark.parametrize(
    "found",
    [
        replace(COMPLETE, outcome="pending"),
        replace(COMPLETE, outcome="success"),
        replace(COMPLETE, outcome="no", abandoned="dropped"),
    ],
)
def test_nothing_but_an_open_no_is_reopened(found: Entry) -> None:
    assert reopen(found) == found


# After an answer ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "answers"),
    [("succeeded", 2), ("refused", 2), ("not_processed", 2), ("unknown", 1)],
)
def test_every_answer_but_an_unknown_one_is_counted(status: Any, answers: int) -> None:
    found = replace(COMPLETE, runs=3, answers=1)
    assert record_answer(status, None, None)(found).answers == answers


def test_no_more_answers_are_counted_than_sends() -> None:
    found = replace(COMPLETE, runs=3, answers=3)
    assert record_answer("refused", None, None)(found).answers == 3


def test_a_late_success_withdraws_a_no_and_shows_that_it_did() -> None:
    found = replace(CREATE, outcome="no", reason="Why", runs=2, answers=1)
    entry = record_answer("succeeded", None, "S01-C1")(found)
    assert (entry.outcome, entry.object_id) == (None, "S01-C1")
    assert (entry.runs, entry.answers) == (3, 3)


@pytest.mark.parametrize("status", ["refused", "not_processed", "unknown"])
def test_no_other_answer_withdraws_a_no(status: Any) -> None:
    found = replace(CREATE, outcome="no", reason="Why", runs=2, answers=1)
    entry = record_answer(status, "Other", None)(found)
    assert (entry.outcome, entry.reason, entry.runs) == ("no", "Why", 2)


@pytest.mark.parametrize("outcome", [None, "pending", "unknown"])
def test_a_success_alone_settles_nothing(outcome: Any) -> None:
    found = replace(CREATE, outcome=outcome, runs=1)
    entry = record_answer("succeeded", None, "S01-C1")(found)
    assert (entry.outcome, entry.runs, entry.answers) == (outcome, 1, 1)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"runs": 1}, "no"),
        ({"runs": 1, "outcome": "unknown"}, "no"),
        ({"runs": 2}, None),
        ({"runs": 1, "object_id": "S01-C1"}, None),
        ({"runs": 1, "operation": "capture_charge"}, None),
        ({"runs": 1, "outcome": "success"}, "success"),
    ],
)
def test_a_refusal_is_a_no_of_a_creation_that_is_certain(
    changes: dict[str, Any], outcome: str | None
) -> None:
    entry = record_answer("refused", "HardDeclined", None)(replace(CREATE, **changes))
    assert entry.outcome == outcome
    assert entry.reason == ("HardDeclined" if outcome == "no" else None)


def test_a_persons_word_outlives_a_second_object() -> None:
    found = replace(
        CREATE,
        outcome="no",
        reason="Seen",
        abandoned="Seen",
        object_id="S01-C1",
        runs=1,
    )
    entry = record_answer("succeeded", None, "S01-C2")(found)
    assert (entry.outcome, entry.reason) == ("no", "Seen")
    assert entry.other_object_ids == ("S01-C2",)


# After a decision ---------------------------------------------------------------------


def decided(found: Entry, outcome: Any, object_id: str | None = None) -> Entry:
    said = Assessment(outcome, "New")
    return record_decision(lambda _: said, object_id)(found)


OUTCOMES = ["success", "pending", "no", "unknown", "moved"]
# By the outcome before, the decisions that change nothing.
KEPT = {
    None: [],
    "pending": [],
    "unknown": [],
    "no": ["unknown"],
    "moved": ["pending", "unknown", "moved"],
    "success": OUTCOMES,
}


@pytest.mark.parametrize("new", OUTCOMES)
@pytest.mark.parametrize("before", KEPT)
def test_doubt_replaces_no_knowledge(before: Any, new: Any) -> None:
    found = replace(COMPLETE, outcome=before, reason="Old", runs=1, answers=1)
    entry = decided(found, new)
    if new in KEPT[before]:
        assert entry == found
        return
    assert (entry.outcome, entry.reason) == (new, "New")
    # A no that is left is counted, so that whoever relied on it notices.
    assert entry.runs == entry.answers == (2 if before == "no" != new else 1)


@pytest.mark.parametrize("new", OUTCOMES)
def test_no_decision_changes_what_a_person_settled(new: Any) -> None:
    found = replace(COMPLETE, outcome="no", reason="Seen", abandoned="Seen")
    assert decided(found, new) == found
    assert decided(found, new, "S01-C1") == replace(found, object_id="S01-C1")


def test_a_decision_is_made_of_the_entry_as_it_is_now() -> None:
    found = replace(COMPLETE, outcome="pending", runs=5)
    seen: list[Entry] = []

    def decide(entry: Entry) -> Assessment:
        seen.append(entry)
        return Assessment("pending")

    record_decision(decide, "S01-C1")(found)
    assert seen == [replace(found, object_id="S01-C1")]


# What a person says -------------------------------------------------------------------


def test_a_person_settles_an_entry_for_good() -> None:
    found = replace(CREATE, outcome="unknown", reason="Old", runs=3, answers=1)
    assert record_resolution("success", "seen", "S01-C1")(found) == replace(
        CREATE,
        outcome="success",
        reason="seen",
        abandoned="seen",
        object_id="S01-C1",
        runs=3,
        answers=3,
    )


def test_the_object_that_a_person_names_is_the_entrys_and_others_are_kept() -> None:
    found = replace(CREATE, object_id="C1", other_object_ids=("C2", "C3"))
    entry = record_resolution("success", "seen", "C2")(found)
    assert (entry.object_id, entry.other_object_ids) == ("C2", ("C1", "C3"))
    entry = record_resolution("success", "seen", None)(found)
    assert (entry.object_id, entry.other_object_ids) == ("C1", ("C2", "C3"))
    entry = record_resolution("no", "seen", None)(CREATE)
    assert (entry.object_id, entry.other_object_ids) == (None, ())


def test_the_id_in_the_path_is_no_other_object() -> None:
    found = replace(COMPLETE, object_id="s")
    entry = record_resolution("success", "seen", "C1")(found)
    assert (entry.object_id, entry.other_object_ids) == ("C1", ())


def test_why_an_entry_was_abandoned_first_is_kept() -> None:
    found = replace(CREATE, abandoned="dropped")
    entry = record_resolution("no", "seen", None)(found)
    assert (entry.abandoned, entry.reason) == ("dropped", "seen")
    assert record_abandonment("again")(found).abandoned == "dropped"


@pytest.mark.parametrize("outcome", ["pending", "unknown", "moved", "", None])
def test_a_person_settles_as_success_or_no_alone(outcome: Any) -> None:
    with pytest.raises(InvalidRequest, match="'success' or as 'no'"):
        record_resolution(outcome, "seen", None)


@pytest.mark.parametrize("reason", ["", " ", "\n", None, 5, b"seen"])
def test_a_person_says_why(reason: Any) -> None:
    with pytest.raises(InvalidRequest, match="says why"):
        record_resolution("no", reason, None)
    with pytest.raises(InvalidRequest, match="says why"):
        record_abandonment(reason)


def test_a_known_success_is_no_no_and_cannot_be_dropped() -> None:
    found = replace(CREATE, outcome="success", object_id="C1")
    with pytest.raises(JournalConflict, match="known to have succeeded"):
        record_resolution("no", "seen", None)(found)
    with pytest.raises(JournalConflict, match="cannot be abandoned"):
        record_abandonment("dropped")(found)
    assert record_resolution("success", "seen", None)(found).outcome == "success"


@pytest.mark.parametrize(
    "found", [None, replace(CREATE, operation="claim create_charge")]
)
def test_only_a_request_can_be_settled_or_abandoned(found: Entry | None) -> None:
    for change in (
        record_resolution("no", "seen", None),
        record_abandonment("dropped"),
    ):
        with pytest.raises(JournalConflict, match="no request of this key"):
            change(found)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "no"),
        ({"outcome": "unknown", "runs": 1, "answers": 1}, "no"),
        ({"runs": 1}, None),
        ({"outcome": "unknown", "runs": 1}, "unknown"),
        ({"object_id": "C1"}, None),
        ({"outcome": "pending"}, "pending"),
        ({"outcome": "moved"}, "moved"),
    ],
)
def test_an_entry_that_is_dropped_is_a_no_if_nothing_can_have_happened(
    changes: dict[str, Any], outcome: str | None
) -> None:
    found = replace(CREATE, reason="Old", **changes)
    entry = record_abandonment("dropped")(found)
    assert (entry.outcome, entry.abandoned) == (outcome, "dropped")
    assert entry.reason == ("dropped" if outcome == "no" else "Old")


# Bodies and rows ----------------------------------------------------------------------


def test_an_erased_body_is_compared_by_its_digest() -> None:
    erased = replace(CREATE, body=None)
    assert same_body(erased, replace(CREATE, body=b'{ "a" : 1 }'))
    other = replace(CREATE, body=b'{"a":2}', digest=digest_of(b'{"a":2}'))
    assert not same_body(erased, other)
    assert not same_body(CREATE, other)
    assert not same_body(erased, replace(erased, digest="x"))


def test_a_body_that_an_older_release_hashed_as_written_is_the_same() -> None:
    written = b'{"a":{"amount":10.0,"currencyCode":"USD"}}'
    other = b'{"a":{"amount":"10.00","currencyCode":"USD"}}'
    older = replace(CREATE, body=written, digest=digest_as_written(written))
    assert same_body(older, replace(CREATE, body=other, digest=digest_of(other)))
    erased = replace(older, body=None)
    assert same_body(erased, replace(older, digest=digest_of(written)))
    assert not same_body(erased, replace(CREATE, body=other, digest=digest_of(other)))


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), None, "2026", 5])  # noqa: DTZ001 - it is refused
def test_what_is_no_time_in_a_zone_is_refused(moment: Any) -> None:
    with pytest.raises(InvalidRequest, match="time zone"):
        time_text(moment)


def test_a_default_body_equals_that_of_older_releases() -> None:
    empty = replace(
        CREATE, operation="cancel_charge", body=b"{}", digest=digest_of(b"{}")
    )
    ours = b'{"cancellationReason":"Canceled by the merchant"}'
    default = replace(empty, body=ours, digest=digest_of(ours))
    assert same_body(empty, default)
    chosen = b'{"cancellationReason":"Other"}'
    assert not same_body(empty, replace(empty, body=chosen, digest=digest_of(chosen)))
    assert not same_body(default, empty)


def test_a_row_of_another_release_is_read_as_far_as_it_goes() -> None:
    row = CREATE.to_row()
    for name in ("environment", "region", "public_key_id", "abandoned", "created"):
        del row[name]
    del row["other_object_ids"]
    assert Entry.from_row(row) == CREATE
    assert Entry.from_row({**row, "other_object_ids": None}) == CREATE
    assert Entry.from_row({**CREATE.to_row(), "newer": 1}) == CREATE
