"""An address where nothing is: a page for people, JSON for programs."""

from __future__ import annotations

import pytest

from simulated import Shop
from visitor import Visitor

# As browsers write it when a person opens an address.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def visitor(shop: Shop, accept: str | None = BROWSER, **headers: str) -> Visitor:
    wanted = {} if accept is None else {"accept": accept}
    return Visitor(shop.simulator, {**wanted, **headers})


@pytest.mark.parametrize(
    "path",
    ["/review", "/ipn", "/v2", "/v2/nothing", "/sandbox/v2/", "/console/no.js", "//"],
)
def test_a_browser_gets_a_page_where_nothing_is(shop: Shop, path: str) -> None:
    page = visitor(shop).get(path)
    assert page.status == 404
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert f"There is nothing at this address {path} This is" in page.text


def test_the_page_leads_to_what_is_there(shop: Shop) -> None:
    browser = visitor(shop)
    page = browser.get("/nothing")
    links = [given["href"] for tag, given in page.elements.tags if tag == "a"]
    assert links == ["/", "/openapi.json"]
    assert [browser.get(str(link)).status for link in links] == [200, 200]


def test_the_page_shows_an_address_as_text(shop: Shop) -> None:
    page = visitor(shop).get("/<script>alert(1)</script>?secret=1")
    assert "/<script>alert(1)</script> This is" in page.text
    assert "script" not in {tag for tag, _ in page.elements.tags}
    assert "secret" not in page.html


def test_a_visit_to_nothing_is_no_row_of_the_story(shop: Shop) -> None:
    visitor(shop).get("/nothing")
    assert shop.simulator.story() == []


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "application/json, text/html",
        "text/html;q=0.5, application/json;q=0.9",
        "text/html;q=0",
        "text/html;q=much",
        "text/htm, x-text/html",
    ],
)
def test_a_program_gets_the_answer_of_the_api(shop: Shop, accept: str | None) -> None:
    answer = visitor(shop, accept).get("/nothing")
    assert answer.status == 404
    assert answer.header("content-type") == "application/json"
    assert '"reasonCode":"ResourceNotFound"' in answer.html


def test_a_signed_call_gets_json_whatever_it_accepts(shop: Shop) -> None:
    answer = visitor(shop, authorization="AMZN-PAY-RSASSA-PSS x").get("/nothing")
    assert '"reasonCode":"ResourceNotFound"' in answer.html


def test_a_posted_form_gets_json(shop: Shop) -> None:
    answer = visitor(shop).post("/nothing", {"a": "b"})
    assert '"reasonCode":"ResourceNotFound"' in answer.html


def test_an_address_of_the_api_says_in_a_browser_what_it_lacks(shop: Shop) -> None:
    answer = visitor(shop).get("/v2/charges/S01-0000000-0000000-C000000")
    assert answer.status == 400
    assert '"reasonCode":"MissingHeader"' in answer.html
