"""Read the constructor's arguments from environment variables, for `from_env`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_PREFIX = "AMAZONPAY"
"""With no underscores, which a typo may leave out."""
REQUIRED = {
    "public_key_id": "AMAZON_PAY_PUBLIC_KEY_ID",
    "private_key": "AMAZON_PAY_PRIVATE_KEY",
    "region": "AMAZON_PAY_REGION",
}
_OPTIONAL = {
    "sandbox": "AMAZON_PAY_SANDBOX",
    "private_key_password": "AMAZON_PAY_PRIVATE_KEY_PASSWORD",
    "algorithm": "AMAZON_PAY_ALGORITHM",
    "endpoint_url": "AMAZON_PAY_ENDPOINT_URL",
    "verify": "AMAZON_PAY_CA_FILE",
}
VARIABLES = {**REQUIRED, **_OPTIONAL}
"""The variable of each argument that `from_env` reads."""

# Their blanks may belong to them.
_SECRETS = frozenset({"private_key", "private_key_password"})

# Arguments that take the place of others, which are then not read.
_IN_PLACE_OF = {
    "keys": {"public_key_id", "private_key"},
    "signer": {"private_key", "private_key_password"},
    "transport": {"verify"},
}

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_CLOSE = 0.8
"""How alike two names are that may be the same name with a typo, from 0 to 1."""


def arguments_from_env(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments that variables set, without those that the caller `given`.

    Keys, a signer or a transport that is None replaces no variable. An optional
    variable that is empty counts as not set.

    Raises:
        ConfigurationError: a variable is missing or has no usable value.
    """
    wanted = {n: v for n, v in VARIABLES.items() if n not in given}
    for argument in [name for name, value in given.items() if value is not None]:
        for replaced in _IN_PLACE_OF.get(argument, ()):
            wanted.pop(replaced, None)
    found: dict[str, Any] = {}
    for name, variable in wanted.items():
        value = value_of(name)
        if value:
            found[name] = value
        elif name in REQUIRED:
            state = "not set" if value is None else "set, but empty"
            raise ConfigurationError(f"the environment variable {variable} is {state}")
        elif value is None:
            _check_misspelt(variable)
    if "sandbox" in found:
        found["sandbox"] = _switch(wanted["sandbox"], found["sandbox"])
    return found


def value_of(name: str) -> str | None:
    """Return the value of an argument's variable; None if it is not set.

    Blanks around it are dropped, other than those of a secret.
    """
    value = os.environ.get(VARIABLES[name])
    return value if value is None or name in _SECRETS else value.strip()


def switch_in(word: str) -> bool | None:
    """Return the value of a switch; None for a word that is no switch."""
    lower = word.strip().lower()
    return lower in _TRUE if lower in {*_TRUE, *_FALSE} else None


def _switch(variable: str, word: str) -> bool:
    switch = switch_in(word)
    if switch is None:
        raise ConfigurationError(
            f"{variable} must be true or false; the words {', '.join(_TRUE)} and"
            f" {', '.join(_FALSE)} are known, in any case"
        )
    return switch


def _check_misspelt(variable: str) -> None:
    """Raise if a variable is set whose name is nearly `variable`, which is not set."""
    for name in misspelt(variable):
        raise ConfigurationError(
            f"the environment variable {name} is not read: is it {variable}?"
        )


def misspelt(variable: str) -> Iterator[str]:
    """Yield the names of variables that are set, and that are nearly `variable`."""
    wanted = _bare(variable)
    for name, value in os.environ.items():
        bare = _bare(name)
        if name in VARIABLES.values() or not bare.startswith(_PREFIX):
            continue
        # `AMAZON_PAY_SANDBOX_MODE=true` must not be live.
        is_switch = switch_in(value) is not None and "SANDBOX" in bare
        if (is_switch and wanted.endswith("SANDBOX")) or _is_alike(bare, wanted):
            yield name


def _bare(name: str) -> str:
    return name.upper().replace("_", "")


def _is_alike(name: str, wanted: str) -> bool:
    from difflib import SequenceMatcher

    parts = name.removeprefix(_PREFIX), wanted.removeprefix(_PREFIX)
    return SequenceMatcher(None, *parts).ratio() >= _CLOSE


def with_variables(
    error: ConfigurationError, given: Collection[str]
) -> ConfigurationError:
    """Return the error with the variables' names in place of the arguments'.

    The names of arguments that the caller has `given` stay.
    """
    names = {n: v for n, v in VARIABLES.items() if n not in given}
    if not names:
        return error
    # An option of a command that the text shows is no argument.
    pattern = (
        r"(?<![\w-])(" + "|".join(sorted(names, key=len, reverse=True)) + r")\b(?!\()"
    )
    text = re.sub(pattern, lambda found: names[found[0]], str(error))
    return type(error)(text)
