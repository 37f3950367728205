"""Complete and Finalize Checkout Session, which make the payment.

Amazon's pages: `amazon-pay-checkout/verify-and-complete-checkout.html`,
`amazon-pay-buy-now-checkout/verify-and-complete-checkout.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...resources.checkout_sessions import CheckoutSessions
from ..engine.outcomes import PENDING_ENDS, SESSION_ENDS, Outcome
from ..rules.amounts import (
    MONTHLY,
    checked_price,
    format_price,
    overcharge_limit,
    parse_amount,
)
from ..rules.test_data import CARDS, full_address
from ..wire.api_call import json_result
from ..wire.errors import APIRefusal, invalid_value, missing, wrong_state
from . import charge_permissions as permissions
from . import charges
from .checkout_sessions import KIND, buys_now, named_session, to_json
from .payment_details import check_payment
from .registry import handles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

# `Settings.canceled_session_code` is the code for other reasons.
# UNCONFIRMED: which reason has which code.
_CANCELED_CODES = {"Expired": "InvalidCheckoutSessionStatus"}

_CODES = {
    **{
        name: Outcome("complete_checkout_session", name, "before")
        for name in SESSION_ENDS
    },
    # UNCONFIRMED: how the pending authorization ends.
    "AuthorizationInitiated": Outcome(
        "complete_checkout_session", "Authorized", "later"
    ),
}

# Members that only the answer to Finalize has; they are null here.
_FINALIZED = (
    *("paymentProcessingMetaData", "processorSpecifications", "disbursementDetails"),
    "channelType",
)
_FINALIZED_URLS = (
    *("authorizeResultReturnUrl", "signInReturnUrl", "signInCancelUrl"),
    *("checkoutErrorUrl", "signInErrorUrl", "amazonPayDeclineUrl"),
)


def completed_to_json(session: Record) -> dict[str, Any]:
    """Return the response of Complete: as recorded, most members are null."""
    kept = {"checkoutSessionId", "statusDetails", "chargePermissionId", "chargeId"}
    kept |= {"creationTimestamp"}
    whole = to_json(session, "")
    return {name: value if name in kept else None for name, value in whole.items()}


@handles(CheckoutSessions.complete_checkout_session, subject=named_session)
def complete_checkout_session(
    context: Context, call: APICall, session: Record
) -> Result:
    """Answer Complete Checkout Session: grant the permission and create the charge."""
    outcome = call.checked_outcome(_CODES)
    _check_completable(context, session)
    if buys_now(session):
        # UNCONFIRMED: that Complete is refused, and the code.
        raise APIRefusal(
            "InvalidCheckoutSessionStatus", "A Buy Now session ends with Finalize"
        )
    _check_amounts(session, call.body)
    _end_if_asked(context, session, outcome)
    pending = _complete(context, session, outcome)
    return json_result(202 if pending else 200, completed_to_json(session))


def _end_if_asked(context: Context, session: Record, outcome: Outcome | None) -> None:
    if outcome is not None and outcome.when == "before":
        context.move(KIND, session, SESSION_ENDS[outcome.name])
        raise _canceled(context, session)


@handles(CheckoutSessions.finalize_checkout_session, subject=named_session)
def finalize_checkout_session(
    context: Context, call: APICall, session: Record
) -> Result:
    """Answer Finalize Checkout Session, the end of a checkout on the shop's page."""
    # UNCONFIRMED: the codes of refusals; they are those of Complete, and general ones
    # where the call differs from the session.
    outcome = call.checked_outcome({})
    body = call.body
    _check_completable(context, session)
    _check_amounts(session, body)
    waits = body.get("canHandlePendingAuthorization")
    payment = {**session["payment"], "canHandlePendingAuthorization": waits}
    check_payment({**session, "payment": payment})
    if body["paymentIntent"] != session["payment"].get("paymentIntent"):
        raise invalid_value("paymentIntent is not the session's")
    if session["supplementaryData"] and (
        body.get("supplementaryData") != session["supplementaryData"]
    ):
        raise invalid_value("supplementaryData differs from the session")
    _check_address(session, body)
    _end_if_asked(context, session, outcome)
    session["payment"] = payment
    _complete(context, session, outcome)
    shown: dict[str, Any] = {}
    for name, value in to_json(session, call.pages).items():
        shown[name] = value
        if name == "paymentDetails":
            shown["cartDetails"] = None
    shown["webCheckoutDetails"] |= dict.fromkeys(_FINALIZED_URLS)
    given = session["web_details"].get("checkoutErrorUrl")
    shown["webCheckoutDetails"]["checkoutErrorUrl"] = given
    return json_result(200, shown | dict.fromkeys(_FINALIZED))


