"""How a simulator is served: at once, at the right port, and until it is told to stop.

No test asserts a short time. A bound far above it ends a test that would hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typing_extensions import override

from AmazonPay import Client, ConnectionLost, Retry
from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.plan import merchant_from
from AmazonPay.simulator.server import OneWrite, listen, serving
from keys import KEY
from simulated import KEY_ID, Shop
from simulating import simulating

if TYPE_CHECKING:
    from collections.abc import Generator

    from AmazonPay.simulator.server import Address

BOUND = 60.0
"""Seconds: far above what anything here takes, and below what hangs."""


def simulator() -> Simulator:
    return Simulator([merchant(KEY_ID, KEY.public_key())])


# Latency ------------------------------------------------------------------------------


def test_an_accepted_connection_sends_without_delay() -> None:
    with (
        listen(0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        # Where the protocol is not named, asyncio leaves the option as it is.
        assert accepted.proto == socket.IPPROTO_TCP
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class Written(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def is_closing(self) -> bool:
        return self.closed


def test_what_is_written_in_one_step_leaves_in_one_write() -> None:
    async def main() -> list[bytes]:
        written = Written()
        transport = OneWrite(written)
        transport.write(b"head")
        transport.write(b"body")
        await asyncio.sleep(0)
        transport.write(b"next")
        transport.close()
        await asyncio.sleep(0)
        assert transport.is_closing()
        return written.writes

    assert asyncio.run(main()) == [b"headbody", b"next"]


def test_nothing_is_written_after_the_end() -> None:
    async def main() -> list[bytes]:
        written = Written()
        transport = OneWrite(written)
        transport.write(b"late")
        written.closed = True
        await asyncio.sleep(0)
        return written.writes

    assert asyncio.run(main()) == []


# Stopping -----------------------------------------------------------------------------


@contextlib.contextmanager
def idle(address: Address, *, how: str) -> Generator[None]:
    """Hold a connection open on which nothing is asked."""
    with contextlib.ExitStack() as stack:
        peer: socket.socket = stack.enter_context(
            socket.create_connection(("localhost", address.port))
        )
        if how != "before the handshake" and address.authority is not None:
            context = ssl.create_default_context(cafile=address.authority)
            peer = stack.enter_context(
                context.wrap_socket(peer, server_hostname="localhost")
            )
        if how == "after a request":
            peer.sendall(b"GET /v2/charges/x HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert peer.recv(65536).startswith(b"HTTP/1.1 400 ")
        if how == "after the last request":
            last = b"connection: close\r\n\r\n"
            peer.sendall(b"GET /v2/charges/x HTTP/1.1\r\nhost: localhost\r\n" + last)
            while peer.recv(65536):
                pass
        if how == "inside a request":
            peer.sendall(b"GET /v2/char")
        yield


@pytest.mark.slow
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
@pytest.mark.parametrize(
    "how",
    [
        "after a request",
        "after the last request",
        "inside a request",
        "without a request",
        "before the handshake",
    ],
)
def test_an_idle_connection_does_not_hold_up_the_end(
    tls: bool, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with contextlib.ExitStack() as connection:
        with serving(simulator(), tls=tls) as address:
            connection.enter_context(idle(address, how=how))
        # uvicorn waits for 5 s, and says then that it has waited in vain.
        assert not caplog.records


@pytest.mark.slow
@pytest.mark.parametrize("held", [0, 1], ids=["keys are free", "keys are held"])
def test_a_late_answer_waits_in_no_thread_and_ends_with_the_server(
    held: int, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []
    one = Simulator(
        [merchant(KEY_ID, KEY.public_key())],
        settings=Settings(keys_held_for=timedelta(milliseconds=held)),
        wait=waits.append,
    )
    one.provoke("create_checkout_session", "60 s late", when="after")
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        with serving(one, tls=False) as served:
            once = Retry(attempts=1)
            client = Client(KEY_ID, KEY, "us", endpoint_url=served.url, retry=once)
            stack.callback(client.close)
            call = pool.submit(client.create_checkout_session, {}, idempotency_key="k")
            while one.faults():
                threading.Event().wait(0.01)
        with pytest.raises(ConnectionLost, match="unknown"):
            call.result(BOUND)
    assert waits == [held / 1000] * held
    assert not [one for one in caplog.records if one.name.startswith("uvicorn")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_signal_ends_it_and_leaves_no_file(name: str, tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with simulating("--port", "0", env=env) as (process, told):
        (key,) = re.findall(r"private key: (\S+)", told)
        assert Path(key).exists()
        process.send_signal(signal.Signals[name])
        assert process.wait(BOUND) == 0
        assert not Path(key).exists()
        assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with simulating("--port", "0", env=env, preexec_fn=ignore) as (process, told):
        process.send_signal(signal.SIGHUP)
        (url,) = re.findall(r"API +(\S+)", told)
        assert httpx2.get(f"{url}/openapi.json").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND) == 0


# Ports --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("act", ["choose", "pay", "cancel"])
def test_the_links_in_a_control_answer_have_the_port(act: str) -> None:
    shop = Shop()
    session = shop.open()
    shop.simulator.choose(session)
    with serving(shop.simulator, tls=False) as address:
        url = f"{address.url}/_simulator/checkoutSessions/{session}/{act}"
        shown = httpx2.post(url).json()["webCheckoutDetails"]["amazonPayRedirectUrl"]
        assert shown is None or shown.startswith(f"{address.url}/")
        assert (shown is None) == (act == "cancel")


# Commands -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("command", [["operations"], ["operations", "--markdown"]])
def test_a_reader_that_has_read_enough_ends_a_command_quietly(
    command: list[str],
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "AmazonPay", *command],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_key_has_an_account_and_a_domain(tmp_path: Path) -> None:

    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "a,b=c.pem"
    file.write_bytes(pem)
    made = merchant_from(f"LIVE-A={file},account=A9SHOP,region=uk,domain=Shop.example")
    assert made.merchant_id == "A9SHOP"
    assert (made.region, made.currency_in("eu")) == ("eu", "GBP")
    assert made.domain == "shop.example"
