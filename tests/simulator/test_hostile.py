"""A whole purchase through both clients, by any profile: every penny moves once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import Retry
from AmazonPay.simulator import PROFILES
from simulated import Clock, Shop

if TYPE_CHECKING:
    from collections.abc import Generator

    from AmazonPay import AsyncClient, Client, Response
    from AmazonPay.simulator import Profile, Settings
    from AmazonPay.simulator.settings import StoredAnswers

PRICE = {"amount": "50.00", "currencyCode": "USD"}
SESSION: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}
CHANGE: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutResultReturnUrl": "https://shop.example/result"},
    "paymentDetails": {"paymentIntent": "Authorize", "chargeAmount": PRICE},
}
AT_ONCE = Retry(base=0)

Step = tuple[str, tuple[object, ...]]


class RunningClock(Clock):
    """The machine's clock, some seconds ahead: hostile refuses what is too old."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        self.ahead += timedelta(days=days, hours=hours, seconds=seconds)


def purchase(shop: Shop) -> Generator[Step, Response[Any], list[str]]:
    """Sell and refund, and believe a GET alone; give the last states seen."""
    created = yield "create_checkout_session", (SESSION,)
    session = created.json()["checkoutSessionId"]
    shop.simulator.choose(session)
    updated = yield "update_checkout_session", (session, CHANGE)
    assert updated.status_code == 200
    shop.simulator.pay(session)
    completed = yield (
        "complete_checkout_session",
        (session, {"chargeAmount": PRICE}),
    )
    # A lost answer and an ignored key: the session is what tells.
    assert completed.status_code in {200, 422}
    assert completed.ok or completed.outcome_unknown
    shop.clock.move(seconds=5)
    done = (yield "get_checkout_session", (session,)).json()
    charge = done["chargeId"]
    captured = yield "capture_charge", (charge, {"captureAmount": PRICE})
    assert captured.status_code == 200
    shop.clock.move(seconds=15)
    paid = (yield "get_charge", (charge,)).json()
    refund = {"chargeId": charge, "refundAmount": PRICE}
    refunded = yield "create_refund", (refund,)
    assert refunded.status_code == 201
    shop.clock.move(seconds=36)
    last = (yield "get_refund", (refunded.json()["refundId"],)).json()
    return [shown["statusDetails"]["state"] for shown in (done, paid, last)]


def blocking(shop: Shop, client: Client) -> list[str]:
    steps = purchase(shop)
    step = next(steps)
    while True:
        try:
            step = steps.send(getattr(client, step[0])(*step[1]))
        except StopIteration as stop:
            states: list[str] = stop.value
            return states


async def awaiting(shop: Shop, client: AsyncClient) -> list[str]:
    steps = purchase(shop)
    step = next(steps)
    while True:
        response = await getattr(client, step[0])(*step[1])
        try:
            step = steps.send(response)
        except StopIteration as stop:
            states: list[str] = stop.value
            return states


def shop_by(settings: Settings, stored: StoredAnswers, seed: int = 1) -> Shop:
    settings = replace(settings, stored_answers=stored, headroom=10)
    return Shop(settings=settings, clock=RunningClock(), seed=seed)


def moved(shop: Shop) -> tuple[list[str], list[str]]:
    """Read from the ledger what was captured, and what was refunded."""
    with shop.simulator.store.transaction() as transaction:
        owner = "A1SIMULATEDMERCHANT/sandbox"
        charges = list(transaction.all(owner, "charge"))
        refunds = list(transaction.all(owner, "refund"))
    return (
        [charge["captureAmount"]["amount"] for charge in charges],
        [refund["amount"]["amount"] for refund in refunds],
    )


ONCE = (["50.00"], ["50.00"])
STATES = ["Completed", "Captured", "Refunded"]
ALL = [
    ("lenient", 1),
    ("default", 1),
    # Of these, each loses or fails other calls.
    *(("hostile", seed) for seed in (4, 7, 9, 13, 18, 21)),
]


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
@pytest.mark.parametrize(("name", "seed"), ALL)
def test_a_blocking_client_sells_and_refunds_once(
    name: Profile, stored: StoredAnswers, seed: int
) -> None:
    shop = shop_by(PROFILES[name], stored, seed)
    with shop.client(retry=AT_ONCE) as client:
        assert blocking(shop, client) == STATES
    assert moved(shop) == ONCE


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
@pytest.mark.parametrize(("name", "seed"), ALL)
async def test_an_awaiting_client_sells_and_refunds_once(
    name: Profile, stored: StoredAnswers, seed: int
) -> None:
    shop = shop_by(PROFILES[name], stored, seed)

    async with shop.async_client(retry=AT_ONCE) as client:
        assert await awaiting(shop, client) == STATES
    assert moved(shop) == ONCE


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
@pytest.mark.parametrize(
    "settings",
    [
        replace(PROFILES["hostile"], failed_calls=0.0, lost_answers=1.0),
        replace(PROFILES["hostile"], failed_calls=1.0, lost_answers=0.0),
    ],
)
def test_it_does_so_when_every_call_goes_wrong_twice(
    settings: Settings, stored: StoredAnswers
) -> None:
    shop = shop_by(settings, stored)
    with shop.client(retry=AT_ONCE) as client:
        assert blocking(shop, client) == STATES
    assert moved(shop) == ONCE
