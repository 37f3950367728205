"""The fixtures of the pytest plugin, and the context manager for unittest."""

from __future__ import annotations

import os
import socket
import sys
import threading
import unittest
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest

import AmazonPay.testing
from AmazonPay import Client, price
from AmazonPay.errors import ConfigurationError
from AmazonPay.simulator import Request, Settings
from AmazonPay.testing import RealHostReached, _guard, _registry, amazon_pay
from AmazonPay.testing._extras import loaded
from AmazonPay.types import CreateCheckoutSession
from callers import on_both_loops
from loopback import serving

if TYPE_CHECKING:
    from AmazonPay import AsyncClient, SQLiteJournal
    from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
    from AmazonPay.testing import AmazonPayServer, LocalAmazonPay

PRICE = price("14.00", "USD")
CHARGE = "S01-0000000-0000000-C000000"
SESSION = CreateCheckoutSession(
    webCheckoutDetails={
        "checkoutReviewReturnUrl": "https://localhost/review",
        "checkoutResultReturnUrl": "https://localhost/result",
    },
    storeId="amzn1.application-oa2-client.0123",
    paymentDetails={"paymentIntent": "Authorize", "chargeAmount": PRICE},
)


def bought(local: LocalAmazonPay, client: Client) -> str:
    """Buy something; give the charge."""
    session = client.create_checkout_session(SESSION).json()["checkoutSessionId"]
    local.choose(session)
    local.pay(session)
    done = client.complete_checkout_session(session, {"chargeAmount": PRICE})
    return str(done.json()["chargeId"])


def hostile_answers(seed: int | None = None) -> tuple[list[int], str, int]:
    """Read one charge 60 times; give all statuses, the report, and the seed."""
    with amazon_pay(profile="hostile", seed=seed) as local, local.client() as client:
        for _ in range(60):
            with suppress(AmazonPay.AmazonPayError):
                client.get_charge(CHARGE)
        calls = [row.facts["status"] for row in local.story() if row.kind == "request"]
        return calls, local.report(), local.seed


def test_the_seed_of_a_report_repeats_faults_by_chance() -> None:
    statuses, report, seed = hostile_answers()
    assert f"seed={seed} repeats" in report
    assert hostile_answers(seed)[0] == statuses
    assert len({tuple(hostile_answers(one)[0]) for one in (1, 2, 3)}) == 3


def test_a_profile_without_chance_tells_no_seed() -> None:
    with amazon_pay(seed=7) as local:
        assert (local.seed, "seed" in local.report()) == (7, False)


# The fixtures -------------------------------------------------------------------------


def test_a_purchase_ends_with_a_refund(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client
) -> None:
    charge = bought(amazon_pay, amazon_pay_client)
    amazon_pay_client.capture_charge(charge, {"captureAmount": PRICE})
    amazon_pay_client.create_refund({"chargeId": charge, "refundAmount": PRICE})
    amazon_pay.advance(minutes=1)
    (seen,) = amazon_pay.charges()
    assert seen["refundedAmount"] == {"amount": "14.00", "currencyCode": "USD"}


@pytest.mark.parametrize("run", range(2))
def test_each_test_has_a_world_of_its_own(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client, run: int
) -> None:
    assert amazon_pay.story() == [], run
    bought(amazon_pay, amazon_pay_client)


def test_the_clock_stands_still(amazon_pay: LocalAmazonPay) -> None:
    assert amazon_pay.clock() == amazon_pay.clock()
    assert amazon_pay.clock().microsecond == 0


@on_both_loops
async def test_an_awaiting_client_reaches_it_in_any_loop(
    amazon_pay_async_client: AsyncClient,
) -> None:
    assert (await amazon_pay_async_client.get_charge(CHARGE)).status_code == 404


def test_pauses_of_a_client_pass_at_once(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client
) -> None:
    with amazon_pay.fault("get_charge", "503", times=3):
        response = amazon_pay_client.get_charge(CHARGE)
    assert (response.status_code, response.attempts) == (404, 4)


def test_a_served_simulator_is_reached_from_the_environment(
    amazon_pay: LocalAmazonPay,
    amazon_pay_server: AmazonPayServer,
) -> None:
    assert amazon_pay_server.url == f"http://localhost:{amazon_pay_server.port}"
    with Client.from_env() as client:
        assert client.get_charge(CHARGE).status_code == 404
    assert [row.kind for row in amazon_pay.story()] == ["request"]


