"""Numbers that the pages give are those of the code."""

from __future__ import annotations

import re
from decimal import Decimal
from importlib import import_module
from importlib.metadata import requires
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from AmazonPay import Client, price
from AmazonPay._core.options import DEFAULT_DEADLINE, DEFAULT_RETRY, DEFAULT_TIMEOUT
from reference.limits import MONTHLY

if TYPE_CHECKING:
    from AmazonPay import Journal
    from AmazonPay.testing import LocalAmazonPay

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_a_web_server_has_less_patience_than_a_call() -> None:
    text = page("frameworks")
    patience = import_module("gunicorn.config").Timeout.default
    assert f"takes longer than {patience} seconds" in text
    assert f"may take {DEFAULT_DEADLINE:.0f} seconds by default" in text


def test_the_times_and_attempts_of_a_call_are_the_defaults() -> None:
    step, retry = DEFAULT_TIMEOUT, DEFAULT_RETRY
    text = page("reliability")
    for name, seconds in (("connecting", step.connect), ("writing", step.write)):
        assert f"{name} ({seconds:.0f}" in text
    assert f"reading ({step.read:.0f})" in text
    assert f"a free connection ({step.pool:.0f})" in text
    assert f"by default at most {retry.attempts} attempts" in text
    assert (
        f"Retry(attempts={retry.attempts}, base={retry.base}, cap={retry.cap})" in text
    )
    pauses = [min(retry.cap, retry.base * 2**n) for n in range(retry.attempts - 1)]
    assert "at most {:g}, {:g} and {:g} seconds".format(*pauses) in text


def test_every_option_of_a_view_is_named() -> None:
    (line,) = re.findall(r"^`with_options` takes .*$", page("calls"), re.MULTILINE)
    options = set(signature(Client.with_options).parameters) - {"self"}
    assert set(re.findall(r"`(\w+)`", line)) == options | {"with_options"}


def test_every_variable_that_the_package_reads_has_a_row() -> None:
    sources = (DOCS.parent / "src" / "AmazonPay").rglob("*.py")
    code = "".join(source.read_text(encoding="utf-8") for source in sources)
    read = set(re.findall(r"\bAMAZON_PAY_[A-Z_]+\b", code))
    read -= {"AMAZON_PAY_SANDBOX_MODE"}  # a misspelt one, which is refused
    rows = re.findall(r"^\| (`AMAZON_PAY_.*?) \|", page("configuration"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == read


def test_a_helper_makes_four_calls_for_a_checkout(
    amazon_pay: LocalAmazonPay, amazon_pay_client: Client, amazon_pay_journal: Journal
) -> None:
    assert "A helper makes four calls for one checkout" in page("frameworks")
    amount = price("14.00", "USD")
    web = {
        "checkoutReviewReturnUrl": "https://localhost/review",
        "checkoutResultReturnUrl": "https://localhost/result",
    }
    session = amazon_pay_client.create_checkout_session(
        {
            "webCheckoutDetails": web,
            "storeId": "amzn1.application-oa2-client.0123",
            "paymentDetails": {"paymentIntent": "Authorize", "chargeAmount": amount},
        }
    ).json()["checkoutSessionId"]
    amazon_pay.choose(session)
    amazon_pay.pay(session)
    before = len(amazon_pay.story())
    amazon_pay_client.complete_or_get_checkout_session(
        session,
        {"chargeAmount": amount},
        journal=amazon_pay_journal,
        namespace="shop",
        order="1007",
    )
    made = [one for one in amazon_pay.story()[before:] if one.kind == "request"]
    assert len(made) == 4


PAGES = {"Recurring": "subscriptions", "PaymentMethodOnFile": "wallets"}


@pytest.mark.parametrize(
    ("kind", "currency", "limit"),
    [
        (kind, currency, limit)
        for kind, region, currency, limit in MONTHLY
        if (region, currency) in {("na", "USD"), ("jp", "JPY")}
    ],
)
def test_a_page_says_what_a_month_may_be_charged(
    kind: str, currency: str, limit: str
) -> None:
    assert f"{Decimal(limit):,.0f} {currency}" in page(PAGES[kind])


def test_what_doctor_is_said_to_check_it_checks() -> None:
    sources = (DOCS.parent / "src" / "AmazonPay" / "cli").glob("*.py")
    code = "".join(source.read_text(encoding="utf-8") for source in sources)
    known = set(re.findall(r"\b(?:ok|wrong|unknown)\(\s*\"([a-z ]+)\"", code))
    said = re.findall(r"\| `doctor[^`]*`: ([a-z ,]+)", page("going-live"))
    named = {name.strip() for row in said for name in row.split(",")} - {""}
    assert len(named) > 10
    assert named <= known | {"merchant id", "store id"}  # the last two are looped over


def test_what_reads_the_certificates_of_the_system_comes_with_the_client() -> None:
    names = [re.split(r"\W", one)[0] for one in requires("httpcore2") or []]
    assert "truststore" in names
    assert "by `truststore`, which comes with `httpx2`" in page("platforms")
