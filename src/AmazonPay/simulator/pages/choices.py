"""What the pages offer the buyer, each choice with what it will do in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..actors import buyer as actor
from ..engine.timestamps import parse_timestamp
from ..handlers import checkout_sessions as sessions
from ..rules.test_data import CARDS, buyers_in
from .languages import LANGUAGES, language_in, price_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.context import Context
    from ..engine.store import Record
    from ..rules.test_data import Card

_REASONS = {
    "RestrictPOBoxes": "the shop does not ship to PO boxes",
    "RestrictPackstations": "the shop does not ship to Packstations",
    "addressRestrictions, Allowed": "the shop ships only to the places that it lists",
    "addressRestrictions, NotAllowed": "the shop does not ship to this place",
}
_WAITS = "paymentIntent Authorize and canHandlePendingAuthorization true"
_WORDS = {
    "Authorized": "pending, approved after {seconds} s",
    "HardDeclined": "pending, declined after {seconds} s (HardDeclined)",
    "BuyerCanceled": "given up on the way: session Canceled, BuyerCanceled",
    "Declined": "declined: session Canceled, Declined",
}
_LINES = ("addressLine1", "addressLine2", "addressLine3")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the buyer can choose."""

    value: str
    title: str
    words: str
    """What it will do, or what it is."""
    problem: str | None = None
    """Why it cannot be chosen here."""
    chosen: bool = False


# Cards --------------------------------------------------------------------------------


def card_words(context: Context, card: Card) -> str:
    """Return what a card will do."""
    if card.ends is None:
        return "approved at once"
    if card.ends.name == "Declined" and context.rules.buyer_mends:
        return "declined: the buyer can choose another card"
    after = context.settings.authorization_settles_after
    return _WORDS[card.ends.name].format(seconds=f"{after.total_seconds():.0f}")


def card_problem(session: Record, card: Card) -> str | None:
    """Return why a card cannot be chosen, for the buyer; None if it can."""
    if card.region not in {None, session["region"]}:
        return "in Japan only" if card.region == "jp" else "in another region only"
    problem = actor.card_problem(session, card.ending)
    if problem is None:
        return None
    if sessions.converts(session) and card.ends is None:
        return "not in another currency than the shop's"
    return f"it ends later, so the session needs {_WAITS}"


def card_note(session: Record, card: Card) -> str:
    """Return on what condition a card can be paid with, if the shop has not decided."""
    pends = card.ends is not None and card.ends.when == "later"
    if pends and session["payment"].get("paymentIntent") is None:
        return f", if the session has {_WAITS}"
    return ""


def cards(context: Context, session: Record, asked: str | None = None) -> list[Choice]:
    """Return all cards; the session's own, or the first that works, is chosen."""
    problems = {ending: card_problem(session, one) for ending, one in CARDS.items()}
    usable = [ending for ending, problem in problems.items() if problem is None]
    before = asked or session["card"]
    chosen = before if before in usable else next(iter(usable), None)
    return [
        Choice(
            ending,
            f"{one.brand} ending in {ending}",
            card_words(context, one) + card_note(session, one),
            problems[ending],
            ending == chosen,
        )
        for ending, one in CARDS.items()
    ]


# Buyers and addresses -----------------------------------------------------------------


def buyers(market: str, chosen: int) -> list[Choice]:
    """Return the test buyers of a region."""
    return [
        Choice(
            str(number),
            str(one.home["name"]),
            one.described,
            chosen=number == chosen,
        )
        for number, one in enumerate(buyers_in(market), 1)
    ]


def known_buyer(market: str, *numbers: int | None) -> int:
    """Return the first of some numbers that is one of a buyer; 1 if none is."""
    known = range(1, len(buyers_in(market)) + 1)
    return next((one for one in numbers if one is not None and one in known), 1)


def address_text(address: Mapping[str, Any]) -> str:
    """Return an address in one line, without the name."""
    names = (*_LINES, "city", "stateOrRegion", "postalCode", "countryCode")
    return ", ".join(str(address[name]) for name in names if address[name])


