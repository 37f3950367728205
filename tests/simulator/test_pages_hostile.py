"""What the buyer's pages let nobody do, whatever a shop or a stranger sends."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from AmazonPay.simulator import Request
from AmazonPay.simulator.pages import web
from visitor import HERE, ButtonShop, Page, Visitor

PAGES = Path(web.__file__).parent

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt; &amp;",
    "\u202egnp.exe",
]


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


def tags(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """List the tags of a page with the names of their attributes."""
    return [(tag, tuple(given)) for tag, given in page.elements.tags]


def shown_with(shop: ButtonShop, text: str) -> list[Page]:
    """Show pages with a text wherever a shop can put one."""
    web_details = {
        "checkoutReviewReturnUrl": "https://shop.example/r",
        "checkoutResultReturnUrl": "https://shop.example/s",
    }
    visitor, page = shop.clicked(
        shop.payload(
            webCheckoutDetails=web_details,
            merchantMetadata={
                "merchantStoreName": text,
                "noteToBuyer": text,
                "merchantReferenceId": text,
            },
            paymentDetails={
                "paymentIntent": "Authorize",
                "chargeAmount": shop.money("1"),
            },
        )
    )
    third = visitor.get(f"/checkout/choose{page.ids['buyer-3']['href']}")
    back = visitor.submit(third, "continue")
    link = back.location.replace("https://shop.example/r", "/checkout/processing")
    paying = visitor.get(link)
    visitor.submit(paying, "pay")
    wrong = shop.form(text, signature=text, publicKeyId=shop.key_id, merchantId=text)
    return [
        page,
        third,
        paying,
        visitor.get(link),
        visitor.post("/checkout/initiate", wrong),
        visitor.post("/checkout/initiate", {**wrong, "publicKeyId": text}),
    ]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_of_the_shop_adds_no_tag_and_no_attribute(
    shop: ButtonShop, text: str
) -> None:
    plain = shown_with(ButtonShop(), "plain text")
    for page, calm in zip(shown_with(shop, text), plain, strict=True):
        assert [one for one in tags(page) if one[0] != "mark"] == tags(calm)
        assert text.lstrip("\u202e").split()[0] in page.elements.text


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/%22%3E%3Cscript%3E?a='b\"",
        'https://shop.example/"><script>alert(1)</script>',
        "https://shop.example/;script-src*",
    ],
)
def test_a_url_of_the_shop_adds_no_tag(shop: ButtonShop, url: str) -> None:
    payload = shop.payload(webCheckoutDetails={"checkoutReviewReturnUrl": url})
    visitor, page = shop.clicked(payload)
    assert not [tag for tag, _ in page.elements.tags if tag == "script"]
    ended = visitor.submit(page, "cancel")
    assert ended.location.startswith("https://shop.example/")
    assert "\r" not in ended.location


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize(
    "path",
    [
        "/checkout/choose?amazonCheckoutSessionId=",
        "/checkout/processing?amazonCheckoutSessionId=",
        "/checkout/initiate_auth?changeAction=changeAddress&amazonCheckoutSessionId=",
        "/checkout/sign_in?id=",
    ],
)
def test_an_id_that_names_nothing_is_shown_as_text(
    shop: ButtonShop, path: str, text: str
) -> None:
    page = shop.visitor().get(path + "".join(f"%{byte:02x}" for byte in text.encode()))
    assert page.status == 404
    assert text in page.ids["error-message"]["text"]


@pytest.mark.parametrize(
    "query",
    ["", "?", "?amazonCheckoutSessionId", "?%ff=1", "?a=" + "&a=" * 200, "?id=" * 9],
)
@pytest.mark.parametrize("path", ["choose", "processing", "sign_in", "initiate_auth"])
def test_a_query_without_sense_is_refused(
    shop: ButtonShop, path: str, query: str
) -> None:
    assert shop.visitor().get(f"/checkout/{path}{query}").status in {400, 404}


# Who may act --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
@pytest.mark.parametrize("act", ["continue", "cancel"])
def test_another_page_cannot_act_for_the_buyer(
    shop: ButtonShop, headers: dict[str, str], act: str
) -> None:
    visitor, page = shop.clicked()
    visitor.headers = headers
    sent = visitor.submit(page, act)
    assert (sent.status, sent.ids["error-code"]["text"]) == (401, "UnauthorizedAccess")


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "localhost:x", "["])
def test_another_port_of_this_machine_is_another_page(
    shop: ButtonShop, host: str
) -> None:
    visitor, page = shop.clicked()
    shop.simulator.origin = HERE
    visitor.headers = {"host": host}
    assert visitor.submit(page, "cancel").status == 401
    visitor.headers = {}
    assert visitor.submit(page, "cancel").status == 303


def test_the_pages_own_origin_may_act(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    visitor.headers = {"origin": HERE}
    assert visitor.submit(page, "continue").status == 303


def test_a_button_is_posted_from_any_origin(shop: ButtonShop) -> None:
    visitor = Visitor(shop.simulator, {"origin": "https://shop.example"})
    assert visitor.post("/checkout/initiate", shop.form()).status == 303


@pytest.mark.parametrize("act", ["", "PAY", "amazonCancel", "complete"])
def test_an_act_that_is_none_does_nothing(shop: ButtonShop, act: str) -> None:
    visitor, page = shop.clicked()
    assert visitor.submit(page, act).status == 400
    visitor.submit(page, "continue")
    link = page.ids["buyer-1"]["href"].replace("?", "/checkout/processing?")
    assert visitor.submit(visitor.get(link), act).status == 400
    did = {row.facts.get("did") for row in shop.simulator.story()}
    assert not {"paid", "canceled"} & did


# What is served -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "/checkout/",
        "/checkout/../pages.css",
        "/checkout/%2e%2e/web.py",
        "/checkout/..%2fweb.py",
        "/checkout/pages.css/",
        "/checkout/templates/base.html",
        "/checkout/static/checkout.js",
        "/checkout//etc/passwd",
        "/checkout/pages.css%00",
    ],
)
def test_no_path_reads_another_file(shop: ButtonShop, target: str) -> None:
    assert shop.visitor().get(target).status == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/checkout.js", "text/javascript; charset=utf-8"),
        ("/checkout.js?v=2", "text/javascript; charset=utf-8"),
        ("/checkout/pages.css", "text/css; charset=utf-8"),
    ],
)
def test_the_script_and_the_style_are_served(
    shop: ButtonShop, path: str, kind: str
) -> None:
    page = shop.visitor().get(path)
    assert (page.status, page.header("content-type")) == (200, kind)
    assert page.response.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_files_are_only_read(shop: ButtonShop, method: str) -> None:
    request = Request(method, "/checkout.js", (("host", "localhost"),))
    assert shop.simulator.handle(request).status == 404


def test_every_page_has_a_strict_policy(shop: ButtonShop) -> None:
    for page in shown_with(shop, "plain"):
        policy = page.header("content-security-policy")
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert page.header("cache-control") == "no-store"


def test_pages_ask_nobody_else_for_anything() -> None:
    for path in (*PAGES.glob("templates/*"), *PAGES.glob("static/*.css")):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:https?:)?//\w|@import|url\(|style=|<script", text), (
            path
        )
    script = (PAGES / "static" / "checkout.js").read_text(encoding="utf-8")
    assert not re.findall(r"[\"'`]https?://|innerHTML|eval\(", script)


def test_cookies_have_our_prefix_and_no_script_reads_them(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    cookie = visitor.submit(page, "continue").header("set-cookie")
    assert cookie.startswith("amazonpay_simulator_")
    assert {"HttpOnly", "SameSite=Lax", "Path=/checkout"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "cookie", ["2", "0", "99", "1000", "x", "2x", "", "2,amazonpay_simulator_buyer=3"]
)
def test_a_cookie_chooses_no_buyer_who_does_not_exist(
    shop: ButtonShop, cookie: str
) -> None:
    visitor = shop.visitor()
    visitor.cookie = f"amazonpay_simulator_buyer={cookie}"
    page = visitor.follow(visitor.post("/checkout/initiate", shop.form()))
    known = {"2": "buyer-2", "2,amazonpay_simulator_buyer=3": "buyer-2"}
    assert known.get(cookie, "buyer-1") in page.chosen


def test_what_a_payload_keeps_is_bounded(shop: ButtonShop) -> None:
    for number in range(25):
        form = shop.form(shop.payload(supplementaryData=str(number)))
        shop.visitor().post("/checkout/initiate", form)
    with shop.simulator.store.transaction() as transaction:
        record: Any = transaction.find("", "signedPayload", shop.key_id)
    assert len(record["payloads"]) == 20
    assert '"24"' in record["payloads"][0]


# Files --------------------------------------------------------------------------------


class Opened:
    """Notes which files are opened while it is told to."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.listens = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.listens and event == "open":
            self.names.append(str(arguments[0]))


