"""A developer looks at the console in a real browser: they see, understand and act."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from AmazonPay._core.clock import utc_now
from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.simulator import Request, Settings, Simulator, merchant
from AmazonPay.simulator.console.stream import MOST
from AmazonPay.simulator.engine.clock import Clock
from AmazonPay.simulator.engine.timestamps import format_timestamp
from AmazonPay.simulator.server import serving
from console_calls import rows
from keys import KEY
from looks import SCHEMES, faults_of, put_on
from pictures import take
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from AmazonPay.simulator.server import Address

pytestmark = pytest.mark.process

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;<script>alert(2)</script>"


# The rows in the window, each with its place.
_SEEN = """() => [...document.querySelectorAll('[data-number]')]
  .map((one) => [Number(one.dataset.number), one.getBoundingClientRect()])
  .filter(([, box]) => box.bottom > 150 && box.top < innerHeight - 60)
  .map(([number, box]) => [number, box.top]).sort((a, b) => a[0] - b[0])"""


class World:
    """A simulator that is served, a shop in memory, and what browsers complained of."""

    def __init__(self, simulator: Simulator, address: Address) -> None:
        self.simulator = simulator
        self.url = address.url
        self.shop = Shop()
        self.shop.simulator = simulator
        self.shop.clock = self  # type: ignore[assignment] # it only tells the time
        self.complaints: list[str] = []
        self.asked: set[str] = set()

    def __call__(self) -> Any:
        return self.simulator.clock()

    @property
    def text(self) -> str:
        """The machine's time, by which the shop signs."""
        return format_timestamp(utc_now())

    @property
    def link(self) -> str:
        return f"{self.url}/?token={self.simulator.token}"

    def watch(self, tab: Page) -> None:
        tab.on("request", lambda one: self.asked.add(one.url.split("/")[2]))
        tab.on("pageerror", lambda one: self.complaints.append(str(one)))
        tab.on("console", lambda one: self.complaints.append(one.text))
        tab.on("dialog", lambda one: self.complaints.append(one.message))


def simulator() -> Simulator:
    return Simulator(
        [merchant(KEY_ID, KEY.public_key(), region="na")],
        clock=Clock(runs=True),
        settings=Settings(),
    )


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    one = simulator()
    with serving(one, tls=False) as address:
        yield World(one, address)


@pytest.fixture
def world(served: World) -> World:
    served.simulator.reset()
    served.complaints.clear()
    served.asked.clear()
    return served


@contextmanager
def opened(
    browser: Browser, world: World, path: str = "", **options: Any
) -> Generator[Page]:
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    tab = context.new_page()
    world.watch(tab)
    tab.goto(world.link)
    tab.locator("#live[data-state=live]").wait_for()
    if path:
        tab.goto(f"{world.url}/{path}")
        tab.locator("#live[data-state=live]").wait_for()
    yield tab
    context.close()
    assert world.complaints == []
    assert {host.partition(":")[0] for host in world.asked} == {"localhost"}


@pytest.fixture
def tab(browser: Browser, world: World) -> Iterator[Page]:
    with opened(browser, world) as page:
        yield page


def row(tab: Page, number: int) -> Any:
    return tab.get_by_test_id(f"row-{number}")


def last_row(world: World, text: str) -> int:
    found = [one for one in rows(world.simulator) if one["text"] == text]
    return int(found[-1]["number"])


# Looking ------------------------------------------------------------------------------


def test_calls_appear_by_themselves_and_a_wrong_signature_shows_both_sides(
    tab: Page, world: World
) -> None:
    sent = world.shop.signed("POST", "/v2/charges", b'{"a":1}')
    world.simulator.handle(replace(sent, body=b'{"a": 1}'))
    row(tab, 1).click()
    why = tab.get_by_test_id("explanation")
    why.wait_for()
    expect(why.get_by_test_id("headline")).to_contain_text("white space")
    expect(tab.get_by_test_id("body-signed").locator("mark")).to_have_text("1")
    expect(tab.get_by_test_id("body-came").locator("mark")).to_have_text("␠")
    lines = tab.get_by_test_id("canonical").locator("tr.differs")
    expect(lines).to_have_count(1)
    tab.wait_for_url(lambda url: "row=1" in url)
    tab.reload()
    tab.get_by_test_id("explanation").wait_for()
    take(tab, "console/signature")


