"""The pages on which the buyer signs in, chooses, pays, and goes back to the shop.

Their acts are those of the control calls. A page shows the present state of its
session, so a reload, the browser's Back, a double click or a second tab does nothing
twice.

Amazon's page: `amazon-pay-checkout/display-shipping-payment-info.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actors import buyer as actor
from ..actors.control_guard import check_page
from ..handlers import checkout_sessions as sessions
from ..wire.errors import APIRefusal, invalid_value
from . import buy_now, choices, returning, views, web
from .initiate import SIGN_IN, ButtonPages, UnknownKey, choose_page
from .web import first, number_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.messages import HTTPResponse, Request
    from .web import Fields

SCRIPT = "/checkout.js"
PATH = "/checkout/"
_INITIATE = "/checkout/initiate"
_OTHER_ACCOUNT = "changeAccount"


class CheckoutPages(ButtonPages):
    """All pages for a browser."""

    def answer_page(self, request: Request) -> HTTPResponse:
        """Return the page, file or redirect for a browser's request."""
        try:
            return self._browse(request)
        except APIRefusal as refusal:
            return web.page(
                "error",
                refusal.status,
                session=self.ids.uuid(),
                code=refusal.reason_code,
                message=refusal.message,
                hint=refusal.hint if isinstance(refusal, UnknownKey) else None,
            )

    def _browse(self, request: Request) -> HTTPResponse:
        static = web.static_file(request.path)
        if static is not None and request.method == "GET":
            return static
        routes: dict[tuple[str, str], Callable[[Request], HTTPResponse]] = {
            ("POST", _INITIATE): self._initiate,
            ("GET", "/checkout/initiate_auth"): self._initiate_auth,
            ("GET", "/checkout/choose"): self._show_choices,
            ("POST", "/checkout/choose"): self._take_choice,
            ("POST", "/checkout/cart"): self._take_cart,
            ("GET", sessions.PROCESSING): self._show_payment,
            ("POST", sessions.PROCESSING): self._take_payment,
            ("GET", "/checkout/sign_in"): self._show_sign_in,
            ("POST", "/checkout/sign_in"): self._take_sign_in,
            ("GET", "/checkout/signout"): self._sign_out,
        }
        view = routes.get((request.method, request.path))
        if view is None:
            raise APIRefusal("ResourceNotFound", "There is no such page")
        if request.method == "POST" and request.path != _INITIATE:
            check_page(request, self.origin, self.addresses)
        return view(request)

    # Choosing -------------------------------------------------------------------------

    def _initiate_auth(self, request: Request) -> HTTPResponse:
        """Send a buyer who changes their choice on to the page for it."""
        fields = web.parse_fields(request.query)
        action = first(fields, "changeAction")
        with self._checkout(_session_id(fields)) as (_, session):
            page = choose_page(session["id"])
        if action == _OTHER_ACCOUNT:
            return web.redirect(page)
        if action not in views.CHANGES:
            raise invalid_value(f"changeAction is {' or '.join(views.CHANGES)}")
        return web.redirect(f"{page}&change={action}")

    def _show_choices(self, request: Request) -> HTTPResponse:
        fields = web.parse_fields(request.query)
        with self._checkout(_session_id(fields)) as (context, session):
            if views.has_ended(session):
                return views.ended_page(context, session)
            return views.choice_page(context, session, request, fields)

    def _take_choice(self, request: Request) -> HTTPResponse:
        fields = web.form_of(request)
        act = first(fields, "act")
        with self._checkout(_session_id(fields)) as (context, session):
            if views.has_ended(session):
                return _after_the_end(context, session, act)
            if sessions.buys_now(session):
                return _buy_now(context, session, fields, act)
            change = views.change_in(session, fields)
            if act == "cancel":
                # UNCONFIRMED: that a buyer who goes back from a change has not
                # canceled, and changes nothing.
                back = returning.review_url(session)
                return web.redirect(back) if change else _cancel(context, session)
            pays = views.pays_here(session)
            _check_act(act, "pay" if pays else "continue")
            number = _choose(context, session, fields, change)
            if pays:
                return _pay(context, session)
            return web.redirect(returning.review_url(session), web.remember(number))

    def _take_cart(self, request: Request) -> HTTPResponse:
        """Take what the buyer chose in Buy Now, and what the shop's page answered."""
        fields = web.form_of(request)
        with self._checkout(_session_id(fields)) as (context, session):
            if not sessions.buys_now(session):
                raise APIRefusal("ResourceNotFound", "There is no such page")
            if not views.has_ended(session):
                buy_now.take_answer(context, session, fields)
            return web.redirect(choose_page(session["id"]))

    # Paying ---------------------------------------------------------------------------

    def _show_payment(self, request: Request) -> HTTPResponse:
        fields = web.parse_fields(request.query)
        with self._checkout(_session_id(fields)) as (context, session):
            if views.has_ended(session):
                return views.ended_page(context, session)
            if sessions.buys_now(session):
                return web.redirect(choose_page(session["id"]))
            return views.payment_page(context, session)

    def _take_payment(self, request: Request) -> HTTPResponse:
        fields = web.form_of(request)
        act = first(fields, "act")
        with self._checkout(_session_id(fields)) as (context, session):
            if views.has_ended(session):
                return _after_the_end(context, session, act, paying=True)
            if sessions.buys_now(session):
                return web.redirect(choose_page(session["id"]))
            if act == "cancel":
                return _cancel(context, session, paying=True)
            _check_act(act, "pay")
            return _pay(context, session)

    # Signing in without a checkout ----------------------------------------------------

    def _show_sign_in(self, request: Request) -> HTTPResponse:
        id_ = first(web.parse_fields(request.query), "id")
        with self.found(SIGN_IN, id_) as (_, begun):
            chosen = choices.known_buyer(begun["market"], web.signed_in_buyer(request))
            return web.page(
                "sign_in",
                id=id_,
                buyers=choices.buyers(begun["market"], chosen),
                scopes=begun["scopes"],
                back=begun["back"],
                can_cancel=begun["cancel"] is not None,
            )

    def _take_sign_in(self, request: Request) -> HTTPResponse:
        fields = web.form_of(request)
        with self.found(SIGN_IN, first(fields, "id")) as (context, begun):
            market, cancel = begun["market"], begun["cancel"]
            if first(fields, "act") == "cancel" and cancel is not None:
                return web.redirect(cancel)
            number = choices.known_buyer(market, number_in(first(fields, "buyer")))
            token = actor.sign_in(context, market, begun["scopes"], number)
            back = returning.with_parameter(begun["back"], "buyerToken", token)
            return web.redirect(back, web.remember(number))

    def _sign_out(self, request: Request) -> HTTPResponse:
        del request
        return web.forget()


