"""The pages of one checkout session, by what the session says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..handlers import checkout_sessions as sessions
from ..rules.test_data import CARDS, buyers_in
from . import buy_now, choices, returning, web

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.messages import HTTPResponse, Request
    from .web import Fields

CHANGES = ("changeAddress", "changePayment")

_REASONS = {
    "BuyerCanceled": "The buyer went back to the shop without paying.",
    "AmazonCanceled": "Amazon canceled the checkout.",
    "Declined": "The payment was declined.",
    "Expired": "The checkout was not finished within 24 hours.",
}
_ENDED_BY_PAYING = ("BuyerCanceled", "Declined")
_MISSING = {
    "ChargeAmountNotSet": "paymentDetails.chargeAmount is not set",
    "CheckoutResultReturnUrlNotSet": "webCheckoutDetails.checkoutResultReturnUrl is"
    " not set",
    "PaymentIntentNotSet": "paymentDetails.paymentIntent is not set",
    "RecurringFrequencyNotSet": "recurringMetadata.frequency is not set",
    "BuyerNotAssociated": "no buyer has signed in",
}


# What a session says ------------------------------------------------------------------


def has_ended(session: Record) -> bool:
    """Return whether the buyer has nothing more to do."""
    return session["state"] != "Open" or bool(session["paid"])


def ended_by_paying(session: Record) -> bool:
    """Return whether a click on Pay ended the session; a second one does no harm."""
    return session["state"] != "Canceled" or session["reason"] in _ENDED_BY_PAYING


def pays_here(session: Record) -> bool:
    """Return whether the buyer pays where they choose, without a review page."""
    review = session["web_details"].get("checkoutReviewReturnUrl")
    return sessions.pays_at_once(session) or not review


def product_type(session: Record) -> str:
    """Return what the buyer has chosen for, or what the button has asked for."""
    page: dict[str, Any] = session.get("page") or {}
    return str(session["productType"] or page.get("productType") or "PayAndShip")


def change_in(session: Record, fields: Fields) -> str:
    """Return what the buyer came back to change; empty for a first choice."""
    change = web.first(fields, "change")
    possible = change in CHANGES and session["account"] is not None
    # UNCONFIRMED: what a change does to a session without a review page: nothing, the
    # buyer chooses there.
    if not possible or pays_here(session):
        return ""
    ships = session["productType"] != "PayOnly"
    return change if change == "changePayment" or ships else ""


# Pages --------------------------------------------------------------------------------


def choice_page(
    context: Context, session: Record, request: Request, fields: Fields
) -> HTTPResponse:
    """Return the page on which the buyer signs in and chooses."""
    market = session["market"]
    change = change_in(session, fields)
    asked = web.number_in(web.first(fields, "buyer"))
    remembered = web.signed_in_buyer(request)
    page: dict[str, Any] = session.get("page") or {}
    kept: dict[str, Any] = page.get("choice") or {}
    before: int | None = session.get("buyer") or kept.get("buyer")
    numbers = (before,) if change else (asked, before, remembered)
    number = choices.known_buyer(market, *numbers)
    product = product_type(session)
    own: dict[str, Any] = {"deliveries": [], "missing": [], "waits": False}
    choice: dict[str, Any] = {"address": None, "card": None}
    if sessions.buys_now(session):
        choice = buy_now.choice_of(session, {"buyer": [str(number)], **fields})
        number = choice["buyer"]
        own |= buy_now.values(session, choice)
        waits = bool(own["handler"]["event"])
        own["missing"] = [
            _MISSING[one]
            for one in sessions.constraints(session)
            if one != "BuyerNotAssociated" and not (waits or own["cart_problem"])
        ]
        own["waits"] = bool(waits or own["missing"] or own["cart_problem"])
    given = session["merchant_address"] if sessions.pays_at_once(session) else None
    ships = product != "PayOnly" and change != "changePayment"
    return web.page(
        "choose",
        **choices.order(context, session),
        change=change,
        buyer=number,
        buyers=choices.buyers(market, number),
        ships=ships,
        ships_to_several=product == "PayAndShipMultiAddress",
        given=given and (given["name"], choices.address_text(given)),
        addresses=choices.addresses(session, number, choice["address"])
        if ships and not given
        else [],
        cards=[]
        if change == "changeAddress"
        else choices.cards(context, session, choice["card"]),
        pays_here=pays_here(session),
        lacks_address=ships and given is None and sessions.pays_at_once(session),
        **own,
    )


def payment_page(
    context: Context, session: Record, refused: str | None = None
) -> HTTPResponse:
    """Return the page on which the buyer pays; it says what stands in the way."""
    missing = [_MISSING[one] for one in sessions.constraints(session)]
    card = CARDS.get(session["card"])
    problem = None
    if card is not None and not missing:
        problem = choices.card_problem(session, card)
    where: list[dict[str, Any]] = session["addresses"] or (
        [session["address"]] if session["address"] else []
    )
    number = choices.known_buyer(session["market"], session.get("buyer"))
    return web.page(
        "pay",
        409 if refused else 200,
        **choices.order(context, session),
        buyer=session["account"]
        and buyers_in(session["market"])[number - 1].home["name"],
        places=[(one["name"], choices.address_text(one)) for one in where],
        card=card and f"{card.brand} ending in {card.ending}",
        words=card and choices.card_words(context, card),
        missing=missing,
        problem=problem,
        refused=refused,
    )


def ended_page(context: Context, session: Record, status: int = 200) -> HTTPResponse:
    """Return the page of a checkout in which the buyer has nothing more to do."""
    canceled = session["state"] == "Canceled"
    reason = str(session["reason"])
    handler = None
    if sessions.buys_now(session):
        # UNCONFIRMED: which handler learns of a decline; the shop's server finds it
        # out when it finalizes.
        given_up = canceled and reason != "Declined"
        told = buy_now.CANCEL if given_up else buy_now.COMPLETE
        handler = buy_now.script_values(session, told)
    if canceled:
        title, text = "This checkout has ended", _REASONS[reason]
    elif session["state"] == "Completed":
        title, text = "The order is placed", "The shop has completed the checkout."
    else:
        title = "You have paid"
        text = "The shop completes the order when you are back there."
        if handler:
            text = "The shop completes the order, and this window closes."
    back = ""
    if canceled and not handler:
        back = returning.cancel_url(session, paying=reason in _ENDED_BY_PAYING)
    elif not handler:
        back = returning.result_url(session)
    return web.page(
        "ended",
        status,
        **choices.order(context, session),
        title=title,
        text=text,
        reason=reason if canceled else "",
        back=back,
        handler=handler,
    )
