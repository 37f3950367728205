"""Stories of the demo store in a browser: page, ledger and the shop's database."""

from __future__ import annotations

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx2
import pytest
from books import Refused
from pages import STORE
from playwright.sync_api import expect

from looks import SCHEMES, faults_of
from store_world import OFFICE, Buyer, StoreWorld, store_world, visiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreWorld]:
    with store_world(tmp_path_factory.mktemp("store")) as served:
        yield served


@pytest.fixture
def buyer(browser: Browser, world: StoreWorld) -> Iterator[Buyer]:
    with visiting(browser, world) as visitor:
        yield visitor


@pytest.fixture
def staff(browser: Browser, world: StoreWorld) -> Iterator[Buyer]:
    with visiting(browser, world) as visitor:
        visitor.go(f"/office/{OFFICE}")
        yield visitor


def test_a_person_buys_and_gets_a_tin_back(
    buyer: Buyer, staff: Buyer, world: StoreWorld
) -> None:
    buyer.go("/")
    buyer.picture("teas")
    buyer.fill_cart("sencha", "lapsang", "sencha")
    buyer.go("/cart")
    buyer.picture("cart")
    buyer.choose("1111")
    session = buyer.session
    buyer.picture("review")
    assert buyer.order().state == "Open"
    buyer.place()
    expect(buyer.see("price")).to_have_text("USD 44.10")
    buyer.pay()
    buyer.picture("order")
    order = buyer.order()
    assert (order.state, order.session) == ("Authorized", session)
    expect(buyer.tab).to_have_url(f"{world.url}/orders/{order.id}")
    assert world.made(session) == [order.charge]
    charge = world.charge(order.charge)
    assert charge["chargeAmount"] == {"amount": "44.10", "currencyCode": "USD"}

    staff.go(f"/office/{OFFICE}")
    staff.see(f"capture-{order.id}").dblclick()
    mine = staff.see(f"order-{order.id}")
    mine.get_by_test_id("refund-sencha").dblclick()
    mine.get_by_text("refund under way").wait_for()
    staff.picture("office")
    charge = world.charge(order.charge)
    assert charge["statusDetails"]["state"] == "Captured"
    assert charge["captureAmount"]["amount"] == "44.10"
    lines = {line.slug: line.state for line in world.store.lines(buyer.order())}
    assert lines == {"sencha": "RefundInitiated", "lapsang": None, "shipping": None}

    world.clock.move(seconds=31)
    world.notify()
    lines = {line.slug: line.state for line in world.store.lines(buyer.order())}
    assert (buyer.order().state, lines["sencha"]) == ("Captured", "Refunded")
    assert world.charge(order.charge)["refundedAmount"]["amount"] == "25.00"
    assert buyer.complaints == []
    assert staff.complaints == []


def test_a_person_changes_address_and_card(buyer: Buyer, world: StoreWorld) -> None:
    buyer.fill_cart("jasmine")
    buyer.go("/cart")
    buyer.choose("1111")
    before = buyer.see("address").inner_text()
    buyer.see("change-address").click()
    buyer.see("address-2").wait_for()
    usable = buyer.tab.locator("[data-testid^=address-]:enabled")
    usable.last.check()
    buyer.see("continue").click()
    buyer.see("change-card").click()
    buyer.see("card-0005").check()
    buyer.see("continue").click()
    expect(buyer.see("card")).to_contain_text("0005")
    after = buyer.see("address").inner_text()
    assert after != before
    buyer.place()
    buyer.pay()
    order = buyer.order()
    line = world.permission(order.permission)["shippingAddress"]["addressLine1"]
    assert line in after
    assert line in order.address


