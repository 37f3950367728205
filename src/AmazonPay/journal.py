"""Where a shop writes down what it is about to do with money, before it does it.

A journal holds the key and the exact bytes of each request of the helpers (such as
`create_charge_or_get`) from before it is sent until long after: a process that is
killed at any line goes on with the same bytes. See `docs/once.md`.

Bodies may hold personal data, such as a note to the buyer: `forget` erases them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._core.parameters import encoded_id
from ._core.run import run
from ._core.steps import RunInThread
from ._once.claims import take_claim
from ._once.entry import Entry, record_abandonment, record_resolution
from ._once.journal_steps import Journal
from ._once.sqlite_journal import SQLiteJournal
from .errors import (
    JournalConflict,
)

if TYPE_CHECKING:
    from typing import Literal

    from ._core.steps import Step


__all__ = ["Entry", "Journal", "SQLiteJournal", "abandon", "resolve"]


def resolve(
    journal: Journal,
    key: str,
    outcome: Literal["success", "no"],
    *,
    reason: str,
    object_id: str | None = None,
) -> Entry:
    """Settle an entry by hand, once a person has found out what happened; for good.

    For what stays `unknown`: a request that was refused after an earlier run of it was
    killed, so that nobody can tell whether the first one left. And for `moved`, once
    the money was put right. The entry is never sent again, and every helper that is
    called for it decides as you said. With `no` the next attempt may be made; say so
    only when Seller Central shows that nothing was charged or refunded, or that it has
    all gone back. `object_id` is the charge or refund that was found. A `success`
    claims its object for this order.

    Raises:
        JournalConflict: there is no entry of this key; it is known to have succeeded
            and cannot become a `no`; or its object has settled another order.
        InvalidRequest: another word than `success` and `no`, a reason that is empty, or
            an id that cannot be one.
        JournalFailed: the journal could not be read or written, or what else it raises.
    """
    if object_id is not None:
        encoded_id("object_id", object_id)
    change = record_resolution(outcome, reason, object_id)
    entry = change(journal.find(key))
    claimed = entry.subject or entry.object_id
    if outcome == "success" and claimed is not None:
        taken = run(take_claim(journal, entry, claimed), _JournalAlone())
        if not taken:
            raise JournalConflict(
                "another order of this journal has done the same with the same object,"
                " or is at it: one object settles one order"
            )
    return journal.change(key, change)


def abandon(journal: Journal, key: str, *, reason: str) -> Entry:
    """Give an entry up, because the shop has dropped the order: it is not sent again.

    Where nothing of it was ever carried out for certain, it becomes a `no`. Else it
    stays open: helpers and `resume` go on looking at it, without sending anything. If
    its money turns out to have moved, it ends as `moved`; if nothing can tell, it stays
    in `open_entries` for a person, who settles it by `resolve`.

    Call this wherever the order is given up or paid in another way, and before that:
    a sweep would charge it else. What is under way in that moment still arrives.

    Raises:
        JournalConflict: there is no entry of this key, or it has succeeded: cancel or
            refund it.
        InvalidRequest: a reason that is empty.
        JournalFailed: the journal could not be read or written, or what else it raises.
    """
    return journal.change(key, record_abandonment(reason))


class _JournalAlone:
    """Performs what a procedure does with a journal, without a client."""

    def perform(self, step: Step, /) -> object:
        return step.work() if isinstance(step, RunInThread) else None
