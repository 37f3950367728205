"""The pytest plugin in runs of pytest: reports, missing extras, random order, xdist."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from unmeasured import unmeasured

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

PYTEST = (
    *(sys.executable, "-m", "pytest", "-q", "-W", "error", "--strict-markers"),
    *("-p", "no:cacheprovider"),
    # What else is installed beside it here takes long to import.
    *("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio"),
)
SHOP = """
from AmazonPay import Client, price
from AmazonPay.types import CreateCheckoutSession
import pytest
import unittest
from AmazonPay.testing import amazon_pay as simulated

CHARGE = "S01-0000000-0000000-C000000"

def buy(amazon_pay, client):
    session = client.create_checkout_session(CreateCheckoutSession(
        webCheckoutDetails={
            "checkoutReviewReturnUrl": "https://localhost/review",
            "checkoutResultReturnUrl": "https://localhost/result",
        },
        storeId="amzn1.application-oa2-client.0123",
        paymentDetails={
            "paymentIntent": "Authorize", "chargeAmount": price("5", "USD"),
        },
    )).json()["checkoutSessionId"]
    amazon_pay.choose(session)
    amazon_pay.pay(session)
    return session
"""
FAILING = """
def test_wrong_key(amazon_pay):
    from cryptography.hazmat.primitives.asymmetric import rsa
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    transport = amazon_pay.transport
    with Client("SANDBOX-TEST", other, "us", transport=transport) as client:
        client.get_charge(CHARGE).raise_for_status()

def test_not_completed(amazon_pay, amazon_pay_client):
    buy(amazon_pay, amazon_pay_client)
    assert amazon_pay.charges()

def test_caught(amazon_pay):
    with Client("SANDBOX-TEST", amazon_pay.private_key, "us") as real:
        try:
            real.get_charge(CHARGE)
        except AssertionError:
            pass

class TestShop(unittest.TestCase):
    def test_unittest(self):
        local = self.enterContext(simulated())
        buy(local, local.client())
        assert local.charges()

def test_unused(amazon_pay, amazon_pay_client):
    with amazon_pay.fault("get_charge", "503"):
        pass

def test_without_any_of_it():
    assert False

def test_passes(amazon_pay, amazon_pay_client):
    buy(amazon_pay, amazon_pay_client)
"""
PASSING = """
@pytest.mark.parametrize("number", range(6))
def test_alone(amazon_pay, amazon_pay_client, amazon_pay_inbox, number):
    assert amazon_pay.sessions() == []
    buy(amazon_pay, amazon_pay_client)
    assert len(amazon_pay.sessions()) == 1

@pytest.mark.amazon_pay(region="jp")
def test_served(amazon_pay_server):
    with Client.from_env() as client:
        assert client.get_charge(CHARGE).status_code == 404
"""
MISSING = """
import sys

@pytest.fixture(autouse=True)
def without_pydantic():
    for name in [one for one in sys.modules if "AmazonPay.simulator" in one]:
        del sys.modules[name]
    sys.modules["pydantic"] = None

def test_shop(without_pydantic, amazon_pay):
    pass
"""
LIGHT = """
import sys

def test_nothing_heavy_is_there():
    heavy = {"pydantic", "cryptography", "httpx2", "uvicorn", "sqlalchemy", "anyio"}
    assert "AmazonPay.testing.plugin" in sys.modules
    assert not heavy & {name.partition(".")[0] for name in sys.modules}
"""


def run(folder: Path, text: str, *options: str) -> tuple[int, str]:
    (folder / "test_shop.py").write_text(text)
    done = subprocess.run(
        [*PYTEST, *options],
        cwd=folder,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def of(name: str, printed: str) -> str:
    """Return the report of one test: up to the next one, or the summary of all."""
    report = printed.partition(f"_ {name} _")[2]
    return re.split(r"\n(?:_{4}|={4})", report, maxsplit=1)[0]


def test_the_report_of_a_failing_test_names_the_cause(tmp_path: Path) -> None:
    code, printed = run(tmp_path, SHOP + FAILING)
    assert (code, "6 failed, 1 passed" in printed) == (1, True), printed
    wrong = of("test_wrong_key", printed)
    assert "403 InvalidRequestSignature" in wrong
    assert "Key id and private key are no pair" in wrong
    stuck = of("test_not_completed", printed)
    assert "◇  buyer paid" in stuck
    assert "checkoutSession" in stuck
    assert "◇  buyer paid" in of("TestShop.test_unittest", printed)
    assert "reached for the real Amazon Pay, pay-api.amazon.com" in of(
        "test_caught", printed
    )
    assert "FaultUnused" in of("test_unused", printed)
    assert "Amazon Pay" not in of("test_without_any_of_it", printed)


def test_tests_pass_in_any_order_and_in_many_processes(tmp_path: Path) -> None:
    options = ("-p", "randomly", "-p", "xdist", "-n", "2")
    code, printed = run(tmp_path, SHOP + PASSING, *options)
    assert (code, "7 passed" in printed) == (0, True), printed


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "import pytest\n" + MISSING)
    assert code == 1
    assert "pydantic is missing: pip install '.[testing]' in your checkout" in printed
    assert "or 'FILE[testing]' with the path of the wheel" in printed


def test_nothing_heavy_is_imported_before_a_fixture_is_used(tmp_path: Path) -> None:
    code, printed = run(tmp_path, LIGHT)
    assert code == 0, printed
