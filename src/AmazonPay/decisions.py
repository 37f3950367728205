"""What was decided, and the tables that decide: pure, objects in, a verdict out.

Each table is a row of this one. A balance or a sum of refunds never decides.

```text
           success             pending              no                  unknown
complete   Completed, and the  the charge is        Canceled; charge    still Open after
finalize   charge is what was  Authorization- or    Declined, Canceled  a lost answer;
           asked for           CaptureInitiated     or of another sum   404
create     the key's charge,   Initiated; or        refused, no run in  any doubt: only
charge     as asked for        Authorized after     doubt; Declined,    the key can tell
                               captureNow           Canceled
capture    Captured, equal,    CaptureInitiated;    Canceled, Declined,
           nothing refunded    Authorized after a   another sum
                               lost answer
cancel     Canceled, Declined                       CaptureInitiated,
                                                    Captured
close      Closed: by our own                                           by another, when
           200, or by anyone                                            charges were to
                                                                        be canceled too
refund     the key's refund,   RefundInitiated      refused, no run in  any doubt: only
           Refunded                                 doubt; Declined     the key can tell
```

Amazon's pages: `amazon-pay-checkout/asynchronous-processing.html`,
`amazon-pay-api-v2/error-handling.html`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar

from .errors import (
    DefiniteNo,
    InvalidRequest,
    NotProven,
    NotYet,
    TransportError,
    error_for,
)
from .money import amount_of
from .objects import members_of, state_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn, Self

    from ._once.entry import Entry
    from .resources.charges import Charge
    from .response import Response

T_co = TypeVar("T_co", covariant=True)

Outcome: TypeAlias = Literal["success", "pending", "no", "unknown"]
"""How something with money stands; see `Decision.outcome`."""

Word: TypeAlias = Literal["done", "refused", "unasked", "lost"]
"""What one run is known to have come to: see `Heard`."""


# --- What a caller gets ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decision(Generic[T_co]):
    """How a payment, a cancellation or a refund stands, as far as it is proven.

    Look at `outcome`, or at `ok`, or let `raise_for_outcome()` raise. A decision is
    no truth value: `if decision:` raises, for a no would be as true as a success.
    """

    outcome: Outcome
    """`success`: it is done, and a GET shows it. `pending`: Amazon is at it, or will be
    asked again: wait. `no`: it was refused or has ended otherwise, for certain.
    `unknown`: nothing is proven; ask again with the same arguments, never with another
    attempt."""
    reason: str | None = None
    """Amazon's reason code, the name of a transport error, or a reason of ours."""
    operation: str
    key: str
    """The idempotency key, which names the journal's entry."""
    seen: T_co | None = None
    """The object as it was seen last."""
    charge: Charge | None = None
    """The charge that this is about; None where there is none, or none was seen."""
    new_attempt: bool = False
    """Whether the same request may succeed as another attempt: Create Charge only,
    declined softly and for certain, on a permission that is still `Chargeable`."""
    response: Response[Any] | None = None
    """The answer to what was sent; None when nothing was, or no answer came."""
    error: TransportError | None = None
    """What came in place of an answer."""

    @property
    def ok(self) -> bool:
        """Whether it is a success, and nothing else."""
        return self.outcome == "success"

    def raise_for_outcome(self) -> Self:
        """Return this decision if it is a success, else raise it.

        Raises:
            NotYet: it is pending.
            DefiniteNo: it was refused, or has ended otherwise.
            NotProven: nothing is proven.
        """
        if self.ok:
            return self
        cause: Exception | None = self.error
        if self.response is not None and not self.response.ok:
            cause = error_for(self.response)
        raise _ERRORS[self.outcome](self) from cause

    def __bool__(self) -> NoReturn:
        raise TypeError("a Decision is no truth value: look at its `outcome` or `ok`")

    def __repr__(self) -> str:
        reason = f" {self.reason}" if self.reason else ""
        return f"<Decision {self.operation} {self.outcome}{reason}>"


