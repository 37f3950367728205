"""The version of this package, as it is installed."""

from __future__ import annotations

import functools


@functools.cache
def installed_version() -> str:
    """Return the installed version; `unknown` if the package is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("AmazonPayClient")
    except PackageNotFoundError:
        return "unknown"
