"""Clock skew: measure how fast the system clock is, and correct request dates.

Amazon refuses a request whose date lies in the future, with almost no tolerance. So a
machine whose clock is a little fast would fail from time to time. The refusal contains
Amazon's time; for ten minutes, dates are then corrected by the difference. Follows
`amazon-pay-api-v2/signing-requests.html`; the form of the refusal was recorded.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..errors import LARGEST_CORRECTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..response import Response

_MARGIN = timedelta(seconds=2)
_LASTS = 600.0
_NO_OFFSET = (timedelta(0), 0.0)
_BAD_REQUEST = 400
_AGE, _DATE = "age", "date"


def is_date_refusal(response: Response[Any]) -> bool:
    """Return whether Amazon refused a request because of its date."""
    text = response.message or ""  # pragma: no mutate - any text that names no header
    return (
        response.status_code == _BAD_REQUEST
        and response.reason_code == "InvalidHeaderValue"
        and "x-amz-pay-date" in text.lower()
    )


def http_date(value: str | None) -> datetime | None:
    """Return an HTTP date in UTC, or None if it is not a date with a time zone.

    A server chooses the numbers in it, so any number may be too large.
    """
    from email.utils import parsedate_to_datetime

    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
        moment = date.astimezone(UTC)  # pragma: no mutate - any zone is the same moment
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    return None if date.tzinfo is None else moment


def clock_lead(response: Response[Any], received: datetime) -> timedelta | None:
    """Return how far the system clock is ahead of Amazon's, or None.

    Trust only uncached answers with a request id: those are Amazon's own.
    """
    if response.request_id is None or _AGE in response.headers:
        return None
    date = http_date(response.headers.get(_DATE))
    return None if date is None else received - date


class ClockOffset:
    """The correction of request dates; all calls of a client share it."""

    def __init__(self, warn: Callable[[timedelta], object]) -> None:
        self._warn = warn
        # One attribute, so that threads read both parts of the same correction.
        self._current = _NO_OFFSET

    def correction(self, now: float) -> timedelta:
        """Return what to subtract from the system clock; `now` is monotonic."""
        correction, until = self._current
        return correction if now < until else timedelta(0)

    def learn(self, lead: timedelta | None, now: float) -> bool:
        """Learn from a date refusal; return whether a repeat with a new date can work.

        An earlier correction has just failed, so it is dropped.
        """
        before, self._current = self.correction(now), _NO_OFFSET
        if lead is None or not -_MARGIN < lead <= LARGEST_CORRECTION:
            return False
        self._current = (lead + _MARGIN, now + _LASTS)
        if not before:
            self._warn(lead)
        return True
