"""The console's page: its files, and who is let in."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest

import AmazonPay.simulator.console
from AmazonPay.simulator import Request
from simulated import Reply, Shop, reply_of

HOST = {"host": "localhost:8421"}
FOLDER = files(AmazonPay.simulator.console).joinpath("static")
NAMES = sorted(one.name for one in FOLDER.iterdir())
NOBODY = (401, "UnauthorizedAccess")


def visit(
    shop: Shop, target: str, *, method: str = "GET", scheme: str = "http", **more: str
) -> Reply:
    headers = tuple((HOST | more).items())
    request = Request(method, target, headers, scheme=scheme)
    return reply_of(shop.simulator.handle(request))


def page_asks(shop: Shop, cookie: str, method: str = "GET", **more: str) -> Reply:
    """Ask as a page in a browser does, which says so."""
    path = "/_simulator/clock"
    said = {"sec-fetch-site": "same-origin", "cookie": cookie, **more}
    return visit(shop, path, method=method, **said)


def cookie_of(shop: Shop, **more: Any) -> str:
    reply = visit(shop, f"/?token={shop.simulator.token}", **more)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    return reply.headers["set-cookie"]


def test_the_page_comes_under_a_strict_policy(shop: Shop) -> None:
    page = visit(shop, "/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = page.body.decode()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", html)


def test_the_page_holds_nothing_of_the_world(shop: Shop) -> None:
    before = visit(shop, "/").body
    shop.buy()
    assert visit(shop, "/").body == before


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_served_and_asks_for_nothing_elsewhere(name: str) -> None:
    shop = Shop()
    reply = visit(shop, f"/console/{name}")
    if name == "index.html":
        assert reply.status == 404
        return
    assert reply.status == 200
    text = reply.body.decode().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML", text)
    assert not re.search(r"document\.write|\beval\(|new Function", text)


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/..",
        "/console/../routes.py",
        "/console/%2e%2e/routes.py",
        "/console/static/main.js",
        "/console//etc/passwd",
        "/console/main.js/",
        "/console/main",
        "/console/MAIN.JS",
    ],
)
def test_no_path_reads_another_file(shop: Shop, path: str) -> None:
    assert visit(shop, path).error == (404, "ResourceNotFound")


@pytest.mark.parametrize("target", ["/", "/?token=x", "/console/main.js"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
    ],
    ids=["host", "no-host", "origin", "null", "port"],
)
def test_no_other_host_or_page_gets_it(
    shop: Shop, target: str, headers: dict[str, str]
) -> None:
    reply = visit(shop, target, **headers)
    assert reply.error == NOBODY
    assert "set-cookie" not in reply.headers


def test_a_page_in_a_browser_needs_the_cookie_to_look(shop: Shop) -> None:
    assert page_asks(shop, "").error == NOBODY
    assert page_asks(shop, cookie_of(shop).partition(";")[0]).status == 200


def test_a_page_acts_with_the_cookie_and_its_own_origin_only(shop: Shop) -> None:
    cookie = cookie_of(shop).partition(";")[0]
    own = {"origin": "http://localhost:8421", "content-type": "application/json"}
    answers = page_asks(shop, cookie, "POST", **own)
    assert answers.error == (400, "InvalidRequest")  # a clock of the test's own
    assert page_asks(shop, "", "POST", **own).error == NOBODY
    other = {**own, "origin": "http://localhost:8000"}
    assert page_asks(shop, cookie, "POST", **other).error == NOBODY


def test_the_printed_link_lets_in_by_a_cookie_that_holds_no_token(shop: Shop) -> None:
    cookie = cookie_of(shop)
    assert cookie.startswith("amazonpay_simulator_console_8421=")
    assert "; Path=/_simulator/; HttpOnly; SameSite=Strict" in cookie
    assert shop.simulator.token not in cookie
    assert "Secure" not in cookie
    assert cookie_of(shop, scheme="https").endswith("; Secure")


@pytest.mark.parametrize("said", ["x", "", "%C3%A9", "%ff"])
def test_a_wrong_token_leads_to_the_door(shop: Shop, said: str) -> None:
    reply = visit(shop, f"/?token={said}")
    assert "set-cookie" not in reply.headers
    if said:
        assert (reply.status, reply.headers["location"]) == (303, "/?door=wrong")


def test_the_cookie_of_another_run_or_port_lets_nobody_in(shop: Shop) -> None:
    another = cookie_of(Shop()).partition(";")[0]
    assert page_asks(shop, another).error == NOBODY
    ours = cookie_of(shop).partition(";")[0]
    assert page_asks(shop, ours.replace("8421", "8422")).error == NOBODY
    assert page_asks(shop, f"{another}; {ours}; other=1").status == 200
    for broken in (ours[:-1], f"{ours}0", ours.replace("=", "= "), f"x{ours}"):
        assert page_asks(shop, broken).error == NOBODY


def test_a_form_of_another_page_is_refused_in_spite_of_the_cookie(shop: Shop) -> None:
    cookie = cookie_of(shop).partition(";")[0]
    headers = (
        *HOST.items(),
        ("cookie", cookie),
        ("content-type", "application/x-www-form-urlencoded"),
    )
    request = Request("POST", "/_simulator/reset", headers, b"a=1", "http")
    assert reply_of(shop.simulator.handle(request)).error == NOBODY
