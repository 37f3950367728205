"""Pacing that many processes share, in a real Redis on a socket of this machine."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
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

from AmazonPay import (
    AsyncClient,
    Client,
    ConfigurationError,
    RateLimits,
    Retry,
    pacing,
)
from AmazonPay._core.clock import Time
from AmazonPay._core.steps import Now
from AmazonPay.pacing import Bucket, Limit
from keys import KEY
from loopback import OK, read_request, serving
from redis_server import redis_server, socket_path

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator
    from pathlib import Path

PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
AT_ONCE = Retry(base=0.0, wait=False)


class ScriptedTime(Time):
    """A clock of one machine, which may be wrong."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


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


def seconds_of(redis: Redis) -> float:
    clock: Any = redis.time()
    return float(clock[0]) + float(clock[1]) / 1e6


def ok(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={})


def client_for(limits: RateLimits) -> Client:
    transport = httpx2.MockTransport(ok)
    return Client(
        "SANDBOX-A", KEY, "us", transport=transport, retry=AT_ONCE, rate_limits=limits
    )


def async_client_for(limits: RateLimits) -> AsyncClient:
    transport = httpx2.MockTransport(ok)
    return AsyncClient(
        "SANDBOX-A", KEY, "us", transport=transport, retry=AT_ONCE, rate_limits=limits
    )


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


def test_clocks_that_disagree_share_the_clock_of_redis(redis: Redis) -> None:
    bucket = Bucket("b", Limit(4, 1))
    takes = [
        RateLimits("live", redis=redis).take_turn(bucket, ScriptedTime(seconds))
        for seconds in (0.0, 1e9, 5.0, 2e9, 0.0, 1e9)
    ]
    assert takes[:4] == [0.0] * 4
    assert all(0.0 < wait <= 1.0 for wait in takes[4:])


def test_a_key_is_gone_when_its_bucket_is_full_again(redis: Redis) -> None:
    client_for(RateLimits("sandbox", redis=redis)).get_charge("C1")
    (key,) = list(redis.scan_iter())
    assert b"SANDBOX-A" not in key
    assert 0 < int(str(redis.pttl(key))) <= 10_000


def test_pauses_that_are_skipped_count_with_the_clock_of_redis(redis: Redis) -> None:
    client = client_for(RateLimits("sandbox", redis=redis))
    before: Any = client.perform(Now())
    for _ in range(60):
        client.get_charge("C1")
    after: Any = client.perform(Now())
    assert after - before > 54.9
    assert len(list(redis.scan_iter())) == 1


def test_an_awaited_redis_paces_the_async_client(
    path: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> Any:
        async with AsyncRedis(unix_socket_path=path) as given:
            client = async_client_for(RateLimits("sandbox", redis=given))
            before: Any = await client.perform(Now())
            for _ in range(60):
                await client.get_charge("C1")
            after: Any = await client.perform(Now())
            return after - before

    assert anyio.run(main) > 54.9
    assert len(list(redis.scan_iter())) == 1
    assert not any("Redis" in line for line in caplog.messages)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_blocking_redis_is_asked_in_a_thread(backend: str, redis: Redis) -> None:
    async def main() -> Any:
        client = async_client_for(RateLimits("sandbox", redis=redis))
        before: Any = await client.perform(Now())
        for _ in range(60):
            await client.get_charge("C1")
        after: Any = await client.perform(Now())
        return after - before

    assert anyio.run(main, backend=backend) > 54.9
    assert len(list(redis.scan_iter())) == 1


def test_both_clients_share_a_bucket(path: str, redis: Redis) -> None:
    limits = RateLimits("sandbox", redis=redis)
    client_for(limits).get_charge("C1")

    async def main() -> None:
        async with AsyncRedis(unix_socket_path=path) as given:
            await async_client_for(RateLimits("live", redis=given)).get_charge("C1")

    anyio.run(main)
    assert len(list(redis.scan_iter())) == 1


def test_a_blocking_client_refuses_a_redis_that_is_awaited() -> None:
    limits = RateLimits("live", redis=AsyncRedis())
    with pytest.raises(ConfigurationError, match="needs an AsyncClient"):
        client_for(limits)


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


def test_a_redis_whose_clock_was_set_back_stops_nobody(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    time, bucket = ScriptedTime(), Bucket("b", Limit(2, 1))
    in_an_hour = int((seconds_of(redis) + 3600) * 1e6)
    redis.hset("b", "tat1", str(in_an_hour))
    with caplog.at_level(logging.WARNING):
        waits = [
            RateLimits("live", redis=redis).take_turn(bucket, time) for _ in range(2)
        ]
    assert waits == [0.0, 0.0]
    assert len(caplog.records) == 2


def test_an_awaited_redis_whose_clock_was_set_back_stops_nobody(
    path: str, redis: Redis
) -> None:
    bucket = Bucket("b", Limit(2, 1))
    in_an_hour = int((seconds_of(redis) + 3600) * 1e6)
    redis.hset("b", "tat1", str(in_an_hour))

    async def main() -> list[float]:
        async with AsyncRedis(unix_socket_path=path) as given:
            time = ScriptedTime()
            return [
                await RateLimits("live", redis=given).atake_turn(bucket, time)
                for _ in range(2)
            ]

    assert anyio.run(main) == [0.0, 0.0]


@pytest.mark.parametrize("wait", [0.0, 1.0, 1.25])
def test_a_wait_that_one_turn_takes_is_believed(wait: float) -> None:
    assert pacing._plausible(wait, Bucket("b", Limit(9, 4))) == wait  # noqa: SLF001 - its limits


@pytest.mark.parametrize("wait", [1.26, 1.4, 4.0])
def test_a_longer_wait_is_not_believed(wait: float) -> None:
    with pytest.raises(pacing._ClockMoved):  # noqa: SLF001 - it never leaves
        pacing._plausible(wait, Bucket("b", Limit(9, 4)))  # noqa: SLF001 - its limits


def test_operations_have_buckets_of_their_own_in_redis(redis: Redis) -> None:
    limits, time = RateLimits("live", redis=redis), ScriptedTime()
    one, other = (Bucket(key, Limit(1, 1)) for key in ("one", "other"))
    assert [limits.take_turn(one, time), limits.take_turn(other, time)] == [0.0, 0.0]
    assert limits.take_turn(one, time) > 0.0
    assert sorted(str(key) for key in redis.scan_iter()) == ["b'one'", "b'other'"]


def test_an_async_client_goes_on_without_redis(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        with socket_path() as path:
            nobody = AsyncRedis(unix_socket_path=path, retry=AsyncRetry(NoBackoff(), 0))
            client = async_client_for(RateLimits("sandbox", redis=nobody))
            assert (await client.get_charge("C1")).ok

    with caplog.at_level(logging.WARNING):
        anyio.run(main)
    (line,) = [one for one in caplog.messages if "Redis" in one]
    assert "no answer from Redis (ConnectionError)" in line


class SilentRedis:
    """A Redis that never answers."""

    async def __aenter__(self) -> None:
        raise NotImplementedError

    async def time(self) -> None:
        await anyio.sleep_forever()


def test_an_async_client_does_not_wait_for_a_redis_that_is_silent() -> None:
    silent: Any = SilentRedis()
    clock = trio.testing.MockClock(autojump_threshold=0)

    async def main() -> None:
        client = async_client_for(RateLimits("sandbox", redis=silent))
        assert (await client.get_charge("C1")).ok
        assert trio.current_time() - started == pytest.approx(1.0)

    started = clock.current_time()
    trio.run(main, clock=clock)