_ERRORS: Final = {"pending": NotYet, "no": DefiniteNo, "unknown": NotProven}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a table says."""

    outcome: Outcome
    reason: str | None = None


# --- What was heard -------------------------------------------------------------------

# Amazon's own refusals of a request that it has read: nothing was carried out by it.
# A code that is not here proves nothing.
_REFUSALS: Final = frozenset(
    {
        "AmazonRejected",
        "AmountMismatch",
        "CheckoutSessionCanceled",
        "CurrencyMismatch",
        "HardDeclined",
        "InvalidChargePermissionStatus",
        "InvalidChargeStatus",
        "InvalidCheckoutSessionStatus",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "InvalidRequest",
        "InvalidRequestFormat",
        "InvalidSandboxSimulationSpecified",
        "MFANotCompleted",
        "MissingParameterValue",
        "PaymentMethodNotAllowed",
        "PeriodicAmountExceeded",
        # On Create Charge alone: elsewhere the outcome is unknown before this is asked.
        "ProcessingFailure",
        "ResourceNotFound",
        "SoftDeclined",
        "TransactionAmountExceeded",
        "TransactionCountExceeded",
        "TransactionTimedOut",
        "UnrecognizedField",
    }
)

# Turned away at the door, the same request may pass later.
_UNASKED: Final = frozenset(
    {
        "InvalidAPIVersion",
        "InvalidAccountStatus",
        "InvalidAuthentication",
        "InvalidAuthorizationToken",
        "InvalidHeaderValue",
        "InvalidRequestSignature",
        "MissingHeader",
        "MissingHeaderValue",
        "RequestNotSupported",
        "TLSVersionNotSupported",
        "TooManyRequests",
        "UnauthorizedAccess",
        "UnsupportedOperation",
    }
)

_THROTTLED: Final = 429

# Answered by Create Charge for certain, these two may be tried anew.
TRIED_ANEW: Final = frozenset({"SoftDeclined", "ProcessingFailure"})


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one call, all its attempts together.

    `done`: a readable success. `refused`: Amazon read the request, and its answer is
    no. `unasked`: nothing was carried out, and nothing was decided. `lost`: it may
    have been carried out.
    """

    word: Word
    reason: str | None = None
    response: Response[Any] | None = None
    error: TransportError | None = None

    def given(self, entry: Entry) -> Heard:
        """Count earlier runs in: while one is in doubt, only a success is plain."""
        if self.word == "done" or not entry.in_doubt:
            return self
        return replace(self, word="lost")


