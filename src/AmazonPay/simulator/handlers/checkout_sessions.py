"""Checkout Sessions: `amazon-pay-api-v2/checkout-session.html`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ...resources.checkout_sessions import CheckoutSessions
from ..engine.context import EXPIRES
from ..engine.timestamps import format_timestamp
from ..observed import answer_to, refuse
from ..rules import address_rules
from ..rules.test_data import buyer_details
from ..wire import return_urls
from ..wire.api_call import json_result
from ..wire.errors import (
    APIRefusal,
    invalid_combination,
    invalid_value,
    missing,
    wrong_state,
)
from . import charge_permissions as permissions
from .common import metadata, provider_metadata, status_details
from .payment_details import address_prices, check_payment, check_sum, payment_of
from .registry import handles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "checkoutSession"

PROCESSING: Final = "/checkout/processing"
"""The page on which the buyer pays."""

_LIFE = timedelta(hours=24)
_KEPT = timedelta(days=30)

# The members of a record that are None until someone chooses or completes.
_UNSET = (
    *("productType", "account", "address", "addresses", "billing", "descriptor"),
    *("card", "permission", "charge", "buyer", "page"),
)

_DESCRIPTIONS = {
    "BuyerNotAssociated": (
        "There is no buyer associated with this Checkout Session. Return the"
        " checkout session id to the Amazon Pay Button to associate the buyer."
    ),
    "ChargeAmountNotSet": "chargeAmount is not set.",
    "CheckoutResultReturnUrlNotSet": "checkoutResultReturnUrl is not set.",
    "PaymentIntentNotSet": "paymentIntent is not set.",
}


def _description(name: str) -> str:
    # UNCONFIRMED: the text of a missing frequency.
    if name == "RecurringFrequencyNotSet":
        return answer_to("frequency-text")
    return _DESCRIPTIONS[name]


# The object ---------------------------------------------------------------------------


def _members(value: dict[str, Any] | None) -> dict[str, Any]:
    return value or {}


def set_up_only(session: Record) -> bool:
    """Return whether the session saves a wallet without a payment."""
    saves = session["type"] == "PaymentMethodOnFile"
    return saves and bool(_members(session["saved_method"]).get("setupOnly"))


def pays_at_once(session: Record) -> bool:
    """Return whether the buyer pays without a review page."""
    mode: str | None = session["web_details"].get("checkoutMode")
    return mode == "ProcessOrder"


def buys_now(session: Record) -> bool:
    """Return whether the buyer stays on the shop's page: it ends with Finalize."""
    started: bool = session["buys_now"]
    return started


def converts(session: Record) -> bool:
    """Return whether the buyer pays in another currency than the ledger's."""
    amount = session["payment"].get("chargeAmount")
    ledger_currency = session["ledger_currency"]
    return bool(
        ledger_currency and amount and amount["currencyCode"] != ledger_currency
    )


def constraints(session: Record) -> list[str]:
    """Return what is missing before the buyer can pay, in the order of the API."""
    payment, web = session["payment"], session["web_details"]
    missing = {
        "BuyerNotAssociated": session["account"] is None,
        "ChargeAmountNotSet": payment.get("chargeAmount") is None
        and not set_up_only(session),
        "CheckoutResultReturnUrlNotSet": not web.get("checkoutResultReturnUrl")
        and not buys_now(session),
        "PaymentIntentNotSet": payment.get("paymentIntent") is None,
        "RecurringFrequencyNotSet": session["type"] == "Recurring"
        and not _members(session["recurring"]).get("frequency"),
    }
    return [name for name, applies in missing.items() if applies]


