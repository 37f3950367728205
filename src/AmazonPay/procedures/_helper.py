"""Declare a helper that does one operation exactly once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from .._core.declare import Method
from ..errors import JournalConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._core.steps import Flow
    from .._once.entry import Entry

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sender:
    """What an entry must fit before a client sends it: environment, region and keys."""

    environment: str | None = None
    region: str | None = None
    public_key_id: str | None = None
    keys: frozenset[str] = frozenset()


def sender_of(client: Any) -> Sender:  # noqa: ANN401 - a client, or None in a test
    """Return what an entry records of the client that sends it."""
    if client is None:
        return Sender()
    return Sender(
        "sandbox" if client.sandbox else "live",
        client.region,
        client.public_key_id,
        frozenset(client.public_key_ids),
    )


def check_merchant(entry: Entry, sender: Sender) -> None:
    """Raise if an entry belongs to an unknown key, which may be another merchant's."""
    theirs = entry.public_key_id
    if theirs is not None and sender.keys and theirs not in sender.keys:
        raise JournalConflict(
            "the entry was written with another public key id than this client's:"
            " list that key in keys=, or say same_merchant=True; nothing was sent"
        )


class Helper(Method[P, R]):
    """A method of both clients that does one operation exactly once."""

    def __init__(
        self, declared: Callable[Concatenate[Any, P], R], operation: str
    ) -> None:
        super().__init__(declared)
        self.operation = operation
        names = list(self.signature.parameters)
        self._ids = names[1 : names.index("body")]

    def begin(self, client: object, /, *args: Any, **kwargs: Any) -> Flow[R]:  # noqa: ANN401 - typed by __get__
        """Return the flow of one call, with its arguments as a journal's entry.

        Raises:
            TypeError: the arguments do not fit the signature.
            InvalidRequest: an argument cannot be sent.
        """
        from .._once.flow import run_once  # loaded late: few programs need it
        from .._once.intent import intended_entry
        from .._once.journal_steps import checked_journal

        given = self.bound(args, kwargs)
        journal = checked_journal(given.pop("journal"))
        deadline = given.pop("deadline")
        ids = tuple(given.pop(name) for name in self._ids)
        intended = intended_entry(self.operation, ids, **given)
        sender = sender_of(client)
        intended = replace(
            intended,
            environment=sender.environment,
            region=sender.region,
            public_key_id=sender.public_key_id,
        )
        return cast("Flow[R]", run_once(intended, journal, deadline))

    def _returned(self) -> object:
        return self.signature.return_annotation


def once(
    operation: str,
) -> Callable[[Callable[Concatenate[Any, P], R]], Helper[P, R]]:
    """Declare a function as a helper that does `operation` exactly once.

    Its positional parameters are the ids in the path, and the body. The others are
    `journal`, `deadline`, and what identifies the intention: see `intended_entry`.
    """

    def declare(declared: Callable[Concatenate[Any, P], R]) -> Helper[P, R]:
        return Helper(declared, operation)

    return declare
