"""Times in the form of the API: UTC, basic ISO 8601."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from ..wire.errors import invalid_value

FORMAT = "%Y%m%dT%H%M%SZ"


def format_timestamp(moment: datetime) -> str:
    """Return a time as text: `20260101T120000Z`."""
    # As `FORMAT` says: this is called several times in each request.
    at = moment.astimezone(UTC)
    day = f"{at.year:04}{at.month:02}{at.day:02}"
    return f"{day}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def parse_timestamp(text: str) -> datetime:
    """Return the time that `format_timestamp` has formatted."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def checked_timestamp(text: str, name: str) -> datetime:
    """Return a time of a request, or refuse one that no calendar has."""
    try:
        return parse_timestamp(text)
    except ValueError:
        raise invalid_value(f"The value provided for '{name}' is invalid") from None


def http_date(moment: datetime) -> str:
    """Return a time as a `Date` header has it, in whole seconds: RFC 9110, 5.6.7."""
    return _http_date(moment.astimezone(UTC).replace(microsecond=0))


@lru_cache(maxsize=1)
def _http_date(second: datetime) -> str:
    return format_datetime(second, usegmt=True)


def months_later(moment: datetime, months: int) -> datetime:
    """Return a time some calendar months later, on the month's last day at most."""
    index = moment.month - 1 + months
    year, month = moment.year + index // 12, index % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
