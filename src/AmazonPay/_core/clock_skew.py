"""Clock skew: how far the system clock is ahead of Amazon's, and dates set back for it.

Amazon refuses a request whose date lies in the future and tolerates next to nothing. A
machine whose clock is a little fast would fail now and then. Such a refusal shows
Amazon's time, and dates are set back for a while. Follows
`amazon-pay-api-v2/signing-requests.html`; the form of the refusal is a recorded one.
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


def is_date_refusal(response: Response[Any]) -> bool:
    """Whether Amazon refused a request for its date."""
    return (
        response.status_code == _BAD_REQUEST
        and response.reason_code == "InvalidHeaderValue"
        and "x-amz-pay-date" in (response.message or "").lower()
    )


def http_date(value: str) -> datetime | None:
    """Return an HTTP date in UTC; None for what is no date with a time zone.

    A server chooses each number of it, so any number may be too large.
    """
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
        return None if date.tzinfo is None else date.astimezone(UTC)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None


def lead_of(response: Response[Any], received: datetime) -> timedelta | None:
    """Return how far the system clock is ahead of Amazon's, or None.

    Trust only uncached answers with a request id: those are Amazon's own.
    """
    if response.request_id is None or "age" in response.headers:
        return None
    date = http_date(response.headers.get("date", ""))
    return None if date is None else received - date


class ClockOffset:
    """How far request dates are set back; shared by all calls of a client."""

    def __init__(self, tell: Callable[[timedelta], object]) -> None:
        self._tell = tell
        # One attribute, so that threads read both parts of one correction.
        self._current = _NO_OFFSET

    def set_back(self, now: float) -> timedelta:
        """Tell by how much a date is set back at a monotonic moment."""
        set_back, until = self._current
        return set_back if now < until else timedelta(0)

    def learn(self, lead: timedelta | None, now: float) -> bool:
        """Take in a date refusal; whether a repeat with a corrected date makes sense.

        Whatever was learned before has just failed, and is forgotten.
        """
        before, self._current = self.set_back(now), _NO_OFFSET
        if lead is None or not -_MARGIN < lead <= LARGEST_CORRECTION:
            return False
        self._current = (lead + _MARGIN, now + _LASTS)
        if not before:
            self._tell(lead)
        return True
