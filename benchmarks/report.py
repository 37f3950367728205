"""The report: tables for a terminal and for `latest.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.figures import Row

_HEAD = """\
# What a call costs

`make bench` writes this page.
Every figure is a ratio within one run, `A / B` being A's cost divided by B's: the median over the rounds, and in brackets the quartiles.
The contenders take turns, each in a process of its own that tells its user and system CPU; the server runs in another process and is not counted.

| contender | what it is |
|---|---|
| `Client`, `AsyncClient` | ours, installed as a user would |
| `floor`, `async floor` | the same calls written by hand: a post of `httpx2.Client` or `httpx2.AsyncClient` with the same headers and body, and one raw PSS signature of `cryptography` |
| `signature` | that signature alone |
| `AmazonPayClient 2.0.1` | the package of that name on PyPI, as published, trusting one authority only |
| `AmazonPayClient 2.0.1 with its own authorities` | the same as it is used: it loads all of certifi's authorities, and ours, for each call |
| `Node.js SDK` | Amazon's own, with an agent that keeps connections |

A call is a Create Charge or, every other time, a Capture Charge with an id that is new.
Its body is encoded, its request signed with RSA 2048 and sent over TLS to this machine, and its answer read and parsed.
At 16 a time the blocking contenders use threads, the others tasks of one event loop.
"""  # noqa: E501 - one sentence a line


def lines(tables: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Write the tables in Markdown."""
    for title, rows in tables.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| ratio | figure | target | met |"
        yield "|---|---|---|---|"
        for row in rows:
            yield f"| {row.what} | {_figure(row)} | {_target(row)} |"


def _figure(row: Row) -> str:
    low, median, high = (
        f"{number:.3g}"
        for number in (row.figure.low, row.figure.median, row.figure.high)
    )
    return median if low == high else f"{median} ({low} to {high})"


def _target(row: Row) -> str:
    if row.target is None:
        return " | "
    met = "yes" if row.target.is_met_by(row.figure) else "**no**"
    return f"{row.target.side} {row.target.limit:g} | {met}"


def document(tables: Mapping[str, Sequence[Row]], ran: str, notes: str) -> str:
    """Write all of `latest.md`; `ran` names what ran, `notes` what was tried."""
    return "\n".join([_HEAD, ran, *lines(tables), "", notes])