def addresses(session: Record, buyer: int, asked: int | None = None) -> list[Choice]:
    """Return a buyer's addresses; the session's own, or the first usable, is chosen."""
    own: list[dict[str, Any]] = session["addresses"] or (
        [session["address"]] if session["address"] else []
    )
    given = [entered(one) for one in own]
    known = buyers_in(session["market"])[buyer - 1].addresses
    problems = [actor.address_problem(session, one) for one in known]
    usable = [number for number, problem in enumerate(problems, 1) if problem is None]
    chosen = [n for n in usable if entered(known[n - 1]) in given] or usable[:1]
    chosen = [asked] if asked in usable else chosen
    return [
        Choice(
            str(number),
            str(address["name"]),
            address_text(address),
            None if problem is None else _address_problem(problem),
            number in chosen,
        )
        for number, (address, problem) in enumerate(
            zip(known, problems, strict=True), 1
        )
    ]


def _address_problem(message: str) -> str:
    rule = message.partition(": ")[2]
    return _REASONS[rule]


def address_of(market: str, buyer: int, number: int | None) -> dict[str, Any] | None:
    """Return one of a buyer's addresses as they enter it, or None."""
    known = buyers_in(market)[buyer - 1].addresses
    if number is None or not 1 <= number <= len(known):
        return None
    return entered(known[number - 1])


def entered(address: Mapping[str, Any]) -> dict[str, Any]:
    """Return an address without the members that are empty, and without its id."""
    return {
        name: value
        for name, value in address.items()
        if value is not None and name != "addressId"
    }


# The order ----------------------------------------------------------------------------


def language_of(session: Record) -> str:
    """Return the language that the button has asked for, or that of the region."""
    page: dict[str, Any] = session.get("page") or {}
    return language_in(session["region"], str(page.get("language") or ""))


def shop_name(session: Record) -> str:
    """Return the name under which the shop appears, or its host's."""
    metadata: dict[str, Any] = session["metadata"] or {}
    if metadata.get("merchantStoreName"):
        return str(metadata["merchantStoreName"])
    web = session["web_details"]
    page: dict[str, Any] = session.get("page") or {}
    url = (
        web.get("checkoutReviewReturnUrl")
        or web.get("checkoutResultReturnUrl")
        or page.get("origin")
    )
    return urlsplit(url or "").hostname or "the shop"


def order(context: Context, session: Record) -> dict[str, Any]:
    """Return what all pages of a checkout show."""
    metadata: dict[str, Any] = session["metadata"] or {}
    payment = session["payment"]
    left = parse_timestamp(session["expires"]) - context.now
    minutes = max(0, int(left.total_seconds()) // 60)
    recurring: dict[str, Any] = session["recurring"] or {}
    every: dict[str, Any] = recurring.get("frequency") or {}
    language = language_of(session)
    facts = {
        "Session": session["id"],
        "State": session["state"],
        "Type": session["type"],
        "Payment intent": payment.get("paymentIntent") or "not set yet",
        "Can handle pending": "yes"
        if payment.get("canHandlePendingAuthorization")
        else "no",
        "Environment": context.environment,
        "Language": f"{LANGUAGES[session['region']][language]} ({language});"
        " prices are written so, words are English",
        "Time left": f"{minutes // 60} h {minutes % 60:02} min",
        **{
            name: value
            for name, value in session["web_details"].items()
            if re.fullmatch(r"checkout\w*Url", name)
        },
    }
    return {
        "shop": shop_name(session),
        "price": price_in(language, payment.get("chargeAmount")),
        "note": metadata.get("noteToBuyer"),
        "reference": metadata.get("merchantReferenceId"),
        "session": session["id"],
        "saves_wallet": session["type"] == "PaymentMethodOnFile",
        "consents": session["consents"],
        "recurs": session["type"] == "Recurring",
        "every": _frequency(every),
        "each": price_in(language, recurring.get("amount")),
        "language": language.replace("_", "-"),
        "facts": facts,
    }


def _frequency(every: Mapping[str, Any]) -> str:
    unit, value = str(every.get("unit", "Variable")), str(every.get("value", "0"))
    if unit == "Variable":
        return "from time to time"
    if value == "1":
        return f"every {unit.lower()}"
    return f"every {value} {unit.lower()}s"
