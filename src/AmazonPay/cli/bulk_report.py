"""What `amazonpay bulk` tells of a file and of a run, and its exit status."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..bulk.results import MEANINGS, total_of
from .durations import age_text
from .failures import INTERRUPTED, NO_ANSWER, OK, SAID_NO, UNKNOWN, status_of
from .output import json_line, table, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..bulk.csv_file import BadFile
    from ..bulk.kinds import Kind
    from ..bulk.results import RowOutcome, RowResult, Summary
    from ..bulk.rows import Row
    from ..errors import AmazonPayError
    from ..resources._common import Price

_MOST_SHOWN: Final = 20
"""How many problems, or rows, are shown one by one."""

_CHECKED: Final = {
    "settled": "settled before",
    "sent_before": "sent before",
    "queued": "queued before",
    "moved": "moved",
    "conflict": "conflict",
    "to_send": "to send",
}
"""The groups of rows that a dry run tells apart, and their names."""

_NOT_SENT: Final[tuple[RowOutcome, ...]] = ("moved", "conflict")

_GROUPS: Final = {
    "pending": "sent_before",
    "unknown": "sent_before",
    **{name: name for name in _NOT_SENT},
}
"""The group of a row by what the journal knows of it; others are still to be sent."""


def rows_text(rows: Sequence[Row]) -> str:
    """Return `2 rows, 12.00 USD and 5.00 EUR`."""
    number = len(rows)
    return f"{number} row{'' if number == 1 else 's'}{money_text(total_of(rows))}"


def money_text(sums: Mapping[str, Price]) -> str:
    """Return `, 12.00 USD and 5.00 EUR` for sums by currency."""
    amounts = [f"{one['amount']} {code}" for code, one in sums.items()]
    return f", {' and '.join(amounts)}" if amounts else ""


def _amounts(sums: Mapping[str, Price]) -> dict[str, object]:
    return {code: one["amount"] for code, one in sums.items()}


def print_bad_file(bad: BadFile, file: str, *, as_json: bool) -> None:
    """Say what is wrong with a file."""
    problems = bad.problems
    for problem in problems[:_MOST_SHOWN]:
        words(f"{file}: {problem}")
    if len(problems) > _MOST_SHOWN:
        words(f"{file}: and {len(problems) - _MOST_SHOWN} more")
    words("amazonpay: the file cannot be used; nothing was sent")
    if as_json:
        told = [
            {"line": one.line or None, "column": one.column, "problem": one.text}
            for one in problems
        ]
        json_line({"file": file, "ok": False, "problems": told})


def print_check(
    kind: Kind,
    known: Sequence[RowResult],
    queued: Collection[str],
    seconds: float,
    *,
    as_json: bool,
) -> None:
    """Say what a dry run has found: what is known of each row before anything is sent.

    A row that was sent before may be sent again, but under its key only. `queued` are
    the references of rows that workers have, or will have.
    """
    groups: dict[str, list[Row]] = {name: [] for name in _CHECKED}
    for one in known:
        group = "settled" if one.earlier else _GROUPS.get(one.outcome, "to_send")
        if group == "to_send" and one.row.reference in queued:
            group = "queued"
        groups[group].append(one.row)
    rows = [one.row for one in known]
    if as_json:
        json_line(
            {
                "operation": kind.operation,
                "ok": True,
                "rows": len(rows),
                "amounts": _amounts(total_of(rows)),
                **{name: len(some) for name, some in groups.items()},
                "seconds": round(seconds, 1),
            }
        )
        return
    found = [("rows", len(rows), money_text(total_of(rows))[2:])]
    found += [
        (_CHECKED[name], len(some), money_text(total_of(some))[2:])
        for name, some in groups.items()
        if some or name in {"settled", "to_send"}
    ]
    table(("dry run", "rows", "amount"), found)
    if groups["sent_before"]:
        words(
            "What was sent before is asked about; if it is in doubt, it is sent again"
            " under its own key, which moves nothing twice."
        )
    _say_which([one for one in known if one.outcome in _NOT_SENT])
    for name in _NOT_SENT:
        if groups[name]:
            words(f"{name}: {MEANINGS[name]}.")
    if seconds:
        at_least = age_text(timedelta(seconds=seconds))
        words(f"The rate limits let it take at least {at_least}.")
    words("The file can be used. Nothing was sent.")


def _say_which(results: Sequence[RowResult], all_are: str = "") -> None:
    """Name the rows that a person looks at: the first of them."""
    for result in results[:_MOST_SHOWN]:
        reason = f" ({result.reason})" if result.reason else ""
        row = result.row
        words(f"line {row.line}, {row.reference}: {result.outcome}{reason}")
    if len(results) > _MOST_SHOWN:
        words(f"and {len(results) - _MOST_SHOWN} more{all_are}")


def print_queued(kind: Kind, rows: int, queued: int, *, as_json: bool) -> None:
    """With `--json`, print how many rows the file has, and how many were queued."""
    if as_json:
        json_line({"operation": kind.operation, "rows": rows, "queued": queued})


def print_summary(  # noqa: PLR0913 - what a run knows
    kind: Kind,
    file: str,
    summary: Summary,
    ending: str,
    seconds: float,
    *,
    as_json: bool,
) -> None:
    """Print the outcomes, counted, and say which rows a person must look at."""
    attention = summary.attention
    _say_which(attention, "; --results FILE lists all")
    if as_json:
        json_line(
            {
                "operation": kind.operation,
                "file": file,
                "rows": len(summary.results),
                "settled_before": sum(one.earlier for one in summary.results),
                "ended": ending,
                "seconds": round(seconds, 3),
                "outcomes": {
                    outcome: {
                        "rows": summary.counts[outcome],
                        "amounts": _amounts(summary.sums[outcome]),
                    }
                    for outcome in summary.sums
                },
                "attention": [_shown(result) for result in attention],
            }
        )
        return
    rows = [
        (outcome, summary.counts[outcome], money_text(sums)[2:], MEANINGS[outcome])
        for outcome, sums in summary.sums.items()
    ]
    table(("outcome", "rows", "amount", "it means"), rows)


def _shown(result: RowResult) -> dict[str, Any]:
    return {
        "line": result.row.line,
        "reference": result.row.reference,
        "outcome": result.outcome,
        "reason": result.reason,
        "object_id": result.object_id,
        "key": result.key,
    }


def status_for(summary: Summary, ending: str, failed: AmazonPayError | None) -> int:
    """Return the exit status of a run: the gravest of its rows."""
    statuses = [OK if failed is None else status_of(failed)]
    if summary.counts["pending"] or summary.counts["waiting"]:
        statuses.append(SAID_NO)
    for result in summary.attention:
        if result.outcome == "unknown":
            statuses.append(UNKNOWN)
        elif result.outcome == "unsent" and result.is_transport:
            statuses.append(NO_ANSWER)
        else:
            statuses.append(SAID_NO)
    gravest = max(statuses)
    return (
        INTERRUPTED
        if ending in {"interrupted", "left"} and gravest < UNKNOWN
        else gravest
    )
