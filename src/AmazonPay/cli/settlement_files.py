"""The options that the commands with settlement files share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable


def settlement_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the settlement files, their encoding and `--json` to a command."""
    for option in (
        click.option(
            "--encoding",
            default="utf-8",
            show_default=True,
            help="Of settlement files that are named; pulled ones know theirs.",
        ),
        click.argument("paths", metavar="[DIR|FILE]...", nargs=-1),
    ):
        command = option(command)
    return json_option(command)


def paths_of(named: tuple[str, ...]) -> list[Path]:
    """Return the files and folders that are named; this folder if there are none."""
    return [Path(one) for one in named or (".",)]
