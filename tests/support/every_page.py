"""Every page that a buyer can see, prepared: what to open in a browser, and how."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from visitor import STORE, WEB, ButtonShop, at_payment, change, ready, session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = {
    "name": "Ann Lee",
    "addressLine1": "1 Main St",
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
    "phoneNumber": "8000000000",
}


@dataclass(frozen=True)
class Shown:
    """A page: its path, or the form whose answer it is."""

    path: str
    form: Mapping[str, str] | None = None
    status: int = 200


def _choose(session: str, more: str = "") -> Shown:
    return Shown(f"/checkout/choose?amazonCheckoutSessionId={session}{more}")


def _pay(session: str) -> Shown:
    return Shown(f"/checkout/processing?amazonCheckoutSessionId={session}")


def _opened(
    shop: ButtonShop, payload: dict[str, Any] | None = None, **more: Any
) -> str:
    return session_of(shop.clicked(payload, **more)[1])


def every_page(shop: ButtonShop) -> dict[str, Shown]:
    """Open the sessions of one shop; return a page for each look that pages have."""
    named = {
        "merchantMetadata": {
            "merchantStoreName": "Bio Müller",
            "noteToBuyer": "Thank you",
            "merchantReferenceId": "A-17",
        }
    }
    full = {**ready(shop), **named}
    frequency = {"unit": "Month", "value": "1"}
    at_once = {"checkoutMode": "ProcessOrder", "checkoutResultReturnUrl": "https://a.b"}
    nowhere = {"addressRestrictions": {"type": "Allowed", "restrictions": {"NZ": {}}}}
    restricted = {"specialRestrictions": ["RestrictPOBoxes", "RestrictPackstations"]}
    pages = {
        "choose": _choose(
            _opened(shop, {**full, "deliverySpecifications": restricted})
        ),
        "choose a buyer": _choose(_opened(shop, full), "&buyer=3"),
        "choose, in German": _choose(_opened(shop, full, checkoutLanguage="de_DE")),
        "several addresses": _choose(
            _opened(shop, full, productType="PayAndShipMultiAddress")
        ),
        "no address": _choose(
            _opened(shop, {**full, "deliverySpecifications": nowhere})
        ),
        "recurring": _choose(
            _opened(
                shop,
                {
                    **full,
                    "chargePermissionType": "Recurring",
                    "recurringMetadata": {"frequency": frequency},
                },
            )
        ),
        "wallet": _choose(
            _opened(shop, {**full, "chargePermissionType": "PaymentMethodOnFile"})
        ),
        "pay where one chooses": _choose(
            _opened(
                shop,
                {**full, "webCheckoutDetails": at_once, "addressDetails": _ADDRESS},
            )
        ),
        "error": Shown("/checkout/none", status=404),
        "wrong signature": Shown(
            "/checkout/initiate", shop.form(full, signature="AAAA"), 400
        ),
        "altered payload": Shown(
            "/checkout/initiate",
            {
                **shop.form(full),
                "payloadJSON": json.dumps(full).replace("A-17", "A-18"),
            },
            400,
        ),
    }
    visitor, page = at_payment(shop)
    pages["pay"] = _pay(session_of(page))
    _, declined = at_payment(shop, "4354", canHandlePendingAuthorization=True)
    pages["pay, and be declined later"] = _pay(session_of(declined))
    lacking = shop.payload(webCheckoutDetails=WEB)
    visitor, page = shop.clicked(lacking)
    pages["pay, but something is missing"] = _pay(
        session_of(visitor.submit(page, "continue"))
    )
    for action in ("changeAddress", "changePayment"):
        visitor, page = shop.clicked(full)
        session = session_of(page)
        visitor.submit(page, "continue")
        change(visitor, session, action)
        pages[action] = _choose(session, f"&change={action}")
    for act in ("pay", "cancel"):
        visitor, page = at_payment(shop)
        session = session_of(visitor.submit(page, act))
        pages[f"ended by {act}"] = _pay(session)
    _, page = shop.clicked(
        {"signInReturnUrl": "https://a.b/in", "storeId": STORE},
        productType="SignIn",
    )
    (id_,) = [
        given["value"] for _, given in page.elements.tags if given.get("name") == "id"
    ]
    pages["sign in"] = Shown(f"/checkout/sign_in?id={id_}")
    return {**pages, **_buy_now(shop)}


def _buy_now(shop: ButtonShop) -> dict[str, Shown]:
    def money(amount: str) -> dict[str, str]:
        return {"amount": amount, "currencyCode": shop.currency}

    def way(name: str, price: str, *, chosen: bool) -> dict[str, Any]:
        method = {"shippingMethodName": name}
        return {
            "id": name.lower(),
            "price": money(price),
            "shippingMethod": method,
            "isDefault": chosen,
        }

    cart = {
        "lineItems": [
            {
                "id": title,
                "title": title,
                "variantTitle": variant,
                "quantity": "2",
                "listPrice": money("10.00"),
                "totalListPrice": money("20.00"),
            }
            for title, variant in (("Green tea", "100 g"), ("Teapot", "blue"))
        ],
        "deliveryOptions": [
            way("Standard", "5.00", chosen=True),
            way("Express", "9.00", chosen=False),
        ],
        "totalBaseAmount": money("40.00"),
        "totalShippingAmount": money("5.00"),
        "totalTaxAmount": money("0.00"),
        "totalChargeAmount": money("45.00"),
    }
    payload = {
        "storeId": STORE,
        "paymentDetails": {"paymentIntent": "Authorize"},
        "merchantMetadata": {"merchantStoreName": "Bio Müller"},
    }
    view = {"viewType": "buyNowView", "origin_url": "https://shop.example"}
    pages: dict[str, Shown] = {}
    for name, given in {"in Buy Now": cart, "a cart that is refused": {"a": 1}}.items():
        visitor, page = shop.clicked(payload, **view)
        session = session_of(page)
        fields = {"amazonCheckoutSessionId": session, "cart": json.dumps(given)}
        visitor.post("/checkout/cart", fields)
        pages[name] = _choose(session)
    visitor, page = shop.clicked({**payload, "cartDetails": cart}, **view)
    session = session_of(page)
    visitor.post(
        "/checkout/choose", {"amazonCheckoutSessionId": session, "act": "cancel"}
    )
    pages["Buy Now, canceled"] = _choose(session)
    return pages
