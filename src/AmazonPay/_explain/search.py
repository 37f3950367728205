"""Find the mistakes, one or two, that turn what arrived into what was signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from . import body_rows, digest_rows, header_rows, path_rows, string_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .model import Came, Mistake, Part

_PARTS = path_rows.ROWS + header_rows.ROWS + body_rows.ROWS + digest_rows.ROWS
_WHOLE = string_rows.CANONICAL_ROWS
_STRINGS = string_rows.STRING_ROWS
_OF_PART: dict[Part, tuple[Mistake, ...]] = {
    part: tuple(row for row in _PARTS if row.part == part)
    for part in ("method", "path", "query", "headers", "body")
}
ROWS = {row.name: row for row in (*_PARTS, *_WHOLE, *_STRINGS)}

_LARGEST_PAIRED = 8 * 1024
"""Two mistakes in one body are sought up to so many bytes, for that takes time."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was signed, and the mistakes that made it of what arrived."""

    mistakes: tuple[Mistake, ...]
    part: Part | None
    """The first part that differs; None if what arrived was signed."""
    signed: bytes = field(repr=False)
    """The part as it was signed: a body's own bytes, else a canonical request or a
    string to sign."""
    came: bytes = field(repr=False)
    """The same part of what arrived."""


class _Variant(NamedTuple):
    """Another value of one part of the request, and the mistakes that make it."""

    part: Part
    place: int
    """The number of the part."""
    value: Any
    rendered: bytes
    rows: tuple[Mistake, ...]
    paired: bool


_Guess: TypeAlias = "tuple[bytes, tuple[_Variant, ...], tuple[Mistake, ...], bytes]"
"""Message, other parts, mistakes in the whole, and canonical request: a plain tuple,
for thousands are made."""


class Search:
    """The search for the text that a sender has signed, given what has arrived.

    `guesses` is the number of texts that were tried so far.
    """

    def __init__(self, came: Came) -> None:
        self.came = came
        self.guesses = 0
        self._base = came.parts()
        self._pieces = [came.rendered(part, self._base[part]) for part in self._base]
        self.canonical = b"\n".join(self._pieces)
        self._start = f"{came.algorithm}\n".encode()

    def run(self, covers: Callable[[bytes], bool]) -> Found | None:
        """Return what a signature covers, with as few mistakes as possible."""
        paired: list[_Variant] = []
        for guess in self._one_mistake(paired):
            self.guesses += 1
            if covers(guess[0]):
                return self._found(guess)
        found = self._in_two_parts(paired, covers)
        if found is not None:
            return self._found(found)
        for guess in self._two_mistakes(paired):
            self.guesses += 1
            if covers(guess[0]):
                return self._found(guess)
        return None

    def _one_mistake(self, paired: list[_Variant]) -> Iterator[_Guess]:
        """Yield the guesses without a mistake and with one; collect those to pair."""
        message, canonical = self.came.message, self.canonical
        yield message(canonical), (), (), canonical
        yield from self._whole_texts((), canonical)
        for place, part in enumerate(self._base):
            for one in self._single_mistakes(place, part):
                if one.paired:
                    paired.append(one)
                text = self._with(one)
                yield message(text), (one,), (), text

    def _in_two_parts(
        self, singles: list[_Variant], covers: Callable[[bytes], bool]
    ) -> _Guess | None:
        """Try all guesses with one mistake in each of two parts.

        Most of the time is spent here, so it calls no function that it can do without.
        """
        start = self._start
        join, pieces = b"\n".join, self._pieces[:]
        for number, one in enumerate(singles):
            kept, pieces[one.place] = pieces[one.place], one.rendered
            for two in singles[number + 1 :]:
                place = two.place
                if place != one.place:
                    before, pieces[place] = pieces[place], two.rendered
                    text = join(pieces)
                    pieces[place] = before
                    self.guesses += 1
                    message = start + sha256(text).hexdigest().encode()
                    if covers(message):
                        return message, (one, two), (), text
            pieces[one.place] = kept
        return None

    def _two_mistakes(self, singles: list[_Variant]) -> Iterator[_Guess]:
        """Yield the other guesses with two mistakes."""
        start = self._start
        yield from self._two_whole_texts()
        for one in singles:
            yield from self._whole_texts((one,), self._with(one), paired=True)
        # Bodies first: most mistakes are made there.
        for one in sorted(singles, key=lambda one: one.part != "body"):
            for both in self._second_mistakes(one):
                text = self._with(both)
                # The same as `Came.message`, in place: a thousand are made.
                message = start + sha256(text).hexdigest().encode()
                yield message, (both,), (), text

    def _whole_texts(
        self,
        variants: tuple[_Variant, ...],
        canonical: bytes,
        *,
        paired: bool = False,
    ) -> Iterator[_Guess]:
        """Yield each mistake in the canonical request or string to sign as a whole."""
        for row in () if self.came.is_button else _WHOLE:
            for text in islice(
                row.variants(self.came, canonical), row.paired if paired else None
            ):
                if text != canonical:
                    yield self.came.message(text), variants, (row,), text
        for row in _STRINGS:
            for message in islice(
                row.variants(self.came, canonical), row.paired if paired else None
            ):
                yield message, variants, (row,), canonical

    def _two_whole_texts(self) -> Iterator[_Guess]:
        for row in () if self.came.is_button else _WHOLE:
            for text in row.variants(self.came, self.canonical):
                for second in _STRINGS:
                    for message in second.variants(self.came, text):
                        yield message, (), (row, second), text

    def _single_mistakes(self, place: int, part: Part) -> Iterator[_Variant]:
        """Yield each other value of a part that one mistake makes."""
        seen = {self._pieces[place]}
        for row in _OF_PART[part]:
            number = 0
            for other in row.variants(self.came, self._base[part]):
                rendered = self.came.rendered(part, other)
                if rendered not in seen:
                    seen.add(rendered)
                    number += 1
                    paired = number <= row.paired
                    yield _Variant(part, place, other, rendered, (row,), paired)

    def _second_mistakes(self, one: _Variant) -> Iterator[_Variant]:
        """Yield each value that a second mistake in the same part makes.

        The tables have first what is done first: values before their encoding.
        """
        part, place, value = one.part, one.place, one.value
        if isinstance(value, str) and part == "body":
            return  # a finished hash
        if part == "body" and len(self.came.body) > _LARGEST_PAIRED:
            return
        seen = {self._pieces[place], one.rendered}
        rows = _OF_PART[part]
        for row in rows[rows.index(one.rows[0]) + 1 :]:
            left = row.paired
            # Make only the variants that are tried: most of the time is spent here.
            for other in row.variants(self.came, value) if left else ():
                rendered = self.came.rendered(part, other)
                if rendered not in seen:
                    seen.add(rendered)
                    both = (*one.rows, row)
                    yield _Variant(part, place, other, rendered, both, paired=True)
                    left -= 1
                    if not left:
                        break

    def _with(self, variant: _Variant) -> bytes:
        pieces = self._pieces[:]
        pieces[variant.place] = variant.rendered
        return b"\n".join(pieces)

    def _found(self, guess: _Guess) -> Found:
        message, variants, wholes, canonical = guess
        rows = (*(row for one in variants for row in one.rows), *wholes)
        if not rows:
            return Found((), None, self.canonical, self.canonical)
        body = next((one for one in variants if one.part == "body"), None)
        if body is not None and isinstance(body.value, bytes):
            return Found(rows, "body", body.value, self.came.body)
        if canonical != self.canonical:
            return Found(rows, rows[0].part, canonical, self.canonical)
        return Found(rows, "string", message, self.came.message(canonical))
