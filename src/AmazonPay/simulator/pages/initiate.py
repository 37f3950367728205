"""What a click on the button posts: a checkout is opened, or a buyer signs in.

Amazon's pages: `amazon-pay-checkout/amazon-pay-script.html`,
`amazon-pay-checkout/add-the-amazon-pay-button.html`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ..._signing import V1
from ..actors.backstage import Backstage
from ..engine.environments import RULES
from ..handlers import checkout_sessions as sessions
from ..merchants import BRITISH, LEDGER_CURRENCIES
from ..wire import bodies, left_out, return_urls, stand_ins
from ..wire.api_call import APICall
from ..wire.errors import APIRefusal, invalid_value
from . import buy_now, refused, web
from .languages import language_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from ... import explain
    from ..._core.config import Environment
    from ..engine.context import Context
    from ..engine.store import Record
    from ..merchants import Merchant
    from ..wire.messages import HTTPResponse, Request
    from .web import Fields

SIGN_IN: Final = "signIn"
"""The kind of record of a sign-in that has begun."""

_SIGNED = "signedPayload"
_REMEMBERED = 20

_OPERATION = "create_checkout_session"
_ENVIRONMENTS: dict[str, Environment] = {"SANDBOX": "sandbox", "LIVE": "live"}
_REGIONS = {
    currency: region
    for region, currencies in LEDGER_CURRENCIES.items()
    for currency in currencies
}
_PRODUCTS = ("PayAndShip", "PayOnly", "PayAndShipMultiAddress")
_UPGRADES = ("recurringUpgrade", "recurringUpdate")
# What the payload of an upgrade says beside the members of a session.
_OF_UPGRADES = ("merchantId", "checkoutLanguage", "ledgerCurrency", "productType")
_SIGN_IN_LIFE = timedelta(hours=1)
_LONGEST_TEXT = 64 * 1024
"""The characters of a payload that the story shows."""


class InvalidSignature(Exception):  # noqa: N818 - the name says what was found
    """The signature of a button does not fit; the explanation says why."""

    def __init__(self, explanation: explain.Explanation) -> None:
        super().__init__("the signature does not fit the payload")
        self.explanation = explanation


class UnknownKey(APIRefusal):
    """The key id of a button is not registered; `hint` is for the developer."""

    def __init__(self, key_id: str, known: Iterable[str]) -> None:
        message = f"The publicKeyId {key_id!r} is unknown"
        super().__init__("InvalidParameterValue", message)
        self.hint = (
            f"This simulator knows {', '.join(sorted(known))}: take one of them as"
            " publicKeyId, or start it with --public-key ID=FILE"
        )


@dataclass(frozen=True, slots=True)
class Posted:
    """The form that `checkout.js` posts."""

    fields: Fields

    def __getitem__(self, name: str) -> str:
        return web.first(self.fields, name)

    @property
    def algorithm(self) -> str:
        """The algorithm; a form without one means the older, with a salt of 20."""
        return self["algorithm"] or V1.name

    @property
    def is_unsigned(self) -> bool:
        """Whether it has the object of `renderJSButton`, which is never signed."""
        return "checkoutSessionConfig" in self.fields

    @property
    def is_buy_now(self) -> bool:
        """Whether the shop's page has the handlers of Buy Now, and waits."""
        return self["viewType"] == "buyNowView"

    @property
    def upgrades(self) -> bool:
        """Whether `bindUpgradeAction` has posted it."""
        return _upgrades(self["upgradeAction"])

    @property
    def payload(self) -> str:
        """The text that says what to open."""
        return self["checkoutSessionConfig" if self.is_unsigned else "payloadJSON"]


