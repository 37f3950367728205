"""An accessibility checker finds nothing on any page that a buyer can see."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from AmazonPay import Client
from AmazonPay.simulator.server import serving
from every_page import Shown, every_page
from keys import KEY
from pages_shop import PagesShop
from visitor import ButtonShop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[1] / "support/node/node_modules/axe-core/axe.min.js"

# One look of each kind is enough: a phone's width by night, a desk's by day.
LOOKS: list[tuple[Literal["light", "dark"], int]] = [("light", 1280), ("dark", 390)]

# All that the look of a page can change, once all rules have been tried.
LOOKS_ALONE: dict[str, list[str]] = {
    "light": [],
    "dark": ["color-contrast", "target-size", "link-in-text-block"],
}

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
def tab() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; `make system` installs it on Debian")
    if not AXE.exists():
        pytest.skip("axe is not installed; `make tests` installs it")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.set_default_timeout(20_000)
        yield page
        browser.close()


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


def faults_of(tab: Page, *rules: str) -> list[str]:
    """Tell what axe finds on a page as it is: by some of its rules, or by all."""
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found: list[dict[str, Any]] = tab.evaluate(
        "(options) => axe.run(options).then((result) => result.violations)", options
    )
    return [
        f"{one['id']}: {node['html']}: {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def overflow_of(tab: Page) -> int:
    """Tell by how many pixels a page is wider than its window."""
    wide: int = tab.evaluate(
        "() => document.documentElement.scrollWidth - window.innerWidth"
    )
    return wide


def test_axe_finds_nothing_on_any_page(tab: Page) -> None:
    shop = ButtonShop("eu")
    pages = every_page(shop)
    faults: dict[str, list[str]] = {}
    with serving(shop.simulator, tls=False) as served:
        for scheme, width in LOOKS:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 900})
            for name, shown in pages.items():
                show(tab, served.url, shown)
                found = faults_of(tab, *LOOKS_ALONE[scheme])
                if overflow_of(tab) > 0:
                    found.append("it is wider than its window")
                if found:
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
    tab.emulate_media(color_scheme="light")
    pale = "<p style='color:#eee;background:#fff'>pale"
    tab.set_content(f"<html><body><img src='data:,'>{pale}")
    assert {"image-alt", "color-contrast"} <= {
        one.partition(":")[0] for one in faults_of(tab)
    }
