"""Every sample of the README that this package was asked to honour, as printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from AmazonPay import Client
from AmazonPay.simulator import Simulator
from keys import KEY, OTHER_KEY
from shop import LivePrintedIds, PrintedIds, Shop, amazon, pay

pytestmark = pytest.mark.process
TEXT = (Path(__file__).parents[1] / "mission" / "README.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

SESSION = "00000000-0000-0000-0000-000000000000"
CHARGE = "S00-0000000-0000000-C000000"

Prepare = Callable[[Client, Simulator], object]


def nothing(client: Client, simulator: Simulator) -> None:
    del client, simulator


def an_open_session(client: Client, simulator: Simulator) -> None:
    del simulator
    web = {"checkoutReviewReturnUrl": "https://localhost/review"}
    client.create_checkout_session(
        {"webCheckoutDetails": web, "storeId": "amzn1.application-oa2-client.0123"}
    )


def a_paid_session(client: Client, simulator: Simulator) -> None:
    pay(client, simulator, "Authorize")


def a_permission(client: Client, simulator: Simulator) -> None:
    amount = pay(client, simulator, "Confirm")
    client.complete_checkout_session(SESSION, {"chargeAmount": amount})


def an_authorized_charge(client: Client, simulator: Simulator) -> None:
    amount = pay(client, simulator, "Authorize")
    client.complete_checkout_session(SESSION, {"chargeAmount": amount})


def a_captured_charge(client: Client, simulator: Simulator) -> None:
    an_authorized_charge(client, simulator)
    client.capture_charge(
        CHARGE, {"captureAmount": {"amount": "100", "currencyCode": "JPY"}}
    )


def a_refund(client: Client, simulator: Simulator) -> None:
    a_captured_charge(client, simulator)
    amount = {"amount": "100", "currencyCode": "JPY"}
    client.create_refund({"chargeId": CHARGE, "refundAmount": amount})


# The call that makes a sample what it is, what must be there before, what it prints.
CALLS: dict[str, tuple[Prepare, str]] = {
    "create_delivery_tracker": (a_permission, "'trackingNumber'"),
    "create_checkout_session": (nothing, "'Open'"),
    "get_checkout_session": (an_open_session, "'Open'"),
    "update_checkout_session": (an_open_session, "'amount': '100'"),
    "complete_checkout_session": (a_paid_session, "'Completed'"),
    "get_charge_permission": (a_permission, "'Chargeable'"),
    "update_charge_permission": (a_permission, "'Test Store'"),
    "close_charge_permission": (a_permission, "'MerchantClosed'"),
    "create_charge": (a_permission, "'Captured'"),
    "get_charge": (an_authorized_charge, "'Authorized'"),
    "capture_charge": (an_authorized_charge, "'Captured'"),
    "cancel_charge": (an_authorized_charge, "'MerchantCanceled'"),
    "create_refund": (a_captured_charge, "'RefundInitiated'"),
    "get_refund": (a_refund, "'refundId'"),
}
QUIET = {"generate_button_signature": 2, "": 2}


def call_of(sample: str) -> str:
    found = re.search(r"client\.(\w+)\(", sample)
    return found[1] if found else ""


API_SAMPLES = [sample for sample in SAMPLES if call_of(sample) in CALLS]
QUIET_SAMPLES = [sample for sample in SAMPLES if call_of(sample) in QUIET]


def test_every_sample_of_the_page_is_run() -> None:
    assert len(API_SAMPLES) == len(CALLS)
    assert len(API_SAMPLES) + len(QUIET_SAMPLES) == len(SAMPLES) == 18


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, KEY)
    shop.prepare()
    return shop


@pytest.mark.parametrize("sample", API_SAMPLES, ids=call_of)
def test_a_sample_runs_to_its_success_as_printed(sample: str, shop: Shop) -> None:
    prepare, printed = CALLS[call_of(sample)]
    live = "sandbox=False" in sample
    simulator = shop.simulator(LivePrintedIds() if live else PrintedIds())
    prepare(shop.client(simulator, sandbox=not live), simulator)
    with amazon(simulator, shop.folder) as env:
        done = shop.run(sample, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert printed in done.stdout
    assert "Status Code" not in done.stdout


@pytest.mark.parametrize("sample", API_SAMPLES, ids=call_of)
def test_a_sample_runs_to_its_error_branch_as_printed(sample: str, shop: Shop) -> None:
    # Nothing is there, and the key of the shop is not the one that Amazon knows.
    simulator = Shop(shop.folder, OTHER_KEY).simulator()
    with amazon(simulator, shop.folder) as env:
        done = shop.run(sample, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Status Code: 403\nContent: {")
    assert "InvalidRequestSignature" in done.stdout


@pytest.mark.parametrize("number", range(len(QUIET_SAMPLES)))
def test_a_sample_that_calls_nobody_runs_as_printed(number: int, shop: Shop) -> None:
    with amazon(shop.simulator(), shop.folder) as env:
        done = shop.run(QUIET_SAMPLES[number], env)
    assert done.returncode == 0
    assert done.stdout == ""