def test_a_browser_without_the_link_stands_before_the_door(
    browser: Browser, world: World
) -> None:
    world.shop.open()
    context = browser.new_context()
    page = context.new_page()
    page.goto(world.url)
    token = page.get_by_test_id("token")
    token.wait_for()
    expect(page.locator("[data-number]")).to_have_count(0)
    token.fill("wrong")
    token.press("Enter")
    page.get_by_text("not the token of this run").wait_for()
    page.get_by_test_id("token").fill(world.simulator.token)
    page.get_by_test_id("token").press("Enter")
    row(page, 2).wait_for()
    expect(page).to_have_url(f"{world.url}/")
    context.close()


def test_hostile_names_and_payloads_stay_text_everywhere(
    tab: Page, world: World
) -> None:
    metadata = {"merchantReferenceId": HOSTILE, "noteToBuyer": HOSTILE}
    body = {**world.shop.session_body(), "merchantMetadata": metadata}
    session = world.shop.open(body)
    number = last_row(world, "create checkout session")
    headers = {"x-hostile": HOSTILE}
    target = "/v2/charges/%3Cscript%3Ealert(3)%3C/script%3E"
    world.simulator.handle(world.shop.signed("GET", target, b"", unsigned=headers))
    with world.simulator._context("") as context:  # noqa: SLF001 - as the pages write it
        told: dict[str, Any] = {"did": HOSTILE, "code": HOSTILE, "message": HOSTILE}
        why = dict.fromkeys(("headline", "cause", "fix", "proof"), HOSTILE)
        context.add_story_row(
            "button", session, **told, payload=HOSTILE, explanation=why
        )
    last = rows(world.simulator)[-1]["number"]
    tab.locator(f"[data-order='{session}']").get_by_text(HOSTILE).wait_for()
    for one in (number, last - 1, last):
        row(tab, one).click()
        tab.get_by_text(f"Row {one},").wait_for()
    expect(tab.get_by_test_id("panel")).to_contain_text(HOSTILE)
    row(tab, number).click()
    tab.get_by_test_id("copy").click()
    tab.get_by_test_id("copy-curl").click()
    tab.get_by_test_id("copied").get_by_text("curl").wait_for()
    expect(tab.locator("img, script:not([src])")).to_have_count(0)


def test_new_rows_come_below_and_nothing_moves(tab: Page, world: World) -> None:
    for _ in range(20):
        world.shop.open()
    box = tab.get_by_test_id("rows")
    row(tab, 60).wait_for()
    box.hover()
    tab.evaluate("document.getElementById('rows').scrollTop = 300")
    row(tab, 12).wait_for()  # the page's policy leaves no room for an `eval`
    seen = tab.evaluate(_SEEN)
    assert len(seen) > 5
    world.shop.provoke("create_charge", "503")
    tab.get_by_test_id("armed").get_by_text("disarm").wait_for()
    assert tab.evaluate(_SEEN) == seen
    world.simulator.disarm()
    tab.get_by_test_id("armed").get_by_text("No fault is armed").wait_for()
    world.shop.open()
    pill = tab.get_by_test_id("new-rows")
    pill.wait_for()
    tab.get_by_text("+5 new").wait_for()
    assert tab.evaluate(_SEEN) == seen
    tab.keyboard.press("n")
    row(tab, 65).wait_for()
    expect(pill).to_be_hidden()


