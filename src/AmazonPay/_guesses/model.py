"""A guess about Amazon Pay, which an account in sandbox can decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ACCEPTED: Final = "accepted"
"""The answer of a call that is not refused."""
REFUSAL: Final = r"accepted|[45][0-9]{2} [A-Za-z0-9]{1,64}"
"""The form of an answer: `accepted`, or status and reason code of a refusal."""
REFUSED: Final = r"[45][0-9]{2} [A-Za-z0-9]{1,64}"
"""The form of an answer where nothing else than a refusal can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One guess: a row of `docs/simulator.md`, a question, and the answers to it."""

    id: str
    point: str
    """What it is about: the first cell of the row, and then the other ones."""
    says: str
    """What Amazon's documentation says."""
    does: str
    """What the simulator does unless something else was observed."""
    file: str
    """Where the simulator does it."""
    question: str
    guessed: str
    """The answer of the simulator in its default profile."""
    form: str
    """A regular expression for the answers."""
    also: tuple[str, ...] = ()
    """Points of other rows that this decides, too."""

    def takes(self, answer: object) -> bool:
        """Return whether a value is a possible answer to the question."""
        return isinstance(answer, str) and re.fullmatch(self.form, answer) is not None

    @property
    def row(self) -> str:
        """The row in `docs/simulator.md`."""
        return f"| {self.point} | {self.says} | {self.does} | `{self.file}` |"
