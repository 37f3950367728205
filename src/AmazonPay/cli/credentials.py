"""The options that say who calls, and the client that they make."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from .._core.environment import REQUIRED, VARIABLES
from ..errors import ConfigurationError
from . import key_files, profiles
from .failures import USAGE, Failure
from .output import is_terminal, words
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..client import AsyncClient, Client

C = TypeVar("C", "Client", "AsyncClient")

_REPLACEMENT: Final = "; or name a --profile, or give {option}"


def _source_of_a_key(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> Path | bytes | None:
    """Refuse a key on the command line, where every user of the machine can see it.

    What a pipe of the shell holds, as in `<(…)`, is read now: it can be read once, and
    a command may make more than one client.
    """
    from .._signing.key_forms import private_key_in

    del parameter
    if value is None or ctx.resilient_parsing:
        return None
    encoded = value.encode(errors="replace")
    if "-----" in value or "\n" in value or private_key_in(encoded):
        raise click.UsageError(
            "--private-key takes the path of a file: a key on a command line can be"
            f" read by others. Or put it into {VARIABLES['private_key']}"
        )
    path = Path(value)
    return key_files.read(value) if key_files.is_pipe(path) else path


_SPECS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("--profile",), {"metavar": "NAME", "help": "Credentials in your profiles' file"}),
    (("--public-key-id",), {"metavar": "ID", "help": "As Seller Central shows it."}),
    (
        ("--private-key",),
        {
            "metavar": "FILE",
            "callback": _source_of_a_key,
            "help": "The path of the private key.",
        },
    ),
    (("--region",), {"help": "us, na, eu, de, uk or jp."}),
    (
        ("--sandbox/--live",),
        {
            "default": None,
            "help": "For a key id that does not begin with SANDBOX or LIVE.",
        },
    ),
    (("--algorithm",), {"help": "AMZN-PAY-RSASSA-PSS, or …-V2."}),
    (("--endpoint-url",), {"metavar": "URL", "help": "Another server."}),
    (("--ca-file",), {"metavar": "FILE", "help": "The authorities to trust."}),
)
NAMES: Final = tuple(
    names[0].removeprefix("--").partition("/")[0].replace("-", "_")
    for names, _ in _SPECS
)


def credential_parameters() -> list[click.Parameter]:
    """Return the options, for a command that is made by hand."""
    return [click.Option(list(names), **facts) for names, facts in _SPECS]


def credential_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as one dict, `given`."""

    @wraps(command)
    def decorated(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the command
        given = {name: kwargs.pop(name) for name in NAMES}
        command(*args, given=given, **kwargs)

    made: Callable[..., None] = decorated
    for names, facts in reversed(_SPECS):
        made = click.option(*names, **facts)(made)
    return made


def arguments_from(given: dict[str, Any]) -> dict[str, Any]:
    """Return the constructor's arguments that options and a profile give.

    Without a profile, the environment gives the rest. With one, it gives the password
    alone, so that no profile is mixed with another shop's variables.
    """
    options = {
        "verify" if name == "ca_file" else name: value
        for name, value in given.items()
        if value is not None and name != "profile"
    }
    if given["profile"] is None:
        return options
    arguments = {**profiles.arguments_of(given["profile"]), **options}
    for name in REQUIRED:
        if name not in arguments:
            raise ConfigurationError(f"profile {given['profile']!r} has no {name}")
    return arguments


def client_from(ctx: click.Context, given: dict[str, Any], **options: Any) -> Client:  # noqa: ANN401 - options of the constructor
    """Return the client of a command.

    Raises:
        ConfigurationError: credentials are missing, or cannot be used.
    """
    from ..client import Client

    return _made(Client, ctx, given, options)


def async_client_from(
    ctx: click.Context,
    given: dict[str, Any],
    **options: Any,  # noqa: ANN401 - options of the constructor
) -> AsyncClient:
    """Return the client of a command that makes many calls at a time.

    Raises:
        ConfigurationError: credentials are missing, or cannot be used.
    """
    from ..client import AsyncClient

    return _made(AsyncClient, ctx, given, options)


def _made(
    kind: type[C], ctx: click.Context, given: dict[str, Any], options: dict[str, Any]
) -> C:
    fixed = ctx.ensure_object(Session).options
    arguments = {**arguments_from(given), **fixed, **options}
    if "transport" in fixed:
        arguments.pop("verify", None)
    if given["profile"] is not None:
        return kind(**arguments, private_key_password=key_files.password())
    try:
        return kind.from_env(**arguments)
    except ConfigurationError as error:
        text = str(error)
        for name, variable in REQUIRED.items():
            if f"{variable} is " in text:
                text += _REPLACEMENT.format(option=f"--{name.replace('_', '-')}")
        raise ConfigurationError(text) from None


def confirm(client: Client | AsyncClient, what: str, *, yes: bool) -> None:
    """Ask a person before a live client changes anything.

    Raises:
        Failure: without a terminal nobody can be asked, and there is no `--yes`.
        click.Abort: the answer is no.
    """
    if client.sandbox or yes:
        return
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise Failure(
            f"{what} is live and may move real money; nobody can be asked without a"
            " terminal, so pass --yes. Nothing was sent",
            USAGE,
        )
    words(f"LIVE: {what} may move real money, with key id {client.public_key_id}.")
    click.confirm("Send it?", abort=True, err=True)
