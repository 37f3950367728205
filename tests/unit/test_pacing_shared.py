"""Pacing over a shared Redis: fakeredis in the inner loop, and a real one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import fakeredis
import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from AmazonPay import AsyncClient, Client, ConfigurationError, RateLimits, pacing
from AmazonPay._core.steps import Now
from AmazonPay.pacing import Bucket, Limit
from callers import result
from paced import ScriptedTime, client_for, seconds_of
from redis_server import redis_server, socket_path

if TYPE_CHECKING:
    from collections.abc import Generator


class Server(Protocol):
    """A Redis without keys, and how to connect to it."""

    def blocking(self) -> Redis: ...
    def awaited(self) -> AsyncRedis: ...


class Fake:
    def __init__(self) -> None:
        self._server = fakeredis.FakeServer()

    def blocking(self) -> Redis:
        return fakeredis.FakeRedis(server=self._server)

    def awaited(self) -> AsyncRedis:
        return fakeredis.FakeAsyncRedis(server=self._server)


class Real:
    def __init__(self, path: str) -> None:
        self._path = path

    def blocking(self) -> Redis:
        return Redis(unix_socket_path=self._path)

    def awaited(self) -> AsyncRedis:
        return AsyncRedis(unix_socket_path=self._path)


@pytest.fixture(
    scope="module", params=["fake", pytest.param("real", marks=pytest.mark.slow)]
)
def server(request: pytest.FixtureRequest) -> Generator[Server]:
    if request.param == "fake":
        yield Fake()
        return
    with socket_path() as path, redis_server(path):
        yield Real(path)


@pytest.fixture
def redis(server: Server) -> Generator[Redis]:
    with server.blocking() as redis:
        redis.flushall()
        yield redis


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


@pytest.mark.parametrize(
    ("kind", "anyio_backend", "awaited"),
    [
        (Client, "asyncio", False),
        (AsyncClient, "asyncio", False),
        (AsyncClient, "trio", False),
        (AsyncClient, "asyncio", True),
    ],
    ids=["blocking", "asyncio", "trio", "awaited"],
)
async def test_pauses_that_are_skipped_count_with_the_clock_of_redis(
    kind: Any,
    awaited: bool,
    server: Server,
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given: Any = server.awaited() if awaited else redis
    client = client_for(RateLimits("sandbox", redis=given), kind)
    before = await result(client.perform(Now()))
    for _ in range(60):
        await result(client.get_charge("C1"))
    assert await result(client.perform(Now())) - before > 54.9
    assert len(list(redis.scan_iter())) == 1
    assert not any("Redis" in line for line in caplog.messages)
    if awaited:
        await given.aclose()


async def test_both_clients_share_a_bucket(server: Server, redis: Redis) -> None:
    limits = RateLimits("sandbox", redis=redis)
    client_for(limits).get_charge("C1")

    async with server.awaited() as given:
        limits = RateLimits("live", redis=given)
        await client_for(limits, AsyncClient).get_charge("C1")
    assert len(list(redis.scan_iter())) == 1


def test_a_blocking_client_refuses_a_redis_that_is_awaited() -> None:
    limits = RateLimits("live", redis=AsyncRedis())
    with pytest.raises(ConfigurationError, match="needs an AsyncClient"):
        client_for(limits)


@pytest.mark.parametrize("awaits", [False, True])
async def test_a_redis_whose_clock_was_set_back_stops_nobody(
    awaits: bool, server: Server, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    time, bucket = ScriptedTime(), Bucket("b", Limit(2, 1))
    in_an_hour = int((seconds_of(redis) + 3600) * 1e6)
    redis.hset("b", "tat1", str(in_an_hour))
    async with server.awaited() as awaited:
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                if awaits:
                    limits = RateLimits("live", redis=awaited)
                    assert await limits.atake_turn(bucket, time) == 0.0
                else:
                    limits = RateLimits("live", redis=redis)
                    assert limits.take_turn(bucket, time) == 0.0
    assert len(caplog.records) == 2


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
