"""Load a module, and name the extra that it needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

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
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRAS:
            raise
        raise ModuleNotFoundError(
            f"{missing} is missing: pip install '.[{_EXTRAS[missing]}]' in your"
            " checkout of this package, or with the wheel's path in place of the dot",
            name=error.name,
        ) from None
