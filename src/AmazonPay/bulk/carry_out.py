"""Carry out a row once, or find its result in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._once.claims import claim_is_free
from .._once.journal_steps import run_alone
from ..errors import AmazonPayError, InvalidRequest, JournalConflict, JournalFailed
from .kinds import KINDS
from .results import RowResult

if TYPE_CHECKING:
    from .._once.entry import Entry
    from ..client import AsyncClient, Client
    from ..decisions import Decision
    from ..journal import Journal
    from .results import RowOutcome
    from .rows import Row


def settled_result(row: Row, entry: Entry | None) -> RowResult | None:
    """Return what an earlier run has settled for good; None if there is work left."""
    if entry is None:
        return None
    for_good = entry.outcome == "success" or (entry.outcome == "no" and entry.final)
    return _of_entry(row, entry, earlier=True) if for_good else None


def journal_result(row: Row, journal: Journal) -> RowResult:
    """Return the result of a row by the journal alone; nothing is sent."""
    return entry_result(row, journal.find(row.entry().key), journal)


def entry_result(row: Row, entry: Entry | None, journal: Journal) -> RowResult:
    """Return the result of a row whose entry was read before; nothing is sent."""
    if entry is not None and not (entry.outcome is None and entry.untouched):
        return _of_entry(row, entry)
    intended = row.entry()
    held = KINDS[row.kind].one_row_an_object and not run_alone(
        claim_is_free(journal, intended, row.subject)
    )
    if held:
        reason = JournalConflict.__name__
        return RowResult(row, "conflict", reason, row.subject, intended.key)
    return RowResult(row, "waiting", key=intended.key)


def _of_entry(row: Row, entry: Entry, *, earlier: bool = False) -> RowResult:
    outcome: RowOutcome = entry.outcome or "unknown"
    if outcome == "unknown" and entry.untouched:
        outcome = "unsent"
    object_id = entry.subject or entry.object_id
    return RowResult(row, outcome, entry.reason, object_id, entry.key, earlier)


def carry_out(client: Client, journal: Journal, row: Row) -> RowResult:
    """Carry out the request of a row unless it is done, and return the row's result.

    Raises:
        JournalFailed: the journal failed: no other row can be carried out either.
    """
    (positional, named), helper = row.arguments(), KINDS[row.kind].helper
    try:
        decision = getattr(client, helper)(*positional, journal=journal, **named)
    except AmazonPayError as error:
        return _failed(row, error)
    entry = None if decision.seen is not None else journal.find(decision.key)
    return _decided(row, decision, entry)


async def acarry_out(client: AsyncClient, journal: Journal, row: Row) -> RowResult:
    """Do what `carry_out` does, awaiting."""
    import anyio.to_thread

    (positional, named), helper = row.arguments(), KINDS[row.kind].helper
    try:
        decision = await getattr(client, helper)(*positional, journal=journal, **named)
    except AmazonPayError as error:
        return _failed(row, error)
    entry = None
    if decision.seen is None:
        entry = await anyio.to_thread.run_sync(journal.find, decision.key)
    return _decided(row, decision, entry)


def _failed(row: Row, error: AmazonPayError) -> RowResult:
    """Return the result of a row that was refused before anything was sent."""
    key = row.entry().key
    if isinstance(error, JournalFailed):
        raise error
    if isinstance(error, (JournalConflict, InvalidRequest)):
        return RowResult(row, "conflict", type(error).__name__, row.subject, key)
    outcome: RowOutcome = "unknown" if error.outcome_unknown else "unsent"
    return RowResult(row, outcome, type(error).__name__, None, key)


def _decided(row: Row, decision: Decision[Any], entry: Entry | None) -> RowResult:
    """Return the result of a decision; `entry` is given where nothing was seen."""
    outcome: RowOutcome = decision.outcome
    if outcome == "unknown" and entry is not None and entry.untouched:
        outcome = "unsent"
    return RowResult(row, outcome, decision.reason, decision.object_id, decision.key)
