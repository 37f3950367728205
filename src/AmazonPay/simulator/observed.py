"""What was observed at Amazon, in the place of our guesses.

`amazonpay conformance` asks a sandbox account; its file holds one answer for each guess
that was decided. A simulator that takes it behaves so, whatever its profile says.
"""

from __future__ import annotations

import contextlib
import json
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from .._guesses import FORMAT, GUESSES
from .._guesses.model import ACCEPTED
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Mapping

    from .settings import Settings
    from .wire.errors import APIRefusal

_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Observed:
    """Answers to guesses, by the ids of `amazonpay conformance`.

    Raises:
        ConfigurationError: a name is no guess, or its answer is not one of the guess.
    """

    answers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for name, answer in self.answers.items():
            guess = GUESSES.get(name)
            if guess is None:
                raise ConfigurationError(f"there is no guess {name!r}")
            if not guess.takes(answer):
                raise ConfigurationError(
                    f"{answer!r} is no answer to the guess {name!r}"
                )
        object.__setattr__(self, "answers", MappingProxyType(dict(self.answers)))

    def applied_to(self, settings: Settings) -> Settings:
        """Return the settings, with observed answers in place of guessed ones."""
        for name, change in _SETTINGS.items():
            if name in self.answers:
                settings = replace(settings, **change(settings, self.answers[name]))
        return settings


def read_observed(path: str | os.PathLike[str]) -> Observed:
    """Return the observations in a file that `amazonpay conformance --json` has made.

    Guesses that the file leaves undecided keep our reading; those of a later release,
    which this one does not know, are left out.

    Raises:
        ConfigurationError: the file cannot be read, or is none of this format.
    """
    try:
        with Path(path).open("rb") as file:
            held = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{str(path)!r} cannot be read: {error.strerror}"
        ) from None
    try:
        found: Any = json.loads(held) if len(held) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    return Observed(_answers_in(found, str(path)))


def _answers_in(found: object, path: str) -> dict[str, str]:
    file = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    guesses = file.get("guesses")
    if file.get("format") != FORMAT or not isinstance(guesses, list):
        raise ConfigurationError(
            f"{path!r} is no file of `amazonpay conformance --json`"
        )
    answers: dict[str, str] = {}
    for one in cast("list[object]", guesses):
        row = cast("dict[str, object]", one) if isinstance(one, dict) else {}
        name, answer = row.get("id"), row.get("observed")
        if not isinstance(name, str):
            raise ConfigurationError(f"{path!r} has a guess without an id")
        if answer is not None and name in GUESSES:
            answers[name] = str(answer)
    return answers


# In force -----------------------------------------------------------------------------

_NOTHING: Final = Observed()
_IN_FORCE: ContextVar[Observed] = ContextVar("observed", default=_NOTHING)


@contextlib.contextmanager
def in_force(observed: Observed) -> Generator[None]:
    """Make `refuse` and `answer_to` use these observations inside the block."""
    token = _IN_FORCE.set(observed)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def refuse(guess: str, refusal: APIRefusal, *, guessed: bool = True) -> None:
    """Raise the refusal that was observed for a guess; return if none was.

    Without an observation, raise `refusal` if `guessed`, which is what we guess.

    Raises:
        APIRefusal: the call is refused.
    """
    answer = _IN_FORCE.get().answers.get(GUESSES[guess].id)
    if answer is None:
        if guessed:
            raise refusal
        return
    if answer != ACCEPTED:
        status, _, code = answer.partition(" ")
        raise refusal.in_words_of(int(status), code)


def answer_to(guess: str) -> str:
    """Return the answer that was observed for a guess, or else the guessed one."""
    found = GUESSES[guess]
    return _IN_FORCE.get().answers.get(guess, found.guessed)


# Settings -----------------------------------------------------------------------------


def _seconds(name: str) -> Callable[[Settings, str], dict[str, Any]]:
    return lambda _, answer: {name: timedelta(seconds=int(answer))}


def _keys_on(operation: str) -> Callable[[Settings, str], dict[str, Any]]:
    def change(settings: Settings, answer: str) -> dict[str, Any]:
        others = settings.keys_ignored_by - {operation}
        ignored = others | {operation} if answer == "ignored" else others
        return {"keys_ignored_by": ignored}

    return change


def _codes(answer: str) -> tuple[str, ...]:
    return () if answer == "none" else tuple(answer.split(","))


def _pending(settings: Settings, answer: str) -> dict[str, Any]:
    ends = {f"Pending{reason}": reason for reason in _ENDS}
    known = ends | dict(settings.pending_simulation_codes)
    codes = {code: known.get(code, "SoftDeclined") for code in _codes(answer)}
    return {"pending_simulation_codes": codes}


_ENDS: Final = (
    *("AmazonRejected", "HardDeclined", "ProcessingFailure", "SoftDeclined"),
    "TransactionTimedOut",
)


def _refunds(_: Settings, answer: str) -> dict[str, Any]:
    # "more than 10" means that the limit was not found; then 1000 stands for it.
    most = answer.rpartition(" ")[2]
    return {"refunds_per_charge": 1000 if " " in answer else int(most)}


def _oldest(_: Settings, answer: str) -> dict[str, Any]:
    age = None if answer == "never" else timedelta(seconds=int(answer))
    return {"oldest_date": age}


_SETTINGS: Final[Mapping[str, Callable[[Settings, str], dict[str, Any]]]] = {
    "old-date": _oldest,
    "stored-answers": lambda _, answer: {"stored_answers": answer},
    "key-scope": lambda _, answer: {"keys_per_operation": answer == "operation"},
    "other-report": lambda _, answer: {"every_report_in_sandbox": answer == ACCEPTED},
    "keys-on-complete": _keys_on("complete_checkout_session"),
    "keys-on-trackers": _keys_on("create_delivery_tracker"),
    "refund-time": _seconds("refund_settles_after"),
    "capture-time": _seconds("capture_settles_after"),
    "refund-count": _refunds,
    "refund-codes": lambda _, answer: {"refund_simulation_codes": _codes(answer)},
    "pending-codes": _pending,
}
"""The settings that an answer changes; `refuse` and `answer_to` read the others."""
