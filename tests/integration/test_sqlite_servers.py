"""A `SQLiteJournal` under what forks and patches: gunicorn, Celery, gevent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from AmazonPay import SQLiteJournal
from redis_server import socket_path
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

SUPPORT = Path(__file__).parents[1] / "support"
SIZE = 24
PATIENCE = 120.0
"""Seconds after which a server that says nothing is stopped."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tasks", "control", "results"):
        (tmp_path / name).mkdir()
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {**unmeasured(), "SHOP_FOLDER": str(folder)}


@contextmanager
def serving(folder: Path, ready: str, *command: str) -> Generator[int]:
    """Start a server of several processes; give the process id of their parent."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=SUPPORT,
        env=environment(folder),
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
            yield server.pid
            server.terminate()
            reader.join()
        finally:
            watchdog.cancel()
            server.kill()
    assert "Traceback" not in "".join(log)


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=SUPPORT,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check(folder: Path, parent: int) -> None:
    """Expect all entries, written by children of the process that opened it."""
    journal = SQLiteJournal(folder / "journal.db")
    keys = {entry.key for entry in journal.open_entries(limit=10_000)}
    assert {f"entry-{number}" for number in range(SIZE)} <= keys
    assert any(key.endswith(f" of {parent}") for key in keys)
    assert "parent" in keys


@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_workers_of_a_preloaded_gunicorn_lose_nothing(
    folder: Path, worker: str
) -> None:
    with socket_path() as path:
        command = (
            *("gunicorn", "--preload", "--no-control-socket", "--worker-class", worker),
            *("--workers", "3", "--threads", "3", "--bind", f"unix:{path}"),
            # A worker is forked anew after each few requests.
            *("--max-requests", "6", "sqlite_shop:application"),
        )
        with (
            serving(folder, "Booting worker", *command) as parent,
            httpx2.Client(
                transport=httpx2.HTTPTransport(uds=path, retries=5),
                # A worker that ends takes no connection with it.
                headers={"connection": "close"},
                timeout=60,
            ) as client,
            ThreadPoolExecutor(6) as threads,
        ):
            asked = [f"http://shop/entry-{number}" for number in range(SIZE)]
            for answer in threads.map(client.get, asked):
                assert answer.status_code == 200
    check(folder, parent)


def test_celerys_workers_lose_nothing(folder: Path) -> None:
    command = (
        *("celery", "--app", "sqlite_shop", "worker", "--pool", "prefork"),
        *("--concurrency", "3", "--max-tasks-per-child", "4"),
        *("--without-gossip", "--without-mingle", "--loglevel", "info"),
    )
    with serving(folder, " ready.", *command) as parent:
        run(folder, "sqlite_shop.py", "send", str(SIZE))
    check(folder, parent)


def test_greenlets_and_a_child_of_theirs_lose_nothing(folder: Path) -> None:
    run(folder, "-m", "gevent.monkey", "sqlite_shop.py", "greenlets", str(SIZE))
    journal = SQLiteJournal(folder / "journal.db")
    keys = {entry.key for entry in journal.open_entries(limit=10_000)}
    assert {f"entry-{number}" for number in range(SIZE)} <= keys
