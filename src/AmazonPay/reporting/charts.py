"""Bars by day as SVG: above and below zero, drawn with decimals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

_WIDTH: Final = Decimal(1002)
_HEIGHT: Final = Decimal(240)
_LEFT: Final = Decimal(68)
_RIGHT: Final = Decimal(20)
_TOP: Final = Decimal(12)
_BOTTOM: Final = Decimal(26)
_LEAST_SLOT: Final = Decimal(6)
"""A day is no narrower; a longer time makes a wider chart, which scrolls."""
_WIDEST_BAR: Final = Decimal(36)
_FILLED: Final = Decimal("0.72")
_TICKS: Final = 5
_LABEL_EVERY: Final = Decimal(104)
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_UNITS: Final = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "M"))


@dataclass(frozen=True)
class Series:
    """One kind of bar: its class in the style sheet, and its value on each day."""

    name: str
    values: Sequence[Decimal]


def bar_chart(
    title: str, days: Sequence[date], series: Sequence[Series], told: Sequence[str]
) -> str:
    """Return a chart with one stack of bars a day.

    What is above zero is stacked upwards, what is below downwards. `told` is what a
    reader sees when pointing at a day.
    """
    slot = max(_LEAST_SLOT, (_WIDTH - _LEFT - _RIGHT) / len(days))
    width = _LEFT + slot * len(days) + _RIGHT
    lowest, highest = _range(days, series)
    marks = list(ticks(lowest, highest))
    lowest, highest = min(lowest, marks[0]), max(highest, marks[-1])

    def height(value: Decimal) -> Decimal:
        return _TOP + (highest - value) / (highest - lowest) * (
            _HEIGHT - _TOP - _BOTTOM
        )

    kind = ' class="long"' if width > _WIDTH else ""
    opening = (
        f'<svg{kind} viewBox="0 0 {_px(width)} {_px(_HEIGHT)}" width="{_px(width)}"'
        f' height="{_px(_HEIGHT)}" role="img" aria-label="{escape(title)}">'
    )
    parts = [opening]
    parts += [
        f'<line class="{"zero" if not tick else "grid"}" x1="{_px(_LEFT)}"'
        f' x2="{_px(width - _RIGHT)}" y1="{_px(height(tick))}"'
        f' y2="{_px(height(tick))}"/><text class="y" x="{_px(_LEFT - 8)}"'
        f' y="{_px(height(tick) + 4)}">{_short(tick)}</text>'
        for tick in marks
    ]
    for place, text in enumerate(told):
        left = _LEFT + slot * place
        parts.append(
            f'<g class="day"><rect class="hit" x="{_px(left)}" y="{_px(_TOP)}"'
            f' width="{_px(slot)}" height="{_px(_HEIGHT - _TOP - _BOTTOM)}"/>'
        )
        bar = min(slot * _FILLED, _WIDEST_BAR)
        parts += [
            f'<rect class="{name}" x="{_px(left + (slot - bar) / 2)}"'
            f' y="{_px(height(top))}" width="{_px(bar)}"'
            f' height="{_px(height(bottom) - height(top))}"/>'
            for name, bottom, top in _stacked(series, place)
        ]
        parts.append(f"<title>{escape(text)}</title></g>")
    every = max(1, int(-(-_LABEL_EVERY // slot)))
    parts += [
        f'<text class="x" x="{_px(_LEFT + slot * place + slot / 2)}"'
        f' y="{_px(_HEIGHT - 6)}">{day.day} {_MONTHS[day.month - 1]}{year}</text>'
        for place, day in enumerate(days)
        for year in (f" {day.year}" if days[0].year != days[-1].year else "",)
        if place % every == 0
    ]
    return "".join([*parts, "</svg>"])


def _stacked(
    series: Sequence[Series], place: int
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Yield the bars of one day: the name, the lower end and the upper one."""
    above = below = Decimal(0)
    for one in series:
        value = one.values[place]
        if value > 0:
            yield one.name, above, above + value
            above += value
        elif value < 0:
            yield one.name, below + value, below
            below += value


def _range(days: Sequence[date], series: Sequence[Series]) -> tuple[Decimal, Decimal]:
    """Return the ends of the highest and the lowest stack, with zero between."""
    zero = Decimal(0)
    places = range(len(days))
    highest = max(
        sum((max(one.values[place], zero) for one in series), zero) for place in places
    )
    lowest = min(
        sum((min(one.values[place], zero) for one in series), zero) for place in places
    )
    return (lowest, highest) if lowest or highest else (zero, Decimal(1))


def ticks(lowest: Decimal, highest: Decimal) -> Iterator[Decimal]:
    """Yield round numbers from below the lowest to above the highest."""
    rough = (highest - lowest) / _TICKS
    power = Decimal(10) ** rough.adjusted()
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    tick = (lowest // step) * step
    if tick > lowest:  # division rounds towards zero
        tick -= step
    while True:
        yield tick
        if tick >= highest:
            return
        tick += step


def _short(tick: Decimal) -> str:
    for unit, name in _UNITS:
        if abs(tick) >= unit:
            return f"{_plain(tick / unit)}{name}"
    return _plain(tick)


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not number else text.replace("-", "\N{MINUS SIGN}")


def _px(number: Decimal) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
