"""What all tests share: one key, no network, steady examples."""

from __future__ import annotations

import functools
import gc
import importlib.util
import os
import re
import signal
from typing import TYPE_CHECKING

import hypothesis
import pytest
import sqlalchemy
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import guard
import postgres_server
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import rsa

guard.stand()

# What steers this package, or the output of any program, is set by the test that is
# about it, and not by the shell in which all of them are run.
STEERS = re.compile(
    r"AMAZON_PAY_.*|.*_PROXY|SSL\w+|COLUMNS|LINES|TZ|\w*_COLORS?", re.IGNORECASE
)
for variable in filter(STEERS.fullmatch, [*os.environ]):
    del os.environ[variable]

# A run in the background ignores these, and so would each process that a test starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

UNMEASURED = ("process", "exhaustive")
"""The marks of tests that run without coverage."""

# A busy machine must not fail a test; in CI the same commit gives the same run.
# `make soak` sets HYPOTHESIS_EXAMPLES.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "40"))
hypothesis.settings.register_profile("local", deadline=None, max_examples=EXAMPLES)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=EXAMPLES, derandomize=True, database=None
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def anyio_backend() -> str:
    """Run an `async def test_…` in asyncio; `on_both_loops` runs it in trio, too."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def folder_of_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let pytest delete what a process that is killed leaves behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("processes")))
        yield


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    """The merchant's key."""
    return KEY


@pytest.fixture(scope="session")
def private_key_pem(private_key: rsa.RSAPrivateKey) -> str:
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


@pytest.fixture(scope="session")
def public_key_pem(private_key: rsa.RSAPrivateKey) -> str:
    public = private_key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a PostgreSQL that all tests of this process share."""
    if postgres_server.programs() is None:
        pytest.skip(postgres_server.MISSING)
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed; `make test` installs it")
    with postgres_server.postgres_server() as url:
        yield url


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[sqlalchemy.Engine]:
    """Connect to an empty PostgreSQL."""
    engine = sqlalchemy.create_engine(postgres_url)
    yield engine
    engine.dispose()
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE"))
        connection.execute(sqlalchemy.text("CREATE SCHEMA public"))
    engine.dispose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs on PostgreSQL; see that marks can be found in files."""
    for item in items:
        used: list[str] = getattr(item, "fixturenames", [])
        if "postgres_url" in used or "postgresql" in item.name:
            item.add_marker(pytest.mark.slow)
        for name in UNMEASURED:
            if item.get_closest_marker(name) and f"mark.{name}" not in text(item.path):
                raise pytest.UsageError(
                    f"{item.path} does not name the mark `{name}` of {item.name}, so"
                    " `make processes` would not run it"
                )


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all tests again and again."""
    gc.collect()
    gc.freeze()


@functools.cache
def text(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text(encoding="utf-8")
