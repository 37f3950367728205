"""What was decided, and the tables that decide: pure, objects in, a verdict out.

Each table is a row of this one. A balance or a sum of refunds never decides.

```text
           success             pending              no                  unknown
complete   Completed, and the  the charge is        Canceled; charge    still Open after
finalize   charge is what was  Authorization- or    Declined, Canceled; a lost answer;
           asked for           CaptureInitiated     no charge           404
create     the key's charge,   Initiated; or        refused, no run in  any doubt: only
charge     as asked for        Authorized after     doubt; Declined,    the key can tell
                               captureNow           Canceled
capture    Captured, equal     CaptureInitiated;    Canceled, Declined
                               Authorized after a
                               lost answer
cancel     Canceled, Declined
close      Closed: by our own                                           by another, when
           200, or by anyone                                            charges were to
                                                                        be canceled too
refund     the key's refund,   RefundInitiated      refused, no run in  any doubt: only
           Refunded                                 doubt; Declined     the key can tell
```

A no is only ever «no money has moved for this». Money that has moved, or is held,
otherwise than asked is `moved`: another amount or currency; a charge that was to be
canceled and is captured; a capture that was refunded as a whole since; a success of
what the shop has abandoned. An answer about another object than the one that was asked
for is unknown, and so are two objects under one key.

Amazon's pages: `amazon-pay-checkout/asynchronous-processing.html`,
`amazon-pay-api-v2/error-handling.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import InvalidRequest, shown
from ..money import amount_of
from ..objects import members_of, state_of, status_of
from .entry import OBJECT_MISMATCH
from .outcomes import Assessment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .classify import CallResult
    from .entry import Entry
    from .outcomes import CallStatus, Outcome

# Answered by Create Charge for certain, these two may be tried anew.
TRIED_ANEW: Final = frozenset({"SoftDeclined", "ProcessingFailure"})


@dataclass(frozen=True, slots=True)
class Observed:
    """What the GETs after, or before, a call have shown."""

    object: Mapping[str, Any] | None = None
    """None when it could not be seen; `reason` says why."""
    reason: str | None = None
    charge: Mapping[str, Any] | None = None
    """The charge that a session names."""
    charges: tuple[Mapping[str, Any] | None, ...] | None = None
    """What is known to be all charges of a permission; None for one not seen."""


_UNKNOWN_STATE: Final = Assessment("unknown", "UnknownState")

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

# A charge, or a refund, over another price than the one that was asked for. Money that
# is only held is the buyer's loss, too, as long as it is.
_CHARGED_OTHERWISE: Final[dict[str, Outcome]] = {
    "AuthorizationInitiated": "pending",
    "Authorized": "moved",
    "CaptureInitiated": "moved",
    "Captured": "moved",
    "Canceled": "no",
    "Declined": "no",
}
_REFUNDED_OTHERWISE: Final[dict[str, Outcome]] = {
    "RefundInitiated": "pending",
    "Refunded": "moved",
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
    "CaptureInitiated": "moved",
    "Captured": "moved",
    "Canceled": "success",
    "Declined": "success",
}
_CLOSED: Final[dict[str, Outcome | None]] = {
    "Chargeable": None,
    "NonChargeable": None,
    "Closed": "success",
}
_SESSION: Final = frozenset({"Open", "Completed", "Canceled"})
_REFUNDED: Final[dict[str, Outcome]] = {
    "RefundInitiated": "pending",
    "Refunded": "success",
    "Declined": "no",
}

# The object is still as it was: what the answer makes of that.
_STILL: Final[dict[CallStatus, Outcome]] = {
    "succeeded": "pending",  # the view is older than the answer
    "refused": "no",
    "not_processed": "unknown",
    "unknown": "pending",
}
_STILL_OPEN: Final[dict[CallStatus, Outcome]] = {**_STILL, "unknown": "unknown"}

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

# Their success moves no money, so that the shop may have abandoned them.
_MOVE_NOTHING: Final = frozenset({"cancel_charge", "close_charge_permission"})

_INTENDS_A_CHARGE: Final = frozenset({"Authorize", "AuthorizeWithCapture"})


def assess(
    entry: Entry, asked: Mapping[str, Any], seen: Observed, said: CallResult | None
) -> Assessment | None:
    """Decide by the operation's table; None where it is still to be sent.

    `asked` is the request's body, `said` what came of sending it in this run.
    """
    if entry.outcome is not None and entry.settled_for_good:
        return Assessment(entry.outcome, entry.reason)
    strange = said is not None and said.reason == OBJECT_MISMATCH
    if strange or entry.other_object_ids:
        return Assessment("unknown", OBJECT_MISMATCH)
    said = None if said is None else said.given(entry)
    if entry.operation in _KEYS_OWN:
        verdict = _by_key(entry, asked, seen, said)
    elif seen.object is None:
        verdict = Assessment("unknown", seen.reason)
    else:
        verdict = _BY_STATE[entry.operation](entry, asked, seen)
        if verdict is None and said is not None:
            verdict = _still(entry.operation, said)
    if verdict is None:
        return _unsent(entry)
    if verdict.outcome == "success" and entry.abandoned is not None:
        return _dropped(entry, seen, verdict)
    return verdict


def _still(operation: str, said: CallResult) -> Assessment:
    if said.status == "refused" and said.reason in _CONTRADICTIONS[operation]:
        return Assessment("pending", said.reason)
    is_session = operation in {"complete_checkout_session", "finalize_checkout_session"}
    table = _STILL_OPEN if is_session else _STILL
    return Assessment(table[said.status], said.reason)


def _unsent(entry: Entry) -> Assessment | None:
    """Decide on what is not sent in this run; None where it is still to be sent."""
    if entry.outcome == "moved":
        return Assessment("moved", entry.reason)
    if entry.outcome == "success":
        return Assessment("pending", entry.reason)  # the view is older than the journal
    if entry.abandoned is not None and not entry.untouched:
        return Assessment("unknown", "Abandoned")
    if entry.final:
        return Assessment("no", entry.reason or "Abandoned")
    return None


def _dropped(entry: Entry, seen: Observed, verdict: Assessment) -> Assessment:
    """Decide on the success of something that the shop has abandoned."""
    is_session = entry.operation not in {*_KEYS_OWN, "capture_charge"}
    if entry.operation in _MOVE_NOTHING or (is_session and seen.charge is None):
        return verdict
    return Assessment("moved", "Abandoned", verdict.refunded)


def _by_key(
    entry: Entry, asked: Mapping[str, Any], seen: Observed, said: CallResult | None
) -> Assessment | None:
    """Decide on what only its own key can tell."""
    if entry.object_id is None:
        if said is None or entry.outcome == "no":
            return _unsent(entry)
        return Assessment("unknown", said.reason)
    if seen.object is None:
        return Assessment("unknown", seen.reason)
    return _KEYS_OWN[entry.operation](asked, seen.object)


def _created(asked: Mapping[str, Any], charge: Mapping[str, Any]) -> Assessment:
    state = state_of(charge)
    if state not in _CREATED:
        return _UNKNOWN_STATE
    if charge.get("chargePermissionId") != asked.get("chargePermissionId"):
        return Assessment("unknown", OBJECT_MISMATCH)
    capture_now = asked.get("captureNow") is True
    other = _difference(asked.get("chargeAmount"), charge.get("chargeAmount"))
    taken = charge.get("captureAmount")
    if other is None and capture_now and state == "Captured" and taken is not None:
        other = _difference(asked.get("chargeAmount"), taken)
    if other is not None:
        return _otherwise(_CHARGED_OTHERWISE[state], other, charge)
    return _as_asked(_CREATED[state][capture_now], charge)


def _refunded(asked: Mapping[str, Any], refund: Mapping[str, Any]) -> Assessment:
    state = state_of(refund)
    if state not in _REFUNDED:
        return _UNKNOWN_STATE
    if refund.get("chargeId") != asked.get("chargeId"):
        return Assessment("unknown", OBJECT_MISMATCH)
    other = _difference(asked.get("refundAmount"), refund.get("refundAmount"))
    if other is not None:
        return _otherwise(_REFUNDED_OTHERWISE[state], other, refund)
    return Assessment(_REFUNDED[state], _reason_of(refund))


def _otherwise(outcome: Outcome, other: str, seen: Mapping[str, Any]) -> Assessment:
    """Decide on an object whose price is not the one that was asked for."""
    if other == "NoAmount":
        return Assessment("unknown", other)
    ended = outcome == "no"
    return Assessment(outcome, (_reason_of(seen) if ended else None) or other)


def _as_asked(outcome: Outcome, charge: Mapping[str, Any]) -> Assessment:
    """Decide on a charge over the price that was asked for, and on what was refunded.

    What was refunded in part was paid all the same. What was refunded as a whole was
    not refused: money has moved, and has gone back.
    """
    if state_of(charge) != "Captured" or charge.get("refundedAmount") is None:
        return Assessment(outcome, _reason_of(charge))
    taken = charge.get("captureAmount") or charge.get("chargeAmount")
    refunded: Any = members_of(charge["refundedAmount"])
    try:
        back, paid = amount_of(refunded), amount_of(members_of(taken))
    except InvalidRequest:
        return Assessment(
            "unknown", "NoAmount"
        )  # something stands there: it may be all
    if back <= 0:
        return Assessment(outcome, _reason_of(charge))
    if refunded.get("currencyCode") != members_of(taken).get("currencyCode"):
        return Assessment("unknown", "CurrencyMismatch")
    if back >= paid:
        return Assessment("moved", "Refunded", refunded)
    return Assessment(outcome, _reason_of(charge), refunded)


def _completed(
    entry: Entry, asked: Mapping[str, Any], seen: Observed
) -> Assessment | None:
    session = members_of(seen.object)
    state = state_of(session)
    if state not in _SESSION:
        return _UNKNOWN_STATE
    if state == "Open":
        return None
    charge_id = session.get("chargeId")
    ours = None if entry.object_id == entry.subject else entry.object_id
    if ours is not None and charge_id != ours:
        # A success of our own has named a charge, and this view shows none or another.
        missing = charge_id is None
        return Assessment("unknown", "ChargeNotSeen" if missing else OBJECT_MISMATCH)
    if charge_id is None:
        return _without_charge(entry, asked, session)
    verdict = _paid(asked, seen)
    if state == "Canceled" and verdict.outcome == "success":
        return Assessment("moved", "SessionCanceled", verdict.refunded)
    return verdict


def _without_charge(
    entry: Entry, asked: Mapping[str, Any], session: Mapping[str, Any]
) -> Assessment:
    """Decide on a session that ended without a charge: a success if none was due."""
    if state_of(session) == "Canceled":
        return Assessment("no", _reason_of(session))
    if entry.confirm_only or not _expects_a_charge(asked):
        return Assessment("success")
    intent = members_of(session.get("paymentDetails")).get("paymentIntent")
    if intent in _INTENDS_A_CHARGE:
        return Assessment("unknown", "ChargeNotSeen")
    return Assessment("no", "NoCharge")


def _paid(asked: Mapping[str, Any], seen: Observed) -> Assessment:
    """Decide on the charge of a session."""
    if seen.charge is None:
        return Assessment("unknown", seen.reason)
    state = state_of(seen.charge)
    if state not in _COMPLETED:
        return _UNKNOWN_STATE
    other = _difference(asked.get("chargeAmount"), seen.charge.get("chargeAmount"))
    if other is not None:
        return _otherwise(_CHARGED_OTHERWISE[state], other, seen.charge)
    return _as_asked(_COMPLETED[state], seen.charge)


def _expects_a_charge(asked: Mapping[str, Any]) -> bool:
    """Whether the body speaks of one: a saved wallet's set-up names no amount."""
    return "chargeAmount" in asked and asked.get("paymentIntent") != "Confirm"