def heard(outcome: Response[Any] | TransportError) -> Heard:
    """Tell what came of a call."""
    if isinstance(outcome, TransportError):
        word: Word = "lost" if outcome.outcome_unknown else "unasked"
        return Heard(word, type(outcome).__name__, error=outcome)
    if outcome.ok and outcome.readable:
        return Heard("done", response=outcome)
    reason = outcome.reason_code
    if outcome.outcome_unknown:
        word = "lost"
    elif reason in _UNASKED or outcome.status_code == _THROTTLED:
        word = "unasked"
    elif reason in _REFUSALS:
        word = "refused"
    else:
        # A gateway's own error, DuplicateIdempotencyKey (something happened under this
        # key), or a code that came after this version.
        word = "lost"
    return Heard(word, reason or f"HTTP {outcome.status_code}", outcome)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the GETs after, or before, a call have shown."""

    object: Mapping[str, Any] | None = None
    """None when it could not be seen; `reason` says why."""
    reason: str | None = None
    charge: Mapping[str, Any] | None = None
    """The charge that a session names."""
    charges: tuple[Mapping[str, Any] | None, ...] | None = None
    """What is known to be all charges of a permission; None for one not seen."""


# --- The tables -----------------------------------------------------------------------

_UNKNOWN_STATE: Final = Verdict("unknown", "UnknownState")

# Whether the money of a charge is what a request asked for, by `captureNow`.
_CREATED: Final[dict[str, tuple[Outcome, Outcome]]] = {
    "AuthorizationInitiated": ("pending", "pending"),
    "Authorized": ("success", "pending"),
    "CaptureInitiated": ("pending", "pending"),
    "Captured": ("success", "success"),
    "Canceled": ("no", "no"),
    "Declined": ("no", "no"),
}

# The charge of a completed session. CaptureInitiated can still be declined.
_COMPLETED: Final[dict[str, Outcome]] = {
    "AuthorizationInitiated": "pending",
    "Authorized": "success",
    "CaptureInitiated": "pending",
    "Captured": "success",
    "Canceled": "no",
    "Declined": "no",
}

# None is a state that the call can still end.
_CAPTURED: Final[dict[str, Outcome | None]] = {
    "AuthorizationInitiated": "pending",
    "Authorized": None,
    "CaptureInitiated": "pending",
    "Captured": "success",
    "Canceled": "no",
    "Declined": "no",
}
_CANCELED: Final[dict[str, Outcome | None]] = {
    "AuthorizationInitiated": None,
    "Authorized": None,
    "CaptureInitiated": "no",
    "Captured": "no",
    "Canceled": "success",
    "Declined": "success",
}
_CLOSED: Final[dict[str, Outcome | None]] = {
    "Chargeable": None,
    "NonChargeable": None,
    "Closed": "success",
}
_SESSION: Final[dict[str, Outcome | None]] = {
    "Open": None,
    "Completed": "success",
    "Canceled": "no",
}
_REFUNDED: Final[dict[str, Outcome]] = {
    "RefundInitiated": "pending",
    "Refunded": "success",
    "Declined": "no",
}

# The object is still as it was: what the answer makes of that.
_STILL: Final[dict[Word, Outcome]] = {
    "done": "pending",  # the view is older than the answer
    "refused": "no",
    "unasked": "unknown",
    "lost": "pending",
}
_STILL_OPEN: Final[dict[Word, Outcome]] = {**_STILL, "lost": "unknown"}

# Refusals that contradict a state in which the call is allowed: one of the two is old,
# or, for a session, the buyer has not paid yet.
_SESSION_CODES: Final = frozenset(
    {
        "InvalidCheckoutSessionStatus",
        "CheckoutSessionCanceled",
        "ResourceNotFound",
    }
)
_CHARGE_CODES: Final = frozenset({"InvalidChargeStatus", "ResourceNotFound"})
_CONTRADICTIONS: Final[dict[str, frozenset[str]]] = {
    "complete_checkout_session": _SESSION_CODES,
    "finalize_checkout_session": _SESSION_CODES,
    "capture_charge": _CHARGE_CODES,
    "cancel_charge": _CHARGE_CODES,
    "close_charge_permission": frozenset(
        {"InvalidChargePermissionStatus", "ResourceNotFound"}
    ),
}


def decide(
    entry: Entry, asked: Mapping[str, Any], seen: Seen, said: Heard | None
) -> Verdict | None:
    """Decide by the operation's table; None where it is still to be sent.

    `asked` is the request's body, `said` what came of sending it in this run.
    """
    said = None if said is None else said.given(entry)
    if entry.operation in _KEYS_OWN:
        return _by_key(entry, asked, seen, said)
    if seen.object is None:
        return Verdict("unknown", seen.reason)
    verdict = _BY_STATE[entry.operation](entry, asked, seen)
    if verdict is not None:
        return verdict
    if said is not None:
        return _still(entry.operation, said)
    return Verdict("no", entry.reason) if entry.final else None


def _still(operation: str, said: Heard) -> Verdict:
    if said.word == "refused" and said.reason in _CONTRADICTIONS[operation]:
        return Verdict("pending", said.reason)
    is_session = operation in {"complete_checkout_session", "finalize_checkout_session"}
    table = _STILL_OPEN if is_session else _STILL
    return Verdict(table[said.word], said.reason)


def _by_key(
    entry: Entry, asked: Mapping[str, Any], seen: Seen, said: Heard | None
) -> Verdict | None:
    """Decide on what only its own key can tell."""
    if entry.object_id is None:
        if entry.outcome == "no":
            return Verdict("no", entry.reason)
        return None if said is None else Verdict("unknown", said.reason)
    if seen.object is None:
        return Verdict("unknown", seen.reason)
    return _KEYS_OWN[entry.operation](asked, seen.object)


def _created(asked: Mapping[str, Any], charge: Mapping[str, Any]) -> Verdict:
    state = state_of(charge)
    if state not in _CREATED:
        return _UNKNOWN_STATE
    # The key's own charge, and yet not what was asked for: money may have moved.
    other = _difference(asked.get("chargeAmount"), charge.get("chargeAmount"))
    if other is None and charge.get("chargePermissionId") != asked.get(
        "chargePermissionId"
    ):
        other = "ObjectMismatch"
    if other is not None:
        return Verdict("unknown", other)
    outcome = _CREATED[state][asked.get("captureNow") is True]
    return Verdict(outcome, _reason_of(charge))


def _refunded(asked: Mapping[str, Any], refund: Mapping[str, Any]) -> Verdict:
    state = state_of(refund)
    if state not in _REFUNDED:
        return _UNKNOWN_STATE
    other = _difference(asked.get("refundAmount"), refund.get("refundAmount"))
    if other is None and refund.get("chargeId") != asked.get("chargeId"):
        other = "ObjectMismatch"
    if other is not None:
        return Verdict("unknown", other)
    return Verdict(_REFUNDED[state], _reason_of(refund))


def _completed(entry: Entry, asked: Mapping[str, Any], seen: Seen) -> Verdict | None:
    session = members_of(seen.object)
    state = state_of(session)
    if state not in _SESSION:
        return _UNKNOWN_STATE
    if state == "Completed":
        return _paid(entry, asked, session.get("chargeId"), seen)
    outcome = _SESSION[state]
    return None if outcome is None else Verdict(outcome, _reason_of(session))


def _paid(
    entry: Entry, asked: Mapping[str, Any], charge_id: object, seen: Seen
) -> Verdict:
    """Decide on the money of a completed session."""
    if not charge_id:
        # Without a charge there is no money: a success only for who expects none.
        without = entry.confirm_only or not _expects_a_charge(asked)
        return Verdict("success") if without else Verdict("no", "NoCharge")
    if seen.charge is None:
        return Verdict("unknown", seen.reason)
    state = state_of(seen.charge)
    if state not in _COMPLETED:
        return _UNKNOWN_STATE
    other = _difference(asked.get("chargeAmount"), seen.charge.get("chargeAmount"))
    if other is not None:
        return Verdict("unknown" if other == "NoAmount" else "no", other)
    return Verdict(_COMPLETED[state], _reason_of(seen.charge))


def _expects_a_charge(asked: Mapping[str, Any]) -> bool:
    """Whether the body speaks of one: a saved wallet's set-up names no amount."""
    return "chargeAmount" in asked and asked.get("paymentIntent") != "Confirm"


