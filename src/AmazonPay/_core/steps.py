"""Steps: what a flow asks its driver to do.

A flow is a generator that yields steps and is sent the result of each; an error of a
step is raised inside the flow. A flow does no I/O itself, so a test can play one
without a client, a clock or a network. The life of a call is a flow, and so are the
methods that make several calls.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    TypeAlias,
    TypeVar,
    cast,
)

from .call import Call

if TYPE_CHECKING:
    from pathlib import Path

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a number of seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Read the monotonic clock, in seconds."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move a file to or from a pre-signed link: no signature, no redirect."""

    method: str
    url: str = field(repr=False)
    content_type: str | None = None
    source: Path | None = None
    """The file to send."""
    target: Path | None = None
    """Where to write the body of a 2xx answer; nothing is left there on failure."""


@dataclass(frozen=True, slots=True)
class RunInThread:
    """Do work of the caller's that blocks, such as a write to their database.

    A blocking client does it in place. An awaiting client does it in a worker thread,
    where it runs to its end even if the task is cancelled.
    """

    work: Callable[[], object]


Step: TypeAlias = Call | Wait | Now | Transfer | RunInThread
Flow: TypeAlias = Generator[Step, Any, R]
"""A flow that ends with an `R`."""


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One element of an iteration, handed to the caller."""

    value: T = field(repr=False)


Pages: TypeAlias = Generator[Step | Item[T], Any, None]
"""A flow that also yields many a `T` for the caller."""


def now() -> Flow[float]:
    """Return the monotonic clock from inside a flow, in seconds."""
    return cast("float", (yield Now()))
