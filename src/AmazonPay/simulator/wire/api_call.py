"""An API call as a handler gets it, and the result that a handler returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engine.environments import RULES
from .errors import APIRefusal
from .messages import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._core.config import Environment
    from ..engine.outcomes import Outcome
    from ..merchants import Merchant
    from .messages import HTTPResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class APICall:
    """A call whose signature is verified and whose parts are well-formed."""

    operation: str
    """The name of the operation, as the clients have it."""
    method: str
    path: str
    """The path below the version."""
    requested_path: str
    """The whole path, as it was requested."""
    ids: Mapping[str, str]
    """The ids in the path, decoded, by the names of the declaration."""
    query: Mapping[str, str]
    body: Mapping[str, Any]
    merchant: Merchant
    environment: Environment
    region: str
    """`na`, `eu` or `jp`."""
    market: str
    """The region, or `uk`."""
    origin: str
    """Where links for the caller begin: `https://localhost:8421`."""
    public_url: str | None = None
    """Where a browser reaches this simulator, if that is another address."""
    idempotency_key: str | None = None
    simulation_code: str | None = None
    outcome: Outcome | None = None
    """How the call is to end, if something has provoked it."""
    delegate: str | None = None
    """The account that calls on behalf of the merchant."""
    auth_token: str | None = None

    @property
    def pages(self) -> str:
        """Where links to the buyer's pages begin."""
        return self.public_url or self.origin

    @property
    def owner(self) -> str:
        """Account and environment, to which the call's objects belong."""
        return f"{self.merchant.merchant_id}/{self.environment}"

    def checked_simulation_code(self, *known: str) -> str | None:
        """Return the simulation code, or refuse one that this operation does not know.

        `amazon-pay-checkout/sandbox-simulations.html`.
        """
        # UNCONFIRMED: what a code does on reads, updates and Cancel Charge, where an
        # official cartridge sends it: it has no effect.
        code = self.simulation_code
        if code is None:
            return None
        if not RULES[self.environment].takes_simulation_codes:
            raise APIRefusal(
                "InvalidSandboxSimulationSpecified",
                f"The simulation string '{code}' is for sandbox",
            )
        if code in known:
            return code
        raise APIRefusal(
            "InvalidSandboxSimulationSpecified",
            f"The simulation string '{code}' is not valid for this operation, which"
            f" takes {', '.join(known) or 'none'}",
        )

    def checked_outcome(self, codes: Mapping[str, Outcome]) -> Outcome | None:
        """Return the outcome that a simulation code or a provocation sets, or None."""
        code = self.checked_simulation_code(*codes)
        return self.outcome if code is None else codes[code]

    def not_found(self) -> APIRefusal:
        """Return the refusal for an id that names nothing."""
        return APIRefusal(
            "ResourceNotFound", f"Resource not found '{self.requested_path}'"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a call: its response, and what the story says about it."""

    response: HTTPResponse
    order: str | None = None
    """The order that the call is about, by the id of its checkout session."""
    replayed: bool = False
    """Whether the response is the stored one of an idempotency key."""


def json_result(status: int, value: object, order: str | None = None) -> Result:
    """Return a result whose response has a JSON body; None makes an empty body."""
    return Result(json_response(status, value), order)
