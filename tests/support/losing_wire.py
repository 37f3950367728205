"""A simulator behind both clients, whose answers get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from AmazonPay import AsyncClient, Client, Retry
from AmazonPay.simulator import Request
from keys import KEY
from simulated import KEY_ID

if TYPE_CHECKING:
    from simulated import Shop


class Wire:
    """A transport to the simulator that loses answers, after they were carried out."""

    def __init__(self, shop: Shop, *, lost: int = 0) -> None:
        self.shop = shop
        self.lost = lost
        """How many answers to acting calls are still to be lost."""
        self.acted: list[tuple[str, str, bytes]] = []

    def __call__(self, sent: httpx2.Request) -> httpx2.Response:
        """Answer, or break the connection."""
        request = Request(
            sent.method,
            sent.url.raw_path.decode(),
            tuple(sent.headers.multi_items()),
            sent.content,
        )
        given = self.shop.simulator.handle(request)
        if sent.method != "GET":
            key = sent.headers.get("x-amz-pay-idempotency-key", "")
            self.acted.append((sent.url.path, key, sent.content))
            if self.lost > 0:
                self.lost -= 1
                raise httpx2.ReadError("the answer is lost")
        return httpx2.Response(
            given.status, headers=list(given.headers), content=given.body
        )

    def client(self, **options: Any) -> Client:
        transport = httpx2.MockTransport(self)
        options = {"retry": Retry(base=0), **options}
        return Client(KEY_ID, KEY, self.shop.region, transport=transport, **options)

    def async_client(self) -> AsyncClient:
        transport = httpx2.MockTransport(self)
        return AsyncClient(
            KEY_ID, KEY, self.shop.region, transport=transport, retry=Retry(base=0)
        )
