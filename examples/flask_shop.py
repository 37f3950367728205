"""A small shop in Flask: a checkout, its result, and notifications.

Beside a simulator, in two terminals:

    python -m AmazonPay simulate --ipn-url http://localhost:5000/ipn
    python examples/flask_shop.py http://localhost:8421 /tmp/amazonpay-…/private.pem

`POST /orders` begins a checkout. The notification of the charge moves the order, in the
inbox's own transaction: `work` does that, in a loop beside the server. `sweep` finds
the orders whose buyer has paid while the shop was down, and what the journal has open.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from AmazonPay import AmazonPayError, Client, price
from AmazonPay.contrib.flask import ipn_blueprint
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, SQLAlchemyJournal
from AmazonPay.testing import verifier_for
from AmazonPay.types import CompleteCheckoutSession, CreateCheckoutSession

if TYPE_CHECKING:
    from AmazonPay.ipn import Verifier

PRICE = price("14.00", "USD")
SHOP = "http://localhost:5000"
METADATA = sa.MetaData()
ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("session", sa.String(64), primary_key=True),
    sa.Column("charge", sa.String(64)),
    sa.Column("state", sa.String(32), nullable=False),
)


def make_app(client: Client, verifier: Verifier, engine: sa.Engine) -> Flask:
    """Return the shop."""
    inbox, journal = SQLAlchemyInbox(engine), SQLAlchemyJournal(engine)
    inbox.create_table()
    journal.create_table()
    METADATA.create_all(engine)
    app = Flask(__name__)
    app.register_blueprint(ipn_blueprint(verifier, inbox))

    @app.post("/orders")
    def order() -> dict[str, Any]:
        session = client.create_checkout_session(
            CreateCheckoutSession(
                webCheckoutDetails={
                    "checkoutReviewReturnUrl": f"{SHOP}/review",
                    "checkoutResultReturnUrl": f"{SHOP}/result",
                },
                storeId="amzn1.application-oa2-client.0123",
                paymentDetails={
                    "paymentIntent": "AuthorizeWithCapture",
                    "chargeAmount": PRICE,
                },
            )
        ).raise_for_status()
        id_ = session.json()["checkoutSessionId"]
        with engine.begin() as connection:
            connection.execute(ORDERS.insert().values(session=id_, state="new"))
        return {"session": id_}

    @app.get("/result")
    def result() -> dict[str, Any]:
        id_ = request.args["amazonCheckoutSessionId"]
        return {"outcome": finish(client, engine, id_)}

    @app.get("/orders/<id_>")
    def show(id_: str) -> dict[str, Any]:
        with engine.connect() as connection:
            mine = sa.select(ORDERS.c.state).where(ORDERS.c.session == id_)
            return {"state": connection.scalar(mine)}

    return app


def finish(client: Client, engine: sa.Engine, id_: str) -> str:
    """Complete the session of an order, once; write its charge down."""
    decision = client.complete_or_get_checkout_session(
        id_,
        CompleteCheckoutSession(chargeAmount=PRICE),
        journal=SQLAlchemyJournal(engine),
        namespace="flask-shop",
        order=id_,
    )
    mine = ORDERS.update().where(ORDERS.c.session == id_)
    with engine.begin() as connection:
        if decision.charge is not None:
            connection.execute(mine.values(charge=decision.charge["chargeId"]))
        elif decision.outcome == "no":
            connection.execute(mine.values(state="not paid"))
    return decision.outcome


def move_order(connection: sa.Connection, view: Any, before: Any) -> None:
    """Move the order of a charge: the handler of the inbox."""
    del before
    if "refundId" in view or "disputeId" in view or "chargeId" not in view:
        return
    mine = ORDERS.update().where(ORDERS.c.charge == view["chargeId"])
    moved = connection.execute(mine.values(state=view["statusDetails"]["state"]))
    if moved.rowcount == 0:  # the notification is faster than the buyer's browser
        raise LookupError("no order has this charge yet")


def work(client: Client, engine: sa.Engine) -> None:
    """Act on what was received, and look for what was not."""
    inbox = SQLAlchemyInbox(engine)
    inbox.process(client, move_order)
    inbox.recheck(client)


def sweep(client: Client, engine: sa.Engine) -> None:
    """Go on with what the journal has open, and with each order without a charge."""
    journal = SQLAlchemyJournal(engine)
    for entry in journal.open_entries():
        with contextlib.suppress(AmazonPayError):  # the next one must not wait
            client.resume(entry, journal=journal)
    left = sa.select(ORDERS.c.session).where(ORDERS.c.charge.is_(None))
    with engine.connect() as connection:
        sessions = connection.scalars(left.where(ORDERS.c.state == "new")).all()
    for id_ in sessions:
        with contextlib.suppress(AmazonPayError):
            finish(client, engine, id_)


def main() -> None:
    """Serve the shop beside a simulator."""
    endpoint, key = sys.argv[1:]
    engine = sa.create_engine("sqlite:///shop.db")
    client = Client("SANDBOX-SIMULATOR", Path(key), "us", endpoint_url=endpoint)
    # A live shop has its own topics, and `Verifier(allowed_topics=[…])` here.
    account = "291180941288:A3BXB0YN3XH17HA1SIMULATEDMERCHANT"
    topics = [f"arn:aws:sns:us-east-1:{account}"]
    app = make_app(client, verifier_for(endpoint, allowed_topics=topics), engine)

    def loop() -> None:
        for second in itertools.count():
            # The sweep: at the start, and every five minutes.
            for job in (work, sweep) if second % 300 == 0 else (work,):
                try:
                    job(client, engine)
                except (AmazonPayError, SQLAlchemyError):
                    app.logger.exception("%s failed; it is tried again", job.__name__)
            time.sleep(1)  # between two looks at the inbox

    threading.Thread(target=loop, daemon=True).start()
    app.run(port=5000)


if __name__ == "__main__":
    main()
