"""`amazonpay bulk work`: carries out the rows that `--queue` has handed over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from ..bulk.pace import limits_for, redis_at
from ..errors import ConfigurationError
from ..pacing import RateLimits
from . import credentials, profiles
from .bulk_run import REDIS_VARIABLE
from .durations import duration
from .failures import OK
from .journal import JOURNAL, in_database
from .output import data, json_line, tabbed, words
from .session import json_option

if TYPE_CHECKING:
    from ..bulk.results import RowResult
    from ..client import AsyncClient
    from ..journal import Journal

_AT_ONCE: Final = 8
_SHORTEST_SILENCE: Final = timedelta(seconds=1)


@click.command("work", short_help="Carry out rows that --queue has handed over.")
@click.option(
    "--all-profiles",
    is_flag=True,
    help="Work for every merchant in your profiles' file.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=_AT_ONCE,
    show_default=True,
    metavar="N",
    help="How many rows of each merchant are under way at a time.",
)
@click.option(
    "--limit",
    "granted",
    multiple=True,
    metavar="OPERATION=QUOTA/RESTORE",
    help="A limit that Amazon has granted you; repeatable.",
)
@click.option(
    "--deadline",
    type=duration,
    default="5m",
    show_default=True,
    metavar="TIME",
    help="The time of one call, with its wait for a turn.",
)
@click.option(
    "--stalled-after",
    type=duration,
    default="30s",
    show_default=True,
    metavar="TIME",
    help="After so long without a sign, the rows of a worker go to others.",
)
@click.option(
    "--until-empty", is_flag=True, help="End when no row is left, instead of waiting."
)
@click.option("--table", metavar="NAME", help="The journal's table, if it is another.")
@click.option("--yes", is_flag=True, help="Do not ask, even if it is live.")
@credentials.credential_options
@json_option
@click.pass_context
def work(ctx: click.Context, /, given: dict[str, Any], **options: Any) -> None:  # noqa: ANN401 - the parameters of click
    """Carry out the rows that `amazonpay bulk … --queue` has handed over.

    Any number of workers, on any number of machines, share one journal, one queue and
    the limits of each merchant: AMAZON_PAY_JOURNAL is the URL of the PostgreSQL that
    holds journal and queue, and AMAZON_PAY_REDIS that of the Redis that keeps the
    limits. A worker takes only rows of merchants whose keys it has. It prints a line
    for each row, and ends at SIGTERM, when the rows under way have ended.
    """
    from ..bulk.row_queue import database_url

    url = database_url(os.environ.get(JOURNAL.variable))
    redis = os.environ.get(REDIS_VARIABLE)
    if not redis:
        raise ConfigurationError(
            f"workers share each merchant's limits in a Redis: set {REDIS_VARIABLE} to"
            " its URL, such as redis://HOST:6379"
        )
    if options["stalled_after"] < _SHORTEST_SILENCE:
        raise ConfigurationError("--stalled-after is 1s or more")
    # Its lines show the arguments of jobs, and so the bodies of rows.
    for name in ("procrastinate", "psycopg.pool"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    journal = in_database(url, options["table"])
    journal.create_table()
    everyone = (
        [{**given, "profile": name} for name in profiles.names()]
        if options["all_profiles"]
        else [given]
    )
    if not everyone:
        raise ConfigurationError("there is no profile")
    with contextlib.suppress(asyncio.CancelledError):  # by SIGTERM
        asyncio.run(_work(ctx, url, redis, journal, everyone, options))
    ctx.exit(OK)


async def _work(  # noqa: PLR0913 - what a worker needs
    ctx: click.Context,
    url: str,
    redis: str,
    journal: Journal,
    everyone: list[dict[str, Any]],
    options: dict[str, Any],
) -> None:
    from ..bulk.row_queue import queue_of
    from ..bulk.worker import Settings
    from ..bulk.worker import work as work_on

    async with contextlib.AsyncExitStack() as opened:
        shared = redis_at(redis, awaits=True)
        opened.push_async_callback(shared.aclose)
        merchants: dict[str, AsyncClient] = {}
        for one in everyone:
            client = _client(ctx, one, shared, options)
            opened.push_async_callback(client.aclose)
            credentials.confirm(client, "bulk work", yes=options["yes"])
            merchants[queue_of(client)] = client
        settings = Settings(
            at_once=options["at_once"],
            stalled_after=options["stalled_after"].total_seconds(),
            until_empty=options["until_empty"],
        )
        words(f"Waiting for rows of {', '.join(_named(merchants))}.")
        told = partial(_print_row, as_json=options["as_json"])
        try:
            await work_on(url, merchants, journal, settings, told)
        except asyncio.CancelledError:
            words("Stopped; rows that are queued stay there.")
            raise


def _client(
    ctx: click.Context,
    given: dict[str, Any],
    redis: Any,  # noqa: ANN401 - an async Redis
    options: dict[str, Any],
) -> AsyncClient:
    """Return a client that is paced on the Redis by the limits of its environment."""
    probe = credentials.async_client_from(ctx, given)
    limits = limits_for("sandbox" if probe.sandbox else "live", options["granted"])
    return credentials.async_client_from(
        ctx,
        given,
        deadline=options["deadline"].total_seconds(),
        rate_limits=RateLimits(limits, redis=redis),
    )


def _named(merchants: dict[str, AsyncClient]) -> list[str]:
    return [client.public_key_id for client in merchants.values()]


def _print_row(result: RowResult, *, as_json: bool) -> None:
    row = result.row
    line = (row.kind, row.reference, result.outcome, result.reason, result.object_id)
    if as_json:
        names = ("kind", "reference", "outcome", "reason", "object_id")
        json_line(dict(zip(names, line, strict=True)))
    else:
        data(tabbed(line))
