"""The values that the exactly-once helpers decide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

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


@dataclass(frozen=True, slots=True)
class Observed:
    """What the GETs after, or before, a call have shown."""

    object: Mapping[str, Any] | None = None
    """None when it could not be seen; `reason` says why."""
    reason: str | None = None
    charge: Mapping[str, Any] | None = None
    """The charge that a session names."""
    charges: tuple[Mapping[str, Any] | None, ...] | None = None
    """What is known to be all charges of a permission; None for one not seen."""
