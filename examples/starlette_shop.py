"""A small shop in Starlette: a checkout, its result, and notifications.

It works in FastAPI, too. Beside a simulator, in two terminals:

    python -m AmazonPay simulate --ipn-url http://localhost:5000/ipn
    python examples/starlette_shop.py http://localhost:8421 /tmp/…/private.pem

`POST /orders` begins a checkout. The notification of the charge moves the order, in the
inbox's own transaction: `work` does that, in a task beside the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from AmazonPay import AsyncClient, price
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, SQLAlchemyJournal
from AmazonPay.contrib.starlette import ipn_route
from AmazonPay.testing import verifier_for
from AmazonPay.types import CompleteCheckoutSession, CreateCheckoutSession

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

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


def make_app(client: AsyncClient, verifier: Verifier, engine: sa.Engine) -> Starlette:
    """Return the shop."""
    inbox, journal = SQLAlchemyInbox(engine), SQLAlchemyJournal(engine)
    inbox.create_table()
    journal.create_table()
    METADATA.create_all(engine)

    def execute(statement: sa.Executable) -> Any:
        with engine.begin() as connection:
            return connection.execute(statement)

    async def order(request: Request) -> JSONResponse:
        del request
        session = await client.create_checkout_session(
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
        )
        id_ = session.raise_for_status().json()["checkoutSessionId"]
        new = ORDERS.insert().values(session=id_, state="new")
        await asyncio.to_thread(execute, new)
        return JSONResponse({"session": id_})

    async def result(request: Request) -> JSONResponse:
        id_ = request.query_params["amazonCheckoutSessionId"]
        decision = await client.complete_or_get_checkout_session(
            id_,
            CompleteCheckoutSession(chargeAmount=PRICE),
            journal=journal,
            namespace="starlette-shop",
            order=id_,
        )
        if decision.charge is not None:
            mine = ORDERS.update().where(ORDERS.c.session == id_)
            paid = mine.values(charge=decision.charge["chargeId"])
            await asyncio.to_thread(execute, paid)
        return JSONResponse({"outcome": decision.outcome})

    async def show(request: Request) -> JSONResponse:
        id_ = request.path_params["id"]
        with engine.connect() as connection:
            mine = sa.select(ORDERS.c.state).where(ORDERS.c.session == id_)
            return JSONResponse({"state": connection.scalar(mine)})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        worker = asyncio.create_task(work(client, inbox))
        yield
        worker.cancel()

    routes = [
        ipn_route(verifier, inbox),
        Route("/orders", order, methods=["POST"]),
        Route("/orders/{id}", show),
        Route("/result", result),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def move_order(connection: sa.Connection, view: Any, before: Any) -> None:
    """Move the order of a charge: the handler of the inbox."""
    del before
    if "refundId" in view or "disputeId" in view or "chargeId" not in view:
        return
    mine = ORDERS.update().where(ORDERS.c.charge == view["chargeId"])
    moved = connection.execute(mine.values(state=view["statusDetails"]["state"]))
    if moved.rowcount == 0:  # the notification is faster than the buyer's browser
        raise LookupError("no order has this charge yet")


async def work(client: AsyncClient, inbox: SQLAlchemyInbox) -> None:
    """Act on what was received, and look for what was not."""
    while True:
        await inbox.aprocess(client, move_order)
        await inbox.arecheck(client)
        await asyncio.sleep(1)  # how often the inbox is looked into


def main() -> None:
    """Serve the shop beside a simulator."""
    endpoint, key = sys.argv[1:]
    engine = sa.create_engine("sqlite:///shop.db")
    client = AsyncClient("SANDBOX-SIMULATOR", Path(key), "us", endpoint_url=endpoint)
    # A live shop has its own topics, and `Verifier(allowed_topics=[…])` here.
    account = "291180941288:A3BXB0YN3XH17HA1SIMULATEDMERCHANT"
    topics = [f"arn:aws:sns:us-east-1:{account}"]
    verifier = verifier_for(endpoint, allowed_topics=topics)
    uvicorn.run(make_app(client, verifier, engine), port=5000)


if __name__ == "__main__":
    main()
