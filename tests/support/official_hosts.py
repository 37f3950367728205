"""`python official_hosts.py CLIENT FOLDER PYTHON`: another author's client buys here.

It runs as root in a network and a mount namespace of its own (`unshare -n -m`), where
Amazon's names are those of this machine: the client is not changed in any way. What the
buyer does is done when the client asks for it, by a line on its standard output.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.addresses import addresses_from
from AmazonPay.simulator.server import serving

HOSTS = ("pay-api.amazon.com", "pay-api.amazon.eu", "pay-api.amazon.jp")
ADDRESS = "127.0.0.2"
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
    """Make Amazon's host names lead here, in this mount namespace only."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} {' '.join(HOSTS)}\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)  # noqa: S607 - where the system has it


def buy(client: str, folder: Path, python: str, simulator: Simulator) -> list[Any]:
    """Run the client, act as its buyer, and return the lines that it printed."""
    seen: list[Any] = []
    key = str(folder / "private.pem")
    named = addresses_from([ADDRESS], HOSTS)
    with (
        serving(simulator, port=443, addresses=named) as served,
        subprocess.Popen(
            [python, "-I", str(PEERS / f"{client}.py"), KEY_ID, key],
            # What the client trusts is what `requests` reads; nothing else is in its
            # way.
            env={
                "PATH": os.environ["PATH"],
                "REQUESTS_CA_BUNDLE": str(served.authority),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
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
