"""Which members of a payload belong together: Amazon's rules, each with its page."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import urlsplit

from ..errors import InvalidRequest
from ..resources._button_payloads import BuyNowPayload, SignInPayload
from ..resources.checkout_sessions import CreateCheckoutSession
from .members import problem_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .settings import Settings

Payload: TypeAlias = "dict[str, Any]"

SESSION = "amazon-pay-api-v2/checkout-session.html"
_APB = "amazon-pay-apb-checkout/add-the-amazon-pay-button.html"
_ADDRESS = "amazon-pay-checkout/address-formatting-and-validation.html"
_SIGN_IN = "amazon-pay-checkout/amazon-sign-in.html"
_BUY_NOW = "amazon-pay-api-v2/buy-now-checkout.html"
_CHARGE = "amazon-pay-api-v2/charge.html"
_CURRENCY = "amazon-pay-checkout/multi-currency-integration.html"
_RECURRING = "amazon-pay-recurring-checkout/manage-recurring-payments.html"
_WALLET = "amazon-pay-paymentmethodonfile/checkout-session.html"
_ENVIRONMENTS = "amazon-pay-checkout/differences-between-environments.html"

_MOST = {
    "JPY": Decimal(10_000_000),
    "USD": Decimal(150_000),
    "EUR": Decimal(150_000),
    "GBP": Decimal(150_000),
}


class _Broken(Exception):  # noqa: N818 - a result of a rule
    """A rule that a payload breaks, and Amazon's page about it."""

    def __init__(self, rule: str, page: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.page = page


def check_payload(data: bytes, settings: Settings) -> None:
    """Check the payload of a button, which is JSON, before it is signed.

    Raises:
        InvalidRequest: Amazon would refuse it, or the checkout could not end; the error
            names the member, the rule and Amazon's page.
    """
    payload: Payload = json.loads(data)
    try:
        _check_one_line(data)
        if settings.product_type == "SignIn":
            _check_sign_in(payload, settings)
        else:
            _check_checkout(payload, settings)
    except _Broken as broken:
        message = f"the payload is refused: {broken.rule} ({broken.page})"
    else:
        return
    raise InvalidRequest(message)


def _check_one_line(data: bytes) -> None:
    if re.search(rb"[\r\n]", data):
        # UNCONFIRMED: that Amazon does not undo it.
        raise _Broken(
            "the text has line breaks: a form posts them as CR LF, so that another text"
            " arrives than was signed; write the JSON in one line",
            SESSION,
        )


def _check_members(kind: type, payload: Payload, page: str) -> None:
    problem = problem_in(kind, payload)
    if problem is not None:
        raise _Broken(problem, page)


def _check_sign_in(payload: Payload, settings: Settings) -> None:
    if "signInReturnUrl" not in payload and "webCheckoutDetails" in payload:
        raise _Broken("a checkout payload belongs to another productType", _SIGN_IN)
    _check_members(SignInPayload, payload, _SIGN_IN)
    _check_store_id(payload)
    for name in ("signInReturnUrl", "signInCancelUrl"):
        _check_url(name, payload.get(name), settings)


def _check_checkout(payload: Payload, settings: Settings) -> None:
    if "signInReturnUrl" in payload:
        raise _Broken("a sign-in payload belongs to productType SignIn", _SIGN_IN)
    web = _object(payload, "webCheckoutDetails")
    if is_buy_now(payload, settings):
        _check_members(BuyNowPayload, payload, _BUY_NOW)
    else:
        if "webCheckoutDetails" not in payload:
            raise _Broken(
                "webCheckoutDetails is missing; only Buy Now has none (buy_now=True)",
                SESSION,
            )
        _check_members(CreateCheckoutSession, payload, SESSION)
    _check_store_id(payload)
    for name, url in web.items():
        if name.endswith("Url"):
            _check_url(f"webCheckoutDetails.{name}", url, settings)
    for rule in RULES:
        rule(payload, settings)


def is_buy_now(payload: Payload, settings: Settings) -> bool:
    """Return whether a payload is one of Buy Now."""
    return settings.buy_now or "cartDetails" in payload


def _object(parent: Payload, name: str) -> Payload:
    member = parent.get(name)
    return cast("Payload", member) if isinstance(member, dict) else {}


def _check_store_id(payload: Payload) -> None:
    if str(payload["storeId"]).startswith("amzn1.application."):
        raise _Broken(
            "storeId is an application id; it must be the client id,"
            " amzn1.application-oa2-client.…",
            SESSION,
        )


def _check_url(name: str, url: object, settings: Settings) -> None:
    """Check where the buyer's browser is sent: https, in sandbox also localhost."""
    if url is None:
        return
    text = str(url)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _Broken(f"{name} is no URL", _ENVIRONMENTS) from None
    strange = re.search(r"[\s\x00-\x1f\x7f\\]", text) or port == 0
    if strange or not host or "@" in parts.netloc:
        raise _Broken(f"{name} must be an absolute URL, without a user", _ENVIRONMENTS)
    if parts.scheme == "https":
        return
    if settings.sandbox and parts.scheme == "http" and host == "localhost":
        return
    more = " or http://localhost" if settings.sandbox else ""
    raise _Broken(f"{name} must begin with https://{more}", _ENVIRONMENTS)


# Rules --------------------------------------------------------------------------------


def _return_urls(payload: Payload, settings: Settings) -> None:
    web = _object(payload, "webCheckoutDetails")
    if is_buy_now(payload, settings):
        return
    if web.get("checkoutMode") == "ProcessOrder":
        if web.get("checkoutReviewReturnUrl") is not None:
            raise _Broken(
                "checkoutReviewReturnUrl and checkoutMode ProcessOrder exclude each"
                " other: there is no review",
                _APB,
            )
        if web.get("checkoutResultReturnUrl") is None:
            raise _Broken(
                "webCheckoutDetails.checkoutResultReturnUrl is missing: checkoutMode"
                " ProcessOrder needs it",
                _APB,
            )
        return
    sets_up = _object(payload, "paymentMethodOnFileMetadata").get("setupOnly") is True
    needed = "checkoutResultReturnUrl" if sets_up else "checkoutReviewReturnUrl"
    if web.get(needed) is None and web.get("checkoutReviewReturnUrl") is None:
        raise _Broken(
            f"webCheckoutDetails.{needed} is missing"
            + ("" if sets_up else "; only checkoutMode ProcessOrder has none"),
            _WALLET if sets_up else SESSION,
        )


def _process_order(payload: Payload, settings: Settings) -> None:
    if _object(payload, "webCheckoutDetails").get("checkoutMode") != "ProcessOrder":
        return
    payment = _object(payload, "paymentDetails")
    for name in ("paymentIntent", "chargeAmount"):
        if payment.get(name) is None:
            raise _Broken(
                f"paymentDetails.{name} is missing: checkoutMode ProcessOrder needs it",
                _APB,
            )
    if settings.product_type == "PayAndShip" and not _object(payload, "addressDetails"):
        raise _Broken(
            "addressDetails is missing: checkoutMode ProcessOrder needs it with"
            " productType PayAndShip",
            _APB,
        )


def _payment(payload: Payload, settings: Settings) -> None:
    del settings
    payment = _object(payload, "paymentDetails")
    takes = payment.get("paymentIntent") == "AuthorizeWithCapture"
    if takes and payment.get("canHandlePendingAuthorization") is True:
        raise _Broken(
            "canHandlePendingAuthorization must not be true with paymentIntent"
            " AuthorizeWithCapture",
            SESSION,
        )
    if payment.get("softDescriptor") is not None and not takes:
        raise _Broken(
            "softDescriptor goes with paymentIntent AuthorizeWithCapture only", SESSION
        )


def _permission(payload: Payload, settings: Settings) -> None:
    del settings
    kind = payload.get("chargePermissionType")
    recurring = _object(payload, "recurringMetadata")
    frequency = _object(recurring, "frequency")
    if kind == "Recurring" and not frequency:
        raise _Broken(
            "recurringMetadata.frequency is missing: chargePermissionType Recurring"
            " needs it",
            _RECURRING,
        )
    if frequency.get("unit") == "Variable" and str(frequency.get("value")) != "0":
        raise _Broken(
            "recurringMetadata.frequency.value must be 0 with unit Variable", _RECURRING
        )
    wallet = _object(payload, "paymentMethodOnFileMetadata")
    for name in ("paymentMethodOnFileMetadata", "chargePermissionId"):
        if payload.get(name) and kind != "PaymentMethodOnFile":
            raise _Broken(
                f"{name} goes with chargePermissionType PaymentMethodOnFile only",
                _WALLET,
            )
    intent = _object(payload, "paymentDetails").get("paymentIntent")
    if wallet.get("setupOnly") is True and intent not in {None, "Confirm"}:
        raise _Broken(
            "paymentDetails.paymentIntent must be Confirm with setupOnly", _WALLET
        )


def prices_in(value: object, where: str = "") -> Iterator[tuple[str, Payload]]:
    """Yield each price in a payload, with its place."""
    if isinstance(value, dict):
        members = cast("Payload", value)
        if {"amount", "currencyCode"} <= set(members):
            yield where, members
        for name, member in members.items():
            yield from prices_in(member, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from prices_in(item, where)


def _amount(where: str, price: Payload) -> Decimal:
    """Return an amount, also of a member that is not typed."""
    try:
        return Decimal(str(price["amount"]))
    except InvalidOperation:
        raise _Broken(f"{where}.amount is no amount", _CURRENCY) from None


def _amounts(payload: Payload, settings: Settings) -> None:
    currencies: dict[str, str] = {}
    for where, price in prices_in(payload):
        currency, amount = str(price["currencyCode"]), _amount(where, price)
        if currency == "JPY" and amount != amount.to_integral_value():
            raise _Broken(f"{where}: JPY has no decimals", _CURRENCY)
        if currency not in settings.currencies:
            raise _Broken(
                f"{where}: a merchant of region {settings.region} takes"
                f" {', '.join(sorted(settings.currencies))} only",
                _CURRENCY,
            )
        currencies.setdefault(currency, where)
        if where == "paymentDetails.chargeAmount":
            if amount <= 0:
                raise _Broken(f"{where} must be more than 0", _CHARGE)
            if amount > _MOST.get(currency, amount):
                raise _Broken(
                    f"{where} is at most {_MOST[currency]} {currency}", _CHARGE
                )
    presentment = _object(payload, "paymentDetails").get("presentmentCurrency")
    if presentment is not None:
        if settings.region != "eu":
            raise _Broken("presentmentCurrency is for the EU and UK only", _CURRENCY)
        currencies.setdefault(str(presentment), "paymentDetails.presentmentCurrency")
    if len(currencies) > 1:
        raise _Broken(
            f"{' and '.join(currencies.values())} are in two currencies", _CURRENCY
        )


# amazon-pay-checkout/address-formatting-and-validation.html
_EU = frozenset(
    {"UK", "GB", "DE", "FR", "IT", "ES", "AT", "BE", "BG", "HR", "CY", "CZ", "DK"}
    | {"EE", "FI", "GR", "HU", "IE", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO"}
    | {"SK", "SI", "SE"}
)
_WITHOUT_STATE = frozenset({"UK", "GB", "SG", "AE", "MX"})


def _address(payload: Payload, settings: Settings) -> None:
    del settings
    address = _object(payload, "addressDetails")
    if not address:
        return
    country = str(address["countryCode"]).strip().upper()
    needed = ["city", "stateOrRegion"]
    if country in _EU or country in _WITHOUT_STATE:
        needed = ["city"]
    elif country == "JP":
        needed = ["stateOrRegion"]
    for name in needed:
        if not str(address.get(name) or "").strip():
            raise _Broken(
                f"addressDetails.{name} is missing for this country", _ADDRESS
            )
    if country in _WITHOUT_STATE and address.get("stateOrRegion"):
        raise _Broken(
            "addressDetails.stateOrRegion must be left out for this country", _ADDRESS
        )


def _cart(payload: Payload, settings: Settings) -> None:
    cart = _object(payload, "cartDetails")
    if not cart:
        return
    options = cast("list[Payload]", cart.get("deliveryOptions") or [])
    defaults = [one for one in options if one.get("isDefault") is True]
    if options and len(defaults) != 1:
        raise _Broken(
            "exactly one of cartDetails.deliveryOptions has isDefault true", _BUY_NOW
        )
    if settings.product_type == "PayOnly" and options:
        raise _Broken(
            "cartDetails.deliveryOptions goes with productType PayAndShip", _BUY_NOW
        )
    for item in cast("list[Payload]", cart.get("lineItems") or []):
        each, total = item["listPrice"]["amount"], item["totalListPrice"]["amount"]
        if Decimal(str(each)) * Decimal(item["quantity"]) != Decimal(str(total)):
            raise _Broken(
                "totalListPrice of an element of cartDetails.lineItems must be"
                " listPrice times quantity",
                _BUY_NOW,
            )


RULES: tuple[Callable[[Payload, Settings], None], ...] = (
    _return_urls,
    _process_order,
    _payment,
    _permission,
    _amounts,
    _address,
    _cart,
)
