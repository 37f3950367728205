"""`amazonpay sim`: the buyer, the bank and the outcomes of a simulator that runs.

These calls go to this machine only, without a proxy. They need no key.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, cast

import click

from .._core.config import endpoint_for
from .._core.environment import VARIABLES
from ..errors import ConfigurationError, shown
from .failures import NO_ANSWER, SAID_NO, Failure
from .groups import Group
from .output import json_line, json_text, words
from .session import Session, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_URL: Final = "https://localhost:8421"

_SECONDS: Final = 30.0
_FIRST_ERROR: Final = 400


def _options(command: Callable[..., None]) -> Callable[..., None]:
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


@click.group(cls=Group)
def sim() -> None:
    """Play the buyer and the bank of a running `amazonpay simulate`.

    No real money moves. The certificate to trust is --ca-file, AMAZON_PAY_CA_FILE or
    SSL_CERT_FILE; the simulator prints its place when it starts.
    """


@sim.command()
@click.argument("session")
@click.option("--card", metavar="DIGITS", help="Such as 3434, which is declined.")
@click.option("--product-type", help="PayAndShip (the default) or PayOnly.")
@click.option("--consents/--no-consents", default=None, help="To a recurring charge.")
@_options
def choose(
    ctx: click.Context,
    session: str,
    card: str | None,
    product_type: str | None,
    *,
    consents: bool | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let the buyer choose card and address in a checkout session."""
    body = {"card": card, "productType": product_type, "consents": consents}
    _act(ctx, given, "checkoutSessions", session, "choose", body)


@sim.command()
@click.argument("session")
@_options
def pay(ctx: click.Context, session: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer pay in a checkout session."""
    _act(ctx, given, "checkoutSessions", session, "pay")


@sim.command()
@click.argument("session")
@_options
def cancel(ctx: click.Context, session: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer cancel a checkout session."""
    _act(ctx, given, "checkoutSessions", session, "cancel")


@sim.command()
@click.argument("charge")
@click.argument("act", metavar="amazonCancel|buyerCancel")
@_options
def charge(ctx: click.Context, charge: str, act: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let Amazon or the buyer cancel an open charge."""
    _act(ctx, given, "charges", charge, act)


@sim.command()
@click.argument("permission")
@click.argument("act")
@_options
def permission(ctx: click.Context, permission: str, act: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer or Amazon ACT on a charge permission.

    ACT is close, deletePaymentMethod, deleteBillingAddress, mendPaymentMethod,
    expirePaymentMethod, failAuthentication, amazonClose or amazonCancel.
    """
    _act(ctx, given, "chargePermissions", permission, act)


@sim.command()
@click.argument("charge")
@click.option("--amount", help="Less than the whole.")
@click.option("--reason", help="The bank's reason.")
@_options
def dispute(
    ctx: click.Context,
    charge: str,
    amount: str | None,
    reason: str | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let the buyer's bank dispute a captured charge."""
    _act(ctx, given, "charges", charge, "dispute", {"amount": amount, "reason": reason})


@sim.command()
@click.argument("dispute")
@click.argument("decision")
@_options
def decide(ctx: click.Context, dispute: str, decision: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the bank decide a dispute."""
    _act(ctx, given, "disputes", dispute, "decide", {"decision": decision})


@sim.command()
@click.argument("operation")
@click.argument("outcome")
@click.option("--when", help="before, after or later.")
@click.option("--times", type=int, help="For so many calls (default: 1).")
@click.option("--public-key-id", metavar="ID", help="Of this merchant's calls only.")
@_options
def fault(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    operation: str,
    outcome: str,
    *,
    when: str | None,
    times: int | None,
    public_key_id: str | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Say how the next call of OPERATION ends, such as create_charge SoftDeclined.

    docs/simulator.md has the outcomes.
    """
    body = {
        "operation": operation.replace("-", "_"),
        "outcome": outcome,
        "when": when,
        "times": times,
        "publicKeyId": public_key_id,
    }
    _send(ctx, given, "outcomes", body)


@sim.command()
@click.argument("kind")
@click.argument("object_id", metavar="ID")
@click.argument("event")
@click.option("--resolution", help="Who wins a dispute, such as BuyerWon.")
@_options
def push(
    ctx: click.Context,
    kind: str,
    object_id: str,
    event: str,
    *,
    resolution: str | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let EVENT happen to an object, such as charge S01-… "declined softly".

    KIND and EVENT are those of the life cycles in docs/simulator.md. What is impossible
    now is refused with a list of what is possible.
    """
    body = {"kind": kind, "id": object_id, "event": event, "resolution": resolution}
    _send(ctx, given, "push", body)


def _act(  # noqa: PLR0913 - the parts of a call
    ctx: click.Context,
    given: dict[str, Any],
    noun: str,
    object_id: str,
    act: str,
    body: dict[str, Any] | None = None,
) -> None:
    for part in (object_id, act):
        if re.fullmatch(r"[\w-]+", part, re.ASCII) is None:
            raise click.UsageError("an id is made of letters, digits and dashes")
    _send(ctx, given, f"{noun}/{object_id}/{act}", body or {})


def _send(
    ctx: click.Context, given: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    """Make a control call, and print its answer.

    Raises:
        Failure: the simulator refused, or did not answer.
    """
    import httpx2

    from .._http.causes import certificate_cause, connection_cause

    members = {name: value for name, value in body.items() if value is not None}
    url = f"{_url(given['endpoint_url'])}/_simulator/{path}"
    try:
        with httpx2.Client(
            transport=ctx.ensure_object(Session).options.get("transport"),
            verify=_trust(given["ca_file"]),
            trust_env=False,
            timeout=_SECONDS,
        ) as client:
            # JSON in ASCII: a word of the command line may be no UTF-8.
            response = client.post(
                url,
                content=json.dumps(members),
                headers={"content-type": "application/json"},
            )
    except httpx2.TransportError as error:
        cause = certificate_cause(error) or connection_cause(error)
        raise Failure(
            f"no simulator answers at {url.partition('/_simulator')[0]}"
            f"{f': {cause}' if cause else ''}. Start one by: amazonpay simulate",
            NO_ANSWER,
        ) from None
    _print(response.status_code, response.content, as_json=given["as_json"])


def _print(status: int, content: bytes, *, as_json: bool) -> None:
    try:
        answer: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise Failure("what answers there is no simulator", NO_ANSWER) from None
    if as_json:
        json_line(answer)
    else:
        json_text(answer)
    if status < _FIRST_ERROR:
        return
    members = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
    if "message" in members:
        words(str(members["message"]))
    reason = shown(str(members.get("reasonCode", "")))
    raise Failure(f"the simulator refused: {status} {reason}", SAID_NO)


def _url(given: str | None) -> str:
    """Return the simulator's address, which is on this machine.

    Raises:
        ConfigurationError: it is none, or leads elsewhere.
    """
    url = given or os.environ.get(VARIABLES["endpoint_url"], "").strip() or DEFAULT_URL
    endpoint = endpoint_for("SANDBOX-A", "us", None, url)
    if not endpoint.is_loopback:
        raise ConfigurationError(
            "a simulator is on this machine: localhost, 127.0.0.0/8 or ::1"
        )
    return f"{endpoint.scheme}://{endpoint.authority}"


def _trust(given: str | None) -> Any:  # noqa: ANN401 - a TLS context
    from .._http.trust import tls_context

    named = given or os.environ.get(VARIABLES["verify"], "").strip() or None
    return tls_context(named, trust_env=True)
