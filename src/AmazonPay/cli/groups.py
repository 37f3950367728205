"""Groups of commands that load a command when it is used, and know near misses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import click
from click.shell_completion import CompletionItem

from .failures import as_exit_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LINE = "AmazonPay.cli.line"
"""The name in `Context.meta` of the words of the command line."""


_PLACES: Final = {
    "FILE": "file",
    "[FILE]": "file",
    "FILE.csv": "file",
    "[DIR|FILE]...": "file",
    "DIR": "dir",
}
"""What a shell completes for a parameter, by its name in the help."""


class _Text(click.types.StringParamType):
    """The text of an option or an argument; it is not empty."""

    def __init__(self, place: str | None) -> None:
        self._place = place

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text; refuse `--name "$UNSET"`, which asks for no default."""
        if value == "":
            self.fail("it is empty; a variable of the shell may not be set", param)
        return super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete the name of a file or a folder."""
        del ctx, param
        return [CompletionItem(incomplete, type=self._place)] if self._place else []


def with_texts(command: click.Command) -> click.Command:
    """Give the options and arguments of a command, or of a group's, their type."""
    for one in command.params:
        if isinstance(one.type, click.types.StringParamType):
            one.type = _Text(_PLACES.get(one.metavar or ""))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            with_texts(inner)
    return command


class Lazy(NamedTuple):
    """A command that is not loaded yet."""

    module: str
    summary: str


class Group(click.Group):
    """A group that suggests the command that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for one that does not exist, fail with those like it."""
        name = args[0]
        unknown = self.get_command(ctx, name) is None
        if unknown and not ctx.resilient_parsing and not name.startswith("-"):
            from difflib import get_close_matches

            word = name.lower().replace("_", "-")
            close = get_close_matches(word, self.list_commands(ctx), n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The group at the top: its commands are modules, or made from declarations."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - those of click.Group
        lazy: Mapping[str, Lazy],
        made: Callable[[str], click.Command | None],
        made_summaries: Callable[[], Sequence[tuple[str, str]]],
        **kwargs: Any,  # noqa: ANN401 - those of click.Group
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy
        self._made = made
        self._made_summaries = made_summaries

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - those of click.Context
    ) -> click.Context:
        """Parse the options in front of the command."""
        line = list(args)
        with as_exit_status():
            made = super().make_context(info_name, args, parent, **extra)
        made.meta[LINE] = line
        return made

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with as_exit_status():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return [*self._lazy, *(name for name, _ in self._made_summaries())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, which is imported now; None for an unknown name."""
        del ctx
        entry = self._lazy.get(cmd_name)
        if entry is None:
            made = self._made(cmd_name)
            return None if made is None else with_texts(made)
        module = import_module(f"{__package__}.{entry.module}")
        found = cast("click.Command", getattr(module, cmd_name.replace("-", "_")))
        return with_texts(found)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the lists of commands, without loading one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(n, one.summary) for n, one in self._lazy.items()])
        with formatter.section("Calls, one for each operation of the API"):
            formatter.write_dl(self._made_summaries())
