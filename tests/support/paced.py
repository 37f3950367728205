"""Clients that send to nobody, at the pace of shared rate limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from AmazonPay import Client, Retry
from AmazonPay._core.clock import Time
from keys import KEY

if TYPE_CHECKING:
    from redis import Redis

    from AmazonPay import RateLimits

AT_ONCE = Retry(base=0.0, wait=False)


class ScriptedTime(Time):
    """A clock of one machine, which may be wrong."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


def seconds_of(redis: Redis) -> float:
    clock: Any = redis.time()
    return float(clock[0]) + float(clock[1]) / 1e6


def ok(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={})


def client_for(limits: RateLimits, kind: Any = Client) -> Any:
    transport = httpx2.MockTransport(ok)
    return kind(
        "SANDBOX-A", KEY, "us", transport=transport, retry=AT_ONCE, rate_limits=limits
    )
