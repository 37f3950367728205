"""What the buyer does on Amazon's pages: sign in, choose, pay, cancel; and later.

Amazon's pages: `amazon-pay-checkout/display-shipping-payment-info.html`,
`amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from ...resources.checkout_sessions import ProductType, Scope
from ..engine.context import wrong_state
from ..handlers import charge_permissions as permissions
from ..handlers import checkout_sessions as sessions
from ..rules import address_rules
from ..rules.test_data import CARDS, CONVERTING, full_address, home_address
from ..wire import bodies
from ..wire.errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.context import Context
    from ..engine.store import Record

_PRODUCT_TYPES: tuple[str, ...] = get_args(ProductType)
_SCOPES = frozenset(get_args(Scope))
TOKEN_LIFE = timedelta(hours=24)

# What a buyer can do to a permission in his Amazon account.
ACCOUNT_ACTIONS = {
    "close": "buyer closes",
    "deletePaymentMethod": "buyer deletes the payment method",
    "deleteBillingAddress": "buyer deletes the billing address",
    "mendPaymentMethod": "buyer mends the payment method",
}


# In a checkout ------------------------------------------------------------------------


def _open_session(context: Context, session_id: str) -> Record:
    session = context.get(sessions.KIND, session_id)
    context.order = session["id"]
    if session["state"] != "Open" or session["paid"]:
        raise wrong_state(sessions.KIND, session["state"])
    return session


def _check_one_of(value: str, known: Sequence[str], what: str) -> None:
    if value not in known:
        raise APIRefusal(
            "InvalidParameterValue", f"The {what} is one of {', '.join(known)}"
        )


def _check_choice(session: Record) -> None:
    """Refuse a choice that cannot pay, or whose outcome the session cannot show."""
    if sessions.set_up_only(session) and not session["consents"]:
        raise APIRefusal(
            "InvalidParameterCombination", "Without consent there is nothing to set up"
        )
    card, payment = CARDS[session["card"]], session["payment"]
    waits = payment.get("canHandlePendingAuthorization")
    if card.pending and not (waits and payment.get("paymentIntent") == "Authorize"):
        # That Amazon refuses is documented, with which code is unconfirmed.
        raise APIRefusal(
            "InvalidParameterCombination",
            f"The card {card.ending} needs paymentIntent Authorize and"
            " canHandlePendingAuthorization",
        )
    if sessions.converts(session) and card.brand not in CONVERTING:
        raise APIRefusal(
            "InvalidParameterCombination",
            f"In another currency than the merchant's no {card.brand} can pay",
        )


def choose(  # noqa: PLR0913 - what a buyer chooses on one page
    context: Context,
    session_id: str,
    *,
    card: str = "1111",
    shipping_address: dict[str, Any] | None = None,
    shipping_addresses: list[dict[str, Any]] | None = None,
    product_type: str = "PayAndShip",
    consents: bool = True,
) -> Record:
    """Sign in and choose a card and an address: the session gets a buyer.

    A buyer may choose anew as long as he has not paid. `consents` is whether he lets
    the merchant keep his wallet, where a session of `PaymentMethodOnFile` asks for it.
    """
    session = _open_session(context, session_id)
    region = session["region"]
    _check_one_of(product_type, _PRODUCT_TYPES, "product type")
    here = [end for end, one in CARDS.items() if one.region in {None, region}]
    _check_one_of(card, here, "card")
    scopes = session["scopes"] or ()
    bills = product_type == "PayOnly" or region == "eu" or "billingAddress" in scopes
    session["account"] = session["account"] or context.ids.account()
    session["productType"] = product_type
    session["address"] = session["addresses"] = None
    if product_type == "PayAndShip":
        session["address"] = _destination(session, shipping_address)
    elif product_type == "PayAndShipMultiAddress":
        given = shipping_addresses or [home_address(region)]
        session["addresses"] = [
            {**_destination(session, one), "addressId": context.ids.address()}
            for one in given
        ]
    session["billing"] = home_address(region) if bills else None
    session["card"] = card
    session["consents"] = consents
    session["descriptor"] = f"{CARDS[card].brand} ****{card} (Amazon Pay)"
    context.save(sessions.KIND, session)
    context.add_history(
        "buyer", session["id"], did="chose", card=card, productType=product_type
    )
    return session


def _destination(session: Record, given: dict[str, Any] | None) -> dict[str, Any]:
    """Give where an order goes: the buyer's choice, or the merchant's `addressDetails`.

    The merchant's stand where the buyer pays at once: there he sees no other.
    """
    if sessions.pays_at_once(session):
        if session["merchant_address"] is None:
            raise APIRefusal("MissingParameterValue", "addressDetails is required")
        if given is not None:
            raise APIRefusal("InvalidParameterValue", "The merchant gave the address")
        where: dict[str, Any] = session["merchant_address"]
    elif given is None:
        where = home_address(session["region"])
    else:
        where = full_address(bodies.check_address(given))
    address_rules.check_deliverable(where, session["delivery"])
    return where


def pay(context: Context, session_id: str) -> Record:
    """Press Pay on Amazon's page: nothing is authorized until the merchant completes.

    Some cards end the session here: 3064 as the buyer's cancel, 3434 as a decline.
    """
    session = _open_session(context, session_id)
    missing = sessions.constraints(session)
    if missing:
        raise APIRefusal(
            "InvalidCheckoutSessionStatus",
            f"The buyer cannot pay yet: {', '.join(missing)}",
        )
    _check_choice(session)
    context.add_history("buyer", session["id"], did="paid", card=session["card"])
    event = CARDS[session["card"]].on_pay
    if event is not None:
        context.move(sessions.KIND, session, event)
    else:
        session["paid"] = True
        context.save(sessions.KIND, session)
    return session


def cancel(context: Context, session_id: str) -> Record:
    """Leave by the link back to the shop: the session is `Canceled`."""
    session = _open_session(context, session_id)
    context.add_history("buyer", session["id"], did="canceled")
    context.move(sessions.KIND, session, "buyer cancels")
    return session


# Before and after ---------------------------------------------------------------------


def sign_in(context: Context, region: str, scopes: list[str] | None = None) -> str:
    """Sign in without a checkout: gives the token for Get Buyer, good for 24 hours."""
    for scope in scopes or ():
        _check_one_of(scope, sorted(_SCOPES), "scope")
    token = context.ids.buyer_token()
    record: Record = {
        "id": token,
        "region": region,
        "account": context.ids.account(),
        "scopes": scopes,
    }
    context.save("buyerToken", record)
    context.schedule(TOKEN_LIFE, "buyerToken", record, "token runs out")
    context.add_history("buyer", None, did="signed in")
    return token


def manage(context: Context, permission_id: str, act: str) -> Record:
    """Act on a permission in the buyer's Amazon account: close it, or change the card.

    A one-time permission cannot be closed there.
    """
    permission = context.get(permissions.KIND, permission_id)
    _check_one_of(act, list(ACCOUNT_ACTIONS), "act")
    closes, mends = act == "close", act == "mendPaymentMethod"
    if (closes and permission["type"] == "OneTime") or (
        mends and permission["reason"] == "ChargeInProgress"
    ):
        raise wrong_state(permissions.KIND, permission["state"])
    context.add_history("buyer", permission["order"], did=act)
    if closes:
        permissions.close(context, permission, ACCOUNT_ACTIONS[act])
    else:
        context.move(permissions.KIND, permission, ACCOUNT_ACTIONS[act])
    permissions.update_state(context, permission)
    return permission
