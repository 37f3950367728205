"""The rows of every inbox: their columns, and how long they must be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .._once.entry import time_text
from ..errors import InvalidRequest
from ._verifier import MAX_AGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._notification import Notification


NEW: Final = "new"
DONE: Final = "done"
PARKED: Final = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """One notification in an inbox."""

    message_id: str
    object_type: str
    object_id: str
    notification_type: str
    charge_permission_id: str | None
    received: datetime
    failures: int
    error: str | None
    """The last failure: classes, codes and places, without a value."""
    is_parked: bool = False
    """Whether it has failed too often, and waits for `retry`."""


def row_of(notification: Notification) -> dict[str, Any]:
    """Return the columns of a new entry whose values come from the notification."""
    return {
        "message_id": notification.message_id,
        "notification_id": notification.notification_id,
        "topic_arn": notification.topic_arn,
        "object_type": notification.object_type,
        "object_id": notification.object_id,
        "notification_type": notification.notification_type,
        "charge_permission_id": notification.charge_permission_id,
        "merchant_id": notification.merchant_id,
        "sent": time_text(notification.timestamp),
    }


def own_row(
    object_type: str, object_id: str, message_id: str, notification_type: str
) -> dict[str, Any]:
    """Return the columns of an entry that the inbox makes without a notification."""
    return {
        "message_id": message_id,
        "notification_id": message_id,
        "topic_arn": "",
        "object_type": object_type,
        "object_id": object_id,
        "notification_type": notification_type,
        "charge_permission_id": None,
        "merchant_id": "",
    }


def entry_of(row: Mapping[Any, Any]) -> InboxEntry:
    """Return the `InboxEntry` of a row."""
    return InboxEntry(
        message_id=row["message_id"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        notification_type=row["notification_type"],
        charge_permission_id=row["charge_permission_id"],
        received=datetime.fromisoformat(row["received"]).replace(tzinfo=UTC),
        failures=row["failures"],
        error=row["error"],
        is_parked=row["state"] == PARKED,
    )


def checked_forget_limit(before: datetime, now: datetime) -> str:
    """Return `before` as text of the tables, if older entries may be deleted.

    Raises:
        InvalidRequest: a notification that the verifier still accepts could come again
            and would be new; or the time has no zone.
    """
    limit = time_text(before)
    if limit > time_text(now - MAX_AGE):
        raise InvalidRequest(
            f"entries of the last {MAX_AGE.days} days are needed to notice what comes"
            " again"
        )
    return limit
