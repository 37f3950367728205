"""The tests of the shop: run `pytest` in this folder, without network or account."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from small_shop import make_app

from AmazonPay import Client
from AmazonPay.testing import LocalAmazonPay


def test_a_sale_ends_with_a_refund(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client, tmp_path: Path
) -> None:
    """Sell, capture and refund; the notifications move the sale."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE sale (id TEXT PRIMARY KEY, state)"))
    me, verifier = amazon_pay.merchant_id, amazon_pay.verifier()
    shop = make_app(amazon_pay_client, verifier, engine, me)
    page, work = shop.test_client(), shop.test_cli_runner()
    amazon_pay.notifications.add_listener(
        lambda request: page.post("/ipn", data=request.body).status_code
    )

    session = amazon_pay.press(page.get("/").text)
    amazon_pay.choose(session)
    assert page.get(f"/review?amazonCheckoutSessionId={session}").status_code == 302
    amazon_pay.pay(session)
    result: Any = page.get(f"/result?amazonCheckoutSessionId={session}").json
    assert result["outcome"] == "success"
    charge = result["charge"]["chargeId"]
    assert page.post(f"/charges/{charge}/capture").text == "success"
    assert page.post(f"/charges/{charge}/refund").text == "pending"

    amazon_pay.advance(minutes=1)
    work.invoke(args=["work"])
    with engine.connect() as connection:
        states = connection.scalars(sa.text("SELECT state FROM sale ORDER BY id"))
        assert states.all() == ["Captured", "Refunded"]
    engine.dispose()
