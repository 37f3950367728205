"""`amazonpay sim`: the time, the story and the whole world of a simulator that runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

import click

from . import key_files
from .durations import duration
from .failures import OK, SAID_NO
from .output import data, json_line, tabbed, table, words
from .sim_calls import answer_to, no_simulator, options, raw_answer, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

_LARGEST_WORLD: Final = 64 * 1024 * 1024


@click.command()
@options
def sessions(ctx: click.Context, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """List the checkout sessions, oldest first; with --json one a line."""
    found = _listed(given, answer_to(ctx, given, "GET", "sessions"), "sessions")
    if not found:
        words("There is no session.")
    if given["as_json"]:
        _lines(found)
        return
    table(
        ("session", "state", "reason", "amount", "permission", "charge"),
        [
            (
                one.get("checkoutSessionId"),
                *_state(one),
                _money(_within(one, "paymentDetails").get("chargeAmount")),
                one.get("chargePermissionId"),
                one.get("chargeId"),
            )
            for one in found
        ],
    )


@click.command()
@options
def charges(ctx: click.Context, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """List the charges, oldest first; with --json one a line."""
    found = _listed(given, answer_to(ctx, given, "GET", "charges"), "charges")
    if not found:
        words("There is no charge.")
    if given["as_json"]:
        _lines(found)
        return
    amounts = ("chargeAmount", "captureAmount", "refundedAmount")
    table(
        ("charge", "state", "reason", "amount", "captured", "refunded"),
        [
            (one.get("chargeId"), *_state(one), *(_money(one.get(a)) for a in amounts))
            for one in found
        ],
    )


class _Ahead(click.Command):
    """A command that takes a time; one with a minus is no option that is unknown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if re.match(r"-+[\d.]", error.option_name):
                raise _backwards() from None
            raise


def _ahead(text: str) -> timedelta:
    """Return the length of time in a text.

    Raises:
        click.BadParameter: it is not a length of time, or leads back.
    """
    if text.lstrip().startswith("-"):
        raise _backwards()
    return duration(text)


def _backwards() -> click.BadParameter:
    return click.BadParameter(
        "the simulator's time cannot go back; amazonpay sim reset sets it to its start,"
        " and forgets every object",
        param_hint="TIME",
    )


