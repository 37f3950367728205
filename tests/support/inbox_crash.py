"""A shop that is killed at any line of its inbox: `inbox_crash.py URL|django STRIDE`.

For each line, a process receives and processes notifications and dies there; another
one does it again, to the end. It prints what is there then, a line of JSON for each.
Nothing but the database outlives a process.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
from django.db import connections
from sqlalchemy import create_engine, text

import ipn_django
from AmazonPay import Client
from AmazonPay.contrib.django import DjangoInbox
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, inbox_tables
from AmazonPay.ipn import Notification
from crash import KILLED, forked
from inbox_shop import METADATA, MOVES
from keys import KEY
from simulated import KEY_ID

if TYPE_CHECKING:
    from types import FrameType

inbox_tables(METADATA)
CHARGE = "S01-0000000-0000000-C000000"
START = datetime(2100, 1, 1, tzinfo=UTC)
OPEN = "SELECT count(*) FROM amazonpay_inbox WHERE state <> 'done'"


def view(state: str) -> dict[str, Any]:
    at = "20260101T000000Z" if state == "Authorized" else "20260102T000000Z"
    details = {"state": state, "lastUpdatedTimestamp": at}
    return {"chargeId": CHARGE, "statusDetails": details}


def notification(number: int) -> Notification:
    return Notification(
        message_id=f"00000000-0000-0000-0000-{number:012}",
        topic_arn="arn:aws:sns:us-east-1:291180941288:A",
        object_type="CHARGE",
        object_id=CHARGE,
        notification_type="STATE_CHANGE",
        charge_permission_id=CHARGE[:19],
        merchant_id="A1",
        notification_id=str(number),
        timestamp=START,
        members={},
    )


class OnSQLAlchemy:
    """The database of a shop on SQLAlchemy."""

    files = (
        "_sqlalchemy_inbox.py",
        "_sqlalchemy_inbox_tables.py",
        "_inbox_storage.py",
        "/_inbox.py",
    )

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def reset(self) -> None:
        METADATA.drop_all(self._engine)
        METADATA.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def inbox(self, at: datetime) -> SQLAlchemyInbox:
        return SQLAlchemyInbox(self._engine, clock=lambda: at)

    @staticmethod
    def move(connection: Any, state: str) -> None:
        connection.execute(MOVES.insert().values(object_id=CHARGE, state=state))

    def told(self) -> tuple[list[str], int]:
        """Give the moves that were committed, and how many entries are open."""
        with self._engine.connect() as connection:
            moves = connection.execute(MOVES.select().order_by(MOVES.c.number)).all()
            count = connection.scalar(text(OPEN))
        return [row.state for row in moves], count or 0


class OnDjango:
    """The database of a shop on Django."""

    files = ("django/_inbox.py", "django/_database.py", "ipn/_inbox.py")

    def reset(self) -> None:
        ipn_django.prepare("default")

    def close(self) -> None:
        connections.close_all()

    def inbox(self, at: datetime) -> DjangoInbox:
        return DjangoInbox(clock=lambda: at)

    @staticmethod
    def move(connection: Any, state: str) -> None:
        del connection  # it is the one of Django's own
        with connections["default"].cursor() as cursor:
            cursor.execute("INSERT INTO moves VALUES (%s, %s)", [CHARGE, state])

    def told(self) -> tuple[list[str], int]:
        """Give the moves that were committed, and how many entries are open."""
        with connections["default"].cursor() as cursor:
            cursor.execute(OPEN)
            (count,) = cursor.fetchone()
        return [state for _, state in ipn_django.moves("default")], count


def answering(state: str) -> Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        return httpx2.Response(200, json=view(state))

    transport = httpx2.MockTransport(answer)
    return Client(KEY_ID, KEY, "us", transport=transport)


def live(database: OnSQLAlchemy | OnDjango, at: datetime, clients: list[Client]) -> Any:
    """Receive what comes again until it is answered, and act on it."""
    inbox = database.inbox(at)

    def handler(connection: Any, seen: Any, before: Any) -> None:
        del before
        database.move(connection, seen["statusDetails"]["state"])

    for number, client in enumerate(clients):
        inbox.receive(notification(number))
        inbox.process(client, handler)
    return inbox


def die(database: OnSQLAlchemy | OnDjango, line: int) -> None:
    """Live, and die before a line."""
    left = line
    # The charge is captured after this worker has seen it once.
    clients = [answering("Authorized"), answering("Captured")]

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        del argument
        if not frame.f_code.co_filename.endswith(database.files):
            return None
        if event == "line":
            if left == 0:
                os._exit(KILLED)
            left -= 1
        return trace

    sys.settrace(trace)
    live(database, START, clients)
    sys.settrace(None)


def tell(database: OnSQLAlchemy | OnDjango) -> None:
    """Live again, a day later; tell what is there."""
    inbox = live(database, START + timedelta(days=1), [answering("Captured")] * 2)
    moves, count = database.told()
    told = {"moves": moves, "open": count, "parked": len(inbox.parked())}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Kill at each line there is, or at every so many."""
    where, stride = sys.argv[1], int(sys.argv[2])
    database = OnDjango() if where == "django" else OnSQLAlchemy(where)
    killed, line = KILLED, 0
    while killed == KILLED:
        database.reset()
        database.close()  # nobody's connections live across the fork
        killed = forked(partial(die, database, line))
        assert killed in {0, KILLED}
        tell(database)
        database.close()
        line += stride


if __name__ == "__main__":
    main()
