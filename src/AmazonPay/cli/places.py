"""Where a journal or an inbox is: a file, or a database that the environment names."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from . import key_files

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection


@dataclass(frozen=True, slots=True)
class Kind:
    """A journal or an inbox: its noun in messages, its option and its variable."""

    noun: str
    option: str
    variable: str

    def place(self, named: str | None, *, new: bool = False) -> str:
        """Return the file that is named, or else the file or URL in the environment.

        Raises:
            ConfigurationError: there is none, or no such file. A missing one is created
                only if it may be `new`: what is empty would say that nothing is open.
        """
        place = named or os.environ.get(self.variable)
        if not place:
            raise ConfigurationError(
                f"which {self.noun}? Give its file by {self.option}, or set"
                f" {self.variable} to a file or to the URL of a database"
            )
        if named is not None and "://" in named:
            raise ConfigurationError(
                f"{self.option} takes a file: the URL of a database may hold a"
                f" password, so it is read from {self.variable}"
            )
        if "://" not in place and not new and not is_file(place):
            raise ConfigurationError(f"there is no {self.noun} {place!r}")
        return place

    def is_on_a_server(self, named: str | None) -> bool:
        """Return whether it is a database that is asked over a network.

        Raises:
            ConfigurationError: there is no usable database; see `place` and `engine`.
        """
        place = self.place(named)
        if "://" not in place:
            return False
        engine = self.engine(place)
        engine.dispose()
        return engine.dialect.name != "sqlite"

    def readable_by_others(self, named: str | None) -> str | None:
        """Return the path of the file if more users than its owner may read it."""
        place = named or os.environ.get(self.variable, "")
        if "://" in place or not key_files.readable_by_others(place):
            return None
        return place

    def engine(self, place: str, *, new: bool = False) -> Engine:
        """Return the engine of a database; if it is a file, it exists or may be `new`.

        Raises:
            ConfigurationError: SQLAlchemy knows no such database or parameter of it,
                its driver is not installed, or its file is missing. The error does not
                show the URL.
        """
        from sqlalchemy import URL, create_engine, event
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SAWarning

        url = place if "://" in place else URL.create("sqlite", database=place)
        # The error of SQLAlchemy would show the URL.
        problem = (
            f"{self.variable} is no URL of a database that SQLAlchemy knows, such as"
            " postgresql+psycopg://HOST/NAME"
        )
        unknown = (
            f"{self.variable} has a parameter, after its `?`, that the driver of this"
            " database does not know"
        )
        engine = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", SAWarning)
                engine = create_engine(url)
        except SAWarning:
            problem = unknown
        except ModuleNotFoundError as missing:
            problem = (
                f"{self.variable} names a database that needs the module"
                f" {missing.name}: install its driver"
            )
        except (ArgumentError, NoSuchModuleError, ValueError):
            pass
        if engine is None:
            raise ConfigurationError(problem)
        event.listen(engine, "do_connect", partial(_connect, unknown))
        file = engine.url.database
        must_exist = engine.dialect.name == "sqlite" and not new
        if must_exist and file and ":" not in file and not is_file(file):
            raise ConfigurationError(
                f"there is no {self.noun} {file!r}, which {self.variable} names"
            )
        return engine


def _connect(
    problem: str,
    dialect: Dialect,
    _: object,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> DBAPIConnection:
    """Connect; some drivers, such as PyMySQL, do not know a parameter only then."""
    try:
        return dialect.connect(*args, **kwargs)
    except TypeError:
        raise ConfigurationError(problem) from None


def before(now: datetime, older_than: timedelta | None) -> datetime | None:
    """Return the time before which something is older; None for all.

    Raises:
        ConfigurationError: there is no such time.
    """
    try:
        return None if older_than is None else now - older_than
    except OverflowError:
        raise ConfigurationError("--older-than reaches before the year 1") from None


def is_file(place: str) -> bool:
    """Return whether there is such a file, which is no pipe or device."""
    try:
        return Path(place).is_file()
    except (OSError, ValueError):
        return False
