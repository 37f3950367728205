"""Check the types of a client's options when it is built, not at the first payment."""

from __future__ import annotations

from ..errors import ConfigurationError


def check_switch(name: str, value: object, *, optional: bool = False) -> None:
    """Raise `ConfigurationError` unless an option is a bool, or None and `optional`."""
    if isinstance(value, bool) or (optional and value is None):
        return
    reason = "; text is no bool, and 'false' would count as true"
    raise ConfigurationError(
        f"{name} must be True or False, not {type(value).__name__}"
        f"{reason if isinstance(value, str) else ''}"
    )


def check_type(
    name: str, value: object, kind: type, example: str, *, optional: bool = False
) -> None:
    """Raise `ConfigurationError` unless an option is a `kind`, or None and `optional`.

    `name` is the option, and `example` says what it takes.
    """
    if isinstance(value, kind) or (optional and value is None):
        return
    given = (
        f"the class {value.__name__}"
        if isinstance(value, type)
        else type(value).__name__
    )
    raise ConfigurationError(f"{name} must be {example}, not {given}")


def is_count(value: object) -> bool:
    """Return whether a value is an int of 1 or more; a bool is no number here."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def check_text(name: str, value: object) -> None:
    """Raise `ConfigurationError` unless an option is None or text, and not empty."""
    check_type(name, value, str, "a str", optional=True)
    if value == "":
        raise ConfigurationError(f"{name} is empty: leave it out")
