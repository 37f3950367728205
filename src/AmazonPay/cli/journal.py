"""`amazonpay journal`: what is not settled, and what a person decides about it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from .. import journal as journals
from ..errors import AmazonPayError, ConfigurationError, JournalConflict
from . import credentials
from .durations import age_text, duration
from .failures import OK, SAID_NO, UNKNOWN, USAGE, status_of, text_of
from .groups import Group
from .output import data, json_line, tabbed, table, words
from .places import Kind, before
from .session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..client import Client
    from ..contrib.sqlalchemy import SQLAlchemyJournal
    from ..decisions import Decision
    from ..journal import Entry, Journal

JOURNAL: Final = Kind("journal", "--journal", "AMAZON_PAY_JOURNAL")

_NO_SUCH_KEY: Final = "the journal has no request of this key"

_MOST: Final = 1000
"""How many open entries one command looks at."""


def opened(
    named: str | None, table_name: str | None = None, *, new: bool = False
) -> Journal:
    """Return the journal in a file, or in the database that the environment names.

    Raises:
        ConfigurationError: there is no such journal. A missing one is created only if
            it may be `new`: an empty journal would say that nothing is open. Or a table
            is named, and the journal is a file, which has no other table.
    """
    place = JOURNAL.place(named, new=new)
    if "://" not in place:
        if table_name is not None:
            raise ConfigurationError(
                f"--table goes with a database, and the journal {place!r} is a file;"
                f" for a table in it, set {JOURNAL.variable} to sqlite:///FILE"
            )
        if not new and Path(place).stat().st_size == 0:
            raise ConfigurationError(
                f"{place!r} has no bytes, so it is no journal: it may have lost what it"
                " held"
            )
        return journals.SQLiteJournal(place)
    book = in_database(place, table_name, new=new)
    if new:
        book.create_table()
    return book


def in_database(
    url: str, table_name: str | None, *, new: bool = False
) -> SQLAlchemyJournal:
    """Return the journal in a database, without asking it.

    Raises:
        ConfigurationError: it is not the URL of a database, or its driver is not
            installed.
    """
    from ..contrib.sqlalchemy import TABLE_NAME, SQLAlchemyJournal

    engine = JOURNAL.engine(url, new=new)
    click.get_current_context().call_on_close(engine.dispose)
    return SQLAlchemyJournal(engine, table_name or TABLE_NAME)


def journal_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--journal`, `--table` and `--json` to a command."""
    for option in (
        click.option(
            "--table", metavar="NAME", help="The table, if it has another name."
        ),
        click.option(
            "--journal",
            "named",
            metavar="FILE",
            help=f"The journal's file (default: {JOURNAL.variable}, a file or a"
            " database).",
        ),
    ):
        command = option(command)
    return json_option(command)


