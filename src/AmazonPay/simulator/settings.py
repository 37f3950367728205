"""What a simulator can be told where Amazon's documentation is silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one simulator answers; every default is the safe reading."""

    stored_answers: Literal["2xx", "2xx+4xx", "all"] = "2xx"
    """Which first answers an idempotency key repeats (unconfirmed: 5xx and 429 are
    repeated by the official SDKs with the same key, so they cannot be final)."""
    authorization_settles_after: timedelta = timedelta(seconds=30)
    """A pending authorization; 30 s is documented for the test cards."""
    capture_settles_after: timedelta = timedelta(seconds=30)
    """A pending capture (delay unconfirmed)."""
    refund_settles_after: timedelta = timedelta(seconds=1)
    """A refund, which is always pending first (delay unconfirmed)."""
    report_settles_after: timedelta = timedelta(seconds=1)
    """A report (delay unconfirmed)."""
    upload_link_life: timedelta = timedelta(minutes=15)
    """How long a reserved file can be sent (unconfirmed)."""
    every_report_in_sandbox: bool = False
    """Amazon's sandbox makes one type of report only; so does this one, by default."""
    refunds_per_charge: int = 10
    """The limit of the earlier API (unconfirmed)."""
    charges_per_permission: int = 25
    """Charges on a one-time permission."""
    refund_simulation_codes: tuple[str, ...] = ("AmazonRejected",)
    """Amazon says that there are such codes, but not which (unconfirmed)."""
    largest_body: int = 1024 * 1024
    """Bytes; a longer body is refused unread."""
