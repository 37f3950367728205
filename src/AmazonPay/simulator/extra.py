"""Check that the packages of the extra `[simulator]` are installed."""

from __future__ import annotations

from importlib.util import find_spec

from .._core.extras import missing


def check_extra() -> None:
    """Raise `ModuleNotFoundError` if a package is missing.

    The first call and the first page import some of them. A user who has not
    installed the extra learns it before that.
    """
    for name in ("jinja2", "pydantic", "uvicorn"):
        if find_spec(name) is None:
            raise missing(name, "simulator")
