"""One command for each operation of the API, made from the declarations."""

from __future__ import annotations

import os
import shlex
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, cast

import click

from .._core.headers import new_idempotency_key
from .._core.operation import Operation, operations_of
from ..errors import AmazonPayError, ConfigurationError, InvalidResponse, shown
from ..resources import Operations
from . import credentials
from .failures import (
    NO_ANSWER,
    OK,
    SAID_NO,
    UNKNOWN,
    USAGE,
    Failure,
    status_of,
    text_of,
)
from .groups import LINE
from .key_files import read
from .output import data, json_line, json_text, words
from .places import is_file
from .session import json_option

if TYPE_CHECKING:
    from inspect import Parameter

    from .._core.call import Call
    from ..client import Client
    from ..response import Response

_STDIN: Final = "-"
_ASCII: Final = 128
_KEY_UNTOLD: Final = (
    "the new idempotency key cannot be told, because stderr is closed: give one by"
    " --idempotency-key. Nothing was sent"
)
_KEY_GONE: Final = (
    "\nwith your key anew: the pipe that --private-key named has been read"
)


@cache
def _operations() -> dict[str, Operation[..., Any]]:
    found = operations_of(Operations)
    return {name.replace("_", "-"): operation for name, operation in found.items()}


def command_named(name: str) -> click.Command | None:
    """Return the command of an operation; None if there is no such operation."""
    operation = _operations().get(name)
    if operation is None:
        return None
    made = click.Command(
        name,
        callback=partial(_run, operation),
        params=[*_parameters(operation), *credentials.credential_parameters()],
        help=_help(operation),
        short_help=(operation.__doc__ or "").partition("\n")[0],
    )
    return json_option(made)


def _help(operation: Operation[..., Any]) -> str:
    """Return the docstring as click shows it: each line that ends a thought stays."""
    paragraphs = (operation.__doc__ or "").split("\n\n")
    return "\n\n".join(
        f"\b\n{paragraph}" if "\n    " in paragraph or ": " in paragraph else paragraph
        for paragraph in paragraphs
    )


