"""What was signed beside what came: the canonical request, line by line."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from ..._signing import ALGORITHMS
from ..wire.explanations import explanation_of, key_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...explain import Explanation
    from ..merchants import Merchant
    from ..wire.messages import Request

HIDDEN: Final = frozenset(
    {"cookie", "proxy-authorization", "x-amz-pay-authtoken", "x-simulator-token"}
)
"""The headers of which only the length is shown."""

_BEFORE: Final = 60
_AFTER: Final = 400
_MOST_LINES: Final = 200
_LONGEST_LINE: Final = 2_000
_SECRET_LINE = re.compile(rf"^({'|'.join(sorted(HIDDEN))}):(.*)$", re.IGNORECASE)


def shown_header(name: str, value: str) -> str:
    """Return the value of a header as the console shows it."""
    if name.lower() not in HIDDEN:
        return value
    return f"(hidden, {len(value)} characters)"


def signature(request: Request, merchants: Mapping[str, Merchant]) -> dict[str, Any]:
    """Return whether a signature holds and why, and both sides of what it covers."""
    why = explanation_of(request, merchants)
    return {
        "holds": why.name == "holds",
        "publicKeyId": key_id_of(request),
        "algorithm": (request.header("authorization") or "").partition(" ")[0],
        "explanation": why.as_facts(),
        **sides(why, request.body),
    }


def sides(why: Explanation, body: bytes) -> dict[str, Any]:
    """Return the two texts of an explanation, their lines in pairs."""
    came = why.canonical
    part = why.difference.part if why.difference is not None else None
    signed = came if why.name == "holds" else b""
    of = "canonical request"
    if part == "body" and why.signed:
        head = came.rpartition(b"\n")[0]
        signed = head + b"\n" + sha256(why.signed).hexdigest().encode()
    elif part == "string" and why.signed:
        name = why.signed.partition(b"\n")[0].decode(errors="replace")
        name = name if name in ALGORITHMS else "AMZN-PAY-RSASSA-PSS"
        came = f"{name}\n{sha256(came).hexdigest()}".encode()
        signed, of = why.signed, "string to sign"
    elif why.signed:
        signed = why.signed
    made: dict[str, Any] = {"of": of, "known": bool(signed)}
    made["lines"] = _pairs(_lines(signed) if signed else None, _lines(came))
    if part == "body" and why.signed and why.difference is not None:
        made["body"] = _excerpts(why.signed, body, why.difference.offset)
    return made


def _lines(text: bytes) -> list[str]:
    lines = text.decode(errors="replace").split("\n")[:_MOST_LINES]
    return [_SECRET_LINE.sub(r"\1:(hidden)", line)[:_LONGEST_LINE] for line in lines]


def _pairs(signed: list[str] | None, came: list[str]) -> list[dict[str, Any]]:
    """Return lines side by side; those that differ say from which character on."""
    if signed is None:
        return [{"signed": None, "came": line, "at": None} for line in came]
    pairs: list[dict[str, Any]] = []
    matched = SequenceMatcher(None, signed, came, autojunk=False)
    for tag, start, end, begin, until in matched.get_opcodes():
        for left, right in zip_longest(signed[start:end], came[begin:until]):
            at = None if tag == "equal" else _first_difference(left, right)
            pairs.append({"signed": left, "came": right, "at": at})
    return pairs


def _first_difference(left: str | None, right: str | None) -> int:
    if left is None or right is None:
        return 0
    pairs = zip(left, right, strict=False)
    shorter = min(len(left), len(right))
    return next((at for at, (a, b) in enumerate(pairs) if a != b), shorter)


def _excerpts(signed: bytes, came: bytes, offset: int) -> dict[str, Any]:
    """Return both bodies around their first difference."""
    start = max(0, offset - _BEFORE)

    def text(data: bytes) -> str:
        return data.decode(errors="ignore")

    return {
        "offset": offset,
        "before": ("…" if start else "") + text(came[start:offset]),
        "signed": text(signed[offset : offset + _AFTER]),
        "came": text(came[offset : offset + _AFTER]),
        "signedSize": len(signed),
        "cameSize": len(came),
        "signedHash": sha256(signed).hexdigest(),
        "cameHash": sha256(came).hexdigest(),
    }