def _check_address(session: Record, body: Mapping[str, Any]) -> None:
    """Require the address that Amazon supplied; a member that is left out is null."""
    ours, name = session["address"], "shippingAddress"
    if session["productType"] == "PayOnly":
        ours, name = session["billing"], "billingAddress"
    given = body.get(name)
    if given is None:
        raise missing(name)
    if full_address(given) != ours:
        raise invalid_value(f"{name} differs from the buyer's")


def _canceled(context: Context, session: Record) -> APIRefusal:
    """Return the refusal for a canceled session; a cancellation by this call stays."""
    code = _CANCELED_CODES.get(
        session["reason"], context.settings.canceled_session_code
    )
    reason = session["reason"]
    return APIRefusal(
        code, f"The Checkout Session was canceled: {reason}", keep_changes=True
    )


def _check_completable(context: Context, session: Record) -> None:
    if session["state"] == "Canceled":
        raise _canceled(context, session)
    if session["state"] != "Open" or not session["paid"]:
        raise wrong_state(KIND, session["state"])


def _check_amounts(session: Record, body: Mapping[str, Any]) -> None:
    for name in ("chargeAmount", "totalOrderAmount"):
        ours = session["payment"].get(name)
        given = body.get(name)
        if given is None:
            if ours is not None:
                raise missing(name)
            continue
        theirs = checked_price(given, name)
        if ours is None:
            raise APIRefusal("AmountMismatch", f"The session has no {name}")
        if theirs["currencyCode"] != ours["currencyCode"]:
            raise APIRefusal("CurrencyMismatch", f"{name} has another currency")
        if parse_amount(theirs) != parse_amount(ours):
            raise APIRefusal("AmountMismatch", f"{name} differs from the session")


def _complete(context: Context, session: Record, outcome: Outcome | None) -> bool:
    """Grant the permission and create the charge; return whether it is pending."""
    payment = session["payment"]
    intent = payment.get("paymentIntent", "Confirm")
    waits = payment.get("canHandlePendingAuthorization") and intent == "Authorize"
    if outcome is not None and not waits:
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            "AuthorizationInitiated needs canHandlePendingAuthorization",
        )
    outcome = outcome or CARDS[session["card"]].ends
    pending = None if outcome is None else PENDING_ENDS[outcome.name]
    amount = payment.get("chargeAmount")
    currency = payment.get("presentmentCurrency") or session["default_currency"]
    currency = amount["currencyCode"] if amount else currency
    kind = _kind(session)
    limit = _limit(session, kind, currency) * context.settings.headroom
    if amount and parse_amount(amount) > limit:
        # UNCONFIRMED: the code, which is documented for other calls.
        raise APIRefusal(
            "TransactionAmountExceeded",
            f"The chargeAmount is above the limit of {limit} {currency} a month",
        )
    if session["wallet"]:
        permission = permissions.mend(context, session)
    else:
        permission = permissions.create(
            context,
            {
                **session,
                "type": kind,
                "currency": currency,
                "extendExpiration": payment.get("extendExpiration"),
            },
            session["region"],
            limit,
        )
    session["permission"] = permission["id"]
    if amount is not None and intent != "Confirm":
        if session["wallet"]:
            charges.check_permission(context, permission, amount)
        event = "create captured" if intent == "AuthorizeWithCapture" else "create"
        charge = charges.create(
            context,
            permission,
            format_price(parse_amount(amount), currency),
            "create pending" if pending else event,
            descriptor=payment.get("softDescriptor"),
            metadata=session["metadata"],
            provider=session["providerMetadata"],
            platformId=session["platformId"],
        )
        session["charge"] = charge["id"]
        if pending:
            after = context.settings.authorization_settles_after
            context.schedule(after, charges.KIND, charge, pending)
    context.move(KIND, session, "complete")
    return bool(pending and session["charge"])


def _kind(session: Record) -> str:
    """Return the type of the permission: without consent to a wallet, `OneTime`."""
    saves = session["type"] == "PaymentMethodOnFile"
    return "OneTime" if saves and not session["consents"] else session["type"]


def _limit(session: Record, kind: str, currency: str) -> Decimal:
    if kind != "OneTime":
        return MONTHLY[kind][currency]
    payment = session["payment"]
    order = payment.get("totalOrderAmount") or payment["chargeAmount"]
    if payment.get("allowOvercharge"):
        return overcharge_limit(parse_amount(order), currency)
    return parse_amount(order)
