"""One control call to a simulator on this machine, and how its answer is printed."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, cast

import click

from .._core.environment import VARIABLES
from ..errors import shown
from .failures import NO_ANSWER, SAID_NO, Failure
from .local import DEFAULT_URL, asked, simulator_url
from .output import json_line, json_text, words
from .session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_VARIABLE: Final = "AMAZON_PAY_SIMULATOR_TOKEN"  # noqa: S105 - the name of a variable

_SECONDS: Final = 30.0
_FIRST_ERROR: Final = 400
_NO_TOKEN: Final = 401


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every control call, which the command passes on as `given`."""
    for option in (
        click.option("--ca-file", metavar="FILE", help="The certificate to trust."),
        click.option(
            "--endpoint-url",
            metavar="URL",
            help=f"Where it listens (default: {VARIABLES['endpoint_url']}, or"
            f" {DEFAULT_URL}).",
        ),
    ):
        command = option(command)
    return json_option(click.pass_context(command))


def act_on(  # noqa: PLR0913 - the parts of a call
    ctx: click.Context,
    given: Mapping[str, Any],
    noun: str,
    object_id: str,
    act: str,
    body: dict[str, Any] | None = None,
) -> None:
    """Act on one object, and print the answer."""
    for part in (object_id, act):
        if re.fullmatch(r"[\w-]+", part, re.ASCII) is None:
            raise click.UsageError("an id is made of letters, digits and dashes")
    sent(ctx, given, f"{noun}/{object_id}/{act}", body or {})


def sent(
    ctx: click.Context, given: Mapping[str, Any], path: str, body: dict[str, Any]
) -> None:
    """Make a call without the members that are None, and print its answer."""
    _show(answer_to(ctx, given, "POST", path, body), given)


def _show(answer: object, given: Mapping[str, Any]) -> None:
    if given["as_json"]:
        json_line(answer)
    else:
        json_text(answer)


def answer_to(
    ctx: click.Context,
    given: Mapping[str, Any],
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Make a call, and return its answer.

    Raises:
        Failure: the simulator refused, and its answer is on stdout; or none answers.
    """
    members = {name: one for name, one in (body or {}).items() if one is not None}
    # JSON in ASCII: a word of the command line may be no UTF-8.
    content = json.dumps(members) if method == "POST" else ""
    return read(raw_answer(ctx, given, method, path, content), given)


def raw_answer(
    ctx: click.Context,
    given: Mapping[str, Any],
    method: str,
    path: str,
    content: bytes | str,
) -> tuple[int, bytes]:
    """Make a call; return status and body of its answer.

    Raises:
        Failure: no simulator answers.
    """
    origin = simulator_url(given["endpoint_url"])
    headers = {"content-type": "application/json"}
    # In the environment only: every user of the machine reads a command line.
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        if not (token.isascii() and token.isprintable()):
            raise click.UsageError("the token is printable ASCII")
        headers["x-simulator-token"] = token
    answer = asked(
        ctx,
        method,
        f"{origin}/_simulator/{path}",
        headers=headers,
        content=content,
        ca_file=given["ca_file"],
        seconds=_SECONDS,
        otherwise=f"no simulator answers at {origin}{{cause}}. Start one by: amazonpay"
        " simulate",
    )
    return answer.status_code, answer.content


def read(given_answer: tuple[int, bytes], given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of an answer.

    Raises:
        Failure: it is a refusal, which is printed, or not a simulator's.
    """
    status, content = given_answer
    try:
        answer: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise no_simulator(given) from None
    if status < _FIRST_ERROR:
        return answer
    _show(answer, given)
    members = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
    if "message" in members:
        words(str(members["message"]))
    reason = shown(str(members.get("reasonCode", "")))
    cure = f"; set {TOKEN_VARIABLE} to the token that it has printed"
    raise Failure(
        f"the simulator refused: {status} {reason}{cure * (status == _NO_TOKEN)}",
        SAID_NO,
    )


def no_simulator(given: Mapping[str, Any]) -> Failure:
    """Return the failure for a server that is no simulator."""
    origin = simulator_url(given["endpoint_url"])
    return Failure(
        f"what answers at {origin} is no simulator; name one by --endpoint-url",
        NO_ANSWER,
    )
