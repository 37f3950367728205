"""How calls end otherwise than well, and what that leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.simulator import Request, Settings
from AmazonPay.simulator.engine.outcomes import ANY, TABLE, known_outcomes
from AmazonPay.simulator.rules.test_data import CARDS
from AmazonPay.simulator.wire.errors import APIRefusal
from reference.codes import STATUS_OF
from simulated import LIVE_KEY_ID, Shop, reply_of

if TYPE_CHECKING:
    from simulated import Reply

FAILURE = (500, "ProcessingFailure")
HOME = (("host", "localhost"), ("content-type", "application/json"))


def charges_of(shop: Shop) -> list[Any]:
    with shop.simulator.store.transaction() as transaction:
        return list(transaction.all("A1SIMULATEDMERCHANT/sandbox", "charge"))


def confirmed(shop: Shop) -> str:
    return shop.buy("50", "Confirm").permission


# The table ----------------------------------------------------------------------------


def test_cards_and_codes_name_rows_of_the_table() -> None:
    for card in CARDS.values():
        if card.ends is not None:
            assert card.ends.name in TABLE[card.ends.operation, card.ends.when]
            assert card.ends.event is not None


def test_every_refusal_has_the_status_of_the_reference() -> None:
    for (_, when), names in TABLE.items():
        for name in names:
            if when != "later" and not name.isdigit() and "Canceled" not in name:
                assert name in STATUS_OF or name == "Declined"


@pytest.mark.parametrize("name", known_outcomes(ANY, "before"))
@pytest.mark.parametrize("operation", ["get_charge", "capture_charge"])
def test_any_call_can_be_refused_before_it_does_anything(
    shop: Shop, operation: str, name: str
) -> None:
    charge = shop.buy().charge
    shop.provoke(operation, name)
    capture = operation == "capture_charge"
    reply = shop.capture(charge, "50") if capture else shop.get(f"/charges/{charge}")
    if name.isdigit():
        assert (reply.status, reply.headers["content-type"]) == (int(name), "text/html")
    else:
        assert reply.error == (STATUS_OF[name], name)
    assert shop.get(f"/charges/{charge}").state == ("Authorized", None)


@pytest.mark.parametrize("name", [*known_outcomes("capture_charge", "after")])
def test_an_answer_can_be_lost_after_the_work(shop: Shop, name: str) -> None:
    charge = shop.buy().charge
    shop.provoke("capture_charge", name, "after")
    body = {"captureAmount": shop.money("50")}
    lost = shop.post(f"/charges/{charge}/capture", body, key="k")
    assert lost.status == (int(name) if name.isdigit() else STATUS_OF[name])
    assert shop.get(f"/charges/{charge}").state == ("Captured", None)
    again = shop.post(f"/charges/{charge}/capture", body, key="k")
    assert (again.status, again.state) == (200, ("Captured", None))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["create_charge", "create_refund"])
def test_processing_fails_before_or_after_the_effect(
    shop: Shop, operation: str, when: Any
) -> None:
    charge, permission = shop.sold(), confirmed(shop)

    def call(key: str) -> Reply:
        if operation == "create_refund":
            body = {"chargeId": charge, "refundAmount": shop.money("5")}
            return shop.post("/refunds", body, key=key)
        body = {"chargePermissionId": permission, "chargeAmount": shop.money("5")}
        return shop.post("/charges", body, key=key)

    def made() -> int:
        kind = operation.removeprefix("create_")
        with shop.simulator.store.transaction() as transaction:
            return len(list(transaction.all("A1SIMULATEDMERCHANT/sandbox", kind)))

    before = made()
    shop.provoke(operation, "ProcessingFailure", when)
    assert call("k").error == FAILURE
    assert made() - before == (when == "after")
    assert call("k").status == 201
    assert made() - before == 1


def test_a_refund_can_be_refused_at_once(shop: Shop) -> None:
    charge = shop.sold()
    shop.provoke("create_refund", "AmazonRejected")
    assert shop.refund(charge, "5").error == (422, "AmazonRejected")
    shop.clock.move(seconds=30)
    assert shop.get(f"/charges/{charge}").json["refundedAmount"]["amount"] == "0.00"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("MFANotCompleted", ("NonChargeable", "MFAFailed")),
        ("PaymentMethodNotAllowed", ("Chargeable", None)),
        ("HardDeclined", ("NonChargeable", "PaymentMethodInvalid")),
        ("SoftDeclined", ("Chargeable", None)),
        ("TransactionTimedOut", ("Chargeable", None)),
        ("AmazonRejected", ("Closed", "AmazonCanceled")),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_a_declined_charge_leaves_its_permission_so(
    name: str, state: tuple[str, str | None], live: bool
) -> None:
    shop = Shop(key_id=LIVE_KEY_ID) if live else Shop()
    permission = confirmed(shop)
    shop.provoke("create_charge", name)
    assert shop.charge(permission, "5").error == (422, name)
    assert shop.get(f"/chargePermissions/{permission}").state == state


@pytest.mark.parametrize("name", ["BuyerCanceled", "AmazonCanceled", "Declined"])
@pytest.mark.parametrize("operation", ["complete", "finalize"])
def test_a_session_can_end_when_it_is_completed(
    shop: Shop, operation: str, name: str
) -> None:
    session = shop.paid()
    shop.provoke(f"{operation}_checkout_session", name)
    if operation == "complete":
        reply = shop.complete(session)
    else:
        address = shop.get(f"/checkoutSessions/{session}").json["shippingAddress"]
        body = {"chargeAmount": shop.money("50"), "paymentIntent": "Authorize"}
        body["shippingAddress"] = address
        reply = shop.post(f"/checkoutSessions/{session}/finalize", body)
    assert reply.error == (422, "CheckoutSessionCanceled")
    assert shop.get(f"/checkoutSessions/{session}").state == ("Canceled", name)


# Asking for it ------------------------------------------------------------------------


def test_it_holds_for_so_many_calls_in_the_order_asked_for(shop: Shop) -> None:
    shop.simulator.provoke("get_charge", "502", times=2)
    shop.simulator.provoke("get_charge", "RequestTimeout")
    statuses = [shop.get("/charges/x").status for _ in range(5)]
    assert statuses == [502, 502, 408, 404, 404]
    rows = [row.facts for row in shop.simulator.story() if row.kind == "request"]
    assert [row["fault"] for row in rows[:3]] == ["provoked: 502"] * 2 + [
        "provoked: 408"
    ]


def test_a_code_of_the_call_itself_goes_before(shop: Shop) -> None:
    permission = confirmed(shop)
    shop.provoke("create_charge", "HardDeclined")
    reply = shop.charge(permission, "5", code="SoftDeclined")
    assert reply.error == (422, "SoftDeclined")


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"operation": "create_chargee", "outcome": "SoftDeclined"}, "create_charge"),
        ({"operation": "create_charge", "outcome": "softdeclined"}, "SoftDeclined"),
        ({"operation": "create_refund", "outcome": "SoftDeclined"}, "AmazonRejected"),
        ({"operation": "get_charge", "outcome": "ProcessingFailure"}, "InternalServer"),
        ({"operation": "get_charge", "outcome": "x", "when": "later"}, "no outcome"),
        ({"operation": "get_charge", "outcome": "502", "when": "soon"}, "before"),
        ({"operation": "get_charge", "outcome": "502", "times": 0}, "1 to 100"),
        ({"operation": "get_charge", "outcome": "502", "times": 101}, "1 to 100"),
        ({"operation": "get_charge", "outcome": "502", "times": True}, "times"),
        ({"operation": "get_charge", "outcome": "502", "publicKeyId": "x"}, "'x'"),
        ({"operation": "get_charge"}, "outcome"),
        ({"outcome": "502"}, "operation"),
    ],
)
def test_what_cannot_be_provoked_is_refused_and_named(
    shop: Shop, members: dict[str, object], named: str
) -> None:
    reply = control(shop, members)
    assert reply.status in {400, 404}
    assert named in reply.json["message"]
    assert shop.get("/charges/x").status == 404


def control(shop: Shop, members: dict[str, object]) -> Reply:

    body = json.dumps(members).encode()
    request = Request("POST", "/_simulator/outcomes", HOME, body)
    return reply_of(shop.simulator.handle(request))


def test_it_can_be_asked_for_by_http(shop: Shop) -> None:
    members = {"operation": "get_charge", "outcome": "504", "when": "before"}
    assert control(shop, {**members, "times": 1}).status == 200
    assert shop.get("/charges/x").status == 504


@pytest.mark.parametrize(
    "members",
    [{}, {"canHandlePendingAuthorization": True}, {"captureNow": True}],
)
def test_what_ends_later_needs_a_call_that_begins_it(
    shop: Shop, members: dict[str, Any]
) -> None:
    permission = confirmed(shop)
    name = "Captured" if "captureNow" not in members else "SoftDeclined"
    shop.provoke("create_charge", name, "later")
    reply = shop.charge(permission, "5", **members)
    assert reply.error == (400, "InvalidSandboxSimulationSpecified")
    assert charges_of(shop) == []


def test_an_act_that_does_not_exist_is_named(shop: Shop) -> None:
    charge = shop.buy().charge
    with pytest.raises(APIRefusal, match="amazonCancel"):
        shop.simulator.end_charge(charge, "explode")


# Settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pending_simulation_codes": {"PendingX": "Nonsense"}}, "Nonsense"),
        ({"pending_simulation_codes": {"PendingX": "softdeclined"}}, "SoftDeclined"),
        ({"pending_simulation_codes": {"PendingX": ""}}, "AmazonRejected"),
        ({"pending_simulation_codes": {"SoftDeclined": "SoftDeclined"}}, "another"),
        ({"pending_simulation_codes": {"CaptureInitiated": "Authorized"}}, "another"),
        ({"stored_answers": "3xx"}, "2xx"),
        ({"canceled_session_code": "Canceled"}, "CheckoutSessionCanceled"),
        ({"keys_ignored_by": frozenset({"completeCheckoutSession"})}, "complete_check"),
        ({"story_rows": 0}, "story_rows"),
        ({"refunds_per_charge": 0}, "refunds_per_charge"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Settings(**settings)


def test_a_pending_code_may_have_another_name_and_end_well() -> None:
    codes = {"PendingTimeout": "TransactionTimedOut", "PendingGood": "Authorized"}
    shop = Shop(settings=Settings(pending_simulation_codes=codes))
    states: list[tuple[str, str | None]] = []
    for code in codes:
        reply = shop.charge(
            confirmed(shop), "5", code=code, canHandlePendingAuthorization=True
        )
        shop.clock.move(seconds=30)
        states.append(shop.get(f"/charges/{reply.json['chargeId']}").state)
    assert states == [("Declined", "TransactionTimedOut"), ("Authorized", None)]
