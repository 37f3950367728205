"""The shop's journal under what forks and patches: gunicorn, Celery, gevent."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from journal_forks import SCENARIOS
from redis_server import redis_server, socket_path
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.process
SUPPORT = Path(__file__).parents[1] / "support"
SIZE = 28
KEYS = 7


PATIENCE = 120.0
"""Seconds after which a server that says nothing is stopped."""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty database; `file` is the one of a `SQLiteJournal`."""
    if request.param == "file":
        return f"file:{tmp_path / 'journal.db'}"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    request.getfixturevalue("postgres_engine")
    found: str = request.getfixturevalue("postgres_url")
    return found


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=SUPPORT,
        env={**unmeasured(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(told: list[dict[str, Any]], parent: int) -> None:
    """Expect that every change counts once, and that children have made them."""
    assert parent not in {one["worker"] for one in told}
    assert len(told) == SIZE
    runs = sorted(one["runs"] for one in told)
    assert runs[-1] == SIZE // KEYS


@contextlib.contextmanager
def serving(ready: str, *command: str, **environment: str) -> Generator[int]:
    """Start a server of many processes; gives the process id of their parent."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=SUPPORT,
        env={**unmeasured(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        assert server.stdout is not None
        log: list[str] = []
        watchdog = threading.Timer(PATIENCE, server.kill)
        watchdog.start()
        try:
            while ready not in (line := server.stdout.readline()):
                assert line, "".join(log)
                log.append(line)
            # Else it would stop at a full pipe.
            reader = threading.Thread(target=log.extend, args=(server.stdout,))
            reader.start()
            try:
                yield server.pid
            finally:
                server.terminate()
                reader.join()
        finally:
            watchdog.cancel()
            server.kill()
    # What a thread of the parent says when it fails.
    assert "a thread of the parent" not in "".join(log)


# --- Forks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "url"),
    [
        (scenario, database)
        for scenario in SCENARIOS
        for database in ("sqlite", "postgresql")
        if (scenario, database) != ("forks-wal", "postgresql")  # a mode of SQLite
    ],
    indirect=["url"],
)
def test_no_worker_hangs_fails_or_loses_a_change(scenario: str, url: str) -> None:
    size = "20" if scenario == "tables" else "8"
    assert run("journal_forks.py", size, scenario, url).endswith(": 0 faults\n")


# --- Servers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("worker", "url"),
    [
        ("sync", "file"),
        ("gthread", "file"),
        ("gthread", "sqlite"),
        ("gthread", "postgresql"),
        ("gevent", "postgresql"),
    ],
    indirect=["url"],
)
def test_a_preloaded_application_of_gunicorn_keeps_its_journal(
    worker: str, url: str
) -> None:
    with socket_path() as path:
        command = (
            *("gunicorn", "--preload", "--no-control-socket", "--worker-class", worker),
            *("--workers", "3", "--threads", "4", "--bind", f"unix:{path}"),
            # A worker is forked anew after each few requests.
            *("--max-requests", "6", "journal_shop:application"),
        )
        with (
            serving("Booting worker", *command, JOURNAL_URL=url) as parent,
            httpx2.Client(
                transport=httpx2.HTTPTransport(uds=path, retries=5),
                # A worker that ends takes no connection with it.
                headers={"connection": "close"},
            ) as client,
            ThreadPoolExecutor(8) as threads,
        ):

            def ask(number: int) -> Any:
                return client.get(f"http://shop/{number % KEYS}", timeout=60).json()

            told = list(threads.map(ask, range(SIZE)))
    check(told, parent)


@pytest.mark.parametrize("url", ["file", "postgresql"], indirect=True)
def test_celerys_workers_keep_the_journal_of_their_parent(url: str) -> None:
    with socket_path() as path, redis_server(path):
        environment = {"JOURNAL_URL": url, "BROKER_URL": f"redis+socket://{path}"}
        command = (
            *("celery", "--app", "journal_shop", "worker", "--pool", "prefork"),
            *("--concurrency", "3", "--max-tasks-per-child", "4"),
            *("--without-gossip", "--without-mingle", "--loglevel", "info"),
        )
        with serving(" ready.", *command, **environment) as parent:
            told = json.loads(run("journal_shop.py", "send", str(SIZE), **environment))
    check(told, parent)


@pytest.mark.parametrize("url", ["file", "sqlite", "postgresql"], indirect=True)
def test_greenlets_and_a_child_of_theirs_share_a_journal(url: str) -> None:
    command = ("-m", "gevent.monkey", "journal_shop.py", "gevent", str(SIZE))
    told = json.loads(run(*command, JOURNAL_URL=url))
    check(told, parent=0)
