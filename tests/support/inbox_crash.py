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

from sqlalchemy import create_engine

from crash import KILLED
from forks import forked
from inbox_shop import (
    CHARGE,
    MOVED,
    OnDjango,
    OnSQLAlchemy,
    answering,
    charge,
    notification,
    state_of,
)

if TYPE_CHECKING:
    from types import FrameType

    from AmazonPay import Client

START = datetime(2100, 1, 1, tzinfo=UTC)
OPEN = "SELECT count(*) FROM amazonpay_inbox WHERE state <> 'done'"
FILES = {
    OnSQLAlchemy: (
        "_sqlalchemy_inbox.py",
        "_sqlalchemy_inbox_tables.py",
        "_inbox_storage.py",
        "/_inbox.py",
    ),
    OnDjango: ("django/_inbox.py", "django/_database.py", "ipn/_inbox.py"),
}
"""The files whose lines a process dies at, by what its database is."""

AUTHORIZED = charge("Authorized")
CAPTURED = charge("Captured", "20260102T000000Z")


def live(database: OnSQLAlchemy | OnDjango, at: datetime, clients: list[Client]) -> Any:
    """Receive and process one notification for each client; return the inbox."""
    inbox: Any = database.inbox(lambda: at)

    def handler(connection: Any, seen: Any, before: Any) -> None:
        del before
        database.move(connection, CHARGE, state_of(seen))

    for number, client in enumerate(clients):
        inbox.receive(notification(number))
        inbox.process(client, handler)
    return inbox


def die(database: OnSQLAlchemy | OnDjango, line: int) -> None:
    """Run `live`, and exit before the line of the inbox with this number."""
    left = line
    # The charge is captured after this worker has seen it once.
    clients = [answering(AUTHORIZED), answering(CAPTURED)]
    files = FILES[type(database)]

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        del argument
        if not frame.f_code.co_filename.endswith(files):
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
    """Run `live` a day later, and print what the database holds, as JSON."""
    inbox = live(database, START + timedelta(days=1), [answering(CAPTURED)] * 2)
    moves = [state for _, state in database.rows(MOVED)]
    ((count,),) = database.rows(OPEN)
    told = {"moves": moves, "open": count, "parked": len(inbox.parked())}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run once for each line to die at, or for every `STRIDE`-th line."""
    where, stride = sys.argv[1], int(sys.argv[2])
    database: OnSQLAlchemy | OnDjango
    if where == "django":
        database = OnDjango("default")
    else:
        database = OnSQLAlchemy(create_engine(where))
    killed, line = KILLED, 0
    while killed == KILLED:
        database.empty()
        database.close()  # nobody's connections live across the fork
        killed = forked(partial(die, database, line))
        assert killed in {0, KILLED}
        tell(database)
        database.close()
        line += stride


if __name__ == "__main__":
    main()