@pytest.mark.parametrize("at", ["choice", "payment"])
def test_a_person_gives_up(buyer: Buyer, world: StoreWorld, at: str) -> None:
    buyer.fill_cart("rooibos")
    buyer.go("/cart")
    if at == "choice":
        buyer.see("amazon-pay-button").click()
        buyer.tab.wait_for_url("**/checkout/choose?**")
    else:
        buyer.choose("1111")
        buyer.place()
    session = buyer.session
    buyer.see("cancel").click()
    buyer.tab.wait_for_url(f"{world.url}/cart")
    details = world.ledger(session)["statusDetails"]
    assert (details["state"], details["reasonCode"]) == ("Canceled", "BuyerCanceled")
    assert world.made(session) == []
    order = buyer.order()
    assert (order.state, order.charge, order.session) == ("Open", None, None)
    assert [line.slug for line in world.store.lines(order)] == ["rooibos", "shipping"]


def test_a_declined_card_leaves_the_cart_for_another_one(
    buyer: Buyer, world: StoreWorld
) -> None:
    buyer.fill_cart("earl-grey")
    buyer.go("/cart")
    buyer.choose("3434")
    declined = buyer.session
    buyer.place()
    buyer.pay()
    expect(buyer.see("problem")).to_contain_text("Declined")
    buyer.picture("declined", phone=True)
    order = buyer.order()
    assert (order.state, order.session, order.charge) == ("Open", None, None)
    assert world.ledger(declined)["statusDetails"]["reasonCode"] == "Declined"
    buyer.choose("4444")
    session = buyer.session
    buyer.place()
    buyer.pay()
    order = buyer.order()
    assert (order.state, order.session) == ("Authorized", session)
    assert world.made(declined, session) == [order.charge]


@pytest.mark.parametrize(
    ("card", "end"), [("0701", "Authorized"), ("4354", "Declined")]
)
def test_a_pending_payment_is_moved_by_its_notification(
    buyer: Buyer, world: StoreWorld, card: str, end: str
) -> None:
    order = buyer.buy(card)
    expect(buyer.see("state").first).to_have_text("payment pending")
    assert order.state == "AuthorizationInitiated"
    world.notify()
    assert buyer.order().state == "AuthorizationInitiated"
    world.clock.move(seconds=31)
    world.notify()
    buyer.tab.reload()
    assert buyer.order().state == end
    assert world.charge(order.charge)["statusDetails"]["state"] == end
    assert world.made(order.session) == [order.charge]


def test_a_lost_notification_is_made_up_for(buyer: Buyer, world: StoreWorld) -> None:
    order = buyer.buy("0701")
    world.clock.move(seconds=31)
    world.simulator.settle()
    world.store.work()  # nothing was delivered: the store asks by itself
    assert buyer.order().state == "Authorized"
    assert world.charge(order.charge)["statusDetails"]["state"] == "Authorized"


def test_a_subscription_is_charged_each_month_until_it_ends(
    buyer: Buyer, staff: Buyer, world: StoreWorld
) -> None:
    buyer.go("/plan")
    buyer.picture("plan", dark=True)
    buyer.choose("1111")
    buyer.place()
    buyer.pay()
    first = buyer.order("plan")
    plan = first.permission
    assert world.permission(plan)["chargePermissionType"] == "Recurring"
    assert first.state == "Authorized"

    staff.go(f"/office/{OFFICE}")
    staff.see(f"month-{first.id}").dblclick()
    staff.tab.get_by_text("Charge month 3").wait_for()
    second = buyer.order(f"{first.id}-2")
    charge = world.charge(second.charge)
    assert (charge["chargePermissionId"], second.state) == (plan, "Captured")
    assert charge["captureAmount"]["amount"] == "11.00"

    world.simulator.provoke("create_charge", "HardDeclined")
    with staff.tab.expect_navigation():
        staff.see(f"month-{first.id}").click()
    third = buyer.order(f"{first.id}-3")
    assert (third.state, third.problem, third.charge) == ("Open", "HardDeclined", None)
    world.notify()
    buyer.go("/account")
    expect(buyer.see("mend")).to_be_visible()
    assert world.permission(plan)["statusDetails"]["state"] == "NonChargeable"

    world.clock.move(seconds=1)
    world.simulator.manage(plan, "mendPaymentMethod")
    world.notify()
    staff.go(f"/office/{OFFICE}")
    staff.see(f"month-{first.id}").click()
    staff.tab.get_by_text("Charge month 4").wait_for()
    third = buyer.order(f"{first.id}-3")
    assert third.state == "Captured"
    assert len(set(world.made(first.session))) == 3

    buyer.go("/account")
    buyer.see("end-plan").dblclick()
    buyer.see("kept-plan").wait_for(state="detached")
    assert world.permission(plan)["statusDetails"]["state"] == "Closed"
    (kept,) = world.store.sql("SELECT * FROM permissions WHERE id = :id", id=plan)
    assert kept.state == "Closed"


