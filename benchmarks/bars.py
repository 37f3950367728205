"""Bars of what a call costs, drawn from the tables that the same run has written."""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple

from benchmarks.stage import FLOORS, OURS

DRAWN = {
    "CPU of a call, 1 at a time": "cpu-1.svg",
    "CPU of a call, 16 at a time": "cpu-16.svg",
}
"""The sections with a picture, and its file beside the page."""

_ROW = re.compile(r"^\| (.+?) / (.+?) \| ([\d.e+-]+)", re.MULTILINE)
_WIDTH, _LEFT, _LINE = 860, 370, 26
_OURS, _OTHERS = "#1f6f43", "#9aa5a0"


class Bar(NamedTuple):
    """The cost of one contender, where ours is 1."""

    name: str
    cost: float


def picture_line(title: str) -> str:
    """Return the line of the page that shows the picture of a section."""
    return f"![{title}: bars, ours is 1]({DRAWN[title]})"


def bars_of(table: str, ours: str) -> list[Bar]:
    """Return one client's bars, cheapest first; a ratio below ours is turned round."""
    found = [Bar(ours, 1.0)]
    for above, below, figure in _ROW.findall(table):
        if below == ours:
            found.append(Bar(above, float(figure)))
        elif above == ours and below in FLOORS:
            found.append(Bar(below, 1 / float(figure)))
    return sorted(found, key=lambda bar: bar.cost)


def pictures(page: str) -> dict[str, str]:
    """Draw the pictures of a page; return them by the names of their files."""
    sections = dict(re.findall(r"(?ms)^## ([^\n]+)\n(.*?)(?=^## |\Z)", page))
    return {
        file: _drawn(title, [bars_of(sections[title], name) for name in OURS])
        for title, file in DRAWN.items()
    }


def _drawn(title: str, groups: list[list[Bar]]) -> str:
    most = max(bar.cost for group in groups for bar in group)
    heading = f"{title}: ours is 1, less is better"
    parts = [_text(16, 28, heading, 'font-weight="bold"')]
    top = 48
    for group in groups:
        for bar in group:
            colour = _OURS if bar.name in OURS else _OTHERS
            long = max(2, round((_WIDTH - _LEFT - 80) * bar.cost / most))
            middle = top + _LINE // 2 + 5
            place = f'x="{_LEFT}" y="{top + 4}" width="{long}" height="{_LINE - 8}"'
            parts += [
                _text(_LEFT - 10, middle, bar.name, 'text-anchor="end"'),
                f'<rect {place} fill="{colour}"/>',
                _text(_LEFT + long + 8, middle, f"{bar.cost:.3g}"),
            ]
            top += _LINE
        top += 24
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    font = 'font-family="sans-serif" font-size="14"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    name = f"<title>{escape(heading)}</title>"
    return "\n".join([head, name, ground, *parts, "</svg>", ""])


def _text(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{escape(text)}</text>'
