"""The language and the currency of a checkout, and what its kinds come to."""

from __future__ import annotations

from typing import Any

import pytest

from AmazonPay.simulator.pages.languages import price_in
from visitor import ButtonShop, at_payment, ready, session_of

# `amazon-pay-checkout/amazon-pay-script.html`: of each ledger, and what is shown of
# 1,234.50, or of 1,234 yen.
SHOWN = [
    ("na", "USD", "en_US", "USD 1,234.50"),
    ("eu", "EUR", "en_GB", "EUR 1,234.50"),
    ("eu", "EUR", "de_DE", "1.234,50\u00a0EUR"),
    ("eu", "EUR", "fr_FR", "1\u202f234,50\u00a0EUR"),
    ("eu", "EUR", "it_IT", "1.234,50\u00a0EUR"),
    ("eu", "EUR", "es_ES", "1.234,50\u00a0EUR"),
    ("eu", "GBP", "de_DE", "1.234,50\u00a0GBP"),
    ("jp", "JPY", "ja_JP", "JPY 1,234"),
]


@pytest.mark.parametrize(("region", "currency", "language", "shown"), SHOWN)
def test_a_price_is_written_as_the_language_does(
    region: str, currency: str, language: str, shown: str
) -> None:
    shop = ButtonShop(region, ledger_currency=currency)
    amount = "1234" if currency == "JPY" else "1234.50"
    payload = ready(shop, chargeAmount=shop.money(amount))
    _, page = shop.clicked(payload, checkoutLanguage=language)
    assert page.ids["price"]["text"] == shown
    assert f"({language})" in page.text


@pytest.mark.parametrize(
    ("region", "asked", "shown"),
    [
        ("na", "de_DE", "en_US"),
        ("eu", "en_US", "en_GB"),
        ("eu", "<b>", "en_GB"),
        ("jp", "", "ja_JP"),
    ],
)
def test_a_language_that_the_region_has_not_is_its_own(
    region: str, asked: str, shown: str
) -> None:
    _, page = ButtonShop(region).clicked(checkoutLanguage=asked)
    assert f"({shown})" in page.text


def test_the_language_stays_up_to_the_payment() -> None:
    shop = ButtonShop("eu")
    visitor, page = shop.clicked(ready(shop), checkoutLanguage="de_DE")
    session = session_of(visitor.submit(page, "continue"))
    link = f"/checkout/processing?amazonCheckoutSessionId={session}"
    paying = visitor.get(link)
    assert paying.ids["price"]["text"] == "14,00\u00a0EUR"
    visitor.submit(paying, "pay")
    assert visitor.get(link).ids["price"]["text"] == "14,00\u00a0EUR"


def test_a_session_without_a_button_has_the_language_of_its_region() -> None:
    shop = ButtonShop("eu")
    session = shop.open({**shop.session_body(), **ready(shop)})
    page = shop.visitor().get(f"/checkout/choose?amazonCheckoutSessionId={session}")
    assert page.ids["price"]["text"] == "EUR 14.00"


def test_no_price_is_none() -> None:
    assert price_in("de_DE", None) is None


# Kinds of checkout, up to the charge --------------------------------------------------


def completed(shop: ButtonShop, session: str, amount: str = "14.00") -> dict[str, Any]:
    reply = shop.complete(session, amount)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = shop.get(
        f"/chargePermissions/{reply.json['chargePermissionId']}"
    ).json
    return found


def test_a_buyer_who_agrees_is_charged_again_without_coming_back() -> None:
    shop = ButtonShop()
    recurring = {
        "frequency": {"unit": "Month", "value": "1"},
        "amount": shop.money("14.00"),
    }
    payload = {
        **ready(shop),
        "chargePermissionType": "Recurring",
        "recurringMetadata": recurring,
    }
    visitor, page = shop.clicked(payload)
    assert "USD 14.00 every month" in page.ids["recurring"]["text"]
    back = visitor.submit(page, "continue")
    session = session_of(back)
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    assert "USD 14.00 every month" in paying.ids["recurring"]["text"]
    visitor.submit(paying, "pay")
    permission = completed(shop, session)
    assert permission["chargePermissionType"] == "Recurring"
    again = shop.charge(permission["chargePermissionId"], "14.00")
    assert again.json["statusDetails"]["state"] == "Authorized"


@pytest.mark.parametrize(
    ("consents", "kind"), [("yes", "PaymentMethodOnFile"), (None, "OneTime")]
)
def test_a_wallet_is_saved_with_consent_alone(consents: str | None, kind: str) -> None:
    shop = ButtonShop()
    payload = {**ready(shop), "chargePermissionType": "PaymentMethodOnFile"}
    visitor, page = shop.clicked(payload)
    assert "consents" in page.chosen
    session = session_of(visitor.submit(page, "continue", consents=consents))
    paying = visitor.get(f"/checkout/processing?amazonCheckoutSessionId={session}")
    visitor.submit(paying, "pay")
    permission = completed(shop, session)
    assert permission["chargePermissionType"] == kind
    again = shop.charge(permission["chargePermissionId"], "9.00")
    assert (again.status == 201) == (kind == "PaymentMethodOnFile")


def test_a_buyer_pays_in_another_currency_than_the_shops() -> None:
    shop = ButtonShop("eu", ledger_currency="EUR")
    foreign = {"amount": "199.00", "currencyCode": "SEK"}
    visitor, page = at_payment(
        shop, "1111", chargeAmount=foreign, presentmentCurrency="SEK"
    )
    assert page.ids["price"]["text"] == "SEK 199.00"
    session = session_of(visitor.submit(page, "pay"))
    body = {"chargeAmount": foreign}
    reply = shop.post(f"/checkoutSessions/{session}/complete", body)
    assert reply.status == 200
    charge = shop.get(f"/charges/{reply.json['chargeId']}").json
    assert charge["chargeAmount"] == foreign
    (row,) = shop.simulator.charges()
    assert row["chargeAmount"]["currencyCode"] == "SEK"
