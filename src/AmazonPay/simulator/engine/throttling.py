"""Limits on the rate of calls: `amazon-pay-api-v2/api-throttling-limits.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...pacing import limit_of

if TYPE_CHECKING:
    from datetime import datetime

    from ..._core.config import Environment


class Throttle:
    """One bucket for each account, caller, environment and operation.

    Calls that a solution provider makes for a merchant have a bucket of their own:
    Amazon counts by the pair of merchant account and developer account.
    """

    def __init__(self) -> None:
        self._levels: dict[tuple[str | None, ...], tuple[float, datetime]] = {}

    def admits(
        self,
        owner: str,
        environment: Environment,
        operation: str,
        now: datetime,
        delegate: str | None = None,
    ) -> bool:
        """Return whether the bucket has room for a call; only then is it counted."""
        limit = limit_of(operation, environment)
        if limit is None:
            return True
        bucket = (owner, delegate, operation)
        level, since = self._levels.get(bucket, (0.0, now))
        level = max(0.0, level - (now - since).total_seconds() * limit.restore)
        admitted = level + 1 <= limit.quota
        self._levels[bucket] = (level + admitted, now)
        return admitted