# Acts ---------------------------------------------------------------------------------


def _session_id(fields: Fields) -> str:
    return first(fields, "amazonCheckoutSessionId")


def _check_act(act: str, expected: str) -> None:
    """Refuse a form that another button than those of the page has sent."""
    if act != expected:
        raise invalid_value(f"The act is {expected} or cancel")


def _choose(context: Context, session: Record, fields: Fields, change: str) -> int:
    """Let the buyer choose as a form says; return the number of the buyer."""
    market = session["market"]
    if change:
        number = session.get("buyer") or 1
    else:
        number = choices.known_buyer(market, number_in(first(fields, "buyer")))
    product = views.product_type(session)
    ships_to = None
    several = None
    if change == "changePayment":
        ships_to = session["address"] and choices.entered(session["address"])
        several = session["addresses"] and [
            choices.entered(one) for one in session["addresses"]
        ]
    elif product != "PayOnly" and not sessions.pays_at_once(session):
        named = [number_in(one) for one in fields.get("address", [])]
        found = [choices.address_of(market, number, one) for one in named]
        several = [one for one in found if one is not None]
        ships_to = several[0] if several else None
    ships_to_several = product == "PayAndShipMultiAddress"
    actor.choose(
        context,
        session,
        card=session["card"] if change == "changeAddress" else first(fields, "card"),
        shipping_address=None if ships_to_several else ships_to,
        shipping_addresses=several if ships_to_several else None,
        product_type=product,
        consents=session["consents"] if change else "consents" in fields,
        buyer=number,
    )
    return number


def _buy_now(
    context: Context, session: Record, fields: Fields, act: str
) -> HTTPResponse:
    """Let the buyer of Buy Now pay or cancel; the page tells the shop's page of it."""
    back = choose_page(session["id"])
    if act == "cancel":
        actor.cancel(context, session)
        return web.redirect(back)
    _check_act(act, "pay")
    page = session["page"]
    choice = page["choice"] = buy_now.choice_of(session, fields)
    context.save(sessions.KIND, session)
    if buy_now.event_of(session, choice) is not None or page.get("problem"):
        # The shop has not answered to this choice yet, and the price may change.
        return web.redirect(back)
    _choose(context, session, fields, "")
    try:
        actor.pay(context, session)
    except APIRefusal as refusal:
        page["refused"] = f"{refusal.reason_code}: {refusal.message}"
        context.save(sessions.KIND, session)
    return web.redirect(back, web.remember(choice["buyer"]))


def _cancel(context: Context, session: Record, *, paying: bool = False) -> HTTPResponse:
    actor.cancel(context, session)
    return web.redirect(returning.cancel_url(session, paying=paying))


def _after_the_end(
    context: Context, session: Record, act: str, *, paying: bool = False
) -> HTTPResponse:
    """Return what a second click leads to: where the first one did, or the end."""
    if sessions.buys_now(session):
        return web.redirect(choose_page(session["id"]))
    if act == "pay" and views.ended_by_paying(session):
        return web.redirect(returning.result_url(session))
    if act == "cancel" and session["reason"] == "BuyerCanceled":
        return web.redirect(returning.cancel_url(session, paying=paying))
    return views.ended_page(context, session, 409)


def _pay(context: Context, session: Record) -> HTTPResponse:
    """Let the buyer pay, and send them back; or show why they cannot."""
    try:
        actor.pay(context, session)
    except APIRefusal as refusal:
        return views.payment_page(context, session, refusal.message)
    return web.redirect(returning.result_url(session))
