"""Every arrow of the life cycles has a way to happen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay.lifecycles import LIFE_CYCLES, Kind
from AmazonPay.simulator import Settings
from AmazonPay.simulator.engine.outcomes import CAPTURE_ENDS, DECLINES, PENDING_ENDS
from reference.accounts import SANDBOX_REPORT
from simulated import LIVE_KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

WALLET: dict[str, Any] = {
    "chargePermissionType": "PaymentMethodOnFile",
    "paymentMethodOnFileMetadata": {"setupOnly": False},
}
WAITS: dict[str, Any] = {"canHandlePendingAuthorization": True}


# Where a way begins -------------------------------------------------------------------


def wallet(shop: Shop) -> str:
    return shop.buy("20", "Confirm", more=WALLET).permission


def blocked(shop: Shop) -> str:
    """A wallet without a card."""
    permission = wallet(shop)
    shop.simulator.manage(permission, "deletePaymentMethod")
    return permission


def authorized(shop: Shop) -> str:
    return shop.buy().charge


def pending(shop: Shop, end: str = "Authorized") -> str:
    shop.provoke("create_charge", end, "later")
    permission = shop.buy("50", "Confirm").permission
    return str(shop.charge(permission, "50", **WAITS).json["chargeId"])


def capturing(shop: Shop, end: str = "Captured") -> str:
    shop.provoke("capture_charge", end, "later")
    charge = authorized(shop)
    assert shop.capture(charge, "50").state[0] == "CaptureInitiated"
    return charge


def refunding(shop: Shop, end: str | None = None) -> Shop:
    if end is not None:
        shop.provoke("create_refund", end, "later")
    assert shop.refund(shop.sold(), "5").status == 201
    return shop


def disputed(shop: Shop) -> str:
    return str(shop.simulator.file_chargeback(shop.sold())["disputeId"])


def reviewed(shop: Shop) -> str:
    dispute = disputed(shop)
    evidence = {"evidenceType": "Other", "evidenceText": "It was delivered."}
    body = {"merchantEvidences": [evidence]}
    assert shop.post(f"/disputes/{dispute}/contest", body).status == 200
    return dispute


def resolved(shop: Shop) -> str:
    dispute = disputed(shop)
    shop.simulator.decide_dispute(dispute, "withdraw")
    return dispute


def report(shop: Shop) -> Shop:
    times = {"startTime": "21000101T000000Z", "endTime": "21001231T000000Z"}
    reply = shop.post("/reports", {"reportType": SANDBOX_REPORT, **times})
    assert reply.status == 201, reply
    return shop


def failing(shop: Shop) -> Shop:
    shop.provoke("create_report", "FAILED", "later")
    return report(shop)


def later(shop: Shop, **time: float) -> Shop:
    shop.clock.move(**time)
    shop.simulator.settle()
    return shop


def close(shop: Shop, permission: str, *, cancels: bool = False) -> None:
    body = {"closureReason": "done", "cancelPendingCharges": cancels}
    assert shop.delete(f"/chargePermissions/{permission}/close", body).status == 200


def cancel(shop: Shop, charge: str) -> None:
    body = {"cancellationReason": "out of stock"}
    assert shop.delete(f"/charges/{charge}/cancel", body).status == 200


def decline(shop: Shop, reason: str) -> None:
    permission = shop.buy("50", "Confirm").permission
    assert shop.charge(permission, "50", code=reason).error == (422, reason)


def close_with_open(shop: Shop, *, waits: bool) -> None:
    permission = wallet(shop)
    assert shop.charge(permission, "5", **(WAITS if waits else {})).status == 201
    close(shop, permission, cancels=True)


def act(shop: Shop, permission: str, name: str) -> Shop:
    shop.simulator.manage(permission, name)
    return shop


def accept(shop: Shop) -> None:
    details = {
        "state": "Resolved",
        "reasonCode": "MerchantAcceptedDispute",
        "resolution": "BuyerWon",
    }
    body = {"statusDetails": details}
    assert shop.patch(f"/disputes/{disputed(shop)}", body).status == 200


# The ways -----------------------------------------------------------------------------

SESSION: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create"): lambda shop: shop.open(),
    ("Open", "complete"): lambda shop: shop.buy(),
    ("Open", "buyer cancels"): lambda shop: shop.simulator.cancel(shop.open()),
    ("Open", "Amazon cancels"): lambda shop: shop.simulator.amazon_cancel(shop.open()),
    ("Open", "payment is declined"): lambda shop: shop.paid(card="3434"),
    ("Open", "24 hours pass"): lambda shop: (shop.open(), later(shop, hours=24)),
}

_ACTS = {
    "buyer closes": "close",
    "buyer deletes the payment method": "deletePaymentMethod",
    "buyer deletes the billing address": "deleteBillingAddress",
    "the payment method expires": "expirePaymentMethod",
    "authentication fails": "failAuthentication",
    "Amazon closes": "amazonClose",
    "Amazon cancels": "amazonCancel",
}


def _by_act(start: Callable[[Shop], str], name: str) -> Callable[[Shop], object]:
    return lambda shop: act(shop, start(shop), name)


PERMISSION: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create"): wallet,
    ("Chargeable", "a charge uses all of it"): authorized,
    ("NonChargeable", "the charge ends"): lambda s: cancel(s, authorized(s)),
    ("Chargeable", "a charge is declined hard"): lambda s: decline(s, "HardDeclined"),
    ("NonChargeable", "buyer mends the payment method"): _by_act(
        blocked, "mendPaymentMethod"
    ),
    ("Chargeable", "merchant closes"): lambda shop: close(shop, wallet(shop)),
    ("NonChargeable", "merchant closes"): lambda shop: close(shop, blocked(shop)),
    ("Chargeable", "all of it is captured"): lambda shop: shop.sold(),
    ("NonChargeable", "all of it is captured"): lambda s: s.capture(
        authorized(s), "50"
    ),
    ("Chargeable", "it expires"): lambda shop: (
        shop.buy("50", "Confirm"),
        later(shop, days=181),
    ),
    ("NonChargeable", "it expires"): lambda shop: (
        act(shop, shop.buy("50", "Confirm").permission, "deletePaymentMethod"),
        later(shop, days=181),
    ),
    **{("Chargeable", event): _by_act(wallet, name) for event, name in _ACTS.items()},
    **{
        ("NonChargeable", event): _by_act(blocked, name)
        for event, name in _ACTS.items()
        if name in {"close", "amazonClose", "amazonCancel"}
    },
}


def _declines(reason: str) -> Callable[[Shop], object]:
    return lambda shop: decline(shop, reason)


def _pends(end: str) -> Callable[[Shop], object]:
    return lambda shop: (pending(shop, end), later(shop, seconds=30))


def _captures(end: str) -> Callable[[Shop], object]:
    return lambda shop: (capturing(shop, end), later(shop, seconds=30))


def _ended(start: Callable[[Shop], str], name: str) -> Callable[[Shop], object]:
    return lambda shop: shop.simulator.end_charge(start(shop), name)


CHARGE: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create pending"): pending,
    (None, "create"): authorized,
    (None, "create captured"): lambda shop: shop.sold(),
    (None, "create capturing"): lambda shop: shop.charge(
        shop.buy("50", "Confirm").permission,
        "5",
        code="CaptureInitiated",
        captureNow=True,
    ),
    **{(None, event): _declines(reason) for reason, event in DECLINES.items()},
    **{
        ("AuthorizationInitiated", event): _pends(end)
        for end, event in PENDING_ENDS.items()
    },
    **{("CaptureInitiated", event): _captures(e) for e, event in CAPTURE_ENDS.items()},
    ("AuthorizationInitiated", "merchant cancels"): lambda s: cancel(s, pending(s)),
    ("Authorized", "merchant cancels"): lambda s: cancel(s, authorized(s)),
    ("AuthorizationInitiated", "permission is closed"): lambda s: close_with_open(
        s, waits=True
    ),
    ("Authorized", "permission is closed"): lambda s: close_with_open(s, waits=False),
    **{
        (state, event): _ended(start, name)
        for state, start in (
            ("AuthorizationInitiated", pending),
            ("Authorized", authorized),
        )
        for event, name in (
            ("Amazon cancels", "amazonCancel"),
            ("buyer cancels", "buyerCancel"),
        )
    },
    ("Authorized", "nobody captures it in time"): lambda shop: (
        authorized(shop),
        later(shop, days=2),
    ),
    ("Authorized", "capture"): lambda shop: shop.capture(authorized(shop), "50"),
    ("Authorized", "capture late"): capturing,
    ("Authorized", "capture is rejected"): lambda shop: shop.capture(
        authorized(shop), "50", code="AmazonRejected"
    ),
}

REFUND: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create"): refunding,
    ("RefundInitiated", "refund succeeds"): lambda s: (
        refunding(s),
        later(s, seconds=30),
    ),
    ("RefundInitiated", "rejected"): lambda shop: (
        refunding(shop, "AmazonRejected"),
        later(shop, seconds=30),
    ),
    ("RefundInitiated", "refund fails"): lambda shop: (
        refunding(shop, "ProcessingFailure"),
        later(shop, seconds=30),
    ),
}


def _decided(start: Callable[[Shop], str], decision: str) -> Callable[[Shop], object]:
    return lambda shop: shop.simulator.decide_dispute(start(shop), decision)


DISPUTE: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create"): disputed,
    ("ActionRequired", "contest"): reviewed,
    ("UnderReview", "more proof is wanted"): _decided(reviewed, "askForProof"),
    ("ActionRequired", "merchant accepts"): accept,
    ("ActionRequired", "the deadline passes"): lambda shop: (
        disputed(shop),
        later(shop, days=11),
    ),
    ("UnderReview", "investigator decides"): _decided(reviewed, "MerchantWon"),
    **{
        (state, event): _decided(start, decision)
        for state, start in (("ActionRequired", disputed), ("UnderReview", reviewed))
        for event, decision in (
            ("rules decide", "autoResolve"),
            ("buyer withdraws", "withdraw"),
        )
    },
    ("Resolved", "it is final"): _decided(resolved, "close"),
}

REPORT: dict[tuple[str | None, str], Callable[[Shop], object]] = {
    (None, "create"): report,
    ("IN_PROGRESS", "file is written"): lambda shop: (
        shop.sold(),
        report(shop),
        later(shop, seconds=1),
    ),
    ("IN_PROGRESS", "it fails"): lambda shop: (
        failing(shop),
        later(shop, seconds=1),
    ),
    ("IN_PROGRESS", "there is nothing to report"): lambda shop: (
        report(shop),
        later(shop, seconds=1),
    ),
}

WAYS: dict[Kind, dict[tuple[str | None, str], Callable[[Shop], object]]] = {
    "checkoutSession": SESSION,
    "chargePermission": PERMISSION,
    "charge": CHARGE,
    "refund": REFUND,
    "dispute": DISPUTE,
    "report": REPORT,
}

ARROWS = [
    (kind, state, arrow.event, arrow.to, arrow.reason)
    for kind, arrows in LIFE_CYCLES.items()
    for arrow in arrows
    for state in arrow.states or (None,)
]


@pytest.mark.parametrize(("kind", "before", "event", "after", "reason"), ARROWS)
def test_an_arrow_can_be_set_off(
    kind: Kind, before: str | None, event: str, after: str, reason: str | None
) -> None:
    shop = Shop()
    WAYS[kind][before, event](shop)
    wanted = {
        "object": kind,
        "event": event,
        "before": before,
        "after": after,
        "reason": reason,
    }
    moves = [row.facts for row in shop.simulator.story() if row.kind == "state"]
    assert any(wanted.items() <= facts.items() for facts in moves), moves


def test_no_way_is_left_over() -> None:
    known = {(kind, state, event) for kind, state, event, _, _ in ARROWS}
    ways = {(kind, *way) for kind, of_kind in WAYS.items() for way in of_kind}
    assert ways == known


def test_live_lets_an_authorization_be_captured_for_30_days_and_late() -> None:
    shop = Shop(
        key_id=LIVE_KEY_ID, settings=Settings(capture_settles_after=timedelta(hours=1))
    )
    shop.provoke("capture_charge", "ProcessingFailure", "later")
    charge = shop.buy().charge
    shop.clock.move(days=29)
    assert shop.capture(charge, "50").state == ("CaptureInitiated", None)
    later(shop, hours=1)
    assert shop.get(f"/charges/{charge}").state == ("Declined", "ProcessingFailure")
