"""Which change of an object sends a notification.

`amazon-pay-checkout/set-up-instant-payment-notifications.html`. Every change gets one
row in the story: a notification, or the reason why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .timestamps import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ...lifecycles import Transition
    from ..settings import Settings
    from .ids import Ids
    from .store import Record, Transaction

KIND: Final = "notification"
NOBODY_LISTENS: Final = "nobody listens: --ipn-url or a listener is missing"
DELIVER: Final = "deliver"
"""The event that sends one."""
_AS: Final = f"{DELIVER} as "

OBJECT_TYPES: Final = {
    "charge": "CHARGE",
    "chargePermission": "CHARGE_PERMISSION",
    "refund": "REFUND",
    "dispute": "CHARGEBACK",
}

# Region and beginning of a topic's name, from recorded sandbox notifications. All are
# of one account.
# UNCONFIRMED: the names in live; a shop's own live topic is never used here.
_ACCOUNT: Final = "291180941288"
_TOPICS: Final = {
    "na": ("us-east-1", "A3BXB0YN3XH17H"),
    "eu": ("eu-west-1", "A1G8446IYHA4MR"),
    "jp": ("us-west-2", "A31YDYE76E6TCP"),
}

# Sent for a permission of every type, and for a recurring one alone.
_FOR_ALL: Final = frozenset({"buyer mends the payment method"})
_FOR_RECURRING: Final = frozenset(
    {
        "a charge is declined hard",
        "buyer closes",
        "Amazon closes",
        "Amazon cancels",
        "it expires",
    }
)
# UNCONFIRMED: how often a duplicate has a new MessageId. Amazon's page asks to drop
# repeats by `NotificationId` as well, so there are such.
_ANEW: Final = 0.5
_PENDING: Final = frozenset({"AuthorizationInitiated", "CaptureInitiated"})
# UNCONFIRMED: that these send none; Amazon's page does not name them.
_UNNAMED: Final = "Amazon's page names no notification for this"


def topic_arn(region: str, account: str) -> str:
    """Return the topic of a merchant's notifications in a region."""
    place, prefix = _TOPICS[region]
    return f"arn:aws:sns:{place}:{_ACCOUNT}:{prefix}{account}"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an object's state."""

    kind: str
    record: Record
    before: str | None
    arrow: Transition


def reason_against(change: Change, permission: Record | None) -> str | None:
    """Return why a change sends no notification; None if it sends one."""
    if change.kind not in OBJECT_TYPES:
        return f"no {change.kind} sends notifications"
    if permission is None:
        return "its charge permission is not known"
    if change.kind == "chargePermission":
        return _reason_of_permission(change, permission)
    return _reason_of_charge(change) if change.kind == "charge" else None


def _reason_of_permission(change: Change, permission: Record) -> str | None:
    event = change.arrow.event
    if event in _FOR_ALL:
        return None
    if event not in _FOR_RECURRING:
        return _UNNAMED
    is_recurring = permission["type"] == "Recurring"
    return None if is_recurring else "only recurring permissions send one for this"


def _reason_of_charge(change: Change) -> str | None:
    if change.before in _PENDING:
        # UNCONFIRMED: that a pending charge which is cancelled sends one, too.
        return None
    if change.before is not None:
        return _UNNAMED
    # UNCONFIRMED: that a charge which is declined at once sends none.
    declined = change.arrow.to == "Declined"
    return "the answer to the call has declined it" if declined else None


def plan(  # noqa: PLR0913 - the parts of a context
    transaction: Transaction,
    owner: str,
    now: datetime,
    ids: Ids,
    settings: Settings,
    change: Change,
    *,
    heard: bool,
) -> Record:
    """Plan a notification; return the facts of its row in the story.

    `heard` is whether anyone listens.
    """
    record, kind = change.record, change.kind
    facts: Record = {
        "object": kind,
        "objectId": record["id"],
        "change": change.arrow.event,
        "status": "not sent",
    }
    permission = _permission_of(transaction, owner, kind, record)
    reason = reason_against(change, permission)
    if reason is None and not heard:
        reason = NOBODY_LISTENS
    if reason is not None or permission is None:
        return {**facts, "because": reason}
    account, _, _ = owner.rpartition("/")
    message_id = ids.uuid()
    made: Record = {
        "id": message_id,
        "row": transaction.last_number() + 1,
        "notificationId": ids.uuid(),
        "objectType": OBJECT_TYPES[kind],
        "objectId": record["id"],
        "chargePermissionId": permission["id"],
        "merchantId": account,
        "topic": topic_arn(permission["region"], account),
        "created": now.isoformat(timespec="milliseconds"),
        "status": "waiting",
        "repeats": 0,
        "attempts": [],
    }
    for delay, sent_as in _deliveries(message_id, settings, ids):
        due = format_timestamp(now + delay)
        made["until"] = min(due, made.get("until", due))
        transaction.schedule(due, owner, KIND, message_id, event_of(made, sent_as))
    transaction.save(owner, KIND, made)
    return {**facts, "status": "waiting", "messageId": message_id}


def event_of(record: Record, sent_as: str) -> str:
    """Return the event that sends a notification under a `MessageId`."""
    return DELIVER if sent_as == record["id"] else f"{_AS}{sent_as}"


def message_id_of(record: Record, event: str) -> str:
    """Return the `MessageId` under which an event sends a notification."""
    return event.removeprefix(_AS) if event.startswith(_AS) else str(record["id"])


def _deliveries(
    message_id: str, settings: Settings, ids: Ids
) -> list[tuple[timedelta, str]]:
    """Return when a notification is sent, once or twice, and the `MessageId`s.

    Every other duplicate is a message of its own with the same `NotificationId`.
    A message's random id decides, so that no dice of the faults are used up.
    """
    first, second, third, fourth = (
        int(message_id[place : place + 4], 16) / 0x10000 for place in (0, 4, 24, 28)
    )
    spread = settings.notification_spread
    sent = [(settings.notification_delay + spread * first, message_id)]
    if third < settings.duplicate_notifications:
        is_anew = fourth < _ANEW
        sent_as = ids.uuid() if is_anew else message_id
        sent.append((settings.notification_delay + spread * second, sent_as))
    return sent


def _permission_of(
    transaction: Transaction, owner: str, kind: str, record: Record
) -> Record | None:
    """Return the permission that an object belongs to, or None."""
    above = {"refund": "charge", "dispute": "charge", "charge": "permission"}
    kinds = {"charge": "charge", "permission": "chargePermission"}
    found: Record | None = record
    while kind in above and found is not None:
        member = above[kind]
        kind = kinds[member]
        found = transaction.find(owner, kind, found[member])
    return found if kind == "chargePermission" else None