def _captured(entry: Entry, asked: Mapping[str, Any], seen: Seen) -> Verdict | None:
    del entry
    charge = members_of(seen.object)
    state = state_of(charge)
    if state not in _CAPTURED:
        return _UNKNOWN_STATE
    outcome = _CAPTURED[state]
    if outcome is None:
        return None
    if state != "Captured":
        return Verdict(outcome, _reason_of(charge))
    other = _difference(asked.get("captureAmount"), charge.get("captureAmount"))
    if other is not None:
        return Verdict("unknown" if other == "NoAmount" else "no", other)
    return Verdict("no", "Refunded") if _is_refunded(charge) else Verdict("success")


def _is_refunded(charge: Mapping[str, Any]) -> bool:
    refunded = charge.get("refundedAmount")
    try:
        return refunded is not None and amount_of(members_of(refunded)) > 0
    except InvalidRequest:
        return True  # something stands there: not «nothing refunded»


def _canceled(entry: Entry, asked: Mapping[str, Any], seen: Seen) -> Verdict | None:
    del entry, asked
    charge = members_of(seen.object)
    state = state_of(charge)
    if state not in _CANCELED:
        return _UNKNOWN_STATE
    outcome = _CANCELED[state]
    if outcome is None:
        return None
    return Verdict(outcome, _reason_of(charge) if outcome == "success" else state)


def _closed(entry: Entry, asked: Mapping[str, Any], seen: Seen) -> Verdict | None:
    state = state_of(members_of(seen.object))
    if state not in _CLOSED:
        return _UNKNOWN_STATE
    outcome = _CLOSED[state]
    if outcome is None:
        return None
    ours = entry.object_id is not None
    if ours or asked.get("cancelPendingCharges") is not True:
        return Verdict(outcome)
    # Someone else closed it, or an answer of ours was lost: authorizations may be open
    # that nobody can list.
    open_still = _not_ended(entry.subject, seen.charges)
    return Verdict(outcome) if open_still is None else Verdict("unknown", open_still)


def _not_ended(
    permission: str, charges: tuple[Mapping[str, Any] | None, ...] | None
) -> str | None:
    """Say why a permission's charges are not known to have ended; None if they are."""
    if charges is None:
        return "ClosedByAnother"
    for charge in charges:
        if charge is None or charge.get("chargePermissionId") != permission:
            return "ChargeNotSeen"
        if _CANCELED.get(state_of(charge)) is None:
            return "ChargeStillOpen"
    return None


_KEYS_OWN: Final = {"create_charge": _created, "create_refund": _refunded}
_BY_STATE: Final = {
    "complete_checkout_session": _completed,
    "finalize_checkout_session": _completed,
    "capture_charge": _captured,
    "cancel_charge": _canceled,
    "close_charge_permission": _closed,
}


def _difference(asked: object, found: object) -> str | None:
    """Name how two prices differ; None when they are equal."""
    first, second = members_of(asked), members_of(found)
    try:
        amounts = amount_of(first), amount_of(second)
    except InvalidRequest:
        return "NoAmount"
    if first.get("currencyCode") != second.get("currencyCode"):
        return "CurrencyMismatch"
    return None if amounts[0] == amounts[1] else "AmountMismatch"


def _reason_of(view: Mapping[str, Any]) -> str | None:
    reason = status_of(view).get("reasonCode")
    return reason if isinstance(reason, str) else None
