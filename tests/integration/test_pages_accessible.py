"""An accessibility checker finds nothing on any page that a buyer can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from AmazonPay import Client
from AmazonPay.simulator.server import serving
from every_page import Shown, every_page
from keys import KEY
from looks import SCHEMES, faults_of, put_on
from pages_shop import PagesShop
from visitor import ButtonShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.process

SEND = """([path, fields]) => {
  const form = document.createElement("form");
  form.method = "POST";
  form.action = path;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Page:
    page = browser.new_page()
    page.set_default_timeout(20_000)
    return page


def show(tab: Page, url: str, shown: Shown) -> None:
    """Open a page in the browser."""
    if shown.form is None:
        answer = tab.goto(f"{url}{shown.path}")
        assert answer is not None
        assert answer.status == shown.status
    else:
        tab.goto(f"{url}/checkout/none")
        with tab.expect_navigation() as sent:
            tab.evaluate(SEND, [shown.path, dict(shown.form)])
        assert sent.value.status == shown.status


def test_axe_finds_nothing_on_any_page(tab: Page) -> None:
    shop = ButtonShop("eu")
    pages = every_page(shop)
    faults: dict[str, list[str]] = {}
    with serving(shop.simulator, tls=False) as served:
        for scheme in SCHEMES:
            for name, shown in pages.items():
                put_on(tab, scheme)
                show(tab, served.url, shown)
                if found := faults_of(tab, scheme):
                    faults[f"{name}, {scheme}"] = found
    assert faults == {}


def test_axe_finds_nothing_on_the_button(tab: Page) -> None:
    shop = ButtonShop("eu")
    with (
        serving(shop.simulator, tls=False) as served,
        Client(shop.key_id, KEY, "eu", endpoint_url=served.url) as client,
        PagesShop(client).open() as pages,
    ):
        tab.goto(f"{pages.url}/cart")
        tab.get_by_test_id("amazon-pay-button").wait_for()
        found = [one for one in faults_of(tab) if "<html" not in one]
    # The page around it is the shop's.
    assert [one for one in found if "button" in one] == []


def test_axe_finds_what_is_wrong(tab: Page) -> None:
    tab.goto("about:blank")
    pale = "<p style='color:#eee;background:#fff'>pale"
    tab.set_content(f"<html><body><img src='data:,'>{pale}")
    assert {"image-alt", "color-contrast"} <= {
        one.partition(":")[0] for one in faults_of(tab)
    }
