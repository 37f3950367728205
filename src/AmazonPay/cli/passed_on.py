"""Commands that take their own command line, listed among those of click."""

from __future__ import annotations

import click

from . import plain


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.pass_context
def operations(ctx: click.Context) -> None:
    """Print every operation of the API."""
    ctx.exit(plain.run_plain("operations", ctx.args))


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.pass_context
def simulate(ctx: click.Context) -> None:
    """Serve a local Amazon Pay on this machine."""
    ctx.exit(plain.run_plain("simulate", ctx.args))
