"""Time as the API writes it: UTC, in basic ISO 8601."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from email.utils import format_datetime

from ..wire.errors import APIRefusal

FORMAT = "%Y%m%dT%H%M%SZ"


def utc_now() -> datetime:
    """Read the system's clock."""
    return datetime.now(UTC)


def format_timestamp(moment: datetime) -> str:
    """Write a moment: `20260101T120000Z`."""
    return moment.astimezone(UTC).strftime(FORMAT)


def parse_timestamp(text: str) -> datetime:
    """Read what `format_timestamp` wrote."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def checked_timestamp(text: str, name: str) -> datetime:
    """Read a request's time; one of good form may still be of no calendar."""
    try:
        return parse_timestamp(text)
    except ValueError:
        raise APIRefusal(
            "InvalidParameterValue", f"The value provided for '{name}' is invalid"
        ) from None


def http_date(moment: datetime) -> str:
    """Write a moment as a `Date` header does: RFC 9110, 5.6.7."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def months_later(moment: datetime, months: int) -> datetime:
    """Add calendar months; a day that the month lacks becomes its last."""
    index = moment.month - 1 + months
    year, month = moment.year + index // 12, index % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