@click.command(cls=_Ahead)
@click.argument("by", required=False, type=_ahead, metavar="[TIME]")
@click.option("--to-next-event", is_flag=True, help="To what is due next.")
@options
def advance(
    ctx: click.Context,
    by: timedelta | None,
    *,
    to_next_event: bool,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Move the simulator's clock ahead by TIME, such as 30d or 1h30m.

    It returns when all that is due on the way has happened, and prints it.
    """
    if (by is None) != to_next_event:
        raise click.UsageError("give a time, such as 30d, or --to-next-event")
    body = {"toNextEvent": True} if by is None else {"seconds": by.total_seconds()}
    answer = answer_to(ctx, given, "POST", "clock", body)
    if given["as_json"]:
        json_line(answer)
        return
    _print_rows(_listed(given, answer, "happened"))
    words(f"It is {_within(answer).get('now')} at the simulator.")


@click.command()
@options
def clock(ctx: click.Context, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Tell the simulator's time, and when something is due next."""
    answer = answer_to(ctx, given, "GET", "clock")
    if given["as_json"]:
        json_line(answer)
    else:
        table(("member", "value"), [*_within(answer).items()])


@click.command()
@click.argument("order", required=False)
@click.option("--after", type=click.IntRange(0), metavar="N", help="From this row on.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="So many rows.")
@options
def story(
    ctx: click.Context,
    order: str | None,
    after: int | None,
    limit: int | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Tell what has happened, to ORDER (a checkout session) or at all.

    With --json one row a line, with all facts: these hold bodies of requests. It
    ends with 1 if there is no such order.
    """
    found = _rows(ctx, given, order=order, after=after, limit=limit)
    # An order that is there has rows, unless those asked for are later ones.
    unknown = (
        not found
        and order is not None
        and not (after and _rows(ctx, given, order=order, limit=1))
    )
    if not found:
        words("There is no such order." if unknown else "Nothing has happened.")
    if given["as_json"]:
        _lines(found)
    else:
        _print_rows(found)
    ctx.exit(SAID_NO if unknown else OK)


@click.command()
@click.option("--disarm", is_flag=True, help="Take them back.")
@options
def faults(ctx: click.Context, *, disarm: bool, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """List the outcomes of `sim fault` that no call has met yet."""
    answer = answer_to(ctx, given, "DELETE" if disarm else "GET", "faults")
    if given["as_json"]:
        json_line(answer)
        return
    unused = _listed(given, answer, "unused")
    names = ("operation", "outcome", "when")
    if unused:
        table(names, [[one.get(name) for name in names] for one in unused])
    else:
        words("No call is to end otherwise than it would.")


@click.command()
@options
def reset(ctx: click.Context, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Forget every object and the story, and set the clock to its start."""
    answer = answer_to(ctx, given, "POST", "reset", {})
    if given["as_json"]:
        json_line(answer)
    else:
        words("The simulator has forgotten everything.")


@click.command()
@click.argument("file", required=False)
@options
def save(ctx: click.Context, file: str | None, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Save the whole world to FILE, or print it: ledger, clock, ids and story.

    It holds what shop and buyers have entered, and no key. The file is yours alone, and
    an existing one is never replaced.
    """
    status, content = raw_answer(ctx, given, "GET", "save", "")
    read((status, content), given)
    if file is None:
        data(content.decode())
        return
    key_files.write_new(file, content)
    if given["as_json"]:
        json_line({"file": file, "bytes": len(content)})
    else:
        words(f"The world is in {file}: only you can read it.")


@click.command()
@click.argument("file")
@options
def load(ctx: click.Context, file: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Put the world in FILE, as `sim save` has made it, in the place of the present.

    FILE is - for stdin.
    """
    content = key_files.read_input(file, _LARGEST_WORLD)
    answer = read(raw_answer(ctx, given, "POST", "load", content), given)
    if given["as_json"]:
        json_line(answer)
    else:
        words("The simulator goes on from there.")


COMMANDS: Final = (
    *(sessions, charges, story, clock, advance),
    *(faults, reset, save, load),
)


def _rows(
    ctx: click.Context, given: Mapping[str, Any], **asked: str | int | None
) -> list[dict[str, Any]]:
    """Return the rows of a simulator's story that the query `asked` selects."""
    query = urlencode(
        {name: value for name, value in asked.items() if value is not None},
        errors="replace",
    )
    return _listed(given, answer_to(ctx, given, "GET", f"story?{query}"), "rows")


def _print_rows(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        at = str(row.get("at"))
        time = f"{at[:4]}-{at[4:6]}-{at[6:8]} {at[9:11]}:{at[11:13]}:{at[13:15]}"
        data(tabbed((row.get("number"), time, row.get("line") or row.get("kind"))))


def _lines(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if not json_line(row):
            return


def _listed(
    given: Mapping[str, Any], answer: object, name: str
) -> list[dict[str, Any]]:
    """Return the objects of an answer.

    Raises:
        Failure: it is no simulator's.
    """
    found = _within(answer).get(name)
    if isinstance(found, list):
        listed = cast("list[object]", found)
        if all(isinstance(one, dict) for one in listed):
            return cast("list[dict[str, Any]]", listed)
    raise no_simulator(given)


def _within(answer: object, name: str | None = None) -> Mapping[str, Any]:
    """Return an object, or a member of it that is one; else nothing."""
    found = answer
    if name is not None:
        found = _within(answer).get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _state(one: Mapping[str, Any]) -> tuple[object, object]:
    details = _within(one, "statusDetails")
    return details.get("state"), details.get("reasonCode")


def _money(price: object) -> str:
    found = _within(price)
    return f"{found['amount']} {found.get('currencyCode')}" if "amount" in found else ""
