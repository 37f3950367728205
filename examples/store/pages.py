"""The shop's pages, on Starlette: every form has a token, every page a strict policy."""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import secrets
import threading
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from markupsafe import Markup
from books import NAME, PLAN, Refused, Shop, digest, total
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

    from AmazonPay.ipn import Verifier

HERE, SESSION, LARGEST = Path(__file__).parent, "amazonCheckoutSessionId", 8192
COOKIE, KEY = "amazonpay_store_visitor", "amazonpay_store_office"
STORE = "amzn1.application-oa2-client.YOUR_STORE_ID"
GONE = "This checkout has ended, and nothing was taken. Your cart is as you left it."
SAID = (  # what a visitor reads in place of an error
    (Refused, 409, ""),
    ((NotFound, LookupError, ValueError), 404, "There is no such thing in this shop."),
    ((JournalConflict, sa.exc.IntegrityError), 409, "This was paid otherwise already."),
    (AmazonPayError, 503, "Amazon Pay gives no answer. Nothing is taken twice: retry."),
)
LOG = logging.getLogger("store")


class Ask:
    """What a visitor asks for, and who they are."""

    def __init__(self, request: Request, form: dict[str, str], office: str) -> None:
        self.form, self.path = form, request.path_params
        self.secret = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        self.key = form.get("key") or request.cookies.get(KEY, "")
        self.nonce, self.is_staff = secrets.token_urlsafe(16), same(self.key, office)
        # Who reads the database, or an address, cannot act for a visitor.
        made = (
            f"{use} {self.secret}".encode() for use in ("visitor", "form", "review")
        )
        self.visitor, self.csrf, self.mark = (sha256(one).hexdigest() for one in made)