def test_a_saved_card_pays_once_by_two_clicks_and_a_lost_answer(
    buyer: Buyer, world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer.go("/account")
    buyer.see("amazon-pay-button").click()
    buyer.tab.wait_for_url("**/checkout/choose?**")
    buyer.see("card-4444").check()
    buyer.see("consents").check()
    setup = buyer.session
    buyer.pay()
    buyer.picture("account", dark=True, phone=True)
    saved = next(one for one in buyer.orders("wallet") if one.state == "Saved")
    assert world.ledger(setup)["statusDetails"]["state"] == "Completed"
    assert world.made(setup) == []

    buyer.fill_cart("lapsang")
    buyer.go("/cart")
    world.simulator.provoke("create_charge", "504", when="after")
    buyer.see("card").dblclick()
    arrives(buyer, "/orders/")
    # Only the same call again can tell what the lost answer was: that of the second
    # click, if its request has left the browser, or that of the sweep.
    assert buyer.order().state in {"Paying", "Authorized"}
    monkeypatch.setattr(world.store, "left_alone", timedelta(0))
    world.store.work()
    order = buyer.order()
    assert order.state == "Authorized"
    assert world.made(setup) == [order.charge]
    charge = world.charge(order.charge)
    assert charge["chargePermissionId"] == saved.permission
    assert charge["chargeAmount"]["amount"] == "19.10"

    buyer.go("/account")
    buyer.see("end-wallet").click()
    buyer.see("kept-wallet").wait_for(state="detached")
    state = world.permission(saved.permission)["statusDetails"]["state"]
    assert state == "Closed"


def test_a_person_pays_at_the_end_of_the_shops_own_checkout(
    buyer: Buyer, staff: Buyer, world: StoreWorld
) -> None:
    buyer.fill_cart("sencha", "jasmine")
    buyer.go("/cart")
    buyer.see("collect").click()
    buyer.see("amazon-pay-button").click()
    buyer.tab.wait_for_url("**/checkout/choose?**")
    session = buyer.session
    expect(buyer.see("price")).to_have_text("USD 34.30")
    buyer.see("card-1111").check()
    buyer.pay()
    order = buyer.order()
    assert (order.state, order.session) == ("Authorized", session)
    assert order.address is None
    assert world.made(session) == [order.charge]
    assert world.charge(order.charge)["chargeAmount"]["amount"] == "34.30"

    staff.go(f"/office/{OFFICE}")
    staff.see(f"cancel-{order.id}").dblclick()
    staff.see(f"order-{order.id}").get_by_text("canceled").wait_for()
    assert buyer.order().state == "Canceled"
    details = world.charge(order.charge)["statusDetails"]
    assert (details["state"], details["reasonCode"]) == ("Canceled", "MerchantCanceled")


def test_a_person_buys_now_without_leaving_the_page(
    buyer: Buyer, world: StoreWorld
) -> None:
    buyer.go("/")
    buyer.see("now-lapsang").click()
    with buyer.tab.expect_popup() as opened:
        buyer.see("amazon-pay-button").click()
    window = opened.value
    window.get_by_text("Pay USD 19.10").wait_for()
    session = re.findall(r"amazonCheckoutSessionId=([\w-]+)", window.url)[0]
    window.get_by_test_id("pay").dblclick()
    buyer.tab.wait_for_url("**/orders/*")
    order = buyer.order("cart-lapsang")
    assert (order.state, order.session) == ("Authorized", session)
    assert world.made(session) == [order.charge]
    assert world.charge(order.charge)["chargeAmount"]["amount"] == "19.10"
    assert world.ledger(session)["statusDetails"]["state"] == "Completed"
    assert "Ditka" in order.address
    assert buyer.complaints == []


def test_an_altered_button_opens_no_session(buyer: Buyer, world: StoreWorld) -> None:
    buyer.fill_cart("sencha")

    def alter(route: Route) -> None:
        route.continue_(post_data=(route.request.post_data or "").replace("cart", "xx"))

    buyer.tab.route("**/checkout/initiate", alter)
    before = len(world.simulator.story())
    buyer.go("/cart")
    buyer.see("amazon-pay-button").click()
    buyer.tab.wait_for_url("**/checkout/initiate")
    expect(buyer.see("error-code")).to_have_text("InvalidSignatureError")
    rows = world.simulator.story()[before:]
    assert [row.facts["did"] for row in rows if row.kind == "button"] == ["was refused"]
    order = buyer.order()
    assert (order.state, order.session) == ("Open", None)


def test_a_checkout_that_has_run_out_takes_nothing(
    buyer: Buyer, world: StoreWorld
) -> None:
    buyer.fill_cart("jasmine")
    buyer.go("/cart")
    buyer.choose("1111")
    session = buyer.session
    world.clock.move(hours=25)
    buyer.see("place").click()
    expect(buyer.see("refused")).to_contain_text("has ended")
    assert world.ledger(session)["statusDetails"]["reasonCode"] == "Expired"
    assert buyer.order().state == "Open"
    buyer.go("/cart")
    buyer.choose("1111")
    again = buyer.session
    buyer.place()
    buyer.pay()
    assert buyer.order().state == "Authorized"
    assert world.made(session, again) == [buyer.order().charge]


def test_double_clicks_a_lost_answer_and_the_way_back_pay_once(
    buyer: Buyer, world: StoreWorld
) -> None:
    buyer.fill_cart("sencha")
    buyer.go("/cart")
    buyer.choose("1111")
    session = buyer.session
    buyer.see("place").dblclick()
    arrives(buyer, "/checkout/processing")
    world.simulator.provoke("complete_checkout_session", "504", when="after")
    buyer.see("pay").dblclick()
    arrives(buyer, "/orders/")
    paid = buyer.order()
    assert (paid.state, paid.problem) == ("Authorized", None)
    buyer.tab.go_back()
    expect(buyer.see("ended")).to_be_visible()
    buyer.tab.go_back()
    expect(buyer.see("refused")).to_contain_text("has ended")
    buyer.go(f"/result/{paid.id}?amazonCheckoutSessionId={session}")
    buyer.tab.wait_for_url("**/orders/*")
    assert world.did(session).count("paid") == 1
    assert world.made(session) == [paid.charge]
    assert [one.state for one in buyer.orders()] == ["Authorized"]


def test_two_tabs_pay_for_one_cart_once(buyer: Buyer, world: StoreWorld) -> None:
    buyer.fill_cart("rooibos")
    sessions: list[str] = []
    tabs = [buyer.tab, buyer.new_tab()]
    for tab in tabs:
        buyer.tab = tab
        buyer.go("/cart")
        buyer.choose("1111")
        sessions.append(buyer.session)
        buyer.place()
    for tab in tabs:
        buyer.tab = tab
        buyer.pay()
    expect(buyer.see("refused")).to_contain_text("paid otherwise")
    (order,) = buyer.orders()
    assert (order.state, order.session) == ("Authorized", sessions[0])
    assert world.made(*sessions) == [order.charge]
    assert world.ledger(sessions[1])["statusDetails"]["state"] == "Open"


def test_a_cart_that_changes_in_another_tab_is_shown_again(
    buyer: Buyer, world: StoreWorld
) -> None:
    buyer.fill_cart("rooibos")
    buyer.go("/cart")
    buyer.choose("1111")
    session, review = buyer.session, buyer.tab
    buyer.tab = buyer.new_tab()
    buyer.fill_cart("jasmine")
    buyer.tab = review
    buyer.see("place").click()
    expect(buyer.see("refused")).to_contain_text("has changed")
    assert world.ledger(session)["paymentDetails"]["chargeAmount"] is None


def test_a_name_full_of_tags_is_shown_as_text(buyer: Buyer, world: StoreWorld) -> None:
    buyer.fill_cart("sencha")
    buyer.go("/cart")
    buyer.see("amazon-pay-button").click()
    buyer.see("buyer-3").click()
    buyer.tab.wait_for_url("**buyer=3")
    buyer.see("card-1111").check()
    buyer.see("continue").click()
    buyer.tab.wait_for_url(f"{world.url}/**")
    name = world.ledger(buyer.session)["shippingAddress"]["name"]
    assert "<" in name
    expect(buyer.see("address")).to_contain_text(name)
    assert buyer.complaints == []


# Its looks ----------------------------------------------------------------------------


def test_axe_finds_nothing_on_the_stores_pages(buyer: Buyer, world: StoreWorld) -> None:
    order = buyer.buy("0701", "sencha", "jasmine")
    buyer.fill_cart("rooibos", "earl-grey")
    buyer.go("/cart")
    buyer.choose("1111")
    review = buyer.tab.url.removeprefix(world.url)
    paths = ["/", "/cart", review, f"/orders/{order.id}", "/plan", "/collect"]
    paths += ["/now/lapsang", "/account", f"/office/{OFFICE}", "/orders/none"]
    faults: dict[str, list[str]] = {}
    for scheme in SCHEMES:
        for path in paths:
            buyer.go(path)
            if found := faults_of(buyer.tab, scheme):
                faults[f"{path} {scheme}"] = found
    assert faults == {}


# Its size -----------------------------------------------------------------------------


def skipped(node: ast.AST) -> ast.AST | None:
    """Return what is no line of code: an import, or a docstring."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return node
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    has_text = isinstance(node, documented) and ast.get_docstring(node) is not None
    return node.body[0] if isinstance(node, documented) and has_text else None


def lines_of(path: Path) -> int:
    """Count what is neither blank, nor a comment, a docstring or an import."""
    text = path.read_text(encoding="utf-8")
    lines = {n for n, line in enumerate(text.splitlines(), 1) if line.strip()}
    for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
        if (found := skipped(node)) is not None:
            numbers = cast("ast.stmt", found)
            lines -= set(range(numbers.lineno, (numbers.end_lineno or 0) + 1))
    marks = {".py": "#", ".css": "/*", ".html": "{#"}
    known = text.splitlines()
    return len(
        [n for n in lines if not known[n - 1].strip().startswith(marks[path.suffix])]
    )


def test_the_store_is_short_enough_to_be_read_at_a_sitting() -> None:
    files = [
        path
        for kind in ("py", "html", "css")
        for path in (ROOT / "examples" / "store").rglob(f"*.{kind}")
    ]
    assert len(files) == 13
    assert sum(map(lines_of, files)) < 600


def arrives(buyer: Buyer, path: str) -> None:
    """Wait for a page; that a second click has broken off the first is no matter."""
    buyer.tab.wait_for_function("path => location.pathname.startsWith(path)", arg=path)


# Without a browser --------------------------------------------------------------------


@pytest.fixture
def visitor(world: StoreWorld) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=world.url, trust_env=False) as client:
        yield client


def token_in(page: str) -> str:
    return str(re.findall(r'name="csrf" value="(\w+)"', page)[0])


def test_every_page_has_a_strict_policy_and_is_not_kept(
    visitor: httpx2.Client,
) -> None:
    for path in ("/", "/cart", "/plan", "/account", "/collect", "/no"):
        answer = visitor.get(path)
        if path == "/no":
            assert answer.status_code == 404
            continue
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        cookie = answer.headers["set-cookie"]
        assert all(one in cookie for one in ("HttpOnly", "SameSite=lax"))


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ünïcode"])
def test_a_form_without_the_visitors_token_does_nothing(
    visitor: httpx2.Client, token: str | None
) -> None:
    visitor.get("/")
    form = {"slug": "sencha", "number": "1"} | (
        {} if token is None else {"csrf": token}
    )
    assert visitor.post("/cart", data=form).status_code == 409
    assert "It is empty" in visitor.get("/cart").text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"slug": "sencha"}, 404),
        ({"slug": "sencha", "number": "x"}, 404),
        ({"slug": "\x00<b>", "number": "3"}, 303),
        ({"slug": "sencha", "number": "-7"}, 303),
        ({"slug": "tea-of-the-month", "number": "1"}, 303),
        ({"slug": "sencha", "number": "1" * 5000}, 404),
        ({"slug": "x" * 9000, "number": "1"}, 413),
    ],
    ids=["lacking", "no number", "no tea", "negative", "plan", "digits", "large"],
)
def test_a_form_that_cannot_be_leaves_the_cart_empty(
    visitor: httpx2.Client, form: dict[str, str], status: int
) -> None:
    csrf = token_in(visitor.get("/").text)
    assert visitor.post("/cart", data={**form, "csrf": csrf}).status_code == status
    assert "It is empty" in visitor.get("/cart").text


def test_a_cart_holds_twenty_tins_of_a_kind_at_most(visitor: httpx2.Client) -> None:
    csrf = token_in(visitor.get("/").text)
    form = {"slug": "sencha", "number": "999999", "csrf": csrf}
    visitor.post("/cart", data=form)
    assert "$254.90" in visitor.get("/cart").text


def test_nobody_sees_the_order_or_the_session_of_another(
    visitor: httpx2.Client, world: StoreWorld
) -> None:
    order = world.store.put("a" * 64, "sencha", 1)
    other = world.store.put("b" * 64, "jasmine", 1)
    assert order.id != other.id
    for path in (
        f"/orders/{order.id}",
        f"/result/{order.id}?amazonCheckoutSessionId=x",
        "/review/cart?amazonCheckoutSessionId=x&mark=ä",
        "/review/cart",
        "/orders/%00",
    ):
        answer = visitor.get(path)
        assert (answer.status_code, "no such thing" in answer.text) == (404, True)
    assert world.store.order(order.id).state == "Open"


def test_the_office_is_closed_without_its_key(
    visitor: httpx2.Client, world: StoreWorld
) -> None:
    order = world.store.put("c" * 64, "sencha", 1)
    csrf = token_in(visitor.get("/").text)
    form = {"csrf": csrf, "act": "capture", "id": order.id}
    for key in ("wrong", "ä", "%00"):
        assert visitor.get(f"/office/{key}").status_code == 404
        assert visitor.post(f"/office/{key}", data=form).status_code == 404


def test_a_forged_notification_is_refused(visitor: httpx2.Client) -> None:
    assert visitor.post("/ipn", content=b"{}").status_code == 403


# At the same time ---------------------------------------------------------------------


def session_for(world: StoreWorld, **payload: Any) -> str:
    """Open a session, choose and pay, without a browser."""
    urls = {
        "checkoutReviewReturnUrl": f"{world.url}/review/cart",
        "checkoutResultReturnUrl": f"{world.url}/result/x",
    }
    body: Any = {"webCheckoutDetails": urls, "storeId": STORE, **payload}
    made: Any = world.client.create_checkout_session(body).raise_for_status().json()
    session = str(made["checkoutSessionId"])
    world.simulator.choose(session)
    world.simulator.pay(session)
    return session


def saved_card(world: StoreWorld, visitor: str) -> tuple[str, Any]:
    """Save a visitor's card; give the session, and the row of the permission."""
    empty = world.store.put(visitor, "", 0, kind="wallet")
    setup = session_for(
        world,
        chargePermissionType="PaymentMethodOnFile",
        paymentMethodOnFileMetadata={"setupOnly": True},
        paymentDetails={"paymentIntent": "Confirm"},
    )
    world.store.finish(empty, setup)
    find = "SELECT * FROM permissions WHERE visitor = :visitor"
    (card,) = world.store.sql(find, visitor=visitor)
    return setup, card


def outcome(act: Callable[[], object]) -> str:
    """Return how a click ends."""
    try:
        act()
    except Refused:
        return "refused"
    return "done"


def test_sessions_that_end_at_once_pay_for_one_cart_once(world: StoreWorld) -> None:
    order = world.store.put("d" * 64, "sencha", 2)
    paid = world.store.paid(order)
    sessions = [session_for(world, paymentDetails=paid) for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        ends = pool.map(
            lambda one: outcome(lambda: world.store.finish(order, one)), sessions * 2
        )
        assert sorted(ends) == ["done"] * 2 + ["refused"] * 4
    order = world.store.order(order.id)
    assert order.state == "Authorized"
    assert world.made(*sessions) == [order.charge]


def test_clicks_on_a_saved_card_at_once_charge_once(world: StoreWorld) -> None:
    visitor = "e" * 64
    setup, card = saved_card(world, visitor)
    order = world.store.put(visitor, "jasmine", 1)
    with ThreadPoolExecutor(6) as pool:
        clicks = [f"{card.id}~{one}" for one in ("one", "two", "three")] * 2
        ends = pool.map(
            lambda one: outcome(lambda: world.store.charge(order, f"{card.id}~{one}")),
            clicks,
        )
        assert sorted(ends) == ["done"] * 2 + ["refused"] * 4
    paid = world.store.order(order.id)
    assert world.made(setup) == [paid.charge]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.store.capture, [paid] * 4))
        captured = world.store.order(order.id)
        list(pool.map(lambda _: world.store.refund(captured, "jasmine"), range(4)))
    world.clock.move(seconds=31)
    world.notify()
    charge = world.charge(paid.charge)
    assert charge["captureAmount"]["amount"] == "21.80"
    assert charge["refundedAmount"]["amount"] == "16.90"


