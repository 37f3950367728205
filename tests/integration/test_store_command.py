"""`make store` as a process: what it prints, and each way in which it ends."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from loopback import serving
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="children are read from /proc"),
]
SCRIPT = Path(__file__).parents[2] / "scripts" / "store.py"
SECONDS = 60.0


class Running:
    """The command, once it has printed everything."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.printed = ""
        assert process.stdout is not None
        while "Ctrl-C" not in self.printed:
            line = process.stdout.readline()
            assert line, process.communicate()
            self.printed += line
        pid = process.pid
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        self.parts = [int(one) for one in told.split()]

    def address(self, name: str) -> str:
        return str(re.findall(rf"  {name} +(\S+)", self.printed)[0])

    def end(self) -> tuple[int, str, str]:
        """Return how it ended: the exit code, and the rest of what it has said."""
        said, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said, errors


def has_ended(pid: int) -> bool:
    """Wait until a process has ended; False if it has not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with contextlib.closing(os.fdopen(handle)):
        return bool(select.select([handle], [], [], SECONDS)[0])


@contextlib.contextmanager
def started(folder: Path) -> Generator[Running]:
    with serving() as found:
        port = found.port
    with subprocess.Popen(
        [sys.executable, SCRIPT, "--port", str(port), "--simulator-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured() | {"TMPDIR": str(folder)},
    ) as process:
        try:
            yield Running(process, folder)
        finally:
            process.terminate()


def test_it_opens_shop_office_and_simulator_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        for name in ("shop", "office"):
            answer = httpx2.get(running.address(name), trust_env=False)
            assert (answer.status_code, "Copper Kettle" in answer.text) == (200, True)
        script = httpx2.get(f"{running.address('API')}/checkout.js", trust_env=False)
        assert script.status_code == 200
        assert running.address("console") == f"{running.address('API')}/"
        running.process.send_signal(signal.SIGINT)
        assert running.end() == (0, "\n  Stopped.\n", "")
        assert all(has_ended(pid) for pid in running.parts)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("part", "name"), [(0, "simulator"), (1, "shop")])
def test_it_notices_that_a_part_has_died(tmp_path: Path, part: int, name: str) -> None:
    with started(tmp_path) as running:
        os.kill(running.parts[part], signal.SIGKILL)
        code, _, errors = running.end()
        assert code == 1
        assert f"the {name} has ended (exit code -9), and so the rest" in errors
        assert all(has_ended(pid) for pid in running.parts)


def test_its_parts_end_when_it_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        running.process.kill()
        assert all(has_ended(pid) for pid in running.parts)


@pytest.mark.parametrize("option", ["--port", "--simulator-port"])
def test_a_port_that_is_taken_is_named(option: str) -> None:
    with serving() as taken:
        done = subprocess.run(
            [sys.executable, SCRIPT, option, str(taken.port)],
            capture_output=True,
            text=True,
            env=unmeasured(),
            check=False,
        )
    assert done.returncode == 1
    assert f"port {taken.port} of this machine is taken" in done.stderr
    assert "Traceback" not in done.stderr
