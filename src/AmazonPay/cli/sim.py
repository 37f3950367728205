"""`amazonpay sim`: the buyer, the bank and the outcomes of a simulator that runs."""

from __future__ import annotations

from typing import Any

import click

from . import sim_world
from .groups import Group
from .sim_calls import act_on, options, sent


@click.group(cls=Group)
def sim() -> None:
    """Play the buyer and the bank of a running `amazonpay simulate`.

    No real money moves. The certificate to trust is --ca-file, AMAZON_PAY_CA_FILE or
    SSL_CERT_FILE; the simulator prints its place when it starts.
    """


for _command in sim_world.COMMANDS:
    sim.add_command(_command)


@sim.command()
@click.argument("session")
@click.option("--card", metavar="DIGITS", help="Such as 3434, which is declined.")
@click.option("--product-type", help="PayAndShip (the default) or PayOnly.")
@click.option("--consents/--no-consents", default=None, help="To a recurring charge.")
@click.option("--buyer", type=int, help="A test buyer: 1, 2 (abroad) or 3.")
@options
def choose(  # noqa: PLR0913 - one parameter for each option
    ctx: click.Context,
    session: str,
    card: str | None,
    product_type: str | None,
    buyer: int | None,
    *,
    consents: bool | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let the buyer choose card and address in a checkout session."""
    body = {
        "card": card,
        "productType": product_type,
        "consents": consents,
        "buyer": buyer,
    }
    act_on(ctx, given, "checkoutSessions", session, "choose", body)


@sim.command()
@click.argument("session")
@options
def pay(ctx: click.Context, session: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer pay in a checkout session."""
    act_on(ctx, given, "checkoutSessions", session, "pay")


@sim.command()
@click.argument("session")
@options
def cancel(ctx: click.Context, session: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer cancel a checkout session."""
    act_on(ctx, given, "checkoutSessions", session, "cancel")


@sim.command()
@click.argument("charge")
@click.argument("act", metavar="amazonCancel|buyerCancel")
@options
def charge(ctx: click.Context, charge: str, act: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let Amazon or the buyer cancel an open charge."""
    act_on(ctx, given, "charges", charge, act)


@sim.command()
@click.argument("permission")
@click.argument("act")
@options
def permission(ctx: click.Context, permission: str, act: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the buyer or Amazon ACT on a charge permission.

    ACT is close, deletePaymentMethod, deleteBillingAddress, mendPaymentMethod,
    expirePaymentMethod, failAuthentication, amazonClose or amazonCancel.
    """
    act_on(ctx, given, "chargePermissions", permission, act)


@sim.command()
@click.argument("charge")
@click.option("--amount", help="Less than the whole.")
@click.option("--reason", help="The bank's reason.")
@options
def dispute(
    ctx: click.Context,
    charge: str,
    amount: str | None,
    reason: str | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let the buyer's bank dispute a captured charge."""
    act_on(
        ctx, given, "charges", charge, "dispute", {"amount": amount, "reason": reason}
    )


@sim.command()
@click.argument("dispute")
@click.argument("decision")
@options
def decide(ctx: click.Context, dispute: str, decision: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let the bank decide a dispute."""
    act_on(ctx, given, "disputes", dispute, "decide", {"decision": decision})


@sim.command()
@click.argument("operation")
@click.argument("outcome")
@click.option("--when", help="before, after or later.")
@click.option("--times", type=int, help="For so many calls (default: 1).")
@click.option("--public-key-id", metavar="ID", help="Of this merchant's calls only.")
@options
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
    sent(ctx, given, "outcomes", body)


@sim.command()
@click.argument("kind")
@click.argument("object_id", metavar="ID")
@click.argument("event")
@click.option("--resolution", help="Who wins a dispute, such as BuyerWon.")
@options
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
    sent(ctx, given, "push", body)


@sim.command("sign-in")
@click.option("--buyer", type=int, help="A test buyer: 1, 2 (abroad) or 3.")
@click.option("--public-key-id", metavar="ID", help="At this merchant's page.")
@click.option("--region", help="us, eu, uk or jp.")
@options
def sign_in(
    ctx: click.Context,
    buyer: int | None,
    public_key_id: str | None,
    region: str | None,
    **given: Any,  # noqa: ANN401 - the options of every command here
) -> None:
    """Let a buyer sign in without a checkout: prints the buyer token."""
    body = {"buyer": buyer, "publicKeyId": public_key_id, "region": region}
    sent(ctx, given, "buyers", body)


@sim.command()
@click.argument("message")
@options
def resend(ctx: click.Context, message: str, **given: Any) -> None:  # noqa: ANN401 - the options of every command here
    """Let Amazon send the notification with the id MESSAGE again."""
    act_on(ctx, given, "notifications", message, "resend")
