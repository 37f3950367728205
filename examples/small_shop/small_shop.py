"""A shop of one product: button, review, payment, capture, refund, notifications."""

from typing import Any

import sqlalchemy as sa
from flask import Flask, redirect, request

from AmazonPay import Client, price, types
from AmazonPay.contrib.flask import ipn_blueprint
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, SQLAlchemyJournal
from AmazonPay.ipn import Verifier

URL, STORE = "http://localhost:5000", "amzn1.application-oa2-client.YOUR_STORE_ID"
ID, OF = "amazonCheckoutSessionId", ("dispute", "refund", "charge", "chargePermission")
PRICE, KEEP = price("14.00", "USD"), sa.text("REPLACE INTO sale VALUES (:id, :is)")


def make_app(client: Client, verifier: Verifier, engine: sa.Engine, me: str) -> Flask:
    """Return the shop of the account `me`; put `/charges` behind a login."""
    app, inbox, journal = Flask("a"), SQLAlchemyInbox(engine), SQLAlchemyJournal(engine)
    app.register_blueprint(ipn_blueprint(verifier, inbox))
    inbox.create_table()
    journal.create_table()
    once: Any = {"journal": journal, "namespace": "small-shop"}

    @app.get("/")
    def button() -> str:
        urls = types.CreateWebCheckoutDetails(checkoutReviewReturnUrl=f"{URL}/review")
        payload = types.CreateCheckoutSession(webCheckoutDetails=urls, storeId=STORE)
        return client.button(payload, merchant_id=me).html()

    @app.get("/review")  # a real one shows address and price, and a button to go on
    def review() -> Any:
        urls = types.UpdateWebCheckoutDetails(checkoutResultReturnUrl=f"{URL}/result")
        pay = types.UpdatePaymentDetails(paymentIntent="Authorize", chargeAmount=PRICE)
        body = types.UpdateCheckoutSession(webCheckoutDetails=urls, paymentDetails=pay)
        answer = client.update_checkout_session(request.args[ID], body)
        details: Any = answer.raise_for_status().json()["webCheckoutDetails"]
        return redirect(details["amazonPayRedirectUrl"])

    @app.get("/result")
    def result() -> Any:
        id_, paid = request.args[ID], types.CompleteCheckoutSession(chargeAmount=PRICE)
        done = client.complete_or_get_checkout_session(id_, paid, order=id_, **once)
        return {"outcome": done.outcome, "charge": done.charge}

    @app.post("/charges/<id_>/<any(capture, refund):act>")
    def act(id_: str, act: str) -> str:
        if act == "capture":
            body = types.CaptureCharge(captureAmount=PRICE)
            return client.capture_or_get_charge(id_, body, order=id_, **once).outcome
        back = types.CreateRefund(chargeId=id_, refundAmount=PRICE)
        return client.refund_or_get(back, order=id_, **once).outcome

    def keep(connection: sa.Connection, seen: Any, _: object) -> None:
        id_ = next(seen[f"{kind}Id"] for kind in OF if f"{kind}Id" in seen)
        connection.execute(KEEP, {"id": id_, "is": seen["statusDetails"]["state"]})

    app.cli.command("work")(lambda: inbox.process(client, keep) + inbox.recheck(client))
    return app
