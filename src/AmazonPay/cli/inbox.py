"""`amazonpay inbox`: notifications that are not settled, and freeing parked ones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import InvalidRequest
from .durations import age_text, duration
from .failures import OK, SAID_NO, Failure
from .groups import Group
from .output import data, json_line, table, words
from .places import Kind, before
from .session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contrib.sqlalchemy import SQLAlchemyInbox
    from ..ipn import InboxEntry

INBOX: Final = Kind("inbox", "--inbox", "AMAZON_PAY_INBOX")

_MOST: Final = 1000
"""How many entries one command looks at."""


def opened(
    named: str | None, name: str | None = None, objects_name: str | None = None
) -> SQLAlchemyInbox:
    """Return the inbox in a file of SQLite, or in the database of the environment.

    The tables are those of `SQLAlchemyInbox`, and of `DjangoInbox`, too.

    Raises:
        ConfigurationError: there is no such inbox. None is created.
    """
    engine = INBOX.engine(INBOX.place(named))
    from ..contrib._sqlalchemy_inbox_tables import INBOX_NAME, OBJECTS_NAME
    from ..contrib.sqlalchemy import SQLAlchemyInbox

    return SQLAlchemyInbox(
        engine,
        name or INBOX_NAME,
        objects_name or OBJECTS_NAME,
    )


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--objects-table", metavar="NAME", help="The table of objects, likewise."
        ),
        click.option(
            "--table", metavar="NAME", help="The table, if it has another name."
        ),
        click.option(
            "--inbox",
            "named",
            metavar="FILE",
            help=f"The SQLite file (default: {INBOX.variable}, a file or a database).",
        ),
    ):
        command = option(command)
    return json_option(command)


@click.group(cls=Group)
def inbox() -> None:
    """List the notifications that are not settled, and free those that are parked.

    The inbox is a file of SQLite (--inbox), or what AMAZON_PAY_INBOX names: a file, or
    the URL of a database. It keeps no bodies and no data of buyers. Your own job acts
    on what is there, by `inbox.process(client, handler)`.
    """


@inbox.command("list")
@click.option(
    "--older-than",
    type=duration,
    metavar="TIME",
    help="Only what was received so long ago, such as 1h; the exit status is then 1 if"
    " there is something.",
)
@click.option("--parked", "parked_only", is_flag=True, help="Only what is parked.")
@_options
@click.pass_context
def list_(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    named: str | None,
    table: str | None,
    objects_table: str | None,
    older_than: timedelta | None,
    *,
    parked_only: bool,
    as_json: bool,
) -> None:
    """List the notifications that no handler has settled.

    One waits for your job, or is parked because it has failed too often. With
    --older-than, the exit status is 1 if there is one: for monitoring.
    """
    now = datetime.now(UTC)
    limit = before(now, older_than)
    box = opened(named, table, objects_table)
    if parked_only:
        listed = box.parked(limit=_MOST)
        found = [one for one in listed if limit is None or one.received < limit]
    else:
        found = listed = box.open_entries(before=limit, limit=_MOST)
    counts = Counter(_state(entry) for entry in found)
    if as_json:
        oldest = max((now - entry.received for entry in found), default=None)
        json_line(
            {
                "open": len(found),
                "complete": len(listed) < _MOST,
                "by_state": dict(counts),
                "oldest_seconds": None if oldest is None else _seconds(oldest),
                "entries": [_shown(entry, now) for entry in found],
            }
        )
    elif found:
        _print_table(found, now)
        words(", ".join(f"{number} {state}" for state, number in counts.items()))
        if len(listed) == _MOST:
            words(f"These are the {_MOST} that came first; there may be more.")
    else:
        words("Nothing is parked." if parked_only else "Nothing is open.")
    ctx.exit(SAID_NO if found and older_than is not None else OK)


def _print_table(found: list[InboxEntry], now: datetime) -> None:
    rows = [
        (
            entry.message_id,
            _state(entry),
            age_text(now - entry.received),
            entry.object_type,
            entry.object_id,
            entry.failures,
            entry.error,
        )
        for entry in found
    ]
    table(("message", "state", "age", "type", "object", "failures", "error"), rows)


@inbox.command()
@click.argument("message", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are parked.")
@_options
def retry(  # noqa: PLR0913 - one parameter for each option
    message: tuple[str, ...],
    named: str | None,
    table: str | None,
    objects_table: str | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Free parked notifications by their MESSAGE ids: your next job tries them again.

    Mend first what has failed: the list shows the class and place of the error. It
    prints the id of each that was freed. Nothing is sent.
    """
    if everything == bool(message):
        raise click.UsageError("give the ids of parked notifications, or --all")
    box = opened(named, table, objects_table)
    ids = list(message)
    if everything:
        ids = [entry.message_id for entry in box.parked(limit=_MOST)]
    if not ids:
        words("Nothing is parked.")
    refused: list[str] = []
    for one in ids:
        try:
            one.encode()  # a word of the command line may be no UTF-8
            box.retry(one)
        except (InvalidRequest, UnicodeEncodeError):
            refused.append(one)
            continue
        if as_json:
            json_line({"message_id": one, "state": "waiting"})
        else:
            data(one)
    if refused:
        raise Failure(f"not parked in this inbox: {', '.join(refused)}", SAID_NO)


def _state(entry: InboxEntry) -> str:
    return "parked" if entry.is_parked else "waiting"


def _seconds(age: timedelta) -> float:
    return round(age.total_seconds(), 3)


def _shown(entry: InboxEntry, now: datetime) -> dict[str, Any]:
    return {
        "message_id": entry.message_id,
        "state": _state(entry),
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "charge_permission_id": entry.charge_permission_id,
        "notification_type": entry.notification_type,
        "received": entry.received.isoformat(),
        "age_seconds": _seconds(now - entry.received),
        "failures": entry.failures,
        "error": entry.error,
    }
