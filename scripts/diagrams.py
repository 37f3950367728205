"""Draw the life cycles: a line for each state, an arrow for each change."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from AmazonPay.lifecycles import Transition

NEW = "new"
_LANE, _ROW, _TOP, _EDGE = 140, 34, 58, 84
_LETTER = 9  # as wide as a letter may be, with what stands beside the text
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2328}"
    ".state{font-weight:600;text-anchor:middle}"
    ".lane{stroke:#d0d7de;stroke-dasharray:3 4}"
    ".arrow{stroke:#57606a;stroke-width:1.5}"
    ".event{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}"
    ".reason{fill:#0550ae}"
)

_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
    ' markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/>'
    "</marker></defs>"
)


def states_of(arrows: Sequence[Transition]) -> list[str]:
    """Return the states of a life cycle in the order of the table."""
    found = {NEW: None}
    for arrow in arrows:
        found |= dict.fromkeys((*arrow.states, arrow.to))
    return list(found)


def drawn(title: str, arrows: Sequence[Transition]) -> str:
    """Return the diagram of one life cycle as SVG."""
    states = states_of(arrows)
    # From two states to one: an arrow each.
    steps = [(state, one) for one in arrows for state in one.states or (NEW,)]
    place = {state: _EDGE + number * _LANE for number, state in enumerate(states)}
    ends = [
        min(place[state], place[one.to]) + _LETTER * len(f"{one.event} {one.reason}")
        for state, one in steps
    ]
    width = max(place[states[-1]] + _EDGE, *ends)
    height = _TOP + len(steps) * _ROW + 24
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        _TIP,
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
        *_lanes(place, height),
    ]
    for row, (state, arrow) in enumerate(steps):
        lines += _arrow(place[state], place[arrow.to], _TOP + row * _ROW, arrow, state)
    return "\n".join([*lines, "</svg>", ""])


def _lanes(place: dict[str, int], height: int) -> Iterator[str]:
    for state, x in place.items():
        yield f'<text class="state" x="{x}" y="26">{escape(state)}</text>'
        yield f'<path class="lane" d="M{x} 38V{height - 12}"/>'


def _arrow(x: int, to: int, top: int, arrow: Transition, state: str) -> Iterator[str]:
    y, left = top + 22, min(x, to) + 8
    reason = ""
    if arrow.reason is not None:
        reason = f' <tspan class="reason">{escape(arrow.reason)}</tspan>'
    yield f'<g data-from="{state}" data-to="{arrow.to}">'
    yield f'<circle cx="{x}" cy="{y}" r="4" fill="#57606a"/>'
    yield f'<path class="arrow" marker-end="url(#tip)" d="M{x} {y}H{to}"/>'
    text = f"{escape(arrow.event)}{reason}"
    yield f'<text class="event" x="{left}" y="{y - 8}">{text}</text></g>'
