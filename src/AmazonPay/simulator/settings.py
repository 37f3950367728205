"""What a simulator can be told where Amazon's documentation is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

StoredAnswers: TypeAlias = Literal["2xx", "2xx+4xx", "all"]
Profile: TypeAlias = Literal["lenient", "default", "hostile"]

_SHARES = ("failed_calls", "lost_answers", "stale_reads", "retry_after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one simulator answers; every default is the safe reading.

    `PROFILES` names three of them; `dataclasses.replace` changes one.
    """

    # Idempotency keys -----------------------------------------------------------------

    stored_answers: StoredAnswers = "2xx"
    """Which first answers an idempotency key repeats (unconfirmed: 5xx and 429 are
    repeated by the official SDKs with the same key, so they cannot be final)."""
    requires_keys: bool = True
    """Whether a key that is missing where one is required, or has another form than
    Amazon's, is refused (both answers are unconfirmed)."""
    keys_per_operation: bool = False
    """Whether one key may serve several operations (unconfirmed: the documentation
    says «unique per merchant account», a test of an official SDK reuses one)."""
    keys_ignored_by: frozenset[str] = frozenset()
    """Operations that run again under the same key (unconfirmed: official samples send
    none there)."""
    keys_held_for: timedelta = timedelta(0)
    """How much longer a call with a key takes, so that a second one meets it: that is
    answered 425, or 500 (unconfirmed). At 0 it waits for the first one's answer."""

    # Requests -------------------------------------------------------------------------

    takes_unknown_members: bool = False
    """Whether a member that Amazon does not document passes."""
    oldest_date: timedelta | None = None
    """The age at which an `x-amz-pay-date` is refused (unconfirmed); None is never."""
    strict_regions: bool = False
    """Whether `x-amz-pay-region` must be na, eu or jp under the V2 algorithm."""
    throttles: bool = False
    """Whether Amazon's quotas hold: `amazon-pay-api-v2/api-throttling-limits.html`."""
    retry_after: float = 0.0
    """The share of 429 answers with `Retry-After` (unconfirmed: none was recorded)."""
    largest_body: int = 1024 * 1024
    """Bytes; a longer body is refused unread."""

    # Faults: shares of calls, from 0 to 1 ---------------------------------------------

    failed_calls: float = 0.0
    """The share of calls that do nothing, and are answered 5xx."""
    lost_answers: float = 0.0
    """The share of calls, GET aside, that do their work, and are answered 5xx."""
    faults_in_a_row: int = 1
    """How many repeats of one call may meet these two before one is answered."""
    stale_reads: float = 0.0
    """The share of GETs that show what was there before the last change."""
    stale_for: timedelta = timedelta(0)
    """How long after a change they do."""

    # What happens by itself -----------------------------------------------------------

    canceled_session_code: Literal[
        "CheckoutSessionCanceled", "InvalidCheckoutSessionStatus"
    ] = "CheckoutSessionCanceled"
    """What Complete answers after a decline or a cancel (unconfirmed: five plugins
    branch on the first, one page of Amazon's names the second)."""
    authorization_settles_after: timedelta = timedelta(seconds=30)
    """A pending authorization; 30 s is documented for the test cards."""
    capture_settles_after: timedelta = timedelta(seconds=30)
    """A pending capture (delay unconfirmed)."""
    capture_shows_after: timedelta = timedelta(0)
    """How long a capture that was accepted is still shown as `Authorized`."""
    refund_settles_after: timedelta = timedelta(seconds=1)
    """A refund, which is always pending first (delay unconfirmed)."""
    report_settles_after: timedelta = timedelta(seconds=1)
    """A report (delay unconfirmed)."""
    upload_link_life: timedelta = timedelta(minutes=15)
    """How long a reserved file can be sent (unconfirmed)."""
    every_report_in_sandbox: bool = False
    """Amazon's sandbox makes one type of report only; so does this one, by default."""

    # Limits ---------------------------------------------------------------------------

    refunds_per_charge: int = 10
    """The limit of the earlier API (unconfirmed)."""
    charges_per_permission: int = 25
    """Charges on a one-time permission."""
    headroom: int = 1
    """Multiplies what a permission may be charged and a charge refunded, in amounts and
    in numbers: with 10, no limit hides that a shop pays or refunds twice."""
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

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"{name} is a share, from 0 to 1")
        if self.failed_calls + self.lost_answers > 1:
            raise ConfigurationError("failed_calls and lost_answers are above 1")
        if self.headroom < 1:
            raise ConfigurationError("headroom is 1 or more")


PROFILES: Mapping[Profile, Settings] = {
    "default": Settings(),
    # Forgives what is not known to be an error.
    "lenient": Settings(
        requires_keys=False,
        keys_per_operation=True,
        takes_unknown_members=True,
        refunds_per_charge=100,
        refund_simulation_codes=("AmazonRejected", "ProcessingFailure"),
    ),
    # Does the worst that the documentation leaves open, and what networks do.
    "hostile": Settings(
        keys_ignored_by=frozenset(
            {
                "complete_checkout_session",
                "finalize_checkout_session",
                "create_delivery_tracker",
                "instore_merchant_scan",
                "instore_charge",
                "instore_refund",
            }
        ),
        keys_held_for=timedelta(milliseconds=20),
        oldest_date=timedelta(minutes=5),
        strict_regions=True,
        retry_after=0.5,
        failed_calls=0.1,
        lost_answers=0.2,
        faults_in_a_row=2,
        stale_reads=0.5,
        stale_for=timedelta(seconds=5),
        capture_shows_after=timedelta(seconds=10),
    ),
}
