"""A bar on stderr for rows that are carried out: only if a person watches."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from typing import TYPE_CHECKING

from .output import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rich.progress import Task
    from rich.text import Text

_PERIOD = 60.0
"""Seconds of which the rate is the mean: a quota that was unused is spent first."""


def _unseen(number: int, outcome: str) -> None:
    """Show nothing."""


@contextlib.contextmanager
def rows_shown(
    what: str, total: int, done: int
) -> Generator[Callable[[int, str], object]]:
    """Show how many rows are done, the rate, and the time left, while a block runs.

    Yields a function; call it with how many more rows are done, and their outcome.
    Without a terminal nothing is shown.
    """
    if not is_terminal(sys.stderr) or done == total:
        yield _unseen
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            rate = task.finished_speed or task.speed
            return Text("" if rate is None else f"{rate:.1f} rows/s")

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[attention]}"),
        console=Console(file=sys.stderr),
        speed_estimate_period=_PERIOD,
    ) as progress:
        bar = progress.add_task(what, total=total, completed=done, attention="")
        counts: Counter[str] = Counter()

        def told(number: int, outcome: str) -> None:
            counts[outcome] += number * (outcome != "success")
            text = ", ".join(f"{many} {name}" for name, many in (+counts).items())
            progress.update(bar, advance=number, attention=text)

        yield told