def test_thousands_of_rows_are_few_elements_and_the_filter_is_an_address(
    browser: Browser, world: World
) -> None:
    with world.simulator.store.transaction() as transaction:
        facts = {"did": "signed in"}
        for _ in range(2_990):
            transaction.add_story_row("20260101T000000Z", "", None, "buyer", facts)
    world.shop.get("/charges/S01-0000000-0000000-C000000")
    with opened(browser, world) as tab:
        row(tab, 2_991).wait_for()
        tab.keyboard.press("g")
        row(tab, 1).wait_for()
        assert tab.locator("[data-number]").count() < 60
        tab.keyboard.press("/")
        tab.keyboard.type("is:refused C000000")
        tab.locator("#foot", has_text="1 of 2,991").wait_for()
        tab.wait_for_url(lambda url: "q=is%3Arefused+C000000" in url)
        tab.reload()
        tab.locator("#foot", has_text="1 of 2,991").wait_for()
        tab.get_by_test_id("filter").fill("nothing like that")
        tab.get_by_text("No row fits the filter.").wait_for()


def test_a_lost_connection_says_so_and_catches_up(browser: Browser) -> None:
    one = simulator()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serving(one, port=port, tls=False) as address:
        world = World(one, address)
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(world.link)
        tab.locator("#live[data-state=live]").wait_for()
    tab.locator("#live[data-state=lost]").wait_for()
    expect(tab.get_by_test_id("live")).to_contain_text("lost")
    world.shop.open()
    with serving(one, port=port, tls=False):
        tab.locator("#live[data-state=live]").wait_for()
        row(tab, 3).wait_for()
    context.close()


# Objects ------------------------------------------------------------------------------


def test_an_order_that_is_paid_is_shown_as_paid(tab: Page, world: World) -> None:
    bought = world.shop.buy("14.00", "AuthorizeWithCapture")
    order = tab.locator(f"[data-order='{bought.session}']")
    order.click()
    now = tab.get_by_test_id("life-charge").locator("g.now")
    now.wait_for()
    expect(now).to_have_attribute("data-state", "Captured")
    expect(order).to_contain_text("Captured")
    take(tab, "console/paid")


def test_under_the_pointer_an_order_says_what_is_new_and_does_not_move(
    tab: Page, world: World
) -> None:
    session = world.shop.paid()
    order = tab.locator(f"[data-order='{session}']")
    order.hover()
    expect(order).to_contain_text("Open")
    other = tab.locator(f"[data-order='{world.shop.open()}']")
    assert world.shop.complete(session).status == 200
    expect(order).to_contain_text("Authorized")
    expect(other).to_be_hidden()
    tab.mouse.move(0, 0)
    expect(other).to_be_visible()
    expect(tab.locator("[data-order]").last).to_contain_text("Authorized")


def test_the_life_of_a_charge_is_drawn_and_pushed(tab: Page, world: World) -> None:
    bought = world.shop.buy(card="0701", canHandlePendingAuthorization=True)
    tab.locator(f"[data-order='{bought.session}']").click()
    drawing = tab.get_by_test_id("life-charge")
    drawing.wait_for()
    states = drawing.locator("g.state").evaluate_all(
        "all => all.map(one => one.dataset.state)"
    )
    table = LIFE_CYCLES["charge"]
    assert sorted(states) == sorted({arrow.to for arrow in table})
    arrows = drawing.locator("path.arrow").evaluate_all(
        "all => all.map(one => one.dataset.from + '>' + one.dataset.to)"
    )
    assert sorted(arrows) == sorted(
        {f"{start}>{arrow.to}" for arrow in table for start in arrow.states or ("",)}
    )
    now = drawing.locator("g.now")
    expect(now).to_have_attribute("data-state", "AuthorizationInitiated")
    settle = tab.get_by_test_id("push-charge-capture-succeeds")
    expect(settle).to_be_disabled()
    take(tab, "console/life")
    tab.get_by_text("only from CaptureInitiated").first.wait_for()
    tab.get_by_test_id("push-charge-declined-softly").click()
    tab.locator("g.now[data-state=Declined]").wait_for()
    charge = world.simulator.charges()[-1]["statusDetails"]
    assert (charge["state"], charge["reasonCode"]) == ("Declined", "SoftDeclined")


