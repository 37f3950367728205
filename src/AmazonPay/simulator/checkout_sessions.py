"""Checkout Sessions: `amazon-pay-api-v2/checkout-session.html`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from . import charge_permissions as permissions
from . import charges
from .addresses import CARDS, person
from .amounts import amount_of, checked_price, most_overcharged, price
from .clock import read, written
from .refusals import Refusal
from .world import metadata, provider_metadata, status_details, wrong_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import APICall, Result
    from .store import Record
    from .world import World

KIND: Final = "checkoutSession"

_LIFE = timedelta(hours=24)
_KEPT = timedelta(days=30)

# The two codes for a canceled session; where one ends and the other begins is
# unconfirmed. Five plugins expect the first after a decline or a cancel.
_CANCELED_CODES = {
    "Declined": "CheckoutSessionCanceled",
    "BuyerCanceled": "CheckoutSessionCanceled",
    "AmazonCanceled": "CheckoutSessionCanceled",
    "Expired": "InvalidCheckoutSessionStatus",
}

_SIMULATED_ENDS = {
    "BuyerCanceled": "buyer cancels",
    "AmazonCanceled": "Amazon cancels",
    "Declined": "payment is declined",
}

_DESCRIPTIONS = {
    "BuyerNotAssociated": (
        "There is no buyer associated with this Checkout Session. Return the"
        " checkout session id to the Amazon Pay Button to associate the buyer."
    ),
    "ChargeAmountNotSet": "chargeAmount is not set.",
    "CheckoutResultReturnUrlNotSet": "checkoutResultReturnUrl is not set.",
    "PaymentIntentNotSet": "paymentIntent is not set.",
    # The text of this one is unconfirmed.
    "RecurringFrequencyNotSet": "recurringFrequency is not set.",
}


# The object ---------------------------------------------------------------------------


def _members(value: dict[str, Any] | None) -> dict[str, Any]:
    return value or {}


def _set_up_only(session: Record) -> bool:
    return bool(_members(session["wallet"]).get("setupOnly"))


def constraints(session: Record) -> list[str]:
    """List what is still missing before the buyer can pay, in order."""
    payment, web = session["payment"], session["web"]
    missing = {
        "BuyerNotAssociated": session["account"] is None,
        "ChargeAmountNotSet": payment.get("chargeAmount") is None
        and not _set_up_only(session),
        "CheckoutResultReturnUrlNotSet": not web.get("checkoutResultReturnUrl"),
        "PaymentIntentNotSet": payment.get("paymentIntent") is None
        and not _set_up_only(session),
        "RecurringFrequencyNotSet": session["type"] == "Recurring"
        and not _members(session["recurring"]).get("frequency"),
    }
    return [name for name, applies in missing.items() if applies]


def show(session: Record, origin: str) -> dict[str, Any]:
    """Write a session as the API does.

    Buyer, address and payment data are returned while it is `Open` only; which members
    a Get of a `Canceled` session keeps is unconfirmed.
    """
    is_open = session["state"] == "Open"
    account: str | None = session["account"] if is_open else None
    known = account is not None
    payment, web = session["payment"], session["web"]
    missing = constraints(session)
    page = f"{origin}/_simulator/checkout/processing"
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
        "paymentDetails": {
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
        },
        "chargePermissionType": session["type"],
        "orderType": None,
        "recurringMetadata": session["recurring"],
        "paymentMethodOnFileMetadata": session["wallet"],
        "merchantDetails": None,
        "merchantMetadata": metadata(session["metadata"]),
        "supplementaryData": session["supplementaryData"],
        "buyer": None if account is None else person(session["region"], account),
        "billingAddress": session["billing"] if known else None,
        "paymentPreferences": [
            {"paymentDescriptor": session["descriptor"]} if known else None
        ],
        "statusDetails": status_details(session),
        "shippingAddress": session["address"] if known else None,
        "platformId": session["platformId"],
        "chargePermissionId": session["permission"],
        "chargeId": session["charge"],
        "constraints": [
            {"constraintId": name, "description": _DESCRIPTIONS[name]}
            for name in missing
        ]
        if is_open
        else [],
        "creationTimestamp": session["created"],
        "expirationTimestamp": session["expires"],
        "storeId": session["storeId"],
        "providerMetadata": provider_metadata(session["provider"]),
        "releaseEnvironment": "Sandbox",
        "checkoutButtonText": None,
        "deliverySpecifications": session["delivery"],
        "tokens": None,
    }
    if session["split"] is not None:
        shown["multiAddressesCheckoutMetadata"] = session["split"]
    return shown


def show_completed(session: Record) -> dict[str, Any]:
    """Write the answer of Complete: recorded ones are null but for ids, state, time."""
    kept = {"checkoutSessionId", "statusDetails", "chargePermissionId", "chargeId"}
    kept |= {"creationTimestamp"}
    whole = show(session, "")
    return {name: value if name in kept else None for name, value in whole.items()}


# Life ---------------------------------------------------------------------------------


def happen(world: World, session: Record, event: str) -> None:
    """Let a planned event happen: the end of 24 hours."""
    if session["state"] == "Open":
        world.move(KIND, session, event)


def find(world: World, call: APICall) -> Record:
    """Read the session that a call names; after 30 days it is gone."""
    session = world.find(KIND, call.ids["checkout_session_id"])
    if session is None or world.now - read(session["created"]) > _KEPT:
        raise call.not_found()
    world.order = session["id"]
    return session


def _payment(given: Mapping[str, Any]) -> dict[str, Any]:
    """Bring `paymentDetails` into the form of answers, and check its combinations."""
    payment = dict(given)
    for name in ("chargeAmount", "totalOrderAmount"):
        if payment.get(name) is not None:
            payment[name] = checked_price(payment[name], name)
    return payment


def _split(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Bring the prices of several addresses into the form of answers.

    That they add up to the amount of the charge is unconfirmed, and not asked for.
    """
    if given is None:
        return None
    return [{**part, "price": checked_price(part["price"], "price")} for part in given]


