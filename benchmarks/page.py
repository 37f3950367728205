"""`python -m benchmarks.page`: make page and pictures again from `latest.json`.

Nothing is measured. It is for a change of the text, of `notes.md` or of the pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import from_json, is_met, sections, shown, to_json
from benchmarks.pictures import pictures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.figures import Figure, Row, Run

HERE = Path(__file__).parent
_NOTES = HERE / "notes.md"
"""Written by hand: which targets are missed, and what was tried."""

_HEAD = """\
# Speed

This page shows what calls, starts, commands and the simulator cost.
Our clients are compared with the floor, which is the same work written by hand with the same libraries, and with other clients.
All was measured in one run of `make bench`.

- A figure `A / B` is the cost of A divided by the cost of B: the median, and in brackets the quartiles. Only a whole purchase is given in milliseconds, of the machine that measured.
- The contenders take turns. Each is a process of its own, and reports its user and system CPU. The server is another process, and is not counted.
- In the pictures, the thin line on a bar goes from one quartile to the other. A dashed line is a target.

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
"""  # noqa: E501 - a page has one sentence a line


def text_of(run: Run) -> str:
    """Return the page in Markdown, with links to the pictures beside it."""
    drawn = {one.section: one for one in pictures(run)}
    parts = [_HEAD, f"Measured with {run.versions}."]
    for title, rows in sections().items():
        if title not in run.figures:
            continue
        parts += ["", f"## {title}", ""]
        if title in drawn:
            parts += [f"![Bars: {title}](latest/{drawn[title].file})", ""]
        parts += table(rows, run.figures[title])
    return "\n".join([*parts, "", _NOTES.read_text(encoding="utf-8")])


def table(rows: Iterable[Row], figures: Mapping[str, Figure]) -> Iterator[str]:
    """Write the table of a section; a row that was not measured is left out."""
    yield "| what | figure | target | met |"
    yield "|---|---|---|---|"
    for row in rows:
        if row.what not in figures:
            continue
        figure = figures[row.what]
        low, median, high = map(shown, figure)
        spread = f" ({low} to {high})" if low != high else ""
        met = ""
        if row.target:
            met = "yes" if is_met(figure, row.target) else "**no**"
        yield f"| {row.what} | {median}{spread} | {row.target} | {met} |"


def write(folder: Path, run: Run) -> None:
    """Write page, pictures and figures into a folder, over those of the last run."""
    beside = folder / "latest"
    beside.mkdir(parents=True, exist_ok=True)
    for old in beside.glob("*.svg"):
        old.unlink()
    for picture in pictures(run):
        (beside / picture.file).write_text(picture.svg, encoding="utf-8")
    (folder / "latest.md").write_text(text_of(run), encoding="utf-8")
    (folder / "latest.json").write_text(to_json(run), encoding="utf-8")


def kept() -> Run:
    """Return the figures of the last whole run."""
    return from_json((HERE / "latest.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    write(HERE, kept())
