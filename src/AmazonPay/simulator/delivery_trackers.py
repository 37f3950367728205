"""Delivery trackers: `amazon-pay-api-v2/delivery-tracker.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from ..resources._carriers import KnownCarrierCode
from . import charge_permissions as permissions
from .refusals import Refusal

if TYPE_CHECKING:
    from .call import APICall, Result
    from .world import World

KIND: Final = "trackingNumber"
_CARRIERS = frozenset(get_args(KnownCarrierCode))


def create_delivery_tracker(world: World, call: APICall) -> Result:
    """Answer Create Delivery Tracker: each tracking number works once."""
    body = call.body
    order, permission_id = (
        body.get("amazonOrderReferenceId"),
        body.get("chargePermissionId"),
    )
    if (order is None) == (permission_id is None):
        # For both ids InvalidParameterCombination is as likely (unconfirmed).
        raise Refusal(
            "InvalidParameterValue",
            "Give one of chargePermissionId and amazonOrderReferenceId",
        )
    permission = world.find(permissions.KIND, str(permission_id or order))
    if permission is None and not _is_a_charge(world, order):
        raise call.not_found()
    if permission is not None:
        world.order = permission["order"]
    details: list[dict[str, Any]] = body["deliveryDetails"]
    for detail in details:
        if detail["carrierCode"] not in _CARRIERS:
            raise Refusal("InvalidParameterValue", "The carrierCode is unknown")
        if world.find(KIND, detail["trackingNumber"]) is not None:
            raise Refusal("InvalidParameterValue", "The trackingNumber was used before")
        world.save(KIND, {"id": detail["trackingNumber"]})
    return 200, {
        "amazonOrderReferenceId": order,
        "chargePermissionId": permission_id,
        "deliveryDetails": details,
    }


def _is_a_charge(world: World, order: str | None) -> bool:
    """Whether `order` is the order of a recurring charge: its id without the end."""
    if order is None:
        return False
    return any(
        charge["id"].rpartition("-")[0] == order for charge in world.all("charge")
    )
