"""Lengths of time on a command line: `45s`, `10m`, `1h30m`, `30d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import click

_UNITS: Final = {
    "w": "weeks",
    "d": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
}
_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([wdhms])")


def duration(text: str) -> timedelta:
    """Return the length of time in a text; click uses this as the type of an option.

    Raises:
        click.BadParameter: it is no length of time.
    """
    lower = text.strip().lower()
    parts = _PART.findall(lower)
    if not parts or "".join(map("".join, parts)) != lower:
        raise click.BadParameter(
            f"{text!r} is no length of time: write a number and w, d, h, m or s, such"
            " as 1h30m"
        )
    try:
        return sum(
            (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts),
            timedelta(0),
        )
    except OverflowError:
        raise click.BadParameter(f"{text!r} is too long") from None


def age_text(age: timedelta) -> str:
    """Return a length of time in its largest unit and the next, such as `3d 4h`."""
    rest = max(0, int(age.total_seconds()))
    largest = ""
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, rest = divmod(rest, seconds)
        part = f"{number}{unit}" if number else ""
        if largest:
            return f"{largest} {part}".strip()
        largest = part
    return largest or "0s"
