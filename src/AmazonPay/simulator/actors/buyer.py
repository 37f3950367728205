"""The buyer's acts on Amazon's pages: sign in, choose, pay and cancel; and later.

Amazon's pages: `amazon-pay-checkout/display-shipping-payment-info.html`,
`amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from ...resources.checkout_sessions import ProductType, Scope
from ..handlers import buyers
from ..handlers import charge_permissions as permissions
from ..handlers import checkout_sessions as sessions
from ..rules import address_rules
from ..rules.test_data import CARDS, CONVERTING, buyers_in, full_address
from ..wire import bodies
from ..wire.errors import (
    APIRefusal,
    invalid_combination,
    invalid_value,
    missing,
    wrong_state,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..engine.context import Context
    from ..engine.store import Record
    from ..rules.test_data import Buyer

_PRODUCT_TYPES: tuple[str, ...] = get_args(ProductType)
_SCOPES: list[str] = sorted(get_args(Scope))
_TOKEN_LIFE = timedelta(hours=24)

# What can happen to a permission between the merchant's calls: the event of each act.
# The first four are the buyer's, in their Amazon account.
ACCOUNT_ACTIONS = {
    "close": "buyer closes",
    "deletePaymentMethod": "buyer deletes the payment method",
    "deleteBillingAddress": "buyer deletes the billing address",
    "mendPaymentMethod": "buyer mends the payment method",
    "expirePaymentMethod": "the payment method expires",
    "failAuthentication": "authentication fails",
    "amazonClose": "Amazon closes",
    "amazonCancel": "Amazon cancels",
}
_CLOSING = {"close", "amazonClose", "amazonCancel"}


# In a checkout ------------------------------------------------------------------------


def _check_open(session: Record) -> None:
    if session["state"] != "Open" or session["paid"]:
        raise wrong_state(sessions.KIND, session["state"])


def _check_one_of(value: str, known: Sequence[str], name: str) -> None:
    if value not in known:
        raise invalid_value(f"The {name} is one of {', '.join(known)}")


def card_problem(session: Record, ending: str) -> str | None:
    """Return why a card cannot pay for what a session asks for by now, or None."""
    card, payment = CARDS[ending], session["payment"]
    if card.region not in {None, session["region"]}:
        return f"The card {ending} is one of region {card.region}"
    intent = payment.get("paymentIntent")
    waits = payment.get("canHandlePendingAuthorization")
    pends = card.ends is not None and card.ends.when == "later"
    if pends and intent is not None and not (waits and intent == "Authorize"):
        return (
            f"The card {ending} needs paymentIntent Authorize and"
            " canHandlePendingAuthorization"
        )
    if sessions.converts(session) and card.brand not in CONVERTING:
        return f"In another currency than the merchant's no {card.brand} can pay"
    return None


def address_problem(session: Record, address: Mapping[str, Any]) -> str | None:
    """Return why an order of a session cannot be shipped to an address, or None."""
    try:
        address_rules.check_deliverable(address, session["delivery"])
    except APIRefusal as refusal:
        return refusal.message
    return None


def _check_choice(session: Record) -> None:
    """Refuse to pay with a choice that this session does not allow."""
    if sessions.set_up_only(session) and not session["consents"]:
        raise invalid_combination("Without consent there is nothing to set up")
    problem = card_problem(session, session["card"])
    if problem is not None:
        # UNCONFIRMED: the code; that Amazon refuses is documented.
        raise invalid_combination(problem)


def choose(  # noqa: PLR0913 - what a buyer chooses on one page
    context: Context,
    session: Record,
    *,
    card: str = "1111",
    shipping_address: dict[str, Any] | None = None,
    shipping_addresses: list[dict[str, Any]] | None = None,
    product_type: str = "PayAndShip",
    consents: bool = True,
    buyer: int = 1,
) -> None:
    """Sign in and choose a card and an address.

    Buyers may change their choice until they pay. `consents` is whether they let the
    merchant save their wallet, where a session of `PaymentMethodOnFile` asks for it.
    `buyer` is the number of the test buyer; another one than before signs in anew.
    """
    _check_open(session)
    region, market = session["region"], session["market"]
    home = _test_buyer(market, buyer).home
    _check_one_of(product_type, _PRODUCT_TYPES, "product type")
    here = [end for end, one in CARDS.items() if one.region in {None, region}]
    _check_one_of(card, here, "card")
    scopes = session["scopes"] or ()
    bills = product_type == "PayOnly" or region == "eu" or "billingAddress" in scopes
    if session["account"] is None or (session.get("buyer") or 1) != buyer:
        session["account"] = context.ids.account()
    session["buyer"] = buyer
    session["productType"] = product_type
    session["address"] = session["addresses"] = None
    if product_type == "PayAndShip":
        session["address"] = _destination(session, shipping_address, home)
    elif product_type == "PayAndShipMultiAddress":
        given = shipping_addresses or [home]
        session["addresses"] = [
            {**_destination(session, one, home), "addressId": context.ids.address()}
            for one in given
        ]
    session["billing"] = home if bills else None
    session["card"] = card
    session["consents"] = consents
    session["descriptor"] = f"{CARDS[card].brand} ****{card} (Amazon Pay)"
    context.save(sessions.KIND, session)
    context.add_story_row(
        "buyer",
        session["id"],
        did="chose",
        card=card,
        productType=product_type,
        buyer=buyer,
    )


def _test_buyer(market: str, number: int) -> Buyer:
    known = buyers_in(market)
    if not 1 <= number <= len(known):
        raise invalid_value(f"The buyer is a number from 1 to {len(known)}")
    return known[number - 1]


def _destination(
    session: Record, given: dict[str, Any] | None, home: dict[str, Any]
) -> dict[str, Any]:
    """Return the address of delivery: the buyer's, or the merchant's.

    In a session of `ProcessOrder` the merchant has set it in `addressDetails`, and the
    buyer cannot choose another one.
    """
    if sessions.pays_at_once(session):
        if session["merchant_address"] is None:
            raise missing("addressDetails")
        if given is not None:
            raise invalid_value("The merchant gave the address")
        destination: dict[str, Any] = session["merchant_address"]
    elif given is None:
        destination = home
    else:
        bodies.check_address(given)
        destination = full_address(given)
    address_rules.check_deliverable(destination, session["delivery"])
    return destination


def pay(context: Context, session: Record) -> None:
    """Press Pay on Amazon's page; the merchant still has to complete the session.

    Some cards end the session here: 3064 as canceled by the buyer, 3434 as declined.
    In live a declined buyer stays on Amazon's page, where they can choose again.
    """
    _check_open(session)
    missing = sessions.constraints(session)
    if missing:
        raise APIRefusal(
            "InvalidCheckoutSessionStatus",
            f"The buyer cannot pay yet: {', '.join(missing)}",
        )
    _check_choice(session)
    context.add_story_row("buyer", session["id"], did="paid", card=session["card"])
    ends = CARDS[session["card"]].ends
    if ends is not None and ends.when == "before":
        if ends.name == "Declined" and context.rules.buyer_mends:
            raise APIRefusal(
                "PaymentMethodNotAllowed",
                f"The card {session['card']} was declined: the buyer can choose again",
                keep_changes=True,
            )
        context.move(sessions.KIND, session, str(ends.event))
    else:
        session["paid"] = True
        context.save(sessions.KIND, session)


def cancel(context: Context, session: Record) -> None:
    """Go back to the shop: the session is `Canceled`."""
    _check_open(session)
    context.add_story_row("buyer", session["id"], did="canceled")
    context.move(sessions.KIND, session, "buyer cancels")


# Before and after ---------------------------------------------------------------------


def sign_in(
    context: Context, market: str, scopes: list[str] | None = None, buyer: int = 1
) -> str:
    """Sign in without a checkout; return the token for Get Buyer, good for 24 hours."""
    for scope in scopes or ():
        _check_one_of(scope, _SCOPES, "scope")
    _test_buyer(market, buyer)
    token: Record = {
        "id": context.ids.buyer_token(),
        "market": market,
        "account": context.ids.account(),
        "buyer": buyer,
        "scopes": scopes,
    }
    context.save_until(_TOKEN_LIFE, buyers.KIND, token)
    context.add_story_row("buyer", None, did="signed in")
    return str(token["id"])


def manage(context: Context, permission: Record, act: str) -> None:
    """Act on a permission: one of `ACCOUNT_ACTIONS`.

    A buyer cannot close a one-time permission.
    """
    _check_one_of(act, list(ACCOUNT_ACTIONS), "act")
    mends = act == "mendPaymentMethod"
    if (act == "close" and permission["type"] == "OneTime") or (
        mends and permission["reason"] == "ChargeInProgress"
    ):
        raise wrong_state(permissions.KIND, permission["state"])
    context.add_story_row("buyer", permission["order"], did=act)
    if act in _CLOSING:
        permissions.close(context, permission, ACCOUNT_ACTIONS[act])
    else:
        context.move(permissions.KIND, permission, ACCOUNT_ACTIONS[act])
    permissions.update_state(context, permission)
