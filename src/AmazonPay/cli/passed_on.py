"""Commands that take their own command line, listed among those of click."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from . import plain


class _PassedOn(click.Command):
    """A command of `plain`, whose options click completes."""

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            callback=self._run,
            help=plain.COMMANDS[name].__doc__,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )

    def _run(self) -> None:
        ctx = click.get_current_context()
        ctx.exit(plain.run_plain(str(self.name), ctx.args))

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Return the options that begin so."""
        del ctx
        names = plain.options_of(str(self.name)) if incomplete.startswith("-") else []
        return [CompletionItem(one) for one in names if one.startswith(incomplete)]


operations = _PassedOn("operations")
simulate = _PassedOn("simulate")
