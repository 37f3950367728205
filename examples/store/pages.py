"""The shop's pages, on Starlette: forms with a token, and a strict policy."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from anyio import from_thread
from books import CURRENCY, HERE, PLAN, Books, Refused, digest, total
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from AmazonPay import AmazonPayError, JournalConflict, NotFound, types
from AmazonPay.contrib.starlette import ipn_route

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.requests import Request

    from AmazonPay.ipn import Verifier

NAME, STORE = "Copper Kettle", "amzn1.application-oa2-client.YOUR_STORE_ID"
COOKIE, SESSION = "amazonpay_store_visitor", "amazonCheckoutSessionId"
LARGEST = 8192  # bytes of a form
GONE = "This checkout has ended, and nothing was taken. Your cart is as you left it."
CHANGED = "Your cart has changed meanwhile: please look at it again."
OLD = "This form is too old: go back, reload the page, and try again."
SAID: list[tuple[Any, int, str]] = [  # what a visitor reads
    (Refused, 409, ""),
    ((NotFound, LookupError, ValueError), 404, "There is no such thing in this shop."),
    ((JournalConflict, IntegrityError), 409, "This was paid otherwise already."),
    (AmazonPayError, 503, "Amazon Pay gives no answer. Nothing is taken twice: retry."),
]
POLICY = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'self'; img-src data:;"
    " connect-src 'self' {1}; form-action 'self' {1}; frame-ancestors 'none'; base-uri"
    " 'none'"
)
LOG = logging.getLogger("store")


def same(given: str, expected: str) -> bool:
    """Return whether two secrets are equal, in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


class Ask:
    """What a visitor asks for, and who they are."""

    def __init__(self, request: Request) -> None:
        self.path, self.posts = request.path_params, request.method == "POST"
        self.form = dict(request.query_params)
        if self.posts:
            body = from_thread.run(request.body).decode("utf-8", "replace")
            self.form = dict(parse_qsl(body))
        self.secret = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        self.nonce = secrets.token_urlsafe(16)
        # Who reads the database, or an address, cannot act for a visitor.
        made = (f"{use} {self.secret}".encode() for use in ("who", "form", "review"))
        self.visitor, self.csrf, self.mark = (sha256(one).hexdigest() for one in made)


