"""`amazonpay ipn`: verify notifications, hear them, send one to a shop of your own.

Only `send` and `--simulator` know a test authority, by `AmazonPay.testing`; what trusts
one refuses ids of the live environment.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import ConfigurationError
from ..ipn import (
    LARGEST_BODY,
    MAX_AGE,
    NotificationForged,
    NotificationRefused,
    Verifier,
)
from . import ipn_send, key_files
from .durations import duration
from .failures import NO_ANSWER, OK, SAID_NO
from .groups import Group
from .ipn_server import LOOPBACK, Ears, serve
from .local import origin_of, trust
from .output import data, json_line, tabbed, table, words
from .session import Session, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ipn import Notification

DEFAULT_PORT: Final = 8423

_OK: Final = 200
_UNAVAILABLE: Final = 503
_STDIN: Final = "-"
_WHICH_TOPIC: Final = (
    "which topic? Give its whole ARN by --topic: anyone can have a topic at Amazon SNS"
    " and sign there. Seller Central's test button sends a notification that shows"
    " yours, and `amazonpay simulate` prints its own"
)


def _trust_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--ca-file", metavar="FILE", help="The TLS certificate of --simulator."
        ),
        click.option(
            "--simulator",
            metavar="URL",
            help="Trust what the simulator there signs, on this machine, in place of"
            " Amazon.",
        ),
        click.option(
            "--max-age",
            type=duration,
            default=f"{MAX_AGE.days}d",
            show_default=True,
            metavar="TIME",
            help="Older ones are refused.",
        ),
        click.option("--merchant-id", metavar="ID", help="Refuse those for others."),
        click.option(
            "--topic",
            "topics",
            multiple=True,
            metavar="ARN",
            help="Your topic, whole; repeatable.",
        ),
    ):
        command = option(command)
    return json_option(click.pass_context(command))


def _own_address(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return an address in numbers: a name would have to be looked up."""
    del ctx, parameter
    try:
        return str(ip_address(LOOPBACK if value == "localhost" else value))
    except ValueError:
        raise click.BadParameter("it is an address, such as 127.0.0.1") from None


@click.group(cls=Group)
def ipn() -> None:
    """Verify notifications (IPN), hear them, or send one to a shop in development."""


ipn.add_command(ipn_send.send)


@ipn.command()
@click.argument("file")
@_trust_options
def verify(ctx: click.Context, file: str, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - the options of trust
    """Say whether the notification in FILE is authentic; - reads stdin.

    FILE has the body of the request alone, its bytes as they came. Amazon's certificate
    is fetched unless --simulator is given. The exit status is 1 if it is forged, and 3
    if that cannot be found out now. No money moves, and no state changes.
    """
    # What is signed are values, and not the bytes of the file.
    body = key_files.in_utf8(_body(file))
    verifier = verifier_of(ctx, given)
    try:
        found = verifier.verify(body)
    except NotificationRefused as refused:
        is_forged = isinstance(refused, NotificationForged)
        if as_json:
            told = {"verified": False, "status": refused.status, "reason": str(refused)}
            json_line(told)
        words(f"amazonpay: {'forged' if is_forged else 'not verified'}: {refused}")
        ctx.exit(SAID_NO if is_forged else NO_ANSWER)
    shown = _shown(found)
    if as_json:
        json_line({"verified": True, **shown})
    else:
        table(("member", "value"), [*shown.items()])
        words("It is authentic. What is true now, a GET of the object says.")


@ipn.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 is any free one.",
)
@click.option(
    "--bind",
    callback=_own_address,
    default=LOOPBACK,
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; another address than this machine's own is seen by others.",
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after so many.")
@_trust_options
def listen(
    ctx: click.Context,
    port: int,
    bind: str,
    count: int | None,
    *,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - the options of trust
) -> None:
    """Print each verified notification that comes by HTTP, one a line, until Ctrl-C.

    It answers 200 to those, 403 to what is forged, and 503 to what cannot be verified
    now, so that it comes again. Nothing is kept: what was printed and answered by 200
    does not come again. A tunnel of yours leads Amazon's calls here.
    """
    verifier = verifier_of(ctx, given)
    printed = _Printed(verifier, as_json, count)
    server = Ears(printed.hear, printed.is_done).server(bind, port)
    words(f"Listening at {server.url}, any path. Stop with Ctrl-C.")
    serve(server)
    ctx.exit(OK)


@dataclass(slots=True)
class _Printed:
    """Prints what is authentic; ends when nobody reads it, or after so many."""

    verifier: Verifier
    as_json: bool
    left: int | None
    is_read: bool = True

    def hear(self, body: bytes) -> int:
        """Return the status to answer."""
        if self.is_done():
            return _UNAVAILABLE
        try:
            found = self.verifier.verify(body)
        except NotificationRefused as refused:
            words(f"{_now()} answered {refused.status}: {refused}")
            return refused.status
        shown = _shown(found)
        if self.as_json:
            self.is_read = json_line(shown)
        else:
            self.is_read = data(tabbed(shown.values()))
        if not self.is_read:
            return _UNAVAILABLE  # so that it comes again
        if self.left is not None:
            self.left -= 1
        return _OK

    def is_done(self) -> bool:
        """Return whether nothing more is to be printed."""
        return self.left == 0 or not self.is_read


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _shown(found: Notification) -> dict[str, Any]:
    return {
        "timestamp": found.timestamp.isoformat(),
        "object_type": found.object_type,
        "object_id": found.object_id,
        "notification_type": found.notification_type,
        "charge_permission_id": found.charge_permission_id,
        "merchant_id": found.merchant_id,
        "message_id": found.message_id,
        "notification_id": found.notification_id,
        "topic_arn": found.topic_arn,
    }


def _body(file: str) -> bytes:
    """Return the bytes of a body.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if file != _STDIN:
        return key_files.read(file)
    if sys.stdin is None:
        raise ConfigurationError("- reads stdin, which is closed")
    return sys.stdin.buffer.read(LARGEST_BODY + 1)


def verifier_of(ctx: click.Context, given: dict[str, Any]) -> Verifier:
    """Return the verifier that the options describe.

    Raises:
        ConfigurationError: no topic is given, one is no ARN, or the simulator is not
            on this machine.
    """
    topics: tuple[str, ...] = given["topics"]
    if not topics:
        raise ConfigurationError(_WHICH_TOPIC)
    max_age: timedelta = given["max_age"]
    same: dict[str, Any] = {"merchant_id": given["merchant_id"], "max_age": max_age}
    made = ctx.ensure_object(Session).verifier
    if made is not None:
        return made(topics, **same)
    if given["simulator"] is None:
        if given["ca_file"] is not None:
            raise ConfigurationError(
                "--ca-file belongs to --simulator; Amazon's certificate is checked by"
                " the system's authorities alone"
            )
        return Verifier(topics, **same)
    from ..testing import verifier_for

    origin = origin_of(given["simulator"])
    return verifier_for(
        origin,
        allowed_topics=topics,
        verify=trust(origin, given["ca_file"]),
        **same,
    )
