"""Buy Now: the shop's page stays open, and answers with its cart to what is chosen.

`checkout.js` opens the page for the buyer in a window of its own. Events of that page
go to the handlers of the shop's page, and the carts that they return come back here.

Amazon's page: `amazon-pay-buy-now-checkout/provide-event-handlers.html`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..._core.hosts import split_url
from ..handlers import checkout_sessions as sessions
from ..handlers.payment_details import check_payment
from ..rules.amounts import check_currency, checked_price, format_price, parse_amount
from ..rules.test_data import buyers_in
from ..wire import bodies
from ..wire.errors import APIRefusal, invalid_value, missing
from . import choices, web
from .languages import price_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from .web import Fields

BEGIN: Final = "onInitCheckout"
_ADDRESS: Final = "onShippingAddressSelection"
_DELIVERY: Final = "onDeliveryOptionSelection"
COMPLETE: Final = "onCompleteCheckout"
CANCEL: Final = "onCancel"

# What the shop learns of an address before the buyer has paid.
# UNCONFIRMED: which members; these are what a price of delivery depends on.
_COARSE = (
    *("city", "county", "district", "stateOrRegion", "postalCode", "countryCode"),
)
_TOTALS = {
    "totalBaseAmount": "Items",
    "totalShippingAmount": "Delivery",
    "totalTaxAmount": "Tax",
    "totalDiscountAmount": "Discount",
    "totalOrderAmount": "Whole order",
}
# What a Buy Now payload has beyond the body of Create Checkout Session.
_OWN_MEMBERS = ("cartDetails", "channelType")
_OWN_SCOPES = {"vatId", "province", "dateOfBirth", "prefix"}


def origin_of(url: str) -> str:
    """Return the origin of the shop's page, to which events go.

    Raises:
        APIRefusal: the URL cannot be that of a page.
    """
    parts = split_url(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in {"http", "https"} or not re.fullmatch(
        r"[\w.:\[\]-]+", host, re.ASCII
    ):
        raise invalid_value("The origin_url is not the URL of a page")
    return f"{parts.scheme}://{host.lower()}"


def session_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of Create Checkout Session that a Buy Now payload stands for."""
    bodies.check_buy_now(payload)
    body = {name: one for name, one in payload.items() if name not in _OWN_MEMBERS}
    if "scopes" in body:
        # UNCONFIRMED: what Amazon does with these; no test buyer has such data.
        body["scopes"] = [one for one in body["scopes"] if one not in _OWN_SCOPES]
    return body


# The cart -----------------------------------------------------------------------------


def set_cart(session: Record, cart: Mapping[str, Any]) -> None:
    """Save the cart that the shop's page sent; it says what the buyer pays.

    Raises:
        APIRefusal: it is not a cart, or contradicts itself or the session.
    """
    bodies.check_cart(cart)
    charge = checked_price(cart["totalChargeAmount"], "totalChargeAmount")

    def price(name: str, given: dict[str, Any]) -> dict[str, str]:
        check_currency(given, charge["currencyCode"], name)
        # Delivery or tax may be nothing, other than what is charged.
        nothing = not parse_amount(given)
        zero = format_price(Decimal(0), charge["currencyCode"])
        return zero if nothing else checked_price(given, name)

    options: list[dict[str, Any]] = [
        {
            "id": one["id"],
            "name": one["shippingMethod"]["shippingMethodName"],
            "price": price("deliveryOptions.price", one["price"]),
            "default": one["isDefault"],
        }
        for one in cart.get("deliveryOptions") or ()
    ]
    if options and sum(one["default"] for one in options) != 1:
        raise invalid_value("Exactly one of deliveryOptions has isDefault true")
    totals = {
        name: price(name, cart[name]) for name in _TOTALS if cart.get(name) is not None
    }
    # UNCONFIRMED: whether Amazon adds the parts up; they may differ here.
    payment: dict[str, Any] = {
        **session["payment"],
        "chargeAmount": charge,
        "presentmentCurrency": charge["currencyCode"],
    }
    if "totalOrderAmount" in totals:
        payment["totalOrderAmount"] = totals["totalOrderAmount"]
    check_payment({**session, "payment": payment})
    session["payment"] = payment
    session["cart"] = {
        "items": [
            {
                "title": one["title"],
                "variant": one.get("variantTitle"),
                "quantity": one["quantity"],
                "price": price(
                    "lineItems.totalListPrice",
                    one.get("discountedPrice") or one["totalListPrice"],
                ),
            }
            for one in cart.get("lineItems") or ()
        ],
        "options": options,
        "totals": totals,
    }


# What is chosen -----------------------------------------------------------------------


def _ships(session: Record) -> bool:
    return bool(session["page"]["productType"] == "PayAndShip")


