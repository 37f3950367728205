"""Three workers carry out one file: one is killed, one is cut off, one goes on.

`network`: the cut one loses its database, as by a failed network. `stopped`: it stands
still as a whole, and wakes up when others have done its rows. One of the soaks; `make
test` runs the first way at a small size.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from AmazonPay.simulator.server import serving
from bulk_soak import NAMESPACE, SETTINGS, Deadly, audit, rows_for
from command_line import write_key
from postgres_server import postgres_server
from redis_server import redis_server, socket_path
from simulated import KEY_ID, Shop
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from AmazonPay.simulator import HTTPResponse, Request, Simulator

ANY_LIMIT = ("--limit", "create_refund=1000/1000", "--limit", "get_refund=1000/1000")
IMPATIENT = "&options=-c%20idle_in_transaction_session_timeout%3D1s"
"""A worker that stands still may hold a row of the journal for so long."""
PATIENCE = 60.0
"""Seconds after which a worker that does not end is stuck."""


class Line:
    """A way to the socket of a PostgreSQL, which can be cut."""

    def __init__(self, folder: Path, target: str) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self._is_cut = False
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                with self._lock:
                    self._open += [peer, server]
                    if self._is_cut:
                        self._end()
                        return
                for pair in ((peer, server), (server, peer)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no other."""
        with self._lock:
            self._is_cut = True
            self._end()

    def _end(self) -> None:
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


class Watched(Deadly):
    """A simulator that does something at some of the calls that move money."""

    def __init__(
        self, simulator: Simulator, acts: dict[int, Callable[[], object]]
    ) -> None:
        super().__init__(simulator, [], cast("Any", None))
        self._acts = acts

    def handle_now(self, request: Request) -> HTTPResponse:
        """Carry a call out, and act before it is answered."""
        answer = super().handle_now(request)
        if request.method == "POST":
            with self._lock:
                due = [number for number in self._acts if number <= self.calls]
                acts = [self._acts.pop(number) for number in due]
            for act in acts:
                act()
        return answer


@contextlib.contextmanager
def _line(servers: dict[str, str]) -> Generator[tuple[Line, str]]:
    """Yield a connection to the database that a test can cut, and its URL."""
    url = servers["AMAZON_PAY_JOURNAL"]
    place = url.rpartition("host=")[2]
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder), f"{place}/.s.PGSQL.5432")
        try:
            yield line, url.replace(place, folder)
        finally:
            line.cut()


@contextlib.contextmanager
def _worker(folder: Path, env: dict[str, str]) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "AmazonPay", "bulk", "work", *ANY_LIMIT]
    with subprocess.Popen(
        [*command, "--at-once", "4", "--stalled-after", "1s"],
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def run(size: int, way: str, folder: Path, servers: dict[str, str]) -> list[str]:
    """Refund `size` rows while a worker is lost; return one text for each fault."""
    shop = Shop(settings=SETTINGS)
    rows = list(rows_for("refund", size, shop))
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("reference", "charge_id", "amount", "currency"), *rows]
        )
    acts: dict[int, Callable[[], object]] = {}
    watched = Watched(shop.simulator, acts)
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(serving(cast("Simulator", watched), tls=False))
        line, cut_url = stack.enter_context(_line(servers))
        env = {
            **unmeasured(),
            **servers,
            "AMAZON_PAY_PUBLIC_KEY_ID": KEY_ID,
            "AMAZON_PAY_PRIVATE_KEY": write_key(folder / "key.pem"),
            "AMAZON_PAY_REGION": "us",
            "AMAZON_PAY_ENDPOINT_URL": served.url,
        }
        killed = stack.enter_context(_worker(folder, env))
        cut = stack.enter_context(
            _worker(folder, {**env, "AMAZON_PAY_JOURNAL": cut_url + IMPATIENT})
        )
        last = stack.enter_context(_worker(folder, env))
        for worker in (killed, cut, last):
            assert worker.stderr is not None
            assert worker.stderr.readline().startswith("Waiting for rows")
        acts[size // 4] = killed.kill
        acts[size // 3] = (
            line.cut if way == "network" else lambda: os.kill(cut.pid, signal.SIGSTOP)
        )
        command = [sys.executable, "-m", "AmazonPay", "bulk", "refund", "rows.csv"]
        command += ["--namespace", NAMESPACE, "--queue", "--json"]

        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            check=False,
            timeout=PATIENCE + size,
        )
        faults: list[str] = []
        told = json.loads(done.stdout)["outcomes"]
        if (done.returncode, set(told)) != (0, {"success"}):
            faults.append(f"it ended with {done.returncode}: {told}")
        if way == "stopped":
            os.kill(cut.pid, signal.SIGCONT)
            cut.terminate()
        code = cut.wait(PATIENCE)
        if code != (3 if way == "network" else 0):
            faults.append(f"the one that was cut off ended with {code}")
        if acts:
            faults.append("not all of it happened")
        return [*faults, *audit("refund", rows, watched, shop)]


def main(size: int) -> list[str]:
    """Lose workers in both ways, with a tenth of `size` rows; return the faults."""
    faults: list[str] = []
    for way in ("network", "stopped"):
        with (
            postgres_server() as url,
            socket_path() as path,
            redis_server(path),
            tempfile.TemporaryDirectory() as folder,
        ):
            servers = {"AMAZON_PAY_JOURNAL": url, "AMAZON_PAY_REDIS": f"unix://{path}"}
            found = run(max(size // 10, 12), way, Path(folder), servers)
            faults += [f"{way}: {fault}" for fault in found]
    return faults
