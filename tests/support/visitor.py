"""A browser without scripts, in memory: forms, links, redirects and one cookie jar."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from AmazonPay.simulator import Request
from keys import KEY
from simulated import Shop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from AmazonPay.simulator import HTTPResponse, Simulator

STORE = "amzn1.application-oa2-client.0123456789abcdef"
HERE = "http://localhost:8421"
_FORM = "application/x-www-form-urlencoded"


def signature(text: str, salt: int = 20) -> str:
    """Sign a payload as `add-the-amazon-pay-button.html` says, with code of our own."""
    name = "AMZN-PAY-RSASSA-PSS" if salt == 20 else "AMZN-PAY-RSASSA-PSS-V2"
    message = f"{name}\n{sha256(text.encode()).hexdigest()}".encode()
    pss = padding.PSS(padding.MGF1(SHA256()), salt)
    return b64encode(KEY.sign(message, pss, SHA256())).decode()


class _Elements(HTMLParser):
    """Collects what a page shows: elements by their test ids, tags, and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, Any]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        name = given.get("data-testid")
        if name is not None:
            self.found[name] = {**given, "tag": tag, "text": ""}
        if tag not in {"input", "meta", "link", "br"}:
            self._open.append((tag, name))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        for _, name in self._open:
            if name is not None:
                self.found[name]["text"] += data


@dataclass(frozen=True)
class Page:
    """An answer that a browser shows."""

    response: HTTPResponse

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def html(self) -> str:
        return self.response.body.decode()

    @property
    def location(self) -> str:
        return self.header("location")

    def header(self, name: str) -> str:
        return dict(self.response.headers).get(name, "")

    @property
    def elements(self) -> _Elements:
        parsed = _Elements()
        parsed.feed(self.html)
        return parsed

    @property
    def ids(self) -> dict[str, dict[str, Any]]:
        """The elements with a test id: attributes, and `text`."""
        return self.elements.found

    @property
    def chosen(self) -> set[str]:
        """The test ids of what is chosen."""
        return {
            name
            for name, one in self.ids.items()
            if "checked" in one or "aria-current" in one
        }

    @property
    def off(self) -> set[str]:
        """The test ids of what cannot be chosen or pressed."""
        return {name for name, one in self.ids.items() if "disabled" in one}

    @property
    def text(self) -> str:
        return " ".join(self.elements.text.split())


@dataclass
class Visitor:
    """A buyer with a browser."""

    simulator: Simulator
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cookie: str = ""

    def get(self, target: str) -> Page:
        return self._send("GET", target.removeprefix(HERE))

    def follow(self, page: Page) -> Page:
        assert page.status == 303, page.text
        return self.get(page.location)

    def post(self, path: str, fields: Mapping[str, Any] | bytes, **more: str) -> Page:
        body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True)
        raw = body if isinstance(body, bytes) else body.encode()
        return self._send("POST", path, raw, {"content-type": _FORM, **more})

    def submit(self, page: Page, act: str, **changed: Any) -> Page:
        """Press a button of a page, with what is chosen there."""
        fields: dict[str, Any] = {}
        action = ""
        for tag, given in page.elements.tags:
            if tag == "form":
                action = str(given["action"])
            if tag != "input" or "disabled" in given:
                continue
            if given["type"] == "hidden" or "checked" in given:
                fields.setdefault(str(given["name"]), []).append(given["value"])
        fields |= {**changed, "act": act}
        return self.post(action, {k: v for k, v in fields.items() if v is not None})

    def _send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        more: Mapping[str, str] | None = None,
    ) -> Page:
        headers = {"host": "localhost:8421", **(more or {}), **self.headers}
        if self.cookie:
            headers["cookie"] = f"other=1; {self.cookie}; theirs=2"
        request = Request(method, target, tuple(headers.items()), body, "http")
        page = Page(self.simulator.handle(request))
        if page.header("set-cookie"):
            self.cookie = page.header("set-cookie").partition(";")[0]
        return page


class ButtonShop(Shop):
    """A shop with a button."""

    def payload(self, **members: Any) -> dict[str, Any]:
        return {
            "webCheckoutDetails": {
                "checkoutReviewReturnUrl": "https://shop.example/review?cart=7"
            },
            "storeId": STORE,
            **members,
        }

    def form(self, payload: Any = None, **changed: Any) -> dict[str, Any]:
        """Write the form that a click posts; None takes a field out."""
        text = payload
        if not isinstance(text, str):
            text = json.dumps(payload or self.payload(), ensure_ascii=False)
        fields = {
            "payloadJSON": text,
            "signature": signature(text),
            "publicKeyId": self.key_id,
            "merchantId": "A1SHOP",
            "ledgerCurrency": self.currency,
            "productType": "PayAndShip",
            "environment": "SANDBOX",
            "checkoutLanguage": "en_GB",
            **changed,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def visitor(self) -> Visitor:
        return Visitor(self.simulator)

    def clicked(self, payload: Any = None, **changed: Any) -> tuple[Visitor, Page]:
        """Click the button; return the buyer and the page they choose on."""
        visitor = self.visitor()
        sent = visitor.post("/checkout/initiate", self.form(payload, **changed))
        return visitor, visitor.follow(sent)

    def asked(self, session: str) -> dict[str, Any]:
        """Get a session by the API."""
        reply = self.get(f"/checkoutSessions/{session}")
        found: dict[str, Any] = reply.json
        return found


WEB = {
    "checkoutReviewReturnUrl": "https://shop.example/review",
    "checkoutResultReturnUrl": "https://shop.example/result",
}


def session_of(page: Page) -> str:
    """Find the session's id in a page's form, or in a redirect."""
    if page.location:
        return parse_qs(urlsplit(page.location).query)["amazonCheckoutSessionId"][0]
    found = re.search(r'name="amazonCheckoutSessionId" value="([^"]+)"', page.html)
    assert found, page.text
    return found[1]


def ready(shop: ButtonShop, **payment: Any) -> dict[str, Any]:
    """Write a payload that needs nothing more before the buyer can pay."""
    details = {
        "paymentIntent": "Authorize",
        "chargeAmount": shop.money("14.00" if shop.currency != "JPY" else "1400"),
        **payment,
    }
    return shop.payload(webCheckoutDetails=WEB, paymentDetails=details)


def at_payment(
    shop: ButtonShop, card: str = "1111", **payment: Any
) -> tuple[Visitor, Page]:
    """Choose a card; return the buyer and the page they pay on."""
    visitor, page = shop.clicked(ready(shop, **payment))
    back = visitor.submit(page, "continue", card=card)
    link = f"/checkout/processing?amazonCheckoutSessionId={session_of(back)}"
    return visitor, visitor.get(link)


def change(visitor: Visitor, session: str, action: str) -> Page:
    sent = visitor.get(
        f"/checkout/initiate_auth?amazonCheckoutSessionId={session}"
        f"&changeAction={action}&viewType=redirectView"
    )
    return visitor.follow(sent)
