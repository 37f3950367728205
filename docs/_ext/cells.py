"""Long names in tables, which may be wrapped, so that no column is cut off."""

from __future__ import annotations

import re

_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_NAME = re.compile(r'(?<=<span class="pre">)[^<]*(?=</span>)')
_BREAK = re.compile(
    r"(?<=[_|=\\(])|(?<=[\w)]\.)(?=\w)|(?<=\w)(?=\[)|(?<=/)|(?<=[a-z])(?=[A-Z])"
)
STYLE = (
    "<style>td span.pre{white-space:normal}"
    "@media(max-width:46em){table.docutils{font-size:.8em}"
    "table.docutils td,table.docutils th{padding:.25em .3em}"
    "table.docutils code{font-size:.9em;padding:.1em}}</style>"
)


def with_breaks(body: str) -> str:
    """Let names in the cells of a page wrap behind marks, and before a capital."""
    return _CELL.sub(
        lambda cell: _NAME.sub(lambda name: _BREAK.sub("<wbr>", name[0]), cell[0]), body
    )
