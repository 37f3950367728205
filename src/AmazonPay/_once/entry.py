"""One entry of a journal, and what may happen to it: pure, one row in, one row out.

The account that an entry keeps is `runs` against `answers`: how often its request was
about to be sent, and how often it is known what came of that. While they differ, a
request may be on its way or its answer lost, and no refusal of another run is final:
a process that was killed counts as a run, and never as an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import unquote

from ..errors import InvalidRequest, JournalConflict, JournalFailed
from .bodies import DEFAULT_BODIES, digest_as_written, digest_of

if TYPE_CHECKING:
    from .outcomes import Assessment, CallStatus, Outcome

SETTLED: Final = frozenset({"success", "no"})

OBJECT_MISMATCH: Final = "ObjectMismatch"
JOURNAL_CHANGED: Final = "JournalChanged"

# What one key must not do twice. Nothing but the key protects the first two; a charge
# is captured once, whatever the key.
CREATING: Final = frozenset({"create_charge", "create_refund"})
KEYED: Final = CREATING | {"capture_charge"}

# Marks the entries that are claims and no requests; see `_claims`.
CLAIM: Final = "claim "

# Sorts as text, in every database.
_TIME_AFTER_YEAR: Final = "%m%dT%H%M%S.%fZ"
_TIME: Final = f"%Y{_TIME_AFTER_YEAR}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One intention, the exact bytes that carry it out, and how far it has come."""

    key: str
    """The idempotency key; it names the entry for ever."""
    namespace: str = field(repr=False)
    order: str = field(repr=False)
    operation: str
    """The client's method that sends it, such as `create_charge`."""
    attempt: int
    path: str = field(repr=False)
    """Below the API version, encoded."""
    body: bytes | None = field(repr=False)
    """What is sent, byte for byte; None once it was forgotten."""
    digest: str = field(repr=False)
    """Tells another body apart when this one was forgotten."""
    confirm_only: bool = False
    """Whether a checkout may end without a charge."""
    charge_ids: tuple[str, ...] | None = field(default=None, repr=False)
    """What is known to be all charges of a permission that is to be closed."""
    runs: int = 0
    """How often it was about to be sent."""
    answers: int = 0
    """How often it is known what came of that."""
    outcome: Outcome | None = None
    reason: str | None = None
    object_id: str | None = field(default=None, repr=False)
    """The object that a success of our own named; of a session, its charge if known."""
    other_object_ids: tuple[str, ...] = field(default=(), repr=False)
    """Ids that later answers named under the same key; there should be none."""
    environment: str | None = None
    """`sandbox` or `live`: where the request is sent. None in older entries."""
    region: str | None = None
    """`na`, `eu` or `jp`. None in older entries."""
    public_key_id: str | None = field(default=None, repr=False)
    """The id of the key that signs the request. None in older entries."""
    abandoned: str | None = None
    """Why a person gave the entry up or settled it; it is never sent again."""
    created: datetime | None = None
    """When the entry was first written. None in older entries."""
    changed: datetime | None = None
    """When the journal wrote it last."""

    @property
    def in_doubt(self) -> bool:
        """Whether a run ended without a known answer, or has not ended yet."""
        return self.runs > self.answers

    @property
    def settled(self) -> bool:
        """Whether the outcome is a success or a definite no."""
        return self.outcome in SETTLED

    @property
    def settled_for_good(self) -> bool:
        """Whether it is settled and a person has decided on it: no call changes that.

        Older versions did not record that a person settled an entry, but only a person
        settles a creation as a success without naming what it created.
        """
        unnamed = self.operation in CREATING and self.object_id is None
        by_hand = self.abandoned is not None or (unnamed and self.outcome == "success")
        return self.settled and by_hand

    @property
    def final(self) -> bool:
        """Whether it must not, or need not, be sent again.

        Whether Amazon stores a refusal under its key is unconfirmed. If it does not,
        the key of a definite no could still create a charge, next to the one of the
        following attempt.
        """
        if self.outcome in {"success", "moved"} or self.abandoned is not None:
            return True
        if self.operation in CREATING and self.object_id is not None:
            return True
        return self.operation in KEYED and self.outcome == "no"

    @property
    def untouched(self) -> bool:
        """Whether it is certain that no run of it has done anything."""
        return not self.in_doubt and self.object_id is None

    @property
    def is_claim(self) -> bool:
        """Whether this is no request, but says which order an object belongs to."""
        return self.operation.startswith(CLAIM)

    @property
    def subject(self) -> str:
        """The id in the path, decoded; empty for what creates an object."""
        parts = self.path.split("/")
        return unquote(parts[2]) if len(parts) > 2 else ""  # noqa: PLR2004 - /noun/id

    def to_row(self) -> dict[str, str | int | bytes | None]:
        """Write the entry as columns: texts, integers and bytes."""
        ids = self.charge_ids
        return {
            "idempotency_key": self.key,
            "namespace": self.namespace,
            "shop_order": self.order,
            "operation": self.operation,
            "attempt": self.attempt,
            "path": self.path,
            "body": self.body,
            "digest": self.digest,
            "confirm_only": int(self.confirm_only),
            "charge_ids": None if ids is None else json.dumps(ids),
            "runs": self.runs,
            "answers": self.answers,
            "outcome": self.outcome,
            "reason": self.reason,
            "object_id": self.object_id,
            "other_object_ids": json.dumps(self.other_object_ids),
            "environment": self.environment,
            "region": self.region,
            "public_key_id": self.public_key_id,
            "abandoned": self.abandoned,
            "created": None if self.created is None else time_text(self.created),
            "changed": None if self.changed is None else time_text(self.changed),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Entry:
        """Read what `to_row` wrote; other columns are passed over.

        A row that an older version wrote may lack the newer columns.
        """
        ids, body = row["charge_ids"], row["body"]
        newer = {name: row[name] for name in _NEWER if name in row.keys()}  # noqa: SIM118 - a sqlite3.Row holds values, not names
        other_ids = newer.get("other_object_ids")
        return cls(
            key=row["idempotency_key"],
            namespace=row["namespace"],
            order=row["shop_order"],
            operation=row["operation"],
            attempt=row["attempt"],
            path=row["path"],
            body=None if body is None else bytes(body),
            digest=row["digest"],
            confirm_only=bool(row["confirm_only"]),
            charge_ids=None if ids is None else tuple(json.loads(ids)),
            runs=row["runs"],
            answers=row["answers"],
            outcome=row["outcome"],
            reason=row["reason"],
            object_id=row["object_id"],
            other_object_ids=() if other_ids is None else tuple(json.loads(other_ids)),
            environment=newer.get("environment"),
            region=newer.get("region"),
            public_key_id=newer.get("public_key_id"),
            abandoned=newer.get("abandoned"),
            created=_parse_time(newer.get("created")),
            changed=_parse_time(row["changed"]),
        )


_NEWER: Final = (
    "other_object_ids",
    "environment",
    "region",
    "public_key_id",
    "abandoned",
    "created",
)

Change: TypeAlias = Callable[[Entry | None], Entry]
"""What becomes of an entry; None where there is none yet."""


def time_text(moment: datetime) -> str:
    """Write a moment as text of one length, in UTC.

    Raises:
        InvalidRequest: it is no datetime, or has no time zone: which moment a naive
            one means depends on the machine.
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise InvalidRequest("a moment is an aware datetime: give it a time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest("a moment is within the years 1 to 9999 of UTC") from None
    # Not every platform's strftime pads the year.
    return f"{moment.year:04}{moment.strftime(_TIME_AFTER_YEAR)}"


def _parse_time(text: str | None) -> datetime | None:
    """Read what `time_text` wrote."""
    return None if text is None else datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def same_body(found: Entry, intended: Entry) -> bool:
    """Tell whether two entries of one operation ask for the same.

    The digest of an entry that an older version wrote is of its body as written.
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


# --- What happens to an entry ---------------------------------------------------------


def record_intent(intended: Entry) -> Change:
    """Write an intention down; refuse one that differs from what stands there."""

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
            # For a journal that does not write `created`: the earliest time known.
            created=found.created or found.changed,
        )

    return change