class ButtonPages(Backstage):
    """The pages that a button leads to first."""

    def _initiate(self, request: Request) -> HTTPResponse:
        """Open what a button asks for, and send the buyer on to choose.

        The form comes from the shop's page, so from any origin. What it can do is open
        a session of the merchant who has signed it.
        """
        posted = Posted(web.form_of(request))
        session_id = posted["amazonCheckoutSessionId"]
        if session_id:
            self._give_session_a_page(session_id, posted)
            return web.redirect(choose_page(session_id))
        try:
            call = self._call_of(request, posted)
            self._remember(posted)
            if posted["productType"] == "SignIn":
                return web.redirect(f"/checkout/sign_in?id={self._begin(call)}")
            return web.redirect(choose_page(self._open(call, posted)))
        except InvalidSignature as wrong:
            message = refused.message(
                posted.payload,
                posted["signature"],
                posted.algorithm,
                posted["merchantId"],
            )
            self._record_refusal(posted, refused.CODE, message, wrong.explanation)
            return refused.page(
                wrong.explanation,
                session=self.ids.uuid(),
                message=message,
                payload=posted.payload,
                key=posted["publicKeyId"],
                algorithm=posted.algorithm,
            )
        except APIRefusal as refusal:
            # UNCONFIRMED: the codes of Amazon's page, other than that of a signature;
            # they are those of Create Checkout Session.
            self._record_refusal(posted, refusal.reason_code, refusal.message)
            raise

    @contextmanager
    def _checkout(self, session_id: str) -> Generator[tuple[Context, Record]]:
        """Find a session that has pages: Buy Now has them if a button has begun it."""
        with self.found(sessions.KIND, session_id) as (context, session):
            if sessions.buys_now(session) and "origin" not in (session["page"] or {}):
                raise _buys_now()
            yield context, session

    # What is asked for ----------------------------------------------------------------

    def _call_of(self, request: Request, posted: Posted) -> APICall:
        """Return the call that a form stands for; its signature is right."""
        merchant = self._merchant_of(posted)
        if not posted.is_unsigned:
            self._check_signature(posted)
        environment = _ENVIRONMENTS.get(posted["environment"])
        if environment is None or environment not in merchant.environments:
            raise invalid_value(
                f"The key {merchant.public_key_id} is not for the environment"
                f" {posted['environment']!r}"
            )
        ledger = posted["ledgerCurrency"]
        if not ledger and posted.upgrades:
            # The payload of an upgrade need not say it.
            ledger = merchant.currency_in(merchant.region or "na", merchant.market)
        region = _REGIONS.get(ledger)
        if region is None or region != (merchant.region or region):
            raise invalid_value(f"The merchant has no ledgerCurrency {ledger!r}")
        british = merchant.market == BRITISH or ledger == "GBP"
        market = BRITISH if british else region
        if ledger != merchant.currency_in(region, market):
            raise invalid_value(f"The merchant has no ledgerCurrency {ledger!r}")
        return APICall(
            operation=_OPERATION,
            method="POST",
            path="/checkoutSessions",
            requested_path=request.path,
            ids={},
            query={},
            body=_session_members(posted),
            merchant=merchant,
            environment=environment,
            region=region,
            market=market,
            origin=f"{request.scheme}://{request.header('host') or 'localhost'}",
            public_url=self.addresses.public_url,
        )

    def _merchant_of(self, posted: Posted) -> Merchant:
        found = self.merchants.get(posted["publicKeyId"])
        if found is None and posted.is_unsigned:
            # UNCONFIRMED: how Amazon knows the shop of an unsigned button; by the
            # account here, or because there is no other one.
            named = posted["merchantId"]
            known = {one.merchant_id: one for one in self.merchants.values()}
            found = known.get(named)
            if len(known) == 1:
                found = next(iter(known.values()))
        if found is None:
            raise UnknownKey(posted["publicKeyId"], self.merchants)
        return found

    def _check_signature(self, posted: Posted) -> None:
        """Raise InvalidSignature unless the payload is what the merchant signed."""
        keys = {name: one.public_key for name, one in self.merchants.items()}
        from ... import explain  # its tables take long to import

        explanation = explain.button(
            posted.payload,
            posted["signature"],
            public_key=keys.pop(posted["publicKeyId"]),
            algorithm=posted.algorithm,
            other_keys=keys,
            product_type=posted["productType"] or None,
        )
        if explanation.name == "holds":
            return
        for earlier in self._signed_before(posted["publicKeyId"]):
            # A text that was right before is likely to be what was signed now.
            compared = explain.button(
                posted.payload,
                posted["signature"],
                public_key=self.merchants[posted["publicKeyId"]].public_key,
                algorithm=posted.algorithm,
                signed=earlier,
            )
            if compared.difference is not None:
                raise InvalidSignature(compared)
        raise InvalidSignature(explanation)

    def _signed_before(self, public_key_id: str) -> list[str]:
        """Return the last payloads with a right signature of a key, newest first."""
        with self._context("") as context:
            record = context.find(_SIGNED, public_key_id) or {"payloads": []}
            payloads: list[str] = record["payloads"]
            return payloads

    def _remember(self, posted: Posted) -> None:
        """Keep a payload whose signature is right, to compare later ones with it."""
        if posted.is_unsigned or len(posted.payload) > _LONGEST_TEXT:
            return
        key_id, payload = posted["publicKeyId"], posted.payload
        before = self._signed_before(key_id)
        if before[:1] == [payload]:
            return
        kept = [payload, *(one for one in before if one != payload)][:_REMEMBERED]
        with self._context("") as context:
            context.save(_SIGNED, {"id": key_id, "payloads": kept})

    # What is opened -------------------------------------------------------------------

    def _open(self, call: APICall, posted: Posted) -> str:
        """Open the session of a payload; return its id."""
        buys_now = "webCheckoutDetails" not in call.body
        if buys_now and not posted.is_buy_now:
            raise _buys_now()
        page = _page(posted, call.region)
        with self._context(call.owner) as context:
            given = call.body
            if buys_now:
                call = replace(call, body=buy_now.session_body(given))
            body = left_out.without_nulls(_OPERATION, call.body)
            bodies.check_body(
                _OPERATION,
                stand_ins.stand_in(_OPERATION, body, context.rules),
                takes_unknown_members=self.settings.takes_unknown_members,
            )
            sent = replace(call, body=body)
            result = sessions.create_checkout_session(context, sent)
            session_id = str(result.order)
            session = context.get(sessions.KIND, session_id)
            session["page"] = page
            if buys_now and "cartDetails" in given:
                buy_now.set_cart(session, given["cartDetails"])
            context.save(sessions.KIND, session)
            context.add_story_row(
                "button",
                session_id,
                did="opened a session",
                productType=page["productType"],
                publicKeyId=posted["publicKeyId"],
                payload=posted.payload[:_LONGEST_TEXT],
            )
        return session_id

    def _give_session_a_page(self, session_id: str, posted: Posted) -> None:
        """Note what the button says about a session that the shop's server created."""
        with self.found(sessions.KIND, session_id) as (context, session):
            if sessions.buys_now(session) and not posted.is_buy_now:
                raise _buys_now()
            page = _page(posted, session["region"])
            if session["state"] == "Open":
                session["page"] = page
                context.save(sessions.KIND, session)
            context.add_story_row(
                "button",
                session_id,
                did="brought the buyer",
                productType=page["productType"],
            )

    def _begin(self, call: APICall) -> str:
        """Note a sign-in that has begun; return its id."""
        rules = RULES[call.environment]
        body = call.body
        bodies.check_sign_in(body)
        return_urls.check_store_id(body["storeId"])
        for name in ("signInReturnUrl", "signInCancelUrl"):
            if name in body:
                return_urls.check_url(name, body[name], call, rules)
        with self._context(call.owner) as context:
            begun = {
                "id": context.ids.secret(),
                "market": call.market,
                "scopes": body.get("signInScopes"),
                "back": body["signInReturnUrl"],
                "cancel": body.get("signInCancelUrl"),
            }
            context.save_until(_SIGN_IN_LIFE, SIGN_IN, begun)
            context.add_story_row("button", None, did="asked to sign in")
        return str(begun["id"])

    def _record_refusal(
        self,
        posted: Posted,
        code: str,
        message: str,
        explanation: explain.Explanation | None = None,
    ) -> None:
        """Add a row to the story: a button was refused, and why."""
        why = {} if explanation is None else {"explanation": explanation.as_facts()}
        with self._context("") as context:
            context.add_story_row(
                "button",
                None,
                did="was refused",
                code=code,
                message=message[:_LONGEST_TEXT],
                publicKeyId=posted["publicKeyId"],
                payload=posted.payload[:_LONGEST_TEXT],
                **why,
            )


