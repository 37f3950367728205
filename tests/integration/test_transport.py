"""Connections: kept, shared, forked, refused. These tests use real sockets."""

from __future__ import annotations

import gc
import os
import select
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from AmazonPay import (
    AsyncClient,
    CertificateRefused,
    Client,
    ClientClosed,
    ConnectionFailed,
    ConnectionLost,
    Retry,
    TimedOut,
    Timeout,
)
from callers import closing, on_all_clients, on_both_loops, result
from keys import KEY
from loopback import OK, answering, read_request, serving, tls, trusting

if TYPE_CHECKING:
    import socket
    from pathlib import Path

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
AT_ONCE = Retry(base=0.0)
ONCE = Retry(attempts=1)


def at(url: str, kind: type[Any] = Client, **options: Any) -> Any:
    options = {"retry": AT_ONCE, **options}
    return kind("SANDBOX-A", KEY, "us", endpoint_url=url, **options)


def client_at(port: int, **options: Any) -> Client:
    client: Client = at(f"http://127.0.0.1:{port}", **options)
    return client


def test_calls_share_one_kept_connection() -> None:
    with serving() as server, client_at(server.port) as client:
        for _ in range(5):
            assert client.get_charge("C1").status_code == 200
        assert server.connections == 1


def test_a_client_that_is_forgotten_lets_go_of_its_connection() -> None:
    gone = threading.Event()

    def speak(peer: socket.socket) -> None:
        answering(peer)
        gone.set()

    with serving(speak) as server:
        client = client_at(server.port)
        assert client.get_charge("C1").ok
        assert not gone.is_set()
        del client
        gc.collect()
        assert gone.wait(10.0)


def test_threads_share_a_client() -> None:
    with serving() as server, client_at(server.port) as client:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(client.get_charge, ["C1"] * 64))
        assert {answer.status_code for answer in answers} == {200}
        assert server.connections <= 8


FORKED = """
    import os, sys
    from AmazonPay import Client
    client = Client("SANDBOX-A", sys.argv[1], "us", endpoint_url=sys.argv[2])
    assert client.get_charge("C1").ok
    child = os.fork()
    if child == 0:
        os._exit(0 if client.get_charge("C1").ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.get_charge("C1").ok
"""
SECOND_LOOP = """
    import asyncio, sys
    from AmazonPay import AsyncClient
    client = AsyncClient("SANDBOX-A", sys.argv[1], "us", endpoint_url=sys.argv[2])
    async def twice():
        for _ in range(2):
            assert (await client.get_charge("C1")).ok
    async def last():
        await twice()
        await client.aclose()
    asyncio.run(twice())
    asyncio.run(last())
"""
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.parametrize(
    "code", [pytest.param(FORKED, marks=forks), SECOND_LOOP], ids=["child", "loop"]
)
def test_a_forked_child_or_a_second_event_loop_opens_a_connection_of_its_own(
    code: str, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(PEM)
    with serving() as server:
        url = f"http://127.0.0.1:{server.port}"
        command = [sys.executable, "-c", textwrap.dedent(code), str(key), url]
        subprocess.run(command, check=True)
        assert server.connections == 2


@on_both_loops
async def test_a_cancelled_call_leaves_the_pool_usable() -> None:
    waiting = threading.Event()

    def first_hangs(peer: socket.socket) -> None:
        request = read_request(peer)
        if b"/hang" in request:
            waiting.set()
            select.select([peer], [], [], 10)
            return
        peer.sendall(OK)
        answering(peer)

    with serving(first_hangs) as server:
        async with at(f"http://127.0.0.1:{server.port}", AsyncClient) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.get_charge, "hang")
                await anyio.to_thread.run_sync(waiting.wait, 10)
                tasks.cancel_scope.cancel()
            assert (await client.get_charge("C1")).ok


def test_a_certificate_of_a_private_authority_is_trusted_when_told() -> None:
    context, authority = tls("localhost")
    with serving(context=context) as server:
        url = f"https://localhost:{server.port}"
        with at(url, verify=trusting(authority)) as client:
            assert client.get_charge("C1").ok


