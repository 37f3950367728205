"""The life of each object: the drawing equals the table, and every arrow can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from AmazonPay._core.operation import operations_of
from AmazonPay.lifecycles import LIFE_CYCLES, Kind, transition
from AmazonPay.resources import Operations
from AmazonPay.simulator import Settings
from AmazonPay.simulator.actors.pushes import ACTS, KINDS
from AmazonPay.simulator.console.lives import CALLS
from console_calls import asked, console, rows
from reference.states import ARROWS
from simulated import Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from AmazonPay.testing import LocalAmazonPay

Made = tuple[Kind, str]
STATES = {
    kind: sorted({arrow[1] for arrow in ARROWS.get(kind, ())})
    or sorted({arrow.to for arrow in LIFE_CYCLES[kind]})
    for kind in KINDS
}
NOT_FOUND = (404, "ResourceNotFound")


def life(shop: Shop, kind: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = asked(shop.simulator, "object", kind=kind, id=id_)
    return found


def push(shop: Shop, kind: str, id_: str, event: str, **more: str) -> Any:
    body = {"kind": kind, "id": id_, "event": event, **more}
    return console(shop.simulator, "POST", "push", body)


# How to bring an object into each state of its life -----------------------------------


def session(shop: Shop) -> Made:
    return "checkoutSession", shop.open()


def permission(shop: Shop) -> Made:
    return "chargePermission", shop.buy("50", "Confirm").permission


def pending(shop: Shop) -> Made:
    bought = shop.buy(card="0701", canHandlePendingAuthorization=True)
    return "charge", bought.charge


def authorized(shop: Shop) -> Made:
    return "charge", shop.buy().charge


def capturing(shop: Shop) -> Made:
    charge = shop.buy().charge
    shop.capture(charge, "50", code="CaptureInitiated")
    return "charge", charge


def refund(shop: Shop) -> Made:
    return "refund", str(shop.refund(shop.sold(), "5").json["refundId"])


def dispute(shop: Shop) -> Made:
    filed = shop.simulator.file_chargeback(shop.sold())
    return "dispute", str(filed["disputeId"])


def contested(shop: Shop) -> Made:
    made = dispute(shop)
    evidence = {"evidenceType": "Receipt", "evidenceText": "x"}
    body = {"merchantEvidences": [evidence]}
    assert shop.post(f"/disputes/{made[1]}/contest", body).status == 200
    return made


def report(shop: Shop) -> Made:
    shop.sold()
    body = {
        "reportType": "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_ORDER_REFERENCE_DATA_",
        "startTime": "21000101T000000Z",
        "endTime": "21001231T235959Z",
    }
    made = shop.post("/reports", body)
    assert made.status == 201, made
    return "report", str(made.json["reportId"])


BEGINNINGS: dict[tuple[Kind, str], Callable[[Shop], Made]] = {
    ("checkoutSession", "Open"): session,
    ("chargePermission", "Chargeable"): permission,
    ("charge", "AuthorizationInitiated"): pending,
    ("charge", "Authorized"): authorized,
    ("charge", "CaptureInitiated"): capturing,
    ("refund", "RefundInitiated"): refund,
    ("dispute", "ActionRequired"): dispute,
    ("dispute", "UnderReview"): contested,
    ("report", "IN_PROGRESS"): report,
}


def shop_of_all() -> Shop:
    return Shop(settings=Settings(every_report_in_sandbox=True))


def in_state(shop: Shop, kind: Kind, state: str) -> str:
    """Bring an object into a state, by as few pushes as it takes."""
    if (kind, state) in BEGINNINGS:
        return BEGINNINGS[kind, state](shop)[1]
    ways = [
        (start, arrow.event)
        for arrow in LIFE_CYCLES[kind]
        for start in arrow.states
        if arrow.to == state and is_pushed(kind, arrow.event)
    ]
    if (kind, state) == ("charge", "Captured"):
        return shop.sold()
    if (kind, state) == ("checkoutSession", "Completed"):
        return shop.buy().session
    start, event = ways[-1]
    id_ = in_state(shop, kind, start)
    assert push(shop, kind, id_, event).status == 200
    return id_


def is_pushed(kind: Kind, event: str) -> bool:
    return ACTS[kind][event].by not in {"shop", "follows"}


PUSHED = [
    (kind, start, arrow.event)
    for kind in KINDS
    for arrow in LIFE_CYCLES[kind]
    for start in arrow.states
    if is_pushed(kind, arrow.event)
]
NAMED = [f"{kind}-{state}-{event}".replace(" ", "_") for kind, state, event in PUSHED]


# The drawing and the table ------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawing_has_each_state_and_arrow_of_the_table_and_no_more(
    kind: Kind,
) -> None:
    shop = shop_of_all()
    first = next(arrow.to for arrow in LIFE_CYCLES[kind] if not arrow.states)
    drawn = life(shop, kind, in_state(shop, kind, first))
    table = {
        (start, arrow.to, arrow.event, arrow.reason)
        for arrow in LIFE_CYCLES[kind]
        for start in arrow.states or (None,)
    }
    assert table == {
        (arrow["from"], arrow["to"], event["event"], event["reason"])
        for arrow in drawn["arrows"]
        for event in arrow["events"]
    }
    names = [state["name"] for state in drawn["states"]]
    assert sorted(names) == sorted(STATES[kind])
    assert [state["name"] for state in drawn["states"] if state["now"]] == [first]


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_of_the_table_has_somebody_who_lets_it_happen(kind: Kind) -> None:
    events = {arrow.event for arrow in LIFE_CYCLES[kind] if arrow.states}
    assert events == set(ACTS[kind])
    for act in ACTS[kind].values():
        assert act.by != "shop" or act.words in operations_of(Operations)
    assert set(CALLS[kind]) <= set(operations_of(Operations))


@pytest.mark.parametrize(("kind", "state", "event"), PUSHED, ids=NAMED)
def test_each_arrow_is_had_by_its_button_and_ends_where_the_table_says(
    kind: Kind, state: str, event: str
) -> None:
    shop = shop_of_all()
    id_ = in_state(shop, kind, state)
    act = next(one for one in life(shop, kind, id_)["acts"] if one["event"] == event)
    arrow = transition(kind, state, event)
    assert arrow is not None
    if (kind, event) == ("chargePermission", "buyer closes"):
        assert "one-time" in act["whyNot"]
        return
    assert act["whyNot"] is None
    reply = push(shop, kind, id_, event)
    assert reply.status == 200, reply
    got = life(shop, kind, id_)
    assert (got["state"], got["reason"]) == (arrow.to, arrow.reason)
    assert (got["path"][-1]["before"], got["path"][-1]["after"]) == (state, arrow.to)
    # What was scheduled for the state that it has left does no harm.
    shop.clock.move(days=900)
    shop.simulator.settle()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_impossible_is_off_and_says_why(kind: Kind) -> None:
    shop = shop_of_all()
    for state in STATES[kind]:
        id_ = in_state(shop, kind, state)
        for act in life(shop, kind, id_)["acts"]:
            possible = transition(kind, state, act["event"]) is not None
            if not possible:
                assert act["whyNot"], (state, act)
                before = life(shop, kind, id_)["path"]
                reply = push(shop, kind, id_, act["event"])
                assert reply.status >= 400
                assert life(shop, kind, id_)["path"] == before


def test_a_refused_push_lists_what_is_possible(shop: Shop) -> None:
    charge = shop.buy().charge
    refused = push(shop, "charge", charge, "capture succeeds")
    assert refused.error == (422, "InvalidChargeStatus")
    message = refused.json["message"]
    assert "only from CaptureInitiated" in message
    assert "Amazon cancels, buyer cancels" in message
    by_shop = push(shop, "charge", charge, "capture")
    assert "your shop does this: capture_charge" in by_shop.json["message"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"kind": "cheque"}, (400, "InvalidParameterValue")),
        ({"event": "it rains"}, (400, "InvalidParameterValue")),
        ({"resolution": "BuyerWon"}, (400, "InvalidParameterValue")),
        ({"id": "S01-0-0"}, NOT_FOUND),
        ({"kind": 1}, (400, "InvalidParameterValue")),
    ],
    ids=["kind", "event", "resolution", "id", "type"],
)
def test_what_cannot_be_pushed_is_refused(
    shop: Shop, body: dict[str, Any], error: tuple[int, str]
) -> None:
    right = {"kind": "charge", "id": shop.buy().charge, "event": "Amazon cancels"}
    before = rows(shop.simulator)
    assert console(shop.simulator, "POST", "push", right | body).error == error
    assert rows(shop.simulator) == before


@pytest.mark.parametrize("who", ["BuyerWon", "MerchantWon", "NoFault"])
def test_an_investigator_decides_for_either_side(who: str) -> None:
    shop = shop_of_all()
    _, id_ = contested(shop)
    event = "investigator decides"
    assert push(shop, "dispute", id_, event, resolution=who).status == 200
    assert life(shop, "dispute", id_)["shown"]["statusDetails"]["resolution"] == who


# What comes by itself, and what the shop may call -------------------------------------


def test_what_comes_by_itself_is_told_with_its_time(shop: Shop) -> None:
    _, charge = pending(shop)
    (soon,) = life(shop, "charge", charge)["next"]
    assert (soon["event"], soon["to"]) == ("issuer approves", "Authorized")
    shop.clock.move(seconds=30)
    shop.simulator.settle()
    (later,) = life(shop, "charge", charge)["next"]
    assert (later["event"], later["to"]) == ("nobody captures it in time", "Canceled")
    shop.capture(charge, "50")
    assert life(shop, "charge", charge)["next"] == []


def test_only_the_last_expiry_of_a_renewed_permission_comes() -> None:
    shop = Shop()
    recurring = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": recurring}
    bought = shop.buy("1", "Confirm", more=more)
    shop.clock.move(days=20)
    assert shop.charge(bought.permission, "1", captureNow=True).status == 201
    (expiry,) = life(shop, "chargePermission", bought.permission)["next"]
    shown = life(shop, "chargePermission", bought.permission)["shown"]
    assert expiry["at"] == shown["expirationTimestamp"]


def test_the_deletion_of_a_session_is_told(shop: Shop) -> None:
    id_ = shop.open()
    comes = [one["event"] for one in life(shop, "checkoutSession", id_)["next"]]
    assert comes == ["24 hours pass", "it is deleted"]


@pytest.mark.parametrize("kind", ["charge", "chargePermission", "dispute"])
def test_what_the_shop_may_call_is_what_the_api_takes(kind: Kind) -> None:
    calls: dict[str, Callable[[Shop, str], Any]] = {
        "get_charge": lambda shop, id_: shop.get(f"/charges/{id_}"),
        "capture_charge": lambda shop, id_: shop.capture(id_, "1"),
        "cancel_charge": lambda shop, id_: shop.delete(
            f"/charges/{id_}/cancel", {"cancellationReason": "x"}
        ),
        "create_refund": lambda shop, id_: shop.refund(id_, "1"),
        "get_charge_permission": lambda shop, id_: shop.get(
            f"/chargePermissions/{id_}"
        ),
        "update_charge_permission": lambda shop, id_: shop.patch(
            f"/chargePermissions/{id_}",
            {"merchantMetadata": {"merchantReferenceId": "x"}},
        ),
        "create_charge": lambda shop, id_: shop.charge(id_, "1"),
        "close_charge_permission": lambda shop, id_: shop.delete(
            f"/chargePermissions/{id_}/close", {"closureReason": "x"}
        ),
        "get_dispute": lambda shop, id_: shop.get(f"/disputes/{id_}"),
        "contest_dispute": lambda shop, id_: shop.post(
            f"/disputes/{id_}/contest",
            {"merchantEvidences": [{"evidenceType": "Receipt", "evidenceText": "x"}]},
        ),
    }
    for state in STATES[kind]:
        for operation in CALLS[kind].keys() & calls.keys():
            shop = shop_of_all()
            id_ = in_state(shop, kind, state)
            told = {c["operation"]: c for c in life(shop, kind, id_)["calls"]}
            status = calls[operation](shop, id_).status
            assert (told[operation]["whyNot"] is None) is (status < 300), (
                state,
                operation,
                status,
                told[operation],
            )


def test_complete_waits_for_the_buyer(shop: Shop) -> None:
    id_ = shop.open()
    told = {c["operation"]: c for c in life(shop, "checkoutSession", id_)["calls"]}
    assert "not paid" in told["complete_checkout_session"]["whyNot"]
    shop.simulator.choose(id_)
    shop.simulator.pay(id_)
    told = {c["operation"]: c for c in life(shop, "checkoutSession", id_)["calls"]}
    assert told["complete_checkout_session"]["whyNot"] is None


def test_the_objects_of_an_order_are_listed_as_they_came(shop: Shop) -> None:
    bought = shop.buy("50", "AuthorizeWithCapture")
    shop.refund(bought.charge, "5")
    listed = asked(shop.simulator, "objects", order=bought.session)["objects"]
    kinds = [cast("str", one["kind"]) for one in listed]
    assert kinds == ["checkoutSession", "chargePermission", "charge", "refund"]
    assert asked(shop.simulator, "objects", order="x") == {"objects": []}


def test_a_buyer_closes_a_recurring_permission(shop: Shop) -> None:
    recurring = {"frequency": {"unit": "Month", "value": "1"}}
    more = {"chargePermissionType": "Recurring", "recurringMetadata": recurring}
    id_ = shop.buy("1", "Confirm", more=more).permission
    assert push(shop, "chargePermission", id_, "buyer closes").status == 200
    assert life(shop, "chargePermission", id_)["reason"] == "BuyerClosed"


def test_a_card_that_is_good_is_not_mended(shop: Shop) -> None:
    id_ = shop.buy().permission  # a charge in progress uses all of it
    event = "buyer mends the payment method"
    refused = push(shop, "chargePermission", id_, event)
    assert "a charge is in progress" in refused.json["message"]


def test_a_push_is_a_row_of_the_story(shop: Shop) -> None:
    charge = shop.buy().charge
    push(shop, "charge", charge, "Amazon cancels")
    texts = [row["text"] for row in rows(shop.simulator)]
    assert "the console made it happen: Amazon cancels" in texts


def test_a_test_pushes_by_a_method(amazon_pay: LocalAmazonPay) -> None:
    shop = Shop()
    body: Any = shop.session_body()
    with amazon_pay.client() as client:
        made: Any = client.create_checkout_session(body).json()
    ended = amazon_pay.push(
        "checkoutSession", made["checkoutSessionId"], "24 hours pass"
    )
    assert (ended["state"], ended["reason"]) == ("Canceled", "Expired")
