"""Which package is imported under the name AmazonPay, and whether it is this one.

Another author's package has the same name on PyPI.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .findings import Finding, ok, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME: Final = "AmazonPayClient"
_OUR_SUMMARY: Final = "with a local Amazon Pay to build against"
_REINSTALL: Final = (
    f"pip uninstall {_NAME}, until nothing of that name is left; then install this"
    " package from its checkout or wheel"
)
_HERE: Final = Path(__file__).parents[1]


def imported_distribution(
    paths: Sequence[str] | None = None, here: Path = _HERE
) -> Finding:
    """Return the finding about the package that this process imports."""
    others = [
        str(found)
        for entry in (sys.path if paths is None else paths)
        for found in (Path(entry, "AmazonPay"), Path(entry, "AmazonPay.py"))
        if found.exists() and not _is(found, here)
    ]
    if others:
        return wrong(
            "package",
            f"{here} is imported, and there is another AmazonPay in {others[0]}: which"
            " of them a program gets depends on its path",
            f"remove or rename the other one; if pip put it there: {_REINSTALL}",
        )
    return described(*_installed(), here)


def _is(found: Path, here: Path) -> bool:
    try:
        return found.samefile(here)
    except OSError:
        return False


def _installed() -> tuple[str | None, str]:
    """Return version and summary of the distribution of our name."""
    try:
        found = metadata(_NAME)
    except PackageNotFoundError:
        return None, ""
    return found["Version"], found["Summary"] or ""


def described(version: str | None, summary: str, here: Path) -> Finding:
    """Return the finding for the installed distribution of our name."""
    if version is None:
        return wrong(
            "package",
            f"{here} is imported, but no distribution {_NAME} is installed",
            "install this package, rather than put its folder on the path",
        )
    if _OUR_SUMMARY not in summary:
        return wrong(
            "package",
            f"the distribution {_NAME} {version} that is installed here is another"
            f" author's package of the same name; this code runs from {here}",
            _REINSTALL,
        )
    return ok("package", f"{_NAME} {version}, imported from {here}")
