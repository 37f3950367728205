"""The state that the commands of one command line share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..ipn import Verifier

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(frozen=True)
class Session:
    """The state of one command line."""

    options: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Options of the constructor for every client, such as a `transport` of tests."""
    verifier: Callable[..., Verifier] | None = field(default=None, repr=False)
    """Makes the verifier of notifications in place of Amazon's, such as in tests."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], object] = time.sleep
    """How a command that waits does so; tests move a clock instead."""


def json_option(command: F) -> F:
    """Add `--json` to a command."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON: one object, or one a line for what is a stream.",
    )(command)
