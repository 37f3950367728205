"""Steps: what a flow asks its driver to do.

A flow is a generator that yields steps and is sent the result of each. An error of a
step is raised inside the flow. A flow does no I/O itself, so a test can run it without
a client, a clock or a network. One call is a flow, and so is each method that makes
several calls.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, cast

from .call import Call

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from .._signing.request_signer import RequestSigner, SignedRequest
    from .clock import Time
    from .config import Timeout

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
class Sign:
    """Sign a message within `time_left` seconds; the result is the signature.

    If the caller's own signer fails, the result is a `Failure`.
    """

    signer: RequestSigner
    message: bytes = field(repr=False)
    time_left: float


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a signed request once; the result is an `Answer` or a `Failure`."""

    call: Call
    request: SignedRequest
    timeout: Timeout
    time_left: float
    """Seconds until the deadline of the call."""


class Turns(Protocol):
    """What `TakeTurn` needs of rate limits."""

    def take_turn(self, bucket: Any, time: Time, /) -> float:  # noqa: ANN401 - the limits know its type
        """Take a turn and return 0, or return the seconds until the next try."""
        ...

    def atake_turn(self, bucket: Any, time: Time, /) -> Coroutine[Any, Any, float]:  # noqa: ANN401 - the limits know its type
        """Do what `take_turn` does, awaiting."""
        ...


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """Ask rate limits for a turn; the result is 0, or the seconds to wait first."""

    limits: Turns
    bucket: object


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move a file to or from a pre-signed link: no signature, no redirect."""

    method: str
    url: str = field(repr=False)
    content_type: str | None = None
    source: Path | None = None
    """The file to send."""
    target: Path | None = None
    """Where to write the file; nothing is left there on failure."""
    seconds: float = field(default=0.0, compare=False)
    """How long it may take, if that is longer than the client's own deadline."""


@dataclass(frozen=True, slots=True)
class RunInThread:
    """Run blocking code of the caller, such as a write to their database.

    A blocking client runs it in place. An awaiting client runs it in a worker thread,
    where it runs to its end even if the task is cancelled.
    """

    work: Callable[[], object]


Step: TypeAlias = (
    Call | Wait | Now | Sign | Transmit | TakeTurn | Transfer | RunInThread
)
Flow: TypeAlias = Generator[Step, Any, R]
"""A flow that ends with an `R`."""


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One element of an iteration, which the driver passes to the caller."""

    value: T = field(repr=False)


Pages: TypeAlias = Generator[Step | Item[T], Any, None]
"""A flow that also yields elements of type `T` for the caller."""


def one_step(step: Step) -> Flow[Any]:
    """Run a single step, and return its result."""
    return (yield step)


def now() -> Flow[float]:
    """Return the monotonic clock from inside a flow, in seconds."""
    return cast("float", (yield Now()))
