"""What a simulator can be told where Amazon's documentation is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one simulator answers; every default is the safe reading."""

    stored_answers: Literal["2xx", "2xx+4xx", "all"] = "2xx"
    """Which first answers an idempotency key repeats (unconfirmed: 5xx and 429 are
    repeated by the official SDKs with the same key, so they cannot be final)."""
    canceled_session_code: Literal[
        "CheckoutSessionCanceled", "InvalidCheckoutSessionStatus"
    ] = "CheckoutSessionCanceled"
    """What Complete answers after a decline or a cancel (unconfirmed: five plugins
    branch on the first, one page of Amazon's names the second)."""
    authorization_settles_after: timedelta = timedelta(seconds=30)
    """A pending authorization; 30 s is documented for the test cards."""
    capture_settles_after: timedelta = timedelta(seconds=30)
    """A pending capture (delay unconfirmed)."""
    refund_settles_after: timedelta = timedelta(seconds=1)
    """A refund, which is always pending first (delay unconfirmed)."""
    report_settles_after: timedelta = timedelta(seconds=1)
    """A report (delay unconfirmed)."""
    refunds_per_charge: int = 10
    """The limit of the earlier API (unconfirmed)."""
    charges_per_permission: int = 25
    """Charges on a one-time permission."""
    pending_simulation_codes: Mapping[str, str] = field(
        default_factory=lambda: {
            f"Pending{reason}": reason
            for reason in ("SoftDeclined", "HardDeclined", "AmazonRejected")
        }
    )
    """Codes of Create Charge, and what becomes of the pending charge. Amazon says that
    they begin with Pending, but not how they end (unconfirmed)."""
    refund_simulation_codes: tuple[str, ...] = ("AmazonRejected",)
    """Amazon says that there are such codes, but not which (unconfirmed)."""
    largest_body: int = 1024 * 1024
    """Bytes; a longer body is refused unread."""