# Time, faults, world ------------------------------------------------------------------


def test_time_is_moved_and_a_fault_is_armed_and_disarmed(
    tab: Page, world: World
) -> None:
    world.shop.open()
    row(tab, 3).wait_for()
    tab.get_by_test_id("move-1d").click()
    tab.get_by_text("checkout session Open → Canceled").wait_for()
    tab.get_by_text("1 d ahead").wait_for()
    tab.keyboard.press("f")
    tab.get_by_test_id("fault-when").select_option("after")
    tab.get_by_test_id("fault-outcome").select_option("reset")
    tab.get_by_test_id("arm").click()
    tab.get_by_test_id("armed").get_by_text("create charge: reset, after").wait_for()
    assert world.simulator.faults()[0]["outcome"] == "reset"
    tab.get_by_role("button", name="Disarm create charge").click()
    tab.get_by_test_id("armed").get_by_text("No fault is armed").wait_for()
    assert world.simulator.faults() == []


def test_a_world_is_saved_reset_and_loaded(
    tab: Page, world: World, tmp_path: Path
) -> None:
    world.shop.open()
    row(tab, 3).wait_for()
    before = rows(world.simulator)
    tab.get_by_test_id("open-world").click()
    with tab.expect_download() as download:
        tab.get_by_test_id("save").click()
    saved = tmp_path / "a.world"
    download.value.save_as(saved)
    tab.get_by_test_id("open-world").click()
    tab.get_by_test_id("reset").click()
    tab.get_by_test_id("yes").click()
    tab.get_by_text("Nothing has happened yet").wait_for()
    tab.get_by_test_id("open-world").click()
    tab.get_by_test_id("world-file").set_input_files(saved)
    row(tab, 3).wait_for()
    assert rows(world.simulator) == before


# Replay -------------------------------------------------------------------------------


def test_a_call_is_replayed_with_intent_and_leads_to_its_new_row(
    tab: Page, world: World
) -> None:
    permission = world.shop.buy("50", "Confirm").permission
    assert world.shop.charge(permission, "5").status == 201
    number = last_row(world, "create charge")
    row(tab, number).click()
    tab.get_by_test_id("replay").click()
    tab.get_by_test_id("replay-same").click()
    tab.get_by_text("The console sent row").wait_for()
    assert len(world.simulator.charges()) == 1
    row(tab, number).click()
    tab.get_by_text(f"Row {number},").wait_for()
    tab.keyboard.press("r")
    tab.get_by_test_id("replay-new").click()
    tab.get_by_text("a second time").wait_for()
    tab.keyboard.press("Escape")
    assert len(world.simulator.charges()) == 1
    tab.keyboard.press("r")
    tab.get_by_test_id("replay-new").click()
    tab.get_by_test_id("yes").click()
    tab.get_by_text("changed; so its signature was not looked at").wait_for()
    assert len(world.simulator.charges()) == 2


# By keyboard, and on a phone ----------------------------------------------------------


def test_everything_is_reached_by_keyboard(tab: Page, world: World) -> None:
    bought = world.shop.buy()
    row(tab, last_row(world, "complete checkout session")).wait_for()
    tab.keyboard.press("G")
    tab.get_by_text("Signature holds").wait_for()
    tab.keyboard.press("k")
    tab.keyboard.press("o")
    tab.get_by_test_id("object-charge").wait_for()
    expect(tab.get_by_test_id("panel")).to_contain_text(bought.charge)
    tab.keyboard.press("v")
    expect(tab.locator("[data-view=raw]")).to_have_attribute("aria-pressed", "true")
    tab.get_by_text("POST /v2/checkoutSessions", exact=True).wait_for()
    tab.keyboard.press("b")
    tab.locator(".row.heading").wait_for()
    tab.keyboard.press("?")
    tab.get_by_role("heading", name="Keys").wait_for()
    tab.keyboard.press("Escape")
    expect(tab.get_by_test_id("dialog")).to_be_hidden()


