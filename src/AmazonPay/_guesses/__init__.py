"""The simulator's guesses, as data: each question, and the answer that is assumed.

`amazonpay conformance` asks a sandbox account, and the simulator takes the answers. The
rows of `docs/simulator.md`, "Where we guessed", are made of the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .calls import CALLS
from .payments import PAYMENTS
from .sessions import SESSIONS
from .undecided import UNDECIDED as UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Guess

GUESSES: Final[Mapping[str, Guess]] = {
    one.id: one for one in (*CALLS, *SESSIONS, *PAYMENTS)
}
"""By id, in the order in which they are asked."""

FORMAT: Final = 1
"""The version of a file of observations."""
