"""Profiles: named credentials in a TOML file that only its owner can read.

```toml
[shop]
public_key_id = "SANDBOX-…"
private_key = "shop.pem"  # a path, from this file's folder
region = "eu"
```
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, cast

from ..errors import ConfigurationError
from . import key_files

FILE_VARIABLE: Final = "AMAZON_PAY_PROFILES"

_TEXTS: Final = frozenset(
    {"public_key_id", "private_key", "region", "algorithm", "endpoint_url", "verify"}
)
_PATHS: Final = ("private_key", "verify")
_MEMBERS: Final = _TEXTS | {"sandbox"}


def profiles_file() -> Path:
    """Return the path of the file of profiles.

    Raises:
        ConfigurationError: no variable names it, and there is no home folder.
    """
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else _at_home("~/.config", FILE_VARIABLE)
    return folder / "amazonpay" / "profiles.toml"


def arguments_of(name: str) -> dict[str, Any]:
    """Return the constructor's arguments in a profile.

    Raises:
        ConfigurationError: the file cannot be read, others can read it, it has no such
            profile, or a member of it is unknown or of another type.
    """
    path = profiles_file()
    profile = _table(path, name)
    for member, value in profile.items():
        if member not in _MEMBERS:
            raise ConfigurationError(
                f"profile {name!r} has an unknown member {member!r}"
                f"{_meant(member, sorted(_MEMBERS))}; known are"
                f" {', '.join(sorted(_MEMBERS))}. A password is in the environment only"
            )
        kind, word = (bool, "true or false") if member == "sandbox" else (str, "text")
        if not isinstance(value, kind):
            raise ConfigurationError(f"{member} of profile {name!r} is {word}")
    if "-----BEGIN" in str(profile.get("private_key")):
        raise ConfigurationError(
            f"private_key of profile {name!r} is the path of a file, not the key itself"
        )
    arguments = dict(profile)
    for member in _PATHS:
        if member in arguments:
            named = _at_home(arguments[member], f"{member} of profile {name!r}")
            arguments[member] = path.parent / named
    return arguments


def _at_home(text: str, where: str) -> Path:
    """Return a path, which may begin with ~; `where` another one can be given."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        problem = f"the home folder in {text!r} is not known: give a whole path as"
    raise ConfigurationError(f"{problem} {where}")


def names() -> list[str]:
    """Return the names of all profiles.

    Raises:
        ConfigurationError: the file cannot be read, or others can read it.
    """
    return [
        name
        for name, value in _tables(profiles_file()).items()
        if isinstance(value, dict)
    ]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a folder that is closed to us: its reader says so
        return True


def _tables(path: Path) -> dict[str, Any]:
    import tomllib

    if not _is_there(path):
        raise ConfigurationError(
            f"there is no file of profiles {str(path)!r}; {FILE_VARIABLE} names another"
        )
    text = key_files.read(str(path))
    if key_files.readable_by_others(path):
        raise ConfigurationError(
            f"{str(path)!r} can be read by others than you: chmod 600 {path}"
        )
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigurationError(
            f"{str(path)!r} is no TOML; a profile is written as [shop] and, below it,"
            ' public_key_id = "SANDBOX-…"'
        ) from None


def _table(path: Path, name: str) -> dict[str, Any]:
    """Return the table of a profile."""
    profiles = _tables(path)
    found = profiles.get(name)
    if not isinstance(found, dict):
        names = [key for key, value in profiles.items() if isinstance(value, dict)]
        raise ConfigurationError(
            f"there is no profile {name!r} in {str(path)!r}{_meant(name, names)}; there"
            f" is {', '.join(names) or 'none'}"
        )
    return cast("dict[str, Any]", found)


def _meant(word: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
