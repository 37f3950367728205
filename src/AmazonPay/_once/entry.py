"""A journal entry: what is known of one request, and its form as a row.

An entry counts `runs`, how often a send was started, and `answers`, how many of these
sends have a known result. While the two differ, a request may be under way or its
answer may be lost, so a refusal of another send is not final. A process that is killed
during a send has raised `runs` but not `answers`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from .._core.clock import utc_text
from ..errors import JournalFailed

if TYPE_CHECKING:
    from .outcomes import Outcome

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
        InvalidRequest: it is no datetime, or has no time zone; see `utc_text`.
    """
    return utc_text("a moment", moment, _TIME_AFTER_YEAR)


def _parse_time(text: str | None) -> datetime | None:
    """Parse a text of `time_text`."""
    # Not by strptime(): its first call imports a module, and a child that another
    # thread forks in that moment would wait for the rest of that import for ever.
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
