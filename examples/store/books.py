"""The shop without its pages: its books, and whatever moves money.

Every amount comes from these tables. Each call that moves money goes through a helper
with a journal, in the name of a row that was committed before. So a button may be
clicked twice, a page reloaded, a process killed: the same call finds what is done.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from AmazonPay import AmazonPayError, price, types
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, SQLAlchemyJournal

if TYPE_CHECKING:
    from AmazonPay import Client, Decision

HERE, CURRENCY, PLAN, MOST = Path(__file__).parent, "USD", "tea-of-the-month", 20
TIME = "%Y-%m-%d %H:%M:%S"  # as CURRENT_TIMESTAMP
_END = dict.fromkeys(("Captured", "Declined", "Canceled", "Refunded", "Closed"), 9)
_OPEN = {"Chargeable": 1, "NonChargeable": 1, "RefundInitiated": 1, "Authorized": 2}
RANKS = {"AuthorizationInitiated": 1, "CaptureInitiated": 3, **_OPEN, **_END}
PLACES = {
    "refundId": ("lines", "refund"),
    "chargeId": ("orders", "charge"),
    "chargePermissionId": ("permissions", "id"),
}


class Refused(Exception):  # noqa: N818 - it is said to a person
    """What was asked for cannot be; nothing was done."""


def total(lines: list[Any]) -> str:
    """Return the sum of the lines of an order."""
    amounts = (Decimal(one.amount) * one.quantity for one in lines)
    return str(sum(amounts, Decimal("0.00")))


def digest(lines: list[Any]) -> str:
    """Return what stands for lines in a form: what was seen is what is paid."""
    seen = [(one.slug, one.quantity, one.amount) for one in lines]
    return sha256(repr(seen).encode()).hexdigest()


def move(connection: sa.Connection, seen: Any, before: object = None) -> None:
    """Move the row of an object of Amazon's, never back: the handler of the inbox."""
    del before
    new = seen["statusDetails"]["state"]
    if "disputeId" in seen:  # a person answers it
        return
    name = next(one for one in PLACES if one in seen)
    table, column = PLACES[name]
    set_ = f"UPDATE {table} SET state = %s WHERE {column} = :id RETURNING state"
    values = {"id": seen[name], "new": new}
    # A statement that writes comes first: it keeps others out.
    found = connection.execute(sa.text(set_ % "state"), values).first()
    if found is None:
        raise LookupError("faster than the answer to our call: the inbox tries again")
    old, end = RANKS.get(found.state, 0), RANKS["Captured"]
    if old < end and old <= RANKS.get(new, end):
        connection.execute(sa.text(set_ % ":new"), values)