@pytest.mark.parametrize("names", [("localhost",), ("elsewhere.example",)])
def test_a_certificate_that_does_not_hold_is_refused_and_not_retried(
    names: tuple[str, ...],
) -> None:
    context, authority = tls(*names)
    trusted = trusting(authority) if names != ("localhost",) else None
    with serving(context=context) as server:
        url = f"https://localhost:{server.port}"
        with (
            at(url, verify=trusted) as client,
            pytest.raises(CertificateRefused) as caught,
        ):
            client.create_charge({})
        assert not caught.value.outcome_unknown
        assert server.connections == 1


def test_the_systems_authorities_may_be_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, authority = tls("localhost")
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(context=context) as server:
        url = f"https://localhost:{server.port}"
        with at(url) as client:
            assert client.get_charge("C1").ok
        with at(url, trust_env=False) as client, pytest.raises(CertificateRefused):
            client.get_charge("C1")


def test_a_proxy_of_the_environment_is_used_for_amazon_and_never_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    def refusing(peer: socket.socket) -> None:
        asked.append(read_request(peer))
        peer.sendall(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")

    with serving(refusing) as proxy, serving() as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        with Client("A", KEY, "us", True, retry=ONCE) as client:
            with pytest.raises(ConnectionFailed) as caught:
                client.create_charge({})
            assert not caught.value.outcome_unknown
        assert asked[0].startswith(b"CONNECT pay-api.amazon.com:443 ")
        with client_at(server.port) as client:
            assert client.get_charge("C1").ok
        assert len(asked) == 1


def test_a_proxy_given_to_the_client_is_used() -> None:
    asked: list[bytes] = []

    def refusing(peer: socket.socket) -> None:
        asked.append(read_request(peer))
        peer.sendall(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")

    with (
        serving(refusing) as proxy,
        Client(
            "A", KEY, "jp", True, retry=ONCE, proxy=f"http://127.0.0.1:{proxy.port}"
        ) as client,
        pytest.raises(ConnectionFailed),
    ):
        client.get_charge("C1")
    assert asked[0].startswith(b"CONNECT pay-api.amazon.jp:443 ")


@on_all_clients
async def test_localhost_that_leads_elsewhere_is_not_spoken_to(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []

    def listening(peer: socket.socket) -> None:
        read.append(peer.recv(1000))

    monkeypatch.setattr("AmazonPay._http.send.is_loopback", lambda _: False)
    with serving(listening) as server:
        async with closing(at(f"http://localhost:{server.port}", kind)) as client:
            with pytest.raises(ConnectionFailed) as caught:
                await result(client.get_charge("C1"))
        assert not caught.value.outcome_unknown
        assert caught.value.attempts == 1
    assert read in ([], [b""])


@on_all_clients
async def test_localhost_that_is_this_machine_is_spoken_to(kind: Any) -> None:
    with serving() as server:
        async with closing(at(f"http://localhost:{server.port}", kind)) as client:
            assert (await result(client.get_charge("C1"))).ok


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "garbage", "endless"],
)
def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(sent: bytes) -> None:
    def speak(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(sent)

    with serving(speak) as server, client_at(server.port, retry=ONCE) as client:
        with pytest.raises(ConnectionLost) as caught:
            client.create_charge({}, idempotency_key="k")
        assert caught.value.outcome_unknown
        assert caught.value.idempotency_key == "k"


def test_nobody_there_is_known_to_have_done_nothing() -> None:
    with serving() as server:
        port = server.port
    with client_at(port) as client, pytest.raises(ConnectionFailed) as caught:
        client.create_charge({})
    assert not caught.value.outcome_unknown
    assert caught.value.attempts == 4


def test_no_answer_ends_with_the_read_timeout() -> None:
    done = threading.Event()

    def silent(peer: socket.socket) -> None:
        read_request(peer)
        done.wait(10)

    with serving(silent) as server, client_at(server.port, retry=ONCE) as client:
        with pytest.raises(TimedOut) as caught:
            client.with_options(timeout=Timeout(read=0.1)).create_charge({})
        done.set()
    assert caught.value.outcome_unknown


def test_a_client_closed_in_one_thread_is_closed_in_all() -> None:
    with serving() as server:
        client = client_at(server.port)
        assert client.get_charge("C1").ok
        thread = threading.Thread(target=client.close)
        thread.start()
        thread.join()
        with pytest.raises(ClientClosed):
            client.get_charge("C1")