def test_an_accessibility_checker_finds_nothing(tab: Page, world: World) -> None:
    bought = world.shop.buy()
    sent = world.shop.signed("GET", "/v2/charges/S", b"")
    world.simulator.handle(replace(sent, body=b"x"))

    def object_view() -> None:
        tab.locator(f"[data-order='{bought.session}']").click()
        tab.get_by_test_id("life-charge").wait_for()

    def row_view() -> None:
        tab.get_by_test_id("order-all").click()
        row(tab, rows(world.simulator)[-1]["number"]).click()
        tab.get_by_test_id("explanation").wait_for()

    def replaying() -> None:
        tab.keyboard.press("r")
        tab.get_by_role("dialog").wait_for()

    def arming() -> None:
        tab.keyboard.press("Escape")
        tab.keyboard.press("f")
        tab.get_by_role("dialog").wait_for()

    faults: dict[str, list[str]] = {}
    for open_view in (object_view, row_view, replaying, arming):
        put_on(tab, "light")
        open_view()
        for scheme in SCHEMES:
            if found := faults_of(tab, scheme):
                faults[f"{open_view.__name__} {scheme}"] = found
    assert faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off(
    browser: Browser, world: World, scheme: Any
) -> None:
    bought = world.shop.buy()
    world.shop.provoke("get_charge", "503")
    size: Any = {"width": 360, "height": 740}
    with opened(browser, world, viewport=size, color_scheme=scheme) as tab:
        wide = "document.documentElement.scrollWidth > innerWidth"
        number = last_row(world, "complete checkout session")
        row(tab, number).click()
        tab.get_by_test_id("copy").wait_for()
        assert not tab.evaluate(wide)
        tab.locator("[data-show=orders]").click()
        tab.locator(f"[data-order='{bought.session}']").click()
        assert not tab.evaluate(wide)
        tab.locator("[data-show=side]").click()
        tab.get_by_test_id("life-charge").wait_for()
        assert not tab.evaluate(wide)


# The line to the browser --------------------------------------------------------------


def test_a_reset_connection_gives_no_answer(world: World) -> None:
    world.shop.provoke("create_checkout_session", "reset", "after")
    body = json.dumps(world.shop.session_body()).encode()
    key = {"x-amz-pay-idempotency-key": "k"}
    sent: Request = world.shop.signed("POST", "/v2/checkoutSessions", body, key)
    host, port = world.url.removeprefix("http://").split(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        peer.sendall(
            f"POST {sent.target} HTTP/1.1\r\nhost: {host}:{port}\r\n{head}"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
    assert len(world.simulator.sessions()) == 1


def read_to(file: Any, text: bytes) -> None:
    """Read lines up to one with a text; the end comes too early."""
    while text not in (line := file.readline()):
        assert line


def test_streams_are_bounded_and_end_with_the_server() -> None:
    one = simulator()
    with ExitStack() as stack:
        address = stack.enter_context(serving(one, tls=False))
        host, port = address.url.removeprefix("http://").split(":")
        ask = f"GET /_simulator/events HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n"
        heard: list[Any] = []
        for _ in range(MOST + 1):
            peer = socket.create_connection((host, int(port)), timeout=20)
            stack.callback(peer.close)
            peer.sendall(ask.encode())
            heard.append(stack.enter_context(peer.makefile("rb")))
            read_to(heard[-1], b"data:")
        read_to(heard[-1], b"0\r\n")  # one too many: it got its first event alone
        one.sign_in(KEY_ID)
        for file in heard[:-1]:
            read_to(file, b'"last": 1')