def _check_combination(payment: Mapping[str, Any]) -> None:
    intent = payment.get("paymentIntent")
    if (
        payment.get("canHandlePendingAuthorization")
        and intent == "AuthorizeWithCapture"
    ):
        # Which code it is: unconfirmed.
        raise Refusal(
            "InvalidParameterCombination",
            "canHandlePendingAuthorization and AuthorizeWithCapture exclude each other",
        )
    if payment.get("softDescriptor") and intent not in {None, "AuthorizeWithCapture"}:
        raise Refusal(
            "InvalidParameterCombination", "softDescriptor needs AuthorizeWithCapture"
        )
    currencies = {
        payment[name]["currencyCode"]
        for name in ("chargeAmount", "totalOrderAmount")
        if payment.get(name)
    }
    if len(currencies) > 1:
        raise Refusal("CurrencyMismatch", "The two amounts have two currencies")
    if payment.get("chargeAmount") and payment.get("totalOrderAmount"):
        charge, total = payment["chargeAmount"], payment["totalOrderAmount"]
        if amount_of(charge) > amount_of(total):
            raise Refusal(
                "InvalidParameterValue", "chargeAmount is above totalOrderAmount"
            )


# Calls --------------------------------------------------------------------------------


def create_checkout_session(world: World, call: APICall) -> Result:
    """Answer Create Checkout Session."""
    body = call.body
    payment = _payment(body.get("paymentDetails") or {})
    _check_combination(payment)
    web = dict(body["webCheckoutDetails"])
    if web.get("checkoutMode") != "ProcessOrder" and not web.get(
        "checkoutReviewReturnUrl"
    ):
        raise Refusal("MissingParameterValue", "checkoutReviewReturnUrl is required")
    recurring = body.get("recurringMetadata")
    session: Record = {
        "id": world.ids.uuid(),
        "region": call.region,
        "ledger": call.merchant.currency_in(call.region),
        "storeId": body["storeId"],
        "web": web,
        "payment": payment,
        "type": body.get("chargePermissionType", "OneTime"),
        "recurring": None
        if recurring is None
        else permissions.recurring_metadata(recurring, None),
        "wallet": body.get("paymentMethodOnFileMetadata"),
        "wallet_of": body.get("chargePermissionId"),
        "delivery": body.get("deliverySpecifications"),
        "scopes": body.get("scopes"),
        "metadata": body.get("merchantMetadata"),
        "split": _split(body.get("multiAddressesCheckoutMetadata")),
        "platformId": body.get("platformId"),
        "provider": body.get("providerMetadata"),
        "supplementaryData": body.get("supplementaryData"),
        "productType": None,
        "account": None,
        "address": None,
        "billing": None,
        "descriptor": None,
        "card": None,
        "paid": False,
        "permission": None,
        "charge": None,
        "created": written(world.now),
        "expires": written(world.now + _LIFE),
    }
    session["order"] = session["id"]
    world.create(KIND, session)
    world.plan(_LIFE, KIND, session, "24 hours pass")
    return 201, show(session, call.origin)


def get_checkout_session(world: World, call: APICall) -> Result:
    """Answer Get Checkout Session."""
    return 200, show(find(world, call), call.origin)


def update_checkout_session(world: World, call: APICall) -> Result:
    """Answer Update Checkout Session: members that are left out stay."""
    session = find(world, call)
    if session["state"] != "Open" or session["paid"]:
        raise wrong_state(KIND, session["state"])
    body = call.body
    session["web"].update(body.get("webCheckoutDetails") or {})
    given = _payment(body.get("paymentDetails") or {})
    session["payment"].update(given)
    if given.get("chargeAmount"):
        # Recorded: an Update that sets the amount sets the presentment currency too.
        currency = given["chargeAmount"]["currencyCode"]
        session["payment"]["presentmentCurrency"] = currency
    _check_combination(session["payment"])
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
        session["split"] = _split(body["multiAddressesCheckoutMetadata"])
    for member, name in (
        ("platformId", "platformId"),
        ("providerMetadata", "provider"),
        ("supplementaryData", "supplementaryData"),
    ):
        if member in body:
            session[name] = body[member]
    session["updated"] = written(world.now)
    world.save(KIND, session)
    return 200, show(session, call.origin)