def _parameters(operation: Operation[..., Any]) -> list[click.Parameter]:
    made: list[click.Parameter] = []
    for name, parameter in list(operation.signature.parameters.items())[1:]:
        if f"{{{name}}}" in operation.template:
            made.append(click.Argument([name], metavar=name.upper()))
        elif name == "body":
            made.append(
                click.Option(
                    ["--body"],
                    required=not operation.body_optional,
                    metavar="@FILE|-|JSON",
                    help="The body: @FILE, - for stdin, or JSON. Its bytes are sent"
                    " as they are.",
                )
            )
        elif name == "idempotency_key":
            made.append(
                click.Option(
                    ["--idempotency-key"],
                    metavar="KEY",
                    help="1 to 32 of A-Z a-z 0-9 - _; a new one is made and printed"
                    " if you give none.",
                )
            )
        else:
            made.append(_query_option(name, parameter))
    if operation.method != "GET":
        made.append(
            click.Option(["--yes"], is_flag=True, help="Do not ask, even if it is live")
        )
    made.append(
        click.Option(
            ["--deadline"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="The time for all attempts together (default: 60).",
        )
    )
    made.append(
        click.Option(["--simulation-code"], metavar="CODE", help="Sandbox only.")
    )
    return made


def _query_option(name: str, parameter: Parameter) -> click.Option:
    annotation = str(parameter.annotation)
    several = annotation.startswith("Sequence")
    return click.Option(
        [f"--{name.replace('_', '-')}"],
        required=parameter.default is parameter.empty,
        multiple=several,
        type=int if "int" in annotation.replace("Annotated", "") else str,
        help="Repeatable, or joined by commas." if several else None,
    )


def _run(operation: Operation[..., Any], **given: Any) -> None:  # noqa: ANN401 - the parameters of click
    ctx = click.get_current_context()
    as_json, yes = given.pop("as_json"), given.pop("yes", True)
    options = {"deadline": deadline} if (deadline := given.pop("deadline")) else {}
    code = given.pop("simulation_code")
    who = {name: given.pop(name) for name in credentials.NAMES}
    body = given.get("body")
    arguments = {name: _value(name, value) for name, value in given.items()}
    name = str(ctx.info_name)
    with credentials.client_from(ctx, who, **options) as made:
        client = made if code is None else made.with_options(simulation_code=code)
        is_new = operation.method == "POST" and arguments["idempotency_key"] is None
        if is_new:
            arguments["idempotency_key"] = new_idempotency_key()
        call = operation.build((), arguments)
        if operation.method != "GET":
            credentials.confirm(client, name, yes=yes)
        if call.idempotency_key is not None:
            told = words(f"{name}: idempotency key {call.idempotency_key}")
            if is_new and not told:
                raise Failure(_KEY_UNTOLD, USAGE)
        repeat = _repeat_command(ctx, body, call)
        status = _send(client, call, repeat, as_json=as_json)
    ctx.exit(status)


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - what click gives
    """Return an argument of the operation for a value of the command line."""
    if isinstance(value, tuple):  # of a repeatable option
        texts = cast("tuple[str, ...]", value)
        return [item for text in texts for item in text.split(",")] or None
    if name != "body" or value is None:
        return value
    if value in {_STDIN, f"@{_STDIN}"}:
        if sys.stdin is None:
            raise ConfigurationError("--body - reads stdin, which is closed")
        return sys.stdin.buffer.read()
    if value.startswith("@"):
        return read(value[1:])
    if not value.lstrip().startswith("{") and is_file(value):
        raise ConfigurationError(f"--body takes JSON; a file is given as @{value}")
    return value


def _send(client: Client, call: Call, repeat: str, *, as_json: bool) -> int:
    """Send a call, print its answer, and return the exit status."""
    try:
        response = client.send(call)
    except KeyboardInterrupt:
        if call.method == "GET":
            raise
        words("amazonpay: interrupted while the call may have been under way")
        words(repeat)
        return UNKNOWN
    except AmazonPayError as error:
        status = status_of(error)
        words(f"amazonpay: {text_of(error)}")
        if status == UNKNOWN:
            words(repeat)
        return status
    status = _print_answer(response, as_json=as_json)
    if status == UNKNOWN:
        words(repeat)
    return status


def _print_answer(response: Response[Any], *, as_json: bool) -> int:
    """Print an answer, and return the exit status."""
    body, unreadable = None, None
    try:
        body = response.json()
    except InvalidResponse as error:
        unreadable = error
    if as_json:
        json_line(_envelope(response, body))
    elif unreadable is None:
        json_text(body)
    else:
        data(response.text)
    if unreadable is not None:
        told = text_of(unreadable)
        if as_json:
            told = told.replace("it is on stdout", "without --json it is on stdout")
        words(f"amazonpay: {told}")
        return UNKNOWN if response.outcome_unknown else NO_ANSWER
    if not response.ok:
        words(
            f"amazonpay: {response.operation}: {response.status_code}"
            f" {shown(response.reason_code)} (request id {shown(response.request_id)},"
            f" attempts {response.attempts})"
        )
    if response.outcome_unknown:
        return UNKNOWN
    return OK if response.ok else SAID_NO


def _envelope(response: Response[Any], body: object) -> dict[str, object]:
    return {
        "operation": response.operation,
        "status_code": response.status_code,
        "ok": response.ok,
        "outcome_unknown": response.outcome_unknown,
        "reason_code": response.reason_code,
        "idempotency_key": response.idempotency_key,
        "request_id": response.request_id,
        "attempts": response.attempts,
        "body": body,
    }


def _is_gone(body: str) -> bool:
    """Return whether a body cannot be read again: stdin, or a pipe of the shell."""
    return body == _STDIN or (body.startswith("@") and not is_file(body[1:]))


def _repeat_command(ctx: click.Context, body: str | None, call: Call) -> str:
    """Return what to do about a call whose outcome is unknown."""
    if call.repeat == "once":
        return (
            "The outcome is unknown, and this call must not be repeated blindly: look"
            " first whether it was carried out."
        )
    line: list[str] = list(ctx.meta.get(LINE, [ctx.info_name]))
    if body is not None and _is_gone(body) and call.body is not None:
        text = call.body.decode()
        line = [
            text if word == body else word.replace(f"--body={body}", f"--body={text}")
            for word in line
        ]
    key = call.idempotency_key
    if key is not None and not {key, f"--idempotency-key={key}"} & set(line):
        # Behind the command's name: after -- there are no options.
        place = line.index(str(ctx.info_name)) + 1
        line[place:place] = ["--idempotency-key", key]
    return (
        "The outcome is unknown: it may have been carried out. Never send it with"
        " another key. To find out, repeat it:\n  "
        + " ".join(map(_quoted, ["amazonpay", *line]))
        + _KEY_GONE * isinstance(ctx.params.get("private_key"), bytes)
    )


def _quoted(word: str) -> str:
    """Return a word as a shell reads it, in characters that stderr can show."""
    try:
        word.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # $'…' is that of bash, zsh and ksh
        shown = (
            chr(byte) if chr(byte).isalnum() and byte < _ASCII else f"\\{byte:03o}"
            for byte in os.fsencode(word)
        )
        return f"$'{''.join(shown)}'"
    return shlex.quote(word)
