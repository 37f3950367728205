"""Write data to stdout and words to stderr; a closed pipe is no failure.

A closed pipe changes no exit status: what a command did stays done, even if nobody
reads of it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import TextIO

# Control characters, and what ends a line in Unicode.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_LONGEST_ID: Final = 36
"""Of the ids that a table shows in one line, however narrow the terminal is."""


def data(text: str) -> bool:
    """Write text to stdout; return whether it could be written."""
    return _write(sys.stdout, text)


def words(text: str) -> bool:
    """Write text for people to stderr; return whether it could be written."""
    return _write(sys.stderr, text)


def json_line(value: object) -> bool:
    """Write a value to stdout as JSON in one line of ASCII, as `data` does."""
    return data(json.dumps(value, default=str))


def json_text(value: object) -> None:
    """Write a value to stdout as indented JSON, which people and programs can read."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # such as half a surrogate pair
        text = json.dumps(value, indent=2)
    data(text)


def tabbed(cells: Iterable[object]) -> str:
    """Return one line of cells that are separated by tabs."""
    return "\t".join(map(_cell, cells))


def _cell(value: object) -> str:
    r"""Return a cell that stays one: a tab or a line end in it is written `\t`, `\n`.

    Characters that a terminal would act on are escaped, too.
    """
    text = "" if value is None else str(value)
    return _CONTROL.sub(lambda one: one[0].encode("unicode_escape").decode(), text)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    numbers: Collection[str] = (),
) -> None:
    """Write rows to stdout: a table on a terminal, else lines separated by tabs.

    `numbers` are the columns that stand to the right.
    """
    if not is_terminal(sys.stdout):
        data("\n".join(map(tabbed, [columns, *rows])))
        return
    cells = [[_cell(one) for one in row] for row in rows]
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    style = "" if os.environ.get("NO_COLOR") else "bold"
    made = Table(box=SIMPLE, header_style=style, pad_edge=False)
    console = Console()
    # A person copies the first one; but it must leave room for the others.
    widest = max((Text(row[0]).cell_len for row in cells), default=0)
    is_whole = widest <= max(_LONGEST_ID, console.width // 2)
    for number, column in enumerate(columns):
        side: Literal["left", "right"] = "right" if column in numbers else "left"
        no_wrap = number == 0 and is_whole
        made.add_column(column, justify=side, no_wrap=no_wrap, overflow="fold")
    for row in cells:
        made.add_row(*map(Text, row))
    with contextlib.suppress(BrokenPipeError):
        console.print(made)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads or writes a stream; a closed one is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _write(stream: TextIO | None, text: str) -> bool:
    if stream is None:  # closed by the caller
        return False
    try:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(
                f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n"
            )
        stream.flush()
    except OSError as error:
        discard(stream)
        if error.errno != errno.EPIPE and stream is sys.stdout:
            words(f"amazonpay: the output cannot be written: {error.strerror}")
        return False
    return True


def discard(stream: TextIO | None) -> None:
    """Redirect a stream to nowhere, so that Python's last flush of it does not fail."""
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