def complete_checkout_session(world: World, call: APICall) -> Result:
    """Answer Complete Checkout Session: the payment becomes real."""
    session = find(world, call)
    code = call.simulated(*_SIMULATED_ENDS, "AuthorizationInitiated")
    _check_completable(session)
    _check_amounts(session, call.body)
    if code in _SIMULATED_ENDS:
        world.move(KIND, session, _SIMULATED_ENDS[code])
        raise _canceled(session, keep=True)
    pending = _complete(world, session, code)
    return 202 if pending else 200, show_completed(session)


def finalize_checkout_session(world: World, call: APICall) -> Result:
    """Answer Finalize Checkout Session, the end of a checkout on the shop's page."""
    session = find(world, call)
    body = call.body
    _check_completable(session)
    _check_amounts(session, body)
    if body["paymentIntent"] != session["payment"].get("paymentIntent"):
        raise Refusal("InvalidParameterValue", "paymentIntent is not the session's")
    if session["supplementaryData"] and (
        body.get("supplementaryData") != session["supplementaryData"]
    ):
        raise Refusal(
            "InvalidParameterValue", "supplementaryData differs from the session"
        )
    _check_address(session, body)
    _complete(world, session, None)
    return 200, {**show(session, call.origin), "cartDetails": None}


def _check_address(session: Record, body: Mapping[str, Any]) -> None:
    """Compare addresses; the codes of a mismatch are unconfirmed."""
    pays_only = session["productType"] == "PayOnly"
    name = "billingAddress" if pays_only else "shippingAddress"
    given = body.get(name)
    if given is None:
        raise Refusal("MissingParameterValue", f"{name} is required")
    ours = _members(session["billing" if name == "billingAddress" else "address"])
    if any(value != ours.get(member) for member, value in given.items()):
        raise Refusal("InvalidParameterValue", f"{name} differs from the buyer's")


def _canceled(session: Record, *, keep: bool = False) -> Refusal:
    code = _CANCELED_CODES[session["reason"]]
    if code == "InvalidCheckoutSessionStatus":
        return wrong_state(KIND, session["state"])
    return Refusal(
        code, f"The Checkout Session was canceled: {session['reason']}", keep=keep
    )


def _check_completable(session: Record) -> None:
    if session["state"] == "Canceled":
        raise _canceled(session)
    if session["state"] != "Open" or not session["paid"]:
        raise wrong_state(KIND, session["state"])


def _check_amounts(session: Record, body: Mapping[str, Any]) -> None:
    for name in ("chargeAmount", "totalOrderAmount"):
        ours = session["payment"].get(name)
        given = body.get(name)
        if given is None:
            if ours is not None:
                raise Refusal("MissingParameterValue", f"{name} is required")
            continue
        theirs = checked_price(given, name)
        if ours is None:
            raise Refusal("AmountMismatch", f"The session has no {name}")
        if theirs["currencyCode"] != ours["currencyCode"]:
            raise Refusal("CurrencyMismatch", f"{name} has another currency")
        if amount_of(theirs) != amount_of(ours):
            raise Refusal("AmountMismatch", f"{name} differs from the session")


def _complete(world: World, session: Record, code: str | None) -> bool:
    """Grant the permission and make the charge; tell whether it is pending."""
    payment = session["payment"]
    intent = payment.get("paymentIntent", "Confirm")
    waits = payment.get("canHandlePendingAuthorization") and intent == "Authorize"
    pending = CARDS[session["card"]].pending
    if code == "AuthorizationInitiated":
        if not waits:
            raise Refusal(
                "InvalidSandboxSimulationSpecified",
                "AuthorizationInitiated needs canHandlePendingAuthorization",
            )
        pending = "issuer approves"  # its final state is unconfirmed
    amount = payment.get("chargeAmount")
    currency = amount["currencyCode"] if amount else session["ledger"]
    limit = _limit(session, currency) * world.settings.headroom
    permission = permissions.create(
        world,
        {
            **session,
            "currency": currency,
            "extendExpiration": payment.get("extendExpiration"),
        },
        session["region"],
        limit,
    )
    session["permission"] = permission["id"]
    if amount is not None and intent != "Confirm":
        event = "create captured" if intent == "AuthorizeWithCapture" else "create"
        charge = charges.create(
            world,
            permission,
            price(amount_of(amount), currency),
            "create pending" if pending else event,
            descriptor=payment.get("softDescriptor"),
            metadata=session["metadata"],
            provider=session["provider"],
            platformId=session["platformId"],
        )
        session["charge"] = charge["id"]
        if pending:
            after = world.settings.authorization_settles_after
            world.plan(after, charges.KIND, charge, pending)
    world.move(KIND, session, "complete")
    return bool(pending and session["charge"])


def _limit(session: Record, currency: str) -> Decimal:
    if session["type"] != "OneTime":
        return permissions.limit_of(session["type"], currency)
    payment = session["payment"]
    order = payment.get("totalOrderAmount") or payment.get("chargeAmount")
    amount = amount_of(order) if order else Decimal(0)
    if payment.get("allowOvercharge"):
        return most_overcharged(amount, currency)
    return amount
