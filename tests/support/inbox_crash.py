"""A shop that is killed at any line of its inbox: `inbox_crash.py URL STRIDE`.

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
from sqlalchemy import create_engine, text

from AmazonPay import Client
from AmazonPay.contrib.sqlalchemy import SQLAlchemyInbox, inbox_tables
from AmazonPay.ipn import Notification
from crash import KILLED, forked
from inbox_shop import METADATA, MOVES
from keys import KEY
from simulated import KEY_ID

if TYPE_CHECKING:
    from types import FrameType

    from sqlalchemy import Connection, Engine

inbox_tables(METADATA)
CHARGE = "S01-0000000-0000000-C000000"
START = datetime(2100, 1, 1, tzinfo=UTC)
FILES = ("_sqlalchemy_inbox.py", "_sqlalchemy_inbox_tables.py", "_inbox.py")


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


def handler(connection: Connection, seen: Any, before: Any) -> None:
    del before
    state = seen["statusDetails"]["state"]
    connection.execute(MOVES.insert().values(object_id=CHARGE, state=state))


def answering(state: str) -> Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        return httpx2.Response(200, json=view(state))

    transport = httpx2.MockTransport(answer)
    return Client(KEY_ID, KEY, "us", transport=transport)


def live(engine: Engine, at: datetime, clients: list[Client]) -> SQLAlchemyInbox:
    """Receive what comes again until it is answered, and act on it."""
    inbox = SQLAlchemyInbox(engine, clock=lambda: at)
    for number, client in enumerate(clients):
        inbox.receive(notification(number))
        inbox.process(client, handler)
    return inbox


def die(url: str, line: int) -> None:
    """Live, and die before a line."""
    left = line
    engine = create_engine(url)
    # The charge is captured after this worker has seen it once.
    clients = [answering("Authorized"), answering("Captured")]

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        del argument
        if not frame.f_code.co_filename.endswith(FILES):
            return None
        if event == "line":
            if left == 0:
                os._exit(KILLED)
            left -= 1
        return trace

    sys.settrace(trace)
    live(engine, START, clients)
    sys.settrace(None)


def tell(engine: Engine) -> None:
    """Live again, a day later; tell what is there."""
    inbox = live(engine, START + timedelta(days=1), [answering("Captured")] * 2)
    with engine.connect() as connection:
        moves = connection.execute(MOVES.select().order_by(MOVES.c.number)).all()
        open_entries = connection.scalar(
            text("SELECT count(*) FROM amazonpay_inbox WHERE state <> 'done'")
        )
    told = {
        "moves": [row.state for row in moves],
        "open": open_entries,
        "parked": len(inbox.parked()),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Kill at each line there is, or at every so many."""
    url, stride = sys.argv[1], int(sys.argv[2])
    killed, line = KILLED, 0
    while killed == KILLED:
        engine = create_engine(url)
        METADATA.drop_all(engine)
        METADATA.create_all(engine)
        engine.dispose()  # nobody's connections live across the fork
        killed = forked(partial(die, url, line))
        assert killed in {0, KILLED}
        tell(engine)
        engine.dispose()
        line += stride


if __name__ == "__main__":
    main()
