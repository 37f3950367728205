"""What every inbox writes of a notification, and for how long it keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._once.entry import time_text
from ..errors import InvalidRequest
from ._inbox import InboxEntry
from ._verifier import MAX_AGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._inbox import Work
    from ._notification import Notification


def row_of(notification: Notification) -> dict[str, Any]:
    """Return the columns of a new entry that the notification itself fills."""
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


def recheck_row(work: Work, message_id: str, now: str) -> dict[str, Any]:
    """Return those columns of an entry for an object that has changed unannounced."""
    return {
        "message_id": message_id,
        "notification_id": message_id,
        "topic_arn": "",
        "object_type": work.object_type,
        "object_id": work.object_id,
        "notification_type": "RECHECK",
        "merchant_id": "",
        "sent": now,
    }


def entry_of(row: Mapping[Any, Any]) -> InboxEntry:
    """Return an entry as users get it."""
    return InboxEntry(
        message_id=row["message_id"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        notification_type=row["notification_type"],
        charge_permission_id=row["charge_permission_id"],
        received=datetime.fromisoformat(row["received"]).replace(tzinfo=UTC),
        failures=row["failures"],
        error=row["error"],
    )


def checked_forget_limit(before: datetime, now: datetime) -> str:
    """Return the time, as the tables have it, before which entries may be deleted.

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
