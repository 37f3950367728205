"""Faults that are armed and seen, time that is moved, notifications that come again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConnectionLost, Retry
from AmazonPay._core.operation import operations_of
from AmazonPay.ipn import NotificationForged
from AmazonPay.resources import Operations
from AmazonPay.simulator import Request, Simulator, merchant
from AmazonPay.simulator.engine.wire_faults import DELAYS, documented_errors
from AmazonPay.simulator.wire.errors import STATUSES
from console_calls import asked, console, detail, last_call, rows
from keys import KEY
from reference.codes import STATUS_OF
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from AmazonPay.testing import LocalAmazonPay

BAD_VALUE = (400, "InvalidParameterValue")
CHARGE = "S01-0000000-0000000-C000000"


# Faults -------------------------------------------------------------------------------


def test_a_reset_after_the_work_loses_the_answer(amazon_pay: LocalAmazonPay) -> None:
    amazon_pay.provoke("create_checkout_session", "reset", when="after")
    body: Any = Shop().session_body()
    with (
        amazon_pay.client(retry=Retry(attempts=1)) as client,
        pytest.raises(ConnectionLost) as caught,
    ):
        client.create_checkout_session(body)
    assert caught.value.outcome_unknown
    assert len(amazon_pay.sessions()) == 1
    last = last_call(amazon_pay)
    assert (last["sign"], last["fault"]) == ("✂", "provoked: reset")
    said = " ".join(detail(amazon_pay, last["number"])["what"])
    assert "carried out" in said


def test_a_reset_before_the_work_does_nothing(amazon_pay: LocalAmazonPay) -> None:
    amazon_pay.provoke("create_checkout_session", "reset")
    body: Any = Shop().session_body()
    with (
        amazon_pay.client(retry=Retry(attempts=1)) as client,
        pytest.raises(ConnectionLost),
    ):
        client.create_checkout_session(body)
    assert amazon_pay.sessions() == []
    last = last_call(amazon_pay)
    assert "not carried out" in last["note"]
    assert "nothing was done" in detail(amazon_pay, last["number"])["what"][0]


@pytest.mark.parametrize("name", DELAYS)
def test_an_answer_comes_late_and_is_the_calls_own(name: str) -> None:
    waits: list[float] = []
    shop = Shop()
    simulator = Simulator(
        [merchant(KEY_ID, KEY.public_key())], clock=shop.clock, wait=waits.append
    )
    shop.simulator = simulator
    shop.provoke("create_checkout_session", name, "after")
    assert shop.open()
    assert waits == [DELAYS[name]]
    last = last_call(simulator)
    assert (last["status"], last["sign"]) == (201, "✂")
    found = detail(simulator, last["number"])
    assert "came late" in found["what"][0]
    assert found["answer"]["sent"] is None


EVERY_ERROR = [
    (operation, code)
    for operation in ("create_charge", "get_charge", "create_refund")
    for code in documented_errors(operation)
]


@pytest.mark.parametrize(
    ("operation", "code"), EVERY_ERROR, ids=["-".join(one) for one in EVERY_ERROR]
)
def test_any_error_that_an_operation_documents_can_be_had_once(
    shop: Shop, operation: str, code: str
) -> None:
    bought = shop.buy("50", "Confirm")
    charge = shop.charge(bought.permission, "10", captureNow=True).json["chargeId"]
    shop.provoke(operation, code)

    def call() -> Any:
        if operation == "create_charge":
            return shop.charge(bought.permission, "1")
        if operation == "create_refund":
            return shop.refund(charge, "1")
        return shop.get(f"/charges/{charge}")

    assert call().error == (STATUS_OF[code], code)
    assert shop.simulator.faults() == []


def test_documented_errors_are_codes_of_the_api() -> None:
    found = {
        one for name in operations_of(Operations) for one in documented_errors(name)
    }
    assert found <= set(STATUSES)
    assert "PeriodicAmountExceeded" in documented_errors("create_charge")


def test_the_menu_of_faults_has_what_can_be_armed_and_no_more(shop: Shop) -> None:
    menu = asked(shop.simulator, "faultKinds")["operations"]
    assert set(menu) == set(operations_of(Operations))
    for when, names in menu["create_charge"].items():
        for name in names:
            fault = {"operation": "create_charge", "outcome": name, "when": when}
            assert console(shop.simulator, "POST", "faults", fault).status == 200
    count = sum(map(len, menu["create_charge"].values()))
    assert len(asked(shop.simulator, "console")["faults"]) == count
    wrong = {"operation": "create_charge", "outcome": "reset", "when": "later"}
    assert console(shop.simulator, "POST", "faults", wrong).error == BAD_VALUE


def test_one_operations_faults_are_disarmed_and_told(shop: Shop) -> None:
    shop.provoke("get_charge", "503")
    shop.provoke("get_refund", "reset")
    reply = console(shop.simulator, "DELETE", "faults", {"operation": "get_charge"})
    assert [one["operation"] for one in reply.json["unused"]] == ["get_charge"]
    left = asked(shop.simulator, "faults")["unused"]
    assert [one["operation"] for one in left] == ["get_refund"]
    assert rows(shop.simulator)[-1]["text"] == "disarmed: get charge"
    assert shop.get(f"/charges/{CHARGE}").status == 404


# Time ---------------------------------------------------------------------------------


def test_a_moved_clock_is_a_row_before_what_has_happened(
    amazon_pay: LocalAmazonPay,
) -> None:
    body: Any = Shop().session_body()
    with amazon_pay.client() as client:
        client.create_checkout_session(body)
    happened = amazon_pay.advance(days=1, hours=2, seconds=1)
    assert all(row.kind != "clock" for row in happened)
    texts = [row["text"] for row in rows(amazon_pay)]
    moved = texts.index("the clock was moved by 1 day 2 h 1 s")
    assert moved < texts.index("checkout session Open → Canceled")
    before = len(rows(amazon_pay))
    assert amazon_pay.advance() == []
    assert len(rows(amazon_pay)) == before


def test_a_move_to_the_next_event_is_one_row(amazon_pay: LocalAmazonPay) -> None:
    body: Any = Shop().session_body()
    with amazon_pay.client() as client:
        client.create_checkout_session(body)
    amazon_pay.advance_to_next_event()
    texts = [row["text"] for row in rows(amazon_pay)]
    assert texts.count("the clock was moved to the next event") == 1
    amazon_pay.advance_to_next_event()  # the session is deleted: nothing to tell
    assert amazon_pay.next_event_at() is None
    amazon_pay.advance_to_next_event()
    texts = [row["text"] for row in rows(amazon_pay)]
    assert texts.count("the clock was moved to the next event") == 2


# Notifications ------------------------------------------------------------------------


class Listener:
    """Keeps what came, and says whether it is trusted."""

    def __init__(self, shop: Shop) -> None:
        self.came: list[Request] = []
        notifier = shop.simulator.notifications
        self._verifier = notifier.authority.verifier(notifier.topics)
        notifier.add_listener(self)

    def __call__(self, request: Request) -> int:
        self.came.append(request)
        return 200 if self.trusts(request) else 403

    def trusts(self, request: Request) -> bool:
        try:
            self._verifier.verify(request.body)
        except NotificationForged:
            return False
        return True

    def about(self) -> list[str]:
        return [
            json.loads(json.loads(one.body)["Message"])["ObjectId"] for one in self.came
        ]


def sent_row(shop: Shop) -> dict[str, Any]:
    return [one for one in rows(shop.simulator) if one["sign"] == "←"][-1]


def resend(shop: Shop, message: str, **how: Any) -> Any:
    return console(shop.simulator, "POST", f"notifications/{message}/resend", how)


def told(shop: Shop) -> tuple[Listener, str]:
    """Buy so that one notification is sent; give its message."""
    listener = Listener(shop)
    shop.refund(shop.sold(), "5")
    shop.simulator.notifications.deliver()
    messages = [one for one in rows(shop.simulator) if one.get("messageId")]
    listener.came.clear()
    return listener, str(messages[-1]["messageId"])


def test_a_notification_comes_twice_the_same_bytes(shop: Shop) -> None:
    listener, message = told(shop)
    assert resend(shop, message, times=2).status == 200
    shop.simulator.notifications.deliver()
    first, second = listener.came
    assert first.body == second.body
    assert listener.trusts(first)
    assert "2 times" in rows(shop.simulator)[-1]["note"]


def test_a_notification_comes_late_by_the_clock(shop: Shop) -> None:
    listener, message = told(shop)
    resend(shop, message, seconds=3600)
    shop.simulator.notifications.deliver()
    assert listener.came == []
    shop.clock.move(hours=1)
    shop.simulator.notifications.deliver()
    assert message in {json.loads(one.body)["MessageId"] for one in listener.came}


def test_an_altered_notification_is_one_that_a_shop_must_refuse(shop: Shop) -> None:
    listener, message = told(shop)
    resend(shop, message, altered=True)
    shop.simulator.notifications.deliver()
    (came,) = listener.came
    assert json.loads(came.body)["MessageId"] == message
    assert not listener.trusts(came)
    row = next(one for one in rows(shop.simulator) if one.get("messageId") == message)
    assert "altered, answered 403" in row["note"]
    # It says nothing about the right one.
    assert (row["status"], row["tone"]) == (200, "plain")


def test_an_orders_notifications_come_again_newest_first(shop: Shop) -> None:
    listener = Listener(shop)
    bought = shop.buy("50", "AuthorizeWithCapture")
    for amount in ("1", "2"):
        shop.refund(bought.charge, amount)
    shop.simulator.notifications.deliver()
    first = listener.about()
    listener.came.clear()
    body = {"order": bought.session}
    reply = console(shop.simulator, "POST", "redeliver", body)
    assert len(reply.json["messages"]) == len(first) > 1
    shop.simulator.notifications.deliver()
    assert listener.about() == first[::-1]
    nothing = console(shop.simulator, "POST", "redeliver", {"order": "x"})
    assert nothing.json == {"messages": []}


@pytest.mark.parametrize(
    "how",
    [
        {"times": 0},
        {"times": 11},
        {"seconds": -1},
        {"seconds": 10**9},
        {"seconds": 1, "altered": True},
        {"times": "2"},
        {"times": True},
        {"altered": 1},
    ],
    ids=["none", "many", "before", "never", "both", "text", "bool", "number"],
)
def test_what_is_no_way_to_send_is_refused(shop: Shop, how: dict[str, Any]) -> None:
    listener, message = told(shop)
    assert resend(shop, message, **how).error == BAD_VALUE
    shop.simulator.notifications.deliver()
    assert listener.came == []


def test_a_refused_notification_stands_out(shop: Shop) -> None:
    shop.simulator.notifications.add_listener(lambda _: 500)
    shop.refund(shop.sold(), "5")
    shop.simulator.notifications.deliver()
    row = sent_row(shop)
    assert (row["status"], row["tone"], row["waits"]) == (500, "warned", True)
    assert "next at 2100-01-15" in row["note"]
