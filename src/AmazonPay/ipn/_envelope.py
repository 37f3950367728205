"""Read an envelope of Amazon SNS, and write the text that its signature covers.

`docs.aws.amazon.com/sns/latest/dg/http-notification-json.html` and
`…/sns-verify-signature-of-message-verify-message-signature.html`.

The signed text is not injective: a line feed inside of a value could move text from
one member to another under the same signature. So every member but `Message` has a
form in which no control character fits, and is checked before anything is hashed.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from ..errors import InvalidRequest
from ._errors import NotificationForged
from ._json import read_object

LARGEST_BODY: Final = 256 * 1024
"""The most bytes of a body that is read; Amazon SNS takes no longer message."""

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"

TOPIC: Final = re.compile(
    r"arn:aws:sns:(?P<region>[a-z]{2}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2})"
    r":[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_MEMBER = 8192

# The members that are signed, in their order.
_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn"),
        "Type",
    ),
}
# Members that are not signed, by type. `MessageAttributes` comes with messages that
# have some; nothing here reads it.
_ALSO: Final = {
    NOTIFICATION: ("UnsubscribeURL", "MessageAttributes"),
    CONFIRMATION: ("MessageAttributes",),
}
_OPTIONAL: Final = frozenset({"Subject", "UnsubscribeURL", "MessageAttributes"})
# What copies delivered by AWS Lambda call some members.
_OTHER_SPELLINGS: Final = {
    "SigningCertUrl": "SigningCertURL",
    "UnsubscribeUrl": "UnsubscribeURL",
    "SubscribeUrl": "SubscribeURL",
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope whose form is right; who sent it is not known yet."""

    message: str
    message_id: str
    topic_arn: str
    timestamp: datetime
    signature_version: str
    signature: bytes
    certificate_url: str
    signed_text: bytes
    subscribe_url: str | None
    token: str | None


def checked_body(body: object) -> bytes:
    """Return the bytes of a body.

    Raises:
        InvalidRequest: the caller passes something else than bytes.
        NotificationForged: the body has more than `LARGEST_BODY` bytes.
    """
    try:
        data = memoryview(cast("bytes", body))
    except TypeError:
        raise InvalidRequest(
            f"the body is a {type(body).__name__}; pass the bytes of the request as"
            " they came: a text that was decoded and encoded again may differ"
        ) from None
    if data.nbytes > LARGEST_BODY:
        raise NotificationForged(f"the body has more than {LARGEST_BODY} bytes")
    return bytes(data)


def read_envelope(body: object, expected: str = NOTIFICATION) -> Envelope:
    """Return the envelope in a body, which must be of the expected type.

    Raises:
        InvalidRequest: the caller passes something else than bytes.
        NotificationForged: the body is no envelope of that type.
    """
    try:
        text = checked_body(body).decode()
    except UnicodeDecodeError:
        raise NotificationForged("the body is not UTF-8") from None
    members = _with_one_spelling(read_object(text, "the body"))
    _check_type(members, expected)
    known = {*_SIGNED[expected], *_ALSO[expected]}
    known |= {"Signature", "SignatureVersion", "SigningCertURL"}
    if members.keys() - known:
        raise NotificationForged("the envelope has a member that SNS does not send")
    texts = _texts(members, known)
    match = TOPIC.fullmatch(texts["TopicArn"])
    if match is None or _UUID.fullmatch(texts["MessageId"]) is None:
        raise NotificationForged("MessageId or TopicArn has another form than at SNS")
    return Envelope(
        message=texts["Message"],
        message_id=texts["MessageId"],
        topic_arn=texts["TopicArn"],
        timestamp=_moment(texts["Timestamp"]),
        signature_version=texts["SignatureVersion"],
        signature=_signature(texts["Signature"]),
        certificate_url=texts["SigningCertURL"],
        signed_text=signed_text(expected, texts),
        subscribe_url=texts.get("SubscribeURL"),
        token=texts.get("Token"),
    )


def signed_text(kind: str, texts: dict[str, str]) -> bytes:
    """Return what the signature of an envelope covers."""
    present = [name for name in _SIGNED[kind] if name in texts]
    return "".join(f"{name}\n{texts[name]}\n" for name in present).encode()


def region_of(topic_arn: str) -> str:
    """Return the region of a topic."""
    return topic_arn.split(":")[3]


def _with_one_spelling(members: dict[str, object]) -> dict[str, object]:
    renamed: dict[str, object] = {}
    for name, value in members.items():
        name = _OTHER_SPELLINGS.get(name, name)  # noqa: PLW2901 - one name from here on
        if name in renamed:
            raise NotificationForged(f"the envelope has {name} in two spellings")
        renamed[name] = value
    return renamed


def _check_type(members: dict[str, object], expected: str) -> None:
    kind = members.get("Type")
    if kind == expected:
        return
    if kind is None and not members.keys().isdisjoint({"ObjectType", "objectType"}):
        raise NotificationForged(
            "the message came without its envelope, and so without a signature: switch"
            " raw message delivery off for this subscription"
        )
    if kind == CONFIRMATION:
        raise NotificationForged(
            "the envelope asks to confirm a subscription, which only"
            " confirm_subscription() does"
        )
    raise NotificationForged(f"the envelope is no {expected}")


def _texts(members: dict[str, object], known: set[str]) -> dict[str, str]:
    """Return the members that are texts; an optional one may be null or absent."""
    texts: dict[str, str] = {}
    for name in known:
        value = members.get(name)
        if name in _OPTIONAL and (value is None or name == "MessageAttributes"):
            continue
        if not isinstance(value, str):
            raise NotificationForged(f"the envelope has no text as {name}")
        if name != "Message" and (
            len(value) > _LONGEST_MEMBER or _CONTROL.search(value)
        ):
            raise NotificationForged(f"{name} is too long, or has a control character")
        texts[name] = value
    return texts


def _moment(text: str) -> datetime:
    """Return the time of an envelope: `2026-01-01T12:00:00.000Z`."""
    try:
        if _TIMESTAMP.fullmatch(text) is None:
            raise ValueError(text)  # noqa: TRY301 - as for a date that no calendar has
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotificationForged("Timestamp has another form than at SNS") from None


def _signature(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise NotificationForged("Signature is not base64") from None