class Pages(Books):
    """The shop with its pages: each gives a template and values, or an address."""

    def __init__(self, *given: Any, url: str, office: str, amazon: str) -> None:
        super().__init__(*given)
        self.url, self.office_key, self.amazon = url, office, amazon
        self.templates = Jinja2Templates(HERE / "templates")
        names: dict[str, Any] = self.templates.env.globals
        names |= {"shop_name": NAME, "total": total, "from_json": json.loads}
        names |= {"click": secrets.token_urlsafe, "plan": PLAN}

    def teas(self, ask: Ask) -> Any:
        lines = self.lines(self.cart(ask.visitor))
        has = {line.slug: line.quantity for line in lines}
        teas = self.sql("SELECT * FROM products WHERE color <> ''")
        return "teas.html", {"teas": teas, "has": has}

    def fill(self, ask: Ask) -> Any:
        if ask.form["slug"] != PLAN:
            self.put(ask.visitor, ask.form["slug"], int(ask.form["number"]))
        return "/cart" if "cart" in ask.form else "/"

    def basket(self, ask: Ask) -> Any:
        order = self.cart(ask.visitor)
        lines = self.lines(order)
        values = {"order": order, "lines": lines, "seen": digest(lines)}
        values["cards"] = self.kept(ask, "wallet")
        values["button"] = self.express(ask, "cart") if lines else ""
        return "cart.html", values

    def plan(self, ask: Ask) -> Any:
        """Offer a subscription."""
        order = self.put(ask.visitor, PLAN, 1, kind="plan")
        metadata: Any = {"frequency": {"unit": "Month", "value": "1"}}
        metadata["amount"] = self.price(order)
        more: Any = {"chargePermissionType": "Recurring", "recurringMetadata": metadata}
        return self.offer("plan", order, self.express(ask, "plan", **more))

    def collect(self, ask: Ask) -> Any:
        """Sell at the end of our own checkout: who collects needs no address."""
        order = self.cart(ask.visitor)
        if not self.lines(order):
            return "/cart"
        how, paid = {"product_type": "PayOnly"}, self.paid(order)
        urls = {"checkoutMode": "ProcessOrder", **self.result_url(order)}
        button = self.button(ask, how, webCheckoutDetails=urls, paymentDetails=paid)
        return self.offer("collect", order, button)

    def now(self, ask: Ask) -> Any:
        """Sell one tin on this page, in a window of Amazon's."""
        slug = ask.path["slug"]
        order = self.put(ask.visitor, slug, 1, kind=f"cart-{slug}")
        how: Any = {"paymentIntent": "Authorize", "canHandlePendingAuthorization": True}
        button = self.button(ask, {"buy_now": True}, "buyNow", paymentDetails=how)
        return self.offer("now", order, button)

    def offer(self, name: str, order: Any, button: Markup) -> Any:
        """Return a page that sells an order as it is."""
        values = {"name": name, "order": order, "button": button, "currency": CURRENCY}
        values["lines"] = self.lines(order)
        return ("offer.html", values) if values["lines"] else "/cart"

    def kept(self, ask: Ask, *kinds: str) -> list[Any]:
        """Return the visitor's saved cards, or subscriptions."""
        mine = "SELECT * FROM permissions WHERE visitor = :who AND state <> 'Closed'"
        found = self.sql(mine, who=ask.visitor)
        return [one for one in found if one.kind in kinds]

    # Checking out ---------------------------------------------------------------------

    def button(self, ask: Ask, how: Any, js: Any = None, **payload: Any) -> Markup:
        """Return a signed button; `js` names the handlers of Buy Now on the page."""
        body: Any = {"storeId": STORE, "merchantMetadata": {"merchantStoreName": NAME}}
        made = self.client.button({**body, **payload}, merchant_id=self.merchant, **how)
        html = made.html(nonce=ask.nonce, handlers=js)
        return Markup(html)  # noqa: S704 - safe in any page

    def express(self, ask: Ask, kind: str, **more: Any) -> Markup:
        """Return a button that leads by Amazon's address book to our review."""
        urls: Any = {"checkoutCancelUrl": f"{self.url}/cart"}
        urls["checkoutReviewReturnUrl"] = f"{self.url}/review/{kind}?mark={ask.mark}"
        more["deliverySpecifications"] = {"specialRestrictions": ["RestrictPOBoxes"]}
        return self.button(ask, {}, webCheckoutDetails=urls, **more)

    def result_url(self, order: Any) -> Any:
        """Return where the buyer comes back to when they have paid."""
        return {"checkoutResultReturnUrl": f"{self.url}/result/{order.id}"}

    def session(self, ask: Ask) -> tuple[Any, Any]:
        """Return an open session and its order; its address is for the buyer only."""
        if not same(ask.form["mark"], ask.mark):
            raise LookupError
        got = self.client.get_checkout_session(ask.form[SESSION])
        session: Any = got.raise_for_status().json()
        if session["statusDetails"]["state"] != "Open":
            raise Refused(GONE)
        return session, self.cart(ask.visitor, ask.path["kind"])

    def review(self, ask: Ask) -> Any:
        session, order = self.session(ask)
        lines = self.lines(order)
        known: Any = {"checkout_session_id": session["checkoutSessionId"]}
        button = self.client.button(merchant_id=self.merchant, **known)
        values = {"session": session, "lines": lines, "seen": digest(lines)}
        values |= {"kind": ask.path["kind"], "script": button.script_url}
        return ("review.html", values) if lines else "/cart"

    def pay(self, ask: Ask) -> Any:
        """Tell Amazon the amount, and let the buyer pay there."""
        session, order = self.session(ask)
        if digest(self.lines(order)) != ask.form["seen"]:
            raise Refused(CHANGED)
        body = types.UpdateCheckoutSession(
            webCheckoutDetails=self.result_url(order),
            paymentDetails=self.paid(order),
            merchantMetadata={"merchantReferenceId": order.id},
        )
        answer = self.client.update_checkout_session(session["checkoutSessionId"], body)
        if not answer.ok:
            raise Refused(GONE)
        told: Any = answer.json()
        return told["webCheckoutDetails"]["amazonPayRedirectUrl"]

    def own(self, ask: Ask) -> Any:
        """Return the visitor's order."""
        order = self.order(ask.path["id"])
        if order.visitor != ask.visitor:
            raise LookupError
        return order

    def result(self, ask: Ask) -> Any:
        self.finish(order := self.own(ask), ask.form[SESSION])
        return f"/orders/{order.id}"

    def pay_by_card(self, ask: Ask) -> Any:
        order, (card, *_) = self.own(ask), self.kept(ask, "wallet")
        if order.state == "Open" and digest(self.lines(order)) != ask.form["seen"]:
            raise Refused(CHANGED)
        self.charge(order, f"{card.id}~{ask.form['click']}")
        return f"/orders/{order.id}"

    def shown(self, ask: Ask) -> Any:
        """Show an order; one that is not paid is where it can be."""
        order = self.own(ask)
        kind, _, slug = order.kind.partition("-")
        if order.state in {"Open", "Saved"}:
            at = {"wallet": "/account", "plan": "/plan", "cart": "/cart"}[kind]
            return f"/now/{slug}" if slug else at
        return "order.html", {"order": order, "lines": self.lines(order)}

    def account(self, ask: Ask) -> Any:
        empty = self.put(ask.visitor, "", 0, kind="wallet")
        more: Any = {"paymentMethodOnFileMetadata": {"setupOnly": True}}
        more |= {"chargePermissionType": "PaymentMethodOnFile"}
        more |= {"paymentDetails": {"paymentIntent": "Confirm"}}
        button = self.button(ask, {}, webCheckoutDetails=self.result_url(empty), **more)
        mine = "SELECT * FROM orders WHERE visitor = :visitor AND state NOT IN ('Open',"
        orders = self.sql(f"{mine} 'Saved') ORDER BY made DESC", visitor=ask.visitor)
        values = {"orders": orders, "kept": self.kept(ask, "plan", "wallet")}
        return "account.html", {**values, "button": button}

    def end_one(self, ask: Ask) -> Any:
        for one in self.kept(ask, "plan", "wallet"):
            if one.id == ask.form["id"]:
                self.end(one)
        return "/account"

    def office(self, ask: Ask) -> Any:
        if not same(ask.path["key"], self.office_key):
            raise LookupError
        if ask.posts:
            self.act(ask.form, self.order(ask.form["id"]))
            return f"/office/{self.office_key}"
        some = "SELECT * FROM orders WHERE charge IS NOT NULL OR problem IS NOT NULL"
        orders = self.sql(f"{some} ORDER BY made DESC, id LIMIT 100")
        plans = self.sql("SELECT * FROM permissions WHERE kind = 'plan'")
        months = "SELECT id FROM orders WHERE kind LIKE :of AND charge IS NOT NULL"
        paid = {one.id: len(self.sql(months, of=f"{one.order_id}-%")) for one in plans}
        values = {"lines": {one.id: self.lines(one) for one in orders}, "paid": paid}
        return "office.html", {**values, "orders": orders, "plans": plans}

    def act(self, form: dict[str, str], order: Any) -> None:
        """Do what a button of the office says."""
        if form["act"] == "month":
            id_ = f"{order.id}-{int(form['month'])}"
            self.put(order.visitor, PLAN, 1, id=id_, kind=id_)
            of = "SELECT * FROM permissions WHERE order_id = :id AND kind = 'plan'"
            plan = self.sql(of, id=order.id)[0]
            self.charge(self.order(id_), f"{plan.id}~{form['click']}")
        elif form["act"] == "refund":
            self.refund(order, form["slug"])
        else:
            {"capture": self.capture, "cancel": self.cancel}[form["act"]](order)

    # Around the pages -----------------------------------------------------------------

    def route(self, path: str, *pages: Callable[[Ask], Any]) -> Route:
        """Return the route of a page, and of its form."""

        def answer(request: Request) -> Response:
            if request.method == "GET":
                return self.reply(request, pages[0])
            length = int(request.headers.get("content-length", LARGEST + 1))
            fits = length <= LARGEST
            return self.reply(request, pages[-1]) if fits else Response(status_code=413)

        return Route(path, answer, methods=["GET", "POST"][: len(pages)])

    def reply(self, request: Request, page: Callable[[Ask], Any]) -> Response:
        """Return what a page shows, or why it does not."""
        ask, status = Ask(request), 200
        try:
            if ask.posts and not same(ask.form.get("csrf", ""), ask.csrf):
                raise Refused(OLD)  # noqa: TRY301 - it is said as all of them
            shown = page(ask)
        except Exception as error:
            found = [(s, said) for kind, s, said in SAID if isinstance(error, kind)]
            if not found:
                raise
            LOG.warning("%s: %r", request.url.path, error)
            status, said = found[0]
            shown = "refused.html", {"why": said or str(error)}
        if isinstance(shown, str):
            response: Response = RedirectResponse(shown, 303)
        else:
            lines = self.lines(self.cart(ask.visitor))
            values = {"ask": ask, "count": sum(one.quantity for one in lines[:-1])}
            show = self.templates.TemplateResponse
            response = show(request, shown[0], {**shown[1], **values}, status)
        response.headers["cache-control"] = "no-store"
        policy = POLICY.format(ask.nonce, self.amazon)
        response.headers["content-security-policy"] = policy
        safe: Any = {"httponly": True, "secure": self.url.startswith("https:")}
        response.set_cookie(COOKIE, ask.secret, 365 * 86400, samesite="lax", **safe)
        return response

    async def keep_working(self, pause: float) -> None:
        """Act on notifications beside the server."""
        while True:
            await asyncio.sleep(pause)
            try:
                await asyncio.to_thread(self.work)
            except Exception:
                LOG.exception("it is tried again")

    def app(self, verifier: Verifier, pause: float = 1.0) -> Starlette:
        """Return the application."""

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncGenerator[None]:
            del app
            worker = asyncio.create_task(self.keep_working(pause))
            yield
            worker.cancel()

        return Starlette(
            lifespan=lifespan,
            routes=[
                ipn_route(verifier, self.inbox),
                Mount("/static", StaticFiles(directory=HERE / "static")),
                self.route("/", self.teas),
                self.route("/cart", self.basket, self.fill),
                self.route("/plan", self.plan),
                self.route("/collect", self.collect),
                self.route("/now/{slug}", self.now),
                self.route("/review/{kind}", self.review, self.pay),
                self.route("/result/{id}", self.result, self.result),
                self.route("/orders/{id}", self.shown),
                self.route("/cards/{id}", self.shown, self.pay_by_card),
                self.route("/account", self.account, self.end_one),
                self.route("/office/{key}", self.office, self.office),
            ],
        )