def _captured(
    entry: Entry, asked: Mapping[str, Any], seen: Observed
) -> Assessment | None:
    del entry
    charge = members_of(seen.object)
    state = state_of(charge)
    if state not in _CAPTURED:
        return _UNKNOWN_STATE
    outcome = _CAPTURED[state]
    if outcome is None:
        return None
    if state != "Captured":
        return Assessment(outcome, _reason_of(charge))
    other = _difference(asked.get("captureAmount"), charge.get("captureAmount"))
    if other is not None:
        return _otherwise("moved", other, charge)
    return _as_asked(outcome, charge)


def _canceled(
    entry: Entry, asked: Mapping[str, Any], seen: Observed
) -> Assessment | None:
    del entry, asked
    charge = members_of(seen.object)
    state = state_of(charge)
    if state not in _CANCELED:
        return _UNKNOWN_STATE
    outcome = _CANCELED[state]
    if outcome is None:
        return None
    return Assessment(outcome, _reason_of(charge) if outcome == "success" else state)


def _closed(
    entry: Entry, asked: Mapping[str, Any], seen: Observed
) -> Assessment | None:
    state = state_of(members_of(seen.object))
    if state not in _CLOSED:
        return _UNKNOWN_STATE
    outcome = _CLOSED[state]
    if outcome is None:
        return None
    ours = entry.object_id is not None
    if ours or asked.get("cancelPendingCharges") is not True:
        return Assessment(outcome)
    # Someone else closed it, or an answer of ours was lost: authorizations may be open
    # that nobody can list.
    open_still = _not_ended(entry.subject, seen.charges)
    return (
        Assessment(outcome) if open_still is None else Assessment("unknown", open_still)
    )


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
    return reason if isinstance(reason, str) and shown(reason) == reason else None
