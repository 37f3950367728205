"""A real PostgreSQL for the length of a block: on a Unix socket, and nothing is kept.

The server refuses to run as root, so that root starts it as another user. It uses the
programs of Debian's package and none of the clusters that the package may have made.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

MISSING = (
    "PostgreSQL is not installed; on Debian: apt-get install postgresql,"
    " elsewhere have `initdb` and `postgres` on the PATH"
)

# Ends the server, without waiting for its clients, when standard input ends: even if
# the tests were killed.
TETHERED = '"$@" & exec 2>/dev/null; read -r _; kill -INT $!; wait $!'

# Nothing here has to outlive the machine.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "log_min_messages": "log",  # no errors of statements: tests provoke many
    "max_connections": "200",
    "synchronous_commit": "off",
}


def programs() -> Path | None:
    """Return the folder of the newest version's programs, if there is one."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: float(path.parents[1].name),
    )
    elsewhere = shutil.which("postgres")
    if found:
        return found[-1].parent
    return None if elsewhere is None else Path(elsewhere).resolve().parent


def _identity(folder: str) -> dict[str, Any]:
    """Let another user than root own the folder and run the server."""
    if os.getuid() != 0:
        return {}
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgres_server() -> Generator[str]:
    """Serve on a socket of this machine, over no network; gives SQLAlchemy's URL."""
    folder = programs()
    assert folder is not None, MISSING
    with tempfile.TemporaryDirectory() as place:
        as_user = _identity(place)
        data = f"{place}/data"
        subprocess.run(
            [
                *(folder / "initdb", "--pgdata", data, "--username", "shop"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C"),
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd=place,
            **as_user,
        )
        command: list[str | Path] = ["sh", "-c", TETHERED, "sh"]
        command += [folder / "postgres", "-D", data, "-k", place]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=place,
            **as_user,
        ) as server:
            assert server.stdin is not None
            assert server.stderr is not None
            log: list[str] = []
            try:
                while "ready to accept connections" not in "".join(log[-1:]):
                    line = server.stderr.readline()
                    assert line, "".join(log)
                    log.append(line)
                # It must never wait for someone to read what it says.
                reader = threading.Thread(target=log.extend, args=(server.stderr,))
                reader.start()
                try:
                    yield f"postgresql+psycopg://shop@/postgres?host={place}"
                    assert reader.is_alive(), f"PostgreSQL has ended:\n{''.join(log)}"
                finally:
                    server.stdin.close()
                    reader.join()
            finally:
                server.stdin.close()
                server.wait()
