"""What a click on the button opens, and why it opens nothing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from AmazonPay.simulator import Simulator, merchant
from AmazonPay.simulator.story_lines import story_lines
from keys import KEY
from visitor import STORE, ButtonShop, Visitor, session_of, signature

SCRIPT_URL = '{"checkoutReviewReturnUrl": "javascript:x"}'


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


# The button ---------------------------------------------------------------------------


def test_a_click_opens_a_session_of_the_merchant(shop: ButtonShop) -> None:
    _, page = shop.clicked()
    got = shop.asked(session_of(page))
    assert got["statusDetails"]["state"] == "Open"
    assert got["storeId"] == STORE
    assert page.chosen == {"buyer-1", "address-1", "card-1111"}


def test_the_buyer_comes_back_with_what_they_chose(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    back = visitor.submit(page, "continue", card="4444", address="3")
    session = session_of(back)
    assert back.location == (
        f"https://shop.example/review?cart=7&amazonCheckoutSessionId={session}"
    )
    got = shop.asked(session)
    assert got["shippingAddress"]["city"] == "Fairbanks"
    assert got["paymentPreferences"] == [
        {"paymentDescriptor": "Mastercard ****4444 (Amazon Pay)"}
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/r", "https://shop.example/r?amazonCheckoutSessionId={}"),
        ("https://shop.example", "https://shop.example?amazonCheckoutSessionId={}"),
        (
            "https://shop.example/r?a=1&b=%20x&a=2#top",
            "https://shop.example/r?a=1&b=%20x&a=2&amazonCheckoutSessionId={}#top",
        ),
        (
            "http://localhost:8000/r?",
            "http://localhost:8000/r?amazonCheckoutSessionId={}",
        ),
    ],
)
def test_a_return_url_keeps_its_own_parameters(
    shop: ButtonShop, url: str, expected: str
) -> None:
    web = {"checkoutReviewReturnUrl": url}
    visitor, page = shop.clicked(shop.payload(webCheckoutDetails=web))
    back = visitor.submit(page, "continue")
    assert back.location == expected.format(session_of(back))


def test_a_session_that_the_server_created_needs_no_signature(
    shop: ButtonShop,
) -> None:
    session = shop.open()
    form = {"amazonCheckoutSessionId": session, "productType": "PayOnly"}
    visitor = shop.visitor()
    page = visitor.follow(visitor.post("/checkout/initiate", form))
    assert not any(name.startswith("address-") for name in page.ids)
    visitor.submit(page, "continue")
    assert shop.asked(session)["productType"] == "PayOnly"


def test_the_newer_algorithm_is_named_in_the_form(shop: ButtonShop) -> None:
    form = shop.form(algorithm="AMZN-PAY-RSASSA-PSS-V2")
    form["signature"] = signature(form["payloadJSON"], 32)
    assert shop.visitor().post("/checkout/initiate", form).status == 303


def test_a_session_of_buy_now_has_no_pages(shop: ButtonShop) -> None:
    body = shop.session_body()
    del body["webCheckoutDetails"]
    session = shop.open(body)
    visitor = shop.visitor()
    form = {"amazonCheckoutSessionId": session}
    for page in (
        visitor.post("/checkout/initiate", form),
        visitor.get(f"/checkout/choose?amazonCheckoutSessionId={session}"),
        visitor.post("/checkout/processing", {**form, "act": "pay"}),
    ):
        assert (page.status, page.ids["error-code"]["text"]) == (
            405,
            "UnsupportedOperation",
        )


def test_an_unsigned_object_opens_a_session(shop: ButtonShop) -> None:
    form = shop.form(payloadJSON=None, signature=None, publicKeyId="")
    form["checkoutSessionConfig"] = shop.form()["payloadJSON"]
    visitor = shop.visitor()
    page = visitor.follow(visitor.post("/checkout/initiate", form))
    assert shop.asked(session_of(page))["statusDetails"]["state"] == "Open"


@pytest.mark.parametrize(
    ("named", "status"), [("A2SHOP", 303), ("A1SHOP", 303), ("A3SHOP", 400)]
)
def test_an_unsigned_object_is_that_of_the_account(named: str, status: int) -> None:
    key = KEY.public_key()
    simulator = Simulator(
        [
            merchant("SANDBOX-ONE", key, region="us", merchant_id="A1SHOP"),
            merchant("SANDBOX-TWO", key, region="us", merchant_id="A2SHOP"),
        ]
    )
    form = ButtonShop().form(payloadJSON=None, signature=None, publicKeyId=None)
    form |= {"checkoutSessionConfig": ButtonShop().form()["payloadJSON"]}
    sent = Visitor(simulator).post("/checkout/initiate", {**form, "merchantId": named})
    assert sent.status == status
    owners = {row.owner for row in simulator.story() if row.kind == "state"}
    assert owners == ({f"{named}/sandbox"} if status == 303 else set())


def test_a_british_shop_is_one_of_pounds() -> None:
    shop = ButtonShop("eu", ledger_currency="GBP")
    assert shop.visitor().post("/checkout/initiate", shop.form()).status == 303
    euros = shop.form(ledgerCurrency="EUR")
    sent = shop.visitor().post("/checkout/initiate", euros)
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"environment": "LIVE"}, "InvalidParameterValue"),
        ({"environment": None}, "InvalidParameterValue"),
        ({"ledgerCurrency": "EUR"}, "InvalidParameterValue"),
        ({"ledgerCurrency": "XYZ"}, "InvalidParameterValue"),
        ({"productType": "Gift"}, "InvalidParameterValue"),
        ({"publicKeyId": "SANDBOX-OTHER"}, "InvalidParameterValue"),
        ({"publicKeyId": None}, "InvalidParameterValue"),
        ({"signature": None}, "InvalidSignatureError"),
        ({"signature": "%%%"}, "InvalidSignatureError"),
        ({"algorithm": "AMZN-PAY-RSASSA-PSS-V2"}, "InvalidSignatureError"),
        ({"algorithm": "RSA"}, "InvalidSignatureError"),
        ({"payloadJSON": "{}"}, "InvalidSignatureError"),
        ({"payloadJSON": "[object Object]"}, "InvalidSignatureError"),
        ({"payloadJSON": "[" * 100_000}, "InvalidSignatureError"),
        ({"productType": "SignIn"}, "InvalidSignatureError"),
        ({"amazonCheckoutSessionId": "no-such"}, "ResourceNotFound"),
    ],
)
def test_a_button_that_is_wrong_opens_nothing(
    shop: ButtonShop, changed: dict[str, Any], code: str
) -> None:
    sent = shop.visitor().post("/checkout/initiate", shop.form(**changed))
    assert sent.status in {400, 404}
    assert sent.ids["error-code"]["text"] == code
    assert not [row for row in shop.simulator.story() if row.kind == "state"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("[]", "InvalidRequestFormat"),
        ("{", "InvalidRequestFormat"),
        ('{"storeId": "x"}', "UnsupportedOperation"),
        (
            f'{{"webCheckoutDetails": {{}}, "storeId": "{STORE}"}}',
            "MissingParameterValue",
        ),
        (
            f'{{"storeId": "{STORE}", "webCheckoutDetails": {SCRIPT_URL}}}',
            "InvalidParameterValue",
        ),
        (
            '{"webCheckoutDetail": {}, "webCheckoutDetails": {}, "storeId": "x"}',
            "UnrecognizedField",
        ),
    ],
)
def test_a_payload_that_the_api_would_refuse_is_refused(
    shop: ButtonShop, payload: str, code: str
) -> None:
    sent = shop.visitor().post("/checkout/initiate", shop.form(payload))
    assert (sent.status >= 400, sent.ids["error-code"]["text"]) == (True, code)
    (row,) = [row for row in shop.simulator.story() if row.kind == "button"]
    assert (row.facts["did"], row.facts["code"]) == ("was refused", code)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a=1", "application/json"),
        (b"a=1", ""),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"a=1&" * 101, "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_is_refused(shop: ButtonShop, body: bytes, kind: str) -> None:
    sent = shop.visitor().post("/checkout/initiate", body, **{"content-type": kind})
    assert (sent.status, sent.ids["error-code"]["text"]) == (
        400,
        "InvalidRequestFormat",
    )


# A wrong signature --------------------------------------------------------------------


def test_the_page_of_a_wrong_signature_says_what_amazon_computed(
    shop: ButtonShop,
) -> None:
    form = shop.form()
    form["payloadJSON"] = form["payloadJSON"].replace("cart=7", "cart=8")
    sent = shop.visitor().post("/checkout/initiate", form)
    assert sent.status == 400
    assert re.fullmatch(
        re.escape(f"Signature {form['signature']} does not match signedString")
        + r" AMZN-PAY-RSASSA-PSS [0-9a-f]{64} for merchant A1SHOP",
        sent.ids["error-message"]["text"],
    )
    assert "The key is right, the text is not." in sent.ids["explanation"]["text"]


def test_a_usual_mistake_is_shown_beside_what_was_signed(shop: ButtonShop) -> None:
    form = shop.form()
    form["payloadJSON"] = form["payloadJSON"].replace(", ", ",").replace(": ", ":")
    sent = shop.visitor().post("/checkout/initiate", form)
    signed, came = sent.ids["signed"]["text"], sent.ids["came"]["text"]
    assert signed.startswith('{"webCheckoutDetails":␠{"che')
    assert came.startswith('{"webCheckoutDetails":{"che')
    assert "<mark>␠</mark>" in sent.html
    assert "byte 22" in sent.ids["difference"]["text"]
    (row,) = [row for row in shop.simulator.story() if row.kind == "button"]
    assert row.facts["explanation"]["difference"]["offset"] == 22


def test_a_payload_that_was_right_before_shows_what_was_changed(
    shop: ButtonShop,
) -> None:
    shop.clicked(shop.payload(scopes=["name"]))
    shop.clicked()
    shop.clicked()
    form = shop.form()
    form["payloadJSON"] = form["payloadJSON"].replace("cart=7", "cart=8")
    sent = shop.visitor().post("/checkout/initiate", form)
    assert "cart=7" in sent.ids["signed"]["text"]
    assert "cart=8" in sent.ids["came"]["text"]
    assert "<mark>7</mark>" in sent.html
    assert "<mark>8</mark>" in sent.html


@pytest.mark.parametrize(
    ("signed", "came", "marked"),
    [
        ("café", "cafè", ["é", "è"]),
        ("a😀", "a😁", ["😀", "😁"]),
        ("日本" * 30 + "xy語", "日本" * 30 + "xy誠", ["語", "誠"]),
        ("two words", "twowords", ["␠", "w"]),
        ("<b>", "<i>", ["b", "i"]),
        ("14.00", "1.00", ["4", "."]),
    ],
)
def test_the_first_character_that_differs_is_marked(
    shop: ButtonShop, signed: str, came: str, marked: list[str]
) -> None:
    right = shop.payload(merchantMetadata={"noteToBuyer": signed})
    shop.clicked(right)
    form = shop.form(right)
    form["payloadJSON"] = form["payloadJSON"].replace(signed, came)
    sent = shop.visitor().post("/checkout/initiate", form)
    found = re.findall("<mark>(.*?)</mark>", sent.html)
    assert [unescape(one) for one in found] == marked
    assert "\ufffd" not in sent.text


def test_a_text_that_was_cut_off_ends_in_a_mark(shop: ButtonShop) -> None:
    shop.clicked()
    form = shop.form()
    form["payloadJSON"] = form["payloadJSON"][:-1]
    sent = shop.visitor().post("/checkout/initiate", form)
    assert re.findall("<mark>(.*?)</mark>", sent.html) == ["}", "end of text"]


def test_the_story_tells_of_clicks_and_why_one_was_refused(shop: ButtonShop) -> None:
    shop.clicked()
    form = shop.form()
    form["payloadJSON"] = form["payloadJSON"].replace("cart=7", "cart=8")
    shop.visitor().post("/checkout/initiate", form)
    text = story_lines(shop.simulator.story(), 3)
    assert "◇  button opened a session" in text
    assert "◇  button was refused: InvalidSignatureError" in text
    assert "was signed" in text


def test_an_unknown_key_id_names_those_that_are_known(shop: ButtonShop) -> None:
    form = shop.form(publicKeyId="SANDBOX-OTHER")
    sent = shop.visitor().post("/checkout/initiate", form)
    assert "'SANDBOX-OTHER' is unknown" in sent.ids["error-message"]["text"]
    assert f"knows {shop.key_id}" in sent.ids["hint"]["text"]
