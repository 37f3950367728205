"""The options of a client's calls, which a view may change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from .checks import check_switch
from .config import Retry, Timeout, checked_deadline, checked_retry, timeout_from
from .headers import (
    AUTH_TOKEN,
    IDEMPOTENCY_KEY,
    SIMULATION_CODE,
    callers_headers,
    checked_headers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import Environment

DEFAULT_TIMEOUT = Timeout()
DEFAULT_RETRY = Retry()
DEFAULT_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """The options of calls; `with_options` returns a view with others."""

    timeout: Timeout = DEFAULT_TIMEOUT
    deadline: float = DEFAULT_DEADLINE
    retry: Retry = DEFAULT_RETRY
    raise_for_status: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent unsigned."""
    auth_token: str | None = field(default=None, repr=False)
    simulation_code: str | None = None
    procedure_ends: float | None = None
    """When the procedure that makes the calls must end, on the client's clock."""

    def ends(self, now: float) -> tuple[float, float]:
        """Return when a call that begins now must end, and when its last pause must.

        A call that begins after the end of its procedure makes no pause, and may take
        one socket time-out. No attempt gets less time than that, because its outcome
        would be unknown.
        """
        ends = now + self.deadline
        if self.procedure_ends is None:
            return ends, ends
        patient = max(self.procedure_ends, now + self.timeout.longest)
        return min(ends, patient), min(ends, self.procedure_ends)

    def changed(  # noqa: PLR0913 - one keyword for each option
        self,
        environment: Environment,
        *,
        timeout: float | Timeout | None,
        deadline: float | None,
        retry: Retry | None,
        headers: Mapping[str, str] | None,
        simulation_code: str | None,
        auth_token: str | None,
        raise_for_status: bool | None,
    ) -> Options:
        """Return the options of a view; an argument that is None changes nothing."""
        changes: dict[str, Any] = {}
        if timeout is not None:
            changes["timeout"] = timeout_from(timeout)
        if deadline is not None:
            changes["deadline"] = checked_deadline(deadline)
        if retry is not None:
            changes["retry"] = checked_retry(retry)
        if raise_for_status is not None:
            check_switch("raise_for_status", raise_for_status)
            changes["raise_for_status"] = raise_for_status
        given = dict(callers_headers(headers, environment))
        if IDEMPOTENCY_KEY in given:
            raise InvalidRequest(
                "an idempotency key belongs to one call: pass idempotency_key= there"
            )
        auth_token = given.pop(AUTH_TOKEN, auth_token)
        simulation_code = given.pop(SIMULATION_CODE, simulation_code)
        if auth_token == "" or simulation_code == "":
            raise InvalidRequest("auth_token and simulation_code are not empty")
        if auth_token is not None:
            changes["auth_token"] = dict(checked_headers({AUTH_TOKEN: auth_token}))[
                AUTH_TOKEN
            ]
        if simulation_code is not None:
            callers_headers({SIMULATION_CODE: simulation_code}, environment)
            changes["simulation_code"] = simulation_code
        if given:
            changes["headers"] = (*self.headers, *given.items())
        return replace(self, **changes)
