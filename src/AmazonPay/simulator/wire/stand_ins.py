"""Check bodies that Amazon takes although the SDK's types do not describe them.

The check against the types gets another body, with a stand-in for such a part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from ...resources.reports import ScheduledReportType
from ..observed import refuse
from ..rules.address_rules import known_delivery
from ..rules.report_files import SANDBOX_SETTLEMENT
from .errors import missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.environments import EnvironmentRules

_TIMES = ("filingTimestamp", "merchantResponseDeadline", "closureTimestamp")
_ANY_TIME = "20260101T000000Z"
_DELIVERY = "deliverySpecifications"
_ANY_TYPE = get_args(ScheduledReportType)[0]


def stand_in(
    operation: str, body: Mapping[str, Any], rules: EnvironmentRules
) -> dict[str, Any]:
    """Return the body that is checked in place of another one."""
    other = dict(body)
    if operation == "create_checkout_session":
        # A Buy Now session names no page to come back to.
        other.setdefault("webCheckoutDetails", {})
        given: Any = body.get(_DELIVERY)
        if not rules.checks_delivery and isinstance(given, dict):
            other[_DELIVERY] = known_delivery(cast("dict[str, Any]", given))
    scheduled = operation == "create_report_schedule"
    if scheduled and body.get("reportType") == SANDBOX_SETTLEMENT:
        # UNCONFIRMED: that it can be scheduled; pages disagree.
        other["reportType"] = _ANY_TYPE
    if operation == "create_report":
        for name in ("startTime", "endTime"):
            if name not in body:
                refuse("report-without-times", missing(name))
                other[name] = _ANY_TIME
    if operation in {"create_dispute", "update_dispute"}:
        # ISO 8601, which is checked by the handler; older samples have numbers.
        other |= {name: 0 for name in _TIMES if isinstance(body.get(name), str)}
    return other
