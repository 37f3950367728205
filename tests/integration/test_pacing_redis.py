"""Pacing that many processes share, in a real Redis on a socket of this machine."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio.testing
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry

from AmazonPay import AsyncClient, RateLimits
from AmazonPay.pacing import Bucket, Limit
from keys import KEY
from loopback import OK, read_request, serving
from paced import ScriptedTime, client_for, seconds_of
from redis_server import redis_server, socket_path

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator
    from pathlib import Path

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def path() -> Generator[str]:
    with socket_path() as path, redis_server(path):
        yield path


@pytest.fixture
def redis(path: str) -> Generator[Redis]:
    """A connection to a Redis without keys."""
    with Redis(unix_socket_path=path) as redis:
        redis.flushall()
        yield redis


def away(path: str) -> Redis:
    """Make a connection that fails at once while nobody serves."""
    return Redis(unix_socket_path=path, retry=RedisRetry(NoBackoff(), 0))


# What is shared -----------------------------------------------------------------------


def test_many_processes_together_never_send_more_than_the_limit(
    tmp_path: Path, path: str, redis: Redis
) -> None:
    (tmp_path / "key.pem").write_bytes(PEM)
    code = """
        import sys
        from redis import Redis
        from AmazonPay import Client, HeldBack, RateLimits
        url, path = sys.argv[1:]
        with Redis(unix_socket_path=path) as redis, Client(
            "SANDBOX-A", "key.pem", "us", endpoint_url=url, deadline=0.4,
            rate_limits=RateLimits("sandbox", redis=redis),
        ) as client:
            print("ready", flush=True)
            sys.stdin.readline()
            for _ in range(20):
                try:
                    client.get_charge("C1")
                except HeldBack:
                    print("held back")
    """
    arrived: list[bytes] = []

    def counting(peer: socket.socket) -> None:
        while request := read_request(peer):
            arrived.append(request)
            peer.sendall(OK)

    with serving(counting) as server:
        url = f"http://127.0.0.1:{server.port}"
        command = [sys.executable, "-c", textwrap.dedent(code), url, path]
        shops = [
            subprocess.Popen(
                command,
                cwd=tmp_path,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(4)
        ]
        for shop in shops:
            assert shop.stdout is not None
            assert shop.stdout.readline() == "ready\n"
        started = seconds_of(redis)
        held_back = 0
        for shop in shops:
            assert shop.stdin is not None
            shop.stdin.write("go\n")
            shop.stdin.flush()
        for shop in shops:
            output, _ = shop.communicate()
            assert shop.returncode == 0
            held_back += output.count("held back")
        ended = seconds_of(redis)
    assert len(arrived) + held_back == 80
    assert 5 <= len(arrived) <= 5 + (ended - started) * 1 + 0.001


# A Redis that fails -------------------------------------------------------------------


def test_without_redis_each_process_paces_on_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time, bucket = ScriptedTime(), Bucket("b", Limit(2, 1))
    with socket_path() as path:
        limits = RateLimits("live", redis=away(path))
        with caplog.at_level(logging.WARNING):
            assert [limits.take_turn(bucket, time) for _ in range(3)] == [0.0, 0.0, 1.0]
    (record,) = caplog.records
    assert "no answer from Redis (ConnectionError)" in record.getMessage()
    assert path not in record.getMessage()


def test_a_redis_that_failed_is_asked_again_after_a_rest() -> None:
    time, bucket = ScriptedTime(), Bucket("b", Limit(2, 1))
    with socket_path() as path:
        limits = RateLimits("live", redis=away(path))
        limits.take_turn(bucket, time)
        with redis_server(path), Redis(unix_socket_path=path) as redis:
            time.seconds += 29.9
            limits.take_turn(bucket, time)
            assert redis.dbsize() == 0
            time.seconds += 0.1
            limits.take_turn(bucket, time)
            assert redis.dbsize() == 1


async def test_an_async_client_goes_on_without_redis(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), socket_path() as path:
        nobody = AsyncRedis(unix_socket_path=path, retry=AsyncRetry(NoBackoff(), 0))
        client = client_for(RateLimits("sandbox", redis=nobody), AsyncClient)
        assert (await client.get_charge("C1")).ok
    (line,) = [one for one in caplog.messages if "Redis" in one]
    assert "no answer from Redis (ConnectionError)" in line


class SilentRedis:
    """A Redis that never answers."""

    async def __aenter__(self) -> None:
        raise NotImplementedError

    async def time(self) -> None:
        await anyio.sleep_forever()


@pytest.mark.parametrize(
    "anyio_backend",
    [("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})],
    ids=["trio"],
)
async def test_an_async_client_does_not_wait_for_a_redis_that_is_silent() -> None:
    silent: Any = SilentRedis()
    started = trio.current_time()
    client = client_for(RateLimits("sandbox", redis=silent), AsyncClient)
    assert (await client.get_charge("C1")).ok
    assert trio.current_time() - started == pytest.approx(1.0)