def test_the_environment_is_as_it_was_before(
    amazon_pay: LocalAmazonPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMAZON_PAY_REGION", "jp")
    monkeypatch.setenv("AMAZON_PAY_SANDBOX", "false")
    before = dict(os.environ)
    with amazon_pay.served() as server:
        assert os.environ["AMAZON_PAY_REGION"] == "us"
        assert "AMAZON_PAY_SANDBOX" not in os.environ
        assert server.environment.items() <= dict(os.environ).items()
    assert dict(os.environ) == before


def test_a_journal_settles_a_purchase(
    amazon_pay: LocalAmazonPay,
    amazon_pay_client: Client,
    amazon_pay_journal: SQLiteJournal,
) -> None:
    charge = bought(amazon_pay, amazon_pay_client)
    decision = amazon_pay_client.capture_or_get_charge(
        charge,
        {"captureAmount": PRICE},
        journal=amazon_pay_journal,
        namespace="test",
        order="1",
    )
    assert decision.outcome == "success"


def test_an_inbox_receives_and_moves_an_order(
    amazon_pay: LocalAmazonPay,
    amazon_pay_client: Client,
    amazon_pay_inbox: SQLAlchemyInbox,
) -> None:
    charge = bought(amazon_pay, amazon_pay_client)
    (row,) = amazon_pay.advance()
    assert (row.facts["objectId"], row.facts["status"]) == (charge, "answered")
    moved: list[Any] = []

    def handler(connection: object, view: Any, before: object) -> None:
        del connection, before
        moved.append((view["chargeId"], view["statusDetails"]["state"]))

    assert amazon_pay_inbox.process(amazon_pay_client, handler) == 1
    assert moved == [(charge, "Authorized")]


@pytest.mark.amazon_pay(region="de", settings=Settings(refunds_per_charge=1))
def test_a_marker_chooses_region_and_settings(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client
) -> None:
    assert amazon_pay_client.region == "eu"
    assert amazon_pay.settings.refunds_per_charge == 1


def test_a_clients_options_are_its_callers(amazon_pay: LocalAmazonPay) -> None:
    with amazon_pay.client(raise_for_status=True) as client:
        assert client.public_key_id == "SANDBOX-TEST"
        with pytest.raises(AmazonPay.NotFound):
            client.get_charge(CHARGE)


# The button ---------------------------------------------------------------------------

BUTTON: Any = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://localhost/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}


def test_a_button_is_pressed(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client
) -> None:
    button = amazon_pay_client.button(BUTTON, merchant_id=amazon_pay.merchant_id)
    page = f"<html>{button.html(nonce='abc')}</html>"
    session = amazon_pay.press(page)
    (opened,) = amazon_pay.sessions()
    assert (opened["checkoutSessionId"], opened["storeId"]) == (
        session,
        BUTTON["storeId"],
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("0123", "0124"), "signed"),
        (("A1SIMULATEDMERCHANT", "A2"), "account and key A2"),
        (("SANDBOX-TEST", "SANDBOX-B"), "account and key .*SANDBOX-B"),
        (("createCheckoutSessionConfig", "x"), "no button with a signed payload"),
        (("amazon.Pay", "amazon"), "no button"),
        (("{", "["), "no button"),
    ],
)
def test_a_button_that_amazon_refuses_is_explained(
    amazon_pay: LocalAmazonPay,
    amazon_pay_client: Client,
    change: tuple[str, str],
    error: str,
) -> None:
    button = amazon_pay_client.button(BUTTON, merchant_id=amazon_pay.merchant_id)
    with pytest.raises(AssertionError, match=error):
        amazon_pay.press(button.html().replace(*change))
    assert amazon_pay.sessions() == []


def test_a_page_without_a_button_has_none(amazon_pay: LocalAmazonPay) -> None:
    with pytest.raises(AssertionError, match="no button"):
        amazon_pay.press("")


# The context manager ------------------------------------------------------------------


class ShopTest(unittest.TestCase):
    """A test of a shop that uses unittest."""

    def setUp(self) -> None:
        self.amazon_pay = self.enterContext(amazon_pay(region="jp"))
        self.client = self.enterContext(self.amazon_pay.client())

    def runTest(self) -> None:  # noqa: N802 - its name is unittest's
        response = self.client.get_charge("S03-0000000-0000000-C000000")
        self.assertEqual(response.status_code, 404)  # noqa: PT009 - unittest's way
        self.assertEqual(len(self.amazon_pay.story()), 1)  # noqa: PT009 - unittest's way


def test_unittest_has_the_same() -> None:
    result = ShopTest().run()
    assert result is not None
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


@pytest.mark.parametrize(
    "given", [{"region": "mars"}, {"profile": "kind"}, {"ledger_currency": "XYZ"}]
)
def test_an_unknown_option_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError), amazon_pay(**given):
        pass


def test_a_closed_one_still_reports(amazon_pay: LocalAmazonPay) -> None:
    assert amazon_pay.report() == "nothing has happened"
    amazon_pay.handle(Request("GET", "/v2/nothing"))
    amazon_pay.close()
    amazon_pay.close()
    assert "GET /v2/nothing 4" in amazon_pay.report()


# The guard ----------------------------------------------------------------------------

REAL = [
    "pay-api.amazon.com",
    "pay-api.amazon.eu",
    "pay-api.amazon.jp",
    "PAY-API.amazon.com.",
    "payments.amazon.co.uk",
    "static-na.payments-amazon.com",
]
OTHER = [
    "localhost",
    "127.0.0.1",
    "amazon.com",
    "www.amazon.de",
    "sns.us-east-1.amazonaws.com",
    "pay-api.amazon.com.shop.example",
    "notpay-api.amazon.com",
    "",
    None,
]


