"""The peer: AmazonPayClient 2.0.1 of PyPI, in an environment of its own.

    .venv-peer/bin/python -m benchmarks.peer SCENE

Its hosts are written into it, without a port. This process alone resolves the one it
calls to our server; the package itself stays as it was published, and checks the
server's certificate by the authority in REQUESTS_CA_BUNDLE. Region `us` is a KeyError
in 2.0.1, so the region is `eu`.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from AmazonPay import Client  # 2.0.1 here; type checkers see ours, which takes the same
from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, charge_id
from benchmarks.worker import Scene, Threaded, scene_of, work

HOST = "pay-api.amazon.eu"
CREATED = 201


def lead_here(port: int) -> None:
    """Resolve the peer's host to our server, and nothing else."""
    resolve = socket.getaddrinfo

    def here(host: object, _: object, *rest: Any) -> Any:  # noqa: ANN401 - as it came
        if host != HOST:
            raise AssertionError(f"the benchmark reaches for {host}")
        return resolve("127.0.0.1", port, *rest)

    socket.getaddrinfo = here  # type: ignore[assignment] # what urllib3 calls it with


def peer(scene: Scene) -> Threaded:
    """Call with AmazonPayClient."""
    lead_here(scene.port)
    client = Client(PUBLIC_KEY_ID, scene.private_key, "eu")

    def call(number: int) -> None:
        if number % 2:
            response = client.capture_charge(charge_id(number), CAPTURE)
        else:
            response = client.create_charge(CHARGE)
        if response.status_code != CREATED:
            raise AssertionError(f"answered {response.status_code}")
        response.json()

    return Threaded(call)


if __name__ == "__main__":
    work(peer(scene_of(sys.argv)))