def to_json(session: Record, origin: str) -> dict[str, Any]:
    """Return a session in the form of the API.

    Buyer, addresses, amounts and payment data are there only while it is `Open`.
    """
    # UNCONFIRMED: which other members a session keeps that has ended.
    is_open = session["state"] == "Open"
    account: str | None = session["account"] if is_open else None
    known = account is not None
    web = session["web_details"]
    missing = constraints(session) if is_open else []
    page = f"{origin}{PROCESSING}"
    redirect = f"{page}?amazonCheckoutSessionId={session['id']}"
    shown: dict[str, Any] = {
        "checkoutSessionId": session["id"],
        "webCheckoutDetails": {
            "checkoutReviewReturnUrl": web.get("checkoutReviewReturnUrl"),
            "checkoutResultReturnUrl": web.get("checkoutResultReturnUrl"),
            "amazonPayRedirectUrl": redirect if is_open and not missing else None,
            "checkoutCancelUrl": web.get("checkoutCancelUrl"),
        },
        "productType": session["productType"],
        "paymentDetails": _shown_payment(session["payment"]) if is_open else None,
        "chargePermissionType": session["type"],
        "orderType": None,
        "recurringMetadata": session["recurring"],
        "paymentMethodOnFileMetadata": session["saved_method"],
        "merchantDetails": None,
        "merchantMetadata": metadata(session["metadata"]),
        "supplementaryData": session["supplementaryData"],
        "buyer": None
        if account is None
        else buyer_details(
            session["market"], account, session["scopes"], session.get("buyer") or 1
        ),
        "billingAddress": session["billing"] if known else None,
        "paymentPreferences": [
            {"paymentDescriptor": session["descriptor"]} if known else None
        ]
        if is_open
        else None,
        "statusDetails": status_details(session),
        "shippingAddress": session["address"] if known else None,
        "platformId": session["platformId"],
        "chargePermissionId": session["permission"],
        "chargeId": session["charge"],
        "constraints": [
            {"constraintId": name, "description": _description(name)}
            for name in missing
        ],
        "creationTimestamp": session["created"],
        "expirationTimestamp": session["expires"],
        "storeId": session["storeId"],
        "providerMetadata": provider_metadata(session["providerMetadata"]),
        "releaseEnvironment": "Sandbox",
        "checkoutButtonText": None,
        "deliverySpecifications": session["delivery"],
        "tokens": None,
    }
    if session["address_prices"] is not None:
        shown["multiAddressesCheckoutMetadata"] = session["address_prices"]
    if session["addresses"] is not None:
        # UNCONFIRMED: that the member is absent for other product types.
        listed = [json.dumps(one, ensure_ascii=False) for one in session["addresses"]]
        shown["shippingAddressList"] = listed if known else None
    elif answer_to("address-list") == "null":
        shown["shippingAddressList"] = None
    return shown


def _shown_payment(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "paymentIntent": payment.get("paymentIntent"),
        "canHandlePendingAuthorization": payment.get(
            "canHandlePendingAuthorization", False
        ),
        "chargeAmount": payment.get("chargeAmount"),
        "totalOrderAmount": payment.get("totalOrderAmount"),
        "softDescriptor": payment.get("softDescriptor"),
        "presentmentCurrency": payment.get("presentmentCurrency"),
        "allowOvercharge": payment.get("allowOvercharge"),
        "extendExpiration": payment.get("extendExpiration"),
    }


# Life cycle ---------------------------------------------------------------------------


def on_due(context: Context, session: Record, event: str) -> None:
    """Apply a scheduled event, the end of 24 hours, to a session that is open."""
    if session["state"] == "Open":
        context.move(KIND, session, event)


def named_session(context: Context, call: APICall) -> Record:
    """Return the session that a call names."""
    session = context.find(KIND, call.ids["checkout_session_id"])
    if session is None:
        raise call.not_found()
    return session


def _wallet(context: Context, call: APICall) -> str | None:
    """Return the saved wallet that a session is to mend, or refuse another one."""
    id_: str | None = call.body.get("chargePermissionId")
    if id_ is None:
        return None
    # UNCONFIRMED: the codes.
    if call.body.get("chargePermissionType") != "PaymentMethodOnFile":
        refuse(
            "wallet-without-type",
            invalid_combination(
                "chargePermissionId needs chargePermissionType PaymentMethodOnFile"
            ),
        )
        return None
    wallet = context.find(permissions.KIND, id_)
    if wallet is None or wallet["type"] != "PaymentMethodOnFile":
        refuse(
            "wallet-unknown",
            invalid_value(
                "The value provided for 'chargePermissionId' is invalid: there is no"
                " such saved wallet"
            ),
        )
        return None
    if wallet["state"] == "Closed":
        raise wrong_state("chargePermission", wallet["state"])
    return id_


# Calls --------------------------------------------------------------------------------


