"""A whole purchase through both clients: what most shops do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay import AsyncClient, Client

SESSION: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}
PRICE = {"amount": "50.00", "currencyCode": "USD"}
CHANGE: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutResultReturnUrl": "https://shop.example/result"},
    "paymentDetails": {"paymentIntent": "Authorize", "chargeAmount": PRICE},
}


def blocking(shop: Shop, client: Client) -> list[tuple[int, str]]:
    created = client.create_checkout_session(SESSION)
    session = created.json()["checkoutSessionId"]
    shop.simulator.choose(session)
    updated = client.update_checkout_session(session, CHANGE)
    shop.simulator.pay(session)
    done = client.complete_checkout_session(session, {"chargeAmount": PRICE})
    charge = done.json()["chargeId"]
    assert charge is not None
    captured = client.capture_charge(charge, {"captureAmount": PRICE})
    refunded = client.create_refund({"chargeId": charge, "refundAmount": PRICE})
    shop.clock.move(seconds=30)
    last = client.get_refund(refunded.json()["refundId"])
    return [
        (answer.status_code, answer.json()["statusDetails"]["state"])
        for answer in (created, updated, done, captured, refunded, last)
    ]


async def awaiting(shop: Shop, client: AsyncClient) -> list[tuple[int, str]]:
    created = await client.create_checkout_session(SESSION)
    session = created.json()["checkoutSessionId"]
    shop.simulator.choose(session)
    updated = await client.update_checkout_session(session, CHANGE)
    shop.simulator.pay(session)
    done = await client.complete_checkout_session(session, {"chargeAmount": PRICE})
    charge = done.json()["chargeId"]
    assert charge is not None
    captured = await client.capture_charge(charge, {"captureAmount": PRICE})
    refunded = await client.create_refund({"chargeId": charge, "refundAmount": PRICE})
    shop.clock.move(seconds=30)
    last = await client.get_refund(refunded.json()["refundId"])
    return [
        (answer.status_code, answer.json()["statusDetails"]["state"])
        for answer in (created, updated, done, captured, refunded, last)
    ]


STATES = [
    (201, "Open"),
    (200, "Open"),
    (200, "Completed"),
    (200, "Captured"),
    (201, "RefundInitiated"),
    (200, "Refunded"),
]


def test_a_blocking_client_sells_and_refunds(shop: Shop) -> None:
    with shop.client() as client:
        assert blocking(shop, client) == STATES


async def test_an_awaiting_client_sells_and_refunds() -> None:
    shop = Shop()
    async with shop.async_client() as client:
        assert await awaiting(shop, client) == STATES


def test_the_same_seed_and_the_same_calls_give_the_same_answers() -> None:
    def run() -> list[dict[str, Any]]:
        shop = Shop(seed=7)
        bought = shop.buy()
        return [
            shop.get(f"/chargePermissions/{bought.permission}").json,
            shop.get(f"/charges/{bought.charge}").json,
        ]

    assert run() == run()
