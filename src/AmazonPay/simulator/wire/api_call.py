"""One API call as a handler gets it, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import APIRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..engine.context import Context
    from ..merchants import Merchant


@dataclass(frozen=True, slots=True)
class APICall:
    """A verified, well-formed call."""

    operation: str
    ids: Mapping[str, str]
    """The path's members, decoded, by the names of the declaration."""
    body: Mapping[str, Any]
    query: Mapping[str, str]
    path: str
    region: str
    merchant: Merchant
    origin: str
    """Where links to this simulator begin: `https://localhost:8421`."""
    simulation_code: str | None = None
    auth_token: str | None = None

    def checked_simulation_code(self, *known: str) -> str | None:
        """Give the simulation code, if it is one that this call knows.

        `amazon-pay-checkout/sandbox-simulations.html`. What a code does on reads,
        updates and Cancel Charge, where an official cartridge sends it, is unconfirmed:
        nothing. That a live key's are heeded like a sandbox one's is unconfirmed, too.
        """
        code = self.simulation_code
        if code is None or code in known:
            return code
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            f"The simulation string '{code}' is not valid for this operation",
        )

    def not_found(self) -> APIRefusal:
        """Make the refusal for an id that names nothing."""
        return APIRefusal("ResourceNotFound", f"Resource not found '{self.path}'")


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer's content that is no JSON: a file, or the way to somewhere else."""

    body: bytes = b""
    content_type: str = ""
    location: str | None = None


Result = tuple[int, Any]
"""Status, and the answer's JSON or a `Raw`; None is an empty body."""

if TYPE_CHECKING:
    Handler = Callable[[Context, APICall], Result]
