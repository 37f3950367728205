"""Claims: one object at Amazon settles one order of the shop.

Without them, two orders could both be called paid by one session, or by one capture: a
swapped id in a return URL is enough. A claim is one more entry of the same journal. Its
key is derived from operation and object alone, so that all orders meet there, and its
`digest` is the key of the entry that holds it.

Nobody releases a claim. A holder whose entry is a definite no may be overtaken, and
nothing else is needed when a holder is killed. This is safe because a holder takes back
its own no (`begun`, `reopened`) *before* it takes the claim, and because each taking
counts up: whoever overtakes read the claim first, then the holder's entry, and finds
the claim changed if the holder has come back meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from .entry import CLAIM, Entry
from .journal_steps import find, write

if TYPE_CHECKING:
    from .._core.steps import Flow
    from .entry import Change
    from .journal_steps import Journal

# Both complete a session.
_SAME_CLAIM: Final = {"finalize_checkout_session": "complete_checkout_session"}

# A claim that keeps changing hands is held by somebody.
_TRIES: Final = 5


def claim_key(operation: str, object_id: str) -> str:
    """Derive the key of the claim on an object, for one kind of operation."""
    from hashlib import sha256

    operation = _SAME_CLAIM.get(operation, operation)
    # An id from an answer may hold anything, even half a surrogate.
    named = f"AmazonPay {CLAIM}{operation} {object_id}".encode(errors="surrogatepass")
    return sha256(named).hexdigest()[:32]


def new_claim(holder: Entry, object_id: str) -> Entry:
    """Make the claim of an entry on an object.

    It counts as a success, so that it is no open entry, and has no body to forget.
    """
    return Entry(
        key=claim_key(holder.operation, object_id),
        namespace=holder.namespace,
        order=holder.order,
        operation=CLAIM + _SAME_CLAIM.get(holder.operation, holder.operation),
        attempt=holder.attempt,
        path=holder.path,
        body=None,
        digest=holder.key,
        runs=1,
        outcome="success",
        object_id=object_id,
        environment=holder.environment,
        region=holder.region,
        public_key_id=holder.public_key_id,
    )


def record_claim(claim: Entry, expected: Entry | None) -> Change:
    """Take a claim that is free, our order's own, or as `overtaken` was seen."""

    def change(found: Entry | None) -> Entry:
        if found is None:
            return claim
        seen = expected is not None and (
            (found.digest, found.runs) == (expected.digest, expected.runs)
        )
        if not seen and not _same_order(found, claim):
            return found
        return replace(claim, runs=found.runs + 1, created=found.created)

    return change


def take_claim(journal: Journal, holder: Entry, object_id: str) -> Flow[bool]:
    """Take the claim on an object for an order; False where another order has it."""
    claim = new_claim(holder, object_id)
    expected: Entry | None = None
    for _ in range(_TRIES):
        held = yield from write(journal, claim.key, record_claim(claim, expected))
        if held.digest == holder.key:
            return True
        if not (yield from _holder_was_refused(journal, held)):
            return False
        expected = held
    return False


def claim_is_free(journal: Journal, holder: Entry, object_id: str) -> Flow[bool]:
    """Look whether an order could take the claim on an object."""
    held = yield from find(journal, claim_key(holder.operation, object_id))
    if held is None or _same_order(held, holder):
        return True
    return (yield from _holder_was_refused(journal, held))


def holds_claim(journal: Journal, holder: Entry, object_id: str) -> Flow[bool]:
    """Look whether an entry holds the claim on an object."""
    held = yield from find(journal, claim_key(holder.operation, object_id))
    return held is not None and held.digest == holder.key


def _same_order(one: Entry, other: Entry) -> bool:
    return _order_of(one) == _order_of(other)


def _order_of(entry: Entry) -> tuple[str, str]:
    # As `idempotency_key` takes them.
    return normalize("NFC", entry.namespace), normalize("NFC", entry.order)


def _holder_was_refused(journal: Journal, held: Entry) -> Flow[bool]:
    holder = yield from find(journal, held.digest)
    return holder is not None and holder.outcome == "no"
