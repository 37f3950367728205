"""Requests and answers that a person has recorded, for `doctor` to explain."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import InvalidRequest, shown
from .findings import Finding, explained, ok, unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_FIRST_LINE: Final = re.compile(r"([A-Za-z]+) (\S+)(?: HTTP/[0-9.]+)?")
_FORM: Final = (
    "a recorded request is its text: METHOD PATH, one header a line, an empty line, and"
    " the body"
)
# What Amazon's answer says, if it is about key, header or signature.
_ANSWERS: Final[dict[str, tuple[str, str]]] = {
    "InvalidHeaderValue": (
        "Amazon does not accept a header, most often the key id in this region",
        "compare the key id with Seller Central, and the region with your account",
    ),
    "InvalidAuthentication": (
        "key or account are not accepted",
        "compare the key id with Seller Central",
    ),
    "DuplicateIdempotencyKey": (
        "this key was used for another body, and may have acted already",
        "find out what happened under it; never send the same intention with a new key",
    ),
    "UnauthorizedAccess": (
        "the key may not do this",
        "use a key of the account that owns the object, or a delegation token",
    ),
}


@dataclass(frozen=True)
class RecordedRequest:
    """A request as text."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> RecordedRequest:
        """Read a request.

        Raises:
            InvalidRequest: it has another form.
        """
        head, found, body = data.partition(b"\r\n\r\n")
        if not found:
            head, _, body = data.partition(b"\n\n")
        first, *lines = head.decode("latin-1").splitlines() or [""]
        opening = _FIRST_LINE.fullmatch(first.strip())
        if opening is None or not all(":" in line for line in lines):
            raise InvalidRequest(_FORM)
        target = re.sub(r"^https?://[^/]+", "", opening[2]) or "/"
        pairs = (line.split(":", 1) for line in lines)
        return cls(
            opening[1], target, [(name, value.strip()) for name, value in pairs], body
        )


def about_records(
    request: bytes | None, answer: bytes | None, public: RSAPublicKey | None
) -> Iterator[Finding]:
    """Explain a recorded request, a failed answer, or both together."""
    reason, message = _error_in(answer or b"")
    if request is not None:
        yield _about_request(request, answer, reason, message, public)
    if answer is not None:
        yield from _about_answer(reason, message or "", alone=request is None)


def _about_request(
    request: bytes,
    answer: bytes | None,
    reason: str | None,
    message: str | None,
    public: RSAPublicKey | None,
) -> Finding:
    from .. import explain

    sent = RecordedRequest.read(request)
    arguments = (sent.method, sent.target, sent.headers, sent.body)
    if answer is not None and reason in {None, "InvalidRequestSignature"}:
        found = explain.answer(message or answer, *arguments, public_key=public)
    else:
        found = explain.request(*arguments, public_key=public)
    return explained("signature", found)


def _about_answer(
    reason: str | None, message: str, *, alone: bool
) -> Iterator[Finding]:
    """Explain an answer; one about a signature is explained with its request."""
    if reason is None:
        if alone:
            yield unknown("answer", "it holds no reasonCode")
    elif reason == "InvalidRequestSignature":
        if alone:
            yield wrong(
                "signature",
                "Amazon refused the signature. Its message holds the text that it made"
                " to sign; only the request shows what differs",
                "give the request that was sent, too, by --request FILE",
            )
    elif reason == "InvalidHeaderValue" and "x-amz-pay-date" in message:
        yield wrong(
            "clock",
            "Amazon refused the date: the clock of the machine that signed is fast, at"
            " random if it is little, or the date was kept for a repeat",
            "set the system clock by NTP, and sign each attempt anew, as Client does",
        )
    elif reason in _ANSWERS:
        yield wrong("answer", *_ANSWERS[reason])
    else:
        yield ok("answer", f"{shown(reason)} is not about key or signature")


def _error_in(answer: bytes) -> tuple[str | None, str | None]:
    """Return reason code and message of an answer, with or without its headers."""
    text = answer.decode(errors="replace")
    start = text.find("{")
    try:
        members: Any = json.loads(text[start:]) if start >= 0 else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return None, None
    values = cast("dict[str, object]", members)
    reason, message = values.get("reasonCode"), values.get("message")
    return (
        reason if isinstance(reason, str) else None,
        message if isinstance(message, str) else None,
    )
