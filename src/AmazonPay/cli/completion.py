"""`amazonpay completion`: the script that completes commands in a shell."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from .output import data, is_terminal, json_line, words
from .session import json_option

_PROGRAM = "amazonpay"
_VARIABLE = "_AMAZONPAY_COMPLETE"
_FILES = {
    "bash": 'add to ~/.bashrc: eval "$(amazonpay completion bash)"',
    "zsh": 'add to ~/.zshrc: eval "$(amazonpay completion zsh)"',
    "fish": "amazonpay completion fish > ~/.config/fish/completions/amazonpay.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_FILES)))
@json_option
def completion(shell: str, *, as_json: bool) -> None:
    """Print the script that completes commands and options in SHELL."""
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click knows the three
        raise click.UsageError(f"click cannot complete in {shell}")
    made = kind(click.Command(_PROGRAM), {}, _PROGRAM, _VARIABLE)
    # `source()` would start bash to ask for its version.
    script = made.source_template % made.source_vars()
    if as_json:
        json_line({"shell": shell, "script": script, "use": _FILES[shell]})
        return
    data(script)
    if is_terminal(sys.stdout):  # and not the start of a shell, which evaluates it
        words(f"To use it: {_FILES[shell]}")
