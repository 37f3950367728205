"""`amazonpay sim`: the buyer and the bank of a simulator, by its control calls."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from AmazonPay.simulator.addresses import addresses_from
from command_line import Done, amazonpay, answering, failing, of_simulator
from simulated import Shop

pytestmark = pytest.mark.usefixtures("few_authorities")


def sim(shop: Shop, *line: str, **more: Any) -> Done:
    return amazonpay("sim", *line, transport=of_simulator(shop.simulator), **more)


def test_a_buyer_chooses_and_pays() -> None:
    shop = Shop()
    session = shop.open()
    assert sim(shop, "choose", session, "--card", "1111").status == 0
    done = sim(shop, "pay", session, "--json")
    assert done.json["checkoutSessionId"] == session
    assert shop.complete(session).status in {200, 202}


def test_a_buyer_cancels() -> None:
    shop = Shop()
    session = shop.open()
    assert sim(shop, "cancel", session).json["statusDetails"]["state"] == "Canceled"


def test_amazon_and_the_buyer_act_on_what_was_bought() -> None:
    shop = Shop()
    bought = shop.buy()
    charge = sim(shop, "charge", bought.charge, "amazonCancel")
    assert charge.json["statusDetails"]["state"] == "Canceled"
    permission = sim(shop, "permission", shop.buy().permission, "amazonClose")
    assert permission.status == 0, permission


def test_a_simulator_beyond_loopback_gets_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop()
    shop.simulator.addresses = addresses_from([], ["amazonpay"])
    assert sim(shop, "cancel", shop.open()).status == 1
    monkeypatch.setenv("AMAZON_PAY_SIMULATOR_TOKEN", shop.simulator.token)
    assert sim(shop, "cancel", shop.open()).status == 0


def test_a_bank_disputes_and_decides() -> None:
    shop = Shop()
    disputed = sim(shop, "dispute", shop.sold("50"), "--amount", "20.00")
    assert disputed.status == 0
    dispute = disputed.json["disputeId"]
    refused = sim(shop, "decide", dispute, "nonsense")
    assert refused.status == 1


def test_the_next_call_ends_as_asked() -> None:
    shop = Shop()
    charge = shop.buy().charge
    done = sim(shop, "fault", "capture-charge", "AmazonRejected", "--times", "1")
    assert done.status == 0
    assert shop.capture(charge, "50").status >= 400


def test_an_event_of_a_life_cycle_happens_on_request() -> None:
    shop = Shop()
    charge = shop.buy().charge
    refused = sim(shop, "push", "charge", charge, "capture succeeds")
    assert refused.status == 1
    assert "possible now: Amazon cancels" in refused.err
    done = sim(shop, "push", "charge", charge, "nobody captures it in time")
    assert done.json == {"id": charge, "state": "Canceled", "reason": "ExpiredUnused"}


@pytest.mark.parametrize(
    "line",
    [
        ("pay", "00000000-0000-0000-0000-000000000000"),
        ("permission", "S01-0000000-0000000", "close"),
        ("charge", "S01-0000000-0000000-C000000", "explode"),
        ("fault", "create_charge", "nonsense"),
        ("fault", "create_charge", "\udcff"),
        ("push", "cheque", "1", "it bounces"),
        ("push", "charge", "S01-0000000-0000000-C000000", "declined softly"),
        ("push", "charge", "\udcff", "declined softly"),
    ],
)
def test_what_the_simulator_refuses_ends_with_1(line: tuple[str, ...]) -> None:
    done = sim(Shop(), *line)
    assert done.status == 1
    assert "reasonCode" in done.json


@pytest.mark.parametrize(
    ("noun", "act"), [("charge", "buyerCancel"), ("permission", "mendPaymentMethod")]
)
def test_an_act_that_is_none_is_told_with_those_that_are(noun: str, act: str) -> None:
    done = sim(Shop(), noun, "S01-0000000-0000000", "explode")
    assert done.status == 1
    assert act in done.err


@pytest.mark.parametrize("bad", ["../x", "a/b", "a?b", "ä", ""])
def test_an_id_is_no_path(bad: str) -> None:
    assert sim(Shop(), "pay", bad).status == 2
    assert sim(Shop(), "permission", "S01", bad).status == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://pay-api.amazon.com",
        "http://192.0.2.1",
        "https://0.0.0.0",
        "localhost:8421",
        "https://127.0.0.1.example.com",
    ],
)
def test_a_simulator_is_on_this_machine(url: str) -> None:
    assert sim(Shop(), "pay", "1", "--endpoint-url", url).status == 2
    env = {"AMAZON_PAY_ENDPOINT_URL": url}
    assert sim(Shop(), "pay", "1", env=env).status == 2


def test_the_address_comes_from_the_environment() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(200, content=b"{}")

    env = {"AMAZON_PAY_ENDPOINT_URL": "http://127.0.0.1:9000"}
    transport = httpx2.MockTransport(answer)
    assert amazonpay("sim", "pay", "1", transport=transport, env=env).status == 0
    assert seen == ["http://127.0.0.1:9000/_simulator/checkoutSessions/1/pay"]


def test_without_a_simulator_the_status_is_3() -> None:
    done = amazonpay("sim", "pay", "1", transport=failing(httpx2.ConnectError))
    assert done.status == 3
    assert "amazonpay simulate" in done.err


@pytest.mark.parametrize(
    ("status", "body", "exit_status"),
    [(200, b"<html>", 3), (500, b"[]", 1), (500, b'{"reasonCode":1}', 1)],
)
def test_another_server_is_told(status: int, body: bytes, exit_status: int) -> None:
    done = amazonpay("sim", "pay", "1", transport=answering(status, body))
    assert done.status == exit_status