@handles(CheckoutSessions.create_checkout_session)
def create_checkout_session(context: Context, call: APICall) -> Result:
    """Answer Create Checkout Session."""
    call.checked_simulation_code()
    body = call.body
    return_urls.check_store_id(body["storeId"])
    web = dict(body.get("webCheckoutDetails") or {})
    payment = payment_of(body.get("paymentDetails") or {})
    saved_method = body.get("paymentMethodOnFileMetadata")
    # UNCONFIRMED: whether this call takes checkoutMode, which the button's payload has;
    # in 2020 it did not.
    if "checkoutMode" in web and call.requested_path.endswith(call.path):
        refuse(
            "checkout-mode",
            APIRefusal("UnrecognizedField", "checkoutMode is not taken"),
            guessed=False,
        )
    if web.get("checkoutMode") == "ProcessOrder":
        charges = not _members(saved_method).get("setupOnly")
        return_urls.check_pays_at_once(web, payment, amount=charges)
    elif "checkoutReviewReturnUrl" not in web and "webCheckoutDetails" in body:
        # A wallet that is only set up is not reviewed.
        sets_up = bool(_members(saved_method).get("setupOnly"))
        if not (sets_up and "checkoutResultReturnUrl" in web):
            raise missing("webCheckoutDetails.checkoutReviewReturnUrl")
    return_urls.check_urls(call, context.rules, web)
    if context.rules.checks_delivery:
        address_rules.check_delivery(body.get("deliverySpecifications") or {})
    recurring = body.get("recurringMetadata")
    details = body.get("addressDetails")
    merchant = call.merchant
    ledger = merchant.currency_in(call.region, call.market)
    session: Record = {
        "id": context.ids.uuid(),
        "region": call.region,
        "market": call.market,
        "default_currency": ledger,
        # A key without a region or currency of its own accepts any currency.
        "ledger_currency": ledger
        if merchant.region or merchant.ledger_currency
        else None,
        "storeId": body["storeId"],
        "web_details": web,
        "payment": payment,
        "type": body.get("chargePermissionType", "OneTime"),
        "recurring": None
        if recurring is None
        else permissions.recurring_metadata(recurring, None),
        "saved_method": saved_method,
        "buys_now": "webCheckoutDetails" not in body,
        "wallet": _wallet(context, call),
        "delivery": body.get("deliverySpecifications"),
        "merchant_address": None
        if details is None
        else address_rules.checked_details(details),
        "scopes": body.get("scopes"),
        "metadata": body.get("merchantMetadata"),
        "address_prices": address_prices(body.get("multiAddressesCheckoutMetadata")),
        "platformId": body.get("platformId"),
        "providerMetadata": body.get("providerMetadata"),
        "supplementaryData": body.get("supplementaryData"),
        "consents": True,
        "paid": False,
        **dict.fromkeys(_UNSET),
        "created": context.timestamp,
        "expires": format_timestamp(context.now + _LIFE),
    }
    check_payment(session)
    check_sum(session)
    session["order"] = session["id"]
    context.create(KIND, session)
    context.schedule(_LIFE, KIND, session, "24 hours pass")
    context.schedule(_KEPT + timedelta(seconds=1), KIND, session, EXPIRES)
    return json_result(201, to_json(session, call.pages), session["id"])


@handles(CheckoutSessions.get_checkout_session, subject=named_session)
def get_checkout_session(context: Context, call: APICall, session: Record) -> Result:
    """Answer Get Checkout Session."""
    return json_result(200, to_json(session, call.pages))


@handles(CheckoutSessions.update_checkout_session, subject=named_session)
def update_checkout_session(context: Context, call: APICall, session: Record) -> Result:
    """Answer Update Checkout Session: members that are left out stay."""
    if session["state"] != "Open":
        raise wrong_state(KIND, session["state"])
    if session["paid"]:
        # UNCONFIRMED: the code; that updates end when the buyer has paid is documented.
        refuse("update-after-pay", wrong_state(KIND, session["state"]))
    body = call.body
    web: dict[str, Any] = body.get("webCheckoutDetails") or {}
    return_urls.check_urls(call, context.rules, web)
    if pays_at_once(session) and "checkoutReviewReturnUrl" in web:
        # UNCONFIRMED: that an update refuses what the creation does.
        refuse(
            "process-order-update",
            invalid_combination("A session of ProcessOrder has no review page"),
        )
    session["web_details"].update(web)
    given = payment_of(body.get("paymentDetails") or {})
    session["payment"].update(given)
    if given.get("chargeAmount"):
        # As recorded, an amount sets the presentment currency, too.
        currency = given["chargeAmount"]["currencyCode"]
        session["payment"]["presentmentCurrency"] = currency
    check_payment(session)
    session["type"] = body.get("chargePermissionType", session["type"])
    if body.get("recurringMetadata"):
        session["recurring"] = permissions.recurring_metadata(
            body["recurringMetadata"], session["recurring"]
        )
    if body.get("merchantMetadata"):
        session["metadata"] = {
            **(session["metadata"] or {}),
            **body["merchantMetadata"],
        }
    if "multiAddressesCheckoutMetadata" in body:
        session["address_prices"] = address_prices(
            body["multiAddressesCheckoutMetadata"]
        )
    for member in ("platformId", "providerMetadata", "supplementaryData"):
        if member in body:
            session[member] = body[member]
    session["updated"] = context.timestamp
    context.save(KIND, session)
    return json_result(200, to_json(session, call.pages))