def check_place(entry: Entry, environment: str | None, region: str | None) -> None:
    """Refuse to go on with an entry in another environment or region than its own."""
    for ours, theirs in ((environment, entry.environment), (region, entry.region)):
        if ours is not None and theirs is not None and ours != theirs:
            raise JournalConflict(
                f"the journal's entry belongs to {entry.environment}, region"
                f" {entry.region}, and this client to {environment}, region {region};"
                " nothing was sent"
            )


def start_send(intended: Entry) -> Change:
    """Count a run, before anything of it is sent; nothing where it must not be sent.

    A run under way may still succeed, so that an earlier no is none while it lasts.
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
    """Take back a no, before something else is concluded: nobody may build on it."""
    entry = _require_entry(found)
    if entry.outcome != "no" or entry.settled_for_good:
        return entry
    return replace(_count_empty_send(entry), outcome="unknown", reason=JOURNAL_CHANGED)


def _count_empty_send(entry: Entry) -> Entry:
    """Count a run that sent nothing: equal counts show that a no was never left.

    See `_claims`: it matters whether an entry was a no in between.
    """
    return replace(entry, runs=entry.runs + 1, answers=entry.answers + 1)


def record_answer(
    status: CallStatus, reason: str | None, object_id: str | None
) -> Change:
    """Count what came of a run; a refusal is a no only if no run is in doubt."""

    def change(found: Entry | None) -> Entry:
        entry = _require_entry(found)
        answers = min(entry.answers + (status != "unknown"), entry.runs)
        ids_before = len(entry.other_object_ids)
        entry = _with_object_id(replace(entry, answers=answers), object_id)
        if entry.settled_for_good:
            return entry
        if len(entry.other_object_ids) > ids_before:
            # Two objects under one key: whatever one of them was, a person must look.
            return replace(entry, outcome="unknown", reason=OBJECT_MISMATCH)
        if status == "succeeded" and entry.outcome == "no":
            return replace(_count_empty_send(entry), outcome=None)
        refused = status == "refused" and entry.operation in CREATING
        if refused and entry.untouched and not entry.settled:
            entry = replace(entry, outcome="no", reason=reason)
        return entry

    return change


def _with_object_id(entry: Entry, object_id: str | None) -> Entry:
    """Keep each id that was named; the id in the path says nothing new."""
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
    """Write down what was decided; what is known is not overwritten by a doubt.

    A known success stays, whatever is seen later, and so does what a person has
    settled. A no gives way to what was seen, and money that has moved to what settles
    it. `object_id` is what was seen to belong to it.
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
    """Write down what a person has found out."""
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
    """Write down that the shop has dropped it: from now on nothing of it is sent."""
    _check_reason(reason)

    def change(found: Entry | None) -> Entry:
        entry = _require_request(found)
        if entry.outcome == "success":
            raise JournalConflict(
                f"this {entry.operation} has succeeded and cannot be abandoned: undo it"
                " by a refund or a cancellation"
            )
        entry = replace(entry, abandoned=entry.abandoned or reason)
        # What is pending or has moved, though untouched by us, was done by another.
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
