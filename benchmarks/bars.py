"""Horizontal bars as SVG: figures with their spread and their targets.

A picture in a page does not know the page's colours. So it has a ground of its own, and
follows the reader's light or dark setting.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from AmazonPay.reporting.charts import ticks
from benchmarks.figures import is_met, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figures import Figure

    Kind = Literal["ours", "floor", "peer"]

_WIDTH: Final = 900
_LEFT, _RIGHT = 290, 720
"""Where the axis begins and ends; labels stand on its left, figures on its right."""
_FIGURE, _TARGET = 736, 792
_EDGE: Final = 20
_ROW: Final = 26
_BAR: Final = 14
_CAP: Final = 3
_HEAD: Final = 40
"""From the top of a panel to its first bar."""
_FOOT: Final = 56
"""From its last bar to the next panel: numbers and unit of the axis."""
_LEGEND: Final = 44

_NAMES: Final = {"ours": "ours", "floor": "floor", "peer": "other clients"}
_LIGHT: Final = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}"
    ".panel{font-size:14px;font-weight:600}.label{text-anchor:end}"
    ".figure{font-weight:600}.tick,.unit{font-size:12px;text-anchor:middle}"
    ".tick,.unit,.target,.name{fill:#59636e}.target,.name{font-size:12px}"
    ".ground{fill:#fff;stroke:#d1d9e0}.grid{stroke:#e3e7eb}.zero{stroke:#818b98}"
    ".ours{fill:#1f6feb}.floor{fill:#9aa4af}.peer{fill:#e0823d}"
    ".spread{stroke:#1f2328;stroke-width:1.5;fill:none}"
    ".limit{stroke:#c11c84;stroke-width:2;stroke-dasharray:4 2}"
    ".halo{stroke:#fff;stroke-width:3.6}"
)
_DARK: Final = (
    "text{fill:#e6edf3}.tick,.unit,.target,.name{fill:#9da7b1}"
    ".ground{fill:#0d1117;stroke:#3d444d}.grid{stroke:#252b33}.zero{stroke:#6e7681}"
    ".ours{fill:#4493f8}.floor{fill:#6e7781}.peer{fill:#d9762f}"
    ".spread{stroke:#f0f6fc}.limit{stroke:#ff80c8}.halo{stroke:#0d1117}"
)
_STYLE: Final = f"<style>{_LIGHT}@media (prefers-color-scheme:dark){{{_DARK}}}</style>"


class Bar(NamedTuple):
    """One bar: as long as the median, with a thin line between the quartiles."""

    label: str
    kind: Kind
    figure: Figure
    target: str = ""
    """As in `Row`; drawn as a dashed line across the bar."""


class Panel(NamedTuple):
    """Bars on one axis, which begins at zero."""

    title: str
    unit: str
    bars: Sequence[Bar]


def drawn(title: str, panels: Sequence[Panel]) -> str:
    """Return a picture; the same figures give the same bytes."""
    bars = [bar for panel in panels for bar in panel.bars]
    height = sum(_HEAD + _ROW * len(panel.bars) + _FOOT for panel in panels) + _LEGEND
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    told = 'role="img" aria-labelledby="title desc"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {told}>',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_told(panels))}</desc>',
        _STYLE,
        f'<path class="ground" d="M.5 .5h{_WIDTH - 1}v{height - 1}H.5z"/>',
    ]
    top = 0
    for panel in panels:
        lines += _panel(panel, top)
        top += _HEAD + _ROW * len(panel.bars) + _FOOT
    return "\n".join([*lines, *_legend(bars, top + 20), "</svg>", ""])


def _told(panels: Sequence[Panel]) -> str:
    """Say what the picture shows, for who does not see it."""
    return " ".join(
        f"{panel.title} ({panel.unit}): "
        + "; ".join(
            f"{bar.label} {shown(bar.figure.median)}"
            + (f", target {bar.target}, {_verdict(bar)}" if bar.target else "")
            for bar in panel.bars
        )
        + "."
        for panel in panels
    )


def _verdict(bar: Bar) -> str:
    return "met" if is_met(bar.figure, bar.target) else "missed"


def _panel(panel: Panel, top: int) -> Iterator[str]:
    first, last = top + _HEAD, top + _HEAD + _ROW * len(panel.bars)
    marks = list(ticks(Decimal(0), Decimal(str(_longest(panel.bars)))))
    scale = (_RIGHT - _LEFT) / float(marks[-1])

    yield f'<text class="panel" x="{_EDGE}" y="{top + 28}">{escape(panel.title)}</text>'
    for mark in marks:
        x = _px(_LEFT + float(mark) * scale)
        kind = "grid" if mark else "zero"
        yield f'<path class="{kind}" d="M{x} {first}V{last + 4}"/>'
        yield f'<text class="tick" x="{x}" y="{last + 18}">{mark.normalize():,f}</text>'
    middle = (_LEFT + _RIGHT) // 2
    yield f'<text class="unit" x="{middle}" y="{last + 36}">{escape(panel.unit)}</text>'
    for row, bar in enumerate(panel.bars):
        yield "<g>"
        yield from _bar(bar, first + row * _ROW, scale)
        yield "</g>"


def _longest(bars: Sequence[Bar]) -> float:
    return max(max(bar.figure.high, _limit(bar)) for bar in bars)


def _limit(bar: Bar) -> float:
    return float(bar.target.split()[1]) if bar.target else 0


def _bar(bar: Bar, top: int, scale: float) -> Iterator[str]:
    middle = top + _ROW // 2
    low, median, high = (one * scale for one in bar.figure)
    base = middle + 5
    yield f'<text class="label" x="{_LEFT - 10}" y="{base}">{escape(bar.label)}</text>'
    yield (
        f'<rect class="{bar.kind}" x="{_LEFT}" y="{middle - _BAR // 2}"'
        f' width="{_px(median)}" height="{_BAR}"/>'
    )
    if bar.target:
        line = f"M{_px(_LEFT + _limit(bar) * scale)} {top}V{top + _ROW}"
        # The halo parts the line from the bar, whatever their colours are.
        yield f'<path class="halo" d="{line}"/><path class="limit" d="{line}"/>'
        told = f"{bar.target}: {_verdict(bar)}"
        yield f'<text class="target" x="{_TARGET}" y="{base}">{told}</text>'
    if _has_spread(bar):
        yield _spread(_LEFT + low, _LEFT + high, middle)
    yield (
        f'<text class="figure" x="{_FIGURE}" y="{base}">'
        f"{shown(bar.figure.median)}</text>"
    )


def _has_spread(bar: Bar) -> bool:
    return shown(bar.figure.low) != shown(bar.figure.high)


def _spread(left: float, right: float, y: int) -> str:
    caps = "".join(f"M{_px(x)} {y - _CAP}v{2 * _CAP}" for x in (left, right))
    return f'<path class="spread" d="M{_px(left)} {y}H{_px(right)}{caps}"/>'


def _legend(bars: Sequence[Bar], y: int) -> Iterator[str]:
    """Explain the colours and lines that the picture has."""
    x = _EDGE
    for kind, name in _NAMES.items():
        if any(bar.kind == kind for bar in bars):
            yield f'<rect class="{kind}" x="{x}" y="{y - 11}" width="12" height="12"/>'
            yield f'<text class="name" x="{x + 18}" y="{y}">{name}</text>'
            x += 44 + 7 * len(name)
    if any(map(_has_spread, bars)):
        yield _spread(x, x + 20, y - 5)
        yield f'<text class="name" x="{x + 28}" y="{y}">between the quartiles</text>'
        x += 180
    if any(bar.target for bar in bars):
        yield f'<path class="limit" d="M{x} {y - 14}V{y + 4}"/>'
        yield f'<text class="name" x="{x + 8}" y="{y}">target</text>'


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
