"""The values that the exactly-once helpers decide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from ..resources._common import Price

Outcome: TypeAlias = Literal["success", "pending", "no", "unknown", "moved"]
"""How something with money stands; see `Decision.outcome`."""

CallStatus: TypeAlias = Literal["succeeded", "refused", "not_processed", "unknown"]
"""What is known of one call; see `CallResult`."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a table says."""

    outcome: Outcome
    reason: str | None = None
    refunded: Price | None = None
