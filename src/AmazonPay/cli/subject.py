"""The configuration that `doctor` checks: options, a profile and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._core.environment import (
    REQUIRED,
    VARIABLES,
    arguments_from_env,
    misspelt,
    switch_in,
    value_of,
)
from ..errors import ConfigurationError
from . import credentials, profiles
from .findings import Finding, ok, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Subject:
    """A configuration, as it was given; a member that was not given is missing."""

    arguments: dict[str, Any] = field(repr=False)
    findings: list[Finding]
    """What is wrong with where it comes from."""
    variables: frozenset[str] = frozenset()
    """The arguments that come from environment variables."""

    def text(self, name: str) -> str | None:
        """Return an argument that is text; None if it is missing."""
        value = self.arguments.get(name)
        return None if value is None else str(value)

    @property
    def private_key(self) -> str | bytes | Path | None:
        """A path, what a pipe held, or what the environment holds: a path or a key."""
        return self.arguments.get("private_key")


def subject_of(given: dict[str, Any]) -> Subject:
    """Return what a client with these options would be built from."""
    findings: list[Finding] = []
    options = credentials.arguments_from({**given, "profile": None})
    name = given["profile"]
    if name is not None:
        try:
            arguments = {**profiles.arguments_of(name), **options}
        except ConfigurationError as error:
            findings.append(wrong("profile", str(error)))
            arguments = options
        else:
            findings.append(ok("profile", f"{name!r} in {profiles.profiles_file()}"))
        return Subject(arguments, findings)
    arguments = dict(options)
    try:
        # Whether a name is misspelt; that one is missing is a check of its own.
        arguments_from_env({**dict.fromkeys(REQUIRED), **options})
    except ConfigurationError as error:
        findings.append(wrong("environment variables", str(error)))
    findings += _misspelt(arguments)
    read: set[str] = set()
    for member in VARIABLES:
        value = value_of(member)
        if value and member not in arguments:
            arguments[member] = switch_in(value) if member == "sandbox" else value
            read.add(member)
    return Subject(arguments, findings, frozenset(read))


def _misspelt(given: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each required variable that is set under another name."""
    for member, variable in REQUIRED.items():
        if member in given or variable in os.environ:
            continue
        for name in misspelt(variable):
            yield wrong(
                "environment variables",
                f"{name} is not read: is it {variable}?",
                f"set {variable}",
            )
