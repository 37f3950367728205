"""The buyer's pages: what they show, what their buttons do, and where they lead."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from AmazonPay.simulator import Simulator, merchant
from keys import KEY
from simulated import LIVE_KEY_ID, Clock
from visitor import STORE, ButtonShop, Page, Visitor, signature

WEB = {
    "checkoutReviewReturnUrl": "https://shop.example/review",
    "checkoutResultReturnUrl": "https://shop.example/result",
}
SCRIPT_URL = '{"checkoutReviewReturnUrl": "javascript:x"}'
CANCEL = {"checkoutCancelUrl": "https://shop.example/cart?kept=1"}


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


def session_of(page: Page) -> str:
    """Find the session's id in a page's form, or in a redirect."""
    if page.location:
        return parse_qs(urlsplit(page.location).query)["amazonCheckoutSessionId"][0]
    found = re.search(r'name="amazonCheckoutSessionId" value="([^"]+)"', page.html)
    assert found, page.text
    return found[1]


def ready(shop: ButtonShop, **payment: Any) -> dict[str, Any]:
    """Write a payload that needs nothing more before the buyer can pay."""
    details = {
        "paymentIntent": "Authorize",
        "chargeAmount": shop.money("14.00" if shop.currency != "JPY" else "1400"),
        **payment,
    }
    return shop.payload(webCheckoutDetails=WEB, paymentDetails=details)


def at_payment(
    shop: ButtonShop, card: str = "1111", **payment: Any
) -> tuple[Visitor, Page]:
    """Choose a card; return the buyer and the page they pay on."""
    visitor, page = shop.clicked(ready(shop, **payment))
    back = visitor.submit(page, "continue", card=card)
    link = f"/checkout/processing?amazonCheckoutSessionId={session_of(back)}"
    return visitor, visitor.get(link)


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


# Choosing -----------------------------------------------------------------------------


def test_addresses_that_the_shop_excludes_are_off_with_the_reason(
    shop: ButtonShop,
) -> None:
    delivery = {
        "specialRestrictions": ["RestrictPOBoxes"],
        "addressRestrictions": {
            "type": "NotAllowed",
            "restrictions": {"US": {"statesOrRegions": ["AK"]}},
        },
    }
    _, page = shop.clicked(shop.payload(deliverySpecifications=delivery))
    assert {"address-2", "address-3"} <= page.off
    assert "the shop does not ship to PO boxes" in page.text
    assert "the shop does not ship to this place" in page.text
    assert "address-1" in page.chosen


def test_a_packstation_is_off_where_the_shop_excludes_it() -> None:
    shop = ButtonShop("eu")
    delivery = {"specialRestrictions": ["RestrictPackstations"]}
    _, page = shop.clicked(shop.payload(deliverySpecifications=delivery))
    assert "address-3" in page.off
    assert "the shop does not ship to Packstations" in page.text


def test_a_buyer_without_a_usable_address_cannot_go_on(shop: ButtonShop) -> None:
    only = {"type": "Allowed", "restrictions": {"FR": {}}}
    payload = shop.payload(deliverySpecifications={"addressRestrictions": only})
    visitor, page = shop.clicked(payload)
    assert "continue" in page.off
    assert "The shop ships to none of these addresses" in page.text
    forced = visitor.submit(page, "continue", address="1")
    assert forced.ids["error-code"]["text"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("payment", "off"),
    [
        ({}, {"card-1212"}),
        ({"paymentIntent": "Authorize"}, {"card-1212", "card-0701", "card-4354"}),
        (
            {"paymentIntent": "Authorize", "canHandlePendingAuthorization": True},
            {"card-1212"},
        ),
    ],
)
def test_cards_that_cannot_work_are_off(
    shop: ButtonShop, payment: dict[str, Any], off: set[str]
) -> None:
    payload = shop.payload(paymentDetails=payment) if payment else None
    _, page = shop.clicked(payload)
    assert {name for name in page.off if name.startswith("card-")} == off


def test_only_some_cards_pay_in_another_currency() -> None:
    shop = ButtonShop("eu")
    amount = {"amount": "5", "currencyCode": "SEK"}
    payload = shop.payload(paymentDetails={"chargeAmount": amount})
    _, page = shop.clicked(payload)
    assert {"card-0005", "card-9424", "card-0000"} <= page.off
    assert "not in another currency than the shop's" in page.text
    assert page.ids["price"]["text"] == "SEK 5.00"


def test_every_card_says_what_it_will_do(shop: ButtonShop) -> None:
    _, page = shop.clicked()
    for words in (
        "approved at once",
        "given up on the way: session Canceled, BuyerCanceled",
        "declined: session Canceled, Declined",
        "pending, approved after 30 s, if the shop asks for Authorize and can wait",
        "pending, declined after 30 s (HardDeclined)",
    ):
        assert words in page.text


@pytest.mark.parametrize(
    ("region", "currency", "country", "price"),
    [
        ("na", None, "US", "USD 14.00"),
        ("eu", None, "DE", "EUR 14.00"),
        ("eu", "GBP", "GB", "GBP 14.00"),
        ("jp", None, "JP", "JPY 1,400"),
    ],
)
def test_buyers_are_at_home_in_the_region(
    region: str, currency: str | None, country: str, price: str
) -> None:
    shop = ButtonShop(region, ledger_currency=currency)
    visitor, page = shop.clicked(ready(shop))
    assert page.ids["price"]["text"] == price
    back = visitor.submit(page, "continue")
    assert shop.asked(session_of(back))["shippingAddress"]["countryCode"] == country


def test_another_buyer_has_other_addresses_and_is_remembered(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    other = visitor.get(f"/checkout/choose{page.ids['buyer-2']['href']}")
    back = visitor.submit(other, "continue")
    got = shop.asked(session_of(back))
    assert got["buyer"]["email"] == "test-buyer-2@example.com"
    assert got["shippingAddress"]["countryCode"] == "DE"
    assert visitor.cookie == "amazonpay_simulator_buyer=2"
    again = visitor.post("/checkout/initiate", shop.form())
    assert "buyer-2" in visitor.follow(again).chosen
    assert visitor.get("/checkout/signout").status == 204
    assert visitor.cookie == "amazonpay_simulator_buyer="
    last = visitor.post("/checkout/initiate", shop.form())
    assert "buyer-1" in visitor.follow(last).chosen


@pytest.mark.parametrize("number", ["0", "4", "999", "-1", "x", "²", ""])
def test_a_buyer_who_does_not_exist_is_the_first_one(
    shop: ButtonShop, number: str
) -> None:
    visitor, page = shop.clicked()
    back = visitor.submit(page, "continue", buyer=number, address=number)
    got = shop.asked(session_of(back))
    assert got["buyer"]["email"] == "test-buyer@example.com"
    assert got["shippingAddress"]["city"] == "Chicago"


def test_several_addresses_can_be_chosen(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(productType="PayAndShipMultiAddress")
    assert page.ids["address-1"]["type"] == "checkbox"
    back = visitor.submit(page, "continue", address=["1", "3"])
    session = session_of(back)
    listed = shop.asked(session)["shippingAddressList"]
    assert [re.findall(r'"city": "(\w+)"', one)[0] for one in listed] == [
        "Chicago",
        "Fairbanks",
    ]
    changed = visitor.follow(
        visitor.get(
            f"/checkout/initiate_auth?amazonCheckoutSessionId={session}"
            "&changeAction=changePayment"
        )
    )
    visitor.submit(changed, "continue", card="0005")
    assert change(visitor, session, "changeAddress").chosen == {
        *("address-1", "address-3"),
    }
    assert len(shop.asked(session)["shippingAddressList"]) == 2


# Changes ------------------------------------------------------------------------------


def change(visitor: Visitor, session: str, action: str) -> Page:
    sent = visitor.get(
        f"/checkout/initiate_auth?amazonCheckoutSessionId={session}"
        f"&changeAction={action}&viewType=redirectView"
    )
    return visitor.follow(sent)


def test_a_change_of_address_keeps_the_card(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue", card="4444"))
    before = shop.asked(session)["buyer"]
    changing = change(visitor, session, "changeAddress")
    assert {name.partition("-")[0] for name in changing.ids} == {
        *("address", "continue", "cancel", "shop"),
    }
    assert changing.chosen == {"address-1"}
    back = visitor.submit(changing, "continue", address="2")
    assert back.location.startswith("https://shop.example/review?")
    got = shop.asked(session)
    assert got["shippingAddress"]["addressLine1"] == "PO Box 1234"
    assert "4444" in got["paymentPreferences"][0]["paymentDescriptor"]
    assert got["buyer"] == before


def test_a_change_of_card_keeps_the_address(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue", address="3"))
    changing = change(visitor, session, "changePayment")
    assert changing.chosen == {"card-1111"}
    visitor.submit(changing, "continue", card="0005")
    got = shop.asked(session)
    assert got["shippingAddress"]["city"] == "Fairbanks"
    assert "0005" in got["paymentPreferences"][0]["paymentDescriptor"]


def test_going_back_from_a_change_changes_nothing(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(visitor.submit(page, "continue"))
    before = shop.asked(session)
    changing = change(visitor, session, "changePayment")
    back = visitor.submit(changing, "cancel", card="0005")
    assert back.location.startswith("https://shop.example/review?")
    assert shop.asked(session) == before


@pytest.mark.parametrize("action", ["changeAddress", "changePayment"])
def test_a_change_before_there_is_a_choice_is_the_choice(
    shop: ButtonShop, action: str
) -> None:
    visitor, page = shop.clicked()
    changing = change(visitor, session_of(page), action)
    assert {"buyer-1", "address-1", "card-1111"} <= changing.chosen


def test_an_unknown_change_is_refused(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    sent = visitor.get(
        f"/checkout/initiate_auth?amazonCheckoutSessionId={session_of(page)}"
        "&changeAction=changeName"
    )
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"


def test_a_session_without_a_delivery_has_no_address_to_change(
    shop: ButtonShop,
) -> None:
    visitor, page = shop.clicked(productType="PayOnly")
    session = session_of(visitor.submit(page, "continue"))
    changing = change(visitor, session, "changeAddress")
    assert "address-1" not in changing.ids
    assert "card-1111" in changing.chosen


# Paying -------------------------------------------------------------------------------


def test_paying_leads_to_the_result_and_completes(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    assert page.ids["price"]["text"] == "USD 14.00"
    assert "approved at once" in page.ids["card"]["text"]
    back = visitor.submit(page, "pay")
    session = session_of(back)
    assert back.location == (
        f"https://shop.example/result?amazonCheckoutSessionId={session}"
    )
    assert shop.complete(session, "14.00").status == 200


def test_a_second_click_on_pay_pays_nothing_again(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    first, second = visitor.submit(page, "pay"), visitor.submit(page, "pay")
    assert first.location == second.location
    session = session_of(first)
    assert shop.complete(session, "14.00").status == 200
    assert visitor.submit(page, "pay").location == first.location
    did = [row.facts.get("did") for row in shop.simulator.story(session)]
    assert did.count("paid") == 1


@pytest.mark.parametrize(
    ("card", "reason"), [("3064", "BuyerCanceled"), ("3434", "Declined")]
)
def test_a_card_that_ends_the_session_leads_to_the_result_too(
    shop: ButtonShop, card: str, reason: str
) -> None:
    visitor, page = at_payment(shop, card)
    back = visitor.submit(page, "pay")
    assert back.location.startswith("https://shop.example/result?")
    session = session_of(back)
    details = shop.asked(session)["statusDetails"]
    assert (details["state"], details["reasonCode"]) == ("Canceled", reason)
    assert visitor.submit(page, "pay").location == back.location
    ended = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert ended.ids["ended"]["data-reason"] == reason
    assert ended.ids["back"]["href"] == back.location


@pytest.mark.parametrize(
    ("card", "end"), [("0701", "Authorized"), ("4354", "Declined")]
)
def test_a_pending_card_is_decided_later(shop: ButtonShop, card: str, end: str) -> None:
    visitor, page = at_payment(shop, card, canHandlePendingAuthorization=True)
    session = session_of(visitor.submit(page, "pay"))
    done = shop.complete(session, "14.00")
    assert done.status == 202
    charge = done.json["chargeId"]
    assert shop.get(f"/charges/{charge}").state[0] == "AuthorizationInitiated"
    shop.clock.move(seconds=31)
    assert shop.get(f"/charges/{charge}").state[0] == end


def test_a_declined_buyer_chooses_again_in_live() -> None:
    shop = ButtonShop(key_id=LIVE_KEY_ID)
    visitor, page = shop.clicked(ready(shop), environment="LIVE")
    assert "declined: the buyer can choose another card" in page.text
    session = session_of(visitor.submit(page, "continue", card="3434"))
    link = f"/checkout/processing?amazonCheckoutSessionId={session}"
    declined = visitor.submit(visitor.get(link), "pay")
    assert declined.status == 409
    assert "was declined" in declined.ids["problem"]["text"]
    again = visitor.get(declined.ids["choose-again"]["href"])
    visitor.submit(again, "continue", card="1111")
    assert visitor.submit(visitor.get(link), "pay").status == 303
    did = [row.facts.get("did") for row in shop.simulator.story(session)]
    assert did.count("paid") == 2


def test_a_card_that_cannot_pay_after_the_update_says_so(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(shop.payload(webCheckoutDetails=WEB))
    session = session_of(visitor.submit(page, "continue", card="0701"))
    details = ready(shop)["paymentDetails"]
    shop.patch(f"/checkoutSessions/{session}", {"paymentDetails": details})
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert "this session cannot wait" in paying.ids["problem"]["text"]
    assert "pay" in paying.off
    assert visitor.submit(paying, "pay").status == 409
    assert shop.asked(session)["statusDetails"]["state"] == "Open"


def test_a_session_that_is_not_ready_says_what_is_missing(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(page)
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert "pay" in paying.off
    for missing in ("chargeAmount", "checkoutResultReturnUrl", "paymentIntent"):
        assert f"{missing} is not set" in paying.ids["problem"]["text"]
    assert visitor.submit(paying, "pay").status == 409


# Leaving ------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel", [{}, CANCEL])
@pytest.mark.parametrize("paying", [False, True])
def test_who_cancels_goes_back_to_the_shop(
    shop: ButtonShop, cancel: dict[str, str], paying: bool
) -> None:
    payload = {**ready(shop), "webCheckoutDetails": {**WEB, **cancel}}
    visitor, page = shop.clicked(payload)
    session = session_of(page)
    if paying:
        visitor.submit(page, "continue")
        page = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    back = visitor.submit(page, "cancel")
    step = "result" if paying else "review"
    expected = f"https://shop.example/{step}?amazonCheckoutSessionId={session}"
    assert back.location == (CANCEL["checkoutCancelUrl"] if cancel else expected)
    assert shop.asked(session)["statusDetails"]["reasonCode"] == "BuyerCanceled"
    assert visitor.submit(page, "cancel").location == back.location
    late = visitor.submit(page, "continue")
    assert (late.status, late.ids["ended"]["data-reason"]) == (409, "BuyerCanceled")


def test_an_expired_session_says_so_on_every_page(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    session = session_of(page)
    shop.clock.move(hours=24)
    for path in ("choose", "processing"):
        shown = visitor.get(f"/checkout/{path}?amazonCheckoutSessionId={session}")
        assert shown.ids["ended"]["data-reason"] == "Expired"
    for act in ("pay", "cancel"):
        late = visitor.submit(page, act)
        assert (late.status, late.ids["ended"]["data-reason"]) == (409, "Expired")


def test_pages_after_paying_lead_back_to_the_shop(shop: ButtonShop) -> None:
    visitor, page = at_payment(shop)
    back = visitor.submit(page, "pay")
    session = session_of(back)
    for title in ("You have paid", "The order is placed"):
        for path in ("choose", "processing"):
            shown = visitor.get(f"/checkout/{path}?amazonCheckoutSessionId={session}")
            assert (shown.status, title in shown.text) == (200, True)
            assert shown.ids["back"]["href"] == back.location
        late = visitor.submit(page, "cancel")
        assert (late.status, title in late.text) == (409, True)
        shop.complete(session, "14.00")


def test_what_amazon_cancels_is_told(shop: ButtonShop) -> None:
    visitor, page = shop.clicked()
    session = session_of(page)
    shop.simulator.amazon_cancel(session)
    shown = visitor.get(f"/checkout/choose?amazonCheckoutSessionId={session}")
    assert "Amazon canceled the checkout." in shown.text
    form = {"amazonCheckoutSessionId": session}
    assert visitor.post("/checkout/initiate", form).status == 303


# Without a review page ----------------------------------------------------------------


ADDRESS = {
    "name": "Ann <b>Lee</b>",
    "addressLine1": "1 Main St",
    "city": "Austin",
    "stateOrRegion": "TX",
    "postalCode": "73301",
    "countryCode": "US",
    "phoneNumber": "8000000000",
}


def at_once(shop: ButtonShop, **more: Any) -> dict[str, Any]:
    web = {
        "checkoutMode": "ProcessOrder",
        "checkoutResultReturnUrl": "https://shop.example/result",
    }
    return {**ready(shop), "webCheckoutDetails": web, **more}


def test_an_additional_payment_button_pays_on_the_page(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(at_once(shop, addressDetails=ADDRESS))
    assert page.ids["given-address"]["text"].startswith("Ann <b>Lee</b>")
    assert "continue" not in page.ids
    back = visitor.submit(page, "pay", card="4444")
    session = session_of(back)
    assert back.location.startswith("https://shop.example/result?")
    assert visitor.submit(page, "pay").location == back.location
    assert shop.complete(session, "14.00").status == 200


def test_an_order_that_is_shipped_needs_its_address(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(at_once(shop))
    assert "addressDetails" in page.text
    assert "pay" in page.off
    forced = visitor.submit(page, "pay")
    assert forced.ids["error-code"]["text"] == "MissingParameterValue"


def test_a_declined_payment_at_once_leads_to_the_result(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(at_once(shop), productType="PayOnly")
    back = visitor.submit(page, "pay", card="3434")
    assert back.location.startswith("https://shop.example/result?")
    session = session_of(back)
    assert shop.asked(session)["statusDetails"]["reasonCode"] == "Declined"


def test_a_wallet_is_set_up_with_consent_only(shop: ButtonShop) -> None:
    payload = shop.payload(
        webCheckoutDetails={"checkoutResultReturnUrl": "https://shop.example/result"},
        chargePermissionType="PaymentMethodOnFile",
        paymentMethodOnFileMetadata={"setupOnly": True},
        paymentDetails={"paymentIntent": "Confirm"},
    )
    visitor, page = shop.clicked(payload, productType="PayOnly")
    assert "consents" in page.chosen
    without = visitor.submit(page, "pay", consents=None)
    assert "Without consent" in without.ids["problem"]["text"]
    back = visitor.submit(page, "pay")
    assert back.location.startswith("https://shop.example/result?")
    done = shop.post(f"/checkoutSessions/{session_of(back)}/complete", {})
    assert done.json["chargePermissionId"]


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        ({"unit": "Month", "value": "1"}, "every month"),
        ({"unit": "Week", "value": "2"}, "every 2 weeks"),
        ({"unit": "Variable", "value": "0"}, "from time to time"),
    ],
)
def test_a_recurring_payment_says_how_often(
    shop: ButtonShop, frequency: dict[str, str], words: str
) -> None:
    payload = {
        **ready(shop),
        "chargePermissionType": "Recurring",
        "recurringMetadata": {"frequency": frequency},
    }
    _, page = shop.clicked(payload)
    assert words in page.ids["recurring"]["text"]


# Signing in ---------------------------------------------------------------------------


def sign_in(shop: ButtonShop, **more: Any) -> tuple[Visitor, Page]:
    payload = {
        "signInReturnUrl": "https://shop.example/in?next=%2F",
        "storeId": STORE,
        **more,
    }
    return shop.clicked(payload, productType="SignIn")


def test_who_signs_in_comes_back_with_a_token(shop: ButtonShop) -> None:
    visitor, page = sign_in(shop, signInScopes=["name", "email", "shippingAddress"])
    assert "name, email, shippingAddress" in page.text
    assert "cancel" not in page.ids
    back = visitor.submit(page, "continue", buyer="2")
    assert back.location.startswith("https://shop.example/in?next=%2F&buyerToken=")
    (token,) = parse_qs(urlsplit(back.location).query)["buyerToken"]
    got = shop.client().get_buyer(token).json()
    assert got["email"] == "test-buyer-2@example.com"
    assert got["shippingAddress"] is not None
    assert got["shippingAddress"]["countryCode"] == "DE"


def test_who_does_not_sign_in_goes_back(shop: ButtonShop) -> None:
    visitor, page = sign_in(shop, signInCancelUrl="https://shop.example/")
    assert "name and e-mail" in page.text
    assert visitor.submit(page, "cancel").location == "https://shop.example/"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"signInScopes": ["age"]}, "InvalidParameterValue"),
        ({"signInReturnUrl": "http://shop.example/"}, "InvalidParameterValue"),
        ({"signInCancelUrl": "//evil.example"}, "InvalidParameterValue"),
        ({"storeId": "amzn1.application.0123"}, "InvalidParameterValue"),
        ({"scopes": ["name"]}, "UnrecognizedField"),
    ],
)
def test_a_wrong_sign_in_is_refused(
    shop: ButtonShop, more: dict[str, Any], code: str
) -> None:
    payload = {"signInReturnUrl": "https://shop.example/", "storeId": STORE, **more}
    form = shop.form(payload, productType="SignIn")
    sent = shop.visitor().post("/checkout/initiate", form)
    assert sent.ids["error-code"]["text"] == code


def test_a_sign_in_that_has_run_out_is_unknown(shop: ButtonShop) -> None:
    visitor, page = sign_in(shop)
    shop.clock.move(hours=2)
    assert visitor.submit(page, "continue").status == 404


def test_the_pages_use_the_clock_of_the_simulator() -> None:
    clock = Clock()
    shop = ButtonShop(clock=clock)
    visitor, page = shop.clicked()
    assert "Time left24 h 00 min" in page.text.replace("Time left ", "Time left")
    clock.move(hours=1.5)
    link = f"/checkout/choose?amazonCheckoutSessionId={session_of(page)}"
    shown = visitor.get(link).text.replace("Time left ", "Time left")
    assert "Time left22 h 30 min" in shown