# After a kill -------------------------------------------------------------------------


class Killed(BaseException):
    """What ends a process between two statements."""


def killed(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("where", ["settle", "claim"])
def test_an_order_whose_process_died_at_its_payment_is_paid_once(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    order = world.store.put("f" * 64, "sencha", 2)
    session = session_for(world, paymentDetails=world.store.paid(order))
    if where == "claim":
        world.store.claim(order, session)
    else:
        monkeypatch.setattr(world.store, "settle", killed)
        with pytest.raises(Killed):
            world.store.finish(order, session)
        monkeypatch.undo()
    assert world.store.order(order.id).state == "Paying"
    monkeypatch.setattr(world.store, "left_alone", timedelta(0))
    world.clock.move(seconds=31)
    world.notify()
    assert world.store.order(order.id).state == "Authorized"
    assert world.made(session) == [world.store.order(order.id).charge]


def test_an_order_whose_process_died_at_a_saved_card_is_charged_once(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = "a1" * 32
    setup, card = saved_card(world, visitor)
    order = world.store.put(visitor, "jasmine", 1)
    monkeypatch.setattr(world.store, "settle", killed)
    with pytest.raises(Killed):
        world.store.charge(order, f"{card.id}~click")
    monkeypatch.undo()
    monkeypatch.setattr(world.store, "left_alone", timedelta(0))
    world.notify()
    paid = world.store.order(order.id)
    assert paid.state == "Authorized"
    assert world.made(setup) == [paid.charge]
