"""`python official_hosts.py CLIENT FOLDER PYTHON`: another author's client buys here.

It runs as root in a network and a mount namespace of its own (`unshare -n -m`), where
Amazon's names are those of this machine: the client is not changed in any way. What the
buyer does is done when the client asks for it, by a line on its standard output.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import trustme
import uvicorn

from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.server import App, Protocol

HOSTS = ("pay-api.amazon.com", "pay-api.amazon.eu", "pay-api.amazon.jp")
KEY_ID = "SANDBOX-PEER"
PEERS = Path(__file__).parent / "peers"

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_FLAGS = struct.Struct("16sh14x")


def bring_up_loopback() -> None:
    """Bring up the loopback interface, which a new network namespace has down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = b"lo"
        answer = fcntl.ioctl(any_socket, _GET_FLAGS, _FLAGS.pack(name, 0))
        flags: int = _FLAGS.unpack(answer)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, _FLAGS.pack(name, flags | _UP))


def name_this_machine(folder: Path) -> None:
    """Let Amazon's names lead here, in this mount namespace only."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)  # noqa: S607 - where the system has it


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listens: threading.Event) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._listens.set()


def serve(simulator: Simulator, folder: Path) -> tuple[Server, threading.Thread, Path]:
    """Serve TLS for Amazon's names on port 443; give the certificate to trust."""
    authority = trustme.CA()
    chain, trusted = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert(*HOSTS).private_key_and_cert_chain_pem.write_to_path(chain)
    authority.cert_pem.write_to_path(trusted)
    config = uvicorn.Config(
        App(simulator),
        host="127.0.0.1",
        port=443,
        http=Protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        ssl_certfile=chain,
        ssl_keyfile=chain,
    )
    listens = threading.Event()
    server = Server(config, listens)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    if not listens.wait(60):
        raise RuntimeError("the server does not listen")
    return server, thread, trusted


def buy(client: str, folder: Path, python: str, simulator: Simulator) -> list[Any]:
    """Run the client; do what its buyer does; give what it has seen."""
    server, thread, trusted = serve(simulator, folder)
    seen: list[Any] = []
    # What the client trusts is what `requests` reads; nothing else is in its way.
    environment = {"PATH": os.environ["PATH"], "REQUESTS_CA_BUNDLE": str(trusted)}
    key = str(folder / "private.pem")
    with subprocess.Popen(
        [python, "-I", str(PEERS / f"{client}.py"), KEY_ID, key],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "buyer" in said:
                simulator.choose(said["buyer"])
                simulator.pay(said["buyer"])
                process.stdin.write("paid\n")
                process.stdin.flush()
            else:
                seen.append(said["seen"])
    server.should_exit = True
    thread.join()
    if process.returncode:
        raise RuntimeError(f"{client} ended with {process.returncode}")
    return seen


def main(client: str, folder: Path, python: str) -> None:
    """Buy, and print what the client has seen, then who has called."""
    bring_up_loopback()
    name_this_machine(folder)
    simulator = Simulator(
        [merchant(KEY_ID, (folder / "public.pem").read_bytes(), region="eu")],
        settings=Settings(refund_settles_after=timedelta(0)),
    )
    seen = buy(client, folder, python, simulator)
    print(json.dumps(seen))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
