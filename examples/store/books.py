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
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from AmazonPay import AmazonPayError, price, types
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, SQLAlchemyJournal

if TYPE_CHECKING:
    from AmazonPay import Client, Decision

NAME, CURRENCY, PLAN, MOST = "Copper Kettle", "USD", "tea-of-the-month", 20
SCHEMA = """
CREATE TABLE IF NOT EXISTS products
  (slug TEXT PRIMARY KEY, name TEXT, note TEXT, amount TEXT, color TEXT);
INSERT INTO products VALUES
  ('sencha', 'Sencha', 'Green and grassy, from steamed leaves', '12.50', '#6f9a52'),
  ('earl-grey', 'Earl Grey', 'Black, with oil of bergamot', '9.80', '#4f6d94'),
  ('lapsang', 'Lapsang', 'Black, dried over pine smoke', '14.20', '#8a5a44'),
  ('rooibos', 'Rooibos', 'Red and mellow, for the evening', '8.40', '#c0562f'),
  ('jasmine', 'Jasmine', 'White tea under fresh blossoms', '16.90', '#b98ba7'),
  ('tea-of-the-month', 'Tea of the month', 'A new tin each month', '11.00', '#b0842b'),
  ('shipping', 'Shipping', '', '4.90', '') ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS orders
  (id TEXT PRIMARY KEY, visitor TEXT, kind TEXT, state TEXT, attempt INT DEFAULT 1,
  session TEXT UNIQUE, charge TEXT UNIQUE, permission TEXT, address TEXT, problem TEXT,
  made TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX IF NOT EXISTS one_cart ON orders (visitor, kind) WHERE state='Open';
CREATE TABLE IF NOT EXISTS lines
  (order_id TEXT, slug TEXT, name TEXT, amount TEXT, quantity INT, state TEXT,
  refund TEXT UNIQUE, PRIMARY KEY (order_id, slug));
CREATE TABLE IF NOT EXISTS permissions
  (id TEXT PRIMARY KEY, visitor TEXT, kind TEXT, order_id TEXT, state TEXT)"""
RANKS = {"Chargeable": 1, "NonChargeable": 1, "RefundInitiated": 1}
RANKS |= {"AuthorizationInitiated": 1, "Authorized": 2, "CaptureInitiated": 3}
RANKS |= dict.fromkeys(("Captured", "Declined", "Canceled", "Refunded", "Closed"), 9)
PLACES = {"refundId": ("lines", "refund"), "chargeId": ("orders", "charge")}
PLACES |= {"chargePermissionId": ("permissions", "id")}
MAKES = ("complete_checkout_session", "finalize_checkout_session", "create_charge")


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
    member = next(one for one in ("disputeId", *PLACES) if one in seen)
    if member == "disputeId":
        values = {"id": seen["chargeId"], "problem": f"Dispute: {new}"}
        disputed = "UPDATE orders SET problem = :problem WHERE charge = :id"
        connection.execute(sa.text(disputed), values)
        return
    table, column = PLACES[member]
    values = {"id": seen[member], "new": new}
    # A statement that writes comes first: it keeps others out.
    mine = f"UPDATE {table} SET state = %s WHERE {column} = :id RETURNING state"
    found = connection.execute(sa.text(mine % "state"), values).first()
    if found is None:
        raise LookupError("faster than the answer to our call: the inbox tries again")
    old, end = RANKS.get(found.state, 0), RANKS["Captured"]
    if old < end and old <= RANKS.get(new, end):
        connection.execute(sa.text(mine % ":new"), values)