def choice_of(session: Record, fields: Fields) -> dict[str, Any]:
    """Return what the buyer has chosen: by the form's fields, else what was kept."""
    before: dict[str, Any] = session["page"].get("choice") or {}
    number = web.number_in(web.first(fields, "buyer"))
    buyer = choices.known_buyer(session["market"], number, before.get("buyer"))
    address = None
    if _ships(session):
        usable = [
            int(one.value)
            for one in choices.addresses(session, buyer)
            if one.problem is None
        ]
        asked = web.number_in(web.first(fields, "address"))
        kept = before.get("address") if before.get("buyer") == buyer else None
        address = next((one for one in (asked, kept) if one in usable), None)
        address = address or next(iter(usable), None)
    return {
        "buyer": buyer,
        "address": address,
        "delivery": _delivery(
            session, web.first(fields, "delivery") or before.get("delivery")
        ),
        "card": web.first(fields, "card") or before.get("card"),
    }


def _delivery(session: Record, asked: str | None) -> str | None:
    options: list[dict[str, Any]] = []
    if _ships(session):
        options = _cart(session)["options"]
    known = [str(one["id"]) for one in options]
    default = next((str(one["id"]) for one in options if one["default"]), None)
    return asked if asked in known else default


def _cart(session: Record) -> dict[str, Any]:
    found: dict[str, Any] = session.get("cart") or {
        "items": [],
        "options": [],
        "totals": {},
    }
    return found


def event_of(session: Record, choice: Mapping[str, Any]) -> str | None:
    """Return which handler of the shop's page has to answer first, or None."""
    answered: dict[str, Any] | None = session["page"].get("answered")
    if answered is None:
        return BEGIN
    place = ("buyer", "address")
    if any(answered[name] != choice[name] for name in place):
        return _ADDRESS
    return None if answered["delivery"] == choice["delivery"] else _DELIVERY


def take_answer(context: Context, session: Record, fields: Fields) -> None:
    """Keep what the buyer has chosen, and what the shop's page has answered to it.

    If the cart is refused, the reason is kept, and the page shows it.
    """
    page: dict[str, Any] = session["page"]
    page["choice"] = choice_of(session, fields)
    page["problem"] = page["refused"] = None
    if "cart" in fields:
        text = web.first(fields, "cart")
        try:
            # Work on a copy, so that a refused cart changes nothing.
            with_cart = dict(session)
            if text:
                set_cart(with_cart, bodies.parse_body(text.encode()))
            _check_deliveries(with_cart)
            session.update(with_cart)
            page["choice"] = choice_of(session, fields)
            page["answered"] = page["choice"]
        except APIRefusal as refusal:
            page["problem"] = f"{refusal.reason_code}: {refusal.message}"
    context.save(sessions.KIND, session)


def _check_deliveries(session: Record) -> None:
    if _ships(session) and not _cart(session)["options"]:
        raise missing("deliveryOptions")


# What the page shows ------------------------------------------------------------------


def values(session: Record, choice: dict[str, Any]) -> dict[str, Any]:
    """Return what the page of a Buy Now session has beside what every page shows."""
    cart, language = _cart(session), choices.language_of(session)
    problem = session["page"].get("problem")
    # A cart that is refused would be refused again: the buyer's next choice asks anew.
    event = None if problem else event_of(session, choice)

    def price(one: Mapping[str, str]) -> str:
        return str(price_in(language, one))

    return {
        "cart": [
            (one["title"], one["variant"], one["quantity"], price(one["price"]))
            for one in cart["items"]
        ],
        "totals": [
            (label, price(cart["totals"][name]))
            for name, label in _TOTALS.items()
            if name in cart["totals"]
        ],
        "deliveries": [
            choices.Choice(
                one["id"],
                one["name"],
                price(one["price"]),
                chosen=one["id"] == choice["delivery"],
            )
            for one in (cart["options"] if _ships(session) else ())
        ],
        "handler": script_values(session, event, choice),
        "cart_problem": problem,
        "pay_problem": session["page"].get("refused"),
    }


def script_values(
    session: Record, event: str | None, choice: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the values for the page's script: the shop's origin, and the event."""
    details: dict[str, Any] = {}
    if event in {BEGIN, _ADDRESS} and choice and choice["address"] is not None:
        market, buyer = str(session["market"]), int(choice["buyer"])
        address = buyers_in(market)[buyer - 1].addresses[int(choice["address"]) - 1]
        details["shippingAddress"] = {name: address[name] for name in _COARSE}
    if event == BEGIN:
        details |= {
            "scopes": session["scopes"],
            "checkoutLanguage": session["page"]["language"],
        }
    if event == _DELIVERY and choice:
        details["deliveryOptions"] = next(
            {
                "id": one["id"],
                "price": one["price"],
                "shippingMethod": {"shippingMethodName": one["name"]},
            }
            for one in _cart(session)["options"]
            if one["id"] == choice["delivery"]
        )
    if event == COMPLETE:
        shown = sessions.to_json(session, "")
        details = {"amazonCheckoutSessionId": session["id"]} | {
            name: shown[name]
            for name in (
                *("buyer", "shippingAddress", "billingAddress"),
                *("paymentPreferences", "paymentDetails"),
            )
        }
    return {
        "event": event or "",
        "origin": session["page"]["origin"],
        "details": json.dumps(details, ensure_ascii=False),
        "script": web.script("/checkout/buy_now.js"),
    }
