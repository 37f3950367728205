"""A real Redis for the length of a block: on a Unix socket, and nothing is kept."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextlib.contextmanager
def redis_server(socket: str) -> Generator[None]:
    """Run Redis on a Unix socket while the block runs."""
    settings = {
        "port": "0",
        "unixsocket": socket,
        "dir": str(Path(socket).parent),
        "save": "",
        "appendonly": "no",
    }
    command = ["redis-server"]
    for name, value in settings.items():
        command += [f"--{name}", value]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            log = ""
            for line in server.stdout:
                log += line
                if "ready to accept connections" in line.lower():
                    break
            else:
                raise AssertionError(log)
            yield
        finally:
            server.terminate()


@contextlib.contextmanager
def socket_path() -> Generator[str]:
    """Yield the path of a socket in a new folder; pytest's paths are too long."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/redis.sock"
