"""What only Amazon, a bank, the buyer or time can do to an object, on request.

Each arrow of a life cycle has a row here: it is pushed, or the shop does it by a call,
or it follows from something else. Nothing here is reachable for a shop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from ...lifecycles import LIFE_CYCLES, Kind, transition
from ..handlers import (
    charge_permissions,
    charges,
    checkout_sessions,
    disputes,
    refunds,
    reports,
)
from ..wire.errors import APIRefusal, invalid_value, wrong_state
from . import bank

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.context import Context
    from ..engine.store import Record

By: TypeAlias = Literal["shop", "buyer", "Amazon", "bank", "time", "follows"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Act:
    """Who makes an event happen, and how, in words."""

    by: By
    words: str
    """The text of a button. For `shop` it is the operation, for `follows` the cause."""


_SHOP, _FOLLOWS = "shop", "follows"

ACTS: Final[dict[Kind, dict[str, Act]]] = {
    "checkoutSession": {
        "complete": Act("shop", "complete_checkout_session"),
        "buyer cancels": Act("buyer", "Buyer cancels"),
        "Amazon cancels": Act("Amazon", "Amazon cancels"),
        "payment is declined": Act("bank", "Decline the payment"),
        "24 hours pass": Act("time", "Let it expire"),
    },
    "chargePermission": {
        "a charge uses all of it": Act("follows", "from a charge of the whole amount"),
        "the charge ends": Act("follows", "from the end of that charge"),
        "a charge is declined hard": Act("bank", "Decline the card for good"),
        "buyer deletes the payment method": Act("buyer", "Buyer deletes the card"),
        "buyer deletes the billing address": Act("buyer", "Buyer deletes the address"),
        "the payment method expires": Act("time", "Let the card expire"),
        "authentication fails": Act("bank", "Fail the authentication"),
        "buyer mends the payment method": Act("buyer", "Buyer gives a good card"),
        "merchant closes": Act("shop", "close_charge_permission"),
        "buyer closes": Act("buyer", "Buyer closes it"),
        "all of it is captured": Act("follows", "from the capture of the last amount"),
        "Amazon closes": Act("Amazon", "Amazon closes it"),
        "Amazon cancels": Act("Amazon", "Amazon cancels it"),
        "it expires": Act("time", "Let it expire"),
    },
    "charge": {
        "issuer approves": Act("bank", "Approve"),
        "declined softly": Act("bank", "Decline softly"),
        "declined hard": Act("bank", "Decline hard"),
        "rejected": Act("Amazon", "Amazon rejects"),
        "timed out": Act("bank", "Let it time out"),
        "processing fails": Act("Amazon", "Processing fails"),
        "merchant cancels": Act("shop", "cancel_charge"),
        "permission is closed": Act("follows", "from closing its permission"),
        "Amazon cancels": Act("Amazon", "Amazon cancels"),
        "buyer cancels": Act("buyer", "Buyer cancels"),
        "nobody captures it in time": Act("time", "Let it expire"),
        "capture": Act("shop", "capture_charge"),
        "capture late": Act("shop", "capture_charge"),
        "capture is rejected": Act("Amazon", "Reject the capture"),
        "capture succeeds": Act("bank", "Settle the capture"),
        "capture fails": Act("bank", "Fail the capture"),
    },
    "refund": {
        "refund succeeds": Act("bank", "Settle the refund"),
        "rejected": Act("Amazon", "Amazon rejects"),
        "refund fails": Act("bank", "Fail the refund"),
    },
    "dispute": {
        "contest": Act("shop", "contest_dispute"),
        "more proof is wanted": Act("Amazon", "Ask for more proof"),
        "merchant accepts": Act("shop", "update_dispute"),
        "the deadline passes": Act("time", "Let the deadline pass"),
        "investigator decides": Act("Amazon", "Decide for the shop"),
        "rules decide": Act("Amazon", "Resolve by the rules"),
        "buyer withdraws": Act("buyer", "Buyer withdraws"),
        "it is final": Act("Amazon", "Close it"),
    },
    "report": {
        "file is written": Act("time", "Write the file"),
        "it fails": Act("Amazon", "Fail"),
        "there is nothing to report": Act("Amazon", "Find nothing"),
    },
}
"""By the kind of the object and the event."""

RESOLUTIONS: Final = tuple(
    name
    for name, (event, _) in bank.DECISIONS.items()
    if event == "investigator decides"
)


def why_not(kind: Kind, record: Record, event: str) -> str | None:
    """Return why an event cannot be made to happen now; None if it can."""
    act = ACTS[kind][event]
    if act.by == _SHOP:
        return f"your shop does this: {act.words}"
    if act.by == _FOLLOWS:
        return f"follows {act.words}"
    if transition(kind, record["state"], event) is None:
        states = [
            s
            for arrow in LIFE_CYCLES[kind]
            if arrow.event == event
            for s in arrow.states
        ]
        return f"only from {' or '.join(dict.fromkeys(states))}"
    return _why_not_permission(record, event) if kind == "chargePermission" else None


def _why_not_permission(permission: Record, event: str) -> str | None:
    if event == "buyer closes" and permission["type"] == "OneTime":
        return "a buyer cannot close a one-time permission"
    in_progress = permission["reason"] == "ChargeInProgress"
    if event == "buyer mends the payment method" and in_progress:
        return "nothing is wrong with the card: a charge is in progress"
    return None


def possible(kind: Kind, record: Record) -> list[str]:
    """Return the events that can be made to happen now."""
    return [event for event in ACTS[kind] if why_not(kind, record, event) is None]


def checked_kind(kind: str) -> Kind:
    """Return the kind of an object that has a life cycle, or refuse the text."""
    if kind not in KINDS:
        raise invalid_value(f"The kind is one of {', '.join(KINDS)}")
    return kind


def push(
    context: Context, kind: Kind, record: Record, event: str, resolution: str | None
) -> None:
    """Let an event happen to an object, with all that follows from it.

    `resolution` is who wins a dispute by `investigator decides`.
    """
    if event not in ACTS[kind]:
        raise invalid_value(f"The event is one of {', '.join(ACTS[kind])}")
    decides = event == "investigator decides"
    if resolution is not None and (not decides or resolution not in RESOLUTIONS):
        raise invalid_value(
            f"The resolution of investigator decides is one of {', '.join(RESOLUTIONS)}"
        )
    reason = why_not(kind, record, event)
    if reason is not None:
        refusal = wrong_state(kind, record["state"])
        now = ", ".join(possible(kind, record)) or "nothing"
        raise APIRefusal(
            refusal.reason_code,
            f"{event}: {reason}. The {kind} is {record['state']}; possible now: {now}",
        )
    context.add_story_row(
        "pushed", record.get("order"), object=kind, id=record["id"], event=event
    )
    if kind == disputes.KIND:
        winner = resolution or _winner(event)
        disputes.move(context, record, event, winner)
        return
    _PUSHES[kind](context, record, event)


def _winner(event: str) -> str | None:
    """Return who wins a dispute by an event; None if the event does not decide that."""
    if event == "the deadline passes":
        return "BuyerWon"
    if event == "investigator decides":
        return "MerchantWon"
    return next((won for what, won in bank.DECISIONS.values() if what == event), None)


def _push_session(context: Context, session: Record, event: str) -> None:
    context.move(checkout_sessions.KIND, session, event)


_CLOSERS: Final = frozenset(
    arrow.event for arrow in LIFE_CYCLES["chargePermission"] if arrow.to == "Closed"
)


def _push_permission(context: Context, permission: Record, event: str) -> None:
    if event == "a charge is declined hard":
        charge_permissions.decline(context, permission)
        return
    if event in _CLOSERS:
        charge_permissions.close(context, permission, event)
    else:
        context.move(charge_permissions.KIND, permission, event)
    charge_permissions.update_state(context, permission)


_PUSHES: Final = cast(
    "dict[Kind, Callable[[Context, Record, str], None]]",
    {
        checkout_sessions.KIND: _push_session,
        charge_permissions.KIND: _push_permission,
        charges.KIND: charges.apply_event,
        refunds.KIND: refunds.on_due,
        reports.KIND: reports.on_due,
    },
)
