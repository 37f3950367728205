"""Delivery trackers: `amazon-pay-api-v2/delivery-tracker.html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from ...resources._carriers import KnownCarrierCode
from ..wire.errors import APIRefusal
from . import charge_permissions as permissions

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.store import Record
    from ..wire.api_call import APICall, Result

KIND: Final = "trackingNumber"
_CARRIERS = frozenset(get_args(KnownCarrierCode))


def create_delivery_tracker(context: Context, call: APICall) -> Result:
    """Answer Create Delivery Tracker: each tracking number works once."""
    call.checked_simulation_code()
    body = call.body
    details: list[dict[str, Any]] = body["deliveryDetails"]
    order, permission_id = (
        body.get("amazonOrderReferenceId"),
        body.get("chargePermissionId"),
    )
    if (order is None) == (permission_id is None):
        # For both ids InvalidParameterCombination is as likely (unconfirmed).
        raise APIRefusal(
            "InvalidParameterValue",
            "Give one of chargePermissionId and amazonOrderReferenceId",
        )
    permission = context.find(permissions.KIND, str(permission_id or order))
    tracked = permission or _charge_of(context, order)
    if tracked is None:
        raise call.not_found()
    # A permission may be in any state: whether one is refused is unconfirmed.
    context.order = tracked["order"]
    for detail in details:
        if detail["carrierCode"] not in _CARRIERS:
            raise APIRefusal("InvalidParameterValue", "The carrierCode is unknown")
        if context.find(KIND, detail["trackingNumber"]) is not None:
            raise APIRefusal(
                "InvalidParameterValue", "The trackingNumber was used before"
            )
        context.save(KIND, {"id": detail["trackingNumber"]})
    return 200, {
        "amazonOrderReferenceId": order,
        "chargePermissionId": permission_id,
        "deliveryDetails": [
            {name: detail[name] for name in ("trackingNumber", "carrierCode")}
            for detail in details
        ],
    }


def _charge_of(context: Context, order: str | None) -> Record | None:
    """Find the recurring charge of an order: its id begins with the order's.

    That a recurring order is named so is unconfirmed.
    """
    for charge in context.all("charge") if order else ():
        if charge["id"].rpartition("-")[0] == order:
            return charge
    return None
