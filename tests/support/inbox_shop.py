"""A shop whose orders move in its inbox's transactions, beside a simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
from django.db import DatabaseError, connections
from sqlalchemy import Column, Integer, MetaData, String, Table, text
from sqlalchemy.exc import OperationalError

import ipn_django
from AmazonPay import Client, Retry
from AmazonPay.contrib.django import DjangoInbox
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, inbox_tables
from AmazonPay.ipn import Notification
from AmazonPay.testing import Authority
from keys import KEY
from simulated import KEY_ID, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from AmazonPay.simulator import Request, Settings

AUTHORITY = Authority()
METADATA = MetaData()
# Each move of an order is a row: what moves twice shows.
MOVES = Table(
    "moves",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("object_id", String(64), nullable=False),
    Column("state", String(32), nullable=False),
)
inbox_tables(METADATA)
MOVED = "SELECT object_id, state FROM moves ORDER BY number"
CHARGE = "S01-0000000-0000000-C000000"


def notification(number: int = 1, **changes: Any) -> Notification:
    members: dict[str, Any] = {
        "message_id": f"00000000-0000-0000-0000-{number:012}",
        "topic_arn": "arn:aws:sns:us-east-1:291180941288:A",
        "object_type": "CHARGE",
        "object_id": CHARGE,
        "notification_type": "STATE_CHANGE",
        "charge_permission_id": CHARGE[:19],
        "merchant_id": "A1",
        "notification_id": "n1",
        "timestamp": datetime(2100, 1, 15, tzinfo=UTC),
        "members": {},
    }
    return Notification(**{**members, **changes})


def charge(state: str = "Authorized", at: str = "20260101T000000Z") -> dict[str, Any]:
    return {
        "chargeId": CHARGE,
        "chargePermissionId": CHARGE[:19],
        "chargeAmount": {"amount": "50", "currencyCode": "USD"},
        "statusDetails": {"state": state, "lastUpdatedTimestamp": at},
    }


def permission(balance: str) -> dict[str, Any]:
    """Make a permission; its balance changes without a new time."""
    return {
        "chargePermissionId": CHARGE[:19],
        "limits": {"amountBalance": {"amount": balance, "currencyCode": "USD"}},
        "statusDetails": {
            "state": "Chargeable",
            "lastUpdatedTimestamp": "20260101T000000Z",
        },
    }


def state_of(view: Any) -> str:
    state: str = view["statusDetails"]["state"]
    return state


def client_of(answer: Callable[[httpx2.Request], httpx2.Response]) -> Client:
    """Make a client that gets a function's answers, and repeats no request."""
    transport = httpx2.MockTransport(answer)
    return Client(KEY_ID, KEY, "us", transport=transport, retry=Retry(attempts=1))


def answering(*answers: Any) -> Client:
    """Make a client that gets these answers, the last one again and again."""
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, int):
            return httpx2.Response(found, json={"reasonCode": "X", "message": "m"})
        return httpx2.Response(200, json=found)

    return client_of(answer)


# Databases ----------------------------------------------------------------------------


class Deadlock(Exception):  # noqa: N818 - as a driver names it
    sqlstate = "40P01"


class OnSQLAlchemy:
    """The database of a shop on SQLAlchemy."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def empty(self) -> None:
        METADATA.drop_all(self.engine)
        METADATA.create_all(self.engine)

    def close(self) -> None:
        self.engine.dispose()

    def inbox(self, clock: Callable[[], datetime], **options: Any) -> SQLAlchemyInbox:
        return SQLAlchemyInbox(self.engine, clock=clock, **options)

    @staticmethod
    def execute_in(connection: Any, statement: str) -> None:
        connection.execute(text(statement))

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    @staticmethod
    def move(connection: Any, object_id: str, state: str) -> None:
        connection.execute(MOVES.insert().values(object_id=object_id, state=state))

    def rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return [*map(tuple, connection.execute(text(statement)))]

    @staticmethod
    def conflict() -> Exception:
        return OperationalError("UPDATE orders", {}, Deadlock())


class OnDjango:
    """The database of a shop on Django."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def empty(self) -> None:
        ipn_django.prepare(self.alias)

    @staticmethod
    def close() -> None:
        connections.close_all()

    def inbox(self, clock: Callable[[], datetime], **options: Any) -> DjangoInbox:
        return DjangoInbox(self.alias, clock=clock, **options)

    @staticmethod
    def execute_in(connection: Any, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def execute(self, statement: str) -> None:
        self.execute_in(connections[self.alias], statement)

    @staticmethod
    def move(connection: Any, object_id: str, state: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ipn_django.MOVE, [object_id, state])

    def rows(self, statement: str) -> list[Any]:
        with connections[self.alias].cursor() as cursor:
            cursor.execute(statement)
            found: list[Any] = cursor.fetchall()
            return found

    @staticmethod
    def conflict() -> Exception:
        error: Exception = DatabaseError("deadlock")
        error.__cause__ = Deadlock()
        return error


class InboxShop:
    """A shop, its database and its inbox."""

    def __init__(
        self,
        database: OnSQLAlchemy | OnDjango,
        settings: Settings | None = None,
        **options: Any,
    ) -> None:
        self.database = database
        database.empty()
        self.amazon = Shop(settings=settings)
        self.clock = self.amazon.clock
        self.heard: list[Notification] = []
        notifier = self.amazon.simulator.notifications
        notifier.authority = AUTHORITY
        notifier.add_listener(self.listen)
        self._topics = notifier.topics
        # Both have the same methods, and a handler gets the connection of its own kind.
        self.inbox: Any = database.inbox(self.clock, **options)
        self.handled: list[tuple[str, str, str | None]] = []

    def listen(self, request: Request) -> int:
        """Verify and keep a notification as the shop's view does; return the status."""
        notification = AUTHORITY.verifier(self._topics).verify(request.body)
        self.heard.append(notification)
        self.inbox.receive(notification)
        return 200

    def deliver(self) -> None:
        self.amazon.simulator.notifications.deliver()

    def handler(self, connection: Any, view: Any, before: Any) -> None:
        """Move the order that an object belongs to."""
        object_id = view.get("refundId") or view.get("disputeId") or view["chargeId"]
        self.handled.append(
            (object_id, state_of(view), None if before is None else state_of(before))
        )
        self.database.move(connection, object_id, state_of(view))

    def process(self, handler: Any = None, **options: Any) -> int:
        with self.amazon.client() as client:
            processed: int = self.inbox.process(
                client, handler or self.handler, **options
            )
            return processed

    def recheck(self, **options: Any) -> int:
        with self.amazon.client() as client:
            rechecked: int = self.inbox.recheck(client, **options)
            return rechecked

    @property
    def moves(self) -> list[tuple[str, str]]:
        """Object and state of each move that was committed, in order."""
        return self.database.rows(MOVED)
