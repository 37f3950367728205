"""Read the message inside of an envelope."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._errors import NotificationForged
from ._json import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ._envelope import Envelope

OBJECT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")

# Each member, the name that an early document had for it, and its form.
_MEMBERS = {
    "MerchantID": ("merchantId", OBJECT_ID),
    "ObjectType": ("objectType", _WORD),
    "ObjectId": ("objectId", OBJECT_ID),
    "ChargePermissionId": ("chargePermissionId", OBJECT_ID),
    "NotificationType": ("notificationType", _WORD),
    "NotificationId": ("notificationId", OBJECT_ID),
}
_OPTIONAL = frozenset({"ChargePermissionId"})


@dataclass(frozen=True, slots=True)
class Notification:
    """A verified notification: it names an object, whose state a GET shows.

    Amazon's page: `amazon-pay-checkout/set-up-instant-payment-notifications.html`.
    """

    message_id: str
    """The id of the envelope; a repeated delivery has the same one."""
    topic_arn: str
    object_type: str
    """`CHARGE_PERMISSION`, `CHARGE`, `REFUND` or `CHARGEBACK`; later ones may come."""
    object_id: str
    notification_type: str
    """`STATE_CHANGE`; Amazon also lists `ATTRIBUTE_CHANGE`."""
    charge_permission_id: str | None
    merchant_id: str
    notification_id: str
    timestamp: datetime
    """When Amazon sent it first, in UTC."""
    members: Mapping[str, object] = field(hash=False)
    """All members of the message, as they came."""


def read_notification(envelope: Envelope) -> Notification:
    """Return the notification in an envelope.

    Raises:
        NotificationForged: its message is none of Amazon Pay.
    """
    members = read_object(envelope.message, "the message")
    texts = {name: _text(members, name) for name in _MEMBERS}
    return Notification(
        message_id=envelope.message_id,
        topic_arn=envelope.topic_arn,
        object_type=str(texts["ObjectType"]),
        object_id=str(texts["ObjectId"]),
        notification_type=str(texts["NotificationType"]),
        charge_permission_id=texts["ChargePermissionId"],
        merchant_id=str(texts["MerchantID"]),
        notification_id=str(texts["NotificationId"]),
        timestamp=envelope.timestamp,
        members=members,
    )


def _text(members: dict[str, object], name: str) -> str | None:
    early, form = _MEMBERS[name]
    if name in members and early in members:
        raise NotificationForged(f"the message has {name} in two spellings")
    value = members.get(name, members.get(early))
    if (value is None or value == "") and name in _OPTIONAL:
        return None
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise NotificationForged(f"the message has no {name} of Amazon Pay's form")
    return value
