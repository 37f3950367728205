"""Settings for what Amazon's documentation leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ..errors import ConfigurationError
from ..lifecycles import CHARGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

StoredAnswers: TypeAlias = Literal["2xx", "2xx+4xx", "all"]
Profile: TypeAlias = Literal["lenient", "default", "hostile"]
"""The name of a set of settings; `PROFILES` has the `Settings` of each."""

# How a pending charge can end, and what codes of Create Charge mean already.
_PENDING_ENDS = {"Authorized"} | {
    str(arrow.reason)
    for arrow in CHARGE
    if "AuthorizationInitiated" in arrow.states and arrow.to == "Declined"
}
_TAKEN = {"CaptureInitiated"} | {
    arrow.reason for arrow in CHARGE if not arrow.states and arrow.reason
}

_IGNORED_BY_HOSTILE = frozenset(
    {
        "complete_checkout_session",
        "finalize_checkout_session",
        "create_delivery_tracker",
        "instore_merchant_scan",
        "instore_charge",
        "instore_refund",
    }
)
_CANCELED_CODES = ("CheckoutSessionCanceled", "InvalidCheckoutSessionStatus")
_SHARES = (
    "failed_calls",
    "lost_answers",
    "stale_reads",
    "retry_after",
    "duplicate_notifications",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one simulator; every default is the safe reading.

    `PROFILES` has three sets of settings; `dataclasses.replace` changes one of them.
    """

    # Idempotency keys -----------------------------------------------------------------

    # UNCONFIRMED: which responses are stored. The official SDKs repeat 5xx and 429 with
    # the same key, so these cannot be final.
    stored_answers: StoredAnswers = "2xx"
    """The statuses of first responses that an idempotency key repeats."""
    # UNCONFIRMED: that missing and malformed keys are refused.
    requires_keys: bool = True
    """Whether a key is refused that is missing where one is required, or has another
    form than Amazon's."""
    # UNCONFIRMED: the scope of a key. The documentation says that it is unique per
    # merchant account; a test of an official SDK uses one for two operations.
    keys_per_operation: bool = False
    """Whether one key may serve several operations."""
    # UNCONFIRMED: that keys work on operations for which official samples send none.
    keys_ignored_by: frozenset[str] = frozenset()
    """Operations that run again under the same key."""
    # UNCONFIRMED: the response to a second call while the first one runs.
    keys_held_for: timedelta = timedelta(0)
    """How much longer a call with a key takes, so that a second call can meet it. That
    one gets 425, or 500. At 0 it waits for the response to the first one."""

    # Requests -------------------------------------------------------------------------

    takes_unknown_members: bool = False
    """Whether members are accepted that Amazon does not document."""
    # UNCONFIRMED: how old a date may be.
    oldest_date: timedelta | None = None
    """The age at which an `x-amz-pay-date` is refused; None accepts any age."""
    strict_regions: bool = False
    """Whether `x-amz-pay-region` must be na, eu or jp under the V2 algorithm."""
    throttles: bool = False
    """Whether Amazon's quotas hold: `amazon-pay-api-v2/api-throttling-limits.html`."""
    # UNCONFIRMED: whether a 429 has the header; none was recorded.
    retry_after: float = 0.0
    """The share of 429 responses with `Retry-After`."""
    largest_body: int = 1024 * 1024
    """Bytes; a longer body is refused unread."""

    story_rows: int | None = 10_000
    """The most rows of the story; older ones are dropped. None drops nothing."""

    # Faults: shares of calls, from 0 to 1 ---------------------------------------------

    failed_calls: float = 0.0
    """The share of calls that do nothing and get a 5xx."""
    lost_answers: float = 0.0
    """The share of calls, except GETs, that do their work and get a 5xx."""
    faults_in_a_row: int = 1
    """How many times in a row one call may meet these two faults."""
    stale_reads: float = 0.0
    """The share of GETs that return the object before its last change."""
    stale_for: timedelta = timedelta(0)
    """How long after a change they do so."""

    # Scheduled events -----------------------------------------------------------------

    # UNCONFIRMED: the code. Five plugins branch on the first; one page of Amazon's has
    # the second.
    canceled_session_code: Literal[
        "CheckoutSessionCanceled", "InvalidCheckoutSessionStatus"
    ] = "CheckoutSessionCanceled"
    """The reason code of Complete for a session that was declined or canceled."""
    authorization_settles_after: timedelta = timedelta(seconds=30)
    """How long an authorization is pending; Amazon documents 30 s for test cards."""
    # UNCONFIRMED: how long a late capture takes.
    capture_settles_after: timedelta = timedelta(seconds=30)
    """How long a capture is pending."""
    capture_shows_after: timedelta = timedelta(0)
    """How long an accepted capture is still shown as `Authorized`."""
    # UNCONFIRMED: how long a refund takes; one that took 30 s was recorded in sandbox.
    refund_settles_after: timedelta = timedelta(seconds=30)
    """How long a refund is pending."""
    # UNCONFIRMED: how long a report takes.
    report_settles_after: timedelta = timedelta(seconds=1)
    """How long a report is in progress."""
    # UNCONFIRMED: how long an upload link lives.
    upload_link_life: timedelta = timedelta(minutes=15)
    """How long a reserved file can be uploaded."""
    every_report_in_sandbox: bool = False
    """Whether sandbox makes all types of report; Amazon's makes one type only."""

    # Notifications --------------------------------------------------------------------

    notification_delay: timedelta = timedelta(0)
    """How long after a change its notification is sent."""
    notification_spread: timedelta = timedelta(0)
    """A random time up to this is added, so that notifications overtake each other."""
    duplicate_notifications: float = 0.0
    """The share of notifications that are sent twice."""

    # Limits ---------------------------------------------------------------------------

    # UNCONFIRMED: this limit, which is the earlier API's.
    refunds_per_charge: int = 10
    """The most refunds of one charge."""
    charges_per_permission: int = 25
    """The most charges on a one-time permission."""
    headroom: int = 1
    """A factor on the amounts and numbers of a permission's charges and of a charge's
    refunds: with 10, no limit hides that a shop charges or refunds twice."""
    # UNCONFIRMED: how the codes end; Amazon says that they begin with Pending.
    pending_simulation_codes: Mapping[str, str] = field(
        default_factory=lambda: {
            f"Pending{reason}": reason
            for reason in sorted(_PENDING_ENDS)
            if reason != "Authorized"
        }
    )
    """The codes of Create Charge that end a pending charge, and how it ends: a reason
    of `Declined`, or `Authorized`."""
    # UNCONFIRMED: the names of the codes; Amazon says that there are some.
    refund_simulation_codes: tuple[str, ...] = ("AmazonRejected",)
    """The simulation codes of Create Refund."""

    @property
    def has_chance(self) -> bool:
        """Whether anything is left to chance: then a seed repeats a run."""
        return any(0 < getattr(self, name) < 1 for name in _SHARES)

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"{name} is a share, from 0 to 1")
        if self.failed_calls + self.lost_answers > 1:
            raise ConfigurationError("failed_calls and lost_answers are above 1")
        for name in ("headroom", "charges_per_permission", "refunds_per_charge"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is 1 or more")
        if self.story_rows is not None and self.story_rows < 1:
            raise ConfigurationError("story_rows is 1 or more, or None")
        for declared in fields(self):
            value: object = getattr(self, declared.name)
            if isinstance(value, timedelta) and value < timedelta(0):
                raise ConfigurationError(f"{declared.name} is 0 or more")
        _check_known("stored_answers", [self.stored_answers], get_args(StoredAnswers))
        _check_known(
            "canceled_session_code", [self.canceled_session_code], _CANCELED_CODES
        )
        _check_operations("keys_ignored_by", self.keys_ignored_by)
        codes = self.pending_simulation_codes
        _check_known("pending_simulation_codes", codes.values(), _PENDING_ENDS)
        if taken := sorted(codes.keys() & _TAKEN):
            raise ConfigurationError(
                f"pending_simulation_codes has a code that means another thing: {taken}"
            )


def _check_operations(name: str, given: Iterable[str]) -> None:
    if set(given) - _IGNORED_BY_HOSTILE:
        from .._core.operation import operations_of
        from ..resources import Operations  # all declarations, which take time

        _check_known(name, given, operations_of(Operations))


def _check_known(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    listed = sorted(known)
    for value in given:
        if value not in listed:
            raise ConfigurationError(
                f"{name} has {value!r}, which is none of {', '.join(listed)}"
            )


PROFILES: Mapping[Profile, Settings] = {
    "default": Settings(),
    # Accepts everything that is not known to be an error.
    "lenient": Settings(
        requires_keys=False,
        keys_per_operation=True,
        takes_unknown_members=True,
        refunds_per_charge=100,
        refund_simulation_codes=("AmazonRejected", "ProcessingFailure"),
    ),
    # Does the worst that the documentation leaves open and that networks do.
    "hostile": Settings(
        keys_ignored_by=_IGNORED_BY_HOSTILE,
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
        notification_spread=timedelta(seconds=10),
        duplicate_notifications=0.3,
    ),
}
