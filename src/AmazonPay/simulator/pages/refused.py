"""The page of a wrong signature: what Amazon shows, and for the developer why."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from . import web

if TYPE_CHECKING:
    from ... import explain
    from ..wire.messages import HTTPResponse

CODE: Final = "InvalidSignatureError"

_BEFORE = 48
"""The bytes before the first difference that are shown."""
_SHOWN = 24
"""The bytes of an excerpt that is cut off."""
_VISIBLE = str.maketrans({"\r": "␍", "\n": "␊", "\t": "␉"})


def message(payload: str, signature: str, algorithm: str, merchant_id: str) -> str:
    """Return the message of Amazon's page, with the string that it computed."""
    digest = sha256(payload.encode(errors="surrogatepass")).hexdigest()
    return (
        f"Signature {signature} does not match signedString {algorithm} {digest} for"
        f" merchant {merchant_id}"
    )


def page(
    explanation: explain.Explanation, *, payload: str, **shown: str
) -> HTTPResponse:
    """Return the page of a refused signature; its template also gets `shown`."""
    return web.page(
        "refused",
        400,
        code=CODE,
        why=explanation,
        texts=_texts(explanation),
        payload=_indented(payload),
        **shown,
    )


def _texts(explanation: explain.Explanation) -> dict[str, Any] | None:
    """Return the text that was signed beside the one that came, if it is known."""
    difference = explanation.difference
    if difference is None:
        return None
    whole = explanation.canonical if difference.part == "body" else b""
    end = min(difference.offset, len(whole))
    # A character that differs in a later byte only is shown as a whole.
    if end and (_is_inside(difference.signed) or _is_inside(difference.came)):
        end -= 1
        while end and _is_inside(whole[end:]):
            end -= 1
    shared = whole[end : difference.offset]
    start = max(0, end - _BEFORE)
    while _is_inside(whole[start:end]):
        start += 1
    return {
        "offset": difference.offset,
        "of": "payload" if difference.part == "body" else "string to sign",
        "before": ("…" if start else "") + _visible(whole[start:end]),
        "signed": _marked(shared, difference.signed),
        "came": _marked(shared, difference.came),
    }


def _is_inside(data: bytes) -> bool:
    """Return whether bytes begin inside a character of UTF-8."""
    return data[:1] != b"" and data[0] & 0xC0 == 0x80  # noqa: PLR2004 - as UTF-8 is made


def _visible(data: bytes) -> str:
    """Return bytes as text in which line ends and tabs can be seen."""
    return data.decode(errors="ignore").translate(_VISIBLE)


def _marked(shared: bytes, excerpt: bytes) -> tuple[str, str]:
    """Return the first character of an excerpt, and the rest of it."""
    text = _visible(shared + excerpt)
    if not text:
        return "end of text", ""
    more = "…" if len(excerpt) >= _SHOWN else ""
    return {" ": "␠"}.get(text[0], text[0]), text[1:] + more


def _indented(payload: str) -> str:
    try:
        return json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return payload