class Shop:
    """Carts, orders and payments."""

    def __init__(self, client: Client, engine: sa.Engine, merchant: str) -> None:
        self.client, self.engine, self.merchant = client, engine, merchant
        self.journal, self.inbox = SQLAlchemyJournal(engine), SQLAlchemyInbox(engine)
        self.journal.create_table()
        self.inbox.create_table()
        for statement in SCHEMA.split(";\n"):
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
        found = "SELECT * FROM orders WHERE visitor = :visitor AND kind = :kind"
        mine = self.sql(f"{found} AND state = 'Open'", visitor=visitor, kind=kind)
        return mine[0] if mine else None

    def put(
        self, visitor: str, slug: str, number: int, kind: str = "cart", id_: str = ""
    ) -> None:
        """Have so many of a product in the visitor's order that is not paid yet."""
        values = {"id": id_ or secrets.token_hex(4).upper()}
        values |= {"visitor": visitor, "kind": kind}
        self.sql(
            """INSERT INTO orders (id, visitor, kind, state) VALUES
            (:id, :visitor, :kind, 'Open') ON CONFLICT DO NOTHING""",
            **values,
        )
        wanted = {"shipping": int(kind == "cart"), slug: max(0, min(number, MOST))}
        for one, quantity in wanted.items():
            self.sql(
                """INSERT INTO lines (order_id, slug, name, amount, quantity) SELECT
                orders.id, slug, name, amount, :number FROM orders, products WHERE
                visitor = :visitor AND kind = :kind AND state = 'Open' AND slug = :slug
                ON CONFLICT (order_id, slug) DO UPDATE SET quantity = :number""",
                **{**values, "slug": one, "number": quantity},
            )

    def lines(self, order: Any) -> list[Any]:
        """Return the lines of an order, at today's prices until it is paid."""
        values = {"id": order and order.id}
        self.sql(
            """UPDATE lines SET amount = (SELECT amount FROM products WHERE
            products.slug = lines.slug) WHERE order_id = (SELECT id FROM orders WHERE
            id = :id AND state = 'Open')""",
            **values,
        )
        mine = "SELECT * FROM lines WHERE order_id = :id AND quantity > 0"
        lines = self.sql(f"{mine} ORDER BY slug = 'shipping', slug", **values)
        return [] if {one.slug for one in lines} <= {"shipping"} else lines

    def price(self, order: Any) -> types.Price:
        """Return what an order costs."""
        return price(total(self.lines(order)), CURRENCY)

    # What moves money -----------------------------------------------------------------

    def claim(self, order: Any, **by: str) -> Any:
        """Let one session, or one saved wallet, pay for an order, and no other one."""
        ((name, value),) = by.items()
        won = self.sql(
            f"""UPDATE orders SET {name} = :value, problem = NULL, state = CASE state
            WHEN 'Open' THEN 'Paying' ELSE state END WHERE id = :id AND
            (state = 'Open' OR {name} = :value) RETURNING *""",
            **{"id": order.id, "value": value},
        )
        if not won:
            raise Refused(f"Order {order.id} is paid otherwise: nothing was taken now.")
        return won[0]

    def finish(self, order: Any, session: str) -> None:
        """Complete the checkout of an order, unless that is done: money is held."""
        got: Any = self.client.get_checkout_session(session).raise_for_status().json()
        if order.kind != "wallet" and not self.lines(order):
            raise Refused("There is nothing to pay.")
        order = self.claim(order, session=session)
        if order.state != "Paying":
            return
        if got["shippingAddress"]:  # it is not shown any more once it is completed
            new = "UPDATE orders SET address = :new WHERE id = :id"
            self.sql(new, id=order.id, new=json.dumps(got["shippingAddress"]))
        paid = types.CompleteCheckoutSession(chargeAmount=self.price(order))
        saves = order.kind == "wallet"
        decision = self.client.complete_or_get_checkout_session(
            session,
            types.CompleteCheckoutSession() if saves else paid,
            confirm_only=saves,
            order=f"{order.id}:{session}",
            **self.once,
        )
        self.settle(f"{order.id}:{session}", decision)

    def charge(self, order: Any, permission: str) -> None:
        """Charge a wallet or a subscription for an order, unless that is done."""
        order = self.claim(order, permission=permission)
        if order.state == "Paying":
            body = types.CreateCharge(
                chargePermissionId=permission,
                chargeAmount=self.price(order),
                captureNow=order.kind != "cart",
            )
            tried = {"order": order.id, "attempt": order.attempt}
            decision = self.client.create_charge_or_get(body, **tried, **self.once)
            self.settle(order.id, decision)

    def next_month(self, first: str) -> tuple[int, int]:
        """Return the number of a subscription's next month, and of the attempt."""
        mine = "SELECT * FROM orders WHERE substr(id, 1, :size) = :first"
        all_ = self.sql(mine, first=f"{first}-", size=len(first) + 1)
        tried = [one.attempt for one in all_ if one.charge is None]
        return len(all_) - len(tried) + 2, tried[0] if tried else 1

    def charge_month(self, first: Any, month: int, attempt: int) -> None:
        """Charge a month of a subscription; again only after a no, by a new attempt."""
        id_ = f"{first.id}-{month}"
        self.put(first.visitor, PLAN, 1, kind=id_, id_=id_)
        order = self.order(id_)
        if order.attempt == attempt:
            self.charge(order, first.permission)

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
        """End a subscription, or forget a wallet; what was charged stays so."""
        close, name = self.client.close_or_get_charge_permission, kept.order_id
        self.settle(name, close(kept.id, order=name, **self.once))

    def settle(self, name: str, decision: Decision[Any]) -> None:
        """Write down what is known by now of an order, or of the refund of a line."""
        charge, seen, made = decision.charge, decision.seen, decision.operation in MAKES
        id_, mark, part = name.partition("/" if "/" in name else ":")
        entry = self.journal.find(decision.key)
        values = {"id": id_, "part": part, "object": decision.object_id}
        values |= {"attempt": entry and entry.attempt, "why": decision.reason}
        mine, new = "WHERE id = :id", ""
        if mark == "/":
            mine = "WHERE order_id = :id AND slug = :part"
            refused = "lines SET state = 'Declined'" if decision.outcome == "no" else ""
            new = "lines SET refund = :object" if decision.object_id else refused
        elif made and charge:
            values |= {"charge": charge["chargeId"], "by": charge["chargePermissionId"]}
            new = "orders SET charge = :charge, permission = :by"
        elif made and decision.ok:  # a wallet is saved
            values |= {"by": seen["chargePermissionId"]} if seen else {}
            new = "orders SET state = 'Saved', permission = :by"
        elif made and decision.outcome == "no":  # it waits for another way to be paid
            new = """orders SET problem = :why, session = NULL, permission = NULL,
            attempt = attempt + 1, state = CASE WHEN EXISTS (SELECT 1 FROM orders AS o
            WHERE o.visitor = orders.visitor AND o.kind = orders.kind AND o.state =
            'Open') THEN 'Declined' ELSE 'Open' END"""
            mine += " AND state = 'Paying' AND "
            mine += "session = :part" if mark else "attempt = :attempt"
        if decision.outcome in {"moved", "unknown"} and not mark == "/":
            new = (f"{new}, " if new else "orders SET ") + "problem = :why"
        with self.engine.begin() as connection:
            if new:
                connection.execute(sa.text(f"UPDATE {new} {mine}"), values)
            if "by" in values:
                kept = """INSERT INTO permissions SELECT :by, visitor, kind, id,
                'Chargeable' FROM orders WHERE id = :id ON CONFLICT DO NOTHING"""
                connection.execute(sa.text(kept), values)
            for one in (charge, seen):
                if one and "checkoutSessionId" not in one:
                    move(connection, one)
        if charge and made:
            self.inbox.watch("CHARGE", charge["chargeId"])
        if mark == "/" and decision.object_id:
            self.inbox.watch("REFUND", decision.object_id)

    def work(self) -> None:
        """Act on what Amazon has told, and look for what it has not."""
        self.inbox.process(self.client, move)
        self.inbox.recheck(self.client)

    def sweep(self) -> None:
        """Go on with what was begun and not settled: every few minutes."""
        left_alone = datetime.now(UTC) - timedelta(minutes=5)
        for entry in self.journal.open_entries(before=left_alone):
            with contextlib.suppress(AmazonPayError):  # the next one must not wait
                decision = self.client.resume(entry, journal=self.journal)
                self.settle(entry.order, decision)
