"""Pacing: send no faster than Amazon's limits allow; off by default.

Amazon keeps a leaky bucket for each operation of a merchant, and answers 429 when it
overflows. A client with `rate_limits` keeps an equal bucket, in memory or in a Redis
that several processes share, and waits for its turn before it signs. An attempt that
gets no turn before the deadline of its call is not sent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._core.checks import is_count
from ._core.operation import operations_of
from ._core.retry import Failure
from ._core.signals import signal_error_in
from ._core.steps import Flow, TakeTurn, Wait
from ._core.telemetry import LOGGER
from .errors import ConfigurationError, HeldBack
from .resources import Operations

if TYPE_CHECKING:
    from pyrate_limiter import Decision, Rate, StateStore
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

    from ._core.call import Call
    from ._core.clock import Time
    from ._core.config import Environment
    from ._signing.request_signer import RequestSigner

# Seconds for which a failed Redis is not used, and seconds that an async one may take.
_REDIS_PAUSE = 30.0
_REDIS_TIMEOUT = 1.0
_MILLISECONDS = 1000

# Quota and restore rate, live, then sandbox: `amazon-pay-api-v2/api-throttling-limits
# .html`, US and EU; the figures for Japan were not seen (unconfirmed, taken as equal).
# An operation without a row has no published limit (unconfirmed) and is not paced: a
# guess would delay payments, while a 429 comes at once and is repeated.
_TABLE: dict[str, tuple[int, ...]] = {
    "create_checkout_session": (40, 16, 5, 1),
    "get_checkout_session": (40, 8, 10, 1),
    "update_checkout_session": (20, 8, 5, 1),
    "complete_checkout_session": (20, 4, 2, 1),
    "get_charge_permission": (20, 4, 10, 1),
    "update_charge_permission": (10, 2, 5, 1),
    "close_charge_permission": (10, 2, 2, 1),
    "create_charge": (10, 4, 2, 1),
    "get_charge": (20, 4, 5, 1),
    "capture_charge": (20, 4, 2, 1),
    "cancel_charge": (10, 2, 2, 1),
    "create_refund": (10, 4, 2, 1),
    "get_refund": (20, 4, 5, 1),
    "create_delivery_tracker": (10, 1, 1, 1),
    "get_authorization_token": (5, 1),
    "create_merchant_account": (10, 1, 1, 1),
}

# Methods with the same path share a bucket, because Amazon cannot distinguish them.
_SAME_PATH = {"register_amazon_pay_account": "create_merchant_account"}


@dataclass(frozen=True, slots=True)
class Limit:
    """A leaky bucket: `quota` requests at once, and `restore` more each second."""

    quota: int
    restore: int

    def __post_init__(self) -> None:
        if not (is_count(self.quota) and is_count(self.restore)):
            raise ConfigurationError("a Limit is made of two ints of 1 or more")


LIVE: Mapping[str, Limit] = MappingProxyType(
    {operation: Limit(*row[:2]) for operation, row in _TABLE.items()}
)
"""The published limits of live calls, by the method's name."""

SANDBOX: Mapping[str, Limit] = MappingProxyType(
    {operation: Limit(*row[2:]) for operation, row in _TABLE.items() if row[2:]}
)
"""The published limits of sandbox calls, by the method's name."""

Limits: TypeAlias = Literal["live", "sandbox"] | Mapping[str, Limit]


def limit_of(operation: str, environment: Environment) -> Limit | None:
    """Return the published limit of an operation, or None."""
    table = LIVE if environment == "live" else SANDBOX
    return table.get(_SAME_PATH.get(operation, operation))