def _buys_now() -> APIRefusal:
    return APIRefusal(
        "UnsupportedOperation",
        "webCheckoutDetails is not there, so this is Buy Now: it begins with a button"
        " that has the handlers onInitCheckout, onCompleteCheckout and onCancel",
    )


def _upgrades(action: str) -> bool:
    """Return whether a form is of `bindUpgradeAction`; refuse an unknown action."""
    if action and action not in _UPGRADES:
        raise invalid_value(f"The upgradeAction is {' or '.join(_UPGRADES)}")
    return bool(action)


def _session_members(posted: Posted) -> dict[str, Any]:
    """Return the members of a payload that are those of a session."""
    body = bodies.parse_body(posted.payload.encode())
    if not posted.upgrades:
        return body
    # UNCONFIRMED: what an upgrade does; it opens a session as the payload says here.
    return {name: one for name, one in body.items() if name not in _OF_UPGRADES}


def choose_page(session_id: str) -> str:
    """Return the path of the page on which the buyer of a session chooses."""
    return f"/checkout/choose?amazonCheckoutSessionId={session_id}"


def _page(posted: Posted, region: str) -> dict[str, Any]:
    """Return what the button says about the pages of a session."""
    page: dict[str, Any] = {
        "productType": _product(posted),
        "language": language_in(region, posted["checkoutLanguage"]),
    }
    if posted.is_buy_now:
        if page["productType"] not in {"PayAndShip", "PayOnly"}:
            raise invalid_value("The productType of Buy Now is PayAndShip or PayOnly")
        page["origin"] = buy_now.origin_of(posted["origin_url"])
    return page


def _product(posted: Posted) -> str:
    product = posted["productType"] or _PRODUCTS[0]
    if product not in _PRODUCTS:
        raise invalid_value(f"The productType is one of {', '.join(_PRODUCTS)}")
    return product
