"""The floors: what the same calls cost when written by hand.

    python -m benchmarks.floors NAME ACCESS

A floor posts with httpx2's own client, the same headers and body, and makes one PSS
signature over bytes that need no preparation: no canonical request, no idempotency
rules, no retries, no checks.
"""

from __future__ import annotations

import json
import os
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.orders import CAPTURE, CHARGE, PUBLIC_KEY_ID, charge_id
from benchmarks.worker import in_tasks, in_threads, work

if TYPE_CHECKING:
    from benchmarks.worker import Access, Batch

_DIGEST = SHA256()
_PADDING = PSS(MGF1(_DIGEST), 20)
_SIGNED = (
    "accept;content-type;x-amz-pay-date;x-amz-pay-host;x-amz-pay-idempotency-key"
    ";x-amz-pay-region"
)
_FIXED = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "user-agent": "AmazonPayClient/2.1.0 (Python/3.11.0)",
    "x-amz-pay-host": "localhost",
    "x-amz-pay-region": "eu",
}


class Handmade:
    """The parts of a request that a shop would write by hand."""

    def __init__(self, access: Access) -> None:
        key = load_pem_private_key(Path(access.private_key).read_bytes(), None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("the benchmark signs with RSA")
        self._key = key
        self._charges = f"https://localhost:{access.port}/v2/charges"

    def set_headers(self, client: Any) -> Any:  # noqa: ANN401 - either client of httpx2
        """Give a client the headers that every call has, and no other."""
        client.headers = httpx2.Headers(_FIXED)
        del client.headers["connection"]
        return client

    def request(self, number: int) -> dict[str, Any]:
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
        return {"url": url, "content": content, "headers": headers}

    def signature(self, message: bytes) -> bytes:
        """Make one raw signature."""
        return self._key.sign(message, _PADDING, _DIGEST)


def floor(access: Access) -> Batch:
    """Post with `httpx2.Client`."""
    handmade = Handmade(access)
    trusting = ssl.create_default_context(cafile=access.authority)
    client = handmade.set_headers(httpx2.Client(verify=trusting))
    return in_threads(lambda number: client.post(**handmade.request(number)))


def async_floor(access: Access) -> Batch:
    """Post with `httpx2.AsyncClient`."""
    handmade = Handmade(access)
    trusting = ssl.create_default_context(cafile=access.authority)
    client = handmade.set_headers(httpx2.AsyncClient(verify=trusting))
    return in_tasks(lambda number: client.post(**handmade.request(number)))


def signature(access: Access) -> Batch:
    """Make the raw signature alone: what no client can go below."""
    sign = Handmade(access).signature
    return lambda calls, _: [sign(b"x" * 128) for _ in range(calls)]


FLOORS = {"floor": floor, "async floor": async_floor, "signature": signature}

if __name__ == "__main__":
    work(FLOORS)