_NAMED: Mapping[object, Mapping[str, Limit]] = {"live": LIVE, "sandbox": SANDBOX}


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket that the calls of one operation by one key id share."""

    key: str
    limit: Limit


class RateLimits:
    """Limits, and the place where the state of their buckets is kept.

    Clients that get the same object share its buckets. Without `redis` the buckets are
    in memory, separate for each process.

    Args:
        limits: `"live"` or `"sandbox"`, or the limits that Amazon has granted you: a
            mapping of method names to `Limit`, such as
            `{**LIVE, "create_charge": Limit(40, 16)}`.
        redis: A `redis.Redis`, or for an `AsyncClient` on asyncio a
            `redis.asyncio.Redis`; an `AsyncClient` uses a blocking one in a thread.
            Give it short time-outs, and close it yourself. While it fails, each process
            paces on its own.

    Raises:
        ConfigurationError: `limits` is something else or has an unknown method, or the
            extra `[pacing]` is not installed.
    """

    __slots__ = (
        "_by_process",
        "_library",
        "_limits",
        "_redis",
        "_redis_paused_until",
        "_shared",
        "awaits",
    )

    def __init__(
        self, limits: Limits, *, redis: Redis | AsyncRedis | None = None
    ) -> None:
        try:
            import pyrate_limiter
        except ModuleNotFoundError:
            raise ConfigurationError(
                "rate_limits needs pyrate-limiter: install this package with its extra"
                " [pacing]"
            ) from None
        self._library = pyrate_limiter
        self._limits = _checked(limits)
        if redis is not None and not callable(getattr(redis, "time", None)):
            raise ConfigurationError(
                "redis is a redis.Redis or redis.asyncio.Redis, such as"
                f" redis.Redis.from_url(…), not {type(redis).__name__}"
            )
        self._redis: Any = redis
        self.awaits = hasattr(redis, "__aenter__")
        """Whether the Redis is async."""
        self._shared: dict[str, StateStore] = {}
        # By process id: a fork must not share a lock that another thread may hold.
        self._by_process: dict[int, dict[str, StateStore]] = {}
        self._redis_paused_until = 0.0

    def bucket(self, signer: RequestSigner, operation: str) -> Bucket | None:
        """Return the bucket of a call; None if the operation is not paced."""
        operation = _SAME_PATH.get(operation, operation)
        limit = self._limits.get(operation)
        if limit is None:
            return None
        # Hashed, because more people see a Redis's keys than may know the merchant.
        endpoint = signer.endpoint
        whose = (signer.public_key_id, endpoint.authority, endpoint.environment)
        digest = sha256(" ".join(whose).encode()).hexdigest()[:32]
        return Bucket(f"amazonpay:{digest}:{operation}", limit)

    def take_turn(self, bucket: Bucket, time: Time) -> float:
        """Take a turn and return 0, or return the seconds until the next try."""
        if self._may_ask_redis(time):
            handled = sys.exception()
            try:
                return self._ask_redis(bucket, time)
            except Exception as error:  # noqa: BLE001 - no failure of Redis may stop payments
                if foreign := signal_error_in(error, handled):
                    raise foreign from None
                self._pause_redis(error, time)
        return self._ask_memory(bucket, time)

    async def atake_turn(self, bucket: Bucket, time: Time) -> float:
        """Do what `take_turn` does, awaiting."""
        if self._may_ask_redis(time):
            import anyio

            handled = sys.exception()
            try:
                with anyio.fail_after(_REDIS_TIMEOUT):
                    return await self._aask_redis(bucket, time)
            except Exception as error:  # noqa: BLE001 - no failure of Redis may stop payments
                if foreign := signal_error_in(error, handled):
                    raise foreign from None
                self._pause_redis(error, time)
        return self._ask_memory(bucket, time)

    def _ask_memory(self, bucket: Bucket, time: Time) -> float:
        # Only a test in a process of its own notices a change of the next line.
        stores = self._by_process.setdefault(os.getpid(), {})  # pragma: no mutate
        store = stores.setdefault(bucket.key, self._library.InMemoryStateStore())
        return _seconds_to_wait(self._check(store, bucket, time.now()))

    def _ask_redis(self, bucket: Bucket, time: Time) -> float:
        now = _redis_now(self._redis.time(), time)
        decision: Decision = self._check(self._store(bucket), bucket, now)
        return _plausible(_seconds_to_wait(decision), bucket)

    async def _aask_redis(self, bucket: Bucket, time: Time) -> float:
        if not self.awaits:
            import anyio.to_thread

            return await anyio.to_thread.run_sync(
                self._ask_redis, bucket, time, abandon_on_cancel=True
            )
        now = _redis_now(await self._redis.time(), time)
        decision: Decision = await self._check(self._store(bucket), bucket, now)
        return _plausible(_seconds_to_wait(decision), bucket)

    def _store(self, bucket: Bucket) -> StateStore:
        """Return the bucket's store in Redis; one Lua script updates it atomically."""
        store = self._library.RedisStateStore(self._redis, bucket.key)
        return self._shared.setdefault(bucket.key, store)

    def _check(self, store: StateStore, bucket: Bucket, now: float) -> Any:  # noqa: ANN401 - awaitable if the store is async
        rate: Rate = self._library.Rate(
            bucket.limit.restore, _MILLISECONDS, burst=bucket.limit.quota
        )
        moment = int(now * _MILLISECONDS)
        return store.check(self._library.TokenBucket(), [rate], moment, 1)

    def _may_ask_redis(self, time: Time) -> bool:
        return self._redis is not None and time.now() >= self._redis_paused_until

    def _pause_redis(self, error: Exception, time: Time) -> None:
        self._redis_paused_until = time.now() + _REDIS_PAUSE
        LOGGER.warning(
            "pacing got no answer from Redis (%s): this process paces on its own for"
            " %.0f s",
            type(error).__name__,
            _REDIS_PAUSE,
        )


