"""The databases of a shop, for the tests of journals and inboxes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from sqlalchemy import Engine, NullPool, create_engine

import ipn_django
from AmazonPay import SQLiteJournal
from AmazonPay._once import sqlite_journal as journals
from journals import Ticks
from sqlite_files import VERSION_0

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    # A connection for each use: other workers have theirs.
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}", poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture(
    params=["sqlite_engine", "postgres_engine"], ids=["sqlite", "postgresql"]
)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Connect to the shop's own database."""
    chosen: Engine = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session", autouse=True)
def files_of_django() -> Iterator[None]:
    """Delete them at the end: a worker of many does not come to its `atexit`."""
    ipn_django.FOLDER.mkdir(exist_ok=True)  # for a second run, as under mutmut
    yield
    ipn_django.remove()


def empty(alias: str) -> Iterator[str]:
    ipn_django.prepare(alias)
    yield alias
    connections[alias].close()


@pytest.fixture
def sqlite_alias() -> Iterator[str]:
    """Give the name of an empty SQLite of Django's."""
    yield from empty("default")


@pytest.fixture
def postgres_alias(postgres_engine: Engine) -> Iterator[str]:
    """Give the name of an empty PostgreSQL of Django's."""
    host = str(postgres_engine.url.query["host"])
    connections["postgresql"].settings_dict["HOST"] = host
    yield from empty("postgresql")


@pytest.fixture(params=["sqlite_alias", "postgres_alias"], ids=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest) -> str:
    chosen: str = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which no write waits for a disk, where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it has a name of its own
    with tempfile.TemporaryDirectory(
        dir=memory if memory.is_dir() else tmp_path
    ) as folder:
        yield Path(folder)


# A journal's file --------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> SQLiteJournal:
    """Open a file's journal; tests of another kind of journal make their own."""
    return SQLiteJournal(path, clock=Ticks())


@pytest.fixture
def older(path: Path) -> Path:
    shutil.copyfile(VERSION_0, path)
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody: whoever holds a lock in these tests keeps it."""
    monkeypatch.setattr(journals, "_LOCK_SECONDS", 0.05)
    monkeypatch.setattr(journals, "_READER_MILLISECONDS", 50)
