"""The rate limits of a bulk run, and how long it takes under them."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError
from ..pacing import LIVE, SANDBOX, Limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._core.config import Environment
    from .kinds import KindName

_GRANTED: Final = re.compile(r"([a-z_-]+)=([0-9]{1,9})/([0-9]{1,9})")

# The calls that the helper of a row makes: it looks before and after it acts, and a
# refund can only be looked at when it is made.
_CALLS: Final[Mapping[KindName, Mapping[str, int]]] = {
    "capture": {"get_charge": 2, "capture_charge": 1},
    "refund": {"create_refund": 1, "get_refund": 1},
    "cancel": {"get_charge": 2, "cancel_charge": 1},
    "close": {"get_charge_permission": 2, "close_charge_permission": 1},
}

REDIS_SECONDS: Final = 0.5
"""How long a Redis may take: while it fails, each process paces on its own."""


def limits_for(
    environment: Environment, granted: Sequence[str] = ()
) -> dict[str, Limit]:
    """Return the published limits, with those that Amazon has granted in their place.

    A granted limit is written `create_refund=40/16`: the quota, and the restore rate.

    Raises:
        ConfigurationError: one is written in another way.
    """
    limits = dict(LIVE if environment == "live" else SANDBOX)
    for text in granted:
        found = _GRANTED.fullmatch(text)
        operation = found[1].replace("-", "_") if found else ""
        if found is None or operation not in limits:
            raise ConfigurationError(
                f"the limit {text!r} is not written as create_refund=40/16: an"
                " operation that has a limit, its quota and its restore rate"
            )
        limits[operation] = Limit(int(found[2]), int(found[3]))
    return limits


def redis_at(url: str, *, awaits: bool = False) -> Any:  # noqa: ANN401 - a blocking or an async Redis
    """Return a Redis that fails fast, so that it never holds up a row.

    Raises:
        ConfigurationError: it is not the URL of a Redis, or the extra `[redis]` is not
            installed.
    """
    try:
        import redis.asyncio
        from redis.asyncio.retry import Retry as AsyncRetry
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ModuleNotFoundError:
        raise ConfigurationError(
            "pacing on a Redis needs redis: install this package with its extra [redis]"
        ) from None
    kind: Any = redis.asyncio.Redis if awaits else redis.Redis
    retry: Any = AsyncRetry if awaits else Retry
    made = None
    with contextlib.suppress(ValueError):  # its text may hold the password
        made = kind.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=retry(NoBackoff(), 0),
        )
    if made is None:
        raise ConfigurationError("the URL of the Redis is not like redis://HOST:6379")
    return made


def seconds_for(kind: KindName, rows: int, limits: Mapping[str, Limit]) -> float:
    """Return how many seconds so many rows take, if nothing but the limits slows them.

    The bucket that is empty longest decides.
    """
    return max(
        max(0.0, rows * calls - limits[operation].quota) / limits[operation].restore
        for operation, calls in _CALLS[kind].items()
    )