OPENED = Opened()
# A hook cannot be taken away again; it does nothing unless it is told to listen.
sys.addaudithook(OPENED)

UP = ["..", "%2e%2e", "..%2f", "%2e%2e%2f", "..\\", "%5c..", "....//", "%00", "~root"]
ROOTS = [
    *("/", "/checkout/", "/checkout/pages.css/", "/checkout.js/", "/checkout/static/"),
    *("/checkout/templates/", "/_simulator/links/", "/SimpleNotificationService-"),
    *("/_simulator/", "/v2/", "/v2/files/", "/openapi.json/", "/static/"),
]


def test_no_path_reads_a_file(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    visitor.submit(page, "continue")
    paths = ["/checkout.js", "/checkout/pages.css", "/openapi.json"]
    for path in (*paths, "/checkout/none", "/checkout/choose"):
        visitor.get(path)  # what the package itself reads is read by now
    secret = str(Path(__file__))
    targets = [
        f"{root}{up}{'/' + up if again else ''}{end}"
        for root in ROOTS
        for up in UP
        for again in (False, True)
        for end in ("/etc/passwd", secret, "/templates/base.html", "/pages.css")
    ]
    targets += [f"{path}?file={secret}" for path in paths]
    OPENED.listens = True
    try:
        answers = [visitor.get(target) for target in targets]
    finally:
        OPENED.listens = False
    # An import on first use reads what was compiled.
    assert [one for one in OPENED.names if not one.endswith((".pyc", ".so"))] == []
    assert all("Files ---" not in one.response.body.decode() for one in answers)
    assert {one.status for one in answers[: -len(paths)]} <= {400, 401, 403, 404, 405}
