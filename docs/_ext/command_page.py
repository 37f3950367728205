"""The page of the API reference that lists every command and option, from the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
from docstrings import escaped

from AmazonPay.cli.app import app
from AmazonPay.cli.calls import command_named

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Commands

Every command of `amazonpay`, with all its options.
[The command line](../cli.md) shows how to work with them.
`amazonpay COMMAND --help` prints the same.
"""
_SHARED = """\
## Options of many commands

These choose account, server and output, and mean the same everywhere.
They come behind the command; a command that makes no call takes fewer of them.
"""
_CALLS = """\
## Calls

Each operation of the API is a command with the name of its method, written with `-`.
Ids are arguments, and members of the query are options of the same name.
A command with a body takes these, too:
"""
_SHOWN_ELSEWHERE = {
    "simulate": "[The simulator](../simulator.md#start-it) has a table of its options.",
    "operations": "[Operations](../operations.md) has the same table.",
}
_A_CALL = "create-charge"
"""A call with a body: it takes every option that calls have in common."""


def page() -> str:
    """Return the text of the page."""
    top = click.Context(app, info_name="amazonpay")
    call = command_named(_A_CALL)
    if call is None:
        raise LookupError(_A_CALL)
    of_call = click.Context(call, info_name=_A_CALL, parent=top)
    rows = _option_rows(call, of_call)
    names = list(rows)
    shared = {name: rows[name] for name in names[names.index("--profile") :]}
    own = {name: row for name, row in rows.items() if name not in shared}
    lines = [_HEAD, _SHARED, *_table(shared)]
    for name in app.list_commands(top):
        if command_named(name) is None:
            lines += _sections(app, top, name, shared)
    lines += [_CALLS, *_table(own)]
    return "\n".join(lines)


def _sections(
    group: click.Group, above: click.Context, name: str, shared: dict[str, str]
) -> Iterator[str]:
    """Give the section of a command, and those of the commands of a group."""
    command = group.get_command(above, name)
    if command is None:
        raise LookupError(name)
    here = click.Context(command, info_name=name, parent=above)
    yield from (f"## {here.command_path}", "", *_paragraphs(command.help or ""))
    if name in _SHOWN_ELSEWHERE:
        yield from (_SHOWN_ELSEWHERE[name], "")
        return
    if isinstance(command, click.Group):
        for inner in command.list_commands(here):
            yield from _sections(command, here, inner, shared)
        return
    usage = command.get_usage(here).removeprefix("Usage: ")
    yield from ("```text", re.sub(r"\s+", " ", usage), "```", "")
    rows = _option_rows(command, here)
    yield from _table(
        {name: row for name, row in rows.items() if shared.get(name) != row}
    )


def _option_rows(command: click.Command, context: click.Context) -> dict[str, str]:
    """Return the row of each option by its first name; `--help` has none."""
    rows: dict[str, str] = {}
    for one in command.params:
        record = one.get_help_record(context)
        if not isinstance(one, click.Option) or record is None:
            continue
        names, said = record
        cell = " ".join(said.split()).replace("|", "\\|")
        rows[one.opts[0]] = (
            f"| `{names.replace('|', chr(92) + '|')}` | {escaped(cell)} |"
        )
    return rows


def _table(rows: dict[str, str]) -> Iterator[str]:
    if rows:
        yield from ("| option | what it does |", "|---|---|", *rows.values(), "")


def _paragraphs(text: str) -> Iterator[str]:
    r"""Give help as Markdown; `\b` keeps the lines of a paragraph in a terminal."""
    for part in re.split(r"\n\s*\n", text):
        kept = "\b" in part
        lines = [line.strip() for line in part.replace("\b", "").splitlines()]
        lines = [line for line in lines if line]
        if kept:
            yield from ("```text", *lines, "```", "")
        elif lines:
            yield from (escaped(" ".join(lines)), "")
