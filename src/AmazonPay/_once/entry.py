"""A journal entry and the changes that it can undergo, as pure functions.

An entry counts `runs`, how often a send was started, and `answers`, how many of these
sends have a known result. While the two differ, a request may be under way or its
answer may be lost, so a refusal of another send is not final. A process that is killed
during a send has raised `runs` but not `answers`.
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

# Operations that one key must not carry out twice. Only the key protects the first two;
# Amazon captures a charge once, whatever the key.
CREATING: Final = frozenset({"create_charge", "create_refund"})
KEYED: Final = CREATING | {"capture_charge"}

# Operations that complete a checkout session.
SESSIONS: Final = frozenset({"complete_checkout_session", "finalize_checkout_session"})

# The prefix of `operation` in entries that are claims, not requests; see `claims.py`.
CLAIM: Final = "claim "

# This text sorts by time in every database.
_TIME_AFTER_YEAR: Final = "%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One intended request with its exact bytes, and what is known of its sends."""

    key: str
    """The idempotency key, which identifies the entry and never changes."""
    namespace: str = field(repr=False)
    order: str = field(repr=False)
    operation: str
    """The client method that sends the request, such as `create_charge`."""
    attempt: int
    path: str = field(repr=False)
    """The encoded path after the API version."""
    body: bytes | None = field(repr=False)
    """The exact bytes that are sent; None after `forget` erased them."""
    digest: str = field(repr=False)
    """A hash of the body, to compare bodies after this one was erased."""
    confirm_only: bool = False
    """Whether a checkout counts as a success without a charge."""
    charge_ids: tuple[str, ...] | None = field(default=None, repr=False)
    """All charges of the permission to close, as far as the caller listed them."""
    runs: int = 0
    """How many sends were started."""
    answers: int = 0
    """How many of these sends have a known result."""
    outcome: Outcome | None = None
    reason: str | None = None
    object_id: str | None = field(default=None, repr=False)
    """The id in our own successful answer; for a session, its charge if known."""
    other_object_ids: tuple[str, ...] = field(default=(), repr=False)
    """Different ids from later answers under the same key; normally empty."""
    environment: str | None = None
    """`sandbox` or `live`. None in entries of older versions."""
    region: str | None = None
    """`na`, `eu` or `jp`. None in entries of older versions."""
    public_key_id: str | None = field(default=None, repr=False)
    """The id of the key that signs the request. None in entries of older versions."""
    abandoned: str | None = None
    """Why a person abandoned or settled the entry; it is then never sent again."""
    created: datetime | None = None
    """When the entry was first written. None in entries of older versions."""
    changed: datetime | None = None
    """When the journal last wrote the entry."""

    @property
    def in_doubt(self) -> bool:
        """Whether a send is under way, or ended without a known result."""
        return self.runs > self.answers

    @property
    def settled(self) -> bool:
        """Whether the outcome is a success or a definite no."""
        return self.outcome in SETTLED

    @property
    def settled_for_good(self) -> bool:
        """Whether a person settled the entry, so that no call changes it.

        Older versions did not record who settled an entry. But only a person settles a
        creation as a success without the id of the created object.
        """
        unnamed = self.operation in CREATING and self.object_id is None
        by_hand = self.abandoned is not None or (unnamed and self.outcome == "success")
        return self.settled and by_hand

    @property
    def final(self) -> bool:
        """Whether the request must not, or need not, be sent again.

        It is unconfirmed whether Amazon stores a refusal under its key. If it does not,
        sending a refused request again could create a second charge beside that of the
        next attempt.
        """
        if self.outcome in {"success", "moved"} or self.abandoned is not None:
            return True
        if self.operation in CREATING and self.object_id is not None:
            return True
        return self.operation in KEYED and self.outcome == "no"

    @property
    def untouched(self) -> bool:
        """Whether it is certain that no send of this entry had an effect."""
        return not self.in_doubt and self.object_id is None

    @property
    def is_claim(self) -> bool:
        """Whether the entry is a claim on an object, and not a request."""
        return self.operation.startswith(CLAIM)

    @property
    def subject(self) -> str:
        """The decoded id in the path; empty if the request creates an object."""
        parts = self.path.split("/")
        return unquote(parts[2]) if len(parts) > 2 else ""  # noqa: PLR2004 - /noun/id

    def to_row(self) -> dict[str, str | int | bytes | None]:
        """Return the entry as columns of text, integers and bytes."""
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
        """Read a row of `to_row`; ignore other columns.

        A row of an older version may lack the newer columns.
        """
        ids, body = row["charge_ids"], row["body"]
        newer = {name: row[name] for name in NEWER_COLUMNS if name in row.keys()}  # noqa: SIM118 - a sqlite3.Row holds values, not names
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


NEWER_COLUMNS: Final = (
    "other_object_ids",
    "environment",
    "region",
    "public_key_id",
    "abandoned",
    "created",
)
"""The columns that rows of an older version may lack."""


def entry_of_row(row: Mapping[str, Any]) -> Entry:
    """Return the entry of a row that a journal has read.

    Raises:
        JournalFailed: the row is damaged; the error shows no value of it.
    """
    try:
        return Entry.from_row(row)
    except (LookupError, TypeError, ValueError):
        failure = JournalFailed("the journal has an entry that cannot be read")
    raise failure  # outside `except`: the other error holds values


Change: TypeAlias = Callable[[Entry | None], Entry]
"""Returns the new state of an entry; takes None if there is no entry yet."""


def time_text(moment: datetime) -> str:
    """Format a time as text of fixed length, in UTC.

    Raises:
        InvalidRequest: it is no datetime, or has no time zone, so that its meaning
            would depend on the machine.
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
    """Parse a text of `time_text`."""
    # Not by strptime(): its first call imports a module, and a child that another
    # thread forks in that moment would wait for the rest of that import for ever.
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


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


# --- Changes of an entry --------------------------------------------------------------


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