def _checked(limits: Limits) -> Mapping[str, Limit]:
    if not isinstance(limits, Mapping):
        if not isinstance(limits, str) or limits not in _NAMED:
            raise ConfigurationError(
                'rate_limits is "live", "sandbox", or a RateLimits of yours'
            )
        return _NAMED[limits]
    known = operations_of(Operations)
    for operation, limit in limits.items():
        if operation not in known or not isinstance(limit, Limit):
            raise ConfigurationError(
                "limits map a method's name, such as 'create_charge', to a Limit"
            )
    return {_SAME_PATH.get(name, name): limit for name, limit in limits.items()}


def _redis_now(redis_time: tuple[int, int], time: Time) -> float:
    """Return the time of Redis in seconds, because the clocks of machines differ."""
    seconds, microseconds = redis_time
    parts = 1e6  # pragma: no mutate - an error of one in a million is not measurable
    return seconds + microseconds / parts + time.skipped


def _seconds_to_wait(decision: Decision) -> float:
    if decision.allowed:
        return 0.0
    wait: int = decision.retry_after_ms  # type: ignore[assignment] # None if allowed
    return wait / _MILLISECONDS


class _ClockMoved(Exception):  # noqa: N818 - internal; it never reaches users
    """The clock of Redis was set back, or another Redis replaced it."""


def _plausible(wait: float, bucket: Bucket) -> float:
    """Return the wait; raise if it is so long that the clock must have moved."""
    if wait > 1 / bucket.limit.restore + _REDIS_TIMEOUT:
        raise _ClockMoved
    return wait


def limits_from(value: RateLimits | Literal["live", "sandbox"]) -> RateLimits:
    """Return the `RateLimits` for `rate_limits=`; a name becomes one in memory."""
    if isinstance(value, RateLimits):
        return value
    if not isinstance(value, str):
        raise ConfigurationError(
            'rate_limits is "live", "sandbox", or a RateLimits, not'
            f" {type(value).__name__}"
        )
    return RateLimits(value)


# Attempts that wait for their turn ----------------------------------------------------

_HELD_BACK = Failure(
    HeldBack,
    "the rate limit leaves no room before the deadline",
    sent=False,
    final=True,
)


def turn(
    limits: RateLimits, signer: RequestSigner, call: Call, time: Time, time_left: float
) -> Flow[Failure | None]:
    """Wait for a call's turn; return a `Failure` if `time_left` seconds are too few."""
    bucket = limits.bucket(signer, call.operation)
    if bucket is None:
        return None
    ends = time.now() + time_left
    while True:
        wait: float = yield TakeTurn(limits, bucket)
        if time.now() + wait >= ends:
            return _HELD_BACK
        if not wait:
            return None
        yield Wait(wait)
