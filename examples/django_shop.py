"""A small shop in Django, in one file: a checkout, its result, and notifications.

Beside a simulator, in two terminals:

    python -m AmazonPay simulate --ipn-url http://localhost:5000/ipn/
    python examples/django_shop.py http://localhost:8421 /tmp/…/private.pem

`POST /orders/` begins a checkout. The notification of the charge moves the order, in
the inbox's own transaction: `work` does that, in a loop beside the server.
"""

# Django has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from AmazonPay import Client, price
from AmazonPay.contrib import django as amazonpay
from AmazonPay.testing import verifier_for
from AmazonPay.types import CompleteCheckoutSession, CreateCheckoutSession

if TYPE_CHECKING:
    from django.http import HttpRequest

    from AmazonPay.ipn import Verifier

PRICE = price("14.00", "USD")
SHOP = "http://localhost:5000"
# A real shop has a model and its migration.
ORDERS = (
    "CREATE TABLE IF NOT EXISTS orders"
    " (session varchar(64) PRIMARY KEY, charge varchar(64), state varchar(32))"
)
urlpatterns: list[Any] = []


def execute(statement: str, *values: str) -> tuple[int, Any]:
    """Return how many rows a statement has changed, and the first that it finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount, cursor.fetchone() if cursor.description else None


def make_app(client: Client, verifier: Verifier) -> Any:
    """Return the shop as a WSGI application."""
    journal = amazonpay.DjangoJournal()

    def order(request: HttpRequest) -> JsonResponse:
        del request
        session = client.create_checkout_session(
            CreateCheckoutSession(
                webCheckoutDetails={
                    "checkoutReviewReturnUrl": f"{SHOP}/review/",
                    "checkoutResultReturnUrl": f"{SHOP}/result/",
                },
                storeId="amzn1.application-oa2-client.0123",
                paymentDetails={
                    "paymentIntent": "AuthorizeWithCapture",
                    "chargeAmount": PRICE,
                },
            )
        ).raise_for_status()
        id_ = session.json()["checkoutSessionId"]
        execute("INSERT INTO orders VALUES (%s, NULL, 'new')", id_)
        return JsonResponse({"session": id_})

    def result(request: HttpRequest) -> JsonResponse:
        id_ = str(request.GET["amazonCheckoutSessionId"])
        decision = client.complete_or_get_checkout_session(
            id_,
            CompleteCheckoutSession(chargeAmount=PRICE),
            journal=journal,
            namespace="django-shop",
            order=id_,
        )
        if decision.charge is not None:
            charge = decision.charge["chargeId"]
            execute("UPDATE orders SET charge = %s WHERE session = %s", charge, id_)
        return JsonResponse({"outcome": decision.outcome})

    def show(request: HttpRequest, id_: str) -> JsonResponse:
        del request
        _, row = execute("SELECT state FROM orders WHERE session = %s", id_)
        return JsonResponse({"state": row[0]})

    urlpatterns[:] = [
        path("ipn/", amazonpay.ipn_view(verifier, amazonpay.DjangoInbox())),
        # A page of the shop would send its token.
        path("orders/", csrf_exempt(order)),
        path("orders/<str:id_>/", show),
        path("result/", result),
    ]
    return get_wsgi_application()


def move_order(connection: Any, view: Any, before: Any) -> None:
    """Move the order of a charge: the handler of the inbox."""
    del connection, before
    if "refundId" in view or "disputeId" in view or "chargeId" not in view:
        return
    change = "UPDATE orders SET state = %s WHERE charge = %s"
    moved, _ = execute(change, view["statusDetails"]["state"], view["chargeId"])
    if moved == 0:  # the notification is faster than the buyer's browser
        raise LookupError("no order has this charge yet")


def work(client: Client) -> None:
    """Act on what was received, and look for what was not."""
    inbox = amazonpay.DjangoInbox()
    inbox.process(client, move_order)
    inbox.recheck(client)


def set_up(database: Path) -> None:
    """Configure Django, and create the tables."""
    settings.configure(
        ALLOWED_HOSTS=["localhost", "127.0.0.1"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}
        },
        INSTALLED_APPS=["AmazonPay.contrib.django"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of a shop in development",  # noqa: S106 - a real one has a secret
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    execute(ORDERS)


def main() -> None:
    """Serve the shop beside a simulator."""
    endpoint, key = sys.argv[1:]
    set_up(Path("shop.db"))
    client = Client("SANDBOX-SIMULATOR", Path(key), "us", endpoint_url=endpoint)
    # A live shop has its own topics, and `Verifier(allowed_topics=[…])` here.
    account = "291180941288:A3BXB0YN3XH17HA1SIMULATEDMERCHANT"
    topics = [f"arn:aws:sns:us-east-1:{account}"]
    app = make_app(client, verifier_for(endpoint, allowed_topics=topics))

    def loop() -> None:
        while True:
            work(client)
            time.sleep(1)  # how often the inbox is looked into

    threading.Thread(target=loop, daemon=True).start()
    make_server("localhost", 5000, app).serve_forever()


if __name__ == "__main__":
    main()