def same(given: str, expected: str) -> bool:
    """Return whether two secrets are equal, in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


class Pages:
    """Pages: each returns a template with its values, or an address to go to."""

    def __init__(self, shop: Shop, url: str, office: str, amazon: str) -> None:
        self.shop, self.url, self.key, self.amazon = shop, url, office, amazon
        self.templates = Jinja2Templates(HERE / "templates")
        self.templates.env.globals |= {"shop_name": NAME, "total": total}
        self.templates.env.filters["from_json"] = json.loads

    def teas(self, ask: Ask) -> Any:
        teas = self.shop.sql("SELECT * FROM products WHERE color <> ''")
        cart = self.shop.lines(self.shop.cart(ask.visitor))
        has = {line.slug: line.quantity for line in cart}
        return "teas.html", {"teas": teas, "has": has, "plan": PLAN}

    def fill(self, ask: Ask) -> Any:
        if ask.form["slug"] != PLAN:
            self.shop.put(ask.visitor, ask.form["slug"], int(ask.form["number"]))
        return "/cart" if "cart" in ask.form else "/"

    def cart(self, ask: Ask) -> Any:
        order = self.shop.cart(ask.visitor)
        lines, wallet = self.shop.lines(order), self.kept(ask, "wallet")
        values = {"order": order, "lines": lines, "wallet": wallet}
        button = self.express(ask, "cart") if lines else ""
        return "cart.html", {**values, "button": button, "seen": digest(lines)}

    def plan(self, ask: Ask) -> Any:
        self.shop.put(ask.visitor, PLAN, 1, "plan")
        order = self.shop.cart(ask.visitor, "plan")
        metadata: Any = {"frequency": {"unit": "Month", "value": "1"}}
        metadata["amount"] = self.shop.price(order)
        more: Any = {"chargePermissionType": "Recurring", "recurringMetadata": metadata}
        button, lines = self.express(ask, "plan", **more), self.shop.lines(order)
        return "plan.html", {"order": order, "lines": lines, "button": button}

    def kept(self, ask: Ask, *kinds: str) -> list[Any]:
        """Return the visitor's saved wallets, or subscriptions."""
        mine = (
            "SELECT * FROM permissions WHERE visitor = :visitor AND state <> 'Closed'"
        )
        found = self.shop.sql(mine, visitor=ask.visitor)
        return [one for one in found if one.kind in kinds]

    # Checking out ---------------------------------------------------------------------

    def button(self, ask: Ask, product: Any = "PayAndShip", **payload: Any) -> Markup:
        body: Any = {"storeId": STORE, "merchantMetadata": {"merchantStoreName": NAME}}
        made = types.CreateCheckoutSession({**body, **payload})
        ours: Any = {"merchant_id": self.shop.merchant, "product_type": product}
        html = self.shop.client.button(made, **ours).html(nonce=ask.nonce)
        return Markup(html)  # noqa: S704 - safe in any page

    def express(self, ask: Ask, kind: str, **more: Any) -> Markup:
        """Return a button that leads by Amazon's address book to our review."""
        review = f"{self.url}/review/{kind}?mark={ask.mark}"
        urls = {
            "checkoutReviewReturnUrl": review,
            "checkoutCancelUrl": f"{self.url}/cart",
        }
        boxes = {"specialRestrictions": ["RestrictPOBoxes"]}
        return self.button(
            ask, webCheckoutDetails=urls, deliverySpecifications=boxes, **more
        )

    def session(self, ask: Ask) -> Any:
        """Return an open session; whose it is not may not see its address."""
        if not same(ask.form["mark"], ask.mark):
            raise LookupError
        got = self.shop.client.get_checkout_session(ask.form[SESSION])
        session: Any = got.raise_for_status().json()
        if session["statusDetails"]["state"] != "Open":
            raise Refused(GONE)
        return session

    def review(self, ask: Ask) -> Any:
        session, kind = self.session(ask), ask.path["kind"]
        lines = self.shop.lines(self.shop.cart(ask.visitor, kind))
        script = self.shop.client.button(
            None,
            merchant_id=self.shop.merchant,
            checkout_session_id=session["checkoutSessionId"],
        ).script_url
        values = {"session": session, "lines": lines, "seen": digest(lines)}
        more = {"kind": kind, "script": script}
        return ("review.html", {**values, **more}) if lines else "/cart"

    def pay(self, ask: Ask) -> Any:
        """Tell Amazon the amount, and let the buyer pay there."""
        session = self.session(ask)
        order = self.shop.cart(ask.visitor, ask.path["kind"])
        if digest(self.shop.lines(order)) != ask.form["seen"]:
            raise Refused("Your cart has changed: please look at it again.")
        answer = self.shop.client.update_checkout_session(
            session["checkoutSessionId"],
            types.UpdateCheckoutSession(
                webCheckoutDetails=self.result_url(order),
                paymentDetails=self.details(order),
                merchantMetadata={"merchantReferenceId": order.id},
            ),
        )
        if not answer.ok:
            raise Refused(GONE)
        told: Any = answer.json()
        return told["webCheckoutDetails"]["amazonPayRedirectUrl"]

    def details(self, order: Any) -> Any:
        """Return how an order is paid; its money is taken when it is shipped."""
        paid = {"chargeAmount": self.shop.price(order), "paymentIntent": "Authorize"}
        return {**paid, "canHandlePendingAuthorization": True}

    def result_url(self, order: Any) -> Any:
        return {"checkoutResultReturnUrl": f"{self.url}/result/{order.id}"}

    def collect(self, ask: Ask) -> Any:
        """Sell at the end of a checkout of our own: who collects needs no address."""
        order = self.shop.cart(ask.visitor)
        if not (lines := self.shop.lines(order)):
            return "/cart"
        urls = {"checkoutMode": "ProcessOrder", **self.result_url(order)}
        pays: Any = {"paymentDetails": self.details(order)}
        button = self.button(ask, "PayOnly", webCheckoutDetails=urls, **pays)
        return "collect.html", {"lines": lines, "button": button}

    def own(self, ask: Ask) -> Any:
        """Return the visitor's order."""
        order = self.shop.order(ask.path["id"])
        if order.visitor != ask.visitor:
            raise LookupError
        return order

    def result(self, ask: Ask) -> Any:
        order = self.own(ask)
        self.shop.finish(order, ask.form[SESSION])
        instead = {
            "Open": "/plan" if order.kind == "plan" else "/cart",
            "Saved": "/account",
        }
        return instead.get(self.own(ask).state, f"/orders/{order.id}")

    def order(self, ask: Ask) -> Any:
        order = self.own(ask)
        return "order.html", {"order": order, "lines": self.shop.lines(order)}

    def again(self, ask: Ask) -> Any:
        for line in self.shop.lines(self.own(ask)):
            self.shop.put(ask.visitor, line.slug, line.quantity)
        return "/cart"

    def account(self, ask: Ask) -> Any:
        self.shop.put(ask.visitor, "", 0, "wallet")
        empty = self.shop.cart(ask.visitor, "wallet")
        button = self.button(
            ask,
            chargePermissionType="PaymentMethodOnFile",
            paymentMethodOnFileMetadata={"setupOnly": True},
            paymentDetails={"paymentIntent": "Confirm"},
            webCheckoutDetails=self.result_url(empty),
        )
        mine = """SELECT * FROM orders WHERE visitor = :visitor AND state NOT IN
        ('Open', 'Saved') ORDER BY made DESC"""
        orders = self.shop.sql(mine, visitor=ask.visitor)
        values = {"orders": orders, "kept": self.kept(ask, "plan", "wallet")}
        return "account.html", {**values, "button": button}

    def end(self, ask: Ask) -> Any:
        for one in self.kept(ask, "plan", "wallet"):
            if one.id == ask.form["id"]:
                self.shop.end(one)
        return "/account"

    def wallet(self, ask: Ask) -> Any:
        order, (wallet, *_) = self.own(ask), self.kept(ask, "wallet")
        if order.state == "Open" and digest(self.shop.lines(order)) != ask.form["seen"]:
            raise Refused("Your cart has changed: please look at it again.")
        self.shop.charge(order, wallet.id)
        return "/cart" if self.own(ask).state == "Open" else f"/orders/{order.id}"

    # The office -----------------------------------------------------------------------

    def office(self, ask: Ask) -> Any:
        if not ask.is_staff:
            raise Refused("This page is for the staff, who have an address with a key.")
        orders = self.shop.sql(
            """SELECT * FROM orders WHERE charge IS NOT NULL OR problem IS NOT NULL
            ORDER BY made DESC, id LIMIT 100"""
        )
        lines = {order.id: self.shop.lines(order) for order in orders}
        plans = self.shop.sql("SELECT * FROM permissions WHERE kind = 'plan'")
        months = {one.order_id: self.shop.next_month(one.order_id) for one in plans}
        values = {"orders": orders, "lines": lines, "plans": plans, "months": months}
        return "office.html", values

    def act(self, ask: Ask) -> Any:
        if not ask.is_staff:
            raise Refused("This is for the staff.")
        form, order = ask.form, self.shop.order(ask.form["id"])
        if form["act"] == "month":
            self.shop.charge_month(order, int(form["month"]), int(form["attempt"]))
        elif form["act"] == "refund":
            self.shop.refund(order, form["slug"])
        else:
            acts = {"capture": self.shop.capture, "cancel": self.shop.cancel}
            acts[form["act"]](order)
        return "/office"

    # Around the pages -----------------------------------------------------------------

    def route(
        self, path: str, page: Callable[[Ask], Any], method: str = "GET"
    ) -> Route:
        """Return the route of a page, or of a form."""

        async def answer(request: Request) -> Response:
            body = b""
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return Response(status_code=413)
            fields = dict(parse_qsl(body.decode("utf-8", "replace")))
            ask = Ask(request, fields or dict(request.query_params), self.key)
            return await run_in_threadpool(self.reply, request, ask, page)

        return Route(path, answer, methods=[method])

    def reply(self, request: Request, ask: Ask, page: Callable[[Ask], Any]) -> Response:
        """Return what a page shows, or why it does not."""
        status = 200
        try:
            if request.method == "POST" and not same(
                ask.form.get("csrf", ""), ask.csrf
            ):
                raise Refused("This form is too old: go back, reload, and try again.")
            shown = page(ask)
        except (
            AmazonPayError,
            LookupError,
            Refused,
            ValueError,
            sa.exc.IntegrityError,
        ) as error:
            status, said = next(
                (s, t) for kind, s, t in SAID if isinstance(error, kind)
            )
            LOG.info("%s: %r", request.url.path, error)
            shown = "refused.html", {"why": said or str(error)}
        if isinstance(shown, str):
            response: Response = RedirectResponse(shown, 303)
        else:
            cart = self.shop.lines(self.shop.cart(ask.visitor))
            count = sum(one.quantity for one in cart if one.slug != "shipping")
            values = {**shown[1], "ask": ask, "count": count}
            answer = self.templates.TemplateResponse
            response = answer(request, shown[0], values, status)
        response.headers["cache-control"] = "no-store"
        response.headers["content-security-policy"] = (
            f"default-src 'none'; script-src 'nonce-{ask.nonce}'; style-src 'self';"
            f" img-src 'self' data:; connect-src 'self' {self.amazon}; form-action 'self'"
            f" {self.amazon}; base-uri 'none'; frame-ancestors 'none'"
        )
        safe: Any = {"httponly": True, "secure": self.url.startswith("https:")}
        response.set_cookie(COOKIE, ask.secret, 365 * 86400, samesite="lax", **safe)
        if ask.is_staff:
            response.set_cookie(KEY, ask.key, samesite="strict", **safe)
        return response

    def app(self, verifier: Verifier, pause: float = 1.0) -> Starlette:
        """Return the shop; every `pause` seconds it acts on notifications."""
        stopped = threading.Event()

        def work() -> None:
            turn = 0
            while not stopped.wait(pause):
                turn += 1
                with contextlib.suppress(AmazonPayError):  # it is tried again
                    self.shop.work()
                    if turn % 300 == 0:
                        self.shop.sweep()

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncGenerator[None]:
            del app
            worker = threading.Thread(target=work)
            worker.start()
            yield
            stopped.set()
            worker.join()

        pages = {
            "/": (self.teas,),
            "/cart": (self.cart, self.fill),
            "/plan": (self.plan,),
            "/review/{kind}": (self.review, self.pay),
            "/collect": (self.collect,),
            "/result/{id}": (self.result,),
            "/orders/{id}": (self.order, self.again),
            "/wallet/{id}": (self.own, self.wallet),
            "/account": (self.account, self.end),
            "/office": (self.office, self.act),
        }
        both = ("GET", "POST")
        routes = [
            self.route(p, *a)
            for p, m in pages.items()
            for a in zip(m, both, strict=False)
        ]
        static = Mount("/static", StaticFiles(directory=HERE / "static"))
        ipn = ipn_route(verifier, self.shop.inbox)
        return Starlette(routes=[ipn, static, *routes], lifespan=lifespan)