def _key(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse what is no key before a journal is asked: it may be no UTF-8."""
    del ctx, parameter
    if re.fullmatch(r"[\w-]{1,32}", value, re.ASCII) is None:
        raise JournalConflict(_NO_SUCH_KEY)
    return value


_key_argument = click.argument("key", callback=_key)


@click.group(cls=Group)
def journal() -> None:
    """List, settle and continue the requests of a journal that are not settled.

    The journal is a file (--journal), or what AMAZON_PAY_JOURNAL names: a file, or the
    URL of a database. No command shows a body unless you ask for it by --body.
    """


@journal.command("list")
@click.option(
    "--older-than",
    type=duration,
    metavar="TIME",
    help="Only entries unchanged for so long, such as 1h; the exit status is then 1 if"
    " there is one.",
)
@journal_options
@click.pass_context
def list_(
    ctx: click.Context,
    named: str | None,
    table: str | None,
    older_than: timedelta | None,
    *,
    as_json: bool,
) -> None:
    """List the requests that are not settled.

    With --older-than, the exit status is 1 if there is one: for monitoring.
    """
    now = datetime.now(UTC)
    found = opened(named, table).open_entries(
        before=before(now, older_than), limit=_MOST
    )
    counts = Counter(entry.outcome or "not answered" for entry in found)
    ages = [age for entry in found if (age := _age(entry, now)) is not None]
    if as_json:
        json_line(
            {
                "open": len(found),
                "complete": len(found) < _MOST,
                "by_outcome": dict(counts),
                "oldest_seconds": (
                    round(max(ages).total_seconds(), 3) if ages else None
                ),
                "entries": [_shown(entry, now) for entry in found],
            }
        )
    elif found:
        _print_table(found, now)
        words(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
        if len(found) == _MOST:
            words(f"These are the {_MOST} that changed first; there may be more.")
    else:
        words("Nothing is open.")
    ctx.exit(SAID_NO if found and older_than is not None else OK)


def _print_table(found: list[Entry], now: datetime) -> None:
    rows = [
        (
            entry.key,
            entry.outcome or "not answered",
            "?" if (age := _age(entry, now)) is None else age_text(age),
            entry.operation,
            entry.order,
            entry.reason,
        )
        for entry in found
    ]
    table(("key", "outcome", "age", "operation", "order", "reason"), rows)


@journal.command()
@_key_argument
@click.option("--body", is_flag=True, help="Show the body, which may hold a name.")
@journal_options
def show(
    key: str, named: str | None, table: str | None, *, body: bool, as_json: bool
) -> None:
    """Show all that the journal knows of the request with KEY."""
    entry = _entry(opened(named, table), key)
    shown = _shown(entry, datetime.now(UTC))
    if body:
        content = entry.body
        shown["body"] = None if content is None else content.decode(errors="replace")
    _print_entry(shown, as_json=as_json)


@journal.command()
@_key_argument
@click.argument("outcome", type=click.Choice(["success", "no"]))
@click.option("--reason", required=True, help="How you know.")
@click.option("--object-id", metavar="ID", help="The charge or refund that was found.")
@journal_options
def resolve(  # noqa: PLR0913 - one parameter for each option
    key: str,
    outcome: Literal["success", "no"],
    reason: str,
    object_id: str | None,
    named: str | None,
    table: str | None,
    *,
    as_json: bool,
) -> None:
    """Write down how the request with KEY ended, after you found it out.

    It cannot be changed later, and nothing is sent to Amazon. With `success`, the
    request is never sent again; --object-id names the charge or refund. With `no`,
    another attempt may be sent: a wrong `no` charges or refunds twice. Say `no` only if
    Seller Central shows that no money was charged or refunded, or that the whole amount
    was returned.
    """
    entry = journals.resolve(
        opened(named, table), key, outcome, reason=reason, object_id=object_id
    )
    _print_entry(_shown(entry, datetime.now(UTC)), as_json=as_json)


@journal.command()
@_key_argument
@click.option("--reason", required=True, help="Why the order was dropped.")
@journal_options
def abandon(
    key: str, reason: str, named: str | None, table: str | None, *, as_json: bool
) -> None:
    """Abandon the request with KEY: it is never sent again. Nothing is sent now.

    It becomes a `no` if it is certain that nothing was carried out; otherwise it stays
    open until that is found out.
    """
    entry = journals.abandon(opened(named, table), key, reason=reason)
    _print_entry(_shown(entry, datetime.now(UTC)), as_json=as_json)


@journal.command()
@click.option(
    "--older-than",
    type=duration,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="Only entries unchanged for so long: a worker may be at the others.",
)
@click.option(
    "--max-age",
    type=duration,
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Older entries are observed, and not sent.",
)
@click.option("--same-merchant", is_flag=True, help="Also entries of older keys.")
@click.option("--yes", is_flag=True, help="Do not ask, even if it is live.")
@credentials.credential_options
@journal_options
@click.pass_context
def sweep(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    given: dict[str, Any],
    named: str | None,
    table: str | None,
    older_than: timedelta,
    max_age: timedelta,
    *,
    same_merchant: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Continue each open request with its own key and bytes. This may move money.

    It prints one line for each. The exit status is 4 if the outcome of one is still
    unknown, and 1 if one is still open for another reason, such as a payment that is
    pending.
    """
    book = opened(named, table)
    limit = before(datetime.now(UTC), older_than)
    found = book.open_entries(before=limit, limit=_MOST)
    with credentials.client_from(ctx, given) as client:
        if found:
            credentials.confirm(client, "journal sweep", yes=yes)
        statuses = [
            _continue(
                client, book, entry, max_age, as_json, same_merchant=same_merchant
            )
            for entry in found
        ]
    if not found:
        words("Nothing is open.")
    ctx.exit(max(statuses, default=OK))


def _continue(  # noqa: PLR0913 - what one entry takes
    client: Client,
    book: Journal,
    entry: Entry,
    max_age: timedelta,
    as_json: bool,  # noqa: FBT001 - private
    *,
    same_merchant: bool,
) -> int:
    """Continue an entry, print what became of it, and return an exit status."""
    outcome, reason, object_id = "failed", None, None
    try:
        decision: Decision[Any] = client.resume(
            entry, journal=book, max_age=max_age, same_merchant=same_merchant
        )
    except AmazonPayError as error:
        words(f"amazonpay: {entry.key}: {text_of(error)}")
        status = status_of(error)
        if status == USAGE:  # such as a body that was erased: the others were continued
            status = SAID_NO
        reason = type(error).__name__
    else:
        outcome, reason = decision.outcome, decision.reason
        object_id = decision.object_id
        status = {"success": OK, "no": OK, "unknown": UNKNOWN}.get(outcome, SAID_NO)
    line = (entry.key, entry.operation, entry.order, outcome, reason, object_id)
    if as_json:
        names = ("key", "operation", "order", "outcome", "reason", "object_id")
        json_line(dict(zip(names, line, strict=True)))
    else:
        data(tabbed(line))
    return status


def _entry(book: Journal, key: str) -> Entry:
    entry = book.find(key)
    if entry is None or entry.is_claim:
        raise JournalConflict(_NO_SUCH_KEY)
    return entry


def _age(entry: Entry, now: datetime) -> timedelta | None:
    since = entry.created or entry.changed
    return None if since is None else now - since


def _shown(entry: Entry, now: datetime) -> dict[str, Any]:
    """Return an entry without its body."""
    age = _age(entry, now)
    return {
        "key": entry.key,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "operation": entry.operation,
        "namespace": entry.namespace,
        "order": entry.order,
        "attempt": entry.attempt,
        "path": entry.path,
        "object_id": entry.object_id,
        "other_object_ids": list(entry.other_object_ids),
        "sends": entry.runs,
        "answers": entry.answers,
        "abandoned": entry.abandoned,
        "environment": entry.environment,
        "region": entry.region,
        "public_key_id": entry.public_key_id,
        "created": None if entry.created is None else entry.created.isoformat(),
        "changed": None if entry.changed is None else entry.changed.isoformat(),
        "age_seconds": None if age is None else round(age.total_seconds(), 3),
        "body_kept": entry.body is not None,
    }


def _print_entry(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        json_line(shown)
        return
    rows = [(name, value) for name, value in shown.items() if value not in (None, [])]
    table(("member", "value"), rows)
