"""Check a whole file before anything is sent: rows, names, and what the journal has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._once.changes import record_intent
from ..errors import InvalidRequest, JournalConflict
from ..idempotency import idempotency_key
from .csv_file import BadFile, Problem, read_table
from .kinds import LONGEST_REFERENCE, REFERENCE, ColumnProblem, checked_id
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .._once.entry import Entry
    from ..journal import Journal
    from .csv_file import Record
    from .kinds import Kind


def read_rows(
    path: str, kind: Kind, namespace: str
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return the columns of a file and its rows, all of which can be sent.

    Raises:
        BadFile: something is wrong with the file; it says all of what, line by line.
    """
    table = read_table(path, kind)
    problems = list(table.problems)
    rows: list[Row] = []
    for record in table.records:
        try:
            rows.append(_row(record, table.columns, kind, namespace))
        except ColumnProblem as problem:
            problems.append(Problem(record.line, str(problem), problem.column))
        except InvalidRequest as error:
            problems.append(Problem(record.line, str(error)))
    problems += _doubles(rows, kind)
    if problems:
        raise BadFile(sorted(problems, key=lambda one: one.line))
    return table.columns, tuple(rows)


def _row(record: Record, columns: tuple[str, ...], kind: Kind, namespace: str) -> Row:
    """Return the row of a record; raise if its journal entry cannot be made."""
    cells = dict(zip(columns, record.cells, strict=True))
    reference = cells[REFERENCE]
    if not reference:
        raise ColumnProblem(REFERENCE, "is empty")
    if len(reference) > LONGEST_REFERENCE:
        raise ColumnProblem(
            REFERENCE, f"has {len(reference)} characters; give {LONGEST_REFERENCE}"
        )
    row = Row(
        kind=kind.name,
        namespace=namespace,
        reference=reference,
        subject=checked_id(kind, cells),
        body=kind.body_of(cells),
        charge_ids=_charge_ids(cells),
        line=record.line,
        cells=record.cells,
    )
    try:
        row.entry()
    except InvalidRequest as error:
        # The name that the helper gives it.
        raise InvalidRequest(str(error).replace("order ", "reference ", 1)) from None
    return row


def _charge_ids(cells: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the charges of a permission: `-` says that there are none."""
    given = cells.get("charge_ids", "").split()
    if not given:
        return None
    return () if given == ["-"] else tuple(given)


def _doubles(rows: Sequence[Row], kind: Kind) -> Iterator[Problem]:
    """Yield a problem for each row that repeats an earlier one.

    It has the earlier row's reference; or it has the object of the earlier row, and
    what is to be done can be done once to an object. Several refunds of one charge are
    no problem.
    """
    keys: dict[str, Row] = {}
    subjects: dict[str, Row] = {}
    for row in rows:
        key = idempotency_key(
            namespace=row.namespace, order=row.reference, operation=kind.operation
        )
        first = keys.setdefault(key, row)
        if first is not row:
            text = f"is that of line {first.line}: each row has a reference of its own"
            yield Problem(row.line, text, REFERENCE)
        first = subjects.setdefault(row.subject, row)
        if kind.one_row_an_object and first is not row:
            text = f"is that of line {first.line}: it can be done once"
            yield Problem(row.line, text, kind.id_column)


def check_journal(
    rows: Sequence[Row], journal: Journal, client: object
) -> dict[str, Entry]:
    """Return what the journal holds of the rows, by reference.

    Raises:
        BadFile: the journal has another request under a row's reference.
    """
    found: dict[str, Entry] = {}
    problems: list[Problem] = []
    for row in rows:
        intended = row.entry(client)
        entry = journal.find(intended.key)
        if entry is None:
            continue
        found[row.reference] = entry
        try:
            record_intent(intended)(entry)
        except JournalConflict as conflict:
            problems.append(Problem(row.line, _conflict(row, entry, conflict)))
    if problems:
        raise BadFile(problems)
    return found


def check_queue(
    rows: Sequence[Row], queued: Mapping[str, Mapping[str, object]]
) -> set[str]:
    """Return the references of the rows that are queued, of messages by their keys.

    Raises:
        BadFile: another content is queued under a row's reference.
    """
    found = [(row, queued.get(row.entry().key)) for row in rows]
    problems = [
        Problem(
            row.line,
            f"reference {row.reference!r} is queued with another content: a changed row"
            " needs a reference of its own",
        )
        for row, message in found
        if message is not None and message != row.to_message()
    ]
    if problems:
        raise BadFile(problems)
    return {row.reference for row, message in found if message is not None}


def _conflict(row: Row, entry: Entry, conflict: JournalConflict) -> str:
    if "belongs to" in str(conflict):
        return f"reference {row.reference!r}: {conflict}"
    told = entry.outcome or "not answered"
    return (
        f"reference {row.reference!r} has been used for another content (key"
        f" {entry.key}, {told}): a changed row needs a reference of its own"
    )
