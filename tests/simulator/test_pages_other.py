"""The pages without a review page, and those to sign in on."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulated import Clock
from visitor import STORE, ButtonShop, Page, Visitor, ready, session_of


@pytest.fixture
def shop() -> ButtonShop:
    return ButtonShop()


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


# Upgrades, and other accounts ---------------------------------------------------------


def upgrade(shop: ButtonShop, action: str, **more: Any) -> Page:
    """Post what `amazon.Pay.bindUpgradeAction` does."""
    payload = {
        "merchantId": "A1SHOP",
        "productType": "PayAndShip",
        **ready(shop),
        "chargePermissionType": "Recurring",
        "recurringMetadata": {"frequency": {"unit": "Month", "value": "1"}},
        **more,
    }
    form = shop.form(payload, ledgerCurrency="", upgradeAction=action)
    return shop.visitor().post("/checkout/initiate", form)


@pytest.mark.parametrize("action", ["recurringUpgrade", "recurringUpdate"])
@pytest.mark.parametrize("region", ["na", "eu", "jp"])
def test_an_upgrade_opens_a_recurring_session(region: str, action: str) -> None:
    shop = ButtonShop(region)
    session = session_of(upgrade(shop, action))
    shown = shop.asked(session)
    assert shown["chargePermissionType"] == "Recurring"
    assert shown["paymentDetails"]["chargeAmount"]["currencyCode"] == shop.currency


def test_an_upgrade_that_is_none_is_refused(shop: ButtonShop) -> None:
    sent = upgrade(shop, "recurringEnd")
    assert sent.ids["error-code"]["text"] == "InvalidParameterValue"
    sent = upgrade(shop, "recurringUpdate", nonsense=1)
    assert sent.ids["error-code"]["text"] == "UnrecognizedField"


def test_another_account_chooses_anew(shop: ButtonShop) -> None:
    visitor, page = shop.clicked(ready(shop))
    session = session_of(visitor.submit(page, "continue"))
    query = f"amazonCheckoutSessionId={session}&changeAction=changeAccount"
    again = visitor.follow(visitor.get(f"/checkout/initiate_auth?{query}"))
    other = visitor.get(f"/checkout/choose{again.ids['buyer-2']['href']}")
    assert session_of(visitor.submit(other, "continue")) == session
    assert shop.asked(session)["buyer"]["email"] == "test-buyer-2@example.com"