@pytest.mark.parametrize("host", REAL)
@pytest.mark.parametrize("event", ["socket.getaddrinfo", "socket.gethostbyname"])
def test_every_host_of_amazon_pay_is_guarded(host: str, event: str) -> None:
    with pytest.raises(RealHostReached, match=host), _guard.watching():
        _guard.on_event(event, (host, 443))


@pytest.mark.parametrize("host", REAL)
def test_a_connection_by_name_is_guarded(host: str) -> None:
    with pytest.raises(RealHostReached), _guard.watching():
        _guard.on_event("socket.connect", (None, (host, 443)))


@pytest.mark.parametrize("host", OTHER)
def test_other_hosts_are_not_the_guards_business(host: str | None) -> None:
    with _guard.watching():
        _guard.on_event("socket.getaddrinfo", (host, 443))
        _guard.on_event("socket.connect", (None, (host, 443)))
        _guard.on_event("socket.connect", (None, "/run/socket"))
        _guard.on_event("open", (host,))


def test_nothing_is_guarded_without_a_fixture() -> None:
    _guard.on_event("socket.getaddrinfo", ("pay-api.amazon.com", 443))
    assert _registry.take_reached() == []


@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_client_that_was_made_too_early_is_named(by_proxy: bool) -> None:
    with serving() as server:
        proxy = f"http://localhost:{server.port}" if by_proxy else None
        with (
            pytest.raises(RealHostReached, match=r"pay-api\.amazon\.com"),
            amazon_pay() as local,
            Client("SANDBOX-A", local.private_key, "us", proxy=proxy) as early,
        ):
            early.get_charge(CHARGE)


async def test_an_awaiting_client_that_was_made_too_early_is_named() -> None:
    async def ask() -> None:
        with amazon_pay() as local:
            key = local.private_key
            async with AmazonPay.AsyncClient("SANDBOX-A", key, "us") as early:
                await early.get_charge(CHARGE)

    with pytest.raises(RealHostReached):
        await ask()


def test_what_was_caught_in_a_thread_is_raised_at_the_end() -> None:
    def shop() -> None:
        with suppress(AssertionError):
            _guard.check_host("pay-api.amazon.eu")

    local = amazon_pay()
    local.__enter__()
    thread = threading.Thread(target=shop)
    thread.start()
    thread.join()
    with pytest.raises(RealHostReached, match=r"pay-api\.amazon\.eu"):
        local.__exit__(None, None, None)


def test_this_machine_is_open_under_the_guard(
    amazon_pay: LocalAmazonPay, amazon_pay_server: AmazonPayServer
) -> None:
    assert amazon_pay.is_open
    with socket.create_connection(("localhost", amazon_pay_server.port)):
        pass


# A live client ------------------------------------------------------------------------


@pytest.mark.parametrize("sandbox", [None, False])
def test_a_live_key_refuses_what_a_simulator_answers(
    amazon_pay: LocalAmazonPay, sandbox: bool | None
) -> None:
    given: Any = ("LIVE-A", amazon_pay.private_key, "us", sandbox)
    transport = amazon_pay.transport

    async def ask() -> None:
        async with AmazonPay.AsyncClient(*given, transport=transport) as client:
            await client.get_charge(CHARGE)

    with Client(*given, transport=transport) as client:
        for call in (
            lambda: client.get_charge(CHARGE),
            lambda: client.create_checkout_session(SESSION),
            lambda: client.request("GET", f"/charges/{CHARGE}"),
            lambda: anyio.run(ask),
        ):
            with pytest.raises(ConfigurationError, match="a simulator has answered"):
                call()


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_key_of_both_environments_takes_it(
    amazon_pay: LocalAmazonPay, sandbox: bool
) -> None:
    key, transport = amazon_pay.private_key, amazon_pay.transport
    with Client("A", key, "us", sandbox, transport=transport) as client:
        assert client.get_charge(CHARGE).status_code == 400


# What it costs, and what is missing ---------------------------------------------------


def test_names_are_listed_and_wrong_ones_are_attribute_errors() -> None:
    assert {"amazon_pay", "Authority", "verifier_for"} <= set(dir(AmazonPay.testing))
    with pytest.raises(AttributeError, match="no attribute 'amazonpay'"):
        getattr(AmazonPay.testing, "amazonpay")  # noqa: B009 - a checker knows it


@pytest.mark.parametrize("missing", ["pydantic", "sqlalchemy", "uvicorn"])
def test_a_missing_package_names_its_extra(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{missing}.*\[testing\]"):
        loaded(missing)


def test_another_missing_module_is_named_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'nothing_at_all'"):
        loaded("nothing_at_all")


def test_a_transport_carries_query_headers_and_body(
    amazon_pay: LocalAmazonPay,
) -> None:
    with httpx2.Client(transport=amazon_pay.transport) as plain:
        answer = plain.post("https://anywhere/v2/charges?a=1", content=b"{}")
    assert answer.headers["x-simulator"] == "AmazonPay"
    facts = amazon_pay.story()[-1].facts
    assert (facts["target"], facts["body"]) == ("/v2/charges?a=1", "{}")
