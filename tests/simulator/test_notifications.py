"""The notifications that a simulator sends, and what its story tells of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import ConfigurationError
from AmazonPay.ipn import NotificationForged, Verifier
from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.simulator import PROFILES, HTTPListener, Request, Settings, Store
from AmazonPay.simulator.engine.notifications import Change, reason_against
from AmazonPay.simulator.wire.errors import APIRefusal
from AmazonPay.testing import Authority
from forgeries import LEAF
from simulated import Clock, Purchase, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = "sent"


class Ear:
    """Hears notifications, and answers as a test says."""

    def __init__(self, *answers: int | str | Exception) -> None:
        self.answers = list(answers)
        self.heard: list[Request] = []

    def __call__(self, request: Request) -> int | str:
        """Answer a notification."""
        self.heard.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def objects(self) -> list[tuple[str, str]]:
        """Type and id of each object, in the order of their coming."""
        inner = [json.loads(json.loads(one.body)["Message"]) for one in self.heard]
        return [(one["ObjectType"], one["ObjectId"]) for one in inner]

    @property
    def messages(self) -> list[str]:
        return [json.loads(one.body)["MessageId"] for one in self.heard]

    @property
    def notification_ids(self) -> list[str]:
        inner = [json.loads(json.loads(one.body)["Message"]) for one in self.heard]
        return [one["NotificationId"] for one in inner]


@pytest.fixture(scope="module", autouse=True)
def one_key() -> Iterator[None]:
    """Let all simulators of these tests sign with one key: making one takes long."""
    shared = Authority()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("AmazonPay.testing._authority._new_key", lambda: shared.key)
        yield


def listening(shop: Shop, *answers: int | str | Exception) -> Ear:
    ear = Ear(*answers)
    shop.simulator.notifications.add_listener(ear)
    return ear


def deliver(shop: Shop) -> int:
    return shop.simulator.notifications.deliver()


def after_a_sale(shop: Shop, *answers: int | str | Exception) -> Ear:
    """Let a shop sell, and its one notification come."""
    ear = listening(shop, *answers)
    shop.buy()
    deliver(shop)
    return ear


def rows(shop: Shop, kind: str | None = None) -> list[dict[str, Any]]:
    return [
        row.facts
        for row in shop.simulator.story()
        if row.kind == "notification" and kind in {None, row.facts["object"]}
    ]


def events(shop: Shop, kind: str) -> dict[str, str]:
    """Map what has happened to objects of a kind to what was sent, or why not."""
    return {one["change"]: one.get("because", SENT) for one in rows(shop, kind)}


# What sends a notification ------------------------------------------------------------


def test_every_change_of_a_state_has_one_row(shop: Shop) -> None:
    listening(shop)
    bought = shop.buy()
    shop.capture(bought.charge, "50")
    shop.refund(bought.charge, "5")
    shop.clock.move(hours=1)
    shop.simulator.settle()
    story = shop.simulator.story()
    states = [
        (row.order, row.facts["id"], row.facts["event"])
        for row in story
        if row.kind == "state"
    ]
    told = [
        (row.order, row.facts["objectId"], row.facts["change"])
        for row in story
        if row.kind == "notification"
    ]
    assert told == states
    assert len(told) > 5


def test_charges_and_refunds_send_what_amazon_lists(shop: Shop) -> None:
    listening(shop)
    bought = shop.buy("50", more={"chargePermissionType": "OneTime"})
    shop.capture(bought.charge, "50", code="CaptureInitiated")
    shop.clock.move(hours=1)
    shop.simulator.settle()
    shop.refund(bought.charge, "5")
    shop.clock.move(hours=1)
    shop.simulator.settle()
    assert events(shop, "charge") == {
        "create": SENT,
        "capture late": "Amazon's page names no notification for this",
        "capture succeeds": SENT,
    }
    assert events(shop, "refund") == {"create": SENT, "refund succeeds": SENT}
    assert set(events(shop, "checkoutSession").values()) == {
        "no checkoutSession sends notifications"
    }


def test_a_pending_authorization_sends_its_result(shop: Shop) -> None:
    listening(shop)
    order = shop.money("500")
    bought = shop.buy("50", "Confirm", totalOrderAmount=order)
    shop.charge(bought.permission, "50", canHandlePendingAuthorization=True)
    shop.clock.move(hours=1)
    shop.simulator.settle()
    assert events(shop, "charge") == {"create pending": SENT, "issuer approves": SENT}


def test_a_charge_that_is_declined_at_once_sends_none(shop: Shop) -> None:
    listening(shop)
    order = shop.money("500")
    bought = shop.buy("50", "Confirm", totalOrderAmount=order)
    shop.charge(bought.permission, "50", code="SoftDeclined")
    assert events(shop, "charge") == {
        "declined softly": "the answer to the call has declined it"
    }


def test_a_dispute_sends_each_change(shop: Shop) -> None:
    listening(shop)
    dispute = shop.simulator.file_chargeback(shop.sold())["disputeId"]
    shop.simulator.decide_dispute(dispute, "withdraw")
    shop.simulator.decide_dispute(dispute, "close")
    assert set(events(shop, "dispute").values()) == {SENT}
    assert [one["change"] for one in rows(shop, "dispute")] == [
        *("create", "buyer withdraws", "it is final"),
    ]


def recurring(shop: Shop) -> Purchase:
    frequency = {"unit": "Month", "value": "1"}
    more = {
        "chargePermissionType": "Recurring",
        "recurringMetadata": {"frequency": frequency, "amount": shop.money("500")},
    }
    return shop.buy("50", more=more)


def test_only_a_recurring_permission_tells_of_a_decline(shop: Shop) -> None:
    listening(shop)
    one_time = shop.buy("50", "Confirm", totalOrderAmount=shop.money("500"))
    for bought in (one_time, recurring(shop)):
        shop.charge(bought.permission, "50", code="HardDeclined")
    declined = [
        one.get("because", SENT)
        for one in rows(shop, "chargePermission")
        if one["change"] == "a charge is declined hard"
    ]
    assert declined == ["only recurring permissions send one for this", SENT]


def test_a_recurring_permission_tells_that_the_buyer_has_closed_it(shop: Shop) -> None:
    listening(shop)
    shop.simulator.manage(recurring(shop).permission, "close")
    assert events(shop, "chargePermission")["buyer closes"] == SENT


def test_a_mended_payment_method_tells_so(shop: Shop) -> None:
    listening(shop)
    permission = recurring(shop).permission
    for act in ("deletePaymentMethod", "mendPaymentMethod"):
        shop.simulator.manage(permission, act)
    told = events(shop, "chargePermission")
    assert told["buyer mends the payment method"] == SENT
    assert told["buyer deletes the payment method"] != SENT


def test_without_a_listener_the_story_says_why_none_was_sent(shop: Shop) -> None:
    shop.buy()
    assert deliver(shop) == 0
    assert events(shop, "charge") == {
        "create": "nobody listens: --ipn-url or a listener is missing"
    }
    assert {one["status"] for one in rows(shop)} == {"not sent"}


def test_an_object_without_a_permission_sends_none() -> None:
    (arrow, *_) = LIFE_CYCLES["refund"]
    reason = reason_against(Change("refund", {}, None, arrow), None)
    assert reason == "its charge permission is not known"


# What is sent -------------------------------------------------------------------------


def test_an_envelope_is_one_of_amazons(shop: Shop) -> None:
    ear = listening(shop)
    bought = shop.buy()
    assert deliver(shop) == 1
    (request,) = ear.heard
    assert request.header("content-type") == "text/plain; charset=UTF-8"
    assert request.header("x-amz-sns-message-type") == "Notification"
    assert request.header("x-amz-sns-message-id") == ear.messages[0]
    assert set(json.loads(request.body)) == {
        *("Type", "MessageId", "TopicArn", "Message", "Timestamp"),
        *("SignatureVersion", "Signature", "SigningCertURL", "UnsubscribeURL"),
    }
    notifier = shop.simulator.notifications
    assert request.header("x-amz-sns-topic-arn") in notifier.topics
    verifier = notifier.authority.verifier(
        notifier.topics, merchant_id="A1SIMULATEDMERCHANT"
    )
    found = verifier.verify(request.body)
    assert (found.object_type, found.object_id) == ("CHARGE", bought.charge)
    assert found.charge_permission_id == bought.permission
    assert found.timestamp == shop.clock.now


@pytest.mark.parametrize(
    ("region", "topic"),
    [
        ("na", "us-east-1:291180941288:A3BXB0YN3XH17HA1SIMULATEDMERCHANT"),
        ("eu", "eu-west-1:291180941288:A1G8446IYHA4MRA1SIMULATEDMERCHANT"),
        ("jp", "us-west-2:291180941288:A31YDYE76E6TCPA1SIMULATEDMERCHANT"),
    ],
)
def test_each_region_has_its_topic(region: str, topic: str) -> None:
    shop = Shop(region)
    ear = after_a_sale(shop)
    assert ear.heard[0].header("x-amz-sns-topic-arn") == f"arn:aws:sns:{topic}"
    assert shop.simulator.notifications.topics == [f"arn:aws:sns:{topic}"]


def test_its_certificate_is_served_alone(shop: Shop) -> None:
    ear = after_a_sale(shop)
    url = json.loads(ear.heard[0].body)["SigningCertURL"]
    served = shop.follow(url)
    assert served.status == 200
    assert served.body == shop.simulator.notifications.authority.leaf
    assert served.body.count(b"BEGIN") == 1
    for other in (url.replace(".pem", "x.pem"), url[:-8] + ".pem"):
        assert shop.follow(other).error == (404, "ResourceNotFound")
    assert shop.follow(url, "POST").status == 404


def test_a_verifier_for_amazon_does_not_take_it(shop: Shop) -> None:
    ear = after_a_sale(shop)
    topics = shop.simulator.notifications.topics
    live = Verifier(topics, fetch=lambda url: LEAF, clock=shop.clock)  # noqa: ARG005 - Amazon's leaf, whatever is asked
    with pytest.raises(NotificationForged):
        live.verify(ear.heard[0].body)


# What becomes of it -------------------------------------------------------------------


def the_row(shop: Shop) -> dict[str, Any]:
    (row,) = [one for one in rows(shop) if "messageId" in one]
    return row


def test_an_answered_notification_is_told_as_answered(shop: Shop) -> None:
    listening(shop)
    shop.buy()
    assert the_row(shop)["status"] == "waiting"
    assert the_row(shop)["until"] == shop.clock.text
    deliver(shop)
    assert the_row(shop)["status"] == "answered"
    assert the_row(shop)["attempts"] == [{"at": shop.clock.text, "answer": 200}]


@pytest.mark.parametrize("answer", [500, 503, 599, "time-out", RuntimeError("x")])
def test_a_failure_is_sent_again_each_hour_for_three_hours(
    shop: Shop, answer: int | str | Exception
) -> None:
    ear = listening(shop, *[answer] * 9)
    shop.buy()
    for number in range(1, 9):
        deliver(shop)
        assert len(ear.heard) == min(number, 4)
        shop.clock.move(seconds=3599)
        assert deliver(shop) == 0
        shop.clock.move(seconds=1)
    assert the_row(shop)["status"] == "given up"
    assert len(the_row(shop)["attempts"]) == 4
    assert len({one.body for one in ear.heard}) == 1  # the same bytes each time


def test_a_failure_waits_for_its_next_time(shop: Shop) -> None:
    ear = after_a_sale(shop, 503)
    assert the_row(shop)["status"] == "waiting"
    shop.clock.move(hours=1)
    assert the_row(shop)["until"] == shop.clock.text
    deliver(shop)
    assert the_row(shop)["status"] == "answered"
    assert len(ear.heard) == 2


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (400, "refused"),
        (403, "refused"),
        (404, "refused"),
        (302, "given up"),
        ("unreachable", "given up"),
    ],
)
def test_a_refusal_is_final(shop: Shop, answer: int | str, status: str) -> None:
    ear = after_a_sale(shop, answer)
    shop.clock.move(days=2)
    deliver(shop)
    assert len(ear.heard) == 1
    assert the_row(shop)["status"] == status


def test_the_listener_that_fails_decides(shop: Shop) -> None:
    for answer in (200, 500, 403):
        listening(shop, answer)
    shop.buy()
    deliver(shop)
    assert the_row(shop)["attempts"][0]["answer"] == 500


def test_a_notification_can_be_sent_again_on_request(shop: Shop) -> None:
    ear = after_a_sale(shop)
    message = ear.messages[0]
    host = (("host", "localhost"),)
    asked = Request("POST", f"/_simulator/notifications/{message}/resend", host)
    assert shop.simulator.handle(asked).status == 200
    deliver(shop)
    assert ear.messages == [message, message]
    assert the_row(shop)["status"] == "answered"
    with pytest.raises(APIRefusal):
        shop.simulator.notifications.resend("22222222-2222-2222-2222-222222222222")


def test_a_notification_can_be_sent_again_as_another_message(shop: Shop) -> None:
    ear = listening(shop)
    shop.buy()
    deliver(shop)
    first = ear.messages[0]
    sent = shop.simulator.notifications.resend(first, as_new_message=True)
    deliver(shop)
    assert ear.messages == [first, sent["messageId"]]
    assert first != sent["messageId"]
    assert len(set(ear.notification_ids)) == 1
    assert the_row(shop)["attempts"][-1]["messageId"] == sent["messageId"]


def test_another_message_that_fails_comes_again_as_itself(shop: Shop) -> None:
    ear = listening(shop, 200, 500)
    shop.buy()
    deliver(shop)
    first = ear.messages[0]
    sent = shop.simulator.notifications.resend(first, as_new_message=True)
    deliver(shop)
    shop.clock.move(hours=1)
    deliver(shop)
    assert ear.messages == [first, sent["messageId"], sent["messageId"]]


def test_a_notification_that_was_answered_is_kept_as_long_as_its_row() -> None:
    shop = Shop(settings=Settings(story_rows=20))
    listening(shop)
    for _ in range(6):
        shop.buy()
        deliver(shop)
    assert 0 < len(kept(shop)) < 6


def test_a_notification_is_sent_although_its_row_is_gone() -> None:
    late = timedelta(minutes=1)
    shop = Shop(settings=Settings(story_rows=20, notification_delay=late))
    ear = listening(shop)
    for _ in range(6):
        shop.buy()
    shop.clock.move(seconds=60)
    deliver(shop)
    assert len(ear.heard) == 6
    assert len(kept(shop)) < 6


def kept(shop: Shop) -> list[list[Any]]:
    """Return what the store keeps of notifications."""
    with shop.simulator.store.transaction() as transaction:
        return [row for row in transaction.dump("object") if row[1] == "notification"]


def test_a_refused_duplicate_changes_no_answer(shop: Shop) -> None:
    after_a_sale(shop, 200, 403)
    shop.simulator.notifications.resend(the_row(shop)["messageId"])
    deliver(shop)
    assert the_row(shop)["status"] == "answered"
    assert [one["answer"] for one in the_row(shop)["attempts"]] == [200, 403]


def test_a_delivery_inside_of_a_delivery_does_nothing(shop: Shop) -> None:
    inner: list[int] = []

    def listener(request: Request) -> int:
        del request
        inner.append(deliver(shop))
        return 200

    shop.simulator.notifications.add_listener(listener)
    shop.buy()
    assert deliver(shop) == 1
    assert inner == [0]


def test_what_was_not_sent_yet_survives_a_restart(tmp_path: Any) -> None:
    first = Shop(store=Store(tmp_path / "amazon.db"))
    listening(first)
    bought = first.buy()
    first.simulator.settle()
    first.simulator.store.close()
    second = Shop(store=Store(tmp_path / "amazon.db"), seed=2)
    ear = listening(second)
    deliver(second)
    assert ear.objects == [("CHARGE", bought.charge)]


# Disorder -----------------------------------------------------------------------------


def test_hostile_notifications_overtake_each_other_and_come_twice() -> None:
    names = ("notification_spread", "duplicate_notifications")
    hostile = {name: getattr(PROFILES["hostile"], name) for name in names}
    shop = Shop(settings=Settings(**hostile))
    ear = listening(shop)
    bought = [shop.sold().rpartition("-")[0] for _ in range(30)]
    assert deliver(shop) < 30
    shop.clock.move(seconds=10)
    deliver(shop)
    order = [id_.rpartition("-")[0] for _, id_ in ear.objects]
    assert set(order) == set(bought)
    assert list(dict.fromkeys(order)) != bought
    assert len(ear.messages) > len(set(ear.messages)) > 30
    assert len(set(ear.notification_ids)) == 30


def test_a_delay_holds_for_all() -> None:
    shop = Shop(settings=Settings(notification_delay=timedelta(minutes=1)))
    ear = after_a_sale(shop)
    assert ear.heard == []
    shop.clock.move(seconds=60)
    deliver(shop)
    assert len(ear.heard) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("https://shop.example/ipn", "http://0.0.0.0/ipn", "localhost:8000/ipn", ""),
        *("http://localhost.evil.example/", "ftp://localhost/", "http://[::1"),
    ],
)
def test_notifications_leave_this_machine_never(address: str) -> None:
    with pytest.raises(ConfigurationError, match="this machine"):
        HTTPListener(address)


def test_a_clock_of_the_past_or_future_is_no_matter() -> None:
    clock = Clock()
    clock.move(days=-365 * 80)
    shop = Shop(clock=clock)
    ear = listening(shop)
    shop.buy()
    clock.move(days=10)
    deliver(shop)
    notifier = shop.simulator.notifications
    assert notifier.authority.verifier(notifier.topics).verify(ear.heard[0].body)
