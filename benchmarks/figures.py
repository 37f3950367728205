"""Ratios of costs: the median over the rounds, and how far the rounds lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """A median, and the quartiles around it."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be."""

    side: Literal["≤", "≥"]
    limit: float

    def is_met_by(self, figure: Figure) -> bool:
        """Judge by the median."""
        if self.side == "≤":
            return figure.median <= self.limit
        return figure.median >= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    what: str
    figure: Figure
    target: Target | None = None


def ratio(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Compare two contenders round by round: a slow moment slows both."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    low, median, high = quantiles(ratios, method="inclusive")
    return Figure(median, low, high)
