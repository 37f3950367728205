"""The demo store beside a simulator, with a buyer in a browser and staff in another."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import uvicorn
from pages import COOKIE, Pages

from AmazonPay import Client
from AmazonPay.simulator import Simulator, merchant
from AmazonPay.simulator.actors.notifier import HTTPListener
from AmazonPay.simulator.server import serving
from AmazonPay.testing import verifier_for
from keys import KEY
from pictures import take
from simulated import Clock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

MERCHANT = "A1SIMULATEDMERCHANT"
OFFICE = "the-key-of-the-office"


class StoreWorld:
    """A simulator whose clock stands, the store, and what both have written down."""

    def __init__(
        self, simulator: Simulator, clock: Clock, store: Pages, client: Client
    ) -> None:
        self.simulator = simulator
        self.clock = clock
        self.store = store
        self.client = client

    @property
    def url(self) -> str:
        return self.store.url

    def notify(self) -> None:
        """Send what is due to the store, and let it act on that."""
        self.simulator.settle()
        self.simulator.notifications.deliver()
        self.store.work()

    def ledger(self, session: str) -> dict[str, Any]:
        """Return what the simulator knows of a session."""
        got: Any = self.client.get_checkout_session(session).json()
        return dict(got)

    def charge(self, id_: str) -> dict[str, Any]:
        got: Any = self.client.get_charge(id_).json()
        return dict(got)

    def permission(self, id_: str) -> dict[str, Any]:
        got: Any = self.client.get_charge_permission(id_).json()
        return dict(got)

    def made(self, *sessions: str) -> list[str]:
        """Return the ids of the charges for sessions that were not refused at once."""
        rows = [row for one in sessions for row in self.simulator.story(one)]
        return [
            str(row.facts["id"])
            for row in rows
            if row.kind == "state"
            and row.facts["object"] == "charge"
            and row.facts["before"] is None
            and row.facts["after"] != "Declined"
        ]

    def did(self, session: str) -> list[str]:
        """Return what the buyer did."""
        rows = self.simulator.story(session)
        return [str(row.facts["did"]) for row in rows if "did" in row.facts]


@contextlib.contextmanager
def store_world(folder: Path) -> Generator[StoreWorld]:
    """Serve the store and a simulator while the block runs."""
    clock = Clock()
    key = merchant("SANDBOX-STORE", KEY.public_key(), region="us", merchant_id=MERCHANT)
    simulator = Simulator([key], clock=clock)
    with (
        serving(simulator, tls=False) as served,
        Client("SANDBOX-STORE", KEY, "us", endpoint_url=served.url) as client,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        url = f"http://localhost:{listener.getsockname()[1]}"
        engine = sa.create_engine(
            f"sqlite:///{folder / 'store.db'}", connect_args={"timeout": 30}
        )
        store = Pages(
            *(client, engine, MERCHANT), url=url, office=OFFICE, amazon=served.url
        )
        topics = simulator.notifications.topics
        verifier = verifier_for(served.url, allowed_topics=topics, clock=clock)
        # Without its worker: tests say when it acts on notifications.
        config = uvicorn.Config(store.app(verifier), lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        simulator.notifications.add_listener(HTTPListener(f"{url}/ipn", []))
        try:
            yield StoreWorld(simulator, clock, store, client)
        finally:
            server.should_exit = True
            thread.join()
            engine.dispose()


class Buyer:
    """A visitor of the store, in a browser context of their own."""

    def __init__(self, browser: Browser, world: StoreWorld) -> None:
        self.world = world
        self.context = browser.new_context(viewport={"width": 1120, "height": 720})
        self.context.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.tab = self.new_tab()

    def new_tab(self) -> Page:
        tab = self.context.new_page()
        tab.on("pageerror", lambda one: self.complaints.append(str(one)))
        tab.on("console", lambda one: self.complaints.append(one.text))
        return tab

    def see(self, name: str) -> Locator:
        return self.tab.get_by_test_id(name)

    def go(self, path: str) -> None:
        self.tab.goto(f"{self.world.url}{path}")

    def fill_cart(self, *teas: str) -> None:
        self.go("/")
        for tea in teas:
            self.see(f"add-{tea}").click()

    def choose(self, card: str, *, then: str = "continue") -> None:
        """Press the button of the page, and choose a card at Amazon."""
        self.see("amazon-pay-button").click()
        self.tab.wait_for_url("**/checkout/choose?**")
        self.see(f"card-{card}").check()
        self.see(then).click()
        self.tab.wait_for_url(f"{self.world.url}/**")

    def place(self) -> None:
        """Place the order on the review page, and come to the page to pay on."""
        self.see("place").click()
        self.tab.wait_for_url("**/checkout/processing?**")

    def pay(self) -> None:
        self.see("pay").click()
        self.tab.wait_for_url(f"{self.world.url}/**")

    def buy(self, card: str = "1111", *teas: str) -> Any:
        """Buy teas; return the order."""
        self.fill_cart(*(teas or ("sencha",)))
        self.go("/cart")
        self.choose(card)
        self.place()
        self.pay()
        return self.order()

    def picture(self, name: str, *, dark: bool = False, phone: bool = False) -> None:
        """Keep a picture of the page."""
        if phone:
            self.tab.set_viewport_size({"width": 390, "height": 780})
        self.tab.emulate_media(color_scheme="dark" if dark else "light")
        take(self.tab, f"store/{name}")

    @property
    def session(self) -> str:
        """The session that the address names."""
        return str(re.findall(r"amazonCheckoutSessionId=([\w-]+)", self.tab.url)[0])

    @property
    def visitor(self) -> str:
        """The name of this visitor in the store's database."""
        cookies = {one.get("name"): one.get("value") for one in self.context.cookies()}
        return sha256(f"who {cookies[COOKIE]}".encode()).hexdigest()

    def orders(self, kind: str = "cart") -> list[Any]:
        """Return the visitor's orders in the store's database, the last one last."""
        return self.world.store.sql(
            "SELECT * FROM orders WHERE visitor = :visitor AND kind = :kind ORDER BY"
            " rowid",
            visitor=self.visitor,
            kind=kind,
        )

    def order(self, kind: str = "cart") -> Any:
        """Return the visitor's last order."""
        return self.orders(kind)[-1]

    def close(self) -> None:
        self.context.close()


@contextlib.contextmanager
def visiting(browser: Browser, world: StoreWorld) -> Generator[Buyer]:
    """Yield a new visitor, and close their browser context after the block."""
    buyer = Buyer(browser, world)
    try:
        yield buyer
    finally:
        buyer.close()
