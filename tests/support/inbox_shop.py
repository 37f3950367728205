"""A shop whose orders move in its inbox's transactions, beside a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Integer, MetaData, String, Table, select

from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox
from AmazonPay.testing import Authority
from simulated import Shop

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from AmazonPay.ipn import Notification
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


def state_of(view: Any) -> str:
    state: str = view["statusDetails"]["state"]
    return state


class InboxShop:
    """A shop, its database and its inbox."""

    def __init__(
        self, engine: Engine, settings: Settings | None = None, **options: Any
    ) -> None:
        self.engine = engine
        self.amazon = Shop(settings=settings)
        self.clock = self.amazon.clock
        self.heard: list[Notification] = []
        notifier = self.amazon.simulator.notifications
        notifier.authority = AUTHORITY
        notifier.add_listener(self.listen)
        self._topics = notifier.topics
        self.inbox = SQLAlchemyInbox(engine, clock=self.clock, **options)
        self.inbox.create_table()
        METADATA.create_all(engine)
        self.handled: list[tuple[str, str, str | None]] = []

    def listen(self, request: Request) -> int:
        """Be the view of the shop."""
        notification = AUTHORITY.verifier(self._topics).verify(request.body)
        self.heard.append(notification)
        self.inbox.receive(notification)
        return 200

    def deliver(self) -> None:
        self.amazon.simulator.notifications.deliver()

    def handler(self, connection: Connection, view: Any, before: Any) -> None:
        """Move the order that an object belongs to."""
        object_id = view.get("refundId") or view.get("disputeId") or view["chargeId"]
        self.handled.append(
            (object_id, state_of(view), None if before is None else state_of(before))
        )
        row = {"object_id": object_id, "state": state_of(view)}
        connection.execute(MOVES.insert().values(**row))

    def process(self, handler: Any = None, **options: Any) -> int:
        with self.amazon.client() as client:
            return self.inbox.process(client, handler or self.handler, **options)

    def recheck(self, **options: Any) -> int:
        with self.amazon.client() as client:
            return self.inbox.recheck(client, **options)

    @property
    def moves(self) -> list[tuple[str, str]]:
        """Object and state of each move that was committed, in order."""
        listed = select(MOVES.c.object_id, MOVES.c.state).order_by(MOVES.c.number)
        with self.engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(listed)]
