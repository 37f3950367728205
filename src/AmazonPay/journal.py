"""The journal, to which a shop writes each request that moves money before sending it.

A journal keeps the key and the exact bytes of each request of the helpers (such as
`create_charge_or_get`). After a process was killed at any line, the next one continues
with the same bytes. See `docs/once.md`.

Bodies may hold personal data, such as a note to the buyer; `forget` erases them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._once import flow
from ._once.changes import record_abandonment, record_resolution
from ._once.claims import take_claim
from ._once.entry import Entry
from ._once.journal_steps import Journal, checked_journal, run_alone
from ._once.observe import usable_id
from ._once.sqlite_journal import SQLiteJournal
from .errors import InvalidRequest, JournalConflict

if TYPE_CHECKING:
    from typing import Literal

# A child that is forked while another thread imports the helpers' flow for the first
# time could never use it. So the flow is loaded with the journal.
_LOADED_WITH_JOURNALS = flow

__all__ = ["Entry", "Journal", "SQLiteJournal", "abandon", "resolve"]


def _checked_id(object_id: object) -> str:
    found = usable_id(object_id)
    if found is None:
        raise InvalidRequest(
            "object_id must be 1 to 64 visible ASCII characters, not only dots"
        )
    return found


def resolve(
    journal: Journal,
    key: str,
    outcome: Literal["success", "no"],
    *,
    reason: str,
    object_id: str | None = None,
) -> Entry:
    """Settle an entry permanently after a person has found out what happened.

    Use it for an entry that stays `unknown`, such as a request that was refused after a
    process was killed during an earlier send of it. Use it also for `moved`, once the
    money was put right. The entry is never sent again, and each helper that is called
    for it returns this outcome. A `no` permits the next attempt: use it only if Seller
    Central shows that nothing was charged or refunded, or that all of it has gone back.
    `object_id` is the charge or refund that was found. A `success` claims its object
    for this order.

    Raises:
        JournalConflict: there is no entry of this key; it is known to have succeeded
            and cannot become a `no`; or its object has settled another order.
        InvalidRequest: this is not a journal, the outcome is not `success` or `no`, the
            reason is empty, or the id is invalid.
        JournalFailed: the journal could not be read or written. Other exceptions of the
            journal pass unchanged.
    """
    journal = checked_journal(journal)
    if object_id is not None:
        object_id = _checked_id(object_id)
    change = record_resolution(outcome, reason, object_id)
    entry = change(journal.find(key))
    claimed = (entry.subject or entry.object_id) if outcome == "success" else None
    if claimed is not None and not run_alone(take_claim(journal, entry, claimed)):
        raise JournalConflict(
            "another order of this journal has done the same with the same object, or"
            " is at it: one object settles one order"
        )
    return journal.change(key, change)


def abandon(journal: Journal, key: str, *, reason: str) -> Entry:
    """Abandon an entry because the shop dropped its order; it is never sent again.

    If it is certain that nothing was carried out, the entry becomes a `no`. Otherwise
    it stays open: helpers and `resume` observe it but send nothing. If money has moved
    for it, it ends as `moved`. If that cannot be found out, it stays in `open_entries`
    until a person settles it by `resolve`.

    Call this before the order is dropped or paid in another way; otherwise a sweep
    could still charge it. A request that is under way at that moment still arrives.

    Raises:
        JournalConflict: there is no entry of this key, or it has succeeded: cancel or
            refund it.
        InvalidRequest: this is not a journal, or the reason is empty.
        JournalFailed: the journal could not be read or written. Other exceptions of the
            journal pass unchanged.
    """
    return checked_journal(journal).change(key, record_abandonment(reason))
