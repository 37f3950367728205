"""What the tests of all views share: what is posted, and an inbox that a test reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from AmazonPay.ipn import LARGEST_BODY, InboxFailed, Verifier
from forgeries import GENUINE, LEAF, NOW, TOPIC, body

if TYPE_CHECKING:
    from AmazonPay.ipn import Notification

HEADERS = {
    "content-type": "text/plain; charset=UTF-8",
    "x-amz-sns-message-type": "Notification",
    "user-agent": "Amazon Simple Notification Service Agent",
}


class Kept:
    """An inbox with nothing but `receive`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.notifications: list[Notification] = []

    def receive(self, notification: Notification, /) -> bool:
        if self.error is not None:
            raise self.error
        self.notifications.append(notification)
        return True


def verifier(error: Exception | None = None) -> Verifier:
    def fetch(url: str) -> bytes:
        del url
        if error is not None:
            raise error
        return LEAF

    return Verifier([TOPIC], fetch=fetch, clock=lambda: NOW)


# What is posted, what goes wrong in the verifier and the inbox, and what is answered.
POSTS: dict[str, tuple[bytes, Any, Any, int]] = {
    "genuine": (body(GENUINE), None, None, 200),
    "forged": (body({**GENUINE, "Message": "{}"}), None, None, 403),
    "empty": (b"", None, None, 403),
    "not JSON": (b"Message=1&x=%zz", None, None, 403),
    "not text": (b"\xff\xfe\x00", None, None, 403),
    "without a certificate": (body(GENUINE), OSError("x"), None, 503),
    "without a database": (body(GENUINE), None, InboxFailed("x"), 503),
    "at the limit": (b" " * LARGEST_BODY, None, None, 403),
    "too large": (b" " * (LARGEST_BODY + 1), None, None, 413),
}
