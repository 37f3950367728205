"""Say how an extra of this package is installed."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """Return the command; the package has no name in an index that it could take."""
    return (
        f"pip install '.[{extra}]' in your checkout, or 'FILE[{extra}]' with the path"
        " of the wheel"
    )
