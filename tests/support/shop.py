"""A simulator behind Amazon's real host names, for samples that run as printed.

A proxy of this machine takes the tunnel that a client asks for, shows a certificate
for Amazon's names by an authority that the client is told to trust, and hands each
request to the simulator. Nothing leaves the machine, and no sample is changed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from AmazonPay import Client
from AmazonPay.simulator import Ids, Request, Simulator, merchant, server
from loopback import read_request, serving, tls

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

HOSTS = ("pay-api.amazon.com", "pay-api.amazon.eu", "pay-api.amazon.jp")


class PrintedIds(Ids):
    """Makes the ids that the samples name."""

    order_id = "S00-0000000-0000000"

    def uuid(self) -> str:
        return "00000000-0000-0000-0000-000000000000"

    def order(self, region: str, *, recurring: bool = False) -> str:
        del region, recurring
        return self.order_id

    def suffixed(self, order: str, letter: str) -> str:
        return f"{order}-{letter}000000"


class LivePrintedIds(PrintedIds):
    """Makes the id that the sample of a live order names."""

    order_id = "P00-0000000-0000000"


def answer(simulator: Simulator, raw: bytes) -> bytes:
    """Let the simulator answer the bytes of a request."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple(
        (name, value.strip()) for name, _, value in (x.partition(":") for x in lines)
    )
    given = simulator.handle(Request(method, target, headers, body))
    shown = "".join(f"{name}: {value}\r\n" for name, value in given.headers)
    length = f"content-length: {len(given.body)}"
    return f"HTTP/1.1 {given.status} X\r\n{shown}{length}\r\n\r\n".encode() + given.body


@contextlib.contextmanager
def amazon(simulator: Simulator, folder: Path) -> Generator[dict[str, str]]:
    """Serve under Amazon's names; gives the environment that leads there."""
    context, authority = tls(*HOSTS, authority=trustme.CA())
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def tunnel(peer: socket.socket) -> None:
        asked = read_request(peer)
        assert asked.startswith(b"CONNECT ")
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with context.wrap_socket(peer, server_side=True) as inside:
            while raw := read_request(inside):
                inside.sendall(answer(simulator, raw))

    with serving(tunnel) as proxy:
        yield {
            **os.environ,
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
            "SSL_CERT_FILE": str(folder / "ca.pem"),
        }


@dataclass(frozen=True)
class Shop:
    """A merchant's folder, with the key where the samples look for it."""

    folder: Path
    key: RSAPrivateKey

    def prepare(self) -> None:
        (self.folder / "keys").mkdir()
        (self.folder / "keys" / "private.pem").write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def simulator(self, ids: Ids | None = None) -> Simulator:
        names = ("YOUR_PUBLIC_KEY_ID", "SANDBOX-YOUR_PUBLIC_KEY_ID", "SANDBOX-MY_KEY")
        return Simulator(
            [merchant(name, self.key.public_key()) for name in names], ids=ids
        )

    @contextlib.contextmanager
    def served(self) -> Generator[dict[str, str]]:
        """Serve a simulator; yield the quickstart's variables, and write its file."""
        public = self.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        (self.folder / "public.pem").write_bytes(public)
        with server.serving(self.simulator(), tls=False) as served:
            yield {
                **os.environ,
                "AMAZON_PAY_PUBLIC_KEY_ID": "SANDBOX-MY_KEY",
                "AMAZON_PAY_PRIVATE_KEY": "keys/private.pem",
                "AMAZON_PAY_REGION": "us",
                "AMAZON_PAY_ENDPOINT_URL": served.url,
            }

    def client(self, simulator: Simulator, *, sandbox: bool = True) -> Client:
        def handle(request: httpx2.Request) -> httpx2.Response:
            given = simulator.handle(
                Request(
                    request.method,
                    request.url.raw_path.decode(),
                    tuple(request.headers.multi_items()),
                    request.content,
                )
            )
            return httpx2.Response(given.status, content=given.body)

        return Client(
            "YOUR_PUBLIC_KEY_ID",
            self.key,
            "us",
            sandbox,
            transport=httpx2.MockTransport(handle),
            raise_for_status=True,
        )

    def run(self, code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )


def pay(client: Client, simulator: Simulator, intent: str) -> dict[str, Any]:
    """Bring a session of 100 yen as far as Amazon's page; complete it if asked."""
    web = {
        "checkoutReviewReturnUrl": "https://localhost/review",
        "checkoutResultReturnUrl": "https://localhost/result",
    }
    amount = {"amount": "100", "currencyCode": "JPY"}
    details = {"paymentIntent": intent, "chargeAmount": amount}
    body = {
        "webCheckoutDetails": web,
        "storeId": "amzn1.application-oa2-client.0123",
        "paymentDetails": details,
    }
    session = client.create_checkout_session(body).json()["checkoutSessionId"]
    simulator.choose(session)
    simulator.pay(session)
    return amount
