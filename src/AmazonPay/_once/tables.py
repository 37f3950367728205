"""Decide on an entry by tables: pure functions of the entry and observed objects.

This is an overview of the tables below, one row per operation. Balances and refund
totals are never used: they lag, and others change them.

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

A `no` always means that no money has moved. The outcome is `moved` if money has moved
or is held in another way than requested: another amount or currency, a charge that was
to be canceled but is captured, a capture that was fully refunded since, or a success of
an entry that the shop abandoned. An answer about another object than the requested one
is `unknown`, and so are two objects under one key.

Amazon's pages: `amazon-pay-checkout/asynchronous-processing.html`,
`amazon-pay-api-v2/error-handling.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..objects import members_of, state_of
from .entry import OBJECT_MISMATCH, SESSIONS
from .outcomes import Assessment
from .prices import assess_equal_price, assess_other_price, price_mismatch, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .classify import CallResult
    from .entry import Entry
    from .outcomes import CallStatus, Observed, Outcome

# After these definite refusals of Create Charge, a new attempt may succeed.
NEW_ATTEMPT_REASONS: Final = frozenset({"SoftDeclined", "ProcessingFailure"})


_UNKNOWN_STATE: Final = Assessment("unknown", "UnknownState")

# A charge for the requested price: the outcomes without and with `captureNow`.
_CREATED: Final[dict[str, tuple[Outcome, Outcome]]] = {
    "AuthorizationInitiated": ("pending", "pending"),
    "Authorized": ("success", "pending"),
    "CaptureInitiated": ("pending", "pending"),
    "Captured": ("success", "success"),
    "Canceled": ("no", "no"),
    "Declined": ("no", "no"),
}

# The charge of a completed session. In CaptureInitiated it can still be declined.
_COMPLETED: Final[dict[str, Outcome]] = {
    "AuthorizationInitiated": "pending",
    "Authorized": "success",
    "CaptureInitiated": "pending",
    "Captured": "success",
    "Canceled": "no",
    "Declined": "no",
}

# A charge or a refund for another price than the requested one. Money that is only
# held counts as moved, because the buyer cannot use it.
_CHARGED_OTHER_PRICE: Final[dict[str, Outcome]] = {
    "AuthorizationInitiated": "pending",
    "Authorized": "moved",
    "CaptureInitiated": "moved",
    "Captured": "moved",
    "Canceled": "no",
    "Declined": "no",
}
_REFUNDED_OTHER_PRICE: Final[dict[str, Outcome]] = {
    "RefundInitiated": "pending",
    "Refunded": "moved",
    "Declined": "no",
}

# None: the call can still change the object in this state.
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

# The outcome by the status of the call, if the object's state is unchanged.
_UNCHANGED: Final[dict[CallStatus, Outcome]] = {
    "succeeded": "pending",  # the view is older than the answer
    "refused": "no",
    "not_processed": "unknown",
    "unknown": "pending",
}
_UNCHANGED_SESSION: Final[dict[CallStatus, Outcome]] = {
    **_UNCHANGED,
    "unknown": "unknown",
}

# Refusals that contradict a state in which the call is allowed. Either the view or the
# refusal is outdated or, for a session, the buyer has not paid yet.
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

# A success of these moves no money, so it stays one if the shop abandoned the entry.
_MOVES_NO_MONEY: Final = frozenset({"cancel_charge", "close_charge_permission"})

_CHARGING_INTENTS: Final = frozenset({"Authorize", "AuthorizeWithCapture"})


def assess(
    entry: Entry,
    requested: Mapping[str, Any],
    observed: Observed,
    result: CallResult | None,
) -> Assessment | None:
    """Assess an entry by its operation's table; return None if it must be sent.

    `requested` is the request's body, `result` the result of sending it in this run.
    """
    if entry.outcome is not None and entry.settled_for_good:
        return Assessment(entry.outcome, entry.reason)
    mismatched = result is not None and result.reason == OBJECT_MISMATCH
    if mismatched or entry.other_object_ids:
        return Assessment("unknown", OBJECT_MISMATCH)
    result = None if result is None else result.with_earlier_sends(entry)
    if entry.operation in _BY_KEY:
        assessment = _assess_by_key(entry, requested, observed, result)
    elif observed.object is None:
        assessment = Assessment("unknown", observed.reason)
    else:
        assessment = _BY_STATE[entry.operation](entry, requested, observed)
        if assessment is None and result is not None:
            assessment = _assess_unchanged(entry.operation, result)
    if assessment is None:
        return _assess_unsent(entry)
    if assessment.outcome == "success" and entry.abandoned is not None:
        return _assess_abandoned(entry, observed, assessment)
    return assessment


def _assess_unchanged(operation: str, result: CallResult) -> Assessment:
    if result.status == "refused" and result.reason in _CONTRADICTIONS[operation]:
        return Assessment("pending", result.reason)
    table = _UNCHANGED_SESSION if operation in SESSIONS else _UNCHANGED
    return Assessment(table[result.status], result.reason)


def _assess_unsent(entry: Entry) -> Assessment | None:
    """Assess an entry that this run has not sent; return None if it must be sent."""
    if entry.outcome == "moved":
        return Assessment("moved", entry.reason)
    if entry.outcome == "success":
        return Assessment("pending", entry.reason)  # the view is older than the journal
    if entry.abandoned is not None and not entry.untouched:
        return Assessment("unknown", "Abandoned")
    if entry.final:
        return Assessment("no", entry.reason or "Abandoned")
    return None


def _assess_abandoned(
    entry: Entry, observed: Observed, assessment: Assessment
) -> Assessment:
    """Assess the success of an entry that the shop abandoned."""
    is_session = entry.operation not in {*_BY_KEY, "capture_charge"}
    if entry.operation in _MOVES_NO_MONEY or (is_session and observed.charge is None):
        return assessment
    return Assessment("moved", "Abandoned", assessment.refunded)


def _assess_by_key(
    entry: Entry,
    requested: Mapping[str, Any],
    observed: Observed,
    result: CallResult | None,
) -> Assessment | None:
    """Assess a creation, whose object only the answer to its own key identifies."""
    if entry.object_id is None:
        if result is None or entry.outcome == "no":
            return _assess_unsent(entry)
        return Assessment("unknown", result.reason)
    if observed.object is None:
        return Assessment("unknown", observed.reason)
    return _BY_KEY[entry.operation](requested, observed.object)


def _assess_created_charge(
    requested: Mapping[str, Any], charge: Mapping[str, Any]
) -> Assessment:
    state = state_of(charge)
    if state not in _CREATED:
        return _UNKNOWN_STATE
    if charge.get("chargePermissionId") != requested.get("chargePermissionId"):
        return Assessment("unknown", OBJECT_MISMATCH)
    capture_now = requested.get("captureNow") is True
    mismatch = price_mismatch(requested.get("chargeAmount"), charge.get("chargeAmount"))
    captured = charge.get("captureAmount")
    if (
        mismatch is None
        and capture_now
        and state == "Captured"
        and captured is not None
    ):
        mismatch = price_mismatch(requested.get("chargeAmount"), captured)
    if mismatch is not None:
        return assess_other_price(_CHARGED_OTHER_PRICE[state], mismatch, charge)
    return assess_equal_price(_CREATED[state][capture_now], charge)


def _assess_refund(
    requested: Mapping[str, Any], refund: Mapping[str, Any]
) -> Assessment:
    state = state_of(refund)
    if state not in _REFUNDED:
        return _UNKNOWN_STATE
    if refund.get("chargeId") != requested.get("chargeId"):
        return Assessment("unknown", OBJECT_MISMATCH)
    mismatch = price_mismatch(requested.get("refundAmount"), refund.get("refundAmount"))
    if mismatch is not None:
        return assess_other_price(_REFUNDED_OTHER_PRICE[state], mismatch, refund)
    return Assessment(_REFUNDED[state], reason_of(refund))


def _assess_session(
    entry: Entry, requested: Mapping[str, Any], observed: Observed
) -> Assessment | None:
    session = members_of(observed.object)
    state = state_of(session)
    if state not in _SESSION:
        return _UNKNOWN_STATE
    if state == "Open":
        return None
    charge_id = session.get("chargeId")
    ours = None if entry.object_id == entry.subject else entry.object_id
    if ours is not None and charge_id != ours:
        # Our own successful answer had a charge; this view has none or another.
        missing = charge_id is None
        return Assessment("unknown", "ChargeNotSeen" if missing else OBJECT_MISMATCH)
    if charge_id is None:
        return _assess_session_without_charge(entry, requested, session)
    assessment = _assess_session_charge(requested, observed)
    if state == "Canceled" and assessment.outcome == "success":
        return Assessment("moved", "SessionCanceled", assessment.refunded)
    return assessment


def _assess_session_without_charge(
    entry: Entry, requested: Mapping[str, Any], session: Mapping[str, Any]
) -> Assessment:
    """Assess a session that ended without a charge: a success if none was expected."""
    if state_of(session) == "Canceled":
        return Assessment("no", reason_of(session))
    if entry.confirm_only or not _expects_charge(requested):
        return Assessment("success")
    intent = members_of(session.get("paymentDetails")).get("paymentIntent")
    if intent in _CHARGING_INTENTS:
        return Assessment("unknown", "ChargeNotSeen")
    return Assessment("no", "NoCharge")


def _assess_session_charge(
    requested: Mapping[str, Any], observed: Observed
) -> Assessment:
    """Assess the charge of a session."""
    if observed.charge is None:
        return Assessment("unknown", observed.reason)
    state = state_of(observed.charge)
    if state not in _COMPLETED:
        return _UNKNOWN_STATE
    mismatch = price_mismatch(
        requested.get("chargeAmount"), observed.charge.get("chargeAmount")
    )
    if mismatch is not None:
        return assess_other_price(
            _CHARGED_OTHER_PRICE[state], mismatch, observed.charge
        )
    return assess_equal_price(_COMPLETED[state], observed.charge)


def _expects_charge(requested: Mapping[str, Any]) -> bool:
    """Return whether the body requests a charge: a saved wallet is set up without."""
    return "chargeAmount" in requested and requested.get("paymentIntent") != "Confirm"


def _assess_capture(
    entry: Entry, requested: Mapping[str, Any], observed: Observed
) -> Assessment | None:
    del entry
    charge = members_of(observed.object)
    state = state_of(charge)
    if state not in _CAPTURED:
        return _UNKNOWN_STATE
    outcome = _CAPTURED[state]
    if outcome is None:
        return None
    if state != "Captured":
        return Assessment(outcome, reason_of(charge))
    mismatch = price_mismatch(
        requested.get("captureAmount"), charge.get("captureAmount")
    )
    if mismatch is not None:
        return assess_other_price("moved", mismatch, charge)
    return assess_equal_price(outcome, charge)


def _assess_cancellation(
    entry: Entry, requested: Mapping[str, Any], observed: Observed
) -> Assessment | None:
    del entry, requested
    charge = members_of(observed.object)
    state = state_of(charge)
    if state not in _CANCELED:
        return _UNKNOWN_STATE
    outcome = _CANCELED[state]
    if outcome is None:
        return None
    return Assessment(outcome, reason_of(charge) if outcome == "success" else state)


def _assess_closing(
    entry: Entry, requested: Mapping[str, Any], observed: Observed
) -> Assessment | None:
    state = state_of(members_of(observed.object))
    if state not in _CLOSED:
        return _UNKNOWN_STATE
    outcome = _CLOSED[state]
    if outcome is None:
        return None
    ours = entry.object_id is not None
    if ours or requested.get("cancelPendingCharges") is not True:
        return Assessment(outcome)
    # Someone else closed it, or our answer was lost. Authorizations may still be open,
    # and Amazon offers no list of them.
    open_reason = _open_charge_reason(entry.subject, observed.charges)
    return (
        Assessment(outcome)
        if open_reason is None
        else Assessment("unknown", open_reason)
    )


def _open_charge_reason(
    permission: str, charges: tuple[Mapping[str, Any] | None, ...] | None
) -> str | None:
    """Return why charges of a permission may be open; None if all have ended."""
    if charges is None:
        return "ClosedByAnother"
    for charge in charges:
        if charge is None or charge.get("chargePermissionId") != permission:
            return "ChargeNotSeen"
        if _CANCELED.get(state_of(charge)) is None:
            return "ChargeStillOpen"
    return None


_BY_KEY: Final = {
    "create_charge": _assess_created_charge,
    "create_refund": _assess_refund,
}
_BY_STATE: Final = {
    "complete_checkout_session": _assess_session,
    "finalize_checkout_session": _assess_session,
    "capture_charge": _assess_capture,
    "cancel_charge": _assess_cancellation,
    "close_charge_permission": _assess_closing,
}
