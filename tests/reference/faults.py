"""What each fault does to a call: written down from the rules, and shown in the docs.

A fault either leaves no doubt (nothing was sent, or the answer is a definite no), or
it does: then a read is sent again, a call that acts is sent again by its class, and the
outcome of one that acts is unknown.
"""

from __future__ import annotations

from typing import NamedTuple

CLASSES = ("read", "key", "state", "reference", "once")

EVERYTHING = "all five"
NOT_ONCE = "all but `once`"
NOTHING = "none"
AGAIN = {EVERYTHING: CLASSES, NOT_ONCE: CLASSES[:-1], NOTHING: ()}


class Row(NamedTuple):
    """One fault."""

    name: str
    again: str
    """Which classes are sent again."""
    doubt: bool
    """Whether the outcome of a call that acts is unknown."""
    gets: str
    """What the caller gets when the fault stays: an error, or a status."""


FAULTS = [
    Row("name not found", EVERYTHING, False, "ConnectionFailed"),
    Row("connection refused", EVERYTHING, False, "ConnectionFailed"),
    Row("certificate not trusted", NOTHING, False, "CertificateRefused"),
    Row("closed during the TLS handshake", EVERYTHING, False, "ConnectionFailed"),
    Row("silent during the TLS handshake", EVERYTHING, False, "ConnectionFailed"),
    Row("closed before the request was read", NOT_ONCE, True, "ConnectionLost"),
    Row("reset in the middle of the request", NOT_ONCE, True, "ConnectionLost"),
    Row("closed without an answer", NOT_ONCE, True, "ConnectionLost"),
    Row("no answer in time", NOT_ONCE, True, "TimedOut"),
    Row("half the head of an answer", NOT_ONCE, True, "ConnectionLost"),
    Row("half the body of an answer", NOT_ONCE, True, "ConnectionLost"),
    Row("half the body, then silence", NOT_ONCE, True, "TimedOut"),
    Row("bytes that are no HTTP", NOT_ONCE, True, "ConnectionLost"),
    Row("200 with HTML of a gateway", NOTHING, True, "200"),
    Row("200 with half a JSON", NOTHING, True, "200"),
    Row("408", NOT_ONCE, True, "408"),
    Row("425", NOT_ONCE, True, "425"),
    Row("429", NOT_ONCE, False, "429"),
    Row("500", NOT_ONCE, True, "500"),
    Row("502 with HTML of a gateway", NOT_ONCE, True, "502"),
    Row("503", NOT_ONCE, True, "503"),
    Row("504 without a body", NOT_ONCE, True, "504"),
    Row("507, which nobody expects", NOTHING, True, "507"),
    Row("400", NOTHING, False, "400"),
    Row("403", NOTHING, False, "403"),
    Row("404", NOTHING, False, "404"),
    Row("422", NOTHING, False, "422"),
    Row("302 to another place", NOTHING, False, "302"),
]


def as_markdown() -> str:
    """Write the table for the page."""
    lines = [
        "| fault, at every attempt | sent again | a call that acts | the caller gets |",
        "|---|---|---|---|",
    ]
    for row in FAULTS:
        what = f"a response, {row.gets}" if row.gets.isdigit() else f"`{row.gets}`"
        doubt = "**unknown**" if row.doubt else "nothing was carried out"
        lines.append(f"| {row.name} | {row.again} | {doubt} | {what} |")
    return "\n".join(lines)
