"""A whole purchase through both clients, by any profile: every penny moves once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import AsyncClient, Client, Retry
from AmazonPay.simulator import PROFILES
from callers import closing, result
from simulated import Clock, Shop

if TYPE_CHECKING:
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


class RunningClock(Clock):
    """The machine's clock, some seconds ahead: hostile refuses what is too old."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        self.ahead += timedelta(days=days, hours=hours, seconds=seconds)


async def purchase(shop: Shop, client: Any) -> list[str]:
    """Sell and refund, and believe a GET alone; give the last states seen."""
    created = await result(client.create_checkout_session(SESSION))
    session = created.json()["checkoutSessionId"]
    shop.simulator.choose(session)
    updated = await result(client.update_checkout_session(session, CHANGE))
    assert updated.status_code == 200
    shop.simulator.pay(session)
    amount = {"chargeAmount": PRICE}
    completed = await result(client.complete_checkout_session(session, amount))
    # A lost answer and an ignored key: the session is what tells.
    assert completed.status_code in {200, 422}
    assert completed.ok or completed.outcome_unknown
    shop.clock.move(seconds=5)
    done = (await result(client.get_checkout_session(session))).json()
    charge = done["chargeId"]
    capture = {"captureAmount": PRICE}
    captured = await result(client.capture_charge(charge, capture))
    assert captured.status_code == 200
    shop.clock.move(seconds=15)
    paid = (await result(client.get_charge(charge))).json()
    refund = {"chargeId": charge, "refundAmount": PRICE}
    refunded = await result(client.create_refund(refund))
    assert refunded.status_code == 201
    shop.clock.move(seconds=36)
    last = (await result(client.get_refund(refunded.json()["refundId"]))).json()
    return [shown["statusDetails"]["state"] for shown in (done, paid, last)]


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


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
@pytest.mark.parametrize(("name", "seed"), ALL)
async def test_a_client_sells_and_refunds_once(
    name: Profile, stored: StoredAnswers, seed: int, kind: Any
) -> None:
    shop = shop_by(PROFILES[name], stored, seed)
    async with closing(shop.client_of(kind, retry=AT_ONCE)) as client:
        assert await purchase(shop, client) == STATES
    assert moved(shop) == ONCE


@pytest.mark.parametrize("stored", ["2xx", "2xx+4xx", "all"])
@pytest.mark.parametrize(
    "settings",
    [
        replace(PROFILES["hostile"], failed_calls=0.0, lost_answers=1.0),
        replace(PROFILES["hostile"], failed_calls=1.0, lost_answers=0.0),
    ],
)
async def test_it_does_so_when_every_call_goes_wrong_twice(
    settings: Settings, stored: StoredAnswers
) -> None:
    shop = shop_by(settings, stored)
    with shop.client(retry=AT_ONCE) as client:
        assert await purchase(shop, client) == STATES
    assert moved(shop) == ONCE
