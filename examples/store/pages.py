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

import sqlalchemy as sa
from books import HERE, PLAN, Books, Refused, digest, total
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from AmazonPay import AmazonPayError, JournalConflict, NotFound, types
from AmazonPay.contrib.starlette import ipn_route

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.requests import Request

    from AmazonPay import Client
    from AmazonPay.ipn import Verifier

NAME, STORE = "Copper Kettle", "amzn1.application-oa2-client.YOUR_STORE_ID"
COOKIE, KEY = "amazonpay_store_visitor", "amazonpay_store_office"
SESSION, LARGEST = "amazonCheckoutSessionId", 8192  # bytes of a form
GONE = "This checkout has ended, and nothing was taken. Your cart is as you left it."
CHANGED = "Your cart has changed meanwhile: please look at it again."
SAID: Any = (  # what a visitor reads in place of an error
    (Refused, 409, ""),
    ((NotFound, LookupError, ValueError), 404, "There is no such thing in this shop."),
    ((JournalConflict, sa.exc.IntegrityError), 409, "This was paid otherwise already."),
    (AmazonPayError, 503, "Amazon Pay gives no answer. Nothing is taken twice: retry."),
)
LOG = logging.getLogger("store")


def same(given: str, expected: str) -> bool:
    """Return whether two secrets are equal, in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


class Ask:
    """What a visitor asks for, and who they are."""

    def __init__(self, request: Request, form: dict[str, str], office: str) -> None:
        self.form, self.path, self.url = form, request.path_params, request.url.path
        self.posts = request.method == "POST"
        self.secret = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        self.key = form.get("key") or request.cookies.get(KEY, "")
        self.nonce, self.is_staff = secrets.token_urlsafe(16), same(self.key, office)
        # Who reads the database, or an address, cannot act for a visitor.
        uses = (
            f"{use} {self.secret}".encode() for use in ("visitor", "form", "review")
        )
        self.visitor, self.csrf, self.mark = (sha256(one).hexdigest() for one in uses)


class Pages(Books):
    """The shop with its pages: each gives a template and values, or an address."""

    def __init__(  # noqa: PLR0913 - what a shop needs
        self,
        client: Client,
        engine: sa.Engine,
        merchant: str,
        url: str,
        office: str,
        amazon: str,
    ) -> None:
        super().__init__(client, engine, merchant)
        self.url, self.office_key, self.amazon = url, office, amazon
        self.templates = Jinja2Templates(HERE / "templates")
        self.templates.env.globals |= {"shop_name": NAME, "total": total, "plan": PLAN}
        self.templates.env.globals |= {"click": secrets.token_urlsafe}
        self.templates.env.filters["from_json"] = json.loads

    def show_teas(self, ask: Ask) -> Any:
        teas = self.sql("SELECT * FROM products WHERE color <> ''")
        lines = self.lines(self.cart(ask.visitor))
        has = {line.slug: line.quantity for line in lines}
        return "teas.html", {"teas": teas, "has": has}

    def fill(self, ask: Ask) -> Any:
        if ask.form["slug"] != PLAN:
            self.put(ask.visitor, ask.form["slug"], int(ask.form["number"]))
        return "/cart" if "cart" in ask.form else "/"

    def show_cart(self, ask: Ask) -> Any:
        order = self.cart(ask.visitor)
        lines = self.lines(order)
        button = self.express(ask, "cart") if lines else ""
        values = {"order": order, "lines": lines, "seen": digest(lines)}
        values |= {"button": button, "cards": self.kept(ask, "wallet")}
        return "cart.html", values

    def show_plan(self, ask: Ask) -> Any:
        order = self.put(ask.visitor, PLAN, 1, kind="plan")
        metadata: Any = {"frequency": {"unit": "Month", "value": "1"}}
        metadata["amount"] = self.price(order)
        more: Any = {"chargePermissionType": "Recurring", "recurringMetadata": metadata}
        values = {"order": order, "lines": self.lines(order)}
        return "plan.html", {**values, "button": self.express(ask, "plan", **more)}

    def kept(self, ask: Ask, *kinds: str) -> list[Any]:
        """Return the visitor's saved cards, or subscriptions."""
        mine = (
            "SELECT * FROM permissions WHERE visitor = :visitor AND state <> 'Closed'"
        )
        found = self.sql(mine, visitor=ask.visitor)
        return [one for one in found if one.kind in kinds]

    # Checking out ---------------------------------------------------------------------

    def button(self, ask: Ask, product: Any = "PayAndShip", **payload: Any) -> Markup:
        """Return a signed button."""
        body: Any = {"storeId": STORE, "merchantMetadata": {"merchantStoreName": NAME}}
        made = types.CreateCheckoutSession({**body, **payload})
        ours: Any = {"merchant_id": self.merchant, "product_type": product}
        html = self.client.button(made, **ours).html(nonce=ask.nonce)
        return Markup(html)  # noqa: S704 - safe in any page

    def express(self, ask: Ask, kind: str, **more: Any) -> Markup:
        """Return a button that leads by Amazon's address book to our review."""
        urls: Any = {"checkoutCancelUrl": f"{self.url}/cart"}
        urls["checkoutReviewReturnUrl"] = f"{self.url}/review/{kind}?mark={ask.mark}"
        more["deliverySpecifications"] = {"specialRestrictions": ["RestrictPOBoxes"]}
        return self.button(ask, webCheckoutDetails=urls, **more)

    def paid(self, order: Any) -> Any:
        """Return how an order is paid: its money is taken when it is shipped."""
        paid = {"chargeAmount": self.price(order), "paymentIntent": "Authorize"}
        return {**paid, "canHandlePendingAuthorization": True}

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

    def collect(self, ask: Ask) -> Any:
        """Sell at the end of a checkout of our own: who collects needs no address."""
        order = self.cart(ask.visitor)
        if not (lines := self.lines(order)):
            return "/cart"
        more: Any = {"paymentDetails": self.paid(order), "product": "PayOnly"}
        urls = {"checkoutMode": "ProcessOrder", **self.result_url(order)}
        button = self.button(ask, webCheckoutDetails=urls, **more)
        return "collect.html", {"lines": lines, "button": button}

    def own(self, ask: Ask) -> Any:
        """Return the visitor's order."""
        order = self.order(ask.path["id"])
        if order.visitor != ask.visitor:
            raise LookupError
        return order

    def result(self, ask: Ask) -> Any:
        order = self.own(ask)
        self.finish(order, ask.form[SESSION])
        return self.after(ask)

    def after(self, ask: Ask) -> str:
        """Return where to go after a payment, however it went."""
        order = self.own(ask)
        plan = "/plan" if order.kind == "plan" else "/cart"
        return {"Open": plan, "Saved": "/account"}.get(
            order.state, f"/orders/{order.id}"
        )

    def pay_by_card(self, ask: Ask) -> Any:
        order, (card, *_) = self.own(ask), self.kept(ask, "wallet")
        if order.state == "Open" and digest(self.lines(order)) != ask.form["seen"]:
            raise Refused(CHANGED)
        self.charge(order, card, ask.form["click"])
        return self.after(ask)

    def show_order(self, ask: Ask) -> Any:
        order = self.own(ask)
        return "order.html", {"order": order, "lines": self.lines(order)}

    def again(self, ask: Ask) -> Any:
        for line in self.lines(self.own(ask)):
            self.put(ask.visitor, line.slug, line.quantity)
        return "/cart"

    def account(self, ask: Ask) -> Any:
        empty = self.put(ask.visitor, "", 0, kind="wallet")
        more: Any = {"paymentMethodOnFileMetadata": {"setupOnly": True}}
        more |= {"chargePermissionType": "PaymentMethodOnFile"}
        more |= {"paymentDetails": {"paymentIntent": "Confirm"}}
        button = self.button(ask, webCheckoutDetails=self.result_url(empty), **more)
        mine = "SELECT * FROM orders WHERE visitor = :visitor AND state NOT IN"
        order = "('Open', 'Saved') ORDER BY made DESC"
        orders = self.sql(f"{mine} {order}", visitor=ask.visitor)
        values = {"orders": orders, "kept": self.kept(ask, "plan", "wallet")}
        return "account.html", {**values, "button": button}

    def end_one(self, ask: Ask) -> Any:
        for one in self.kept(ask, "plan", "wallet"):
            if one.id == ask.form["id"]:
                self.end(one)
        return "/account"

    # The office -----------------------------------------------------------------------

    def office(self, ask: Ask) -> Any:
        if not ask.is_staff:
            raise Refused("This page is for the staff, who have an address with a key.")
        if ask.posts:
            self.act(ask.form, self.order(ask.form["id"]))
            return "/office"
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
            self.charge(self.order(id_), plan, form["click"])
        elif form["act"] == "refund":
            self.refund(order, form["slug"])
        else:
            {"capture": self.capture, "cancel": self.cancel}[form["act"]](order)

    # Around the pages -----------------------------------------------------------------

    def route(self, path: str, *pages: Callable[[Ask], Any]) -> Route:
        """Return the route of a page, and of its form."""

        async def answer(request: Request) -> Response:
            body = b""
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return Response(status_code=413)
            form = dict(parse_qsl(body.decode("utf-8", "replace")))
            form = form if request.method == "POST" else dict(request.query_params)
            ask = Ask(request, form, self.office_key)
            page = pages[-1] if ask.posts else pages[0]
            return await run_in_threadpool(self.reply, request, ask, page)

        return Route(path, answer, methods=["GET", "POST"][: len(pages)])

    def shown(self, ask: Ask, page: Callable[[Ask], Any]) -> tuple[int, Any]:
        """Return the status and what a page gives, or why it does not."""
        try:
            if ask.posts and not same(ask.form.get("csrf", ""), ask.csrf):
                raise Refused("This form is too old: go back, reload, and try again.")  # noqa: TRY301 - said as all of them
            return 200, page(ask)
        except tuple(
            one
            for kind, _, _ in SAID
            for one in (kind if isinstance(kind, tuple) else (kind,))
        ) as error:
            LOG.warning("%s: %r", ask.url, error)
            status, why = next((s, t) for kind, s, t in SAID if isinstance(error, kind))
            return status, ("refused.html", {"why": why or str(error)})

    def reply(self, request: Request, ask: Ask, page: Callable[[Ask], Any]) -> Response:
        """Return the response to a request."""
        status, shown = self.shown(ask, page)
        if isinstance(shown, str):
            response: Response = RedirectResponse(shown, 303)
        else:
            tins = [
                one
                for one in self.lines(self.cart(ask.visitor))
                if one.slug != "shipping"
            ]
            values = {
                **shown[1],
                "ask": ask,
                "count": sum(one.quantity for one in tins),
            }
            response = self.templates.TemplateResponse(
                request, shown[0], values, status
            )
        response.headers["cache-control"] = "no-store"
        response.headers["content-security-policy"] = (
            f"default-src 'none'; script-src 'nonce-{ask.nonce}'; style-src 'self';"
            f" img-src 'self' data:; connect-src 'self' {self.amazon}; base-uri 'none';"
            f" form-action 'self' {self.amazon}; frame-ancestors 'none'"
        )
        safe: Any = {"httponly": True, "secure": self.url.startswith("https:")}
        response.set_cookie(COOKIE, ask.secret, 365 * 86400, samesite="lax", **safe)
        if ask.is_staff:
            response.set_cookie(KEY, ask.key, samesite="strict", **safe)
        return response

    async def keep_working(self, pause: float) -> None:
        """Act on notifications beside the server."""
        while True:
            await asyncio.sleep(pause)
            with contextlib.suppress(AmazonPayError):  # it is tried again
                await run_in_threadpool(self.work)

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
                self.route("/", self.show_teas),
                self.route("/cart", self.show_cart, self.fill),
                self.route("/plan", self.show_plan),
                self.route("/review/{kind}", self.review, self.pay),
                self.route("/collect", self.collect),
                self.route("/result/{id}", self.result),
                self.route("/orders/{id}", self.show_order, self.again),
                self.route("/cards/{id}", self.show_order, self.pay_by_card),
                self.route("/account", self.account, self.end_one),
                self.route("/office", self.office, self.office),
            ],
        )