class Books:
    """Carts, orders and payments."""

    left_alone = timedelta(minutes=5)  # so long nobody goes on with what was begun

    def __init__(self, client: Client, engine: sa.Engine, merchant: str) -> None:
        self.client, self.engine, self.merchant = client, engine, merchant
        self.journal, self.inbox = SQLAlchemyJournal(engine), SQLAlchemyInbox(engine)
        self.journal.create_table()
        self.inbox.create_table()
        for statement in (HERE / "schema.sql").read_text().split(";\n")[:-1]:
            self.sql(statement)
        self.once: Any = {"journal": self.journal, "namespace": f"store/{merchant}"}

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Commit one statement; return its rows."""
        with self.engine.begin() as connection:
            done = connection.execute(sa.text(statement), values)
            return list(done) if done.returns_rows else []

    def order(self, id_: str) -> Any:
        """Return an order; raise LookupError if there is none."""
        return self.sql("SELECT * FROM orders WHERE id = :id", id=id_)[0]

    def cart(self, visitor: str, kind: str = "cart") -> Any:
        """Return the visitor's order that is not paid yet, or None."""
        mine = "SELECT * FROM orders WHERE visitor = :visitor AND kind = :kind"
        found = self.sql(f"{mine} AND state = 'Open'", visitor=visitor, kind=kind)
        return found[0] if found else None

    def put(self, visitor: str, slug: str, number: int, **given: str) -> Any:
        """Have so many of a product in the visitor's order that is not paid yet."""
        values = {"id": secrets.token_hex(4).upper(), "kind": "cart"}
        values |= {"visitor": visitor, **given}
        new = "INSERT INTO orders (id, visitor, kind) VALUES (:id, :visitor, :kind)"
        self.sql(f"{new} ON CONFLICT DO NOTHING", **values)
        wanted = {"shipping": int(values["kind"].startswith("cart"))}
        wanted[slug] = max(0, min(number, MOST))
        for one, quantity in wanted.items():
            self.sql(
                """INSERT INTO lines (order_id, slug, name, amount, quantity) SELECT
                orders.id, slug, name, amount, :number FROM orders, products WHERE
                visitor = :visitor AND kind = :kind AND state = 'Open' AND slug = :slug
                ON CONFLICT (order_id, slug) DO UPDATE SET quantity = :number""",
                **{**values, "slug": one, "number": quantity},
            )
        return self.cart(visitor, values["kind"])

    def lines(self, order: Any) -> list[Any]:
        """Return the lines of an order."""
        mine = "SELECT * FROM lines WHERE order_id = :id AND quantity > 0"
        ordered = f"{mine} ORDER BY slug = 'shipping', slug"
        lines = self.sql(ordered, id=order and order.id)
        return [] if {one.slug for one in lines} <= {"shipping"} else lines

    def price(self, order: Any) -> types.Price:
        """Return what an order costs."""
        return price(total(self.lines(order)), CURRENCY)

    def paid(self, order: Any) -> Any:
        """Return how an order is paid: its money is taken when it is shipped."""
        paid = {"chargeAmount": self.price(order), "paymentIntent": "Authorize"}
        return {**paid, "canHandlePendingAuthorization": True}

    # What moves money -----------------------------------------------------------------

    def claim(self, order: Any, session: str) -> Any:
        """Let one session pay for an order, or one click on a saved card."""
        set_ = """UPDATE orders SET session = :session, problem = NULL, made = CASE
            state WHEN 'Open' THEN :now ELSE made END, state = CASE state WHEN 'Open'
            THEN 'Paying' ELSE state END WHERE id = :id AND (state = 'Open' OR
            session = :session) RETURNING *"""
        now = f"{datetime.now(UTC):{TIME}}"
        won = self.sql(set_, id=order.id, session=session, now=now)
        if not won:
            raise Refused(f"Order {order.id} is paid otherwise: nothing was taken now.")
        return won[0]

    def finish(self, order: Any, session: str) -> None:
        """Complete the checkout of an order, unless that is done: money is held."""
        got: Any = self.client.get_checkout_session(session).raise_for_status().json()
        where, saves = got["shippingAddress"], order.kind == "wallet"
        if not saves and not self.lines(order):
            raise Refused("There is nothing to pay.")
        order, name = self.claim(order, session), f"{order.id}:{session}"
        if order.state != "Paying":
            return
        new = "UPDATE orders SET address = COALESCE(:it, address) WHERE id = :id"
        self.sql(new, id=order.id, it=where and json.dumps(where))  # hidden at the end
        once: Any = {"order": name, **self.once}
        if order.kind.startswith("cart-"):
            bought: Any = {**self.paid(order), "shippingAddress": where}
            finalize = self.client.finalize_or_get_checkout_session
            self.settle(name, finalize(session, bought, **once))
        else:
            body = types.CompleteCheckoutSession(chargeAmount=self.price(order))
            body = types.CompleteCheckoutSession() if saves else body
            complete = self.client.complete_or_get_checkout_session
            self.settle(name, complete(session, body, confirm_only=saves, **once))

    def charge(self, order: Any, click: str) -> None:
        """Charge a saved card for an order, unless that is done: `permission~click`."""
        order, permission = self.claim(order, click), click.partition("~")[0]
        if order.state == "Paying":
            set_ = """UPDATE orders SET address = (SELECT old.address FROM orders AS old
                JOIN permissions AS kept ON old.id = order_id WHERE kept.id = :by)"""
            self.sql(f"{set_} WHERE id = :id", id=order.id, by=permission)
            amount, now = self.price(order), not order.kind.startswith("cart")
            body = types.CreateCharge(
                chargePermissionId=permission, chargeAmount=amount, captureNow=now
            )
            create, name = self.client.create_charge_or_get, f"{order.id}:{click}"
            self.settle(name, create(body, order=name, **self.once))

    def capture(self, order: Any) -> None:
        """Take the money of an order that is shipped."""
        body = types.CaptureCharge(captureAmount=self.price(order))
        take = self.client.capture_or_get_charge
        self.settle(order.id, take(order.charge, body, order=order.id, **self.once))

    def cancel(self, order: Any) -> None:
        """Free the money of an order that will not be shipped."""
        free = self.client.cancel_or_get_charge
        self.settle(order.id, free(order.charge, order=order.id, **self.once))

    def refund(self, order: Any, slug: str) -> None:
        """Give back the money of a line, once."""
        amount = total([one for one in self.lines(order) if one.slug == slug])
        if order.state != "Captured" or not Decimal(amount):
            raise Refused("There is nothing to give back.")
        back, name = price(amount, CURRENCY), f"{order.id}/{slug}"
        body = types.CreateRefund(chargeId=order.charge, refundAmount=back)
        self.settle(name, self.client.refund_or_get(body, order=name, **self.once))

    def end(self, kept: Any) -> None:
        """End a subscription, or forget a card; what was charged stays so."""
        close, name = self.client.close_or_get_charge_permission, kept.order_id
        self.settle(name, close(kept.id, order=name, **self.once))

    def settle(self, name: str, decision: Decision[Any]) -> None:
        """Write down what is known by now of an order, or of the refund of a line."""
        id_, mark, part = name.partition("/" if "/" in name else ":")
        charge, seen, no = decision.charge, decision.seen, decision.outcome == "no"
        fine = decision.outcome in {"success", "pending"}
        why = None if fine else decision.reason
        values: dict[str, Any] = {"id": id_, "part": part, "why": why}
        new, mine = "orders SET problem = :why", "id = :id"
        if mark == "/":
            new = "lines SET refund = COALESCE(:refund, refund), state = COALESCE(:no,"
            new, mine = f"{new} state)", "order_id = :id AND slug = :part"
            values |= {"refund": decision.object_id, "no": "Declined" if no else None}
        elif mark and charge:
            values |= {"charge": charge["chargeId"], "by": charge["chargePermissionId"]}
            new += ", charge = :charge, permission = :by"
        elif mark and seen and decision.ok:  # a card is saved
            values["by"] = seen["chargePermissionId"]
            new += ", state = 'Saved', permission = :by"
        elif mark and no:  # it waits to be paid otherwise
            new += """, session = NULL, state = CASE WHEN EXISTS (SELECT 1 FROM orders
            AS o WHERE o.visitor = orders.visitor AND o.kind = orders.kind AND
            o.state = 'Open') THEN 'Declined' ELSE 'Open' END"""
            mine += " AND state = 'Paying' AND session = :part"
        with self.engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE {new} WHERE {mine}"), values)
            if "by" in values:
                kept = """INSERT INTO permissions SELECT :by, visitor, kind, id,
                'Chargeable' FROM orders WHERE id = :id ON CONFLICT DO NOTHING"""
                connection.execute(sa.text(kept), values)
            for one in (charge, seen):
                if one and "checkoutSessionId" not in one:
                    move(connection, one)
        for kind in ("charge", "refund"):
            if values.get(kind):
                self.inbox.watch(kind.upper(), values[kind])

    def work(self) -> None:
        """Act on what Amazon has told; look for what it has not, and for open ends."""
        self.inbox.process(self.client, move)
        self.inbox.recheck(self.client)
        begun = datetime.now(UTC) - self.left_alone
        for entry in self.journal.open_entries(before=begun):
            with contextlib.suppress(AmazonPayError):  # the next one must not wait
                decision = self.client.resume(entry, journal=self.journal)
                self.settle(entry.order, decision)
        # A process may have died before it wrote down how a payment ended, or before
        # it began: the same call finds that out.
        left = "SELECT * FROM orders WHERE state = 'Paying' AND made <= :begun"
        for order in self.sql(left, begun=f"{begun:{TIME}}"):
            again = self.charge if "~" in order.session else self.finish
            with contextlib.suppress(AmazonPayError, Refused):
                again(order, order.session)
