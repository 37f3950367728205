"""Sandbox and live as sets of rules.

`amazon-pay-checkout/differences-between-environments.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..._core.config import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRules:
    """What differs between the environments."""

    authorization_life: timedelta
    """How long an authorization can be captured; `expirationTimestamp` says 30 days."""
    takes_local_http: bool
    """Whether the buyer can return to `http://localhost`."""
    needs_own_domain: bool
    """Whether return URLs must be of the merchant's registered domain."""
    checks_delivery: bool
    """Whether unknown values in `deliverySpecifications` are refused, not ignored."""
    buyer_mends: bool
    """Whether Amazon's page lets the buyer choose again when a card is declined."""
    takes_simulation_codes: bool
    letters: dict[str, str]
    """The first letters of ids that stand in place of sandbox's."""


RULES: dict[Environment, EnvironmentRules] = {
    "live": EnvironmentRules(
        authorization_life=timedelta(days=30),
        takes_local_http=False,
        needs_own_domain=True,
        checks_delivery=False,
        buyer_mends=True,
        # UNCONFIRMED: what live does with a code, which is for sandbox: it is refused.
        takes_simulation_codes=False,
        letters={"S": "P", "C": "B"},
    ),
    "sandbox": EnvironmentRules(
        authorization_life=timedelta(days=2),
        takes_local_http=True,
        needs_own_domain=False,
        checks_delivery=True,
        buyer_mends=False,
        takes_simulation_codes=True,
        letters={},
    ),
}
