"""A shop on this machine, for a browser: its calls are real, and its pages short."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from loopback import read_request, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

    from AmazonPay import Client

STORE = "amzn1.application-oa2-client.0123456789abcdef"
POLICY = (
    "default-src 'none'; script-src 'nonce-r4nd0m'; form-action *; connect-src *;"
    " img-src data:"
)


@dataclass
class PagesShop:
    """A shop with a cart, a review page and a result page."""

    client: Client
    amount: str = "14.00"
    currency: str = "EUR"
    payment: dict[str, Any] = field(default_factory=dict[str, Any])
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    altered: Callable[[str], str] = str
    """What happens to the cart's page on its way."""
    session: str = ""
    url: str = ""

    @contextlib.contextmanager
    def open(self) -> Generator[PagesShop]:
        """Serve the pages while the block runs."""
        with serving(self.speak) as server:
            self.url = f"http://localhost:{server.port}"
            yield self

    def payload(self) -> dict[str, Any]:
        return {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": f"{self.url}/review?cart=7"
            },
            "storeId": STORE,
            "merchantMetadata": {"merchantStoreName": "Bio Müller"},
            **self.more,
        }

    def speak(self, peer: socket.socket) -> None:
        """Answer the requests of one connection."""
        while raw := read_request(peer):
            url = urlsplit(raw.split(b" ", 2)[1].decode())
            query = parse_qs(url.query)
            self.session = query.get("amazonCheckoutSessionId", [self.session])[0]
            pages = {"/cart": self.cart, "/review": self.review, "/result": self.result}
            page = pages[url.path]() if url.path in pages else f"<h1>{url.path}</h1>"
            body = (
                "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'>"
                f"<body>{page}"
            ).encode()
            head = (
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"
                f"content-security-policy: {POLICY}\r\n"
                f"content-length: {len(body)}\r\n\r\n"
            )
            peer.sendall(head.encode() + body)

    def cart(self) -> str:
        button = self.client.button(self.payload(), merchant_id="A1SHOP")
        return f"<h1>Cart</h1>{self.altered(button.html(nonce='r4nd0m'))}"

    def review(self) -> str:
        """Show what the buyer chose; set the amount, and bind the links for changes."""
        got: Any = self.client.get_checkout_session(self.session).json()
        where = got["shippingAddress"]
        update: Any = {
            "webCheckoutDetails": {"checkoutResultReturnUrl": f"{self.url}/result"},
            "paymentDetails": {
                "paymentIntent": "Authorize",
                "chargeAmount": {
                    "amount": self.amount,
                    "currencyCode": self.currency,
                },
                **self.payment,
            },
        }
        updated: Any = self.client.update_checkout_session(self.session, update).json()
        link: str = updated["webCheckoutDetails"]["amazonPayRedirectUrl"]
        script = urlsplit(link)._replace(path="/checkout.js", query="").geturl()
        options = {"amazonCheckoutSessionId": self.session}
        binds = "".join(
            f"amazon.Pay.bindChangeAction('#{action}',"
            f"{json.dumps({**options, 'changeAction': action})});"
            for action in ("changeAddress", "changePayment")
        )
        card = got["paymentPreferences"][0]["paymentDescriptor"]
        return (
            f"<h1>Review</h1><p id=where>{where and where['addressLine1']}</p>"
            f"<p id=card>{card}</p>"
            "<a id=changeAddress href='#'>address</a>"
            "<a id=changePayment href='#'>card</a>"
            f"<a id=go href='{link}'>place the order</a>"
            f"<script nonce=r4nd0m src='{script}'></script>"
            f"<script nonce=r4nd0m>{binds}</script>"
        )

    def result(self) -> str:
        """Complete the session; return a page with the status of the answer."""
        amount: Any = {"amount": self.amount, "currencyCode": self.currency}
        done = self.client.complete_checkout_session(
            self.session, {"chargeAmount": amount}
        )
        return f"<h1>Result</h1><p id=status>{done.status_code}</p>"
