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

    from ..bulk.results import RowResult

_PERIOD = 60.0
"""Seconds of which the rate is the mean: a quota that was unused is spent first."""


@contextlib.contextmanager
def rows_shown(
    what: str, total: int, done: int
) -> Generator[Callable[[RowResult], object]]:
    """Show how many rows are done, the rate, and the time left, while a block runs.

    Without a terminal nothing is shown.
    """
    if not is_terminal(sys.stderr) or done == total:
        yield bool
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

        def told(result: RowResult) -> None:
            counts[result.outcome] += result.outcome != "success"
            text = ", ".join(f"{number} {name}" for name, number in (+counts).items())
            progress.update(bar, advance=1, attention=text)

        yield told
