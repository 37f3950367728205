"""How many calls may come: `amazon-pay-api-v2/api-throttling-limits.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from .._config import Environment


@dataclass(frozen=True, slots=True)
class Quota:
    """A leaky bucket's size, and how fast it leaks."""

    at_once: int
    per_second: int


# Live, then sandbox. Every region's rows seen are the same; Japan's were not seen
# (unconfirmed). Operations that are not named here have no known quota.
_QUOTAS = {
    "create_checkout_session": (Quota(40, 16), Quota(5, 1)),
    "get_checkout_session": (Quota(40, 8), Quota(10, 1)),
    "update_checkout_session": (Quota(20, 8), Quota(5, 1)),
    "complete_checkout_session": (Quota(20, 4), Quota(2, 1)),
    "get_charge_permission": (Quota(20, 4), Quota(10, 1)),
    "update_charge_permission": (Quota(10, 2), Quota(5, 1)),
    "close_charge_permission": (Quota(10, 2), Quota(2, 1)),
    "create_charge": (Quota(10, 4), Quota(2, 1)),
    "get_charge": (Quota(20, 4), Quota(5, 1)),
    "capture_charge": (Quota(20, 4), Quota(2, 1)),
    "cancel_charge": (Quota(10, 2), Quota(2, 1)),
    "create_refund": (Quota(10, 4), Quota(2, 1)),
    "get_refund": (Quota(20, 4), Quota(5, 1)),
    "create_delivery_tracker": (Quota(10, 1), Quota(1, 1)),
    "get_authorization_token": (Quota(5, 1), None),
    # One path, two names.
    "register_amazon_pay_account": (Quota(10, 1), Quota(1, 1)),
    "create_merchant_account": (Quota(10, 1), Quota(1, 1)),
}


def quota_of(operation: str, environment: Environment) -> Quota | None:
    """Tell the quota of an operation; None where none is known."""
    live, sandbox = _QUOTAS.get(operation, (None, None))
    return live if environment == "live" else sandbox


class Throttle:
    """One bucket for each account, environment and operation."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, datetime]] = {}

    def admits(
        self, owner: str, environment: Environment, operation: str, now: datetime
    ) -> bool:
        """Let a call in, unless its bucket is full; one that is refused fills none."""
        quota = quota_of(operation, environment)
        if quota is None:
            return True
        level, since = self._levels.get((owner, operation), (0.0, now))
        level = max(0.0, level - (now - since).total_seconds() * quota.per_second)
        admitted = level + 1 <= quota.at_once
        self._levels[owner, operation] = (level + admitted, now)
        return admitted
