"""Pacing: send no faster than Amazon's limits allow, off by default.

Amazon keeps a leaky bucket for each operation of a merchant, and answers 429 to what
overflows it. A client with `rate_limits` keeps the same bucket, in memory or in a Redis
that many processes share, and waits for its turn before it signs; what cannot have its
turn within the deadline of the call is not sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._core.operation import operations_of
from ._core.retry import Failure
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

# How long a Redis that failed is left alone, and how long an awaited one may take.
_REST = 30.0
_PATIENCE = 1.0
_MILLISECONDS = 1000

# Quota and restore rate, live, then sandbox: `amazon-pay-api-v2/api-throttling-limits
# .html`, US and EU; the figures for Japan were not seen (unconfirmed, taken as equal).
# What stands in no row has no published limit (unconfirmed) and is not paced: a guess
# would hold back payments, where a 429 is answered at once and repeated.
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

# Two names of one path: Amazon cannot tell them apart, so they share a bucket.
_SAME_PATH = {"register_amazon_pay_account": "create_merchant_account"}


@dataclass(frozen=True, slots=True)
class Limit:
    """A leaky bucket: `quota` requests may come at once, `restore` more each second."""

    quota: int
    restore: int

    def __post_init__(self) -> None:
        for number in (self.quota, self.restore):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
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
    """Tell the published limit of an operation; None where there is none."""
    table = LIVE if environment == "live" else SANDBOX
    return table.get(_SAME_PATH.get(operation, operation))


_NAMED: Mapping[object, Mapping[str, Limit]] = {"live": LIVE, "sandbox": SANDBOX}


@dataclass(frozen=True, slots=True)
class Bucket:
    """What calls of one operation by one key id share."""

    key: str
    limit: Limit


class RateLimits:
    """Limits to pace by, and where the state of their buckets is kept.

    Clients that are given the same object share its buckets. Without `redis` they are
    in memory, and each process has its own.

    Args:
        limits: `"live"` or `"sandbox"`, or what Amazon has granted you: a mapping of
            method names to `Limit`, such as `{**LIVE, "create_charge": Limit(40, 16)}`.
        redis: A `redis.Redis`, or for an `AsyncClient` on asyncio a
            `redis.asyncio.Redis`; a blocking one is asked in a thread there. It stays
            yours: give it short time-outs, and close it. While it fails, each process
            paces on its own.

    Raises:
        ConfigurationError: limits of other words, an unknown method, or the extra
            `[pacing]` is not installed.
    """

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
        self._redis: Any = redis
        self.awaits = hasattr(redis, "__aenter__")
        """Whether its Redis must be awaited."""
        self._shared: dict[str, StateStore] = {}
        # A fork must not share a lock that another thread may hold.
        self._by_process: dict[int, dict[str, StateStore]] = {}
        self._redis_rests_until = 0.0

    def bucket(self, signer: RequestSigner, operation: str) -> Bucket | None:
        """Find the bucket of a call; None if it is not paced."""
        operation = _SAME_PATH.get(operation, operation)
        limit = self._limits.get(operation)
        if limit is None:
            return None
        # Hashed: a Redis shows its keys to more people than may know the merchant.
        endpoint = signer.endpoint
        whose = (signer.public_key_id, endpoint.authority, endpoint.environment)
        from hashlib import sha256

        digest = sha256(" ".join(whose).encode()).hexdigest()[:32]
        return Bucket(f"amazonpay:{digest}:{operation}", limit)

    def take(self, bucket: Bucket, time: Time) -> float:
        """Take a turn, and give 0; or tell in how many seconds to ask again."""
        if self._may_ask_redis(time):
            try:
                return self._ask_redis(bucket, time)
            except Exception as error:  # noqa: BLE001 - whatever fails there, payments go on
                self._leave_redis_alone(error, time)
        return self._ask_here(bucket, time)

    async def atake(self, bucket: Bucket, time: Time) -> float:
        """Do the same, awaiting."""
        if self._may_ask_redis(time):
            import anyio

            try:
                with anyio.fail_after(_PATIENCE):
                    return await self._aask_redis(bucket, time)
            except Exception as error:  # noqa: BLE001 - whatever fails there, payments go on
                self._leave_redis_alone(error, time)
        return self._ask_here(bucket, time)

    def _ask_here(self, bucket: Bucket, time: Time) -> float:
        # Only a test in a process of its own notices a change of the next line.
        stores = self._by_process.setdefault(os.getpid(), {})  # pragma: no mutate
        store = stores.setdefault(bucket.key, self._library.InMemoryStateStore())
        return _wait(self._check(store, bucket, time.now()))

    def _ask_redis(self, bucket: Bucket, time: Time) -> float:
        now = _moment(self._redis.time(), time)
        decision: Decision = self._check(self._store(bucket), bucket, now)
        return _plausible(_wait(decision), bucket)

    async def _aask_redis(self, bucket: Bucket, time: Time) -> float:
        if not self.awaits:
            import anyio.to_thread

            return await anyio.to_thread.run_sync(
                self._ask_redis, bucket, time, abandon_on_cancel=True
            )
        now = _moment(await self._redis.time(), time)
        decision: Decision = await self._check(self._store(bucket), bucket, now)
        return _plausible(_wait(decision), bucket)

    def _store(self, bucket: Bucket) -> StateStore:
        """Find the bucket in Redis: the library steps it there by one Lua script."""
        store = self._library.RedisStateStore(self._redis, bucket.key)
        return self._shared.setdefault(bucket.key, store)

    def _check(self, store: StateStore, bucket: Bucket, now: float) -> Any:  # noqa: ANN401 - awaitable, or not, as the store is
        rate: Rate = self._library.Rate(
            bucket.limit.restore, _MILLISECONDS, burst=bucket.limit.quota
        )
        moment = int(now * _MILLISECONDS)
        return store.check(self._library.TokenBucket(), [rate], moment, 1)

    def _may_ask_redis(self, time: Time) -> bool:
        return self._redis is not None and time.now() >= self._redis_rests_until

    def _leave_redis_alone(self, error: Exception, time: Time) -> None:
        self._redis_rests_until = time.now() + _REST
        LOGGER.warning(
            "pacing got no answer from Redis (%s): this process paces on its own for"
            " %.0f s",
            type(error).__name__,
            _REST,
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


def _moment(redis_time: tuple[int, int], time: Time) -> float:
    """Take the clock of Redis: those of many machines never agree."""
    seconds, microseconds = redis_time
    parts = 1e6  # pragma: no mutate - one more of a million is no measurable wait
    return seconds + microseconds / parts + time.skipped


def _wait(decision: Decision) -> float:
    if decision.allowed:
        return 0.0
    wait: int = decision.retry_after_ms  # type: ignore[assignment] # None if allowed
    return wait / _MILLISECONDS


class _ClockMoved(Exception):  # noqa: N818 - named like errors are here; it never leaves
    """The clock of Redis was set back, or another Redis took over."""


def _plausible(wait: float, bucket: Bucket) -> float:
    """Refuse a wait that a running clock cannot give: it might last for hours."""
    if wait > 1 / bucket.limit.restore + _PATIENCE:
        raise _ClockMoved
    return wait


def limits_from(value: RateLimits | Literal["live", "sandbox"]) -> RateLimits:
    """Read `rate_limits=`: a name is a `RateLimits` in memory."""
    return value if isinstance(value, RateLimits) else RateLimits(value)


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
