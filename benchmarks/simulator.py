"""The simulator's requests a second, against a handler that only verifies signatures.

    python -m benchmarks.simulator NAME PUBLIC_KEY CHAIN

serves one of `APPS` by the same server over TLS and prints its port; each line on
standard input is answered by the seconds of CPU so far: what one core serves in a
second is requests by seconds of CPU.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from AmazonPay import AsyncClient
from AmazonPay._signing import parse_authorization, verify
from AmazonPay.simulator import Simulator, merchant
from AmazonPay.simulator.server import App
from benchmarks.figures import Row, ratio
from benchmarks.orders import ANSWER, PUBLIC_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from benchmarks.stage import Stage, Worker

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Message, Receive, Send], Awaitable[None]]

_ROUNDS = 15
_CONCURRENCY = 16
_PAIRS = 8
"""Pairs of calls of each task in a round."""

_SESSION: dict[str, object] = {
    "webCheckoutDetails": {"checkoutReviewReturnUrl": "https://shop.example/review"},
    "storeId": "amzn1.application-oa2-client.0123",
}


# The server's side --------------------------------------------------------------------


class Verifier:
    """Verifies, and gives one fixed answer."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key
        self._body = json.dumps(ANSWER | {"checkoutSessionId": "session"}).encode()
        self._headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self._body)).encode()),
        ]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        authorization = parse_authorization(dict(headers)["authorization"])
        verify(
            self._key,
            authorization,
            scope["method"],
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            headers,
            body,
        )
        start = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


def simulator(key: RSAPublicKey) -> Application:
    """Make the simulator, with its state in memory."""
    return App(Simulator([merchant(PUBLIC_KEY_ID, key, region="eu")]))


APPS: dict[str, Callable[[RSAPublicKey], Application]] = {
    "simulator": simulator,
    "verifier": Verifier,
}


def _serve(name: str, public_key: str, chain: str) -> None:
    key = load_pem_public_key(Path(public_key).read_bytes())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the benchmark signs with RSA")
    config = uvicorn.Config(
        APPS[name](key),
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        ssl_certfile=chain,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_tell_cpu, daemon=True).start()
    uvicorn.Server(config).run(sockets=[listener])


def _tell_cpu() -> None:
    for _ in sys.stdin:
        sys.stdout.write(json.dumps({"total": time.process_time()}) + "\n")
        sys.stdout.flush()


# The client's side --------------------------------------------------------------------


def measure(stage: Stage) -> dict[str, list[Row]]:
    """Load both in turn; the load's own CPU does not count."""
    key = load_pem_private_key(stage.private_key.read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the benchmark signs with RSA")
    public = stage.folder / "public.pem"
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    served = {
        name: stage.python("benchmarks.simulator", name, str(public), str(stage.chain))
        for name in APPS
    }
    costs = asyncio.run(_load(stage, served))
    # A rate is a cost turned round.
    rates = ratio(costs["verifier"], costs["simulator"])
    return {"Simulator": [Row("requests a second / a handler that verifies", rates)]}


async def _load(stage: Stage, served: dict[str, Worker]) -> dict[str, list[float]]:
    trusting = ssl.create_default_context(cafile=str(stage.authority))
    clients = {
        name: AsyncClient(
            PUBLIC_KEY_ID,
            stage.private_key,
            "eu",
            endpoint_url=f"https://localhost:{int(worker.line())}",
            verify=trusting,
        )
        for name, worker in served.items()
    }
    costs: dict[str, list[float]] = {name: [] for name in served}
    for number in range(_ROUNDS + 1):
        for name, client in clients.items():
            before = served[name].ask()["total"]
            async with asyncio.TaskGroup() as group:
                for _ in range(_CONCURRENCY):
                    group.create_task(_pairs(client))
            spent = served[name].ask()["total"] - before
            if number:  # the first one opens the connections
                costs[name].append(spent)
    for client in clients.values():
        await client.aclose()
    return costs


async def _pairs(client: AsyncClient) -> None:
    for _ in range(_PAIRS):
        opened = await client.create_checkout_session(_SESSION)
        session = opened.raise_for_status().json()["checkoutSessionId"]
        (await client.get_checkout_session(session)).raise_for_status()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
