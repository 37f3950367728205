"""What the buyer does on Amazon's pages: sign in, choose, pay, cancel.

Amazon's pages: `amazon-pay-checkout/display-shipping-payment-info.html`,
`amazon-pay-checkout/sandbox-simulations.html`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import checkout_sessions as sessions
from .addresses import CARDS, address, home
from .refusals import Refusal
from .world import wrong_state

if TYPE_CHECKING:
    from .store import Record
    from .world import World

_PRODUCT_TYPES = ("PayAndShip", "PayOnly")
TOKEN_LIFE = timedelta(hours=24)


def _open_session(world: World, session_id: str) -> Record:
    session = world.find(sessions.KIND, session_id)
    if session is None:
        raise Refusal(
            "ResourceNotFound", f"There is no Checkout Session '{session_id}'"
        )
    world.order = session["id"]
    if session["state"] != "Open" or session["paid"]:
        raise wrong_state(sessions.KIND, session["state"])
    return session


def _checked_card(session: Record, ending: str) -> None:
    """Refuse a card whose outcome this session could not show."""
    if ending not in CARDS:
        raise Refusal(
            "InvalidParameterValue", f"The card is one of {', '.join(sorted(CARDS))}"
        )
    payment = session["payment"]
    waits = payment.get("canHandlePendingAuthorization")
    if CARDS[ending].pending and not (
        waits and payment.get("paymentIntent") == "Authorize"
    ):
        # That Amazon refuses is documented, with which code is unconfirmed.
        raise Refusal(
            "InvalidParameterCombination",
            f"The card {ending} needs paymentIntent Authorize and"
            " canHandlePendingAuthorization",
        )


def choose(
    world: World,
    session_id: str,
    *,
    card: str = "1111",
    shipping_address: dict[str, Any] | None = None,
    product_type: str = "PayAndShip",
) -> Record:
    """Sign in and choose a card and an address: the session gets a buyer.

    A buyer may choose anew as long as he has not paid.
    """
    session = _open_session(world, session_id)
    if product_type not in _PRODUCT_TYPES:
        raise Refusal(
            "InvalidParameterValue",
            f"The product type is one of {', '.join(_PRODUCT_TYPES)}",
        )
    if card not in CARDS:
        _checked_card(session, card)
    region = session["region"]
    where = address(shipping_address) if shipping_address else home(region)
    scopes = session["scopes"] or ()
    bills = product_type == "PayOnly" or region == "eu" or "billingAddress" in scopes
    session["account"] = session["account"] or world.ids.account()
    session["productType"] = product_type
    session["address"] = where if product_type == "PayAndShip" else None
    session["billing"] = home(region) if bills else None
    session["card"] = card
    session["descriptor"] = f"{CARDS[card].brand} ****{card} (Amazon Pay)"
    world.save(sessions.KIND, session)
    world.tell("buyer", session["id"], did="chose", card=card, productType=product_type)
    return session


def pay(world: World, session_id: str) -> Record:
    """Press Pay on Amazon's page: nothing is authorized until the merchant completes.

    Some cards end the session here: 3064 as the buyer's cancel, 3434 as a decline.
    """
    session = _open_session(world, session_id)
    missing = sessions.constraints(session)
    if missing:
        raise Refusal(
            "InvalidCheckoutSessionStatus",
            f"The buyer cannot pay yet: {', '.join(missing)}",
        )
    _checked_card(session, session["card"])
    world.tell("buyer", session["id"], did="paid", card=session["card"])
    event = CARDS[session["card"]].on_pay
    if event is not None:
        world.move(sessions.KIND, session, event)
    else:
        session["paid"] = True
        world.save(sessions.KIND, session)
    return session


def cancel(world: World, session_id: str) -> Record:
    """Leave by the link back to the shop: the session is `Canceled`."""
    session = _open_session(world, session_id)
    world.tell("buyer", session["id"], did="canceled")
    world.move(sessions.KIND, session, "buyer cancels")
    return session


def sign_in(world: World, region: str, scopes: list[str] | None = None) -> str:
    """Sign in without a checkout: gives the token for Get Buyer, good for 24 hours."""
    token = world.ids.buyer_token()
    record: Record = {
        "id": token,
        "region": region,
        "account": world.ids.account(),
        "scopes": scopes,
    }
    world.save("buyerToken", record)
    world.plan(TOKEN_LIFE, "buyerToken", record, "token runs out")
    world.tell("buyer", None, did="signed in")
    return token
