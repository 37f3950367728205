"""`amazonpay` in process: its streams, its environment, and a shop in memory."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from AmazonPay import Retry
from AmazonPay.cli.app import app
from AmazonPay.cli.session import Session
from AmazonPay.simulator import Request, Simulator
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from AmazonPay.ipn import Verifier


@dataclass(frozen=True)
class Done:
    """The exit status and the output of a command line."""

    status: int
    out: str
    err: str
    shown: str
    """Both, in the order in which a terminal shows them."""

    @property
    def json(self) -> Any:
        """The JSON object that stdout consists of."""
        return json.loads(self.out)


def utc_now() -> datetime:
    return datetime.now(UTC)


def amazonpay(
    *line: str,
    transport: httpx2.BaseTransport | None = None,
    verifier: Callable[..., Verifier] | None = None,
    clock: Callable[[], datetime] | None = None,
    wait: Callable[[float], object] = float,
    stdin: str | bytes = "",
    env: Mapping[str, str | None] | None = None,
) -> Done:
    """Run a command line without a terminal or a pause; fail for an exception."""
    options: dict[str, Any] = {"retry": Retry(wait=False)}
    if transport is not None:
        options["transport"] = transport
    result = CliRunner().invoke(
        app,
        list(line),
        input=stdin,
        env=dict(env or {}),
        obj=Session(options, verifier, clock or utc_now, wait),
        catch_exceptions=False,
    )
    return Done(result.exit_code, result.stdout, result.stderr, result.output)


def write_key(path: Path, key: RSAPrivateKey = KEY) -> str:
    """Write a private key as its owner would keep it; return the path."""
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    path.chmod(0o600)
    return str(path)


has_pipes = pytest.mark.skipif(
    not os.path.isdir("/dev/fd"),  # noqa: PTH112 - a path of the system
    reason="needs the pipes of a shell",
)


@contextlib.contextmanager
def piped(content: bytes) -> Generator[str]:
    """Give the path of a pipe that holds some bytes, as a shell does for `<(…)`."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(content)
    try:
        yield f"/dev/fd/{reader}"
    finally:
        os.close(reader)


def answering(status: int, body: bytes = b"{}", **headers: str) -> httpx2.MockTransport:
    """Return a transport with one answer to everything."""
    return httpx2.MockTransport(
        lambda _: httpx2.Response(status, content=body, headers=headers)
    )


def failing(error: type[Exception]) -> httpx2.MockTransport:
    """Return a transport that fails each request."""

    def fail(request: httpx2.Request) -> httpx2.Response:
        del request
        raise error("no")

    return httpx2.MockTransport(fail)


def of_simulator(simulator: Simulator) -> httpx2.MockTransport:
    """Return a transport to a simulator in memory."""

    def answer(sent: httpx2.Request) -> httpx2.Response:
        target = sent.url.raw_path.decode()
        headers = tuple(sent.headers.multi_items())
        given = simulator.handle(Request(sent.method, target, headers, sent.content))
        return httpx2.Response(
            given.status, headers=list(given.headers), content=given.body
        )

    return httpx2.MockTransport(answer)
