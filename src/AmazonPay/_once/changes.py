"""The changes that a journal entry can undergo, as pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ..errors import InvalidRequest, JournalConflict, JournalFailed
from .bodies import DEFAULT_BODIES, digest_as_written, digest_of
from .entry import CREATING, JOURNAL_CHANGED, OBJECT_MISMATCH, SETTLED, Change, Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from .outcomes import Assessment, CallStatus, Outcome


def same_body(found: Entry, intended: Entry) -> bool:
    """Return whether two entries of one operation have equal requests.

    An older version computed the digest without normalizing amounts.
    """
    if found.digest == intended.digest:
        return True
    if intended.body is not None and found.digest == digest_of(b"{}"):
        return intended.body == DEFAULT_BODIES.get(intended.operation)
    if found.body is not None:
        return digest_of(found.body) == intended.digest
    return (
        intended.body is not None and digest_as_written(intended.body) == found.digest
    )


def record_intent(intended: Entry) -> Change:
    """Write the intended entry; refuse it if the journal has a different request."""

    def change(found: Entry | None) -> Entry:
        if found is None:
            return intended
        ours = (intended.operation, intended.path)
        if (found.operation, found.path) != ours or not same_body(found, intended):
            raise JournalConflict(
                "the journal holds another request for this namespace, order,"
                f" operation ({intended.operation}) and attempt; nothing was sent. An"
                " order names one payment or one refund, and a changed body is"
                " another attempt, after a definite no"
            )
        check_place(found, intended.environment, intended.region)
        return replace(
            found,
            confirm_only=intended.confirm_only,
            charge_ids=intended.charge_ids,
            # A journal may not write `created`; `changed` is the earliest known time.
            created=found.created or found.changed,
        )

    return change


def check_place(entry: Entry, environment: str | None, region: str | None) -> None:
    """Raise unless the entry belongs to this environment and region."""
    for ours, theirs in ((environment, entry.environment), (region, entry.region)):
        if ours is not None and theirs is not None and ours != theirs:
            raise JournalConflict(
                f"the journal's entry belongs to {entry.environment}, region"
                f" {entry.region}, and this client to {environment}, region {region};"
                " nothing was sent"
            )


def start_send(intended: Entry) -> Change:
    """Count a send before it starts; change nothing if the entry is final.

    The send may succeed, so an earlier `no` is cleared.
    """

    def change(found: Entry | None) -> Entry:
        entry = record_intent(intended)(found)
        if entry.final:
            return entry
        body = intended.body if entry.body is None else entry.body
        outcome = None if entry.outcome == "no" else entry.outcome
        return replace(entry, runs=entry.runs + 1, outcome=outcome, body=body)

    return change


def reopen(found: Entry | None) -> Entry:
    """Change a `no` to `unknown`, so that no other order or attempt relies on it."""
    entry = _require_entry(found)
    if entry.outcome != "no" or entry.settled_for_good:
        return entry
    return replace(_count_empty_send(entry), outcome="unknown", reason=JOURNAL_CHANGED)


def _count_empty_send(entry: Entry) -> Entry:
    """Count a send that did not happen, to mark that the entry left the `no` state.

    Holders of a claim compare `runs` to detect a `no` in between; see `claims.py`.
    """
    return replace(entry, runs=entry.runs + 1, answers=entry.answers + 1)


def record_answer(
    status: CallStatus, reason: str | None, object_id: str | None
) -> Change:
    """Record the result of a send; a refusal is a `no` only if no send is in doubt."""

    def change(found: Entry | None) -> Entry:
        entry = _require_entry(found)
        answers = min(entry.answers + (status != "unknown"), entry.runs)
        ids_before = len(entry.other_object_ids)
        entry = _with_object_id(replace(entry, answers=answers), object_id)
        if entry.settled_for_good:
            return entry
        if len(entry.other_object_ids) > ids_before:
            # One key has created two objects: a person must look.
            return replace(entry, outcome="unknown", reason=OBJECT_MISMATCH)
        if status == "succeeded" and entry.outcome == "no":
            return replace(_count_empty_send(entry), outcome=None)
        refused = status == "refused" and entry.operation in CREATING
        if refused and entry.untouched and not entry.settled:
            entry = replace(entry, outcome="no", reason=reason)
        return entry

    return change


def _with_object_id(entry: Entry, object_id: str | None) -> Entry:
    """Add an id from an answer, unless it is known or is the id in the path."""
    known = entry.object_id
    if object_id is None or object_id in (known, *entry.other_object_ids):
        return entry
    if known is None or known == entry.subject:
        return replace(entry, object_id=object_id)
    if object_id == entry.subject:
        return entry
    return replace(entry, other_object_ids=(*entry.other_object_ids, object_id))


def record_decision(
    decide: Callable[[Entry], Assessment], object_id: str | None = None
) -> Change:
    """Record an assessment, but never replace knowledge by doubt.

    A success, or what a person settled, stays. Any other assessment than `unknown`
    replaces a `no`; only a `success` or a `no` replaces `moved`. `object_id` is the
    observed id of the entry's object.
    """

    def change(found: Entry | None) -> Entry:
        entry = _with_object_id(_require_entry(found), object_id)
        if entry.outcome == "success" or entry.settled_for_good:
            return entry
        assessment = decide(entry)
        doubtful = assessment.outcome == "unknown" and entry.outcome == "no"
        vague = assessment.outcome not in SETTLED and entry.outcome == "moved"
        if doubtful or vague:
            return entry
        if entry.outcome == "no" and assessment.outcome != "no":
            entry = _count_empty_send(entry)
        return replace(entry, outcome=assessment.outcome, reason=assessment.reason)

    return change


def record_resolution(outcome: str, reason: str, object_id: str | None) -> Change:
    """Settle the entry as a person decided."""
    _check_reason(reason)
    if outcome not in SETTLED:
        raise InvalidRequest("an entry is settled as 'success' or as 'no'")

    def change(found: Entry | None) -> Entry:
        entry = _require_request(found)
        if entry.outcome == "success" and outcome == "no":
            raise JournalConflict(
                f"this {entry.operation} is known to have succeeded: it is no 'no'."
                " Undo it by a refund or a cancellation"
            )
        ids = (object_id, entry.object_id, *entry.other_object_ids)
        known = [one for one in dict.fromkeys(ids) if one is not None]
        return replace(
            entry,
            answers=entry.runs,
            outcome=cast("Outcome", outcome),
            reason=reason,
            object_id=known[0] if known else None,
            other_object_ids=tuple(one for one in known[1:] if one != entry.subject),
            abandoned=entry.abandoned or reason,
        )

    return change


def record_abandonment(reason: str) -> Change:
    """Record that the shop abandoned the entry, which is then never sent again."""
    _check_reason(reason)

    def change(found: Entry | None) -> Entry:
        entry = _require_request(found)
        if entry.outcome == "success":
            raise JournalConflict(
                f"this {entry.operation} has succeeded and cannot be abandoned: undo it"
                " by a refund or a cancellation"
            )
        entry = replace(entry, abandoned=entry.abandoned or reason)
        # If it is pending or moved without an effect of ours, someone else did it.
        if entry.untouched and entry.outcome in {None, "unknown"}:
            entry = replace(entry, outcome="no", reason=reason)
        return entry

    return change


def _check_reason(reason: object) -> None:
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidRequest("reason is a str that says why")


def _require_request(found: Entry | None) -> Entry:
    if found is None or found.is_claim:
        raise JournalConflict("the journal has no request of this key")
    return found


def _require_entry(found: Entry | None) -> Entry:
    if found is None:
        raise JournalFailed("the journal has lost the entry of a request under way")
    return found
