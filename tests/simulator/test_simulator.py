"""The simulator as a whole: the story, faults, time, and who sees what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from AmazonPay._core.clock import utc_now
from AmazonPay.simulator import Ids, Request, Settings, Simulator, merchant
from AmazonPay.simulator.handlers.registry import HANDLERS, Handler
from keys import KEY
from reference.states import ARROWS
from simulated import KEY_ID, Shop, reply_of

if TYPE_CHECKING:
    import pytest

    from AmazonPay.simulator.engine.context import Context
    from AmazonPay.simulator.wire.api_call import APICall, Result


# Every answer -------------------------------------------------------------------------


def test_every_answer_is_json_with_a_request_id_and_says_that_it_is_simulated(
    shop: Shop,
) -> None:
    for reply in (
        shop.get("/charges/x"),
        shop.post("/checkoutSessions", shop.session_body()),
        reply_of(shop.simulator.handle(Request("GET", "/"))),
        reply_of(shop.simulator.handle(Request("POST", "/_simulator/buyers"))),
        reply_of(shop.simulator.handle(Request("GET", "/openapi.json"))),
    ):
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["x-simulator"] == "AmazonPay"
        assert len(reply.headers["x-amz-pay-request-id"]) == 36
        assert reply.json


def test_a_refusal_has_a_reason_and_a_message_and_nothing_else() -> None:
    answer = Shop().get("/charges/x").json
    assert list(answer) == ["reasonCode", "message"]


def test_text_is_written_as_it_is() -> None:
    shop = Shop("jp")
    session = shop.open()
    shop.simulator.choose(session)
    assert "テスト 太郎".encode() in shop.get(f"/checkoutSessions/{session}").body


# The story ----------------------------------------------------------------------------


def test_an_order_tells_who_did_what_and_what_came_of_it(shop: Shop) -> None:
    bought = shop.buy("50")
    shop.capture(bought.charge, "50")
    told = [
        (row.kind, row.facts[name])
        for row in shop.simulator.story(bought.session)
        for name in ("did", "target", "event")
        if name in row.facts
    ]
    assert told == [
        ("state", "create"),
        ("request", "/v2/checkoutSessions"),
        ("buyer", "chose"),
        ("buyer", "paid"),
        ("state", "create"),
        ("state", "create"),
        ("state", "a charge uses all of it"),
        ("state", "complete"),
        ("request", f"/v2/checkoutSessions/{bought.session}/complete"),
        ("state", "capture"),
        ("state", "all of it is captured"),
        ("request", f"/v2/charges/{bought.charge}/capture"),
    ]


def test_a_request_is_told_with_its_answer(shop: Shop) -> None:
    reply = shop.post("/checkoutSessions", shop.session_body(), key="k")
    row = shop.simulator.story()[-1]
    assert row.facts == {
        "method": "POST",
        "target": "/v2/checkoutSessions",
        "body": json.dumps(shop.session_body()),
        "status": 201,
        "answer": reply.body.decode(),
        "requestId": reply.headers["x-amz-pay-request-id"],
        "idempotencyKey": "k",
        "replayed": False,
        "fault": None,
    }


def test_a_request_that_is_let_in_nowhere_is_told_all_the_same(shop: Shop) -> None:
    shop.simulator.handle(Request("POST", "/v2/charges", (), b"\xff"))
    (row,) = shop.simulator.story()
    assert (row.owner, row.facts["status"]) == ("", 400)


def test_a_long_body_is_told_in_part(shop: Shop) -> None:
    shop.post("/checkoutSessions", b"x" * 100_000)
    assert len(shop.simulator.story()[-1].facts["body"]) == 65_536


def test_a_decline_is_told_though_the_call_fails(shop: Shop) -> None:
    permission = shop.buy("50", "Confirm").permission
    shop.charge(permission, "10", code="HardDeclined")
    moves = [row.facts for row in shop.simulator.story() if row.kind == "state"][-2:]
    assert [(move["object"], move["after"], move["reason"]) for move in moves] == [
        ("charge", "Declined", "HardDeclined"),
        ("chargePermission", "NonChargeable", "PaymentMethodInvalid"),
    ]


def test_a_refused_call_leaves_one_row_its_own(shop: Shop) -> None:
    bought = shop.buy("50")
    before = len(shop.simulator.story())
    shop.capture(bought.charge, "51")
    rows = shop.simulator.story()[before:]
    assert [(row.kind, row.facts["status"]) for row in rows] == [("request", 400)]


def test_a_handler_that_fails_leaves_neither_change_nor_row(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    charge = shop.buy("50").charge
    before = shop.simulator.story()

    def failing(context: Context, call: APICall) -> Result:
        found = context.get("charge", call.ids["charge_id"])
        context.move("charge", found, "capture")
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setitem(HANDLERS, "capture_charge", Handler(failing))
        assert shop.capture(charge, "50").error == (500, "InternalServerError")
    assert "ZeroDivisionError" in caplog.text
    assert shop.simulator.story() == before
    assert shop.get(f"/charges/{charge}").state == ("Authorized", None)


def test_a_fault_in_the_buyers_part_leaves_neither_change_nor_row(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = shop.open()
    before = shop.simulator.story()
    path = f"/_simulator/checkoutSessions/{session}/choose"
    request = Request("POST", path, (("host", "localhost"),))

    class Failing(Ids):
        """Has no account for the buyer."""

        def account(self) -> str:
            raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(shop.simulator, "ids", Failing(Random(1)))  # noqa: S311 - a seed
        assert shop.simulator.handle(request).status == 500
    assert "ZeroDivisionError" in caplog.text
    assert shop.simulator.story() == before
    assert shop.simulator.handle(request).status == 200


def test_every_change_of_state_is_told_as_an_arrow_of_the_reference(shop: Shop) -> None:
    bought = shop.buy("50", card="0701", canHandlePendingAuthorization=True)
    shop.clock.move(days=31)
    shop.charge(bought.permission, "50", captureNow=True)
    for row in shop.simulator.story():
        if row.kind == "state":
            step = (row.facts["before"], row.facts["after"], row.facts["reason"])
            assert step in ARROWS[row.facts["object"]]


# Time ---------------------------------------------------------------------------------


def test_without_a_clock_the_machines_own_tells_the_time() -> None:
    now = utc_now()
    assert now.tzinfo is UTC
    simulator = Simulator([merchant(KEY_ID, KEY.public_key())])
    assert datetime(2020, 1, 1, tzinfo=UTC) < simulator.clock()


def test_what_is_due_happens_without_a_request_too(shop: Shop) -> None:
    session = shop.open()
    shop.clock.move(days=1)
    shop.simulator.settle()
    row = shop.simulator.story(session)[-1]
    assert (row.kind, row.facts["reason"]) == ("state", "Expired")


def test_a_plan_that_something_else_overtook_does_nothing(shop: Shop) -> None:
    charge = shop.buy("50", card="0701", canHandlePendingAuthorization=True).charge
    shop.delete(f"/charges/{charge}/cancel", {})
    shop.clock.move(seconds=30)
    assert shop.get(f"/charges/{charge}").state == ("Canceled", "MerchantCanceled")


# Who sees what ------------------------------------------------------------------------


def test_the_objects_of_one_account_are_not_there_for_another(shop: Shop) -> None:
    charge = shop.buy().charge
    other = merchant(KEY_ID, KEY.public_key(), region="na", merchant_id="A2OTHER")
    shop.simulator.merchants[KEY_ID] = other
    assert shop.get(f"/charges/{charge}").error == (404, "ResourceNotFound")


def test_the_objects_of_sandbox_and_live_are_apart(shop: Shop) -> None:
    charge = shop.buy().charge
    shop.simulator.merchants[KEY_ID] = merchant("ANY", KEY.public_key(), region="na")
    assert shop.get(f"/charges/{charge}").status == 400
    for environment, status in (("sandbox", 200), ("live", 404)):
        target = f"/{environment}/v2/charges/{charge}"
        request = shop.signed("GET", target, b"")
        assert shop.simulator.handle(request).status == status


# Calls that come together -------------------------------------------------------------


def test_calls_that_come_together_are_answered_each_for_itself(shop: Shop) -> None:
    session = shop.open()
    requests = [
        shop.signed("GET", f"/v2/checkoutSessions/{session}", b""),
        shop.signed("GET", "/v2/checkoutSessions/0", b""),
        Request("GET", f"/v2/checkoutSessions/{session}"),
    ]
    answers = shop.simulator.handle_together(requests)
    assert [one.status for one in answers] == [200, 404, 400]


def test_no_call_is_answered_whose_work_is_not_kept(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    session = shop.open()
    requests = [shop.signed("GET", f"/v2/checkoutSessions/{session}", b"")] * 2
    shop.simulator.store.close()
    answers = shop.simulator.handle_together(requests)
    assert [reply_of(one).error for one in answers] == [
        (500, "InternalServerError")
    ] * 2
    assert "the store has failed" in caplog.text


def test_a_call_that_may_wait_holds_up_no_other() -> None:
    waiting = Shop(settings=Settings(keys_held_for=timedelta(seconds=1)))
    call = Request("GET", "/v2/charges/x")
    assert Shop().simulator.answers_at_once(call)
    assert not waiting.simulator.answers_at_once(call)
    for path in ("/_simulator/clock", "/checkout/choose", "/v2x", "/"):
        assert not Shop().simulator.answers_at_once(Request("GET", path))
