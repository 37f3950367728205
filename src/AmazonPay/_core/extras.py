"""Say how an extra of this package is installed."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra, from a checkout or a wheel.

    It names no index: there, the package's name belongs to another author.
    """
    return (
        f"pip install '.[{extra}]' in your checkout, or 'FILE[{extra}]' with the path"
        " of the wheel"
    )


def missing(module: str | None, extra: str) -> ModuleNotFoundError:
    """Return the error for a module that an extra brings, and is not installed."""
    package = (module or "").partition(".")[0]
    said = f"{package} is missing: {how_to_install(extra)}"
    return ModuleNotFoundError(said, name=module)
