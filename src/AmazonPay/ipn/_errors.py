"""The errors of notifications. None of their texts shows a value of an envelope."""

from __future__ import annotations

from typing import ClassVar

from ..errors import AmazonPayError


class NotificationRefused(AmazonPayError):
    """A notification is not to be acted on; answer it with `status`."""

    status: ClassVar[int] = 403
    """The HTTP status to answer: Amazon sends a 403 never again, a 503 later."""


class NotificationForged(NotificationRefused):
    """It is not what Amazon Pay sends for an allowed topic, or it is too old."""


class NotificationUnverifiable(NotificationRefused):
    """It cannot be verified just now: Amazon's certificate could not be fetched."""

    status: ClassVar[int] = 503


class InboxFailed(AmazonPayError):
    """The inbox's database failed; answer a notification with 503.

    The text shows the classes of the error, and no value.
    """
