"""Moments on a command line: a day, a time with its zone, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import click

from .durations import duration

_AGO: Final = re.compile(r"\s*\d[\d.]*\s*[wdhms]", re.IGNORECASE)


def moment(text: str) -> datetime:
    """Return the moment in a text; click uses this as the type of an option.

    A day begins at midnight in UTC, and a time without a zone is in UTC.

    Raises:
        click.BadParameter: it is no moment.
    """
    try:
        if _AGO.match(text):
            return datetime.now(UTC) - duration(text)
        found = datetime.fromisoformat(text.strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no moment: write a day such as 2026-05-18, a time such as"
            " 2026-05-18T14:00+02:00, or how long ago, such as 30d"
        ) from None
