"""Our clients, and the floors: what the same calls cost when written by hand.

    python -m benchmarks.contenders NAME SCENE

runs one of `CONTENDERS`. A floor posts with httpx2's own client, the same headers and
body, and makes one PSS signature over bytes that need no preparation: no canonical
request, no idempotency rules, no retries, no checks.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from base64 import b64encode
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from AmazonPay import AsyncClient, Client
from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, charge_id
from benchmarks.worker import Threaded, scene_of, shares, work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.worker import Contender, Scene

CREATED = 201

_DIGEST = SHA256()
_PADDING = PSS(MGF1(_DIGEST), 20)
_SIGNED = (
    "accept;content-type;x-amz-pay-date;x-amz-pay-host;x-amz-pay-idempotency-key"
    ";x-amz-pay-region"
)


class Awaited:
    """A contender whose calls are awaited, on one event loop."""

    def __init__(self, call: Callable[[int], Awaitable[object]]) -> None:
        self._call = call
        self._numbers = count()
        self._runner = asyncio.Runner()

    def batch(self, calls: int, concurrency: int) -> None:
        """Make so many calls, so many at a time."""
        self._runner.run(self._all(calls, concurrency))

    async def _all(self, calls: int, concurrency: int) -> None:
        async with asyncio.TaskGroup() as group:
            for share in shares(calls, concurrency):
                group.create_task(self._several(share))

    async def _several(self, calls: int) -> None:
        for _ in range(calls):
            await self._call(next(self._numbers))


def expect(status: int) -> None:
    """Refuse to measure a call that failed."""
    if status != CREATED:
        raise AssertionError(f"answered {status}")


# The floors ---------------------------------------------------------------------------


class Handmade:
    """The parts of a request that a shop would write by hand."""

    def __init__(self, scene: Scene) -> None:
        key = load_pem_private_key(Path(scene.private_key).read_bytes(), None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("the benchmark signs with RSA")
        self._key = key
        self._charges = f"https://localhost:{scene.port}/v2/charges"
        self._fixed = {
            "accept": "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "AmazonPayClient/2.1.0 (Python/3.11.0)",
            "x-amz-pay-host": "localhost",
            "x-amz-pay-region": "eu",
        }

    def dress(self, client: httpx2.Client | httpx2.AsyncClient) -> None:
        """Give a client the headers that every call has, and no other."""
        client.headers = httpx2.Headers(self._fixed)
        del client.headers["connection"]

    def request(self, number: int) -> tuple[str, bytes, dict[str, str]]:
        """Make URL, body and headers of a call."""
        url, body = self._charges, CHARGE
        if number % 2:
            url, body = f"{url}/{charge_id(number)}/capture", CAPTURE
        content = json.dumps(body, separators=(",", ":")).encode()
        signature = b64encode(self.signature(content)).decode()
        headers = {
            "x-amz-pay-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
            "x-amz-pay-idempotency-key": os.urandom(16).hex(),
            "authorization": f"AMZN-PAY-RSASSA-PSS PublicKeyId={PUBLIC_KEY_ID},"
            f" SignedHeaders={_SIGNED}, Signature={signature}",
        }
        return url, content, headers

    def signature(self, message: bytes) -> bytes:
        """Make one raw signature."""
        return self._key.sign(message, _PADDING, _DIGEST)


def floor(scene: Scene) -> Threaded:
    """Post with `httpx2.Client`."""
    handmade = Handmade(scene)
    client = httpx2.Client(verify=_trusting(scene))
    handmade.dress(client)

    def call(number: int) -> None:
        url, content, headers = handmade.request(number)
        response = client.post(url, content=content, headers=headers)
        expect(response.status_code)
        response.json()

    return Threaded(call)


def async_floor(scene: Scene) -> Awaited:
    """Post with `httpx2.AsyncClient`."""
    handmade = Handmade(scene)
    client = httpx2.AsyncClient(verify=_trusting(scene))
    handmade.dress(client)

    async def call(number: int) -> None:
        url, content, headers = handmade.request(number)
        response = await client.post(url, content=content, headers=headers)
        expect(response.status_code)
        response.json()

    return Awaited(call)


def signature(scene: Scene) -> Threaded:
    """Make the raw signature alone: what no client can go below."""
    handmade = Handmade(scene)
    return Threaded(lambda _: handmade.signature(b"x" * 128))


# Ours ---------------------------------------------------------------------------------


def blocking(scene: Scene) -> Threaded:
    """Call with `Client`."""
    client = Client(
        PUBLIC_KEY_ID,
        scene.private_key,
        "eu",
        endpoint_url=f"https://localhost:{scene.port}",
        verify=_trusting(scene),
    )

    def call(number: int) -> None:
        if number % 2:
            response = client.capture_charge(charge_id(number), CAPTURE)
        else:
            response = client.create_charge(CHARGE)
        expect(response.status_code)
        response.json()

    return Threaded(call)


def awaiting(scene: Scene) -> Awaited:
    """Call with `AsyncClient`."""
    client = AsyncClient(
        PUBLIC_KEY_ID,
        scene.private_key,
        "eu",
        endpoint_url=f"https://localhost:{scene.port}",
        verify=_trusting(scene),
    )

    async def call(number: int) -> None:
        if number % 2:
            response = await client.capture_charge(charge_id(number), CAPTURE)
        else:
            response = await client.create_charge(CHARGE)
        expect(response.status_code)
        response.json()

    return Awaited(call)


def _trusting(scene: Scene) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=scene.authority)


CONTENDERS: dict[str, Callable[[Scene], Contender]] = {
    "floor": floor,
    "async floor": async_floor,
    "signature": signature,
    "Client": blocking,
    "AsyncClient": awaiting,
}


if __name__ == "__main__":
    work(CONTENDERS[sys.argv[1]](scene_of(sys.argv)))
