"""Requests and answers that a person has recorded, for `doctor` to explain."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import InvalidRequest, shown
from .findings import Finding, explained, ok, unknown, wrong
from .key_files import in_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_FIRST_LINE: Final = re.compile(r"([A-Za-z]+) (\S+)(?: HTTP/[0-9.]+)?")
_CURL: Final = re.compile(rb"(?m)^> ?([^\r\n]+)")
_EDITORS_END: Final = re.compile(rb"\r?\n\Z")
_KEY_ID: Final = re.compile(r"PublicKeyId=\"?([^,\"\s]+)")
_SIZE: Final = re.compile(r"[0-9]{1,9}")
_LONGEST_METHOD: Final = 40
_MOST_OBJECTS: Final = 100
"""After so many braces that begin no JSON, no more are tried."""
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
    """A request as it was recorded."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    is_text: bool = False
    """Whether the record is text, whose last line end may be an editor's."""

    @classmethod
    def read(cls, data: bytes) -> RecordedRequest:
        """Read a request: its text, what `curl -v` printed, or the HAR of a browser.

        Raises:
            InvalidRequest: it has another form, or lacks its body.
        """
        data = in_utf8(data).lstrip()
        if data[:1] in {b"{", b"["}:
            return cls._of_har(data)
        if not _FIRST_LINE.match(data[:_LONGEST_METHOD].decode("latin-1")):
            data = b"\n".join(_CURL.findall(data)) + b"\n\n"
        head, found, body = data.partition(b"\r\n\r\n")
        if not found:
            head, _, body = data.partition(b"\n\n")
        first, *lines = head.decode("latin-1").splitlines() or [""]
        opening = _FIRST_LINE.fullmatch(first.strip())
        lines = [line for line in lines if line.strip()]
        if opening is None or not all(":" in line for line in lines):
            raise InvalidRequest(_FORM)
        pairs = [line.split(":", 1) for line in lines]
        headers = [(name.strip(), value.strip()) for name, value in pairs]
        lengths = [text for name, text in headers if name.lower() == "content-length"]
        size = int(lengths[0]) if lengths and _SIZE.fullmatch(lengths[0]) else None
        if size and not body:
            raise InvalidRequest(
                f"the record lacks the body of {size} bytes, which curl -v does not"
                f" show; {_FORM}"
            )
        return cls(opening[1], _path(opening[2]), headers, body[:size], size is None)

    @classmethod
    def _of_har(cls, data: bytes) -> RecordedRequest:
        for one in _objects_in(data.decode(errors="replace")):
            headers = _headers_in(one.get("headers"))
            if any("AMZN-PAY-" in value for _, value in headers):
                posted = _object(one.get("postData")).get("text", one.get("body"))
                body = posted if isinstance(posted, str) else ""
                method, target = str(one.get("method")), _path(str(one.get("url")))
                return cls(method, target, headers, body.encode(errors="replace"))
        raise InvalidRequest(
            f"it is JSON, and no HAR with a request that has a signature; {_FORM}"
        )


def _path(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url) or "/"


def about_records(
    request: bytes | None,
    answer: bytes | None,
    public: RSAPublicKey | None,
    key_id: str | None,
) -> Iterator[Finding]:
    """Explain a recorded request, a failed answer, or both together.

    The public key is that of `key_id`; the request may name another one.
    """
    reason, message = _error_in(answer or b"")
    said: str | bytes | None = None
    if answer is not None and reason in {None, "InvalidRequestSignature"}:
        said = message or answer
    if request is not None:
        yield _about_request(RecordedRequest.read(request), said, public, key_id)
    if answer is not None:
        yield from _about_answer(reason, message or "", alone=request is None)


def _about_request(
    sent: RecordedRequest,
    said: str | bytes | None,
    public: RSAPublicKey | None,
    key_id: str | None,
) -> Finding:
    from .. import explain

    named = [
        id_
        for name, value in sent.headers
        if name.lower() == "authorization"
        for id_ in _KEY_ID.findall(value)
    ]
    keys: dict[str, Any] = {"public_key": public}
    if public is not None and key_id is not None and key_id not in (named or [key_id]):
        keys = {"public_key": None, "other_keys": {key_id: public}}

    def about(body: bytes) -> Finding:
        arguments = (sent.method, sent.target, sent.headers, body)
        if said is None:
            found = explain.request(*arguments, **keys)
        else:
            found = explain.answer(said, *arguments, **keys)
        return explained("signature", found)

    found, shorter = about(sent.body), _EDITORS_END.sub(b"", sent.body)
    is_as_sent = not sent.is_text or shorter == sent.body or found.status == "ok"
    return found if is_as_sent else about(shorter)


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
    """Return reason code and message of an answer, whatever stands around its JSON."""
    for members in _objects_in(in_utf8(answer).decode(errors="replace")):
        reason, message = members.get("reasonCode"), members.get("message")
        if isinstance(reason, str):
            return reason, message if isinstance(message, str) else None
    return None, None


def _objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON in a text such as a log, and those within them.

    An object may stand in a text of another one, as the body does in a HAR.
    """
    left = [text]
    while left:
        for value in _json_in(left.pop()):
            values = [value]
            while values:
                one = values.pop()
                if isinstance(one, str):
                    left.append(one)
                elif isinstance(one, list):
                    values += reversed(cast("list[object]", one))
                elif isinstance(one, dict):
                    members = cast("dict[str, Any]", one)
                    yield members
                    values += reversed(members.values())


def _json_in(text: str) -> Iterator[object]:
    """Yield a text's JSON: all of it, or each object in other text."""
    with contextlib.suppress(ValueError, RecursionError):
        yield json.loads(text)
        return
    decoder, at = json.JSONDecoder(), 0
    for _ in range(_MOST_OBJECTS):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
        else:
            yield found


def _headers_in(held: object) -> list[tuple[str, str]]:
    """Return headers in the form of a HAR, or as one object."""
    if isinstance(held, list):
        pairs = map(_object, cast("list[object]", held))
        return [(str(one.get("name")), str(one.get("value"))) for one in pairs]
    return [(name, str(value)) for name, value in _object(held).items()]


def _object(held: object) -> dict[str, Any]:
    return cast("dict[str, Any]", held) if isinstance(held, dict) else {}
