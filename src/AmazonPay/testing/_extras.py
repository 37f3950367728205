"""Load a module, and name the extra that it needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from .._core.extras import missing

if TYPE_CHECKING:
    from types import ModuleType

_EXTRAS: Final = {
    "jinja2": "testing",
    "pydantic": "testing",
    "sqlalchemy": "testing",
    "uvicorn": "testing",
}


def loaded(module: str) -> ModuleType:
    """Return a module of this package.

    Raises:
        ModuleNotFoundError: a package of an extra is missing; the message names it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        raise missing(error.name, _EXTRAS[package]) from None
