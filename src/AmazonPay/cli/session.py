"""What the commands of one command line share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass
class Session:
    """The state of one command line; tests pass one with a transport of their own."""

    transport: httpx2.BaseTransport | None = field(default=None, repr=False)


def json_option(command: F) -> F:
    """Add `--json` to a command."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON: one object, or one a line for what is a stream.",
    )(command)
