"""The deliveries of a notification: when it is sent, sent again, and given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from .notifications import KIND, event_of, message_id_of
from .timestamps import format_timestamp

if TYPE_CHECKING:
    from .context import Context
    from .store import Record

OUTBOX: Final = "outbox"
"""The kind of what is due to be sent; it belongs to no owner."""
NOBODY: Final = ""

TIMED_OUT: Final = "time-out"
UNREACHABLE: Final = "unreachable"

_REPEAT_AFTER: Final = timedelta(hours=1)
_REPEATS: Final = 3
_SUCCESS: Final = range(200, 300)
_REFUSED: Final = range(400, 500)
_FAILED: Final = range(500, 600)


def on_due(context: Context, record: Record, event: str) -> None:
    """Lay a notification that is due into the outbox."""
    put_into_outbox(context, record, message_id_of(record, event))


def put_into_outbox(
    context: Context, record: Record, sent_as: str, *, altered: bool = False
) -> None:
    """Lay a notification into the outbox, behind what is there.

    `sent_as` is the `MessageId` of this delivery; `altered` changes a byte of what is
    sent, after it was signed.
    """
    transaction = context.transaction
    number = 1 + len(list(transaction.all(NOBODY, OUTBOX)))
    # By time, and then by its turn: the store sorts by id.
    place = f"{context.timestamp} {number:06d} {record['id']}"
    delivery: Record = {
        "id": place,
        "owner": context.owner,
        "message": record["id"],
        "sentAs": sent_as,
    }
    if altered:
        delivery["altered"] = True
    transaction.save(NOBODY, OUTBOX, delivery)


def record_answer(
    context: Context,
    record: Record,
    sent_as: str,
    answer: int | str,
    *,
    altered: bool = False,
) -> None:
    """Record the answer to a notification, and plan what it makes necessary.

    After a 5xx or a time-out it comes again every hour for three hours. The answer to
    an altered one says nothing about the right one.
    """
    attempt: Record = {"at": context.timestamp, "answer": answer}
    if sent_as != record["id"]:
        attempt["messageId"] = sent_as
    if altered:
        record["attempts"].append({**attempt, "altered": True})
        context.transaction.save(context.owner, KIND, record)
        return
    record["attempts"].append(attempt)
    record.pop("until", None)
    has_failed = answer == TIMED_OUT or answer in _FAILED
    if has_failed and record["repeats"] < _REPEATS:
        record["repeats"] += 1
        record["until"] = format_timestamp(context.now + _REPEAT_AFTER)
        event = event_of(record, sent_as)
        context.schedule_at(record["until"], KIND, record, event)
    # Once it is answered, it stays so: a duplicate changes nothing of that.
    if answer in _SUCCESS:
        record["status"] = "answered"
    elif record["status"] != "answered":
        record["status"] = _status_after(answer, waits="until" in record)
    row = record.get("row", 0)  # older stores have none
    if record["status"] == "waiting" or context.transaction.has_row(row):
        context.transaction.save(context.owner, KIND, record)
    else:  # nothing shows it any more
        context.transaction.delete(context.owner, KIND, record["id"])


def _status_after(answer: int | str, *, waits: bool) -> str:
    # UNCONFIRMED: that a shop which cannot be reached, or redirects, gets it no more.
    if waits:
        return "waiting"
    return "refused" if answer in _REFUSED else "given up"


def facts_of(facts: Record, record: Record | None) -> dict[str, Any]:
    """Return the facts of a row in the story as they are now."""
    if record is None:
        return facts
    shown = ("status", "until", "attempts", "topic", "notificationId")
    return {**facts, **{name: record[name] for name in shown if name in record}}
