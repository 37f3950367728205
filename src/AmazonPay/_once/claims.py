"""Claims: each object at Amazon settles at most one order of the shop.

Without claims, one session or one capture could mark two orders as paid, for example
after ids were swapped in a return URL. A claim is an entry of the same journal. Its key
is derived from operation and object alone, so that all orders use the same claim. Its
`digest` is the key of the entry that holds it.

Claims are never released, but another order may take the claim of an entry that is a
definite `no`; a holder that was killed needs nothing else. This is safe for two
reasons. A holder clears its own `no` (`start_send`, `reopen`) *before* it takes the
claim. And each taking raises `runs` of the claim: another order reads the claim first
and the holder's entry second, so it notices if the holder has taken the claim again.
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

# Both operations complete a session.
_SAME_CLAIM: Final = {"finalize_checkout_session": "complete_checkout_session"}

# After this many changes of the holder, treat the claim as held by another order.
_TRIES: Final = 5


def claim_key(operation: str, object_id: str) -> str:
    """Return the key of the claim on an object for an operation."""
    from hashlib import sha256

    operation = _SAME_CLAIM.get(operation, operation)
    # An id from an answer may hold anything, even half a surrogate.
    named = f"AmazonPay {CLAIM}{operation} {object_id}".encode(errors="surrogatepass")
    return sha256(named).hexdigest()[:32]


def new_claim(holder: Entry, object_id: str) -> Entry:
    """Return the claim of an entry on an object.

    Its outcome is a success, so that `open_entries` does not list it. It has no body.
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
    """Take a claim that is free, held by the same order, or equal to `expected`."""

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
    """Take the claim on an object; return False if another order holds it."""
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
    """Return whether the holder's order could take the claim on an object."""
    held = yield from find(journal, claim_key(holder.operation, object_id))
    if held is None or _same_order(held, holder):
        return True
    return (yield from _holder_was_refused(journal, held))


def holds_claim(journal: Journal, holder: Entry, object_id: str) -> Flow[bool]:
    """Return whether an entry holds the claim on an object."""
    held = yield from find(journal, claim_key(holder.operation, object_id))
    return held is not None and held.digest == holder.key


def _same_order(one: Entry, other: Entry) -> bool:
    return _order_of(one) == _order_of(other)


def _order_of(entry: Entry) -> tuple[str, str]:
    # Normalize both like `idempotency_key`.
    return normalize("NFC", entry.namespace), normalize("NFC", entry.order)


def _holder_was_refused(journal: Journal, held: Entry) -> Flow[bool]:
    holder = yield from find(journal, held.digest)
    return holder is not None and holder.outcome == "no"
