"""An explanation in words, made of the mistakes that were found."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._signing.rsa_pss import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .judge import Verdict
    from .model import Came, Mistake

_SHOWN = 24
"""The bytes of an excerpt."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place at which what was signed differs from what arrived."""

    part: str
    """`body`, or the part of the canonical request: `method`, `path`, `query`,
    `headers`; or `canonical` or `string` for the texts as a whole."""
    offset: int
    """In bytes: of the body or payload if `part` is `body`, of the string to sign if it
    is `string`, else of the canonical request."""
    signed: bytes = field(repr=False)
    """The bytes from there on that were signed, up to 24."""
    came: bytes = field(repr=False)
    """The bytes from there on that arrived, up to 24."""

    def __str__(self) -> str:
        where = {"body": "the body", "string": "the string to sign"}
        place = where.get(self.part, "the canonical request")
        return (
            f"first difference at byte {self.offset} of {place}:"
            f" {_character(self.signed)} was signed, {_character(self.came)} came"
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a signature was refused, or that it holds.

    Neither `repr` nor `str` shows more of a request than one character.
    """

    name: str
    """The mistakes' names, joined by `+`; `holds`, or `unknown`."""
    headline: str
    cause: str
    fix: str
    proof: str
    """What is proved, and how."""
    mistakes: tuple[str, ...] = ()
    difference: Difference | None = None
    key_is_right: bool | None = None
    """Whether this signature proves that the key pair is right; None if it does not
    show it."""
    guesses: int = 0
    """How many texts were tried."""
    canonical: bytes = field(default=b"", repr=False)
    """The canonical request of what arrived, or the payload: compare it with yours."""
    signed: bytes = field(default=b"", repr=False)
    """What was signed instead, if that is known: the body or payload if `part` of the
    difference is `body`, the string to sign if it is `string`, else the canonical
    request."""

    def __str__(self) -> str:
        lines = [self.headline]
        difference = f" ({self.difference})" if self.difference else ""
        for name in ("cause", "fix", "proof"):
            text: str = getattr(self, name)
            if text:
                more = difference if name == "cause" else ""
                lines.append(f"{name:5}  {text}{more}")
        return "\n".join(lines)

    def as_facts(self) -> dict[str, object]:
        """Return the explanation as JSON values, such as for a log of your own."""
        facts: dict[str, object] = {
            name: getattr(self, name)
            for name in ("name", "headline", "cause", "fix", "proof", "guesses")
        }
        facts["keyIsRight"] = self.key_is_right
        facts["difference"] = None
        if self.difference is not None:
            facts["difference"] = {
                "part": self.difference.part,
                "offset": self.difference.offset,
                "signed": self.difference.signed.decode(errors="replace"),
                "came": self.difference.came.decode(errors="replace"),
            }
        return facts


def _character(data: bytes) -> str:
    """Return a name for the first character of an excerpt."""
    if not data:
        return "nothing more"
    text = data.decode(errors="replace")[:1]
    named = {" ": "a blank", "\n": "a line feed", "\r": "a carriage return"}
    if text in named:
        return named[text]
    if text.isprintable():
        return f"'{text}'"
    return unicodedata.name(text, f"the byte 0x{data[0]:02x}")


def first_difference(part: str, signed: bytes, came: bytes) -> Difference | None:
    """Return the first difference of two texts, or None if they are equal."""
    if signed == came:
        return None
    pairs = zip(signed, came, strict=False)
    shorter = min(len(signed), len(came))
    offset = next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)
    end = offset + _SHOWN
    return Difference(part, offset, signed[offset:end], came[offset:end])


