"""Values that the exactly-once helpers base their decisions on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..resources._common import Price

Outcome: TypeAlias = Literal["success", "pending", "no", "unknown", "moved"]
"""The state of a payment, cancellation or refund; see `Decision.outcome`."""

CallStatus: TypeAlias = Literal["succeeded", "refused", "not_processed", "unknown"]
"""The status of one call; see `CallResult`."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome that the decision tables give, with its reason."""

    outcome: Outcome
    reason: str | None = None
    refunded: Price | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The views that GET requests before or after a call returned."""

    object: Mapping[str, Any] | None = None
    """None if it could not be read; `reason` says why."""
    reason: str | None = None
    charge: Mapping[str, Any] | None = None
    """The charge of a session."""
    charges: tuple[Mapping[str, Any] | None, ...] | None = None
    """All listed charges of a permission, with None for each that could not be read."""
