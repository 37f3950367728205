"""Views of the objects that notifications name: get, merge, and keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .._core.operation import ask
from ..errors import InvalidResponse
from ..lifecycles import LIFE_CYCLES
from ..objects import merge, status_of
from ..procedures._answers import object_of
from ..resources.charge_permissions import ChargePermissions
from ..resources.charges import Charges
from ..resources.disputes import Disputes
from ..resources.refunds import Refunds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import Operation
    from .._core.steps import Flow
    from ..lifecycles import Kind
    from ..response import Response

View = dict[str, Any]

# The GET of each object type, the member with its id, and its life cycle.
_TYPES: Final[dict[str, tuple[Operation[..., Response[Any]], str, Kind]]] = {
    "CHARGE": (Charges.get_charge, "chargeId", "charge"),
    "CHARGE_PERMISSION": (
        ChargePermissions.get_charge_permission,
        "chargePermissionId",
        "chargePermission",
    ),
    "REFUND": (Refunds.get_refund, "refundId", "refund"),
    "CHARGEBACK": (Disputes.get_dispute, "disputeId", "dispute"),
}

# What an inbox keeps of an object: states, times and amounts, and no data of the buyer.
_KEPT: Final = frozenset(
    {
        *("chargeId", "chargePermissionId", "refundId", "disputeId"),
        *("chargePermissionType", "recurringMetadata", "limits", "statusDetails"),
        *("chargeAmount", "captureAmount", "refundedAmount", "refundAmount"),
        *("disputeAmount", "disputeType", "filingReason", "merchantResponseDeadline"),
        *("creationTimestamp", "expirationTimestamp", "releaseEnvironment"),
    }
)


OBJECT_TYPES: Final = tuple(_TYPES)
"""The types of objects that can be fetched."""


def is_known(object_type: str) -> bool:
    """Return whether objects of a type can be fetched."""
    return object_type in _TYPES


def fetched(object_type: str, object_id: str) -> Flow[View]:
    """Get an object; return its view.

    Raises:
        APIError: Amazon refused.
        TransportError: no answer came.
        InvalidResponse: the answer is about no object, or about another one.
    """
    operation, member, _ = _TYPES[object_type]
    response = yield from ask(operation, object_id)
    view = object_of(response)
    if view.get(member) != object_id:
        raise InvalidResponse(response, f"has another {member} than was asked for")
    return dict(view)


def merged(object_type: str, fresh: View, before: View | None) -> View:
    """Merge a view that was just fetched with the view that the inbox has kept.

    If both have the same time, the fresh view of a permission or a dispute is newer.
    """
    if before is None:
        return fresh
    if object_type == "CHARGEBACK":
        # A dispute can go back to a state, so that only its times tell.
        times = [status_of(one).get("lastUpdatedTimestamp") for one in (fresh, before)]
        is_late = _is_earlier(*times)
        return {**fresh, **before} if is_late else {**before, **fresh}
    return dict(merge(before, fresh))


def _is_earlier(first: object, second: object) -> bool:
    """Return whether the first time is earlier; False if one of them is no time."""
    if isinstance(first, str) and isinstance(second, str):
        return first < second
    # Amazon's pages disagree about disputes: a time is text, or seconds since 1970.
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        return first < second
    return False


def kept(view: Mapping[str, Any]) -> View:
    """Return the members that an inbox keeps."""
    return {name: value for name, value in view.items() if name in _KEPT}


def is_open(object_type: str, view: Mapping[str, Any]) -> bool:
    """Return whether an object's state can still change.

    A state that this version does not know can.
    """
    state = status_of(view).get("state")
    arrows = LIFE_CYCLES[_TYPES[object_type][2]]
    known = {arrow.to for arrow in arrows}
    return state not in known or any(state in arrow.states for arrow in arrows)