def of_rows(  # noqa: PLR0913 - what an explanation is made of
    rows: tuple[Mistake, ...],
    *,
    verdict: Verdict | None = None,
    canonical: bytes = b"",
    difference: Difference | None = None,
    hint: tuple[str, ...] = (),
    signed: bytes = b"",
) -> Explanation:
    """Return the explanation for mistakes that are known; none means it holds."""
    cause = _joined(row.cause for row in rows)
    if hint:
        cause += f" Amazon's string fits after one change: {' and '.join(hint)}."
    return Explanation(
        "+".join(row.name for row in rows) or "holds",
        _joined(row.headline for row in rows) or "The signature holds.",
        cause,
        _joined(row.fix for row in rows),
        "" if verdict is None else _proof(verdict),
        tuple(row.name for row in rows),
        difference,
        None if verdict is None else _key_is_right(verdict),
        0 if verdict is None else verdict.guesses,
        canonical if verdict is None else verdict.canonical,
        signed,
    )


def explained(
    came: Came, verdict: Verdict, signed: tuple[bytes, ...] = ()
) -> Explanation:
    """Return the explanation for a verdict other than `holds`."""
    rows = verdict.mistakes
    found = verdict.found
    if found is not None:
        part = found.part or "string"
        difference = first_difference(part, found.signed, found.came)
        return of_rows(
            rows, verdict=verdict, difference=difference, signed=found.signed
        )
    if verdict.opened is None:
        return of_rows(rows, verdict=verdict)
    if {row.name for row in rows} & {"altered", "altered_button"}:
        part = "body" if came.is_button else "canonical"
        given = signed[0]
        right = verdict.canonical
        if not came.is_button and given.partition(b"\n")[0].decode() in ALGORITHMS:
            part, right = "string", came.message(right)
        difference = first_difference(part, given, right)
        return of_rows(rows, verdict=verdict, difference=difference, signed=given)
    return _unknown(came, verdict)


def _unknown(came: Came, verdict: Verdict) -> Explanation:
    """Return the explanation of a text that no mistake explains."""
    rows = verdict.mistakes
    what = "payload" if came.is_button else "canonical request"
    text = (
        f"The text that was signed is another one, and none of {verdict.guesses} usual"
        f" changes of what came explains it."
    )
    cause = (
        "An amount, a URL or a whole member was changed after signing."
        if came.is_button
        else "A value differs, such as an id, a date or an amount; or the parts are"
        " joined in an unusual way."
    )
    fix = (
        f"Print the {what} that you sign, and compare it with the one that came, in"
        " `canonical`; or pass it as `signed`."
    )
    right = _key_is_right(verdict)
    lead = "The key is right, the text is not. " if right and not rows else ""
    return Explanation(
        "+".join([*(row.name for row in rows), "unknown"]),
        _joined([*(row.headline for row in rows), lead + text]),
        _joined([*(row.cause for row in rows), cause]),
        _joined([*(row.fix for row in rows), fix]),
        _proof(verdict),
        tuple(row.name for row in rows),
        None,
        right,
        verdict.guesses,
        verdict.canonical,
    )


def _key_is_right(verdict: Verdict) -> bool | None:
    if verdict.key_name is not None:
        return False
    return True if verdict.proves_key else None


def _joined(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(text for text in texts if text))


def _proof(verdict: Verdict) -> str:
    opened = verdict.opened
    if opened is None:
        return "Nothing is proved: no known key opens the signature."
    owner = (
        f"the key {verdict.key_name}" if verdict.key_name else "the key that is named"
    )
    scheme = (
        f"RSASSA-PSS with a salt of {len(opened.salt)} bytes"
        if opened.scheme == "PSS"
        else "PKCS #1 v1.5"
    )
    text = f"The signature opens with {owner}: {scheme}"
    if opened.hash is not None:
        text += f", {opened.hash.upper()}"
    if opened.scheme == "PSS" and opened.mask_hash != opened.hash:
        text += f", MGF1 with {opened.mask_hash.upper()}"
    if verdict.found is None:
        return f"{text}. So the private key is that key's, whatever was signed."
    if not verdict.found.mistakes:
        return f"{text}; and it covers the text that came."
    changes = len(verdict.found.mistakes)
    return (
        f"{text}; and it verifies for the text that came after"
        f" {'this change' if changes == 1 else 'these two changes'} (guess"
        f" {verdict.guesses})."
    )
