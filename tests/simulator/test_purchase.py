"""A whole purchase through both clients: what most shops do."""

from __future__ import annotations

from typing import Any

from callers import closing, on_all_clients, result
from simulated import Shop

SESSION: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}
PRICE = {"amount": "50.00", "currencyCode": "USD"}
CHANGE: dict[str, Any] = {
    "webCheckoutDetails": {"checkoutResultReturnUrl": "https://shop.example/result"},
    "paymentDetails": {"paymentIntent": "Authorize", "chargeAmount": PRICE},
}


STATES = [
    (201, "Open"),
    (200, "Open"),
    (200, "Completed"),
    (200, "Captured"),
    (201, "RefundInitiated"),
    (200, "Refunded"),
]


@on_all_clients
async def test_a_client_sells_and_refunds(shop: Shop, kind: Any) -> None:
    async with closing(shop.client_of(kind)) as client:
        created = await result(client.create_checkout_session(SESSION))
        session = created.json()["checkoutSessionId"]
        shop.simulator.choose(session)
        updated = await result(client.update_checkout_session(session, CHANGE))
        shop.simulator.pay(session)
        amount = {"chargeAmount": PRICE}
        done = await result(client.complete_checkout_session(session, amount))
        charge = done.json()["chargeId"]
        capture = {"captureAmount": PRICE}
        captured = await result(client.capture_charge(charge, capture))
        refund = {"chargeId": charge, "refundAmount": PRICE}
        refunded = await result(client.create_refund(refund))
        shop.clock.move(seconds=30)
        last = await result(client.get_refund(refunded.json()["refundId"]))
    assert [
        (answer.status_code, answer.json()["statusDetails"]["state"])
        for answer in (created, updated, done, captured, refunded, last)
    ] == STATES


def test_the_same_seed_and_the_same_calls_give_the_same_answers() -> None:
    def run() -> list[dict[str, Any]]:
        shop = Shop(seed=7)
        bought = shop.buy()
        return [
            shop.get(f"/chargePermissions/{bought.permission}").json,
            shop.get(f"/charges/{bought.charge}").json,
        ]

    assert run() == run()
